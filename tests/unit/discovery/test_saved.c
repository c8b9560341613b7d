/* Saved searches over a real database (NADIR_TEST_PG): matched once though turns are repeated, notices taken again under the
 * same name after their sender died, and how webhooks are signed and refused. No thread of the module runs here: turns are
 * called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/module.h"
#include "discovery/query/query.h"
#include "discovery/saved/saved.h"
#include "schema.h"

static struct scope s;
static bool up;
static char state[64] = "/tmp/nadir-saved-XXXXXX";

/* A module of this name that serves nothing: its database is what the functions ask for. */
static const struct module quiet = {.name = "discovery"};

static int open_all(void **unused) {
    (void)unused;
    struct db *db = NULL;
    int err = schema_open(&db, "test_saved", (const char *[]){"common", "discovery", NULL});
    if (err || !db) return err;
    setenv("NADIR_DB_DISCOVERY", db_conninfo(db), 1);
    setenv("NADIR_REDIS", "unix:/nonexistent/redis.sock", 1);
    setenv("NADIR_PUBLIC_URL", "https://nadir.example", 1);
    setenv("NADIR_WEBHOOK_INSIDE", "http://127.0.0.1:1/ http://10.", 1);
    db_close(db);
    if (!mkdtemp(state)) return -1;
    setenv("NADIR_STATE", state, 1);
    up = module_start(&quiet) == 0;
    return up ? 0 : -1;
}

static int close_all(void **unused) {
    (void)unused;
    if (up) module_stop_all();
    char command[96];
    snprintf(command, sizeof command, "rm -rf %s", state);
    return system(command);
}

static void run(const char *sql) {
    assert_int_equal(db_query(&s, saved_db(), NULL, sql, ""), 0);
}

static int64_t number(const char *sql) {
    struct db_rows *rows;
    assert_int_equal(db_query(&s, saved_db(), &rows, sql, ""), 0);
    return db_count(rows) ? db_int(rows, 0, 0) : -1;
}

static int begin(void **unused) {
    (void)unused;
    scope_init(&s, "test", 60000);
    return 0;
}

static int end(void **unused) {
    (void)unused;
    if (up) {
        run("TRUNCATE collection, item, footprint, item_share, outbox, saved_search, saved_match, saved_delivery, person "
            "CASCADE");
        run("UPDATE saved_cursor SET sequence = 0");
    }
    scope_end(&s);
    return 0;
}

static void need_db(void) {
    if (up) return;
    print_message("SKIPPED: NADIR_TEST_PG is not set\n");
    skip();
}

/* An item and its event, as a publishing transaction leaves them once the relay has numbered it. */
static void publish(const char *item, const char *owner, int sequence) {
    const char *who = owner ? scope_printf(&s, "'%s'", owner) : "NULL";
    run("INSERT INTO collection (id, document) VALUES ('c', '{}') ON CONFLICT DO NOTHING");
    run(scope_printf(&s,
                     "INSERT INTO item (collection, id, owner, datetime, document, storage)"
                     " VALUES ('c', '%s', %s, '2020-06-01T00:00:00Z', '{}', '{}')",
                     item, who));
    run(scope_printf(&s,
                     "INSERT INTO footprint (collection, id, owner, datetime, during, geom, properties) VALUES ('c', '%s', %s,"
                     " '2020-06-01T00:00:00Z', '[2020-06-01T00:00:00Z,2020-06-01T00:00:00Z]', 'SRID=4326;POINT(7 50)', '{}')",
                     item, who));
    run(scope_printf(&s,
                     "INSERT INTO outbox (sequence, event) VALUES (%d, '{\"type\":\"item.published\",\"data\":{\"collection\":"
                     "\"c\",\"item\":\"%s\"}}')",
                     sequence, item));
}

static void save(const char *id, const char *owner, const char *search) {
    run(scope_printf(
        &s,
        "INSERT INTO saved_search (id, owner, name, search, state, language, mail, reach, after) VALUES ('%s', '%s',"
        " 'n', '%s', 'active', 'en', true, ST_MakeEnvelope(-180, -90, 180, 90, 4326), 0)",
        id, owner, search));
}

static void turns(void) {
    bool more = true;
    while (more) assert_int_equal(matcher_turn(&s, &more), 0);
}

