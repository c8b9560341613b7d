/* page.h: lists that page by an opaque cursor (`?cursor=&limit=`, answer `"next": "<cursor>"|null`).
 *
 *     struct page page;
 *     if (page_read(rq, rs, &page)) return 0;
 *     … WHERE ($1::text IS NULL OR id > $1) ORDER BY id LIMIT $2, with page.after and page.limit + 1 …
 *     int count = page_count(rows, &page);
 *     … "next", page_next(rq->scope, rows, &page, column of id) …
 *
 * The extra row tells whether there is a next page. The cursor is the last row's key, so a page never repeats or skips a row
 * because others came or went.
 */
#ifndef NADIR_PAGE_H
#define NADIR_PAGE_H

#include "common/db.h"
#include "common/http.h"

struct page {
    int64_t limit;     /* 1..200, 50 unless told */
    const char *after; /* the key after which to go on; NULL: from the start */
};

/** Reads `limit` and `cursor`. Answers 400 itself and returns NADIR_EINVAL. */
int page_read(const struct request *rq, struct response *rs, struct page *out);
/** As page_read where the key is a positive integer: *after is 0 from the start. */
int page_read_number(const struct request *rq, struct response *rs, struct page *out, int64_t *after);
/** Rows to show of a result that was asked for with limit + 1. */
int page_count(const struct db_rows *rows, const struct page *page);
/** The cursor of the next page, a string, or JSON null. key is the column of the key. */
json_t *page_next(struct scope *s, const struct db_rows *rows, const struct page *page, int key);

#endif
