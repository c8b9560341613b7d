/* digest.c */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "common/digest.h"
#include "common/error.h"

static void hex_write(const unsigned char *bytes, unsigned len, char *hex) {
    for (unsigned i = 0; i < len; i++) snprintf(hex + 2 * (size_t)i, 3, "%02x", bytes[i]);
}

static int stream_digest(FILE *file, EVP_MD_CTX *context, int64_t *size) {
    static _Thread_local unsigned char buffer[1 << 16];
    size_t got;
    *size = 0;
    while ((got = fread(buffer, 1, sizeof buffer, file)) > 0) {
        if (EVP_DigestUpdate(context, buffer, got) != 1) return NADIR_EINTERNAL;
        *size += (int64_t)got;
    }
    return ferror(file) ? NADIR_ENOTFOUND : 0;
}

int digest_file(const char *path, const char *algorithm, char hex[129], int64_t *size) {
    const EVP_MD *md = EVP_get_digestbyname(algorithm);
    if (!md) return NADIR_EINVAL;
    FILE *file = fopen(path, "rbe");
    if (!file) return NADIR_ENOTFOUND;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    int64_t read = 0;
    int err = context && EVP_DigestInit_ex(context, md, NULL) == 1 ? stream_digest(file, context, &read) : NADIR_EINTERNAL;
    if (!err && EVP_DigestFinal_ex(context, bytes, &len) != 1) err = NADIR_EINTERNAL;
    EVP_MD_CTX_free(context);
    fclose(file);
    if (err) return err;
    hex_write(bytes, len, hex);
    if (size) *size = read;
    return 0;
}

void digest_text(const char *text, char hex[65]) {
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    EVP_Digest(text, strlen(text), bytes, &len, EVP_sha256(), NULL);
    hex_write(bytes, 32, hex);
}
