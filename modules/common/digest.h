/* digest.h: checksums of files (OpenSSL). */
#ifndef NADIR_DIGEST_H
#define NADIR_DIGEST_H

#include <stdint.h>

/** Hex digest of a file by an algorithm that OpenSSL knows ("SHA256", "MD5", "SHA3-256"). hex holds 129 bytes; size may be
 * NULL. NADIR_ENOTFOUND if it cannot be read, NADIR_EINVAL for an unknown algorithm. */
int digest_file(const char *path, const char *algorithm, char hex[129], int64_t *size);
/** SHA-256 of text. hex holds 65 bytes. */
void digest_text(const char *text, char hex[65]);

#endif
