/* What OpenSearch and Records make of stored documents, whatever these hold besides what is checked when they are written:
 * well-formed Atom and JSON. */
#include <libxml/parser.h>

#include "discovery/opensearch/opensearch.h"
#include "discovery/records/records.h"
#include "fuzz.h"

static void well_formed(const struct response *rs, bool xml) {
    must(rs->status == 200 && rs->body);
    if (xml) {
        xmlDocPtr document =
            xmlReadMemory(rs->body, (int)rs->body_len, NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
        must(document != NULL);
        xmlFreeDoc(document);
    } else {
        json_t *json = json_loadb(rs->body, rs->body_len, 0, NULL);
        must(json != NULL);
        json_decref(json);
    }
}

static void write_as(struct scope *s, json_t *entry, bool collections) {
    static const char *const headers[] = {NULL};
    struct request rq;
    must(request_build(&rq, s, HTTP_GET, "/opensearch/search", "q=%3C%26&maxRecords=1", headers, NULL, 0) == 0);
    rq.base_url = "https://nadir.example";
    for (int format = FEED_ATOM; format <= FEED_GEOJSON; format++) {
        struct opensearch search = {.start = 1, .query.limit = 1, .format = (enum feed_format)format};
        struct feed feed = {.rq = &rq,
                            .search = &search,
                            .title = "<t>",
                            .description = "/d",
                            .total = 9,
                            .estimated = true,
                            .count = 1,
                            .entries = &entry,
                            .collections = collections,
                            .next = "n&"};
        struct response rs = {.scope = s};
        feed_answer(&rs, &feed);
        well_formed(&rs, format == FEED_ATOM);
        rs = (struct response){.scope = s};
        if (format == FEED_ATOM)
            atom_entry_answer(&rs, &feed);
        else
            eo_geojson_entry_answer(&rs, &feed);
        well_formed(&rs, format == FEED_ATOM);
    }
    if (collections) must(scope_json(s, record_make(&rq, entry)) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct scope s;
    scope_init(&s, "fuzz", 0);
    json_t *entry = scope_json(&s, json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL));
    /* What every stored document has. */
    bool item = json_is_string(json_object_get(entry, "collection")) && json_is_object(json_object_get(entry, "properties"));
    bool collection =
        json_is_string(json_object_get(entry, "description")) && json_is_string(json_object_get(entry, "license"));
    if (json_is_string(json_object_get(entry, "id"))) {
        if (item) write_as(&s, entry, false);
        if (collection && !json_object_get(entry, "properties")) write_as(&s, entry, true);
    }
    scope_end(&s);
    return 0;
}