static void matches_are_kept_once_though_events_are_read_again(void **unused) {
    (void)unused;
    need_db();
    save("s1", "ana", "{}");
    save("s2", "ana", "{\"bbox\":[0,0,1,1]}");
    for (int i = 1; i <= 20; i++) publish(scope_printf(&s, "i%d", i), NULL, i);
    turns();
    assert_int_equal(number("SELECT sequence FROM saved_cursor"), 20);
    assert_int_equal(number("SELECT count(*) FROM saved_match WHERE search = 's1'"), 20);
    assert_int_equal(number("SELECT count(*) FROM saved_match WHERE search = 's2'"), 0);
    run("UPDATE saved_cursor SET sequence = 5");
    turns();
    assert_int_equal(number("SELECT count(*) FROM saved_match"), 20);
    assert_int_equal(number("SELECT matched FROM saved_search WHERE id = 's1'"), 20);
    assert_int_equal(
        number("SELECT sum((event::jsonb #>> '{data,count}')::int) FROM outbox WHERE event LIKE '%search.matched%'"), 20);
    assert_int_equal(number("SELECT count(*) FROM saved_delivery WHERE state = 'waiting'"), 1);
}

static void private_items_match_for_those_who_may_see_them(void **unused) {
    (void)unused;
    need_db();
    const char *const owners[] = {"ana", "ben", "eve", "adm"};
    for (int i = 0; i < 4; i++) save(owners[i], owners[i], "{}");
    run("INSERT INTO person (subject, email, name, roles) VALUES ('adm', 'adm@nadir.example', 'Adm', 'support admin')");
    run("INSERT INTO item_share (share, owner, subject, collection, item) VALUES ('x', 'ana', 'ben', 'c', 'p')");
    publish("p", "ana", 1);
    turns();
    assert_int_equal(number("SELECT count(*) FROM saved_match WHERE search IN ('ana', 'ben', 'adm')"), 3);
    assert_int_equal(number("SELECT count(*) FROM saved_match WHERE search = 'eve'"), 0);
    /* A share that ends takes the match from sight, and an owner who is disabled hears of nothing. */
    struct db_rows *rows;
    struct auth ben = owner_auth("ben", "");
    assert_int_equal(matches_find(&s, &ben, "ben", 0, INT64_MAX, true, 10, &rows), 0);
    assert_int_equal(db_count(rows), 1);
    run("DELETE FROM item_share");
    assert_int_equal(matches_find(&s, &ben, "ben", 0, INT64_MAX, true, 10, &rows), 0);
    assert_int_equal(db_count(rows), 0);
    run("UPDATE person SET disabled = true");
    publish("q", NULL, 2);
    turns();
    assert_int_equal(number("SELECT count(*) FROM saved_match WHERE search = 'adm'"), 1);
    assert_int_equal(number("SELECT count(*) FROM saved_match WHERE search = 'eve'"), 1);
}

static void a_search_that_cannot_be_run_holds_up_nobody(void **unused) {
    (void)unused;
    need_db();
    save("bad", "ana", "{\"filter\":{\"op\":\"nonsense\",\"args\":[]},\"filter-lang\":\"cql2-json\"}");
    save("good", "ana", "{}");
    publish("i", NULL, 1);
    turns();
    assert_int_equal(number("SELECT count(*) FROM saved_match WHERE search = 'good'"), 1);
    assert_int_equal(number("SELECT count(*) FROM saved_match WHERE search = 'bad'"), 0);
}

static void with_nobody_listening_the_cursor_goes_to_the_end(void **unused) {
    (void)unused;
    need_db();
    for (int i = 1; i <= 5; i++) publish(scope_printf(&s, "i%d", i), NULL, i);
    turns();
    assert_int_equal(number("SELECT sequence FROM saved_cursor"), 5);
    save("late", "ana", "{}");
    turns();
    assert_int_equal(number("SELECT count(*) FROM saved_match"), 0);
}

static const char *delivery_id(void) {
    struct db_rows *rows;
    assert_int_equal(db_query(&s, saved_db(), &rows, "SELECT id FROM saved_delivery WHERE channel = 'mail'", ""), 0);
    assert_int_equal(db_count(rows), 1);
    return scope_strdup(&s, db_text(rows, 0, 0));
}

