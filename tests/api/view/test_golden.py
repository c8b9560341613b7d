"""Pictures beside gdalwarp's of the same files: the same place to half a pixel, the same values to two of 255."""
import math

import numpy
import pytest
from osgeo import gdal

gdal.UseExceptions()
HALF = 20037508.342789244


def decode(data):
    gdal.FileFromMemBuffer("/vsimem/answer", data)
    array = gdal.Open("/vsimem/answer").ReadAsArray().astype(float)
    gdal.Unlink("/vsimem/answer")
    return array


def tile_box(z, x, y):
    side = 2 * HALF / 2 ** z
    return [x * side - HALF, HALF - (y + 1) * side, (x + 1) * side - HALF, HALF - y * side]


def tile_of(lon, lat, z):
    x = int((lon + 180) / 360 * 2 ** z)
    y = int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2 ** z)
    return x, y


def warped(path, box, width, height, srs="EPSG:3857", nodata=None):
    return gdal.Warp("", path, format="MEM", outputBounds=box, width=width, height=height, dstSRS=srs, resampleAlg="bilinear",
                     outputType=gdal.GDT_Float32, srcNodata=nodata, dstNodata=-1e9, errorThreshold=0).ReadAsArray()


def shift(ours, theirs):
    """How far, in pixels, ours must be moved to fit theirs: least squares over the gradient (Lucas and Kanade 1981)."""
    gy, gx = numpy.gradient(theirs)
    inner = numpy.s_[20:-20, 20:-20]
    a = numpy.stack([gx[inner].ravel(), gy[inner].ravel()], axis=1)
    d, *_ = numpy.linalg.lstsq(a, (theirs - ours)[inner].ravel(), rcond=None)
    return float(numpy.hypot(*d))


def center(scene):
    west, south, east, north = scene["document"]["bbox"]
    return (west + 3 * east) / 4, (south + north) / 2


@pytest.mark.parametrize("zoom", [11, 12, 13, 14, 16])
def test_single_band_tile_is_where_and_what_gdal_says(anon, scene, zoom):
    x, y = tile_of(*center(scene), zoom)
    answer = anon.get(f"/view/tiles/{scene['path']}/band-red/{zoom}/{x}/{y}.png")
    assert answer.status_code == 200 and answer.headers["content-type"] == "image/png", answer.text
    ours = decode(answer.content)
    samples = warped(f"{scene['folder']}/red.tif", tile_box(zoom, x, y), 256, 256, nodata=0)
    expected = numpy.clip((samples - 1000) / 2000 * 255, 0, 255)
    seen = samples > 0
    if ours.shape[0] == 4:
        agree = (ours[3] == 255) == seen
        assert agree.mean() > 0.985, "the edges lie elsewhere"
        seen &= ours[3] == 255
    inner = seen & (numpy.abs(numpy.gradient(seen.astype(float))[0]) + numpy.abs(numpy.gradient(seen.astype(float))[1]) == 0)
    difference = numpy.abs(ours[0] - expected)[inner]
    assert difference.mean() < (1.0 if zoom >= 14 else 2.0), difference.mean()
    assert numpy.percentile(difference, 95) < (2 if zoom >= 14 else 6)
    if zoom >= 12 and inner.all():
        assert shift(ours[0], expected) < 0.5


def test_registration_in_every_system(anon, scene):
    """A preview in each system against gdalwarp's; the scene's eastern half, which is all valid."""
    west, south, east, north = scene["document"]["bbox"]
    box = [west + (east - west) * 0.4, south + (north - south) * 0.3, west + (east - west) * 0.6, south + (north - south) * 0.6]
    for crs in ("CRS:84", "EPSG:3857", "EPSG:32633", "EPSG:32632"):
        ours = decode(anon.get(f"/view/v1/previews/{scene['path']}/band-nir.png", params={
            "bbox": ",".join(map(str, box)), "crs": crs, "width": 300, "height": 300}).content)[0]
        srs = "EPSG:4326" if crs == "CRS:84" else crs
        corners = box if crs == "CRS:84" else gdal_box(box, srs)
        samples = warped(f"{scene['folder']}/nir.tif", corners, 300, 300, srs, nodata=0)
        expected = numpy.clip((samples - 1000) / 2000 * 255, 0, 255)
        assert numpy.abs(ours - expected).mean() < 2, crs
        assert shift(ours, expected) < 0.5, crs


