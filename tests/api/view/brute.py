"""The numbers of an area, worked out the slow way: GDAL reads the file, GEOS cuts the polygon by every pixel, numpy sums up."""
import math

import numpy
from osgeo import gdal, ogr, osr

gdal.UseExceptions()
PIECES = 400  # of every edge, which is straight in degrees and bent on the map


def polygon(*points, holes=()):
    return {"type": "Polygon", "coordinates": [[*points, points[0]], *([*hole, hole[0]] for hole in holes)]}


def within(bounds, *fractions):
    """Positions given as fractions of a box; below 0 and above 1 they lie outside of it."""
    west, south, east, north = bounds
    return [[west + x * (east - west), south + y * (north - south)] for x, y in fractions]


def _ring(points, transform, inverse, pieces):
    ring = ogr.Geometry(ogr.wkbLinearRing)
    for (x0, y0), (x1, y1) in zip(points, points[1:]):
        for k in range(pieces):
            x, y, _ = transform.TransformPoint(x0 + (x1 - x0) * k / pieces, y0 + (y1 - y0) * k / pieces)
            ring.AddPoint_2D(*gdal.ApplyGeoTransform(inverse, x, y))
    ring.CloseRings()
    return ring


def _shape(dataset, geometry, shrink, turn):
    reference, degrees = dataset.GetSpatialRef(), osr.SpatialReference()
    degrees.ImportFromEPSG(4326)
    for each in (reference, degrees):
        each.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    transform = osr.CoordinateTransformation(degrees, reference)
    g = dataset.GetGeoTransform()
    inverse = gdal.InvGeoTransform((g[0], g[1] * shrink, 0, g[3], 0, g[5] * shrink))
    pieces = 1 if reference.IsGeographic() else PIECES
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    shapes = []
    for rings in polygons:
        polygon = ogr.Geometry(ogr.wkbPolygon)
        for points in rings:
            moved = [(x + (360 if turn and x < 0 else 0), y) for x, y in points]
            polygon.AddGeometry(_ring(moved, transform, inverse, pieces))
        shapes.append(polygon)
    return shapes


def _box(x0, y0, x1, y1):
    return ogr.CreateGeometryFromWkt(f"POLYGON(({x0} {y0},{x1} {y0},{x1} {y1},{x0} {y1},{x0} {y0}))")


def _fill(out, polygon, x0, y0, x1, y1):
    """Quarters a box of pixels until each part is all inside, all outside or one pixel."""
    part = polygon.Intersection(_box(x0, y0, x1, y1))
    area = part.Area() if part is not None else 0
    if area == 0:
        return
    if area >= (x1 - x0) * (y1 - y0) * (1 - 1e-14) or (x1 - x0 == 1 and y1 - y0 == 1):
        out[y0:y1, x0:x1] += area / ((x1 - x0) * (y1 - y0))
        return
    xs = (x0, (x0 + x1) // 2, x1) if x1 - x0 > 1 else (x0, x1)
    ys = (y0, (y0 + y1) // 2, y1) if y1 - y0 > 1 else (y0, y1)
    for top, bottom in zip(ys, ys[1:]):
        for left, right in zip(xs, xs[1:]):
            _fill(out, part, left, top, right, bottom)


def weights(path, geometry, shrink=1, turn=False, shape=None):
    """Which part of every pixel of the file (of its overview, where shrunk) the polygon covers."""
    dataset = gdal.Open(path)
    lines, columns = shape or (dataset.RasterYSize, dataset.RasterXSize)
    out = numpy.zeros((lines, columns))
    for polygon in _shape(dataset, geometry, shrink, turn):
        _fill(out, polygon, 0, 0, columns, lines)
    out[out < 1e-9] = 0
    return numpy.minimum(out, 1)


def read(path, nodata=None):
    """The samples as floats, NaN where the file or the item has no data."""
    dataset = gdal.Open(path)
    band = dataset.GetRasterBand(1)
    values = band.ReadAsArray().astype("float64")
    values[band.GetMaskBand().ReadAsArray() == 0] = numpy.nan
    if nodata is not None:
        values[values == nodata] = numpy.nan
    return values


def percentile(values, w, p):
    order = numpy.argsort(values, kind="stable")
    sums = numpy.cumsum(w[order])
    return values[order][numpy.searchsorted(sums, sums[-1] * (p / 100 - 1e-12))]


def statistics(values, w, valid=None):
    """What the answer must say. valid: where the masks let a pixel count."""
    inside = w > 0
    has = inside & ~numpy.isnan(values)
    counted = has if valid is None else has & valid
    v, u = values[counted], w[counted]
    out = {"count": int(counted.sum()), "weight": u.sum(), "nodata": int((inside & numpy.isnan(values)).sum()),
           "nodata_weight": w[inside & numpy.isnan(values)].sum(), "masked": int((has & ~counted).sum())}
    if v.size:
        mean = (u * v).sum() / u.sum()
        out |= {"mean": mean, "std": math.sqrt((u * (v - mean) ** 2).sum() / u.sum()), "min": v.min(), "max": v.max(), "sum": (u * v).sum(),
                "percentiles": {p: percentile(v, u, p) for p in (2, 25, 50, 75, 98)}}
    return out