static void a_notice_whose_sender_died_goes_out_under_the_same_name(void **unused) {
    (void)unused;
    need_db();
    bool more;
    save("s1", "ana", "{}");
    run("INSERT INTO person (subject, email, name, roles) VALUES ('ana', 'ana@nadir.example', 'Ana', '')");
    publish("i", NULL, 1);
    turns();
    const char *id = delivery_id(), *path = scope_printf(&s, "%s/mail/%s.eml", state, id);
    /* As a killed sender leaves it: taken, its time not yet over, then over. */
    run("UPDATE saved_delivery SET state = 'sending', attempts = 1, next_at = now() + interval '1 minute'");
    assert_int_equal(mails_turn(&s, &more), 0);
    assert_false(more);
    assert_int_not_equal(access(path, F_OK), 0);
    run("UPDATE saved_delivery SET next_at = now()");
    assert_int_equal(mails_turn(&s, &more), 0);
    assert_true(more);
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(number("SELECT count(*) FROM saved_delivery WHERE state = 'sent' AND attempts = 2"), 1);
    assert_int_equal(mails_turn(&s, &more), 0);
    assert_false(more);
}

static void notices_for_nobody_are_dropped(void **unused) {
    (void)unused;
    need_db();
    bool more;
    save("s1", "ana", "{}");
    run("INSERT INTO person (subject, email, name, roles) VALUES ('ana', 'ana@nadir.example', 'Ana', '')");
    publish("i", NULL, 1);
    turns();
    run("UPDATE saved_search SET mail = false");
    assert_int_equal(mails_turn(&s, &more), 0);
    assert_int_equal(number("SELECT count(*) FROM saved_delivery WHERE state = 'dropped'"), 1);
}

/* Matches of before the item became private: those who may see it now are told, of several owners in one turn each his own. */
static void one_turn_tells_each_owner_what_they_may_see(void **unused) {
    (void)unused;
    need_db();
    bool more;
    run("INSERT INTO person (subject, email, name, roles) VALUES ('ana', 'ana@nadir.example', 'Ana', ''),"
        " ('ben', 'ben@nadir.example', 'Ben', ''), ('adm', 'adm@nadir.example', 'Adm', 'scientist admin')");
    save("adm", "adm", "{}");
    save("ana", "ana", "{}");
    save("ben", "ben", "{}");
    publish("private", NULL, 1);
    publish("public", NULL, 2);
    turns();
    run("UPDATE item SET owner = 'ben' WHERE id = 'private'");
    assert_int_equal(mails_turn(&s, &more), 0);
    assert_int_equal(number("SELECT count(*) FROM saved_delivery WHERE state = 'sent' AND attempts = 1"), 3);
    static const struct {
        const char *search;
        bool both;
    } wanted[] = {{"adm", true}, {"ana", false}, {"ben", true}};
    for (size_t i = 0; i < 3; i++) {
        struct db_rows *rows;
        assert_int_equal(
            db_query(&s, saved_db(), &rows, "SELECT id FROM saved_delivery WHERE search = $1", "s", wanted[i].search), 0);
        char text[4096];
        FILE *mail = fopen(scope_printf(&s, "%s/mail/%s.eml", state, db_text(rows, 0, 0)), "r");
        assert_non_null(mail);
        text[fread(text, 1, sizeof text - 1, mail)] = '\0';
        fclose(mail);
        assert_non_null(strstr(text, scope_printf(&s, "To: %c", wanted[i].search[0] - 'a' + 'A')));
        assert_non_null(strstr(text, wanted[i].both ? "Subject: 2 new scenes: n\r\n" : "Subject: New scene: n\r\n"));
    }
    assert_int_equal(mails_turn(&s, &more), 0);
    assert_false(more);
}

static void a_match_of_what_is_hidden_now_is_dropped(void **unused) {
    (void)unused;
    need_db();
    bool more;
    run("INSERT INTO person (subject, email, name, roles) VALUES ('ana', 'ana@nadir.example', 'Ana', '')");
    save("s1", "ana", "{}");
    publish("i", NULL, 1);
    turns();
    run("UPDATE item SET owner = 'ben'");
    assert_int_equal(mails_turn(&s, &more), 0);
    assert_int_equal(number("SELECT count(*) FROM saved_delivery WHERE state = 'dropped'"), 1);
}

