/* wms_exception.c: what went wrong, as XML of the version spoken or as a picture (06-042 clause 7.3.3.11, annex E.2;
 * 01-068r3 clause 6.7 and annex A.3). */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "view/lettering.h"
#include "view/numbers.h"
#include "view/wms.h"

#define SIDE_USUAL 256

static const char xml_old[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE ServiceExceptionReport SYSTEM "
    "\"http://schemas.opengis.net/wms/1.1.1/exception_1_1_1.dtd\">\n<ServiceExceptionReport "
    "version=\"1.1.1\">\n<ServiceException code=\"%s\">%s</ServiceException>\n</ServiceExceptionReport>\n";

static int as_xml(const struct wms *w, int status, const char *code, const char *parameter, const char *text) {
    struct scope *s = w->rq->scope;
    if (w->old)
        return response_text(w->rs, status, "application/vnd.ogc.se_xml",
                             scope_printf(s, xml_old, http_escape(s, code), http_escape(s, text)));
    w->rs->error_code = code;
    return response_error(w->rs, status, code, parameter, "%s", text);
}

/* True if the value is one of the names that the two versions have for a form. */
static bool form(const char *value, const char *modern, const char *old) {
    return value && (strcasecmp(value, modern) == 0 || strcasecmp(value, old) == 0);
}

static int side(const struct wms *w, const char *name) {
    const char *text = request_kvp(w->rq, name);
    int value;
    return text && integer_parse(text, 1, PICTURE_SIDE_MOST, &value) ? value : SIDE_USUAL;
}

/* A picture of the size and format asked for, as far as they can be told. It is an answer like a map: 200, or no client shows
 * it. */
static int as_picture(const struct wms *w, const char *text, bool blank) {
    const char *format = request_kvp(w->rq, "FORMAT");
    const char *transparent = request_kvp(w->rq, "TRANSPARENT");
    const char *colour = request_kvp(w->rq, "BGCOLOR");
    bool jpeg = format && strcasecmp(format, "image/jpeg") == 0;
    unsigned background = 0xffffff;
    struct picture picture;
    const void *data;
    size_t len;
    int width = side(w, "WIDTH");
    int height = side(w, "HEIGHT");
    if (width > PICTURE_PIXELS_MOST / height) width = height = SIDE_USUAL;
    if (colour && !wms_read_colour(colour, &background)) background = 0xffffff;
    int err = picture_new(w->rq->scope, width, height, &picture);
    if (err) return err;
    if (jpeg || !transparent || strcasecmp(transparent, "TRUE") != 0) picture_background(&picture, background);
    if (!blank) lettering_fill(&picture, text, 0xb00020);
    err = jpeg ? picture_jpeg(w->rq->scope, &picture, &data, &len) : picture_png(w->rq->scope, &picture, &data, &len);
    if (err) return err;
    response_header(w->rs, "cache-control", "no-store");
    return response_data(w->rs, 200, jpeg ? "image/jpeg" : "image/png", data, len);
}

int wms_exception(const struct wms *w, int status, const char *code, const char *parameter, const char *format, ...) {
    const char *asked = w->map ? request_kvp(w->rq, "EXCEPTIONS") : NULL;
    bool blank = form(asked, "BLANK", "application/vnd.ogc.se_blank");
    char text[400];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t len = strlen(text);
    while (len && !text_is_utf8(text, len)) text[--len] = '\0'; /* a character that was cut */
    if (blank || form(asked, "INIMAGE", "application/vnd.ogc.se_inimage")) return as_picture(w, text, blank);
    return as_xml(w, status, code, parameter, text);
}

int wms_fail(const struct wms *w, int err) {
    if (err == NADIR_ENOTFOUND)
        return wms_exception(w, 404, "LayerNotDefined", "LAYERS", "What is to be drawn cannot be read.");
    if (err == NADIR_EINVAL)
        return wms_exception(w, 400, "StyleNotDefined", "STYLES", "The layer has not the bands that the style is made of.");
    if (err == NADIR_ETIMEOUT)
        return wms_exception(w, 504, "NoApplicableCode", NULL, "This map took too long to draw: ask for a smaller one.");
    if (err == NADIR_EINTERNAL) return wms_exception(w, 500, "NoApplicableCode", NULL, "The map could not be drawn.");
    response_header(w->rs, "retry-after", "2");
    return wms_exception(w, 503, "NoApplicableCode", NULL, "The service is busy: try again in a few seconds.");
}
