/* batch_store.c: a batch by one transaction, whatever stands in its way. */
#include "common/log.h"
#include "discovery/catalogue/batch.h"

#define TRIES_MOST 5

static bool is_datas_fault(int err) {
    return err == NADIR_EINVAL || err == NADIR_EINTERNAL || err == NADIR_ETOOLARGE;
}

/* Tries rows [from, to) alone, keeping nothing: finds those that the database refuses. */
static int blame(struct scope *s, struct db *db, const struct batch *b, size_t from, size_t to) {
    struct batch part = *b;
    struct db_tx *tx;
    part.rows = b->rows + from;
    part.count = to - from;
    batch_again(&part);
    int err = db_begin(s, db, &tx);
    if (err) return err;
    err = batch_write(s, tx, &part);
    db_rollback(tx);
    batch_again(&part);
    if (!is_datas_fault(err)) return err == NADIR_ECONFLICT ? 0 : err;
    if (part.count == 1) {
        part.rows[0].outcome = OUTCOME_REFUSED;
        part.rows[0].why = "body: the database cannot store it";
        return 0;
    }
    size_t middle = from + part.count / 2;
    err = blame(s, db, b, from, middle);
    return err ? err : blame(s, db, b, middle, to);
}

static int store_once(struct scope *s, struct db *db, struct batch *b, int (*also)(struct db_tx *tx, void *arg), void *arg,
                      bool *rows_fault) {
    struct db_tx *tx;
    *rows_fault = false;
    int err = db_begin(s, db, &tx);
    if (err) return err;
    err = batch_write(s, tx, b);
    *rows_fault = is_datas_fault(err);
    if (!err && also) err = also(tx, arg);
    if (!err) return db_commit(tx);
    db_rollback(tx);
    return err;
}

int batch_store(struct scope *s, struct db *db, struct batch *b, int (*also)(struct db_tx *tx, void *arg), void *arg) {
    int err = batch_areas(s, db, b);
    for (int attempt = 0; !err && attempt < TRIES_MOST; attempt++) {
        bool rows_fault;
        err = store_once(s, db, b, also, arg, &rows_fault);
        if (!err) return 0;
        batch_again(b);
        if (rows_fault)
            err = blame(s, db, b, 0, b->count);
        else if (err == NADIR_ECONFLICT)
            err = 0;
        if (!err && attempt == TRIES_MOST - 1) err = NADIR_ECONFLICT;
    }
    return err;
}
