#include "view/computed.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "view/colormaps.h"
#include "view/expression/catalogue.h"
#include "view/numbers.h"

#define CONSTANTS_MOST 16
#define INDEX_PREFIX "index-"

struct constant {
    const char *name;
    double value;
};

/* What names mean in a request's formula. */
struct meaning {
    struct scope *scope;
    const struct scene *scene;
    bool of_catalogue; /* letters of the catalogue are bands */
    struct constant constants[CONSTANTS_MOST];
    int nconstants;
};

static const char *const arguments[] = {"expression", "index", "rescale", "colormap", "constants"};

static struct expression_name any_name(const void *with, const char *name) {
    (void)with;
    (void)name;
    return (struct expression_name){.kind = EXPRESSION_VALUE, .value = 1};
}

/* True if the text is a formula, whatever its names stand for. */
static bool is_formula(struct scope *s, const char *text) {
    const struct expression_names names = {any_name, NULL};
    const struct expression *expression;
    struct expression_fault fault;
    return expression_compile(s, text, &names, &expression, &fault) == 0;
}

/* The value of expression= with each '+' left as it was sent, or NULL. */
static const char *with_plus(const struct request *rq) {
    static const char name[] = "expression=";
    for (const char *at = rq->query; at && *at;) {
        size_t len = strcspn(at, "&");
        if (len >= sizeof name && strncasecmp(at, name, sizeof name - 1) == 0)
            return http_decode(rq->scope, at + sizeof name - 1, len - sizeof name + 1, false);
        at += len + (at[len] == '&');
    }
    return NULL;
}

/* Some clients (QGIS) take the encoding off a plus in the addresses that they are given: it then arrives as a blank. */
static const char *plus_kept(const struct request *rq, const char *formula) {
    if (!strchr(formula, ' ') || is_formula(rq->scope, formula)) return formula;
    const char *other = with_plus(rq);
    return other && is_formula(rq->scope, other) ? other : formula;
}

static const char *argument(const struct request *rq, const char *name) {
    const char *value = request_kvp(rq, name);
    if (!value || !*value) return NULL;
    return strcmp(name, "expression") == 0 ? plus_kept(rq, value) : value;
}

bool computed_asked(const struct request *rq) {
    return argument(rq, "expression") || argument(rq, "index");
}

bool computed_is(const struct request *rq, const char *id) {
    if (strcmp(id, "expression") == 0 || strncmp(id, INDEX_PREFIX, strlen(INDEX_PREFIX)) == 0) return true;
    return (!*id || strcmp(id, "default") == 0) && computed_asked(rq);
}

const char *computed_query(const struct request *rq) {
    const char *query = "";
    for (size_t i = 0; i < sizeof arguments / sizeof arguments[0]; i++) {
        const char *value = argument(rq, arguments[i]);
        if (value) query = scope_printf(rq->scope, "%s&%s=%s", query, arguments[i], http_encode(rq->scope, value));
    }
    return query;
}

static bool refuse(struct complaint *c, int status, const char *type, const char *field, const char *text) {
    *c = (struct complaint){status, type, field, text};
    return false;
}

static struct expression_name band_name(const struct meaning *m, int band) {
    const struct band *b = &m->scene->bands[band];
    return (struct expression_name){.kind = EXPRESSION_BAND, .number = band, .scale = b->scale, .offset = b->offset};
}

static struct expression_name value_name(double value) {
    return (struct expression_name){.kind = EXPRESSION_VALUE, .value = value};
}

static const char *bands_of(const struct meaning *m) {
    const char *list = "";
    for (int i = 0; i < m->scene->nbands && i < 20; i++)
        if (!m->scene->bands[i].visual)
            list = scope_printf(m->scope, "%s%s%s", list, *list ? ", " : "", m->scene->bands[i].name);
    return list;
}

/* "B04" is the same band as "B4". */
static bool same_band(const char *a, const char *b) {
    for (; *a && *b; a++, b++) {
        while (*a == '0') a++;
        while (*b == '0') b++;
        if (toupper((unsigned char)*a) != toupper((unsigned char)*b)) return false;
    }
    return !*a && !*b;
}

/* A platform's own name of a band, as an asset's key or the band's name. */
static int sensor_band(const struct scene *scene, const char *name) {
    for (int i = 0; i < scene->nbands; i++) {
        const struct band *b = &scene->bands[i];
        if (!b->visual && (same_band(b->key, name) || same_band(b->sensor, name))) return i;
    }
    return -1;
}

