#include "processing/runner/stage.h"

#include <cpl_vsi.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/child.h"
#include "common/error.h"
#include "common/log.h"
#include "common/rights.h"

#define FETCH_MOST ((vsi_l_offset)16 << 30)
#define CUT_SECONDS 1200
#define CHUNK ((size_t)1 << 20)

/* A band in NADIR_DATA: its real place, which must be a plain file below the data folder. */
static const char *local_band(struct scope *s, const char *data, const char *path) {
    char root[PATH_MAX], real[PATH_MAX];
    struct stat st;
    if (!realpath(data, root) || !realpath(scope_printf(s, "%s/%s", data, path), real)) return NULL;
    size_t len = strlen(root);
    if (strncmp(real, root, len) != 0 || real[len] != '/' || stat(real, &st) || !S_ISREG(st.st_mode)) return NULL;
    return scope_strdup(s, real);
}

static int copy_all(VSILFILE *from, int to, stage_beat beat, void *context) {
    char *buffer = malloc(CHUNK);
    vsi_l_offset done = 0;
    int err = buffer ? 0 : NADIR_ENOMEM;
    while (!err) {
        size_t n = VSIFReadL(buffer, 1, CHUNK, from);
        if (n == 0) break;
        done += n;
        if (done > FETCH_MOST || write(to, buffer, n) != (ssize_t)n) err = NADIR_EINTERNAL;
        if (!err && !beat(context)) err = NADIR_ECONFLICT;
    }
    free(buffer);
    return err ? err : VSIFEofL(from) ? 0 : NADIR_ENOTFOUND;
}

static const char *remote_name(struct scope *s, const char *path) {
    return strncmp(path, "http", 4) == 0 ? scope_printf(s, "/vsicurl/%s", path) : path;
}

/* A band elsewhere: fetched into the attempt's folder. */
static int remote_band(struct scope *s, const char *path, const char *to, stage_beat beat, void *context) {
    VSILFILE *from = VSIFOpenL(remote_name(s, path), "rb");
    if (!from) return NADIR_ENOTFOUND;
    int fd = open(to, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    int err = fd < 0 ? NADIR_EINTERNAL : copy_all(from, fd, beat, context);
    if (fd >= 0) close(fd);
    (void)VSIFCloseL(from);
    return err;
}

/* What of a staging is passed through. */
struct staging {
    struct scope *scope;
    const char *data, *folder;
    struct sandbox *box;
    stage_beat beat;
    void *context;
    const char **why;
};

/* What was bought for an area: the part in it, made beside the other inputs. Names as GDAL opens them. */
static int cut_band(const struct staging *g, const char *source, const json_t *areas, const char *to) {
    struct scope *s = g->scope;
    const char *program = child_beside(s, "nadir-cut"), *file = scope_printf(s, "%s.json", to);
    struct child_end end;
    if (!program || json_dump_file(areas, file, 0)) return NADIR_EINTERNAL;
    int err = child_run((const char *[]){program, source, file, to, NULL}, CUT_SECONDS, g->beat, g->context, &end);
    if (err) return err;
    if (end.overdue) return NADIR_ECONFLICT;
    if (end.status == 0) return 0;
    log_warn(s, "a band could not be cut", "said", end.said, NULL);
    *g->why = scope_printf(s, "%s, cut to the area that was bought: %s", *g->why, end.said);
    return NADIR_ENOTFOUND;
}

static int stage_asset(const struct staging *g, const char *input, const char *key, json_t *asset) {
    struct scope *s = g->scope;
    const char *path = json_string_value(json_object_get(asset, "path")), *host = NULL;
    *g->why = scope_printf(s, "band \"%s\" of input \"%s\" is not there any more", key, input);
    if (!rights_path_safe(path)) return NADIR_ENOTFOUND;
    const json_t *areas = json_object_get(asset, "areas");
    bool remote = path[0] == '/' || strncmp(path, "http", 4) == 0;
    if (areas) {
        host = scope_printf(s, "%s/in/%s.%s.tif", g->folder, input, key);
        const char *source = remote ? remote_name(s, path) : local_band(s, g->data, path);
        int err = source ? cut_band(g, source, areas, host) : NADIR_ENOTFOUND;
        if (err) return err;
        (void)json_object_del(asset, "areas");
    } else if (remote) {
        host = scope_printf(s, "%s/in/%s.%s.tif", g->folder, input, key);
        int err = remote_band(s, path, host, g->beat, g->context);
        if (err) return err;
    } else {
        host = local_band(s, g->data, path);
    }
    if (!host) return NADIR_ENOTFOUND;
    const char *inside = scope_printf(s, "/in/%s/%s.tif", input, key);
    (void)json_object_set_new(asset, "path", json_string(inside));
    return sandbox_mount(g->box, host, inside, false);
}

static int stage_all(const struct staging *g, json_t *scenes) {
    const char *input, *key;
    json_t *scene, *asset;
    json_object_foreach(scenes, input, scene) {
        json_object_foreach(json_object_get(scene, "assets"), key, asset) {
            int err = stage_asset(g, input, key, asset);
            if (err) return err;
        }
    }
    return 0;
}

int stage_inputs(struct scope *s, const struct job *job, const char *data, const char *folder, struct sandbox *box,
                 stage_beat beat, void *context, const char **why) {
    json_t *scenes = scope_json(s, json_deep_copy(json_object_get(job->work, "scenes")));
    struct staging g = {s, data, folder, box, beat, context, why};
    int err = stage_all(&g, scenes);
    if (err) return err;
    json_t *file = json_pack("{s:s,s:s,s:s,s:O,s:O,s:s,s:O}", "job", job->job, "process", job->process, "version", job->version,
                             "parameters", json_object_get(job->work, "parameters"), "inputs", scenes, "result",
                             "/out/result.tif", "limits", json_object_get(job->work, "limits"));
    const char *path = scope_printf(s, "%s/in/job.json", folder);
    scope_json(s, file);
    if (!file || json_dump_file(file, path, JSON_INDENT(2))) return NADIR_EINTERNAL;
    return sandbox_mount(box, path, "/in/job.json", false);
}