static void an_address_that_is_not_known_is_waited_for_and_then_given_up(void **unused) {
    (void)unused;
    need_db();
    bool more;
    save("s1", "ana", "{}");
    publish("i", NULL, 1);
    turns();
    for (int attempt = 1; attempt <= 8; attempt++) {
        assert_int_equal(mails_turn(&s, &more), 0);
        assert_true(more);
        assert_int_equal(number("SELECT attempts FROM saved_delivery"), attempt);
        assert_int_equal(number("SELECT (next_at > now())::int FROM saved_delivery"), 1);
        run("UPDATE saved_delivery SET next_at = now()");
    }
    assert_int_equal(number("SELECT count(*) FROM saved_delivery WHERE state = 'dead' AND error IS NOT NULL"), 1);
    assert_int_equal(mails_turn(&s, &more), 0);
    assert_false(more);
}

static void signatures_are_those_that_are_documented(void **unused) {
    (void)unused;
    /* printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac nws_key */
    assert_string_equal(webhook_signature(&s, "nws_key", 1700000000, "{\"a\":1}"),
                        "t=1700000000,v1=e8784de06b64b80ec7736bbb2937cbe8b3b264d55544d04b16f9aa0d2ecdde18");
    const char *one = webhook_secret(&s), *other = webhook_secret(&s);
    assert_string_not_equal(one, other);
    assert_int_equal(strlen(one), 4 + 43);
}

static void webhooks_go_outside_by_https_only(void **unused) {
    (void)unused;
    static const char *const good[] = {"https://example.org/hook?a=1", "https://example.org:8443/", "http://127.0.0.1:1/x",
                                       "http://10.1.2.3/"};
    static const char *const bad[] = {"http://example.org/",    "ftp://example.org/", "https://u:p@example.org/", "https://",
                                      "https://example.org/#f", "file:///etc/passwd", "http://127.0.0.1:11/",     ""};
    setenv("NADIR_WEBHOOK_INSIDE", "http://127.0.0.1:1/ http://10.", 1);
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) assert_null(webhook_refusal(&s, good[i]));
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) assert_non_null(webhook_refusal(&s, bad[i]));
}

static void searches_are_kept_as_what_selects(void **unused) {
    (void)unused;
    struct query q;
    struct fault f = {0};
    json_t *kept;
    json_t *search =
        scope_json(&s, json_loads("{\"limit\":5,\"query\":{\"eo:cloud_cover\":{\"lt\":10}},\"filter\":\"gsd = 10\","
                                  "\"filter-lang\":\"cql2-text\",\"collections\":[\"c\"],\"token\":\"x\"}",
                                  0, NULL));
    assert_int_equal(criteria_keep(&s, search, &kept, &q, &f), 0);
    assert_int_equal(json_object_size(kept), 3);
    assert_string_equal(json_string_value(json_object_get(json_object_get(kept, "filter"), "op")), "and");
    json_t *again;
    assert_int_equal(criteria_keep(&s, kept, &again, &q, &f), 0);
    assert_true(json_equal(kept, again));
    assert_int_equal(criteria_keep(&s, scope_json(&s, json_pack("{s:i}", "x", 1)), &kept, &q, &f), NADIR_EINVAL);
    assert_string_equal(f.field, "x");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(matches_are_kept_once_though_events_are_read_again, begin, end),
        cmocka_unit_test_setup_teardown(private_items_match_for_those_who_may_see_them, begin, end),
        cmocka_unit_test_setup_teardown(a_search_that_cannot_be_run_holds_up_nobody, begin, end),
        cmocka_unit_test_setup_teardown(with_nobody_listening_the_cursor_goes_to_the_end, begin, end),
        cmocka_unit_test_setup_teardown(a_notice_whose_sender_died_goes_out_under_the_same_name, begin, end),
        cmocka_unit_test_setup_teardown(notices_for_nobody_are_dropped, begin, end),
        cmocka_unit_test_setup_teardown(one_turn_tells_each_owner_what_they_may_see, begin, end),
        cmocka_unit_test_setup_teardown(a_match_of_what_is_hidden_now_is_dropped, begin, end),
        cmocka_unit_test_setup_teardown(an_address_that_is_not_known_is_waited_for_and_then_given_up, begin, end),
        cmocka_unit_test_setup_teardown(signatures_are_those_that_are_documented, begin, end),
        cmocka_unit_test_setup_teardown(webhooks_go_outside_by_https_only, begin, end),
        cmocka_unit_test_setup_teardown(searches_are_kept_as_what_selects, begin, end),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
