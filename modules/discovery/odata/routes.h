/* routes.h: the OData door's rows of the module's route table. */
#ifndef DISCOVERY_ODATA_ROUTES_H
#define DISCOVERY_ODATA_ROUTES_H

#include "discovery/odata/odata.h"

#define ODATA_GET(address, serve)                                                                                              \
    { .methods = HTTP_GET, .path = "/odata/v1" address, .scope = SCOPE_OPTIONAL, .handler = serve, .errors = ERRORS_ODATA }

#define ODATA_ROUTES                                                                                                           \
    ODATA_GET("", odata_service_get), ODATA_GET("/", odata_service_get), ODATA_GET("/$metadata", odata_metadata_get),          \
        ODATA_GET("/Attributes", odata_attributes_get), ODATA_GET("/Attributes({collection})", odata_attributes_get),          \
        ODATA_GET("/Products", products_list), ODATA_GET("/Products/$count", products_count),                                  \
        {.methods = HTTP_POST,                                                                                                 \
         .path = "/odata/v1/Products/OData.CSC.FilterList",                                                                    \
         .scope = SCOPE_OPTIONAL,                                                                                              \
         .handler = products_filter_list,                                                                                      \
         .errors = ERRORS_ODATA},                                                                                              \
        ODATA_GET("/Products({id})", product_get), ODATA_GET("/Products({id})/Attributes", product_attributes_get),            \
        ODATA_GET("/Products({id})/$value", product_value_get), ODATA_GET("/Products({id})/Nodes", product_nodes_get),         \
        ODATA_GET("/Products({id})/Nodes({node})/Nodes", product_node_get),                                                    \
        ODATA_GET("/Products({id})/Nodes({node})/Nodes({file})/$value", product_node_value_get)

#endif
