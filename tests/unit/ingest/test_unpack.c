/* Archives that mean harm. They are made here with libarchive itself. */
#include "folder.h"

#include <archive.h>
#include <archive_entry.h>
#include <unistd.h>

#include "unpack.h"

/* An archive of one entry: a file of `size` zeros, or a link. */
static const char *archive_make(const char *name, const char *entry_name, unsigned type, size_t size, bool zip) {
    const char *path = scope_printf(&s, "%s/%s", folder, name);
    struct archive *a = archive_write_new();
    if (zip)
        archive_write_set_format_zip(a);
    else
        archive_write_set_format_pax_restricted(a), archive_write_add_filter_gzip(a);
    assert_int_equal(archive_write_open_filename(a, path), ARCHIVE_OK);
    struct archive_entry *entry = archive_entry_new();
    archive_entry_set_pathname(entry, entry_name);
    archive_entry_set_filetype(entry, type);
    archive_entry_set_perm(entry, 0644);
    if (type == AE_IFLNK) archive_entry_set_symlink(entry, "/etc/passwd");
    archive_entry_set_size(entry, type == AE_IFREG ? (la_int64_t)size : 0);
    assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
    char *zeros = scope_alloc(&s, 1 << 20);
    for (size_t left = type == AE_IFREG ? size : 0; left > 0;) {
        size_t part = left < (1 << 20) ? left : 1 << 20;
        assert_int_equal(archive_write_data(a, zeros, part), part);
        left -= part;
    }
    archive_entry_free(entry);
    archive_write_close(a);
    archive_write_free(a);
    return path;
}

static const char *target(void) {
    const char *path = scope_printf(&s, "%s/out", folder);
    mkdir(path, 0755);
    return path;
}

static void test_a_good_archive_is_unpacked(void **state) {
    (void)state;
    const char *to = target();
    assert_int_equal(archive_unpack(archive_make("a.tar.gz", "./x/y/z.txt", AE_IFREG, 3000, false), to, 1 << 20, &r), 0);
    struct stat st;
    assert_int_equal(stat(scope_printf(&s, "%s/x/y/z.txt", to), &st), 0);
    assert_int_equal(st.st_size, 3000);
}

static void test_paths_that_lead_out_are_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"../evil", "x/../../evil", "/tmp/evil", "x/..", "a\\b", "a\nb"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        for (int zip = 0; zip < 2; zip++) {
            if (zip && strchr(bad[i], '\\'))
                continue; /* libarchive reads a zip's backslashes as slashes: "a/b", which is well */
            const char *path = archive_make(zip ? "a.zip" : "a.tar.gz", bad[i], AE_IFREG, 10, zip);
            assert_int_equal(archive_unpack(path, target(), 1 << 20, &r), NADIR_EINVAL);
        }
    assert_int_not_equal(access(scope_printf(&s, "%s/evil", folder), F_OK), 0);
}

static void test_links_are_refused(void **state) {
    (void)state;
    assert_int_equal(archive_unpack(archive_make("a.tar.gz", "x", AE_IFLNK, 0, false), target(), 1 << 20, &r), NADIR_EINVAL);
    assert_non_null(strstr(r.text, "neither a file nor a folder"));
}

static void test_a_bomb_is_stopped(void **state) {
    (void)state;
    /* 100 MiB of zeros deflate to about 100 KiB: over 200 times, and over what a small archive may have. */
    const char *path = archive_make("a.zip", "bomb", AE_IFREG, 100u << 20, true);
    assert_int_equal(archive_unpack(path, target(), 1LL << 40, &r), NADIR_EINVAL);
    assert_non_null(strstr(r.text, "more than is allowed"));
    struct stat st;
    assert_int_equal(stat(scope_printf(&s, "%s/out/bomb", folder), &st), 0);
    assert_true(st.st_size <= 65 << 20);
}

static void test_limit_of_bytes(void **state) {
    (void)state;
    assert_int_equal(archive_unpack(archive_make("a.tar.gz", "x", AE_IFREG, 5000, false), target(), 4999, &r), NADIR_EINVAL);
}

static void test_damage_is_refused(void **state) {
    (void)state;
    const char *path = archive_make("a.tar.gz", "x", AE_IFREG, 100000, false);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(truncate(path, st.st_size / 2), 0);
    assert_int_equal(archive_unpack(path, target(), 1 << 20, &r), NADIR_EINVAL);
    assert_int_equal(archive_unpack(text_put("b.zip", "PK\3\4 not an archive"), target(), 1 << 20, &r), NADIR_EINVAL);
    assert_int_equal(archive_unpack(text_put("c.zip", ""), target(), 1 << 20, &r), NADIR_EINVAL);
}

static void test_paths(void **state) {
    (void)state;
    assert_true(path_stays_below("a/b..c/d"));
    assert_true(path_stays_below("a/"));
    assert_false(path_stays_below(""));
    assert_false(path_stays_below("/a"));
    assert_false(path_stays_below(".."));
    assert_false(path_stays_below("a/../b"));
    assert_false(path_stays_below("a/.."));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_good_archive_is_unpacked, begin, end),
        cmocka_unit_test_setup_teardown(test_paths_that_lead_out_are_refused, begin, end),
        cmocka_unit_test_setup_teardown(test_links_are_refused, begin, end),
        cmocka_unit_test_setup_teardown(test_a_bomb_is_stopped, begin, end),
        cmocka_unit_test_setup_teardown(test_limit_of_bytes, begin, end),
        cmocka_unit_test_setup_teardown(test_damage_is_refused, begin, end),
        cmocka_unit_test(test_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
