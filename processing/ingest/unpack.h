/* unpack.h: unpacking of providers' archives (libarchive), without trust. */
#ifndef INGEST_UNPACK_H
#define INGEST_UNPACK_H

#include "product.h"

/** True if the name ends like an archive that we take: .zip .tar .tar.gz .tgz .tar.bz2. */
bool archive_named(const char *path);
/** Unpacks regular files below a folder that is there. Refused: paths that lead out of it, links and devices, more than 20,000
 *  entries, more bytes than `most` or than 200 times the archive, a full disk. */
int archive_unpack(const char *path, const char *folder, int64_t most, struct refusal *r);
/** True if a relative path stays below where it starts: not empty, not absolute, no "..", at most 512 bytes, no control bytes.
 */
bool path_stays_below(const char *path);

#endif
