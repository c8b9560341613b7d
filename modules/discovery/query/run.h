/* run.h: one run of a query, for the files of query/ only. */
#ifndef DISCOVERY_RUN_H
#define DISCOVERY_RUN_H

#include "discovery/query/moment.h"
#include "discovery/query/query.h"

#define KEYS_MOST (SORTS_MOST + 2)

enum key_kind { KEY_DATETIME, KEY_COLLECTION, KEY_ID, KEY_OTHER };

/* One part of the order. The last two are collection and id unless they were sorted by, so that the order is total. */
struct key {
    enum key_kind kind;
    const char *property;
    bool descending;
};

/* Where in the tables the rows are looked for. */
enum source {
    SOURCE_FOOTPRINT,
    SOURCE_ITEM,  /* names and times are all that is asked for: the table of documents alone */
    SOURCE_NAMED, /* by id, and by more than names: first the item, then its footprint */
};

struct run {
    struct scope *s;
    const struct auth *who;
    const struct query *q;
    struct fault *f;
    enum source source;
    const char *leaf; /* the one partition that is looked at now; NULL: all */
    struct key keys[KEYS_MOST];
    size_t nkeys;
    bool alike;             /* all keys are columns of the table and point one way: rows can be compared as a whole */
    int64_t oldest, newest; /* datetimes beyond which nothing can match */
    bool top_open;          /* which partition the newest items are in was not known rightly: look at all */
    bool rare;          /* the collections asked for hold few items: they are found by that, not by the place, and counted */
    bool in_order;      /* rows are read in the order of time until the page is full, whatever place is asked for */
    bool lasting_known; /* oldest and newest hold for items that last longer than a day, too */

    const char *after[KEYS_MOST]; /* the values of the last row found; NULL: SQL NULL */
    const char *first[KEYS_MOST]; /* of the first row found; set when there is any */
    bool continued;               /* after is set */
    bool backward;                /* what is before `after` is looked for, nearest first: every key the other way round */
    int64_t span;                 /* what time an item of the last page took; 0: not known */

    int64_t offset_left;
    struct page *out;
    size_t room, bytes;
    bool full; /* the page holds as many bytes as it may */
};

/* Times that a query's interval can be nominal times of, if nothing lasts longer than a day. */
#define REACH_US DAY_US

/* ---- keys.c ---- */
int keys_set(struct run *r);
/** Which way key i is walked now. */
bool keys_down(const struct run *r, size_t i);
/** Column names k0, k1, … for the keys of `footprint f`. */
int keys_columns(struct sql *sql, const struct run *r);
/** The texts of columns p.k0, p.k1, …, that a token keeps. */
void keys_texts(struct sql *sql, const struct run *r);
/** " ORDER BY …"; by columns (k0, …) or by expressions. */
void keys_order(struct sql *sql, const struct run *r);
/** " AND (…)": what comes after the last row, the way that is walked. */
int keys_after(struct sql *sql, const struct run *r);

/* ---- conditions.c ---- */
/** "FROM …" with the query's conditions, without times of the nominal datetime. */
int conditions_add(struct sql *sql, const struct run *r);
void conditions_window(struct sql *sql, int64_t from, int64_t to); /* both included */
/** The query's interval as a range. */
void conditions_interval(struct sql *sql, const struct query *q);
/** An array of texts as a parameter, or a single one: " AND f.collection = $n". */
void conditions_names(struct sql *sql, const char *column, const struct names *names);
/** Sets oldest and newest to what the query's interval and its filter leave. */
void run_interval(struct run *r);
/** Sets oldest and newest; where items last longer than a day, *wider than the interval tells. */
int conditions_reach(struct run *r, bool *wider);

/* ---- token.c ---- */
/** For the page after the row of these keys, or the one before it. */
const char *token_make(const struct run *r, const char *const *row, bool backward, int64_t matched, bool estimated);
/** Sets after, continued, backward and span from the query's token. */
int token_read(struct run *r, int64_t *matched, bool *estimated);

/* ---- count.c ---- */
/** True if the collections asked for, if any, hold few items, whoever may see them. */
int count_is_rare(const struct run *r, bool *rare);
/** True if the kept counts know how many there are. */
bool count_is_kept(const struct run *r);
int count_kept(const struct run *r, int64_t *out);
/** The same as an SQL expression. */
void count_kept_add(struct sql *sql, const struct run *r);
/** found: how many there are with nominal times in [from, to]; whole: that they were all found. */
int count_rest(const struct run *r, int64_t found, int64_t from, int64_t to, bool whole, int64_t *matched, bool *estimated);

/* ---- days.c ---- */
/** Public items with nominal times in [from, to], from a copy that is some seconds old. For estimates and plans only. */
double days_items(struct scope *s, int64_t from, int64_t to);
/** Forgets the copy: the next question reads it anew. */
void days_forget(void);
/** The newest and the oldest day of that copy, in moments; 0 when there are none. */
bool days_extent(struct scope *s, int64_t *oldest, int64_t *newest);

/* ---- walk.c ---- */
int walk(struct run *r, int64_t *matched, bool *estimated, bool *more);

/** Adds a condition on alias `a` (its owner, collection and id) for what the caller may see, " AND …"; nothing for all. */
void rights_add(struct sql *sql, const struct auth *who, const char *a);
/** The same condition, "(…)", for a subject that an SQL expression names, who is not one to see everything. */
void rights_condition(struct sql *sql, const char *subject, const char *a);

#endif
