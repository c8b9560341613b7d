/* A ZIP's layout, read by libarchive: the plan is made into a file whose large members are holes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "common/nodes.h"
#include "download/zip.h"

static struct scope s;
static char place[] = "/tmp/nadir-zip-XXXXXX";

static int begin(void **state) {
    (void)state;
    scope_init(&s, "download", 0);
    if (!setlocale(LC_CTYPE, "C.UTF-8")) return -1; /* libarchive warns of names that the locale cannot write */
    return mkdtemp(place) ? 0 : -1;
}

static int end(void **state) {
    (void)state;
    scope_end(&s);
    return rmdir(place);
}

static uint32_t crc_of(const char *text) {
    return (uint32_t)crc32_z(crc32_z(0, NULL, 0), (const unsigned char *)text, strlen(text));
}

/* Does what the gateway's module does. A member's path is its content, or "hole". Returns the archive's length. */
static int64_t make(const struct zip_plan *plan, const char *path) {
    FILE *f = fopen(path, "we");
    const unsigned char *literal = plan->literals;
    char *index = scope_strndup(&s, plan->index, plan->index_len), *line;
    assert_non_null(f);
    while ((line = strsep(&index, "\n")) != NULL && *line) {
        char *at;
        long long len = strtoll(line + 2, &at, 10);
        if (*line == '=') {
            assert_int_equal(fwrite(literal, 1, (size_t)len, f), len);
            literal += len;
            continue;
        }
        assert_int_equal(*line, '<');
        const char *name = strchr(at + 1, ' ') + 1;
        if (strcmp(name, "hole") == 0)
            assert_int_equal(fseeko(f, len, SEEK_CUR), 0);
        else
            assert_int_equal(fwrite(name, 1, (size_t)len, f), len);
    }
    assert_ptr_equal(literal, plan->literals + plan->literals_len);
    int64_t total = ftello(f);
    assert_int_equal(fclose(f), 0);
    return total;
}

static void entry_check(struct archive *a, const struct zip_member *m) {
    struct archive_entry *entry;
    char data[64];
    assert_int_equal(archive_read_next_header(a, &entry), ARCHIVE_OK);
    assert_string_equal(archive_entry_pathname_utf8(entry), m->name);
    assert_int_equal(archive_entry_size(entry), m->size);
    assert_int_equal(archive_entry_mtime(entry), m->mtime);
    assert_int_equal(archive_entry_mode(entry), 0100644);
    if (m->size >= (int64_t)sizeof data) return;
    assert_int_equal(archive_read_data(a, data, sizeof data), m->size);
    assert_memory_equal(data, m->path, (size_t)m->size);
    assert_int_equal(archive_read_data(a, data, sizeof data), 0); /* the CRC is compared here */
}

static void check(const struct zip_member *members, size_t count) {
    struct zip_plan plan;
    struct archive_entry *entry;
    zip_layout(&s, members, count, &plan);
    const char *path = scope_printf(&s, "%s/a.zip", place);
    assert_int_equal(make(&plan, path), plan.total);
    struct archive *a = archive_read_new();
    archive_read_support_format_zip_seekable(a);
    assert_int_equal(archive_read_open_filename(a, path, 65536), ARCHIVE_OK);
    for (size_t i = 0; i < count; i++) entry_check(a, &members[i]);
    assert_int_equal(archive_read_next_header(a, &entry), ARCHIVE_EOF);
    archive_read_free(a);
    assert_int_equal(unlink(path), 0);
}

static struct zip_member text_member(const char *name, const char *text) {
    return (struct zip_member){name, text, (int64_t)strlen(text), 1000000001, crc_of(text)};
}

static void test_small(void **state) {
    (void)state;
    const struct zip_member members[] = {text_member("p/a.txt", "hello"), text_member("p/empty", ""),
                                         text_member("p/GRANULE/\xc3\xa9.xml", "<x/>")};
    check(members, 3);
}

