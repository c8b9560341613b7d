/* auth_keys.c: the key set: in memory, a copy on disk, the original at NADIR_JWKS_URL.
 *
 * identity may be down: then the copy serves, as long as it takes. A token with an unknown kid makes us ask again (a key
 * was rotated), at most every FETCH_PAUSE, so that forged kids cannot make us flood identity. A set older than FRESH is
 * asked for again, so that a key that was taken out dies.
 */
#include "common/auth_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/auth.h"
#include "common/config.h"
#include "common/error.h"
#include "common/fetch.h"
#include "common/log.h"

#define FETCH_PAUSE_US 5000000
#define FRESH_US 300000000
#define FETCH_TIMEOUT_MS 2000
#define SET_MOST 65536 /* bytes of JSON */

static pthread_rwlock_t set_lock = PTHREAD_RWLOCK_INITIALIZER; /* guards what stands below it */
static struct jwks *set;
static int64_t set_at; /* when it was fetched; 0: from disk */
static bool set_given; /* by auth_use_jwks: never fetched */

static pthread_mutex_t fetch_lock = PTHREAD_MUTEX_INITIALIZER; /* one fetch at a time; guards tried_at */
static int64_t tried_at;

static void set_replace(struct jwks *fresh, int64_t at, bool given) {
    pthread_rwlock_wrlock(&set_lock);
    struct jwks *old = fresh;
    if (given || !set_given) {
        old = set;
        set = fresh;
        set_at = at;
        set_given = given;
    }
    pthread_rwlock_unlock(&set_lock);
    jwks_free(old);
}

int auth_use_jwks(const char *json) {
    struct jwks *fresh;
    int err = jwks_parse(&fresh, json);
    if (err) return err;
    set_replace(fresh, clock_us(), true);
    auth_cache_clear();
    return 0;
}

/* ---- the copy on disk ---- */

static char *copy_path(struct scope *s) {
    const char *folder = config_text("NADIR_STATE", NULL);
    return folder && *folder ? scope_printf(s, "%s/jwks.json", folder) : NULL;
}

static void copy_read(struct scope *s) {
    const char *path = copy_path(s);
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) return;
    char *text = scope_alloc(s, SET_MOST + 1);
    size_t len = 0;
    ssize_t n;
    while (len < SET_MOST && (n = read(fd, text + len, SET_MOST - len)) != 0) {
        if (n > 0)
            len += (size_t)n;
        else if (errno != EINTR)
            break;
    }
    close(fd);
    struct jwks *fresh;
    if (len < SET_MOST && jwks_parse(&fresh, text) == 0) set_replace(fresh, 0, false);
}

static bool write_all(int fd, const char *text, size_t len) {
    while (len) {
        ssize_t n = write(fd, text, len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        text += n;
        len -= (size_t)n;
    }
    return fsync(fd) == 0;
}

/* By rename, so that a reader never sees half of it. */
static void copy_write(struct scope *s, const char *text, size_t len) {
    const char *path = copy_path(s);
    if (!path) return;
    char *draft = scope_printf(s, "%s.XXXXXX", path);
    int fd = mkostemp(draft, O_CLOEXEC);
    if (fd < 0) {
        log_warn(s, "cannot keep the key set on disk", "why", strerror(errno), NULL);
        return;
    }
    bool good = write_all(fd, text, len);
    close(fd);
    if (!good || rename(draft, path) != 0) {
        log_warn(s, "cannot keep the key set on disk", "why", strerror(errno), NULL);
        unlink(draft);
    }
}

/* ---- the original ---- */

static void set_fetch(struct scope *s) {
    const char *url = config_text("NADIR_JWKS_URL", NULL);
    if (!url || !*url) return;
    const struct fetch wanted = {.url = url, .timeout_ms = FETCH_TIMEOUT_MS, .most = SET_MOST, .flags = FETCH_INTERNAL};
    struct fetched got;
    struct jwks *fresh;
    if (fetch(s, &wanted, &got) != 0 || got.status != 200 || jwks_parse(&fresh, got.body) != 0) {
        log_warn(s, "cannot fetch the key set", "url", url, NULL);
        return;
    }
    set_replace(fresh, clock_us(), false);
    copy_write(s, got.body, got.body_len);
}

/* Brings the set up to date unless that was tried just now. True if the set may have changed. */
static bool set_refresh(struct scope *s) {
    pthread_mutex_lock(&fetch_lock);
    bool due = tried_at == 0 || clock_us() - tried_at > FETCH_PAUSE_US;
    if (due) {
        set_fetch(s);
        tried_at = clock_us();
    }
    pthread_mutex_unlock(&fetch_lock);
    return due;
}

/* Has some set at hand if one can be had. Several threads may come here at once: the later find it done. */
static void set_need(struct scope *s) {
    pthread_rwlock_rdlock(&set_lock);
    bool some = set != NULL, stale = !set_given && clock_us() - set_at > FRESH_US;
    pthread_rwlock_unlock(&set_lock);
    if (!some) copy_read(s);
    if (!some || stale) (void)set_refresh(s);
}

static int verify_once(struct scope *s, const char *token, const struct jwt_expect *expect, json_t **claims, const char **why,
                       bool *fixed) {
    pthread_rwlock_rdlock(&set_lock);
    int err = set ? jwt_verify(s, set, token, expect, claims, why) : NADIR_EUNAVAILABLE;
    *fixed = set_given;
    pthread_rwlock_unlock(&set_lock);
    return err;
}

int auth_keys_verify(struct scope *s, const char *token, const struct jwt_expect *expect, json_t **claims, const char **why) {
    bool fixed;
    set_need(s);
    int err = verify_once(s, token, expect, claims, why, &fixed);
    if (err == NADIR_ENOTFOUND && !fixed && set_refresh(s)) err = verify_once(s, token, expect, claims, why, &fixed);
    return err == NADIR_ENOTFOUND ? NADIR_EUNAUTH : err;
}
