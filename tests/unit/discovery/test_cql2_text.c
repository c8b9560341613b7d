/* CQL2 text: what it is read as, in CQL2 JSON, and where its faults are. Most filters are examples of OGC 21-065r2. */
#include "filter.h"

static void test_forms_agree(void **state) {
    (void)state;
    static const char *const table[][2] = {
        /* clauses 6 and 7 */
        {"city='Toronto'", "{'op':'=','args':[{'property':'city'},'Toronto']}"},
        {"balance-150.0 > 0", "{'op':'>','args':[{'op':'-','args':[{'property':'balance'},150.0]},0]}"},
        {"updated >= date('1970-01-01')", "{'op':'>=','args':[{'property':'updated'},{'date':'1970-01-01'}]}"},
        {"geometry IS NOT NULL", "{'op':'not','args':[{'op':'isNull','args':[{'property':'geometry'}]}]}"},
        {"name LIKE 'Smith%'", "{'op':'like','args':[{'property':'name'},'Smith%']}"},
        {"depth BETWEEN 100.0 and 150.0", "{'op':'between','args':[{'property':'depth'},100.0,150.0]}"},
        {"cityName IN ('Toronto','New York')", "{'op':'in','args':[{'property':'cityName'},['Toronto','New York']]}"},
        {"category NOT IN (1,2,3,4)", "{'op':'not','args':[{'op':'in','args':[{'property':'category'},[1,2,3,4]]}]}"},
        {"CASEI(road_class) IN (CASEI('Οδος'),CASEI('Straße'))",
         "{'op':'in','args':[{'op':'casei','args':[{'property':'road_class'}]},[{'op':'casei','args':['Οδος']},{'op':'casei',"
         "'args':['Straße']}]]}"},
        {"ACCENTI(etat_vol) = ACCENTI('débárquér')",
         "{'op':'=','args':[{'op':'accenti','args':[{'property':'etat_vol'}]},{'op':'accenti','args':['débárquér']}]}"},
        {"S_INTERSECTS(geometry,POINT(36.319836 32.288087))",
         "{'op':'s_intersects','args':[{'property':'geometry'},{'type':'Point','coordinates':[36.319836,32.288087]}]}"},
        {"T_INTERSECTS(event_time, INTERVAL('1969-07-16T05:32:00Z', '1969-07-24T16:50:35Z'))",
         "{'op':'t_intersects','args':[{'property':'event_time'},{'interval':['1969-07-16T05:32:00Z','1969-07-24T16:50:35Z']}]"
         "}"},
        {"T_DURING(INTERVAL(touchdown, liftOff), INTERVAL('1969-07-16T13:32:00Z', '1969-07-24T16:50:35Z'))",
         "{'op':'t_during','args':[{'interval':[{'property':'touchdown'},{'property':'liftOff'}]},{'interval':["
         "'1969-07-16T13:32:00Z','1969-07-24T16:50:35Z']}]}"},
        {"A_CONTAINS(layer:ids, ('layers-ca','layers-us'))",
         "{'op':'a_contains','args':[{'property':'layer:ids'},['layers-ca','layers-us']]}"},
        {"vehicle_height > (bridge_clearance-1)",
         "{'op':'>','args':[{'property':'vehicle_height'},{'op':'-','args':[{'property':'bridge_clearance'},1]}]}"},
        /* examples */
        {"eo:cloud_cover < 0.1 AND landsat:wrs_row=28 AND landsat:wrs_path=203",
         "{'op':'and','args':[{'op':'<','args':[{'property':'eo:cloud_cover'},0.1]},{'op':'=','args':[{'property':"
         "'landsat:wrs_row'},28]},{'op':'=','args':[{'property':'landsat:wrs_path'},203]}]}"},
        {"swimming_pool=true AND (floors>5 OR material LIKE 'brick%')",
         "{'op':'and','args':[{'op':'=','args':[{'property':'swimming_pool'},true]},{'op':'or','args':[{'op':'>','args':["
         "{'property':'floors'},5]},{'op':'like','args':[{'property':'material'},'brick%']}]}]}"},
        {"NOT (floors<5) OR swimming_pool=true",
         "{'op':'or','args':[{'op':'not','args':[{'op':'<','args':[{'property':'floors'},5]}]},{'op':'=','args':[{'property':"
         "'swimming_pool'},true]}]}"},
        {"T_BEFORE(built, DATE('2015-01-01'))", "{'op':'t_before','args':[{'property':'built'},{'date':'2015-01-01'}]}"},
        {"S_WITHIN(location,BBOX(-118,33.8,-117.9,34))",
         "{'op':'s_within','args':[{'property':'location'},{'bbox':[-118,33.8,-117.9,34]}]}"},
        {"CASEI(geophys:SURVEY_NAME) LIKE CASEI('%calcutta%')",
         "{'op':'like','args':[{'op':'casei','args':[{'property':'geophys:SURVEY_NAME'}]},{'op':'casei','args':['%calcutta%']}]"
         "}"},
        {"\"id\" <> 'fa7e1920'", "{'op':'<>','args':[{'property':'id'},'fa7e1920']}"},
        {"\"value\" IS NULL OR \"value\" BETWEEN 10 AND 20", "{'op':'or','args':[{'op':'isNull','args':[{'property':'value'}]},"
                                                             "{'op':'between','args':[{'property':'value'},10,20]}]}"},
        {"S_INTERSECTS(\"geometry\", BBOX(-128.098193, -1.1, -99999.0, 180.0, 90.0, 100000.0))",
         "{'op':'s_intersects','args':[{'property':'geometry'},{'bbox':[-128.098193,-1.1,-99999.0,180.0,90.0,100000.0]}]}"},
        {"S_WITHIN(POLYGON Z ((0 0 5, 1 0 5.5, 0.5 1 -6, 0 0 5)), geometry)",
         "{'op':'s_within','args':[{'type':'Polygon','coordinates':[[[0,0,1],[1,0,1],[0.5,1,1],[0,0,1]]]},{'property':'"
         "geometry'}]}"},
        {"S_EQUALS(GEOMETRYCOLLECTION (POINT (1.9 2.00001), MULTILINESTRING ((-2.00001 -0.0, -77.292642 -0.5))), geometry)",
         "{'op':'s_equals','args':[{'type':'GeometryCollection','geometries':[{'type':'Point','coordinates':[1.9,2.00001]},"
         "{'type':'MultiLineString','coordinates':[[[-2.00001,-0.0],[-77.292642,-0.5]]]}]},{'property':'geometry'}]}"},
        {"S_EQUALS(MULTIPOINT ((180.0 -0.5), (179.0 -47.121701)), geometry)",
         "{'op':'s_equals','args':[{'type':'MultiPoint','coordinates':[[180.0,-0.5],[179.0,-47.121701]]},{'property':'geometry'"
         "}]}"},
        {"T_FINISHEDBY(INTERVAL(starts_at, ends_at), INTERVAL('1991-10-07', '2010-02-10T05:29:20.073225Z'))",
         "{'op':'t_finishedBy','args':[{'interval':[{'property':'starts_at'},{'property':'ends_at'}]},{'interval':['1991-10-07'"
         ","
         "'2010-02-10T05:29:20.073225Z']}]}"},
        {"T_STARTS(INTERVAL(starts_at, ends_at), INTERVAL('1991-10-07T08:21:06.393262Z', '..'))",
         "{'op':'t_starts','args':[{'interval':[{'property':'starts_at'},{'property':'ends_at'}]},{'interval':["
         "'1991-10-07T08:21:06.393262Z','..']}]}"},
        {"0 = (\"foo\" % 2)", "{'op':'=','args':[0,{'op':'%','args':[{'property':'foo'},2]}]}"},
        {"1 = (\"foo\" div 2)", "{'op':'=','args':[1,{'op':'div','args':[{'property':'foo'},2]}]}"},
        {"A_EQUALS(('a', TRUE, 1.0, 8), \"values\")", "{'op':'a_equals','args':[['a',true,1.0,8],{'property':'values'}]}"},
        {"A_OVERLAPS(\"values\", (TIMESTAMP('2012-08-10T05:30:00.000000Z'), DATE('2010-02-10'), FALSE))",
         "{'op':'a_overlaps','args':[{'property':'values'},[{'timestamp':'2012-08-10T05:30:00Z'},{'date':'2010-02-10'},false]]"
         "}"},
        {"value = - foo * 2.0 + \"bar\" / 6.1234 - \"x\" ^ 2.0",
         "{'op':'=','args':[{'property':'value'},{'op':'-','args':[{'op':'+','args':[{'op':'*','args':[{'op':'*','args':[-1,"
         "{'property':'foo'}]},2.0]},{'op':'/"
         "','args':[{'property':'bar'},6.1234]}]},{'op':'^','args':[{'property':'x'},2.0]}]}]}"},
        /* ours */
        {"  A=1aNd\tb\n=\r'x'",
         "{'op':'and','args':[{'op':'=','args':[{'property':'A'},1]},{'op':'=','args':[{'property':'b'},'x']}]}"},
        {"properties.eo:cloud_cover<10", "{'op':'<','args':[{'property':'eo:cloud_cover'},10]}"},
        {"a LIKE '100\\%'", "{'op':'like','args':[{'property':'a'},'100\\\\%']}"},
        {"a = 'it''s' OR a = 'it\\'s'", "{'op':'or','args':[{'op':'=','args':[{'property':'a'},'it\\u0027s']},{'op':'=','args':"
                                        "[{'property':'a'},'it\\u0027s']}]}"},
        {"\"a \"\"b\"\" c\" = +5", "{'op':'=','args':[{'property':'a \\\"b\\\" c'},5]}"},
        {"A_EQUALS(a, ('x'))", "{'op':'a_equals','args':[{'property':'a'},['x']]}"},
        {"A_EQUALS(a, ((1, 2), (b)))", "{'op':'a_equals','args':[{'property':'a'},[[1,2],[{'property':'b'}]]]}"},
        {"A_EQUALS(a, ())", "{'op':'a_equals','args':[{'property':'a'},[]]}"},
        {"date = DATE('2020-01-01')", "{'op':'=','args':[{'property':'date'},{'date':'2020-01-01'}]}"},
        {"point > 1e3 AND z = .5",
         "{'op':'and','args':[{'op':'>','args':[{'property':'point'},1000]},{'op':'=','args':[{'property':"
         "'z'},0.5]}]}"},
        {"(a > 1) IS NULL", "{'op':'isNull','args':[{'op':'>','args':[{'property':'a'},1]}]}"},
        {"a\u00a0=\u20031", "{'op':'=','args':[{'property':'a'},1]}"},
        {"true", "true"},
        {"S_INTERSECTS(geometry, BBOX(170,-10,-170,10))",
         "{'op':'s_intersects','args':[{'property':'geometry'},{'type':'MultiPolygon','coordinates':[[[[170,-10],[180,-10],["
         "180,10],"
         "[170,10],[170,-10]]],[[[-180,-10],[-170,-10],[-170,10],[-180,10],[-180,-10]]]]}]}"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct fault f = {0}, g = {0};
        json_t *text = from_text(table[i][0], &f);
        char *quoted = scope_strdup(&scope, table[i][1]);
        for (char *p = quoted; *p; p++)
            if (*p == '\'') *p = '"';
        json_t *json = from_json(quoted, &g);
        if (!text || !json) fail_msg("%s: %s %s", table[i][0], f.why ? f.why : "", g.why ? g.why : "");
        if (!json_equal(text, json)) fail_msg("%s\n%s\n%s", table[i][0], line(text), line(json));
        /* What is written reads back as the same. */
        json_t *again = from_json(line(json), &g);
        assert_true(again && json_equal(again, json));
    }
}

static void test_faults_name_the_character(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int character;
    } table[] = {
        {"", 1},
        {"   ", 4},
        {"a", 1},
        {"a =", 4},
        {"a = 'x", 5},
        {"\"a = 1", 1},
        {"a = 1 b", 7},
        {"a == 1", 4},
        {"a = 1 AND", 10},
        {"a = 1 AND 5", 1},
        {"é = 1 ö", 7},
        {"(a = 1", 7},
        {"a = 1)", 6},
        {"a LIKE 5", 1},
        {"a LIKE 'x\\'", 8},
        {"a BETWEEN 1 OR 2", 13},
        {"a IN 1", 6},
        {"a IN (1,", 9},
        {"a IS 1", 6},
        {"a NOT 1", 7},
        {"NOT NOT a = 1", 5},
        {"a = 1e999", 5},
        {"a = ?", 5},
        {"avg(a) = 1", 1},
        {"S_INTERSECTS(geometry)", 1},
        {"S_INTERSECTS(geometry, 5)", 1},
        {"S_INTERSECTS(geometry, POINT(1))", 24},
        {"S_INTERSECTS(geometry, POINT(181 0))", 24},
        {"S_INTERSECTS(geometry, POINT(nan 0))", 24},
        {"S_INTERSECTS(geometry, POLYGON((0 0, 1 1, 2 2)))", 24},
        {"S_INTERSECTS(geometry, POINT(1 2)", 34},
        {"S_INTERSECTS(geometry, BBOX(1,2,3))", 24},
        {"S_INTERSECTS(geometry, BBOX(1,2,3,4", 24},
        {"T_AFTER(datetime, TIMESTAMP('2020-13-01T00:00:00Z'))", 29},
        {"T_AFTER(datetime, DATE('2020-02-30'))", 24},
        {"T_DURING(datetime, INTERVAL('2020-01-01', 'x'))", 43},
        {"T_DURING(datetime, INTERVAL('2020-01-02', '2020-01-01'))", 20},
        {"T_DURING(datetime, TIMESTAMP('2020-01-01T00:00:00Z'))", 1},
        {"a = (1, 2)", 1},
        {"A_EQUALS(a, (1,))", 16},
        {"A_EQUALS(a, (1 2))", 16},
        {"a + 'x' = 1", 1},
        {"a = b = c", 7},
        {"2 ^ 3 ^ 4 = a", 7},
        {"CASEI(5) = 'x'", 1},
        {"a = geometry AND a = POINT(1 1)", 18},
        {"and = 1", 1},
        {"\"\" = 1", 1},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct fault f = {0};
        json_t *json = from_text(table[i].text, &f);
        if (json) fail_msg("%s was read as %s", table[i].text, line(json));
        assert_string_equal(f.field, "filter");
        const char *begin = scope_printf(&scope, "at character %d: ", table[i].character);
        if (strncmp(f.why, begin, strlen(begin)) != 0) fail_msg("%s: %s", table[i].text, f.why);
    }
}

