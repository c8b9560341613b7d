/* grid.c */
#include <cpl_conv.h>
#include <math.h>
#include <ogr_srs_api.h>
#include <stdlib.h>
#include <string.h>

#include "grid.h"

int raster_open(const char *path, GDALDatasetH *out, struct refusal *r) {
    static const char *const drivers[] = {"GTiff",   "JP2OpenJPEG", "JPEG",    "PNG",  "HFA",  "ENVI", "EHdr",
                                          "AAIGrid", "SRTMHGT",     "USGSDEM", "DTED", "NITF", NULL};
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    *out = GDALOpenEx(path, GDAL_OF_RASTER | GDAL_OF_READONLY, drivers, NULL, NULL);
    if (!*out) return refuse(r, "%s cannot be read as a raster", name);
    int64_t pixels = (int64_t)GDALGetRasterXSize(*out) * GDALGetRasterYSize(*out);
    int count = GDALGetRasterCount(*out);
    int err = 0;
    if (count < 1)
        err = refuse(r, "%s has no raster bands", name);
    else if (count > BANDS_MOST)
        err = refuse(r, "%s has %d bands; at most %d are taken", name, count, BANDS_MOST);
    else if (pixels > PIXELS_MOST)
        err = refuse(r, "%s is %d by %d pixels, more than are taken", name, GDALGetRasterXSize(*out), GDALGetRasterYSize(*out));
    else if (GDALDataTypeIsComplex(GDALGetRasterDataType(GDALGetRasterBand(*out, 1))))
        err = refuse(r, "%s has complex numbers, which are not taken", name);
    if (err) GDALClose(*out);
    return err;
}

/* The code of a CRS: its own, or that of the one CRS which it is beyond doubt. */
static int epsg_of(OGRSpatialReferenceH srs) {
    const char *code = OSRGetAuthorityCode(srs, NULL), *authority = OSRGetAuthorityName(srs, NULL);
    if (code && authority && strcmp(authority, "EPSG") == 0) return (int)strtol(code, NULL, 10);
    int count = 0, epsg = 0, *confidence = NULL;
    OGRSpatialReferenceH *matches = OSRFindMatches(srs, NULL, &count, &confidence);
    if (count > 0 && confidence[0] >= 90) {
        code = OSRGetAuthorityCode(matches[0], NULL);
        authority = OSRGetAuthorityName(matches[0], NULL);
        if (code && authority && strcmp(authority, "EPSG") == 0) epsg = (int)strtol(code, NULL, 10);
    }
    OSRFreeSRSArray(matches);
    CPLFree(confidence);
    return epsg;
}

void grid_read(struct scope *s, GDALDatasetH dataset, struct grid *out) {
    *out = (struct grid){.width = GDALGetRasterXSize(dataset), .height = GDALGetRasterYSize(dataset)};
    GDALGetGeoTransform(dataset, out->transform);
    OGRSpatialReferenceH srs = GDALGetSpatialRef(dataset);
    if (!srs) return;
    out->epsg = epsg_of(srs);
    static const char *const wkt2[] = {"FORMAT=WKT2_2019", NULL};
    char *wkt = NULL;
    if (OSRExportToWktEx(srs, &wkt, wkt2) == OGRERR_NONE) out->wkt = scope_strdup(s, wkt);
    CPLFree(wkt);
}

const char *data_type_name(GDALDataType type) {
    switch (type) {
    case GDT_Byte:
        return "uint8";
    case GDT_UInt16:
        return "uint16";
    case GDT_Int16:
        return "int16";
    case GDT_UInt32:
        return "uint32";
    case GDT_Int32:
        return "int32";
    case GDT_UInt64:
        return "uint64";
    case GDT_Int64:
        return "int64";
    case GDT_Float32:
        return "float32";
    case GDT_Float64:
        return "float64";
    default:
        return "other";
    }
}

int utm_epsg(double longitude, double latitude) {
    if (latitude > 84) return 3413;
    if (latitude < -80) return 3031;
    int zone = (int)floor((longitude + 180) / 6) + 1;
    if (zone < 1) zone = 1;
    if (zone > 60) zone = 60;
    return (latitude >= 0 ? 32600 : 32700) + zone;
}
