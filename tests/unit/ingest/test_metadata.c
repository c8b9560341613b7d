/* Providers' metadata: MTL in three forms, XML without trust, lists of checksums. */
#include "folder.h"

#include "mtl.h"
#include "safe.h"
#include "source.h"
#include "xml.h"

static const char odl[] =
    "GROUP = LANDSAT_METADATA_FILE\n  GROUP = PRODUCT_CONTENTS\n    LANDSAT_PRODUCT_ID = \"LC09_X\"\n    EMPTY = \"\"\n"
    "    CLOUD_COVER = 21.12\n  END_GROUP = PRODUCT_CONTENTS\n  GROUP = LEVEL1_PROCESSING_RECORD\n"
    "    LANDSAT_PRODUCT_ID = \"LC09_L1\"\n  END_GROUP = LEVEL1_PROCESSING_RECORD\nEND_GROUP = LANDSAT_METADATA_FILE\nEND\n";
static const char xml[] =
    "<?xml version=\"1.0\"?><LANDSAT_METADATA_FILE><PRODUCT_CONTENTS><LANDSAT_PRODUCT_ID>LC09_X</LANDSAT_PRODUCT_ID>"
    "<CLOUD_COVER>21.12</CLOUD_COVER></PRODUCT_CONTENTS><LEVEL1_PROCESSING_RECORD><LANDSAT_PRODUCT_ID>LC09_L1"
    "</LANDSAT_PRODUCT_ID></LEVEL1_PROCESSING_RECORD></LANDSAT_METADATA_FILE>";
static const char json[] =
    "{\"LANDSAT_METADATA_FILE\":{\"PRODUCT_CONTENTS\":{\"LANDSAT_PRODUCT_ID\":\"LC09_X\",\"CLOUD_COVER\":\"21.12\"},"
    "\"LEVEL1_PROCESSING_RECORD\":{\"LANDSAT_PRODUCT_ID\":\"LC09_L1\"}}}";

static void test_three_forms_say_the_same(void **state) {
    (void)state;
    const char *const paths[] = {text_put("x_MTL.txt", odl), text_put("x_MTL.xml", xml), text_put("x_MTL.json", json)};
    for (int i = 0; i < 3; i++) {
        struct mtl m;
        double cloud;
        assert_int_equal(mtl_open(&s, paths[i], &m, &r), 0);
        assert_string_equal(mtl_text(&m, "LANDSAT_PRODUCT_ID"), "LC09_X"); /* the product's own comes first */
        assert_string_equal(m.list[0].group, "PRODUCT_CONTENTS");
        assert_true(mtl_number(&m, "CLOUD_COVER", &cloud));
        assert_true(cloud > 21.11 && cloud < 21.13);
        assert_null(mtl_text(&m, "EMPTY"));
        assert_false(mtl_number(&m, "LANDSAT_PRODUCT_ID", &cloud));
    }
}

static void test_one_product_with_three_forms_is_found_once(void **state) {
    (void)state;
    struct found_list list;
    text_put("x_MTL.json", json);
    text_put("x_MTL.xml", xml);
    text_put("x_MTL.txt", odl);
    text_put("y_MTL.txt", odl);
    assert_int_equal(source_find(&s, folder, &list, &r), 0);
    assert_int_equal(list.count, 2);
    assert_true(ends_with(list.list[0].metadata, "x_MTL.txt"));
    assert_int_equal(source_find(&s, scope_printf(&s, "%s/none", folder), &list, &r), NADIR_EINVAL);
}

static void test_rubbish_is_refused(void **state) {
    (void)state;
    struct mtl m;
    assert_int_equal(mtl_open(&s, text_put("a_MTL.txt", "\x01\x02\xff no metadata"), &m, &r), NADIR_EINVAL);
    assert_int_equal(mtl_open(&s, text_put("a_MTL.xml", "<a><b></a>"), &m, &r), NADIR_EINVAL);
    assert_int_equal(mtl_open(&s, text_put("a_MTL.json", "{\"a\":"), &m, &r), NADIR_EINVAL);
    assert_int_equal(mtl_open(&s, text_put("b_MTL.json", "[1]"), &m, &r), NADIR_EINVAL);
    assert_int_equal(mtl_open(&s, scope_printf(&s, "%s/none_MTL.txt", folder), &m, &r), NADIR_EINVAL);
}

