/* Manifests: whatever a file is called, a shell sees one word and an XML parser the same text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <libxml/parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "download/manifest.h"

static struct scope s;

static const char *const names[] = {
    "p/plain.tif", "p/it's; touch x; '",     "p/$(touch x)`touch x`\\", "p/<a href=\"x\">&amp;]]>",
    "p/-rf *",     "p/\xc3\xa9 \xe2\x82\xac"};
#define COUNT (sizeof names / sizeof *names)

static int begin(void **state) {
    (void)state;
    scope_init(&s, "download", 0);
    return 0;
}

static int end(void **state) {
    (void)state;
    scope_end(&s);
    return 0;
}

static struct manifest sample(void) {
    struct manifest m = {
        .count = COUNT, .files = scope_alloc(&s, COUNT * sizeof *m.files), .left_out = scope_json(&s, json_array())};
    for (size_t i = 0; i < COUNT; i++)
        m.files[i] = (struct manifest_file){.name = names[i],
                                            .href = scope_printf(&s, "https://h.example/?a=1&b='%zu'", i),
                                            .type = "image/tiff",
                                            .collection = "c",
                                            .item = "i",
                                            .asset = "a",
                                            .size = i == 0 ? -1 : (int64_t)i};
    return m;
}

/* The script with another fetch, which prints what it is given. */
static void test_a_shell_sees_the_words(void **state) {
    (void)state;
    struct response rs = {.scope = &s};
    struct manifest m = sample();
    char path[] = "/tmp/nadir-manifest-XXXXXX", line[400];
    assert_int_equal(manifest_curl(&rs, &m), 0);
    const char *calls = strstr(rs.body, "\nfetch './");
    assert_non_null(calls);
    int fd = mkstemp(path);
    FILE *f = fdopen(fd, "w");
    assert_non_null(f);
    fprintf(f, "failed=0\nfetch() { printf '%%s|%%s\\n' \"$1\" \"$3\"; }\n%s", calls);
    assert_int_equal(fclose(f), 0);
    FILE *said = popen(scope_printf(&s, "sh %s", path), "r"); // NOLINT(cert-env33-c): a script is what is tested
    assert_non_null(said);
    for (size_t i = 0; i < COUNT; i++) {
        assert_non_null(fgets(line, sizeof line, said));
        assert_string_equal(line, scope_printf(&s, "./%s|%s\n", names[i], m.files[i].href));
    }
    assert_null(fgets(line, sizeof line, said));
    assert_int_equal(pclose(said), 0);
    assert_int_equal(remove(path), 0);
}

static const xmlNode *child(const xmlNode *of, const char *name) {
    const xmlNode *n = of->children;
    while (n && strcmp((const char *)n->name, name) != 0) n = n->next;
    return n;
}

static void test_metalink_reads_back(void **state) {
    (void)state;
    struct response rs = {.scope = &s};
    struct manifest m = sample();
    m.files[1].sha256 = "ab";
    assert_int_equal(manifest_metalink(&rs, &m), 0);
    xmlDoc *doc = xmlReadMemory(rs.body, (int)rs.body_len, "m", NULL, XML_PARSE_NONET);
    assert_non_null(doc);
    const xmlNode *root = xmlDocGetRootElement(doc), *file = child(root, "file");
    assert_string_equal(root->ns->href, "urn:ietf:params:xml:ns:metalink");
    for (size_t i = 0; i < COUNT; i++, file = file->next) {
        xmlChar *name = xmlGetProp(file, BAD_CAST "name"), *url = xmlNodeGetContent(child(file, "url"));
        assert_string_equal(name, names[i]);
        assert_string_equal(url, m.files[i].href);
        assert_true((child(file, "size") != NULL) == (m.files[i].size >= 0));
        assert_true((child(file, "hash") != NULL) == (m.files[i].sha256 != NULL));
        xmlFree(name);
        xmlFree(url);
    }
    assert_null(file);
    xmlFreeDoc(doc);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_shell_sees_the_words),
        cmocka_unit_test(test_metalink_reads_back),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
