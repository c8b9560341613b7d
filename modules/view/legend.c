#include "view/legend.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "view/lettering.h"

#define INK 0x202020
#define TICK 4
#define BAR 20         /* the width of an upright bar */
#define ROOM_ACROSS 48 /* a number's with its distance to the next */
#define ROOM_DOWN 18

double legend_step(double low, double high, int most) {
    double rough = (high - low) / (most < 1 ? 1 : most);
    double power = pow(10, floor(log10(rough)));
    for (int i = 0; i < 3; i++) {
        static const double steps[] = {1, 2, 5};
        if (steps[i] * power >= rough * (1 - 1e-9)) return steps[i] * power;
    }
    return 10 * power;
}

/* Where numbers stand on a ramp: first * step to last * step. */
struct ticks {
    double low, high, step;
    int first, last;
};

/* False where there is no scale: a range too narrow, or too far from 0, for the precision of its ends. */
static bool ticks_of(const struct ramp *ramp, int most, struct ticks *out) {
    double low = (double)ramp->stops[0].at;
    double high = (double)ramp->stops[ramp->count - 1].at;
    if (!isfinite(low) || !isfinite(high) || !(high - low > 1e-6 * fmax(fabs(low), fabs(high)))) return false;
    double step = legend_step(low, high, most);
    *out = (struct ticks){low, high, step, (int)ceil(low / step - 1e-6), (int)floor(high / step + 1e-6)};
    return true;
}

static const char *number(struct scope *s, double value, double step) {
    return scope_printf(s, "%.6g", fabs(value) < step * 1e-6 ? 0 : value);
}

static void dot(struct picture *p, int x, int y) {
    static const unsigned char ink[4] = {INK >> 16, INK >> 8 & 0xff, INK & 0xff, 255};
    if (x >= 0 && y >= 0 && x < p->width && y < p->height)
        memcpy(p->rgba + 4 * ((size_t)y * (size_t)p->width + (size_t)x), ink, 4);
}

static void fill(struct picture *p, const struct ramp *ramp, bool upright, int wide, int high) {
    double first = (double)ramp->stops[0].at;
    double last = (double)ramp->stops[ramp->count - 1].at;
    int length = upright ? high : wide;
    for (int y = 0; y < high; y++)
        for (int x = 0; x < wide; x++) {
            int at = upright ? high - 1 - y : x;
            unsigned char *pixel = p->rgba + 4 * ((size_t)y * (size_t)p->width + (size_t)x);
            colour_of(ramp, first + (last - first) * at / (length > 1 ? length - 1 : 1), pixel);
            pixel[3] = 255;
        }
}

int legend_across(struct scope *s, const struct ramp *ramp, int width, int height, struct picture *out) {
    int err = picture_new(s, width, height, out);
    if (err) return err;
    bool numbered = height >= LEGEND_NUMBERED && width >= 2 * ROOM_ACROSS;
    if (numbered) picture_background(out, 0xffffff);
    int bar = numbered ? height - LETTER_HEIGHT - TICK - 1 : height;
    fill(out, ramp, false, width, bar);
    struct ticks t;
    if (!numbered || !ticks_of(ramp, width / ROOM_ACROSS, &t)) return 0;
    for (int i = t.first; i <= t.last; i++) {
        double v = i * t.step;
        int x = (int)lround((v - t.low) / (t.high - t.low) * (width - 1));
        const char *text = number(s, v, t.step);
        int letters = (int)strlen(text) * LETTER_WIDTH;
        int left = x - letters / 2;
        if (left + letters > width) left = width - letters;
        for (int dots = 0; dots < TICK; dots++) dot(out, x, bar + dots);
        lettering_line(out, left < 0 ? 0 : left, bar + TICK, text, INK);
    }
    return 0;
}

int legend_down(struct scope *s, const struct ramp *ramp, int width, int height, struct picture *out) {
    int err = picture_new(s, width, height, out);
    if (err) return err;
    picture_background(out, 0xffffff);
    int bar = width < BAR + 8 ? width : BAR;
    fill(out, ramp, true, bar, height);
    struct ticks t;
    if (bar == width || height < 2 * ROOM_DOWN || !ticks_of(ramp, height / ROOM_DOWN, &t)) return 0;
    for (int i = t.first; i <= t.last; i++) {
        double v = i * t.step;
        int y = (int)lround((t.high - v) / (t.high - t.low) * (height - 1));
        int top = y - LETTER_HEIGHT / 2;
        if (top + LETTER_HEIGHT > height) top = height - LETTER_HEIGHT;
        for (int dots = 0; dots < TICK; dots++) dot(out, bar + dots, y);
        lettering_line(out, bar + TICK + 4, top < 0 ? 0 : top, number(s, v, t.step), INK);
    }
    return 0;
}
