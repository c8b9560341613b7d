/* iso19139.c: a record as gmd:MD_Metadata (ISO/TS 19139:2007 as the ISO metadata profile of CSW 2.0.2, OGC 07-045, uses it). */
#include <string.h>

#include "common/config.h"
#include "discovery/csw/csw.h"

#define CODES "http://standards.iso.org/ittf/PubliclyAvailableStandards/ISO_19139_Schemas/resources/codelist/gmxCodelists.xml"

struct writer {
    struct scope *scope;
    struct text *text;
};

static void raw(const struct writer *w, const char *text) {
    text_add(w->text, text, strlen(text));
}

static void escaped(const struct writer *w, const char *text) {
    raw(w, http_escape(w->scope, text));
}

static void string(const struct writer *w, const char *element, const char *value) {
    if (!value) return;
    xml_raw(w->text, "<gmd:%s><gco:CharacterString>", element);
    escaped(w, value);
    xml_raw(w->text, "</gco:CharacterString></gmd:%s>\n", element);
}

static void code(const struct writer *w, const char *element, const char *list, const char *value) {
    xml_raw(w->text, "<gmd:%s><gmd:%s codeList=\"" CODES "#%s\" codeListValue=\"%s\">%s</gmd:%s></gmd:%s>\n", element, list,
            list, value, value, list, element);
}

static void decimal(const struct writer *w, const char *element, double value) {
    xml_raw(w->text, "<gmd:%s><gco:Decimal>%.10f</gco:Decimal></gmd:%s>\n", element, value, element);
}

/* The provider that the collection names first, or who runs this catalogue. */
static const char *organisation(const struct csw_record *r) {
    const json_t *provider = json_array_get(json_object_get(r->properties, "providers"), 0);
    const char *name = json_string_value(json_object_get(provider, "name"));
    return name ? name : config_text("NADIR_SELLER", "Nadir");
}

static void party(const struct writer *w, const struct csw_record *r, const char *role) {
    raw(w, "<gmd:CI_ResponsibleParty>\n");
    string(w, "organisationName", organisation(r));
    raw(w, "<gmd:contactInfo><gmd:CI_Contact><gmd:onlineResource><gmd:CI_OnlineResource><gmd:linkage><gmd:URL>");
    escaped(w, r->base_url);
    raw(w, "</gmd:URL></gmd:linkage></gmd:CI_OnlineResource></gmd:onlineResource></gmd:CI_Contact></gmd:contactInfo>\n");
    code(w, "role", "CI_RoleCode", role);
    raw(w, "</gmd:CI_ResponsibleParty>\n");
}

static void online(const struct writer *w, const struct csw_link *link) {
    raw(w, "<gmd:onLine><gmd:CI_OnlineResource>\n<gmd:linkage><gmd:URL>");
    escaped(w, link->href);
    raw(w, "</gmd:URL></gmd:linkage>\n");
    string(w, "protocol", link->protocol);
    string(w, "name", link->title);
    string(w, "description", link->type);
    code(w, "function", "CI_OnLineFunctionCode", link->function);
    raw(w, "</gmd:CI_OnlineResource></gmd:onLine>\n");
}

static void distribution(const struct writer *w, const struct csw_record *r) {
    struct csw_link links[CSW_LINKS_MOST];
    size_t count = csw_record_links(r, links);
    raw(w, "<gmd:distributionInfo><gmd:MD_Distribution><gmd:transferOptions><gmd:MD_DigitalTransferOptions>\n");
    for (size_t i = 0; i < count; i++) online(w, &links[i]);
    raw(w, "</gmd:MD_DigitalTransferOptions></gmd:transferOptions></gmd:MD_Distribution></gmd:distributionInfo>\n");
}

