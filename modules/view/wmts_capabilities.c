/* wmts_capabilities.c: GetCapabilities (OGC 07-057r7 clause 7.1). Which layers are listed is as in wms_capabilities.c.
 *
 * ArcMap takes a tile matrix set only when its system is an EPSG code: urn:ogc:def:crs:EPSG::3857, or with use_epsg=true the
 * short "EPSG:3857" that some of its versions want.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "view/legend.h"
#include "view/wmts.h"

#define COLLECTIONS_MOST 500
#define LISTED_MOST 300
#define OWN_MOST 200
#define ZONES 60

struct document {
    const struct wmts *w;
    FILE *f;
    const char *address; /* of the service, escaped */
    const char *query;   /* "name=value&" that its addresses carry on, escaped; or "" */
    bool short_names;    /* EPSG:3857 instead of the URN */
    bool zones[ZONES];   /* UTM sets that some layer has */
};

static const char *escape(const struct document *d, const char *text) {
    return http_escape(d->w->rq->scope, text);
}

static void write_operation(const struct document *d, const char *name) {
    fprintf(d->f,
            "<ows:Operation name=\"%s\"><ows:DCP><ows:HTTP><ows:Get xlink:href=\"%s?%s\"><ows:Constraint name=\"GetEncoding\">"
            "<ows:AllowedValues><ows:Value>KVP</ows:Value></ows:AllowedValues></ows:Constraint></ows:Get>",
            name, d->address, d->query);
    fprintf(d->f,
            "<ows:Get xlink:href=\"%s/1.0.0/\"><ows:Constraint name=\"GetEncoding\"><ows:AllowedValues><ows:Value>RESTful"
            "</ows:Value></ows:AllowedValues></ows:Constraint></ows:Get></ows:HTTP></ows:DCP></ows:Operation>\n",
            escape(d, scope_printf(d->w->rq->scope, "%s/view/wmts", d->w->rq->base_url)));
}

static void write_head(const struct document *d) {
    fprintf(d->f,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Capabilities xmlns=\"http://www.opengis.net/wmts/1.0\" "
            "xmlns:ows=\"http://www.opengis.net/ows/1.1\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" "
            "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:schemaLocation=\"http://www.opengis.net/wmts/1.0 "
            "http://schemas.opengis.net/wmts/1.0/wmtsGetCapabilities_response.xsd\" version=\"1.0.0\">\n");
    fprintf(d->f,
            "<ows:ServiceIdentification><ows:Title>Nadir</ows:Title><ows:Abstract>Collections, scenes and products of the "
            "catalogue as tiles</ows:Abstract><ows:ServiceType>OGC WMTS</ows:ServiceType><ows:ServiceTypeVersion>1.0.0"
            "</ows:ServiceTypeVersion><ows:Fees>none</ows:Fees><ows:AccessConstraints>none</ows:AccessConstraints>"
            "</ows:ServiceIdentification>\n<ows:OperationsMetadata>\n");
    write_operation(d, "GetCapabilities");
    write_operation(d, "GetTile");
    write_operation(d, "GetFeatureInfo");
    fprintf(d->f, "</ows:OperationsMetadata>\n<Contents>\n");
}

static void write_styles(const struct document *d, const struct layer *layer) {
    const struct style *made = layer_computed(d->w->rq, layer);
    bool first = !made;
    if (made)
        fprintf(d->f,
                "<Style isDefault=\"true\"><ows:Title>%s</ows:Title><ows:Identifier>expression</ows:Identifier><LegendURL "
                "format=\"image/png\" width=\"%d\" height=\"%d\" xlink:href=\"%s/view/v1/legends/expression.png?%s\"/></Style>",
                escape(d, made->title), LEGEND_WIDTH, LEGEND_NUMBERED, escape(d, d->w->rq->base_url),
                escape(d, layer_query(d->w->rq) + 1));
    for (const struct style *style = layer_style_next(layer, NULL); style; style = layer_style_next(layer, style)) {
        fprintf(d->f, "<Style%s><ows:Title>%s</ows:Title><ows:Identifier>%s</ows:Identifier>",
                first ? " isDefault=\"true\"" : "", escape(d, style->title), style->id);
        if (style->ramp)
            fprintf(d->f,
                    "<LegendURL format=\"image/png\" width=\"256\" height=\"20\" xlink:href=\"%s/view/v1/legends/%s.png\"/>",
                    escape(d, d->w->rq->base_url), style->id);
        fprintf(d->f, "</Style>");
        first = false;
    }
}

