/* progress.c */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "progress.h"

#define WIDTH 30

static struct {
    const char *product;
    char step[64];
    int steps, done, percent;
} now;

static void bar_draw(double fraction) {
    int percent = now.steps > 0 ? (int)(100.0 * (now.done + fraction) / now.steps) : 0;
    if (percent <= now.percent || !isatty(STDERR_FILENO)) return; /* GDAL counts each of its passes from 0 */
    now.percent = percent > 100 ? 100 : percent;
    char bar[WIDTH + 1];
    for (int i = 0; i < WIDTH; i++) bar[i] = i < now.percent * WIDTH / 100 ? '#' : '.';
    bar[WIDTH] = '\0';
    fprintf(stderr, "\r\033[K[%s] %3d%% %.60s: %s", bar, now.percent, now.product, now.step);
    fflush(stderr);
}

void progress_begin(const char *product, int steps) {
    now.product = product;
    now.steps = steps;
    now.done = -1;
    now.percent = -1;
    if (!isatty(STDERR_FILENO)) fprintf(stderr, "%s: %d steps\n", product, steps);
}

void progress_step(const char *name) {
    now.done++;
    snprintf(now.step, sizeof now.step, "%s", name);
    bar_draw(0);
}

int progress_gdal(double fraction, const char *message, void *data) {
    (void)message;
    (void)data;
    bar_draw(fraction < 0 ? 0 : fraction > 1 ? 1 : fraction);
    return 1;
}

void progress_end(const char *product, const char *state, const char *reason) {
    if (isatty(STDERR_FILENO)) fputs("\r\033[K", stderr);
    fprintf(stderr, "%s: %s%s%s\n", product, state, *reason ? ": " : "", reason);
}