static void test_entities_are_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "<!DOCTYPE a [<!ENTITY x \"yy\"><!ENTITY z \"&x;&x;&x;&x;\">]><a>&z;</a>",
        "<?xml version=\"1.0\"?><!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>",
        "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>",
    };
    xmlDoc *doc;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(xml_open(&s, text_put("a.xml", bad[i]), &doc, &r), NADIR_EINVAL);
    assert_int_equal(xml_open(&s, file_put("b.xml", "<\0a\0/\0>\0", 8), &doc, &r), NADIR_EINVAL); /* UTF-16 could hide them */
}

static const char *manifest(const char *href, const char *size, const char *algorithm, const char *checksum) {
    return text_put("manifest.safe",
                    scope_printf(&s,
                                 "<x:XFDU xmlns:x=\"u\"><dataObjectSection><dataObject ID=\"a\"><byteStream size=\"%s\">"
                                 "<fileLocation href=\"%s\"/><checksum checksumName=\"%s\">%s</checksum></byteStream>"
                                 "</dataObject></dataObjectSection></x:XFDU>",
                                 size, href, algorithm, checksum));
}

static int verify(const char *href, const char *size, const char *algorithm, const char *checksum) {
    xmlDoc *doc;
    assert_int_equal(xml_open(&s, manifest(href, size, algorithm, checksum), &doc, &r), 0);
    return safe_verify(&s, folder, doc, false, &r);
}

static void test_manifest(void **state) {
    (void)state;
    static const char md5[] = "900150983cd24fb0d6963f7d28e17f72";                                  /* RFC 1321: of "abc" */
    static const char sha3[] = "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"; /* FIPS 202: of "abc" */
    text_put("data.bin", "abc");
    assert_int_equal(verify("./data.bin", "3", "MD5", md5), 0);
    assert_int_equal(verify("data.bin", "3", "SHA3-256", sha3), 0);
    assert_int_equal(verify("data.bin", "3", "MD5", "00000000000000000000000000000000"), NADIR_EINVAL);
    assert_non_null(strstr(r.text, "data.bin does not match manifest.safe"));
    assert_int_equal(verify("data.bin", "4", "MD5", md5), NADIR_EINVAL);
    assert_int_equal(verify("gone.bin", "3", "MD5", md5), NADIR_EINVAL);
    assert_non_null(strstr(r.text, "gone.bin is missing"));
    assert_int_equal(verify("../data.bin", "3", "MD5", md5), NADIR_EINVAL);
    assert_non_null(strstr(r.text, "leads out of the product"));
    assert_int_equal(verify("data.bin", "3", "ROT13", md5), NADIR_EINVAL);
}

static void test_md5_list(void **state) {
    (void)state;
    text_put("data.bin", "abc");
    assert_int_equal(md5_list_verify(folder, text_put("a_MD5.txt", "900150983cd24fb0d6963f7d28e17f72  data.bin\n"), false, &r),
                     0);
    assert_int_equal(md5_list_verify(folder, text_put("a_MD5.txt", "900150983cd24fb0d6963f7d28e17f73  data.bin\n"), false, &r),
                     NADIR_EINVAL);
    const char *missing = text_put("a_MD5.txt", "900150983cd24fb0d6963f7d28e17f72  gone.bin\n");
    assert_int_equal(md5_list_verify(folder, missing, false, &r), NADIR_EINVAL);
    assert_int_equal(md5_list_verify(folder, missing, true, &r), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_three_forms_say_the_same, begin, end),
        cmocka_unit_test_setup_teardown(test_one_product_with_three_forms_is_found_once, begin, end),
        cmocka_unit_test_setup_teardown(test_rubbish_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(test_entities_are_refused, begin, end),
        cmocka_unit_test_setup_teardown(test_manifest, begin, end),
        cmocka_unit_test_setup_teardown(test_md5_list, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
