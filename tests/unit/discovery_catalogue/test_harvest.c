/* What is read of other catalogues' answers, and where a harvest will not go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "discovery/harvest/harvest.h"

static struct scope s;

static int begin(void **state) {
    (void)state;
    scope_init(&s, "discovery", 0);
    return 0;
}

static int end(void **state) {
    (void)state;
    scope_end(&s);
    return 0;
}

#define FEED                                                                                                                   \
    "<feed xmlns='http://www.w3.org/2005/Atom' xmlns:dc='http://purl.org/dc/elements/1.1/' "                                   \
    "xmlns:georss='http://www.georss.org/georss' xmlns:gml='http://www.opengis.net/gml'>"

static json_t *first_of(const char *entry) {
    json_t *items;
    const char *next;
    struct trouble t = {0};
    const char *feed = scope_printf(&s, FEED "<entry>%s</entry></feed>", entry);
    assert_int_equal(atom_items(&s, feed, strlen(feed), "https://example.org/a/feed", &items, &next, &t), 0);
    assert_null(next);
    return json_array_get(items, 0);
}

static void geometry_is(const char *georss, const char *expected) {
    const char *entry = scope_printf(&s, "<id>x</id><dc:date>2020-01-01T00:00:00Z</dc:date>%s", georss);
    assert_string_equal(json_line(&s, json_object_get(first_of(entry), "geometry")), expected);
}

static void test_places_of_a_feed(void **state) {
    (void)state;
    geometry_is("<georss:point>50 7</georss:point>", "{\"type\":\"Point\",\"coordinates\":[7.0,50.0]}");
    geometry_is("<georss:box>50 7 51 8</georss:box>",
                "{\"type\":\"Polygon\",\"coordinates\":[[[7.0,50.0],[8.0,50.0],[8.0,51.0],[7.0,51.0],[7.0,50.0]]]}");
    geometry_is("<georss:where><gml:Polygon><gml:exterior><gml:LinearRing><gml:posList>0 0 0 1 1 1 0 0</gml:posList>"
                "</gml:LinearRing></gml:exterior></gml:Polygon></georss:where>",
                "{\"type\":\"Polygon\",\"coordinates\":[[[0.0,0.0],[1.0,0.0],[1.0,1.0],[0.0,0.0]]]}");
    geometry_is("", "null");
    geometry_is("<georss:point>north</georss:point>", "null");
    geometry_is("<georss:box>1 2 3</georss:box>", "null");
}

static void test_entries(void **state) {
    (void)state;
    const json_t *item =
        first_of("<id>urn:x/1</id><dc:identifier>S2A 1/x</dc:identifier><title>T</title><updated>2020-02-02T00:00:00Z</updated>"
                 "<dc:date>2020-01-01T00:00:00Z/2020-01-02T00:00:00Z</dc:date><link rel='enclosure' href='../b.zip'/>"
                 "<link rel='icon' type='image/png' href='https://other.example/i.png'/>");
    assert_string_equal(json_string_value(json_object_get(item, "id")), "S2A-1-x");
    const json_t *properties = json_object_get(item, "properties"), *assets = json_object_get(item, "assets");
    assert_string_equal(json_string_value(json_object_get(properties, "start_datetime")), "2020-01-01T00:00:00Z");
    assert_string_equal(json_string_value(json_object_get(properties, "end_datetime")), "2020-01-02T00:00:00Z");
    assert_string_equal(json_string_value(json_object_get(json_object_get(assets, "product"), "href")),
                        "https://example.org/b.zip");
    assert_string_equal(json_string_value(json_object_get(json_object_get(assets, "thumbnail"), "type")), "image/png");
}

static void test_feeds_that_are_none(void **state) {
    (void)state;
    static const char *const table[] = {"", "<html/>", "<feed", "{\"features\":[]}",
                                        "<!DOCTYPE feed [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><html>&x;</html>"};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        json_t *items;
        const char *next;
        struct trouble t = {0};
        assert_int_not_equal(atom_items(&s, table[i], strlen(table[i]), "https://example.org/", &items, &next, &t), 0);
        assert_non_null(t.why);
    }
    /* An entity of a feed is not read from the disk. */
    static const char feed[] =
        "<!DOCTYPE feed [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>" FEED "<entry><id>a</id><title>&x;</title></entry></feed>";
    json_t *items;
    const char *next;
    struct trouble t = {0};
    if (atom_items(&s, feed, sizeof feed - 1, "https://example.org/", &items, &next, &t) == 0)
        assert_null(strstr(json_line(&s, items), "root"));
}

static void test_addresses(void **state) {
    (void)state;
    static const char *const bad[] = {"", "file:///etc/passwd", "ftp://x/", "gopher://x/", "http://u:p@x/", "javascript:1",
                                      "x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_non_null(harvest_refusal(&s, bad[i]));
    assert_null(harvest_refusal(&s, "https://example.org/stac"));
    assert_string_equal(url_resolve(&s, "https://example.org/stac/search?a=1", "search?b=2"),
                        "https://example.org/stac/search?b=2");
    assert_string_equal(url_resolve(&s, "https://example.org/stac/", "/x"), "https://example.org/x");
    assert_string_equal(url_with(&s, "https://x/?a=1", "$filter", "b eq 'c'"), "https://x/?a=1&$filter=b%20eq%20%27c%27");
    assert_string_equal(identifier_of(&s, "a b/c\xc3\xa9"), "a-b-c--");
    assert_null(identifier_of(&s, ""));
    assert_null(identifier_of(&s, ".."));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_places_of_a_feed, begin, end),
        cmocka_unit_test_setup_teardown(test_entries, begin, end),
        cmocka_unit_test_setup_teardown(test_feeds_that_are_none, begin, end),
        cmocka_unit_test_setup_teardown(test_addresses, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