/* By the common name; then by what the platform calls it, since "rededge" is the common name of three bands of Sentinel-2; then
 * by the common names that stand in for it. */
static int letter_band(const struct scene *scene, const char *letter, const char *common) {
    static const char *const stand_ins[][2] = {{"RE1", "rededge1"}, {"RE2", "rededge2"}, {"RE3", "rededge3"},
                                               {"T", "lwir11"},     {"T1", "lwir"},      {"RE1", "rededge"}};
    double wavelength;
    int band = scene_band_index(scene, common);
    const char *own = index_band_of(letter, scene->platform, &wavelength);
    if (band < 0 && own) band = sensor_band(scene, own);
    for (size_t i = 0; band < 0 && i < sizeof stand_ins / sizeof stand_ins[0]; i++)
        if (strcmp(stand_ins[i][0], letter) == 0) band = scene_band_index(scene, stand_ins[i][1]);
    return band;
}

static struct expression_name unknown(const char *why) {
    return (struct expression_name){.text = why};
}

static struct expression_name find_letter(const struct meaning *m, const char *name) {
    const char *common;
    bool known;
    double value;
    if (index_band(name, &common)) {
        int band = letter_band(m->scene, name, common);
        if (band >= 0) return band_name(m, band);
        return unknown(scope_printf(m->scope, "the index needs the band %s (%s), which this item has not", name, common));
    }
    const char *kernel = index_kernel(m->scope, name);
    if (kernel) return (struct expression_name){.kind = EXPRESSION_TEXT, .text = kernel};
    if (!index_constant(name, &known, &value)) return unknown(NULL);
    if (known) return value_name(value);
    if (strncmp(name, "lambda", 6) == 0 && index_band_of(name + 6, m->scene->platform, &value)) return value_name(value);
    return unknown(scope_printf(m->scope, "%s has no usual value for this item: give one, constants=%s:VALUE", name, name));
}

static struct expression_name find(const void *with, const char *name) {
    const struct meaning *m = with;
    for (int i = 0; i < m->nconstants; i++)
        if (strcmp(m->constants[i].name, name) == 0) return value_name(m->constants[i].value);
    if (m->of_catalogue) return find_letter(m, name);
    int band = scene_band_index(m->scene, name);
    if (band >= 0) return band_name(m, band);
    if (strcmp(name, "pi") == 0 || strcmp(name, "e") == 0 || strcmp(name, "nodata") == 0) return unknown(NULL);
    return unknown(
        scope_printf(m->scope, "there is no band or constant \"%.64s\"; the item's bands are: %s", name, bands_of(m)));
}

/* constants=NAME:VALUE,NAME:VALUE */
static bool read_constants(const struct request *rq, struct meaning *m, struct complaint *c) {
    const char *given = argument(rq, "constants");
    char *rest = given ? scope_strdup(rq->scope, given) : NULL;
    char *part;
    while ((part = strsep(&rest, ","))) {
        struct constant *constant = &m->constants[m->nconstants];
        char *colon = strchr(part, ':');
        if (colon) *colon = '\0';
        if (m->nconstants == CONSTANTS_MOST || !colon || !*part || !number_parse(colon + 1, &constant->value))
            return refuse(c, 400, "invalid-parameter", "constants",
                          "Constants are NAME:VALUE, separated by commas, 16 at most.");
        constant->name = part;
        m->nconstants++;
    }
    return true;
}

static bool read_look(const struct request *rq, struct style *style, struct complaint *c) {
    const char *rescale = argument(rq, "rescale");
    const char *colormap = argument(rq, "colormap");
    double range[2] = {-1, 1};
    if (rescale && (!pair_parse(rescale, range) || range[0] >= range[1]))
        return refuse(c, 400, "invalid-parameter", "rescale", "The range must be two numbers, the lower first: LOW,HIGH.");
    style->rescale = (struct stretch){range[0], range[1]};
    if (!colormap || strcmp(colormap, "gray") == 0) return true;
    style->ramp = colormap_get(rq->scope, colormap, rescale ? &style->rescale : NULL);
    if (style->ramp && !rescale && style->ramp->stops[0].at == 0 && style->ramp->stops[style->ramp->count - 1].at == 1)
        style->ramp = colormap_get(rq->scope, colormap, &style->rescale);
    return style->ramp || refuse(c, 400, "invalid-parameter", "colormap",
                                 "There is no such colour map; see /view/v1/indices for those there are.");
}

