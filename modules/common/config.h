/* config.h: settings from the environment, read once. NADIR_X may instead be given as NADIR_X_FILE, a file that holds it. */
#ifndef NADIR_CONFIG_H
#define NADIR_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

/** A setting ("NADIR_REDIS"), or otherwise. The text lives as long as the process. */
const char *config_text(const char *name, const char *otherwise);
/** An integer within bounds; a malformed value is logged and gives otherwise. */
int64_t config_int(const char *name, int64_t least, int64_t most, int64_t otherwise);
bool config_bool(const char *name, bool otherwise);
/** A setting that must be there: logs and returns NULL when it is not. */
const char *config_need(const char *name);

#endif