/* A layer's name as part of an address, and for a collection the time. */
static void write_address(const struct document *d, const struct layer *layer, const char *kind, const char *format,
                          const char *end) {
    struct scope *s = d->w->rq->scope;
    fprintf(d->f,
            "<ResourceURL format=\"%s\" resourceType=\"%s\" template=\"%s/%s/{Style}%s/{TileMatrixSet}/{TileMatrix}/{TileRow}/"
            "{TileCol}%s%s%s\"/>",
            format, kind, escape(d, scope_printf(s, "%s/view/wmts/1.0.0", d->w->rq->base_url)),
            escape(d, http_encode_path(s, layer->name)), layer->kind == LAYER_COLLECTION ? "/time={Time}" : "", end,
            *d->query ? "?" : "", d->query);
}

static void write_time(const struct document *d, const struct layer *layer) {
    struct scope *s = d->w->rq->scope;
    if (layer->kind != LAYER_COLLECTION) return;
    fprintf(d->f,
            "<Dimension><ows:Identifier>Time</ows:Identifier><ows:UOM>ISO8601</ows:UOM><Default>default</"
            "Default><Current>true</Current>"
            "<Value>default</Value><Value>%.10s/%.10s/P1D</Value></Dimension>",
            time_text(s, layer->from), time_text(s, layer->to));
}

static void write_layer(struct document *d, const struct layer *layer) {
    static const char *const infos[][2] = {{"application/json", ".json"}, {"text/plain", ".txt"}, {"text/html", ".html"}};
    struct tile_set set;
    if (!layer->has_bbox) return;
    double b[4] = {layer->bbox[0], layer->bbox[1], layer->bbox[2], layer->bbox[3]};
    if (b[2] < b[0]) { /* OWS Common has no box across the antimeridian that clients understand */
        b[0] = -180;
        b[2] = 180;
    }
    fprintf(
        d->f,
        "<Layer><ows:Title>%s</ows:Title><ows:WGS84BoundingBox><ows:LowerCorner>%.9g %.9g</ows:LowerCorner><ows:UpperCorner>"
        "%.9g %.9g</ows:UpperCorner></ows:WGS84BoundingBox><ows:Identifier>%s</ows:Identifier>",
        escape(d, layer->title), b[0], b[1], b[2], b[3], escape(d, layer->name));
    write_styles(d, layer);
    fprintf(d->f, "<Format>image/png</Format><Format>image/jpeg</Format>");
    for (size_t i = 0; i < ARRAY_SIZE(infos); i++) fprintf(d->f, "<InfoFormat>%s</InfoFormat>", infos[i][0]);
    write_time(d, layer);
    for (int i = 0; i < TILE_SETS; i++) {
        tile_set_at(i, &set);
        fprintf(d->f, "<TileMatrixSetLink><TileMatrixSet>%s</TileMatrixSet></TileMatrixSetLink>", set.id);
    }
    if (tile_set_utm(b, &set)) {
        d->zones[set.crs.epsg - 32601] = true;
        fprintf(d->f, "<TileMatrixSetLink><TileMatrixSet>%s</TileMatrixSet></TileMatrixSetLink>", set.id);
    }
    write_address(d, layer, "tile", "image/png", ".png");
    write_address(d, layer, "tile", "image/jpeg", ".jpg");
    for (size_t i = 0; i < ARRAY_SIZE(infos); i++)
        write_address(d, layer, "FeatureInfo", infos[i][0], scope_printf(d->w->rq->scope, "/{J}/{I}%s", infos[i][1]));
    fprintf(d->f, "</Layer>\n");
}

