/* stage.h: puts a job's inputs in place: the bands, read-only, and /in/job.json that names them. */
#ifndef NADIR_RUNNER_STAGE_H
#define NADIR_RUNNER_STAGE_H

#include "processing/runner/folder.h"
#include "processing/runner/queue.h"
#include "processing/sandbox/sandbox.h"

/** Called now and then during long work; false: stop. */
typedef bool (*stage_beat)(void *context);

/** Adds the mounts of the inputs to the box and writes job.json below folder/in. Bands in NADIR_DATA are mounted where they
 * lie; bands elsewhere are fetched by GDAL's virtual file systems first. Returns 0, or NADIR_ENOTFOUND with *why (for the job's
 *  record), NADIR_ECONFLICT when beat said stop, or NADIR_EINTERNAL. */
int stage_inputs(struct scope *s, const struct job *job, const char *data, const char *folder, struct sandbox *box,
                 stage_beat beat, void *context, const char **why);

#endif
