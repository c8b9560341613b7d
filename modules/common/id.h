/* id.h: identifiers. */
#ifndef NADIR_ID_H
#define NADIR_ID_H

#include <stdbool.h>
#include <stddef.h>

#define ID_SIZE 37 /* 36 characters and the end */

/** A UUIDv7 (RFC 9562 section 5.7): sorts by time. */
void id_new(char out[ID_SIZE]);
/** True if text is a UUID in the 8-4-4-4-12 form. */
bool id_valid(const char *text);
/** n random bytes from the system; aborts if there are none to be had. */
void random_bytes(void *out, size_t n);

#endif