static void write_set(const struct document *d, const struct tile_set *set) {
    bool turned = set->crs.lat_first;
    fprintf(d->f, "<TileMatrixSet><ows:Title>%s</ows:Title><ows:Identifier>%s</ows:Identifier>", set->title, set->id);
    if (d->short_names)
        fprintf(d->f, "<ows:SupportedCRS>EPSG:%d</ows:SupportedCRS>", set->crs.epsg);
    else
        fprintf(d->f, "<ows:SupportedCRS>%s</ows:SupportedCRS>", set->crs_urn);
    if (set->scale_set) fprintf(d->f, "<WellKnownScaleSet>%s</WellKnownScaleSet>", set->scale_set);
    for (int z = set->first; z <= set->last; z++)
        fprintf(
            d->f,
            "<TileMatrix><ows:Identifier>%d</ows:Identifier><ScaleDenominator>%.15g</ScaleDenominator><TopLeftCorner>%.15g "
            "%.15g"
            "</TopLeftCorner><TileWidth>%d</TileWidth><TileHeight>%d</TileHeight><MatrixWidth>%d</MatrixWidth><MatrixHeight>%d"
            "</MatrixHeight></TileMatrix>",
            z, tile_set_scale(set, z), turned ? set->top : set->left, turned ? set->left : set->top, TILE_SIDE, TILE_SIDE,
            tile_set_columns(set, z), tile_set_rows(set, z));
    fprintf(d->f, "</TileMatrixSet>\n");
}

static void write_sets(const struct document *d) {
    struct tile_set set;
    for (int i = 0; i < TILE_SETS; i++) {
        tile_set_at(i, &set);
        write_set(d, &set);
    }
    for (int i = 0; i < ZONES; i++) {
        char id[24];
        (void)snprintf(id, sizeof id, "UTM%02dWGS84Quad", i + 1);
        if (d->zones[i] && tile_set_find(id, &set)) write_set(d, &set);
    }
}

/* An item and each of its assets. */
static int write_item(struct document *d, const char *name) {
    struct layer layer;
    int err = layer_get(d->w->rq, name, &layer);
    if (err) return err;
    write_layer(d, &layer);
    for (const char *asset = layer_asset_next(&layer, NULL); asset; asset = layer_asset_next(&layer, asset)) {
        struct layer of_asset;
        err = layer_get(d->w->rq, scope_printf(d->w->rq->scope, "%s/%s", name, asset), &of_asset);
        if (err && err != NADIR_ENOTFOUND) return err;
        if (!err) write_layer(d, &of_asset);
    }
    return 0;
}

static int write_layers(struct document *d) {
    struct request *rq = d->w->rq;
    const char *collection = pairs_get(&rq->params, "collection");
    struct layer *layers;
    int count;
    if (collection) return write_item(d, scope_printf(rq->scope, "%s/%s", collection, request_param(rq, "item")));
    int err = layer_collections(rq, COLLECTIONS_MOST, &layers, &count);
    for (int i = 0; !err && i < count; i++) write_layer(d, &layers[i]);
    if (!err) err = layer_own(rq, OWN_MOST, &layers, &count);
    for (int i = 0; !err && i < count; i++) write_layer(d, &layers[i]);
    if (!err) err = layer_newest(rq, LISTED_MOST, &layers, &count);
    for (int i = 0; !err && i < count; i++) write_layer(d, &layers[i]);
    return err;
}

int wmts_capabilities(const struct wmts *w) {
    struct scope *s = w->rq->scope;
    const char *short_names = request_kvp(w->rq, "use_epsg");
    bool item = pairs_get(&w->rq->params, "collection") != NULL;
    struct document d = {.w = w, .short_names = short_names && strcasecmp(short_names, "true") == 0};
    char *data = NULL;
    size_t len = 0;
    d.address = escape(&d, scope_printf(s, "%s%s", w->rq->base_url, item ? w->rq->path : "/view/wmts"));
    const char *query = layer_query(w->rq);
    d.query = *query ? escape(&d, scope_printf(s, "%s&", query + 1)) : "";
    d.f = open_memstream(&data, &len);
    if (!d.f) return NADIR_ENOMEM;
    write_head(&d);
    int err = write_layers(&d);
    write_sets(&d);
    fprintf(d.f, "</Contents>\n<ServiceMetadataURL xlink:href=\"%s\"/>\n</Capabilities>\n",
            escape(&d, item ? scope_printf(s, "%s%s?service=WMTS&request=GetCapabilities", w->rq->base_url, w->rq->path)
                            : scope_printf(s, "%s/view/wmts/1.0.0/WMTSCapabilities.xml", w->rq->base_url)));
    if (fclose(d.f) != 0 && !err) err = NADIR_ENOMEM;
    if (data) scope_defer(s, free, data);
    if (err == NADIR_ENOTFOUND)
        return wmts_exception(w, 404, "InvalidParameterValue", "Layer", "There is no such item that you may see.");
    if (err) return err;
    view_listed(w->rq, w->rs);
    return view_text(w->rq, w->rs, "application/xml", data);
}
