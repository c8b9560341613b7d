/* The database itself keeps the books: what a wrong statement would do to them is refused. */
#include "bench.h"

static int open_all(void **state) {
    (void)state;
    return bench_open("test_billing_ledger");
}

/* Runs statements in one transaction; gives the first error, or the commit's. */
static int run(const char *const *statements) {
    struct scope s;
    struct db_tx *tx;
    scope_init(&s, "test", 10000);
    int err = db_begin(&s, billing_db(), &tx);
    for (; !err && *statements; statements++) err = db_exec(tx, NULL, *statements, "");
    if (!err) err = db_commit(tx);
    scope_end(&s);
    return err;
}

#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})
#define ACCOUNT(kind, owner) "(SELECT id FROM account WHERE kind = '" kind "' AND owner = '" owner "')"
#define POSTING(id, line, account, amount)                                                                                     \
    "INSERT INTO posting VALUES ('00000000-0000-7000-8000-00000000000" id "', " line ", " account ", " amount ", 'EUR')"

static void unbalanced_transfers_are_refused(void **state) {
    (void)state;
    need_bench();
    give_credit("ledger-a", 100);
    const char *made = "INSERT INTO transfer VALUES ('00000000-0000-7000-8000-000000000001', 'credit', 'r1')";
    const char *up = POSTING("1", "1", ACCOUNT("wallet", "ledger-a"), "5");
    const char *down = POSTING("1", "2", ACCOUNT("promotion", "platform"), "-4");
    const char *rest = POSTING("1", "3", ACCOUNT("promotion", "platform"), "-1");
    assert_int_not_equal(RUN(made), 0);
    assert_int_not_equal(RUN(made, up), 0);
    assert_int_not_equal(RUN(made, up, down), 0);
    assert_int_equal(RUN(made, up, down, rest), 0);
    /* Later additions to a balanced transfer are judged too. */
    assert_int_not_equal(RUN(POSTING("1", "4", ACCOUNT("promotion", "platform"), "-1")), 0);
    /* Undo the imbalance that this test made between postings and the wallet's balance. */
    assert_int_equal(RUN("INSERT INTO transfer VALUES ('00000000-0000-7000-8000-000000000002', 'credit', 'r2')",
                         POSTING("2", "1", ACCOUNT("wallet", "ledger-a"), "-5"),
                         POSTING("2", "2", ACCOUNT("promotion", "platform"), "5")),
                     0);
}

static void the_ledger_is_append_only(void **state) {
    (void)state;
    need_bench();
    give_credit("ledger-b", 100);
    assert_int_equal(RUN("UPDATE posting SET amount = amount"), NADIR_EDENIED);
    assert_int_equal(RUN("DELETE FROM posting"), NADIR_EDENIED);
    assert_int_equal(RUN("TRUNCATE posting"), NADIR_EDENIED);
    assert_int_equal(RUN("UPDATE transfer SET kind = 'job'"), NADIR_EDENIED);
    assert_int_equal(RUN("DELETE FROM transfer"), NADIR_EDENIED);
    assert_int_equal(RUN("TRUNCATE transfer CASCADE"), NADIR_EDENIED);
}

static void wallets_cannot_be_driven_below_what_is_held(void **state) {
    (void)state;
    need_bench();
    give_credit("ledger-c", 100);
    assert_int_not_equal(RUN("UPDATE account SET balance = -1 WHERE owner = 'ledger-c'"), 0);
    assert_int_not_equal(RUN("UPDATE account SET held = 101 WHERE owner = 'ledger-c'"), 0);
    assert_int_not_equal(RUN("UPDATE account SET held = -1 WHERE owner = 'ledger-c'"), 0);
    assert_int_equal(available("ledger-c"), 100);
}

static int move(const char *reference, const char *user, int64_t amount) {
    struct scope s;
    struct db_tx *tx;
    scope_init(&s, "test", 10000);
    struct movement m = {.kind = "order",
                         .reference = reference,
                         .from = {"wallet", user},
                         .to = {"revenue", "sales"},
                         .amount = amount,
                         .currency = "EUR"};
    int err = db_begin(&s, billing_db(), &tx);
    if (!err) err = ledger_move(tx, &m);
    if (!err) err = db_commit(tx);
    scope_end(&s);
    return err;
}

static void money_moves_once_and_only_where_there_is_enough(void **state) {
    (void)state;
    need_bench();
    give_credit("ledger-d", 100);
    assert_int_equal(move("m1", "ledger-d", 101), NADIR_EDENIED);
    assert_int_equal(move("m1", "nobody", 1), NADIR_EDENIED);
    assert_int_equal(available("ledger-d"), 100);
    assert_int_equal(move("m1", "ledger-d", 60), 0);
    assert_int_equal(move("m1", "ledger-d", 10), NADIR_ECONFLICT);
    assert_int_equal(available("ledger-d"), 40);
    assert_int_equal(number("SELECT count(*) FROM posting p JOIN transfer t ON t.id = p.transfer WHERE t.reference = $1", "m1"),
                     2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unbalanced_transfers_are_refused),
        cmocka_unit_test(the_ledger_is_append_only),
        cmocka_unit_test(wallets_cannot_be_driven_below_what_is_held),
        cmocka_unit_test(money_moves_once_and_only_where_there_is_enough),
    };
    return cmocka_run_group_tests(tests, open_all, bench_close);
}
