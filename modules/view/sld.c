#include "view/sld.h"

#include <libxml/parser.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/error.h"
#include "view/numbers.h"

#define DEPTH_MOST 30

struct reader {
    struct scope *scope;
    const char *why;
};

static int refuse(struct reader *r, const char *format, const char *name) {
    if (!r->why) {
        r->why = scope_printf(r->scope, "The SLD %s", format);
        if (name) r->why = scope_printf(r->scope, "%s %.60s.", r->why, name);
    }
    return NADIR_EINVAL;
}

static bool is(const xmlNode *node, const char *name) {
    return node && strcmp((const char *)node->name, name) == 0;
}

static const xmlNode *element(const xmlNode *node) {
    while (node && node->type != XML_ELEMENT_NODE) node = node->next;
    return node;
}

static const xmlNode *first(const xmlNode *node) {
    return node ? element(node->children) : NULL;
}

static const xmlNode *next(const xmlNode *node) {
    return element(node->next);
}

static const xmlNode *child(const xmlNode *node, const char *name) {
    for (const xmlNode *c = first(node); c; c = next(c))
        if (is(c, name)) return c;
    return NULL;
}

static const char *trimmed(struct scope *s, xmlChar *raw) {
    static const char blanks[] = " \t\r\n";
    const char *from = raw ? (const char *)raw : "";
    from += strspn(from, blanks);
    size_t len = strlen(from);
    while (len && strchr(blanks, from[len - 1])) len--;
    const char *copy = scope_strndup(s, from, len);
    xmlFree(raw);
    return copy;
}

static const char *text_of(struct scope *s, const xmlNode *node) {
    return node ? trimmed(s, xmlNodeGetContent(node)) : "";
}

/* An attribute of ColorMapEntry; or its child of the same name in any case. */
static const char *attribute(struct scope *s, const xmlNode *node, const char *name) {
    xmlChar *value = xmlGetProp(node, (const xmlChar *)name);
    return value ? trimmed(s, value) : NULL;
}

/* Symbology Encoding wraps values in ogc:Literal; as text they read the same. */
static int number_of(struct reader *r, const xmlNode *node, double least, double most, double *out) {
    if (number_parse(text_of(r->scope, node), out) && *out >= least && *out <= most) return 0;
    return refuse(r, "has a number that is none, or out of its range, in", (const char *)node->name);
}

static int enhancement_read(struct reader *r, const xmlNode *node, struct channel *channel) {
    double low = NAN;
    double high = NAN;
    for (const xmlNode *c = first(node); c; c = next(c)) {
        if (is(c, "GammaValue")) {
            if (number_of(r, c, 0.01, 100, &channel->gamma)) return NADIR_EINVAL;
        } else if (is(c, "Normalize")) {
            for (const xmlNode *o = first(c); o; o = next(o)) {
                const char *name = attribute(r->scope, o, "name");
                bool least = name && strcmp(name, "minValue") == 0;
                if (!is(o, "VendorOption") || !name)
                    return refuse(r, "may give Normalize the vendor options algorithm, minValue and maxValue, not",
                                  (const char *)o->name);
                if (strcmp(name, "algorithm") == 0) continue;
                if (!least && strcmp(name, "maxValue") != 0) return refuse(r, "has the unknown vendor option", name);
                if (number_of(r, o, -1e12, 1e12, least ? &low : &high)) return NADIR_EINVAL;
            }
        } else {
            return refuse(r, "asks for a contrast enhancement that is not served:", (const char *)c->name);
        }
    }
    if (isnan(low) && isnan(high)) return 0;
    if (!(high > low)) return refuse(r, "must give both minValue and maxValue, the least first.", NULL);
    channel->has_range = true;
    channel->range = (struct stretch){low, high};
    return 0;
}

static int channel_read(struct reader *r, const xmlNode *node, struct channel *channel) {
    channel->band = text_of(r->scope, child(node, "SourceChannelName"));
    if (!*channel->band) return refuse(r, "has a channel without a SourceChannelName.", NULL);
    const xmlNode *contrast = child(node, "ContrastEnhancement");
    return contrast ? enhancement_read(r, contrast, channel) : 0;
}

