/* wms_capabilities.c: GetCapabilities (OGC 06-042 clause 7.2; 1.1.1: OGC 01-068r3 clause 7.1 and its DTD).
 *
 * Every named layer repeats its coordinate systems and boxes, although the standard lets layers inherit them: some clients
 * (ogc-client among them) read only the layer itself. All public items are far too many for one document: the collections and
 * the newest items are listed, LAYERS=name,… asks for chosen ones, and /view/wms/{collection}/{item} has just that item and its
 * assets.
 */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "view/instances.h"
#include "view/legend.h"
#include "view/wms.h"

#define COLLECTIONS_MOST 500
#define LISTED_MOST 1000
#define OWN_MOST 200
#define KEPT_US 60000000

/* Text that grows; the buffer is the scope's in the end. */
struct text {
    FILE *stream;
    char *data;
    size_t len;
};

static const char head_new[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<WMS_Capabilities version=\"1.3.0\" xmlns=\"http://www.opengis.net/wms\" xmlns:sld=\"http://www.opengis.net/sld\" "
    "xmlns:xlink=\"http://www.w3.org/1999/xlink\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
    "xsi:schemaLocation=\"http://www.opengis.net/wms http://schemas.opengis.net/wms/1.3.0/capabilities_1_3_0.xsd "
    "http://www.opengis.net/sld http://schemas.opengis.net/sld/1.1.0/sld_capabilities.xsd\">\n<Service><Name>WMS</Name>";
static const char head_old[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE WMT_MS_Capabilities SYSTEM "
                               "\"http://schemas.opengis.net/wms/1.1.1/capabilities_1_1_1.dtd\">\n"
                               "<WMT_MS_Capabilities version=\"1.1.1\">\n<Service><Name>OGC:WMS</Name>";

static const char *const exceptions[2][3] = {
    {"XML", "INIMAGE", "BLANK"},
    {"application/vnd.ogc.se_xml", "application/vnd.ogc.se_inimage", "application/vnd.ogc.se_blank"},
};

static void write_operation(const struct wms *w, FILE *f, const char *name, const char *const *formats, const char *address) {
    fprintf(f, "<%s>", name);
    for (; *formats; formats++) fprintf(f, "<Format>%s</Format>", *formats);
    fprintf(f,
            "<DCPType><HTTP><Get><OnlineResource %sxlink:type=\"simple\" xlink:href=\"%s%s\"/></Get></HTTP></DCPType></%s>\n",
            w->old ? "xmlns:xlink=\"http://www.w3.org/1999/xlink\" " : "", address, strchr(address, '?') ? "&amp;" : "?", name);
}

/* The box in longitude and latitude, which every layer has. */
static void write_earth(const struct wms *w, FILE *f, const double b[4]) {
    if (w->old)
        fprintf(f, "<LatLonBoundingBox minx=\"%.9g\" miny=\"%.9g\" maxx=\"%.9g\" maxy=\"%.9g\"/>", b[0], b[1], b[2], b[3]);
    else
        fprintf(f,
                "<EX_GeographicBoundingBox><westBoundLongitude>%.9g</westBoundLongitude><eastBoundLongitude>%.9g"
                "</eastBoundLongitude><southBoundLatitude>%.9g</southBoundLatitude><northBoundLatitude>%.9g"
                "</northBoundLatitude></EX_GeographicBoundingBox>",
                b[0], b[2], b[1], b[3]);
}

/* The root has what all layers have in common: the systems, and the whole earth. */
static void write_root(const struct wms *w, FILE *f) {
    static const double earth[4] = {-180, -90, 180, 90};
    const char *tag = w->old ? "SRS" : "CRS";
    fprintf(f, "<Layer><Title>Nadir</Title><Abstract>Collections, scenes and their assets</Abstract>");
    fprintf(f, "<%s>EPSG:3857</%s><%s>EPSG:4326</%s>", tag, tag, tag, tag);
    if (!w->old) fprintf(f, "<CRS>CRS:84</CRS>");
    write_earth(w, f, earth);
    fprintf(f, "\n");
}

static void write_head(const struct wms *w, FILE *f, const char *address) {
    static const char *const maps[] = {"image/png", "image/jpeg", NULL};
    static const char *const infos[] = {"application/json", "text/plain", "text/html", "application/vnd.ogc.gml", NULL};
    static const char *const legends[] = {"image/png", NULL};
    const char *const capabilities[] = {w->old ? "application/vnd.ogc.wms_xml" : "text/xml", NULL};
    fprintf(f, "%s<Title>Nadir</Title><Abstract>Collections, scenes and products of the catalogue as maps</Abstract>",
            w->old ? head_old : head_new);
    fprintf(f, "<KeywordList><Keyword>satellite</Keyword><Keyword>imagery</Keyword></KeywordList>");
    fprintf(f, "<OnlineResource xmlns:xlink=\"http://www.w3.org/1999/xlink\" xlink:type=\"simple\" xlink:href=\"%s\"/>",
            address);
    fprintf(f, "<Fees>none</Fees><AccessConstraints>none</AccessConstraints>");
    if (!w->old)
        fprintf(f, "<LayerLimit>%d</LayerLimit><MaxWidth>%d</MaxWidth><MaxHeight>%d</MaxHeight>", WMS_LAYERS, PICTURE_SIDE_MOST,
                PICTURE_SIDE_MOST);
    fprintf(f, "</Service>\n<Capability><Request>\n");
    write_operation(w, f, "GetCapabilities", capabilities, address);
    write_operation(w, f, "GetMap", maps, address);
    write_operation(w, f, "GetFeatureInfo", infos, address);
    write_operation(w, f, w->old ? "GetLegendGraphic" : "sld:GetLegendGraphic", legends, address);
    fprintf(f, "</Request>\n<Exception>");
    for (size_t i = 0; i < 3; i++) fprintf(f, "<Format>%s</Format>", exceptions[w->old][i]);
    fprintf(f,
            "</Exception>\n<%sUserDefinedSymbolization SupportSLD=\"1\" UserLayer=\"0\" UserStyle=\"1\" RemoteWFS=\"0\"%s/>\n",
            w->old ? "" : "sld:", w->old ? "" : " InlineFeature=\"0\" RemoteWCS=\"0\"");
    write_root(w, f);
}

static void write_box(const struct wms *w, FILE *f, const char *name, const double b[4], bool turned) {
    fprintf(f, "<BoundingBox %s=\"%s\" minx=\"%.9g\" miny=\"%.9g\" maxx=\"%.9g\" maxy=\"%.9g\"/>", w->old ? "SRS" : "CRS", name,
            b[turned], b[!turned], b[2 + turned], b[3 - turned]);
}

/* The UTM zone that the middle lies in (zones of 6 degrees from 180 W), on WGS 84. */
static int utm_of(const double bounds[4]) {
    double middle = (bounds[0] + bounds[2]) / 2;
    double latitude = (bounds[1] + bounds[3]) / 2;
    int zone = (int)fmin(fmax(floor((middle + 180) / 6) + 1, 1), 60);
    return (latitude < 0 ? 32700 : 32600) + zone;
}

static void write_boxes(const struct wms *w, FILE *f, const struct layer *layer) {
    static const char *const always[] = {"EPSG:3857", "EPSG:4326", "CRS:84"};
    double b[4] = {layer->bbox[0], layer->bbox[1], layer->bbox[2], layer->bbox[3]};
    double box[4];
    const char *tag = w->old ? "SRS" : "CRS";
    if (b[2] < b[0]) { /* across the antimeridian: WMS knows no such box */
        b[0] = -180;
        b[2] = 180;
    }
    bool polar = fabs(b[1]) > 84 || fabs(b[3]) > 84 || b[2] - b[0] > 12;
    struct crs utm = {.epsg = utm_of(b)};
    for (size_t i = 0; i < ARRAY_SIZE(always) - (w->old ? 1 : 0); i++) fprintf(f, "<%s>%s</%s>", tag, always[i], tag);
    if (!polar) fprintf(f, "<%s>EPSG:%d</%s>", tag, utm.epsg, tag);
    write_earth(w, f, b);
    view_mercator_box(b, box);
    write_box(w, f, "EPSG:3857", box, false);
    write_box(w, f, "EPSG:4326", b, !w->old);
    if (!w->old) write_box(w, f, "CRS:84", b, false);
    if (!polar && crs_convert_box(&crs_84, &utm, b, box)) {
        char name[16];
        (void)snprintf(name, sizeof name, "EPSG:%d", utm.epsg);
        write_box(w, f, name, box, false);
    }
}

/* The dimension of a collection (06-042 annex C; in 1.1.1 its values stand in Extent). Days: any moment may be asked for. */
static void write_time(const struct wms *w, FILE *f, const struct layer *layer) {
    if (layer->kind != LAYER_COLLECTION) return;
    struct scope *s = w->rq->scope;
    const char *from = scope_strndup(s, time_text(s, layer->from), 10);
    const char *to = scope_strndup(s, time_text(s, layer->to), 10);
    const char *how = "multipleValues=\"1\" nearestValue=\"0\" current=\"1\"";
    if (w->old)
        fprintf(f, "<Dimension name=\"time\" units=\"ISO8601\"/><Extent name=\"time\" default=\"%s/%s\" %s>%s/%s/P1D</Extent>",
                from, to, how, from, to);
    else
        fprintf(f, "<Dimension name=\"time\" units=\"ISO8601\" default=\"%s/%s\" %s>%s/%s/P1D</Dimension>", from, to, how, from,
                to);
}

static void write_styles(const struct wms *w, FILE *f, const struct layer *layer) {
    struct scope *s = w->rq->scope;
    const struct style *made = layer_computed(w->rq, layer);
    if (made)
        fprintf(
            f,
            "<Style><Name>expression</Name><Title>%s</Title><LegendURL width=\"%d\" height=\"%d\"><Format>image/png</Format>"
            "<OnlineResource xmlns:xlink=\"http://www.w3.org/1999/xlink\" xlink:type=\"simple\" "
            "xlink:href=\"%s/view/v1/legends/expression.png?%s\"/></LegendURL></Style>",
            http_escape(s, made->title), LEGEND_WIDTH, LEGEND_NUMBERED, http_escape(s, w->rq->base_url),
            http_escape(s, layer_query(w->rq) + 1));
    for (const struct style *style = layer_style_next(layer, NULL); style; style = layer_style_next(layer, style)) {
        fprintf(f, "<Style><Name>%s</Name><Title>%s</Title>", style->id, http_escape(s, style->title));
        if (style->ramp)
            fprintf(f,
                    "<LegendURL width=\"256\" height=\"20\"><Format>image/png</Format><OnlineResource "
                    "xmlns:xlink=\"http://www.w3.org/1999/xlink\" xlink:type=\"simple\" "
                    "xlink:href=\"%s/view/v1/legends/%s.png\"/></LegendURL>",
                    http_escape(s, instances_home(w->rq)), style->id);
        fprintf(f, "</Style>");
    }
}

/* Further out a collection has more scenes than are drawn. At the equator, in pixels of 0.28 mm (06-042 clause 7.2.4.6.9); the
 * hint of 1.1.1 is the diagonal of a pixel in metres. */
static void write_scale(const struct wms *w, FILE *f, const struct layer *layer) {
    double pixel = 2 * MERCATOR_HALF / 256 / pow(2, layer->first_zoom);
    if (!layer->first_zoom) return;
    if (w->old)
        fprintf(f, "<ScaleHint min=\"0\" max=\"%.9g\"/>", pixel * M_SQRT2);
    else
        fprintf(f, "<MaxScaleDenominator>%.9g</MaxScaleDenominator>", pixel / 0.00028);
}

static void write_layer(const struct wms *w, FILE *f, const struct layer *layer) {
    if (!layer->has_bbox) return;
    struct scope *s = w->rq->scope;
    fprintf(f, "<Layer queryable=\"1\"><Name>%s</Name><Title>%s</Title>", http_escape(s, layer->name),
            http_escape(s, layer->title));
    write_boxes(w, f, layer);
    write_time(w, f, layer);
    write_styles(w, f, layer);
    write_scale(w, f, layer);
    fprintf(f, "</Layer>\n");
}

static int write_collections(const struct wms *w, FILE *f) {
    struct layer *layers;
    int count;
    int err = layer_collections(w->rq, COLLECTIONS_MOST, &layers, &count);
    for (int i = 0; !err && i < count; i++) write_layer(w, f, &layers[i]);
    return err;
}

static int write_own(const struct wms *w, FILE *f) {
    struct layer *layers;
    int count;
    int err = layer_own(w->rq, OWN_MOST, &layers, &count);
    for (int i = 0; !err && i < count; i++) write_layer(w, f, &layers[i]);
    return err;
}

/* An item and each of its assets. */
static int write_item(const struct wms *w, FILE *f, const char *name) {
    struct layer layer;
    int err = layer_get(w->rq, name, &layer);
    if (err) return err;
    write_layer(w, f, &layer);
    for (const char *asset = layer_asset_next(&layer, NULL); asset; asset = layer_asset_next(&layer, asset)) {
        struct layer of_asset;
        err = layer_get(w->rq, scope_printf(w->rq->scope, "%s/%s", name, asset), &of_asset);
        if (err && err != NADIR_ENOTFOUND) return err;
        if (!err) write_layer(w, f, &of_asset);
    }
    return 0;
}

static int read_newest(const struct wms *w, FILE *f) {
    struct layer *layers;
    int count;
    int err = layer_newest(w->rq, LISTED_MOST, &layers, &count);
    for (int i = 0; !err && i < count; i++) write_layer(w, f, &layers[i]);
    return err;
}

/* The layers of the newest items, kept for a minute or until there is a newer item: reading a thousand documents takes a while.
 * One for each version of the protocol; the addresses in it are the gateway's, whoever asks. */
struct kept {
    char *layers;
    size_t len;
    char newest[64];
    int64_t made_us;
};

static struct kept kept[2];
static pthread_mutex_t kept_lock = PTHREAD_MUTEX_INITIALIZER;

static bool write_kept(const struct wms *w, FILE *f, const char *newest) {
    (void)pthread_mutex_lock(&kept_lock);
    const struct kept *k = &kept[w->old];
    bool good = k->layers && strcmp(k->newest, newest) == 0 && clock_us() - k->made_us < KEPT_US;
    if (good) (void)fwrite(k->layers, 1, k->len, f);
    (void)pthread_mutex_unlock(&kept_lock);
    return good;
}

static void keep(const struct wms *w, const struct text *text, const char *newest) {
    if (strlen(newest) >= sizeof kept[0].newest) {
        free(text->data);
        return;
    }
    (void)pthread_mutex_lock(&kept_lock);
    struct kept *k = &kept[w->old];
    free(k->layers);
    *k = (struct kept){.layers = text->data, .len = text->len, .made_us = clock_us()};
    memcpy(k->newest, newest, strlen(newest) + 1);
    (void)pthread_mutex_unlock(&kept_lock);
}

static int write_newest(struct wms *w, FILE *f) {
    struct db_rows *rows;
    struct text text = {0};
    int err = db_query(w->rq->scope, module_db("view"), &rows,
                       "SELECT version FROM right_item WHERE owner IS NULL ORDER BY version DESC LIMIT 1", "");
    if (err || !db_count(rows)) return err;
    const char *newest = db_text(rows, 0, 0);
    if (computed_asked(w->rq)) return read_newest(w, f);
    if (write_kept(w, f, newest)) return 0;
    text.stream = open_memstream(&text.data, &text.len);
    if (!text.stream) return NADIR_ENOMEM;
    err = read_newest(w, text.stream);
    if (fclose(text.stream) != 0 && !err) err = NADIR_ENOMEM;
    if (!err) (void)fwrite(text.data, 1, text.len, f);
    if (err)
        free(text.data);
    else
        keep(w, &text, newest);
    return err;
}

/* LAYERS=name,…: only those, as far as they exist for the caller. */
static int write_chosen(struct wms *w, FILE *f, const char *names_given) {
    char *names = scope_strdup(w->rq->scope, names_given);
    char *name;
    for (int i = 0; i < LISTED_MOST && (name = strsep(&names, ",")); i++) {
        struct layer layer;
        int err = layer_get(w->rq, name, &layer);
        if (err && err != NADIR_ENOTFOUND) return err;
        if (!err) write_layer(w, f, &layer);
    }
    return 0;
}

static int write_layers(struct wms *w, FILE *f) {
    const char *collection = pairs_get(&w->rq->params, "collection");
    const char *chosen = request_kvp(w->rq, "LAYERS");
    if (collection) return write_item(w, f, scope_printf(w->rq->scope, "%s/%s", collection, request_param(w->rq, "item")));
    if (chosen && *chosen) return write_chosen(w, f, chosen);
    int err = write_collections(w, f);
    if (!err) err = write_own(w, f);
    return err ? err : write_newest(w, f);
}

int wms_capabilities(struct wms *w) {
    struct scope *s = w->rq->scope;
    struct text text = {0};
    text.stream = open_memstream(&text.data, &text.len);
    if (!text.stream) return NADIR_ENOMEM;
    const char *query = layer_query(w->rq);
    const char *address =
        http_escape(s, scope_printf(s, "%s%s%s%s", w->rq->base_url, w->rq->path, *query ? "?" : "", *query ? query + 1 : ""));
    write_head(w, text.stream, address);
    int err = write_layers(w, text.stream);
    fprintf(text.stream, "</Layer>\n</Capability>\n%s\n", w->old ? "</WMT_MS_Capabilities>" : "</WMS_Capabilities>");
    if (fclose(text.stream) != 0 && !err) err = NADIR_ENOMEM;
    if (text.data) scope_defer(s, free, text.data);
    if (err == NADIR_ENOTFOUND)
        return wms_exception(w, 404, "LayerNotDefined", NULL, "There is no such item that you may see.");
    if (err) return wms_fail(w, err);
    view_listed(w->rq, w->rs);
    return view_text(w->rq, w->rs, w->old ? "application/vnd.ogc.wms_xml" : "text/xml; charset=utf-8", text.data);
}
