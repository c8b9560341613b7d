/* Thousands of random credits, quotes, orders, repeats and jobs against a small model of what wallets must hold.
 * NADIR_SEED repeats a run; NADIR_STEPS lengthens it. */
#include "bench.h"

#include <time.h>

#define USERS 4
#define ITEMS 60
#define JOBS 4000

struct model {
    json_int_t balance, held, price;
    int item;
    bool quoted, ordered;
    char quote[ID_SIZE], key[ID_SIZE]; /* the last quote, and the key of its order */
    bool owns[ITEMS];
};

static struct model users[USERS];
static struct {
    json_int_t amount;
    int user;
    bool placed;
} jobs[JOBS];
static int njobs;
static uint64_t seed;

/* xorshift64* (Vigna 2016): the same everywhere for the same seed. */
static uint64_t draw(uint64_t below) {
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (seed * 2685821657736338717u >> 11) % below;
}

static const char *user_name(int user) {
    static const char *const names[USERS] = {"prop-0", "prop-1", "prop-2", "prop-3"};
    return names[user];
}

static json_int_t item_price(int item) {
    return item % 3 == 0 ? 0 : 10 + item;
}

static int open_all(void **state) {
    (void)state;
    int err = bench_open("test_billing_property");
    if (err || !bench_up) return err;
    for (int i = 0; i < ITEMS; i++) {
        char name[16], offer[ID_SIZE];
        snprintf(name, sizeof(name), "i%d", i);
        publish_item("prop", name, NULL, 10, 45, 11, 46);
        publish_offer("prop", name, item_price(i) ? "fixed" : "free", item_price(i), 0, offer);
    }
    return 0;
}

static void step_credit(int u) {
    json_int_t amount = 1 + (json_int_t)draw(200);
    give_credit(user_name(u), amount);
    users[u].balance += amount;
}

static void step_quote(int u) {
    struct model *m = &users[u];
    m->item = (int)draw(ITEMS);
    char name[16];
    snprintf(name, sizeof(name), "i%d", m->item);
    struct reply r = quote(user_name(u), json_pack("[{s:s,s:s}]", "collection", "prop", "item", name), NULL);
    assert_int_equal(r.status, 201);
    m->price = m->owns[m->item] ? 0 : item_price(m->item);
    assert_int_equal(reply_int(&r, "total"), m->price);
    snprintf(m->quote, sizeof(m->quote), "%s", reply_text(&r, "quote"));
    id_new(m->key);
    m->quoted = true;
    m->ordered = false;
    json_decref(r.body);
}

static void step_order(int u) {
    struct model *m = &users[u];
    if (!m->quoted) return;
    bool fresh_key = draw(4) == 0;
    if (fresh_key && m->ordered) id_new(m->key);
    struct reply r = order(user_name(u), m->quote, m->key);
    if (m->ordered) {
        assert_int_equal(r.status, fresh_key ? 409 : 201);
    } else if (m->balance - m->held < m->price) {
        assert_int_equal(r.status, 402);
    } else {
        assert_int_equal(r.status, 201);
        m->balance -= m->price;
        m->owns[m->item] = m->ordered = true;
    }
    if (m->ordered && fresh_key) m->quoted = false; /* the key is no longer the order's */
    json_decref(r.body);
}

static void step_job(int u) {
    if (njobs == JOBS) return;
    char job[16];
    snprintf(job, sizeof(job), "p%d", njobs);
    json_int_t amount = 1 + (json_int_t)draw(80);
    assert_int_equal(
        deliver(holds_on_job, "job.created",
                json_pack("{s:s,s:s,s:I,s:s}", "job", job, "user", user_name(u), "estimate", amount, "currency", "EUR")),
        0);
    jobs[njobs].user = u;
    jobs[njobs].amount = amount;
    jobs[njobs].placed = users[u].balance - users[u].held >= amount;
    if (jobs[njobs].placed) users[u].held += amount;
    njobs++;
}

static void step_job_end(void) {
    if (njobs == 0) return;
    int j = (int)draw((uint64_t)njobs);
    char job[16];
    snprintf(job, sizeof(job), "p%d", j);
    json_int_t cost = (json_int_t)draw(100);
    bool well = draw(2) == 0;
    assert_int_equal(well ? deliver(holds_on_job, "job.succeeded", json_pack("{s:s,s:I}", "job", job, "cost", cost))
                          : deliver(holds_on_job, "job.failed", json_pack("{s:s}", "job", job)),
                     0);
    if (!jobs[j].placed) return;
    jobs[j].placed = false;
    struct model *m = &users[jobs[j].user];
    m->held -= jobs[j].amount;
    if (well) m->balance -= cost < jobs[j].amount ? cost : jobs[j].amount;
}

static void assert_model(void) {
    for (int u = 0; u < USERS; u++) {
        json_int_t amount, held;
        wallet(user_name(u), &amount, &held);
        assert_int_equal(amount, users[u].balance - users[u].held);
        assert_int_equal(held, users[u].held);
    }
    assert_books();
}

static void random_business_keeps_the_books(void **state) {
    (void)state;
    need_bench();
    const char *given = getenv("NADIR_SEED"), *length = getenv("NADIR_STEPS");
    seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    int steps = length ? (int)strtol(length, NULL, 10) : 3000;
    print_message("NADIR_SEED=%llu\n", (unsigned long long)seed);
    seed = seed * 2 + 1;
    for (int i = 0; i < steps; i++) {
        int u = (int)draw(USERS);
        switch (draw(8)) {
        case 0:
            step_credit(u);
            break;
        case 1:
        case 2:
            step_quote(u);
            break;
        case 3:
        case 4:
            step_order(u);
            break;
        case 5:
        case 6:
            step_job(u);
            break;
        default:
            step_job_end();
        }
        if (i % 250 == 249) assert_model();
    }
    assert_model();
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_business_keeps_the_books)};
    return cmocka_run_group_tests(tests, open_all, bench_close);
}
