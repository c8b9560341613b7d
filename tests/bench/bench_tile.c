/* bench_tile: draws random tiles of one scene with the view module's renderer alone: no HTTP, no database.
 *
 *     NADIR_DATA=dir bench_tile --style true-color --tiles 500 --threads 2 [--format png|jpg] [--from 10] [--to 14] red=b4.tif
 * green=b3.tif …
 *
 * prints tiles a second, milliseconds of CPU a tile, and the 50th and 99th percentile of a tile's time. With --preview FILE it
 * writes one picture of the whole scene instead.
 */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "view/numbers.h"
#include "view/render.h"
#include "view/view.h"

struct options {
    const char *style, *format, *preview;
    int tiles, threads, least_zoom, most_zoom, size;
};

struct worker {
    pthread_t thread;
    const struct options *options;
    const struct scene *scene;
    const double *bounds;
    unsigned seed;
    int tiles;
    double *seconds;
    size_t bytes;
    int failed;
};

static json_t *item_of(char **args, int count) {
    json_t *assets = json_object();
    for (int i = 0; i < count; i++) {
        char *equals = strchr(args[i], '=');
        if (!equals) continue;
        *equals = '\0';
        json_object_set_new(assets, args[i],
                            json_pack("{s:s, s:s}", "type", "image/tiff; application=geotiff", "path", equals + 1));
    }
    return json_pack("{s:{}, s:o}", "properties", "assets", assets);
}

static int draw(struct scope *s, const struct worker *w, const struct map *map, const void **data, size_t *len) {
    struct picture picture;
    const struct style *style = scene_style(w->scene, w->options->style);
    if (!style) return NADIR_ENOTFOUND;
    int err = render(s, w->scene, style, map, &picture);
    if (err) return err;
    if (strcmp(w->options->format, "jpg") != 0) return picture_png(s, &picture, data, len);
    picture_background(&picture, 0xffffff);
    return picture_jpeg(s, &picture, data, len);
}

/* A tile whose middle lies in the scene. */
static struct map random_tile(struct worker *w) {
    const struct options *o = w->options;
    double box[4];
    view_mercator_box(w->bounds, box);
    int zoom = o->least_zoom + rand_r(&w->seed) % (o->most_zoom - o->least_zoom + 1);
    double side = 2 * MERCATOR_HALF / (1 << zoom);
    double x = box[0] + (box[2] - box[0]) * rand_r(&w->seed) / RAND_MAX;
    double y = box[1] + (box[3] - box[1]) * rand_r(&w->seed) / RAND_MAX;
    double west = floor((x + MERCATOR_HALF) / side) * side - MERCATOR_HALF;
    double south = floor((y + MERCATOR_HALF) / side) * side - MERCATOR_HALF;
    return (struct map){crs_mercator, {west, south, west + side, south + side}, o->size, o->size};
}

static void *work(void *arg) {
    struct worker *w = arg;
    for (int i = 0; i < w->tiles; i++) {
        struct scope s;
        const void *data;
        size_t len = 0;
        struct map map = random_tile(w);
        scope_init(&s, "bench", 0);
        int64_t began = clock_us();
        if (draw(&s, w, &map, &data, &len)) w->failed++;
        w->seconds[i] = (double)(clock_us() - began) / 1e6;
        w->bytes += len;
        scope_end(&s);
    }
    return NULL;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double cpu_seconds(void) {
    struct rusage u;
    (void)getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static int preview(struct worker *w) {
    struct scope s;
    const void *data;
    size_t len;
    struct map map = {.crs = crs_mercator, .width = w->options->size};
    scope_init(&s, "bench", 0);
    view_mercator_box(w->bounds, map.box);
    map.height = (int)lround(map.width * (map.box[3] - map.box[1]) / (map.box[2] - map.box[0]));
    int err = draw(&s, w, &map, &data, &len);
    FILE *file = err ? NULL : fopen(w->options->preview, "wb");
    if (file) {
        (void)fwrite(data, 1, len, file);
        (void)fclose(file);
    }
    scope_end(&s);
    if (err) (void)fprintf(stderr, "bench_tile: %s\n", nadir_strerror(err));
    return err || !file;
}

static int bench(const struct options *o, struct worker *workers) {
    int each = o->tiles / o->threads;
    int failed = 0;
    size_t bytes = 0;
    double *seconds = calloc((size_t)(each * o->threads) + 1, sizeof *seconds);
    if (!seconds) return 1;
    double cpu = cpu_seconds();
    int64_t began = clock_us();
    for (int i = 0; i < o->threads; i++) {
        workers[i].tiles = each;
        workers[i].seconds = seconds + (size_t)(i * each);
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i])) abort();
    }
    for (int i = 0; i < o->threads; i++) {
        (void)pthread_join(workers[i].thread, NULL);
        failed += workers[i].failed;
        bytes += workers[i].bytes;
    }
    double wall = (double)(clock_us() - began) / 1e6;
    cpu = cpu_seconds() - cpu;
    int n = each * o->threads;
    qsort(seconds, (size_t)n, sizeof *seconds, compare);
    printf("{\"tiles\": %d, \"failed\": %d, \"per_s\": %.1f, \"cpu_ms\": %.3f, \"p50_ms\": %.2f, \"p99_ms\": %.2f, \"kb\": "
           "%.1f}\n",
           n, failed, n / wall, cpu * 1000 / n, seconds[n / 2] * 1000, seconds[(int)(n * 0.99)] * 1000,
           (double)bytes / n / 1024);
    free(seconds);
    return failed != 0;
}

static const char *option(int argc, char **argv, const char *name, const char *otherwise) {
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0) return argv[i + 1];
    return otherwise;
}

int main(int argc, char **argv) {
    struct options o = {.style = option(argc, argv, "--style", ""),
                        .format = option(argc, argv, "--format", "png"),
                        .preview = option(argc, argv, "--preview", NULL)};
    struct worker workers[64] = {0};
    double bounds[4], pixel;
    bool ok = integer_parse(option(argc, argv, "--tiles", "200"), 1, 1000000, &o.tiles) &&
              integer_parse(option(argc, argv, "--threads", "1"), 1, 64, &o.threads) &&
              integer_parse(option(argc, argv, "--size", o.preview ? "512" : "256"), 1, PICTURE_SIDE_MOST, &o.size) &&
              integer_parse(option(argc, argv, "--from", "10"), 0, ZOOM_MOST, &o.least_zoom) &&
              integer_parse(option(argc, argv, "--to", "14"), o.least_zoom, ZOOM_MOST, &o.most_zoom);
    if (!ok) {
        (void)fprintf(stderr, "bench_tile: see the top of its source for the options\n");
        return 2;
    }
    struct scope s;
    scope_init(&s, "bench", 0);
    struct right_item item = {
        .collection = "bench", .item = "scene", .version = "1", .json = scope_json(&s, item_of(argv + 1, argc - 1))};
    struct scene *scene;
    if (scene_new(&item, &scene)) return 1;
    if (scene_extent(&s, scene, bounds, &pixel)) return 1;
    for (int i = 0; i < 64; i++)
        workers[i] = (struct worker){.options = &o, .scene = scene, .bounds = bounds, .seed = (unsigned)i + 1};
    int status = o.preview ? preview(&workers[0]) : bench(&o, workers);
    scene_release(scene);
    scope_end(&s);
    return status;
}
