/* keeper_sums.c: reads a file once for its CRC-32, MD5 and SHA-256. The row is locked while that goes on, so any number of
 * keepers may run, and what a killed one worked at is taken up at once. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "common/log.h"
#include "download/keeper.h"

#define BLOCK (1 << 20)

struct reading {
    EVP_MD_CTX *md5, *sha256;
    uLong crc32;
};

static void hex_write(EVP_MD_CTX *context, char *hex) {
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    EVP_DigestFinal_ex(context, bytes, &len);
    for (unsigned i = 0; i < len; i++) snprintf(hex + 2 * (size_t)i, 3, "%02x", bytes[i]);
}

/* Reads to the end. */
static int read_all(struct hold *h, int fd, struct reading *r) {
    static _Thread_local unsigned char block[BLOCK];
    ssize_t n;
    while ((n = read(fd, block, sizeof block)) > 0) {
        r->crc32 = crc32_z(r->crc32, block, (size_t)n);
        if (EVP_DigestUpdate(r->md5, block, (size_t)n) != 1 || EVP_DigestUpdate(r->sha256, block, (size_t)n) != 1)
            return NADIR_EINTERNAL;
        int err = keeper_beat(h);
        if (err) return err;
    }
    return n == 0 ? 0 : NADIR_ENOTFOUND;
}

static int digest(struct hold *h, int fd, struct file_sums *out) {
    struct reading r = {EVP_MD_CTX_new(), EVP_MD_CTX_new(), crc32_z(0, NULL, 0)};
    bool ok = r.md5 && r.sha256 && EVP_DigestInit_ex(r.md5, EVP_md5(), NULL) == 1 &&
              EVP_DigestInit_ex(r.sha256, EVP_sha256(), NULL) == 1;
    int err = ok ? read_all(h, fd, &r) : NADIR_EINTERNAL;
    if (!err) {
        hex_write(r.md5, out->md5);
        hex_write(r.sha256, out->sha256);
        out->crc32 = (int64_t)r.crc32;
    }
    EVP_MD_CTX_free(r.md5);
    EVP_MD_CTX_free(r.sha256);
    return err;
}

int file_sums_read(struct hold *h, const char *path, struct file_sums *out) {
    struct stat before, after;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return NADIR_ENOTFOUND;
    int err = fstat(fd, &before) == 0 && S_ISREG(before.st_mode) ? digest(h, fd, out) : NADIR_ENOTFOUND;
    if (!err && (fstat(fd, &after) != 0 || after.st_size != before.st_size || after.st_mtime != before.st_mtime))
        err = NADIR_ECONFLICT; /* it was written meanwhile */
    (void)close(fd);
    out->size = before.st_size;
    out->mtime = before.st_mtime;
    return err;
}

static int row_end(struct db_tx *tx, const char *path, const struct file_sums *f, int err) {
    if (err)
        return db_exec(tx, NULL, "UPDATE file_sum SET state = 'failed', urgent = false, ended_at = now() WHERE path = $1", "s",
                       path);
    return db_exec(
        tx, NULL,
        "UPDATE file_sum SET state = 'ready', urgent = false, size = $2, mtime = $3, crc32 = $4, md5 = $5, sha256 = $6,"
        " ended_at = now() WHERE path = $1",
        "slllss", path, f->size, f->mtime, f->crc32, f->md5, f->sha256);
}

int keeper_sum(struct scope *s, const struct keeper *k) {
    struct db_tx *tx;
    struct db_rows *row;
    struct file_sums f = {0};
    int err = db_begin(s, k->db, &tx);
    if (err) return err;
    err = db_exec(tx, &row,
                  "SELECT path FROM file_sum WHERE state = 'waiting' ORDER BY urgent DESC, asked_at"
                  " FOR UPDATE SKIP LOCKED LIMIT 1",
                  "");
    if (!err && db_count(row) == 0) err = NADIR_ENOTFOUND;
    if (!err) {
        const char *path = db_text(row, 0, 0);
        struct hold h = {tx, clock_us()};
        int read = file_sums_read(&h, scope_printf(s, "%s/%s", k->data, path), &f);
        err = read == 0 || read == NADIR_ENOTFOUND ? row_end(tx, path, &f, read) : read;
    }
    if (!err) return db_commit(tx);
    db_rollback(tx);
    return err;
}