const struct ramp *computed_ramp(const struct request *rq, struct complaint *c) {
    struct style style = {0};
    if (!read_look(rq, &style, c)) return NULL;
    if (style.ramp) return style.ramp;
    struct ramp *gray = scope_alloc(rq->scope, sizeof *gray);
    struct ramp_stop *stops = scope_alloc(rq->scope, 2 * sizeof *stops);
    stops[0] = (struct ramp_stop){(float)style.rescale.low, 0, 0, 0, NULL};
    stops[1] = (struct ramp_stop){(float)style.rescale.high, 255, 255, 255, NULL};
    *gray = (struct ramp){stops, 2};
    return gray;
}

/* A formula of the caller's or the catalogue's. */
static bool compile(const struct request *rq, struct meaning *m, const char *text, const char *field, struct style *style,
                    struct complaint *c) {
    struct expression_names names = {find, m};
    struct expression_fault fault;
    if (expression_compile(rq->scope, text, &names, &style->expression, &fault))
        return refuse(c, 400, "invalid-expression", field, expression_explain(rq->scope, text, &fault));
    if (style->expression->nbands == 0)
        return refuse(c, 400, "invalid-expression", field, "The formula must depend on a band.");
    for (int i = 0; i < EXPRESSION_BANDS; i++)
        style->bands[i] = i < style->expression->nbands ? style->expression->bands[i] : -1;
    return true;
}

bool computed_formula(const struct request *rq, const struct scene *scene, const char *text, const char *field,
                      const struct expression **out, struct complaint *c) {
    struct meaning m = {.scope = rq->scope, .scene = scene};
    struct style style;
    if (!read_constants(rq, &m, c) || !compile(rq, &m, text, field, &style, c)) return false;
    *out = style.expression;
    return true;
}

/* The formula that is asked for, and the name of the argument that asks. False: complained. */
static bool choose(const struct request *rq, const char *id, const char **formula, const char **field, bool *of_catalogue,
                   struct complaint *c) {
    struct spectral_index index;
    const char *text = argument(rq, "expression");
    const char *name = argument(rq, "index");
    *field = "expression";
    if (strncmp(id, INDEX_PREFIX, strlen(INDEX_PREFIX)) == 0) {
        if (text || name) return refuse(c, 400, "invalid-parameter", "style", "The style names an index already.");
        name = id + strlen(INDEX_PREFIX);
    }
    if (text && name) return refuse(c, 400, "invalid-parameter", "index", "Give either an expression or an index.");
    if (!text && !name)
        return refuse(c, 400, "invalid-parameter", "expression", "This style needs expression=FORMULA or index=NAME.");
    *of_catalogue = name != NULL;
    *formula = text;
    if (text) return true;
    *field = "index";
    if (!index_get(name, &index))
        return refuse(c, 404, "no-such-index", "index",
                      scope_printf(rq->scope, "There is no index \"%.64s\"; see /view/v1/indices for those there are.", name));
    *formula = index.formula;
    return true;
}

bool computed_style(const struct request *rq, const struct scene *scene, const char *id, const struct style **out,
                    struct complaint *c) {
    struct meaning m = {.scope = rq->scope, .scene = scene};
    const char *formula, *field;
    if (!computed_is(rq, id)) {
        *out = scene_style(scene, id);
        return *out ||
               refuse(c, 404, "no-such-style", "style",
                      scope_printf(
                          rq->scope, "This item cannot be drawn in that style; see %s/view/v1/items/%s/%s for those it has.",
                          rq->base_url, http_encode(rq->scope, scene->collection), http_encode(rq->scope, scene->item)));
    }
    struct style *style = scope_alloc(rq->scope, sizeof *style);
    *style = (struct style){.id = id, .kind = STYLE_EXPRESSION, .made_up = true};
    if (!choose(rq, id, &formula, &field, &m.of_catalogue, c) || !read_constants(rq, &m, c) || !read_look(rq, style, c) ||
        !compile(rq, &m, formula, field, style, c))
        return false;
    if (!*id || strcmp(id, "default") == 0) style->id = "expression";
    style->title = formula;
    *out = style;
    return true;
}
