/* days.c: how many items there are of which day, from a copy in memory: what plans and estimates are made with. Never what is
 * told as exact. */
#include <pthread.h>
#include <stdlib.h>

#include "common/module.h"
#include "discovery/query/run.h"

#define KEPT_US INT64_C(5000000)

static struct {
    pthread_mutex_t lock;
    int64_t read_us; /* 0: never */
    size_t count;
    int64_t *day;  /* ascending, since 1970 */
    double *until; /* items of all days up to this one */
} copy = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Replaces the copy; an old one is better than none. */
static void read_days(struct scope *s) {
    struct db_rows *rows;
    copy.read_us = clock_us();
    if (db_query(s, module_db("discovery"), &rows,
                 "SELECT day - date '1970-01-01', sum(items) FROM item_count GROUP BY day ORDER BY day", ""))
        return;
    size_t count = (size_t)db_count(rows);
    int64_t *day = malloc((count + 1) * sizeof *day);
    double *until = malloc((count + 1) * sizeof *until), total = 0;
    if (!day || !until) abort();
    for (size_t i = 0; i < count; i++) {
        day[i] = db_int(rows, (int)i, 0);
        until[i] = total += db_double(rows, (int)i, 1);
    }
    free(copy.day);
    free(copy.until);
    copy.day = day;
    copy.until = until;
    copy.count = count;
}

static void copy_hold(struct scope *s) {
    pthread_mutex_lock(&copy.lock);
    if (copy.read_us == 0 || clock_us() - copy.read_us > KEPT_US) read_days(s);
}

/* Items of days before the given one. */
static double before(int64_t day) {
    size_t low = 0, high = copy.count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (copy.day[middle] < day)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? copy.until[low - 1] : 0;
}

/* Items before a moment, its own day in proportion. */
static double before_moment(int64_t us) {
    if (us == OPEN_PAST) return 0;
    if (us == OPEN_FUTURE) return copy.count ? copy.until[copy.count - 1] : 0;
    int64_t day = moment_day(us);
    double at = before(day), next = before(day + 1);
    return at + (next - at) * (double)(us - day * DAY_US) / (double)DAY_US;
}

double days_items(struct scope *s, int64_t from, int64_t to) {
    copy_hold(s);
    double items = before_moment(to) - before_moment(from);
    pthread_mutex_unlock(&copy.lock);
    return items;
}

bool days_extent(struct scope *s, int64_t *oldest, int64_t *newest) {
    copy_hold(s);
    bool any = copy.count > 0;
    *oldest = any ? copy.day[0] * DAY_US : 0;
    *newest = any ? (copy.day[copy.count - 1] + 1) * DAY_US : 0;
    pthread_mutex_unlock(&copy.lock);
    return any;
}

void days_forget(void) {
    pthread_mutex_lock(&copy.lock);
    copy.read_us = 0;
    pthread_mutex_unlock(&copy.lock);
}
