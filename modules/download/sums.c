/* sums.c: what is known of files; nadir-keeper (keeper_sums.c) computes it. */
#include "download/sums.h"

#include <string.h>
#include <sys/stat.h>

#include "common/config.h"
#include "download/cold.h"
#include "download/download.h"

enum column { STATE, SIZE, MTIME, CRC32, MD5, SHA256, URGENT };

static json_t *paths_json(struct scope *s, const char *const *paths, size_t count) {
    json_t *list = scope_json(s, json_array());
    for (size_t i = 0; i < count; i++) json_array_append_new(list, json_string(paths[i]));
    return list;
}

static struct sum sum_read(struct scope *s, const char *path, const struct db_rows *r, int row) {
    struct stat st;
    const char *state = db_text(r, row, STATE);
    bool cold = stat(scope_printf(s, "%s/%s", config_text("NADIR_DATA", ""), path), &st) != 0;
    if (cold ? !cold_find(s, path, &st) : !S_ISREG(st.st_mode)) return (struct sum){.state = SUM_GONE};
    struct sum out = {.state = cold ? SUM_COLD : SUM_WAITING, .size = st.st_size, .mtime = st.st_mtime};
    out.asked = state && strcmp(state, "waiting") == 0 && db_bool(r, row, URGENT);
    if (!state || strcmp(state, "ready") != 0 || db_int(r, row, SIZE) != out.size || db_int(r, row, MTIME) != out.mtime)
        return out;
    if (!cold) out.state = SUM_READY;
    out.crc32 = (uint32_t)db_int(r, row, CRC32);
    out.md5 = db_text(r, row, MD5);
    out.sha256 = db_text(r, row, SHA256);
    return out;
}

int sums_find(struct scope *s, const char *const *paths, size_t count, struct sum *out) {
    struct db_rows *r;
    int err =
        db_query(s, download_db(), &r,
                 "SELECT state, size, mtime, crc32, md5, sha256, urgent"
                 " FROM jsonb_array_elements_text($1::jsonb) WITH ORDINALITY AS p (path, n) LEFT JOIN file_sum USING (path)"
                 " ORDER BY n",
                 "j", paths_json(s, paths, count));
    for (size_t i = 0; !err && i < count; i++) out[i] = sum_read(s, paths[i], r, (int)i);
    return err;
}

/* nadir-keeper holds the row that it works at: such a row is only looked at. */
#define AGAIN                                                                                                                  \
    "UPDATE file_sum SET state = 'waiting', urgent = urgent OR $2, asked_at = now() WHERE path IN"                             \
    " (SELECT path FROM file_sum WHERE path IN (SELECT jsonb_array_elements_text($1::jsonb)) FOR UPDATE SKIP LOCKED)"

int sums_ask(struct scope *s, const char *const *paths, size_t count, const struct sum *sums) {
    const char **wanted = scope_alloc(s, (count + 1) * sizeof *wanted);
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (sums[i].state == SUM_WAITING && !sums[i].asked) wanted[n++] = paths[i];
    if (n == 0) return 0;
    const json_t *list = paths_json(s, wanted, n);
    int err = db_query(s, download_db(), NULL,
                       "INSERT INTO file_sum (path, urgent) SELECT jsonb_array_elements_text($1::jsonb), true"
                       " ON CONFLICT DO NOTHING",
                       "j", list);
    return err ? err : db_query(s, download_db(), NULL, AGAIN, "jb", list, 1);
}

int sums_on_item(struct scope *s, struct db_tx *tx, const struct event *e) {
    (void)s;
    if (strcmp(e->type, "item.published") != 0 && strcmp(e->type, "item.updated") != 0) return 0;
    int err =
        db_exec(tx, NULL, "INSERT INTO file_sum (path) SELECT asset_files($1::jsonb) ON CONFLICT DO NOTHING", "j", e->data);
    if (err || strcmp(e->type, "item.updated") != 0) return err;
    return db_exec(tx, NULL,
                   "UPDATE file_sum SET state = 'waiting', asked_at = now() WHERE path IN (SELECT path FROM file_sum"
                   " WHERE path IN (SELECT asset_files($1::jsonb)) AND state <> 'waiting' FOR UPDATE SKIP LOCKED)",
                   "j", e->data);
}
