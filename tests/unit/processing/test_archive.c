/* Unpacking what strangers uploaded: nothing lands outside the folder, whatever the bytes are. */
#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "processing/sandbox/tree.h"
#include "processing/service/processing.h"

static struct scope s;
static char root[64], folder[96];

static int setup(void **state) {
    (void)state;
    scope_init(&s, "test", 0);
    (void)snprintf(root, sizeof(root), "/tmp/nadir-archive-XXXXXX");
    assert_non_null(mkdtemp(root));
    (void)snprintf(folder, sizeof(folder), "%s/in", root);
    return mkdir(folder, 0755);
}

static int teardown(void **state) {
    (void)state;
    scope_end(&s);
    return tree_remove(root);
}

struct entry {
    const char *path;
    unsigned type; /* 0: plain */
    const char *link, *data;
};

static char packed[1 << 20];

static size_t pack(const struct entry *entries, size_t count, bool zip) {
    size_t used = 0;
    struct archive *a = archive_write_new();
    if (zip) {
        archive_write_set_format_zip(a);
    } else {
        archive_write_set_format_pax_restricted(a);
        archive_write_add_filter_gzip(a);
    }
    archive_write_set_bytes_in_last_block(a, 1);
    assert_int_equal(archive_write_open_memory(a, packed, sizeof(packed), &used), ARCHIVE_OK);
    for (size_t i = 0; i < count; i++) {
        struct archive_entry *e = archive_entry_new();
        const char *data = entries[i].data ? entries[i].data : "";
        archive_entry_set_pathname(e, entries[i].path);
        archive_entry_set_filetype(e, entries[i].type ? entries[i].type : AE_IFREG);
        archive_entry_set_perm(e, 04777);
        if (entries[i].type == AE_IFLNK) archive_entry_set_symlink(e, entries[i].link);
        if (!entries[i].type && entries[i].link) archive_entry_set_hardlink(e, entries[i].link);
        archive_entry_set_size(e, entries[i].type || entries[i].link ? 0 : (la_int64_t)strlen(data));
        assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
        if (!entries[i].type && !entries[i].link) (void)archive_write_data(a, data, strlen(data));
        archive_entry_free(e);
    }
    archive_write_close(a);
    archive_write_free(a);
    return used;
}

static int unpack(const void *data, size_t len, struct unpacked *out) {
    struct fault f = {0};
    int err = archive_unpack(&s, data, len, folder, out, &f);
    assert_int_equal(err == NADIR_EINVAL, f.field != NULL);
    return err;
}

static bool there(const char *name) {
    return access(scope_printf(&s, "%s/%s", folder, name), F_OK) == 0;
}

static void test_good(void **state) {
    (void)state;
    const struct entry entries[] = {
        {"./process.json", 0, NULL, "{}"}, {"lib", AE_IFDIR, NULL, NULL}, {"lib/a/b.py", 0, NULL, "x"}};
    for (int zip = 0; zip < 2; zip++) {
        struct unpacked out;
        assert_int_equal(unpack(packed, pack(entries, 3, zip), &out), 0);
        assert_int_equal(out.files, 3);
        assert_int_equal(out.bytes, 3);
        assert_true(there("process.json") && there("lib/a/b.py"));
        struct stat st;
        assert_int_equal(stat(scope_printf(&s, "%s/process.json", folder), &st), 0);
        assert_int_equal(st.st_mode & 07000, 0); /* no set-user-id bits are taken over */
        assert_int_equal(tree_remove(folder), 0);
        assert_int_equal(mkdir(folder, 0755), 0);
    }
}

static void test_lifted(void **state) {
    (void)state;
    struct unpacked out;
    const struct entry entries[] = {{"alg/process.json", 0, NULL, "{}"}, {"alg/main.py", 0, NULL, ""}};
    assert_int_equal(unpack(packed, pack(entries, 2, false), &out), 0);
    assert_true(there("process.json") && there("main.py") && !there("alg"));
}

static void test_hostile(void **state) {
    (void)state;
    static const struct entry cases[][2] = {
        {{"a", AE_IFLNK, "/etc/passwd", NULL}, {"b", 0, NULL, ""}},
        {{"a", AE_IFLNK, "..", NULL}, {"a/evil", 0, NULL, "x"}},
        {{"b", 0, NULL, ""}, {"a", 0, "../evil", NULL}},
        {{"../evil", 0, NULL, "x"}, {"b", 0, NULL, ""}},
        {{"a/../../evil", 0, NULL, "x"}, {"b", 0, NULL, ""}},
        {{"/evil", 0, NULL, "x"}, {"b", 0, NULL, ""}},
        {{"a//b", 0, NULL, "x"}, {"b", 0, NULL, ""}},
        {{"a/./b", 0, NULL, "x"}, {"b", 0, NULL, ""}},
        {{"..\\evil", 0, NULL, "x"}, {"b", 0, NULL, ""}},
        {{"a\x01", 0, NULL, "x"}, {"b", 0, NULL, ""}},
        {{"a", AE_IFIFO, NULL, NULL}, {"b", 0, NULL, ""}},
        {{"a", AE_IFCHR, NULL, NULL}, {"b", 0, NULL, ""}},
        {{"a", 0, NULL, "1"}, {"a", 0, NULL, "2"}},
        {{"a", 0, NULL, "1"}, {"a/b", 0, NULL, "2"}},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct unpacked out;
        assert_int_equal(unpack(packed, pack(cases[i], 2, false), &out), NADIR_EINVAL);
        assert_int_equal(access(scope_printf(&s, "%s/evil", root), F_OK), -1);
        assert_int_equal(access("/evil", F_OK), -1);
        assert_int_equal(tree_remove(folder), 0);
        assert_int_equal(mkdir(folder, 0755), 0);
    }
}

/* Every cut and many single wrong bytes of a good archive: an answer, never a crash (this runs under ASan too). */
static void test_damaged(void **state) {
    (void)state;
    const struct entry entries[] = {{"process.json", 0, NULL, "{\"id\": \"x\"}"}, {"lib/main.py", 0, NULL, "print('hello')\n"}};
    static char copy[1 << 16];
    for (int zip = 0; zip < 2; zip++) {
        size_t len = pack(entries, 2, zip);
        assert_true(len < sizeof(copy));
        for (size_t i = 0; i < len; i++) {
            struct unpacked out;
            memcpy(copy, packed, len);
            copy[i] = (char)(copy[i] ^ 0x55);
            (void)unpack(copy, len, &out);
            (void)tree_remove(folder);
            (void)mkdir(folder, 0755);
            (void)unpack(packed, i, &out);
            (void)tree_remove(folder);
            (void)mkdir(folder, 0755);
        }
    }
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(mkdir(folder, 0755), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_good, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lifted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hostile, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
    };
    return cmocka_run_group_tests_name("processing_archive", tests, NULL, NULL);
}
