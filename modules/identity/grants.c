#include "identity/grants.h"

#include <string.h>

#include "common/bus.h"
#include "identity/identity.h"

/* The statement for a column: the name is one of ours, never a caller's. */
static const char *live_tokens(const char *column) {
#define LIVE(name)                                                                                                             \
    "DELETE FROM access_token t USING oauth_grant g WHERE t.grant_id = g.id AND g." name " = $1 AND t.expires_at > now() "     \
    "RETURNING t.jti, " RFC3339("t.expires_at")
    if (strcmp(column, "account") == 0) return LIVE("account");
    if (strcmp(column, "session") == 0) return LIVE("session");
    return LIVE("id");
#undef LIVE
}

static int void_one(struct db_tx *tx, const char *jti, const char *expires_at) {
    int err = db_exec(tx, NULL,
                      "INSERT INTO auth_revoked (id, expires_at) VALUES ($1, $2::timestamptz + interval '1 minute') "
                      "ON CONFLICT (id) DO NOTHING",
                      "ss", jti, expires_at);
    return err ? err : bus_emit(tx, "token.revoked", jti, json_pack("{s:s,s:s}", "jti", jti, "expires_at", expires_at));
}

int grants_void_access(struct db_tx *tx, const char *column, const char *value) {
    struct db_rows *rows;
    int err = db_exec(tx, &rows, live_tokens(column), "s", value);
    for (int i = 0; !err && i < db_count(rows); i++) err = void_one(tx, db_text(rows, i, 0), db_text(rows, i, 1));
    return err;
}

int grants_end(struct db_tx *tx, const char *column, const char *value) {
    const char *sql = "UPDATE oauth_grant SET ended_at = now() WHERE id = $1 AND ended_at IS NULL";
    if (strcmp(column, "account") == 0) sql = "UPDATE oauth_grant SET ended_at = now() WHERE account = $1 AND ended_at IS NULL";
    if (strcmp(column, "session") == 0) sql = "UPDATE oauth_grant SET ended_at = now() WHERE session = $1 AND ended_at IS NULL";
    int err = db_exec(tx, NULL, sql, "s", value);
    return err ? err : grants_void_access(tx, column, value);
}

int grants_void_token(struct db_tx *tx, const char *jti, int64_t expires) {
    struct db_rows *rows;
    int err = db_exec(tx, NULL, "DELETE FROM access_token WHERE jti = $1", "s", jti);
    if (!err) err = db_exec(tx, &rows, "SELECT " RFC3339("to_timestamp($1)"), "l", expires);
    return err ? err : void_one(tx, jti, db_text(rows, 0, 0));
}
