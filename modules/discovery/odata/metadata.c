/* metadata.c: /odata/v1/: the service document, $metadata and the known attributes. */
#include "discovery/odata/odata.h"

static const char csdl[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<edmx:Edmx Version=\"4.0\" xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\"><edmx:DataServices>\n"
    "<Schema Namespace=\"OData.CSC\" xmlns=\"http://docs.oasis-open.org/odata/ns/edm\">\n"
    "<EntityType Name=\"Product\" HasStream=\"true\"><Key><PropertyRef Name=\"Id\"/></Key>\n"
    "<Property Name=\"Id\" Type=\"Edm.Guid\" Nullable=\"false\"/>\n"
    "<Property Name=\"Name\" Type=\"Edm.String\" Nullable=\"false\"/>\n"
    "<Property Name=\"ContentType\" Type=\"Edm.String\"/>\n"
    "<Property Name=\"ContentLength\" Type=\"Edm.Int64\"/>\n"
    "<Property Name=\"OriginDate\" Type=\"Edm.DateTimeOffset\" Precision=\"3\"/>\n"
    "<Property Name=\"PublicationDate\" Type=\"Edm.DateTimeOffset\" Precision=\"3\"/>\n"
    "<Property Name=\"ModificationDate\" Type=\"Edm.DateTimeOffset\" Precision=\"3\"/>\n"
    "<Property Name=\"Online\" Type=\"Edm.Boolean\"/>\n"
    "<Property Name=\"EvictionDate\" Type=\"Edm.DateTimeOffset\" Precision=\"3\"/>\n"
    "<Property Name=\"S3Path\" Type=\"Edm.String\"/>\n"
    "<Property Name=\"Checksum\" Type=\"Collection(OData.CSC.Checksum)\" Nullable=\"false\"/>\n"
    "<Property Name=\"ContentDate\" Type=\"OData.CSC.TimeRange\"/>\n"
    "<Property Name=\"Footprint\" Type=\"Edm.Geography\" SRID=\"4326\"/>\n"
    "<Property Name=\"GeoFootprint\" Type=\"Edm.Untyped\"/>\n"
    "<Property Name=\"Collection\" Type=\"OData.CSC.Collection\"/>\n"
    "<NavigationProperty Name=\"Attributes\" Type=\"Collection(OData.CSC.Attribute)\" ContainsTarget=\"true\"/>\n"
    "<NavigationProperty Name=\"Assets\" Type=\"Collection(OData.CSC.Asset)\" ContainsTarget=\"true\"/>\n"
    "<NavigationProperty Name=\"Locations\" Type=\"Collection(OData.CSC.Location)\" ContainsTarget=\"true\"/>\n"
    "</EntityType>\n"
    "<EntityType Name=\"Attribute\" Abstract=\"true\"><Key><PropertyRef Name=\"Name\"/></Key>"
    "<Property Name=\"Name\" Type=\"Edm.String\" Nullable=\"false\"/><Property Name=\"ValueType\" "
    "Type=\"Edm.String\"/></EntityType>\n"
    "<EntityType Name=\"StringAttribute\" BaseType=\"OData.CSC.Attribute\"><Property Name=\"Value\" "
    "Type=\"Edm.String\"/></EntityType>\n"
    "<EntityType Name=\"IntegerAttribute\" BaseType=\"OData.CSC.Attribute\"><Property Name=\"Value\" "
    "Type=\"Edm.Int64\"/></EntityType>\n"
    "<EntityType Name=\"DoubleAttribute\" BaseType=\"OData.CSC.Attribute\"><Property Name=\"Value\" "
    "Type=\"Edm.Double\"/></EntityType>\n"
    "<EntityType Name=\"BooleanAttribute\" BaseType=\"OData.CSC.Attribute\"><Property Name=\"Value\" "
    "Type=\"Edm.Boolean\"/></EntityType>\n"
    "<EntityType Name=\"DateTimeOffsetAttribute\" BaseType=\"OData.CSC.Attribute\">"
    "<Property Name=\"Value\" Type=\"Edm.DateTimeOffset\"/></EntityType>\n"
    "<EntityType Name=\"Asset\"><Key><PropertyRef Name=\"Id\"/></Key><Property Name=\"Id\" Type=\"Edm.Guid\" "
    "Nullable=\"false\"/>"
    "<Property Name=\"Type\" Type=\"Edm.String\"/><Property Name=\"DownloadLink\" Type=\"Edm.String\"/>"
    "<Property Name=\"S3Path\" Type=\"Edm.String\"/></EntityType>\n"
    "<EntityType Name=\"Location\"><Key><PropertyRef Name=\"DownloadLink\"/></Key>"
    "<Property Name=\"DownloadLink\" Type=\"Edm.String\" Nullable=\"false\"/><Property Name=\"FormatType\" "
    "Type=\"Edm.String\"/>"
    "<Property Name=\"ContentLength\" Type=\"Edm.Int64\"/><Property Name=\"Checksum\" Type=\"Collection(OData.CSC.Checksum)\"/>"
    "<Property Name=\"S3Path\" Type=\"Edm.String\"/></EntityType>\n"
    "<ComplexType Name=\"Checksum\"><Property Name=\"Value\" Type=\"Edm.String\"/><Property Name=\"Algorithm\" "
    "Type=\"Edm.String\"/>"
    "<Property Name=\"ChecksumDate\" Type=\"Edm.DateTimeOffset\"/></ComplexType>\n"
    "<ComplexType Name=\"TimeRange\"><Property Name=\"Start\" Type=\"Edm.DateTimeOffset\"/>"
    "<Property Name=\"End\" Type=\"Edm.DateTimeOffset\"/></ComplexType>\n"
    "<ComplexType Name=\"Collection\"><Property Name=\"Name\" Type=\"Edm.String\"/></ComplexType>\n"
    "<ComplexType Name=\"ProductFilter\"><Property Name=\"Name\" Type=\"Edm.String\"/><Property Name=\"Id\" Type=\"Edm.Guid\"/>"
    "</ComplexType>\n"
    "<Action Name=\"FilterList\" IsBound=\"true\"><Parameter Name=\"Products\" Type=\"Collection(OData.CSC.Product)\"/>"
    "<Parameter Name=\"FilterProducts\" Type=\"Collection(OData.CSC.ProductFilter)\"/>"
    "<ReturnType Type=\"Collection(OData.CSC.Product)\"/></Action>\n"
    "<Function Name=\"Intersects\"><Parameter Name=\"area\" Type=\"Edm.Geography\" SRID=\"4326\"/><ReturnType "
    "Type=\"Edm.Boolean\"/>"
    "</Function>\n"
    "<EntityContainer Name=\"Container\"><EntitySet Name=\"Products\" EntityType=\"OData.CSC.Product\"/></EntityContainer>\n"
    "</Schema></edmx:DataServices></edmx:Edmx>\n";

int odata_service_get(struct request *rq, struct response *rs) {
    return odata_answer(rq, rs,
                        json_pack("{s:s, s:[{s:s, s:s, s:s}]}", "@odata.context", BASE_MARK "/odata/v1/$metadata", "value",
                                  "name", "Products", "kind", "EntitySet", "url", "Products"));
}

int odata_metadata_get(struct request *rq, struct response *rs) {
    (void)rq;
    response_header(rs, "odata-version", "4.0");
    return response_data(rs, 200, "application/xml", csdl, sizeof csdl - 1);
}

/* The attributes of a collection: those of its newest items. */
static int attributes_of(struct request *rq, const char *collection, json_t **out) {
    const struct query q = {.collections = {1, &collection}, .limit = 100, .uncounted = true};
    struct page page = {0};
    struct fault f = {0};
    int err = query_run(rq->scope, &rq->auth, &q, &page, &f);
    if (err) return err;
    json_t *list = json_array(), *seen = scope_json(rq->scope, json_object()), *attribute;
    size_t at;
    for (size_t i = 0; i < page.count; i++) {
        json_t *item = scope_json(rq->scope, json_loadb(page.documents[i], page.lengths[i], 0, NULL));
        json_t *own = scope_json(rq->scope, attributes_write(rq->scope, item));
        json_array_foreach(own, at, attribute) {
            const char *name = json_string_value(json_object_get(attribute, "Name"));
            if (json_object_get(seen, name)) continue;
            json_object_set_new(seen, name, json_true());
            json_array_append_new(list,
                                  json_pack("{s:s, s:O}", "Name", name, "ValueType", json_object_get(attribute, "ValueType")));
        }
    }
    *out = list;
    return 0;
}

int odata_attributes_get(struct request *rq, struct response *rs) {
    const char *name = pairs_get(&rq->params, "collection");
    struct names found;
    json_t *list;
    if (!name) return odata_answer(rq, rs, attributes_known());
    int err = odata_catalogue.collections(rq->scope, name, &found);
    if (err) return err;
    if (found.count == 0)
        return response_error(rs, 404, "no-such-collection", "Attributes", "There is no collection '%s'.", name);
    err = attributes_of(rq, found.list[0], &list);
    return err ? err : odata_answer(rq, rs, list);
}