/* An XML identifier that no other record in the answer has: what cannot stand in one is written as its code. */
static const char *xml_id(struct scope *s, const char *identifier) {
    struct text *t = text_new(s, 128);
    text_add(t, "t-", 2);
    for (const unsigned char *p = (const unsigned char *)identifier; *p; p++) {
        bool plain = (*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || *p == '-';
        if (plain)
            text_add(t, (const char *)p, 1);
        else
            xml_raw(t, "_%02x", *p);
    }
    return t->data;
}

static void instant(const struct writer *w, const char *element, const char *value, const char *otherwise) {
    if (value)
        xml_raw(w->text, "<gml:%s>%s</gml:%s>", element, value, element);
    else
        xml_raw(w->text, "<gml:%s indeterminatePosition=\"%s\"/>", element, otherwise);
}

static void extent(const struct writer *w, const struct csw_record *r, enum csw_set set) {
    const bool timed = set != CSW_BRIEF && (r->begin || r->end);
    if (!r->placed && !timed) return;
    raw(w, "<gmd:extent><gmd:EX_Extent>\n");
    if (r->placed) {
        raw(w, "<gmd:geographicElement><gmd:EX_GeographicBoundingBox>\n");
        decimal(w, "westBoundLongitude", r->box[0]);
        decimal(w, "eastBoundLongitude", r->box[2]);
        decimal(w, "southBoundLatitude", r->box[1]);
        decimal(w, "northBoundLatitude", r->box[3]);
        raw(w, "</gmd:EX_GeographicBoundingBox></gmd:geographicElement>\n");
    }
    if (timed) {
        xml_raw(w->text, "<gmd:temporalElement><gmd:EX_TemporalExtent><gmd:extent><gml:TimePeriod gml:id=\"%s\">",
                xml_id(w->scope, r->identifier));
        instant(w, "beginPosition", r->begin, "unknown");
        instant(w, "endPosition", r->end, "now");
        raw(w, "</gml:TimePeriod></gmd:extent></gmd:EX_TemporalExtent></gmd:temporalElement>\n");
    }
    raw(w, "</gmd:EX_Extent></gmd:extent>\n");
}

static void keywords(const struct writer *w, const struct csw_record *r) {
    size_t at;
    const json_t *value;
    if (!json_is_array(r->keywords) || json_array_size(r->keywords) == 0) return;
    raw(w, "<gmd:descriptiveKeywords><gmd:MD_Keywords>\n");
    json_array_foreach(r->keywords, at, value) string(w, "keyword", json_is_string(value) ? json_string_value(value) : "");
    raw(w, "</gmd:MD_Keywords></gmd:descriptiveKeywords>\n");
}

static void licence(const struct writer *w, const struct csw_record *r) {
    if (!r->licence) return;
    raw(w, "<gmd:resourceConstraints><gmd:MD_LegalConstraints>\n");
    code(w, "useConstraints", "MD_RestrictionCode", "license");
    string(w, "otherConstraints", r->licence);
    raw(w, "</gmd:MD_LegalConstraints></gmd:resourceConstraints>\n");
}

static const char *picture_of(const struct csw_record *r) {
    const char *key;
    const json_t *asset, *role;
    size_t at;
    json_object_foreach(json_object_get(r->document, "assets"), key, asset) {
        json_array_foreach((json_t *)json_object_get(asset, "roles"), at, role) {
            if (json_is_string(role) && strcmp(json_string_value(role), "thumbnail") == 0)
                return json_string_value(json_object_get(asset, "href"));
        }
    }
    return NULL;
}

static void citation(const struct writer *w, const struct csw_record *r) {
    raw(w, "<gmd:citation><gmd:CI_Citation>\n");
    string(w, "title", r->title);
    const char *date = r->kind == CSW_DATASET ? r->begin : r->modified ? r->modified : r->begin;
    if (date) {
        xml_raw(w->text, "<gmd:date><gmd:CI_Date><gmd:date><gco:DateTime>%s</gco:DateTime></gmd:date>\n", date);
        code(w, "dateType", "CI_DateTypeCode", r->kind == CSW_DATASET ? "creation" : "publication");
        raw(w, "</gmd:CI_Date></gmd:date>\n");
    } else {
        raw(w, "<gmd:date gco:nilReason=\"unknown\"/>\n");
    }
    raw(w, "<gmd:identifier><gmd:MD_Identifier>\n");
    string(w, "code", r->identifier);
    raw(w, "</gmd:MD_Identifier></gmd:identifier>\n</gmd:CI_Citation></gmd:citation>\n");
}

/* Ground sampling distance in metres. */
static void resolution(const struct writer *w, const struct csw_record *r) {
    const json_t *gsd = json_object_get(r->properties, "gsd");
    if (!json_is_number(gsd)) return;
    xml_raw(
        w->text,
        "<gmd:spatialResolution><gmd:MD_Resolution><gmd:distance><gco:Distance uom=\"m\">%.10g</gco:Distance></gmd:distance>"
        "</gmd:MD_Resolution></gmd:spatialResolution>\n",
        json_number_value(gsd));
}

static void identification(const struct writer *w, const struct csw_record *r, enum csw_set set) {
    const char *picture = picture_of(r);
    raw(w, "<gmd:identificationInfo><gmd:MD_DataIdentification>\n");
    citation(w, r);
    string(w, "abstract",
           r->abstract ? r->abstract : scope_printf(w->scope, "%s of collection %s", r->title, r->parent ? r->parent : ""));
    raw(w, "<gmd:pointOfContact>");
    party(w, r, "distributor");
    raw(w, "</gmd:pointOfContact>\n");
    if (picture && set != CSW_BRIEF) {
        raw(w, "<gmd:graphicOverview><gmd:MD_BrowseGraphic>");
        string(w, "fileName", picture);
        raw(w, "</gmd:MD_BrowseGraphic></gmd:graphicOverview>\n");
    }
    if (set != CSW_BRIEF) {
        keywords(w, r);
        licence(w, r);
    }
    code(w, "spatialRepresentationType", "MD_SpatialRepresentationTypeCode", "grid");
    resolution(w, r);
    string(w, "language", "eng");
    raw(w, "<gmd:topicCategory><gmd:MD_TopicCategoryCode>imageryBaseMapsEarthCover</gmd:MD_TopicCategoryCode></"
           "gmd:topicCategory>\n");
    extent(w, r, set);
    raw(w, "</gmd:MD_DataIdentification></gmd:identificationInfo>\n");
}

static void clouds(const struct writer *w, const struct csw_record *r) {
    const json_t *cover = json_object_get(r->properties, "eo:cloud_cover");
    if (!json_is_number(cover)) return;
    raw(w, "<gmd:contentInfo><gmd:MD_ImageDescription>\n<gmd:attributeDescription gco:nilReason=\"inapplicable\"/>\n");
    code(w, "contentType", "MD_CoverageContentTypeCode", "image");
    xml_raw(w->text, "<gmd:cloudCoverPercentage><gco:Real>%.10g</gco:Real></gmd:cloudCoverPercentage>\n",
            json_number_value(cover));
    raw(w, "</gmd:MD_ImageDescription></gmd:contentInfo>\n");
}

/* When the record was made: when it was last changed, else what it is about. */
static void date_stamp(const struct writer *w, const struct csw_record *r) {
    const char *date = r->modified ? r->modified : r->begin;
    if (date)
        xml_raw(w->text, "<gmd:dateStamp><gco:DateTime>%s</gco:DateTime></gmd:dateStamp>\n", date);
    else
        raw(w, "<gmd:dateStamp gco:nilReason=\"unknown\"/>\n");
}

void csw_iso19139_write(struct text *t, const struct csw_record *r, enum csw_set set) {
    const struct writer w = {r->scope, t};
    raw(&w, "<gmd:MD_Metadata>\n");
    string(&w, "fileIdentifier", r->identifier);
    code(&w, "language", "LanguageCode", "eng");
    code(&w, "characterSet", "MD_CharacterSetCode", "utf8");
    string(&w, "parentIdentifier", r->parent);
    code(&w, "hierarchyLevel", "MD_ScopeCode", r->kind == CSW_SERIES ? "series" : "dataset");
    raw(&w, "<gmd:contact>");
    party(&w, r, "pointOfContact");
    raw(&w, "</gmd:contact>\n");
    date_stamp(&w, r);
    string(&w, "metadataStandardName", "ISO 19115:2003/19139");
    string(&w, "metadataStandardVersion", "1.0");
    identification(&w, r, set);
    if (set != CSW_BRIEF) {
        clouds(&w, r);
        distribution(&w, r);
    }
    raw(&w, "</gmd:MD_Metadata>\n");
}
