#include "common/page.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int cursor_fault(struct response *rs) {
    response_error(rs, 400, "invalid-cursor", "cursor", "Pass `next` of the page before as it was given.");
    return NADIR_EINVAL;
}

int page_read(const struct request *rq, struct response *rs, struct page *out) {
    *out = (struct page){0};
    if (request_arg_int(rq, rs, "limit", 1, 200, 50, &out->limit)) return NADIR_EINVAL;
    const char *cursor = request_arg(rq, "cursor");
    if (!cursor) return 0;
    size_t len;
    out->after = (const char *)base64url_decode(rq->scope, cursor, strlen(cursor), &len);
    if (!out->after || len == 0 || !text_is_utf8(out->after, len)) return cursor_fault(rs);
    return 0;
}

int page_read_number(const struct request *rq, struct response *rs, struct page *out, int64_t *after) {
    *after = 0;
    if (page_read(rq, rs, out)) return NADIR_EINVAL;
    if (!out->after) return 0;
    char *end;
    errno = 0;
    long long value = strtoll(out->after, &end, 10);
    if (errno || *end || value <= 0) return cursor_fault(rs);
    *after = value;
    return 0;
}

int page_count(const struct db_rows *rows, const struct page *page) {
    return db_count(rows) > (int)page->limit ? (int)page->limit : db_count(rows);
}

json_t *page_next(struct scope *s, const struct db_rows *rows, const struct page *page, int key) {
    int count = page_count(rows, page);
    if (count == db_count(rows)) return json_null();
    const char *last = db_text(rows, count - 1, key);
    return json_string(base64url_encode(s, last, strlen(last)));
}