def gdal_box(box, srs):
    from osgeo import osr
    source, target = osr.SpatialReference(), osr.SpatialReference()
    source.ImportFromEPSG(4326)
    target.SetFromUserInput(srs)
    for reference in (source, target):
        reference.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    return osr.CoordinateTransformation(source, target).TransformBounds(*box, 21)


def test_true_color_comes_from_the_visual_asset(anon, scene):
    x, y = tile_of(*center(scene), 14)
    ours = decode(anon.get(f"/view/tiles/{scene['path']}/true-color/14/{x}/{y}.png").content)
    expected = warped(f"{scene['folder']}/visual.tif", tile_box(14, x, y), 256, 256)
    assert numpy.abs(ours[:3] - expected).mean() < 1


def test_ndvi_is_computed_from_reflectance(anon, scene):
    stops = anon.get("/view/v1/legends/ndvi.json").json()["stops"]
    x, y = tile_of(*center(scene), 14)
    ours = decode(anon.get(f"/view/tiles/{scene['path']}/ndvi/14/{x}/{y}.png").content)
    red, nir = (warped(f"{scene['folder']}/{n}.tif", tile_box(14, x, y), 256, 256, nodata=0) * 0.0001 - 0.1 for n in ("red", "nir"))
    ndvi = (nir - red) / (nir + red)
    values = [s["value"] for s in stops]
    for channel in range(3):
        colours = [int(s["color"][1 + 2 * channel:3 + 2 * channel], 16) for s in stops]
        assert numpy.abs(ours[channel] - numpy.interp(ndvi, values, colours)).mean() < 2


def test_nodata_and_outside_are_transparent(anon, scene):
    west, south, east, north = scene["document"]["bbox"]
    ours = decode(anon.get(f"/view/v1/previews/{scene['path']}/band-red.png", params={"crs": "EPSG:32633", "width": 400}).content)
    columns = ours[3][100:-100].mean(axis=0)
    assert columns[20] == 0 and columns[45] == 0, "the strip without data must be transparent"
    assert columns[80] == 255 and columns[300] == 255
    x, y = tile_of(-100, 40, 10)
    empty = anon.get(f"/view/tiles/{scene['path']}/true-color/10/{x}/{y}.png")
    assert empty.status_code == 200
    assert decode(empty.content)[3].max() == 0
    assert len(empty.content) < 2000


def test_low_zooms_keep_the_scene_in_its_place(anon, scene):
    """A pixel shows the scene when its middle lies in it, however small the scene has become."""
    for zoom in range(0, 10):
        x, y = tile_of(*center(scene), zoom)
        ours = decode(anon.get(f"/view/tiles/{scene['path']}/true-color/{zoom}/{x}/{y}.png").content)
        seen = numpy.ones(ours.shape[1:], bool) if ours.shape[0] == 3 else ours[3] == 255
        samples = warped(f"{scene['folder']}/visual.tif", tile_box(zoom, x, y), 256, 256, nodata=-1)
        expected = samples[0] > -1e8
        assert (seen != expected).sum() <= max(2, 0.05 * expected.sum()), zoom


def test_double_tiles_and_jpeg(anon, scene):
    x, y = tile_of(*center(scene), 13)
    single = decode(anon.get(f"/view/tiles/{scene['path']}/band-red/13/{x}/{y}.png").content)
    double = decode(anon.get(f"/view/tiles/{scene['path']}/band-red/13/{x}/{y}@2x.png").content)
    assert double.shape[1:] == (512, 512)
    halved = double[0].reshape(256, 2, 256, 2).mean(axis=(1, 3))
    assert numpy.abs(halved - single[0]).mean() < 3
    answer = anon.get(f"/view/tiles/{scene['path']}/band-red/13/{x}/{y}.jpg")
    assert answer.headers["content-type"] == "image/jpeg"
    assert numpy.abs(decode(answer.content)[0] - single[0]).mean() < 4