static int selection_read(struct reader *r, const xmlNode *node, struct symbolizer *out) {
    static const char *const names[] = {"RedChannel", "GreenChannel", "BlueChannel"};
    const xmlNode *gray = child(node, "GrayChannel");
    if (gray) {
        out->nchannels = 1;
        return channel_read(r, gray, &out->channels[0]);
    }
    for (int i = 0; i < 3; i++) {
        const xmlNode *channel = child(node, names[i]);
        if (!channel) return refuse(r, "must select a GrayChannel, or a RedChannel, a GreenChannel and a BlueChannel.", NULL);
        if (channel_read(r, channel, &out->channels[i])) return NADIR_EINVAL;
    }
    out->nchannels = 3;
    return 0;
}

static int entry_read(struct reader *r, const xmlNode *node, struct map_entry *out) {
    const char *colour = attribute(r->scope, node, "color");
    const char *quantity = attribute(r->scope, node, "quantity");
    const char *opacity = attribute(r->scope, node, "opacity");
    double alpha = 1;
    bool hex = colour && colour[0] == '#' && strlen(colour) == 7 && strspn(colour + 1, "0123456789abcdefABCDEF") == 6;
    if (!hex) return refuse(r, "has a ColorMapEntry without a color such as #A0B1C2.", NULL);
    if (!quantity || !number_parse(quantity, &out->quantity)) return refuse(r, "has a ColorMapEntry without a quantity.", NULL);
    if (opacity && (!number_parse(opacity, &alpha) || alpha < 0 || alpha > 1))
        return refuse(r, "has an opacity that is not from 0 to 1.", NULL);
    unsigned long rgb = strtoul(colour + 1, NULL, 16);
    out->rgba[0] = (unsigned char)(rgb >> 16);
    out->rgba[1] = (unsigned char)(rgb >> 8);
    out->rgba[2] = (unsigned char)rgb;
    out->rgba[3] = (unsigned char)lround(255 * alpha);
    out->label = attribute(r->scope, node, "label");
    return 0;
}

static int map_read(struct reader *r, const xmlNode *node, struct symbolizer *out) {
    const char *type = attribute(r->scope, node, "type");
    if (!type || strcasecmp(type, "ramp") == 0)
        out->map = MAP_RAMP;
    else if (strcasecmp(type, "intervals") == 0)
        out->map = MAP_INTERVALS;
    else if (strcasecmp(type, "values") == 0)
        out->map = MAP_VALUES;
    else
        return refuse(r, "has a ColorMap whose type is not ramp, intervals or values:", type);
    out->entries = scope_alloc(r->scope, SYMBOLIZER_ENTRIES * sizeof *out->entries);
    for (const xmlNode *c = first(node); c; c = next(c)) {
        if (!is(c, "ColorMapEntry")) return refuse(r, "may have only ColorMapEntry in a ColorMap, not", (const char *)c->name);
        if (out->nentries == SYMBOLIZER_ENTRIES) return refuse(r, "has a ColorMap of more than 256 entries.", NULL);
        struct map_entry *e = &out->entries[out->nentries++];
        if (entry_read(r, c, e)) return NADIR_EINVAL;
        if (out->nentries > 1 && !(e->quantity > e[-1].quantity))
            return refuse(r, "must give the quantities of a ColorMap in rising order.", NULL);
    }
    return out->nentries ? 0 : refuse(r, "has a ColorMap without entries.", NULL);
}

