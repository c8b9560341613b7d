"""Clients that open the map services by their capabilities alone: GDAL's WMS and WMTS drivers, and OWSLib."""
import math

import numpy
import pytest
from osgeo import gdal

from pictures import decode

gdal.UseExceptions()


@pytest.fixture(autouse=True)
def own_cache(tmp_path):
    """GDAL keeps tiles in the working directory unless told otherwise."""
    gdal.SetConfigOption("GDAL_DEFAULT_WMS_CACHE_PATH", str(tmp_path))
    yield
    gdal.SetConfigOption("GDAL_DEFAULT_WMS_CACHE_PATH", None)


def inside(scene):
    """A box in the scene's eastern half, longitude and latitude."""
    west, south, east, north = scene["document"]["bbox"]
    return [west + (east - west) * 0.4, south + (north - south) * 0.3, west + (east - west) * 0.6, south + (north - south) * 0.6]


def expected(scene, box, srs, width, height):
    return gdal.Warp("", f"{scene['folder']}/visual.tif", format="MEM", outputBounds=box, width=width, height=height, dstSRS=srs,
                     resampleAlg="bilinear").ReadAsArray().astype(float)


@pytest.mark.parametrize("grid,srs", [("WebMercatorQuad", 3857), ("WorldCRS84Quad", 4326), ("EPSG:4326", 4326), ("UTM33WGS84Quad", 32633)])
def test_gdal_reads_each_tile_matrix_set(base, scene, grid, srs):
    """GDAL takes the grid's corners, scales and order of axes from the capabilities: the ground must come out where it is."""
    url = f"{base}/view/wmts/{scene['path']}?SERVICE=WMTS&REQUEST=GetCapabilities"
    dataset = gdal.Open(f"WMTS:{url},layer={scene['path']},style=true-color,tilematrixset={grid}")
    assert dataset.GetSpatialRef().GetAuthorityCode(None) in (str(srs), "CRS84")
    box = inside(scene)
    if srs == 3857:
        half = 20037508.342789244
        box = [v / 180 * half if i % 2 == 0 else math.asinh(math.tan(math.radians(v))) / math.pi * half for i, v in enumerate(box)]
    elif srs == 32633:
        box = [503000, 4991000, 507000, 4996000]
    read = gdal.Translate("", dataset, format="MEM", projWin=[box[0], box[3], box[2], box[1]], width=200, height=200, resampleAlg="bilinear")
    ours = read.ReadAsArray().astype(float)[:3]
    difference = numpy.abs(ours - expected(scene, box, f"EPSG:{srs}", 200, 200))[:, 20:-20, 20:-20]
    assert difference.mean() < 6, difference.mean()  # its overviews and ours are cut at different scales


def mercator(box):
    half = 20037508.342789244
    return [v / 180 * half if i % 2 == 0 else math.asinh(math.tan(math.radians(v))) / math.pi * half for i, v in enumerate(box)]


def test_gdal_reads_xyz_tiles(base, scene):
    """Its TMS driver, with the rows counted from the top."""
    half = 20037508.342789244
    dataset = gdal.Open(f"""<GDAL_WMS><Service name="TMS"><ServerUrl>{base}/view/tiles/{scene['path']}/true-color/${{z}}/${{x}}/${{y}}.png</ServerUrl></Service>
        <DataWindow><UpperLeftX>{-half}</UpperLeftX><UpperLeftY>{half}</UpperLeftY><LowerRightX>{half}</LowerRightX><LowerRightY>{-half}</LowerRightY>
        <TileLevel>15</TileLevel><TileCountX>1</TileCountX><TileCountY>1</TileCountY><YOrigin>top</YOrigin></DataWindow>
        <Projection>EPSG:3857</Projection><BlockSizeX>256</BlockSizeX><BlockSizeY>256</BlockSizeY><BandsCount>4</BandsCount></GDAL_WMS>""")
    box = mercator(inside(scene))
    read = gdal.Translate("", dataset, format="MEM", projWin=[box[0], box[3], box[2], box[1]], width=200, height=200, resampleAlg="bilinear")
    difference = numpy.abs(read.ReadAsArray().astype(float)[:3] - expected(scene, box, "EPSG:3857", 200, 200))[:, 20:-20, 20:-20]
    assert difference.mean() < 6, difference.mean()