static void test_a_small_archive_has_no_zip64_records(void **state) {
    (void)state;
    const struct zip_member m = text_member("a", "hello");
    struct zip_plan plan;
    zip_layout(&s, &m, 1, &plan);
    assert_int_equal(plan.total, 30 + 1 + 9 + 5 + 46 + 1 + 9 + 22);
}

static void test_members_and_offsets_over_4_gib(void **state) {
    (void)state;
    const struct zip_member members[] = {
        text_member("first", "hello"),
        {"big", "hole", INT64_C(5) << 30, 1700000000, 1},
        text_member("far", "behind four gigabytes"),
        {"at the limit", "hole", INT64_C(0xffffffff), 1700000000, 1},
        {"below the limit", "hole", INT64_C(0xfffffffe), 1700000000, 1},
        text_member("last", "last"),
    };
    check(members, 6);
}

static void test_more_than_65535_members(void **state) {
    (void)state;
    const size_t count = 65540;
    struct zip_member *members = scope_alloc(&s, count * sizeof *members);
    for (size_t i = 0; i < count; i++) members[i] = text_member(scope_printf(&s, "%zu", i), "");
    check(members, count);
}

static void test_times_that_dos_does_not_know(void **state) {
    (void)state;
    struct zip_member members[] = {text_member("a", "x"), text_member("b", "y")};
    members[0].mtime = 0;
    members[1].mtime = 2000000000;
    check(members, 2);
}

static void names_check(const char *const *paths, size_t count, const char *root, const char *const *expected) {
    const char **names = scope_alloc(&s, count * sizeof *names);
    nodes_name(&s, paths, count, names);
    for (size_t i = 0; i < count; i++) assert_string_equal(names[i], expected[i]);
    assert_string_equal(nodes_root(&s, "item 1/\xc3\xa9", paths, count), root);
}

static void test_nodes_are_what_lies_below_the_common_folders(void **state) {
    (void)state;
    names_check((const char *[]){"products/c/i/B04.tif", "products/c/i/original/MTL.txt", "products/c/i/original/deep/x"}, 3,
                "item_1___", (const char *[]){"B04.tif", "original/MTL.txt", "original/deep/x"});
    names_check((const char *[]){"products/c/i/one.tif"}, 1, "item_1___", (const char *[]){"one.tif"});
    names_check((const char *[]){"a/bc/x", "a/bd/x"}, 2, "item_1___", (const char *[]){"bc/x", "bd/x"});
    names_check((const char *[]){"x", "a/x"}, 2, "item_1___", (const char *[]){"x", "a/x"});
    names_check((const char *[]){"p/i/x", "https://h.example/a/b.tif?k=1", "/vsis3/b/c.tif"}, 3, "item_1___",
                (const char *[]){"x", "b.tif", "c.tif"});
    names_check((const char *[]){"https://h.example/", "https://h.example/..", "https://h.example/../?x=/y"}, 3, "item_1___",
                (const char *[]){"file", "file", "file"});
}

static void test_a_safe_folder_is_the_root(void **state) {
    (void)state;
    names_check((const char *[]){"p/c/i/original/S2A_X.SAFE/GRANULE/L2A/IMG_DATA/B04.jp2",
                                 "p/c/i/original/S2A_X.SAFE/GRANULE/L2A/MTD_TL.xml"},
                2, "S2A_X.SAFE", (const char *[]){"GRANULE/L2A/IMG_DATA/B04.jp2", "GRANULE/L2A/MTD_TL.xml"});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small),
        cmocka_unit_test(test_a_small_archive_has_no_zip64_records),
        cmocka_unit_test(test_members_and_offsets_over_4_gib),
        cmocka_unit_test(test_more_than_65535_members),
        cmocka_unit_test(test_times_that_dos_does_not_know),
        cmocka_unit_test(test_nodes_are_what_lies_below_the_common_folders),
        cmocka_unit_test(test_a_safe_folder_is_the_root),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