/* Names of what only says how a picture is to be thought of, and changes nothing here. */
static bool describes(const xmlNode *node) {
    static const char *const names[] = {
        "Name", "Title",    "Abstract",        "Description", "IsDefault", "FeatureTypeName", "SemanticTypeIdentifier",
        "Rule", "Geometry", "OverlapBehavior", "CoverageName"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (is(node, names[i])) return true;
    return false;
}

static int symbolizer_read(struct reader *r, const xmlNode *node, const struct symbolizer **made) {
    struct symbolizer *out = scope_alloc(r->scope, sizeof *out);
    const xmlNode *contrast = NULL;
    *out = (struct symbolizer){.nchannels = 3, .opacity = 1};
    for (int i = 0; i < 3; i++) out->channels[i].gamma = 1;
    for (const xmlNode *c = first(node); c; c = next(c)) {
        int err = 0;
        if (is(c, "Opacity"))
            err = number_of(r, c, 0, 1, &out->opacity);
        else if (is(c, "ChannelSelection"))
            err = selection_read(r, c, out);
        else if (is(c, "ColorMap"))
            err = map_read(r, c, out);
        else if (is(c, "ContrastEnhancement"))
            contrast = c;
        else if (!describes(c))
            err = refuse(r, "asks for what is not served:", (const char *)c->name);
        if (err) return err;
    }
    if (out->map != MAP_NONE) {
        if (out->channels[1].band) return refuse(r, "must select a GrayChannel for a ColorMap.", NULL);
        out->nchannels = 1;
    }
    for (int i = 0; contrast && i < 3; i++) {
        struct channel *channel = &out->channels[i];
        if (!channel->has_range && fabs(channel->gamma - 1) < 1e-9 && enhancement_read(r, contrast, channel))
            return NADIR_EINVAL;
    }
    *made = out;
    return 0;
}

/* UserStyle / FeatureTypeStyle (SLD 1.0) or CoverageStyle (SE) / Rule / RasterSymbolizer: one of each. */
static int user_style_read(struct reader *r, const xmlNode *node, const struct symbolizer **made) {
    const xmlNode *style = child(node, "FeatureTypeStyle");
    if (!style) style = child(node, "CoverageStyle");
    const xmlNode *rule = child(style, "Rule");
    const xmlNode *symbol = NULL;
    if (!rule) return refuse(r, "has a UserStyle without a FeatureTypeStyle or CoverageStyle and a Rule.", NULL);
    for (const xmlNode *c = first(rule); c; c = next(c)) {
        if (is(c, "RasterSymbolizer") && !symbol)
            symbol = c;
        else if (!describes(c) && !is(c, "LegendGraphic"))
            return refuse(r, "has a Rule with what is not served:", (const char *)c->name);
    }
    if (!symbol) return refuse(r, "has a Rule without a RasterSymbolizer.", NULL);
    for (const xmlNode *c = next(rule); c; c = next(c))
        if (is(c, "Rule")) return refuse(r, "may have one Rule only.", NULL);
    return symbolizer_read(r, symbol, made);
}

static int layer_read(struct reader *r, const xmlNode *node, struct sld *out) {
    if (out->count == SLD_LAYERS) return refuse(r, "has more than 16 layers.", NULL);
    struct sld_layer *layer = &out->layers[out->count++];
    const xmlNode *user = child(node, "UserStyle");
    const xmlNode *named = child(node, "NamedStyle");
    layer->name = text_of(r->scope, child(node, "Name"));
    if (!*layer->name) return refuse(r, "has a NamedLayer without a Name.", NULL);
    if (named) layer->style = text_of(r->scope, child(named, "Name"));
    return user ? user_style_read(r, user, &layer->made) : 0;
}

static bool deeper_than(const xmlNode *root, int most) {
    int depth = 1;
    const xmlNode *at = root;
    while (at) {
        if (at->type == XML_ELEMENT_NODE && at->children) {
            at = at->children;
            if (++depth > most) return true;
            continue;
        }
        while (at && at != root && !at->next) {
            at = at->parent;
            depth--;
        }
        if (!at || at == root) return false;
        at = at->next;
    }
    return false;
}

static void document_free(void *document) {
    xmlFreeDoc(document);
}

int sld_parse(struct scope *s, const char *text, struct sld *out, const char **why) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct reader r = {.scope = s};
    size_t len = strlen(text);
    *out = (struct sld){0};
    *why = "The SLD is not well-formed XML, too long or too deep.";
    (void)pthread_once(&once, xmlInitParser);
    if (len == 0 || len > SLD_BODY_MOST) return NADIR_EINVAL;
    /* Entities are not replaced (no XML_PARSE_NOENT) and no DTD is loaded; a document that declares one is refused anyway. */
    const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA;
    xmlDoc *document = xmlReadMemory(text, (int)len, NULL, NULL, options);
    if (!document) return NADIR_EINVAL;
    scope_defer(s, document_free, document);
    const xmlNode *root = xmlDocGetRootElement(document);
    if (!root || document->intSubset || deeper_than(root, DEPTH_MOST)) return NADIR_EINVAL;
    int err =
        is(root, "StyledLayerDescriptor") ? 0 : refuse(&r, "must be a StyledLayerDescriptor, not", (const char *)root->name);
    for (const xmlNode *c = first(root); c && !err; c = next(c)) {
        if (is(c, "NamedLayer"))
            err = layer_read(&r, c, out);
        else if (!describes(c))
            err = refuse(&r, "has what is not served:", (const char *)c->name);
    }
    if (!err && !out->count) err = refuse(&r, "names no layer.", NULL);
    *why = r.why;
    return err;
}

const struct sld_layer *sld_find(const struct sld *sld, const char *layer) {
    for (int i = 0; i < sld->count; i++)
        if (strcmp(sld->layers[i].name, layer) == 0) return &sld->layers[i];
    return NULL;
}