def test_gdal_reads_a_formula_by_the_capabilities(base, scene):
    """The formula stands in the capabilities' address (in which GDAL takes no comma); the driver has the rest from them."""
    formula = "expression=(nir-red)%2F(nir%2Bred)&mosaic=latest"
    url = f"{base}/view/wmts/{scene['path']}?SERVICE=WMTS&REQUEST=GetCapabilities&{formula}"
    box = mercator(inside(scene))
    pictures = []
    for style in ("expression", "true-color"):
        dataset = gdal.Open(f"WMTS:{url},layer={scene['path']},style={style},tilematrixset=WebMercatorQuad")
        pictures.append(gdal.Translate("", dataset, format="MEM", projWin=[box[0], box[3], box[2], box[1]], width=100, height=100).ReadAsArray().astype(int))
    gray, colour = pictures
    assert (gray[0] == gray[1]).all() and gray[0].std() > 10 and (colour[0] != colour[1]).any()


@pytest.mark.parametrize("version", ["1.1.1", "1.3.0"])
def test_gdal_reads_wms(base, scene, version):
    west, south, east, north = inside(scene)
    order = "CRS" if version == "1.3.0" else "SRS"
    box = f"{south},{west},{north},{east}" if version == "1.3.0" else f"{west},{south},{east},{north}"
    dataset = gdal.Open(f"WMS:{base}/view/wms?SERVICE=WMS&VERSION={version}&REQUEST=GetMap&LAYERS={scene['path']}&STYLES=&{order}=EPSG:4326"
                        f"&BBOX={box}&FORMAT=image/png&TILESIZE=256&OVERVIEWCOUNT=0&MINRESOLUTION={(east - west) / 256:.15f}")
    ours = dataset.ReadAsArray().astype(float)[:3]
    transform = dataset.GetGeoTransform()
    bounds = [transform[0], transform[3] + transform[5] * dataset.RasterYSize, transform[0] + transform[1] * dataset.RasterXSize, transform[3]]
    theirs = expected(scene, bounds, "EPSG:4326", dataset.RasterXSize, dataset.RasterYSize)
    assert numpy.abs(ours - theirs)[:, 8:-8, 8:-8].mean() < 4


def test_owslib(base, scene):
    wms = pytest.importorskip("owslib.wms")
    wmts = pytest.importorskip("owslib.wmts")
    west, south, east, north = scene["document"]["bbox"]
    pictures = []
    for version in ("1.1.1", "1.3.0"):
        service = wms.WebMapService(f"{base}/view/wms/{scene['path']}", version=version)
        layer = service[scene["path"]]
        assert layer.boundingBoxWGS84 == pytest.approx((west, south, east, north), abs=1e-6) and "ndvi" in layer.styles
        answer = service.getmap(layers=[scene["path"]], styles=["ndvi"], srs="EPSG:4326", bbox=(west, south, east, north), size=(120, 90), format="image/png")
        pictures.append(decode(answer.read()))
        with pytest.raises(Exception):
            service.getmap(layers=["none/none"], styles=[""], srs="EPSG:4326", bbox=(west, south, east, north), size=(9, 9), format="image/png")
    assert (pictures[0] == pictures[1]).all()  # whichever order of axes
    tiles = wmts.WebMapTileService(f"{base}/view/wmts/{scene['path']}")
    assert "WebMercatorQuad" in tiles.contents[scene["path"]].tilematrixsetlinks
    answer = tiles.gettile(layer=scene["path"], style="ndvi", format="image/png", tilematrixset="WebMercatorQuad", tilematrix="0", row=0, column=0)
    assert decode(answer.read()).shape[1:] == (256, 256)