static char *repeat(const char *before, const char *unit, size_t times, const char *after) {
    size_t len = strlen(unit);
    char *out = scope_alloc(&scope, strlen(before) + len * times + strlen(after) + 1), *to = stpcpy(out, before);
    for (size_t i = 0; i < times; i++) to = stpcpy(to, unit);
    strcpy(to, after);
    return out;
}

static void test_bounds(void **state) {
    (void)state;
    struct fault f = {0};
    assert_non_null(from_text(repeat("a = 1", " OR a = 2", 600, ""), &f));
    assert_null(from_text(repeat("a = 1", " OR a = 2", 700, ""), &f)); /* over 2000 parts */
    assert_non_null(strstr(f.why, "2000"));
    f = (struct fault){0};
    assert_null(from_text(repeat("", "(", 30000, ""), &f));
    assert_non_null(strstr(f.why, "64"));
    f = (struct fault){0};
    assert_null(from_text(repeat("", "CASEI(", 5000, ""), &f));
    f = (struct fault){0};
    assert_null(from_text(repeat("A_EQUALS(a, ", "(", 5000, ""), &f));
    f = (struct fault){0};
    assert_null(from_text(repeat("S_INTERSECTS(geometry, ", "GEOMETRYCOLLECTION(", 3000, ""), &f));
    f = (struct fault){0};
    assert_null(from_text(repeat("a = '", "x", EXPR_TEXT_MOST, "'"), &f));
    f = (struct fault){0};
    assert_null(from_text("a = '\xff'", &f));
    f = (struct fault){0};
    assert_null(from_text(repeat("a LIKE '", "%a", 600, "'"), &f)); /* would take too long to match */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_forms_agree, scope_begin, scope_finish),
        cmocka_unit_test_setup_teardown(test_faults_name_the_character, scope_begin, scope_finish),
        cmocka_unit_test_setup_teardown(test_bounds, scope_begin, scope_finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
