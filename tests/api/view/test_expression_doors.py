"""The same formula through every door gives the same picture; legends tell its colours, GetFeatureInfo its value."""
import math

import numpy
import pytest
from lxml import etree

from pictures import decode

FORMULA = {"expression": "(nir - red) / (nir + red)", "rescale": "-0.4,0.4", "colormap": "viridis"}
HALF = 20037508.342789244


@pytest.fixture(scope="module")
def tile(scene):
    """z, x, y of a tile well inside the scene."""
    west, south, east, north = scene["document"]["bbox"]
    lon, lat, z = (west + 3 * east) / 4, (south + north) / 2, 14
    return z, int((lon + 180) / 360 * 2 ** z), int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2 ** z)


def middle(tile):
    z, x, y = tile
    return (x + 0.5) / 2 ** z * 360 - 180, math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * (y + 0.5) / 2 ** z))))


def box(tile):
    z, x, y = tile
    side = 2 * HALF / 2 ** z
    return x * side - HALF, HALF - (y + 1) * side, (x + 1) * side - HALF, HALF - y * side


@pytest.fixture(scope="module")
def picture(anon_session, scene, tile):
    z, x, y = tile
    answer = anon_session.get(f"/view/tiles/{scene['path']}/expression/{z}/{x}/{y}.png", params=FORMULA)
    assert answer.status_code == 200, answer.text
    array = decode(answer.content)
    assert array.std() > 5
    return array


def wmts(scene, tile, **more):
    return {"SERVICE": "WMTS", "REQUEST": "GetTile", "VERSION": "1.0.0", "LAYER": scene["path"], "STYLE": "expression", "FORMAT": "image/png",
            "TILEMATRIXSET": "WebMercatorQuad", "TILEMATRIX": tile[0], "TILEROW": tile[2], "TILECOL": tile[1], **more}


def wms(scene, tile, **more):
    return {"SERVICE": "WMS", "VERSION": "1.3.0", "REQUEST": "GetMap", "LAYERS": scene["path"], "STYLES": "expression", "CRS": "EPSG:3857",
            "BBOX": ",".join(map(str, box(tile))), "WIDTH": 256, "HEIGHT": 256, "FORMAT": "image/png", "TRANSPARENT": "TRUE", **more}


def test_every_door_draws_the_same(anon, scene, tile, picture):
    z, x, y = tile
    ogc = f"/view/ogc/collections/{scene['path'].replace('/', ':')}"
    west, south, east, north = box(tile)
    doors = [
        ("/view/wms", {**wms(scene, tile), **FORMULA}),
        ("/view/wms", {**wms(scene, tile, STYLES=""), **{k.upper(): v for k, v in FORMULA.items()}}),
        ("/view/wmts", {**wmts(scene, tile), **FORMULA}),
        ("/view/wmts", {**wmts(scene, tile, STYLE="default"), **FORMULA}),
        (f"/view/wmts/1.0.0/{scene['path']}/expression/WebMercatorQuad/{z}/{y}/{x}.png", FORMULA),
        (f"{ogc}/styles/expression/map/tiles/WebMercatorQuad/{z}/{y}/{x}", {"f": "png", **FORMULA}),
        (f"{ogc}/map/tiles/WebMercatorQuad/{z}/{y}/{x}", {"f": "png", **FORMULA}),
        (f"{ogc}/styles/expression/map", {"f": "png", "crs": "EPSG:3857", "bbox-crs": "EPSG:3857", "bbox": f"{west},{south},{east},{north}",
                                          "width": 256, "height": 256, **FORMULA}),
    ]
    for path, params in doors:
        answer = anon.get(path, params=params)
        assert answer.status_code == 200 and answer.headers["content-type"] == "image/png", (path, answer.text)
        difference = numpy.abs(decode(answer.content)[:3] - picture[:3])
        assert difference.max() <= 2, (path, params, difference.max())
    # A style that is named is drawn, whatever formula the address carries along.
    plain = anon.get("/view/wmts", params=wmts(scene, tile, STYLE="true-color"))
    assert anon.get("/view/wmts", params={**wmts(scene, tile, STYLE="true-color"), **FORMULA}).content == plain.content


def test_a_plus_that_lost_its_encoding(anon, scene, tile, picture):
    z, x, y = tile
    address = f"/view/tiles/{scene['path']}/expression/{z}/{x}/{y}.png?rescale=-0.4,0.4&colormap=viridis&expression="
    expected = anon.get(address + "(nir-red)/(nir%2Bred)").content
    for formula in ("(nir-red)/(nir+red)", "(nir+-+red)/(nir+%2B+red)", "(nir-red)/(nir%20%2b%20red)"):
        assert anon.get(address + formula).content == expected, formula
    answer = anon.get(address + "(nir-red)/(nir+red")
    assert answer.status_code == 400 and "nir red" in answer.json()["detail"]


def test_indices_by_name_and_style(anon, scene, tile):
    z, x, y = tile
    look = {"rescale": "-0.4,0.4"}
    expected = anon.get(f"/view/tiles/{scene['path']}/index-NDVI/{z}/{x}/{y}.png", params=look).content
    ogc = f"/view/ogc/collections/{scene['path'].replace('/', ':')}"
    assert anon.get(f"{ogc}/styles/index-NDVI/map/tiles/WebMercatorQuad/{z}/{y}/{x}", params=look).content == expected
    assert anon.get(f"/view/wmts/1.0.0/{scene['path']}/index-NDVI/WebMercatorQuad/{z}/{y}/{x}.png", params=look).content == expected


def test_each_door_refuses_in_its_own_words(anon, scene, tile):
    z, x, y = tile
    bad = {"expression": "nir + rot"}
    answer = anon.get("/view/wmts", params={**wmts(scene, tile), **bad})
    assert answer.status_code == 400 and 'exceptionCode="InvalidParameterValue"' in answer.text and 'locator="expression"' in answer.text
    assert "At character 7" in answer.text
    ogc = f"/view/ogc/collections/{scene['path'].replace('/', ':')}"
    for path in (f"{ogc}/map", f"{ogc}/styles/expression/map/tiles/WebMercatorQuad/{z}/{y}/{x}", f"{ogc}/map/tiles/WebMercatorQuad?expression=nir+%2B+rot"):
        answer = anon.get(path, params=None if "?" in path else bad)
        assert answer.status_code == 400 and answer.json()["field"] == "expression" and "At character 7" in answer.json()["detail"], path
    answer = anon.get("/view/wms", params={"SERVICE": "WMS", "VERSION": "1.3.0", "REQUEST": "GetLegendGraphic", "LAYER": scene["path"],
                                           "STYLE": "expression", "expression": "nir", "colormap": "none-such"})
    assert answer.status_code == 400 and "colour map" in answer.text
    answer = anon.get("/view/v1/legends/expression.png", params={"rescale": "2,1"})
    assert answer.status_code == 400 and answer.json()["field"] == "rescale"
    # One asset has not the bands of others: there a formula is no style.
    answer = anon.get("/view/wmts", params={**wmts(scene, tile, LAYER=f"{scene['path']}/red"), **bad})
    assert answer.status_code == 400 and 'locator="Style"' in answer.text


def test_feature_info_tells_the_value(anon, scene, tile):
    lon, lat = middle(tile)
    expected = anon.get(f"/view/v1/points/{scene['path']}", params={"lon": lon, "lat": lat, "expression": FORMULA["expression"]}).json()["value"]
    # The middle of pixel 128 lies half a pixel off the tile's middle: on a 10 m raster drawn at 6 m it may be the next one.
    place = {"I": 128, "J": 128, "INFO_FORMAT": "application/json"}
    map_info = anon.get("/view/wms", params={**wms(scene, tile, REQUEST="GetFeatureInfo", QUERY_LAYERS=scene["path"], **place), **FORMULA})
    tile_info = anon.get("/view/wmts", params={**wmts(scene, tile, REQUEST="GetFeatureInfo", INFOFORMAT="application/json", I=128, J=128), **FORMULA})
    values = []
    for answer in (map_info, tile_info):
        assert answer.status_code == 200, answer.text
        properties = answer.json()["features"][0]["properties"]
        nir, red = (properties[b] * 0.0001 - 0.1 for b in ("nir", "red"))
        assert properties["expression"] == pytest.approx((nir - red) / (nir + red), abs=1e-5)
        values.append(properties["expression"])
    assert values[0] == values[1] and abs(values[0] - expected) < 0.3
    text = anon.get("/view/wms", params={**wms(scene, tile, REQUEST="GetFeatureInfo", QUERY_LAYERS=scene["path"], I=128, J=128,
                                               STYLES="index-NDVI", INFO_FORMAT="text/plain")}).text
    assert "index-NDVI = " in text
    plain = anon.get("/view/wms", params=wms(scene, tile, REQUEST="GetFeatureInfo", QUERY_LAYERS=scene["path"], STYLES="", **place))
    assert set(plain.json()["features"][0]["properties"]) == {"red", "green", "blue", "nir"}


def test_legends_are_ramps_with_numbers(anon, scene):
    down = anon.get("/view/wms", params={"SERVICE": "WMS", "VERSION": "1.3.0", "REQUEST": "GetLegendGraphic", "LAYER": scene["path"],
                                         "STYLE": "expression", "FORMAT": "image/png", **FORMULA})
    assert down.status_code == 200, down.text
    across = anon.get("/view/v1/legends/expression.png", params=FORMULA)
    stops = anon.get("/view/v1/legends/expression.json", params=FORMULA).json()["stops"]
    assert [stops[0]["value"], stops[-1]["value"]] == pytest.approx([-0.4, 0.4])
    low, high = (tuple(int(s["color"][i:i + 2], 16) for i in (1, 3, 5)) for s in (stops[0], stops[-1]))
    upright, lying = decode(down.content), decode(across.content)
    assert upright.shape[1:] == (160, 90) and lying.shape[1:] == (38, 256)
    assert tuple(upright[:3, 0, 2]) == high and tuple(upright[:3, -1, 2]) == low
    assert tuple(lying[:3, 2, 0]) == low and tuple(lying[:3, 2, -1]) == high
    assert len({tuple(c) for c in upright[:3, :, 2].T}) > 100, "it has no steps"
    for array, words in ((upright, upright[:3, :, 28:]), (lying, lying[:3, 25:, :])):
        dark = (words.max(axis=0) < 64).sum()
        assert 100 < dark < words[0].size / 3, "there are numbers"
    gray = anon.get("/view/v1/legends/index-NDVI.json").json()["stops"]
    assert [(s["value"], s["color"]) for s in gray] == [(-1, "#000000"), (1, "#ffffff")]


def test_capabilities_carry_the_formula(anon, base, scene, tile):
    z, x, y = tile
    expected = anon.get(f"/view/tiles/{scene['path']}/expression/{z}/{x}/{y}.png", params=FORMULA).content
    document = etree.fromstring(anon.get(f"/view/wmts/{scene['path']}", params={"SERVICE": "WMTS", "REQUEST": "GetCapabilities", **FORMULA}).content)
    ns = {"w": "http://www.opengis.net/wmts/1.0", "o": "http://www.opengis.net/ows/1.1", "x": "http://www.w3.org/1999/xlink"}
    layer = document.find("w:Contents/w:Layer", ns)
    assert layer.find("w:Style[@isDefault='true']/o:Identifier", ns).text == "expression"
    template = layer.find("w:ResourceURL[@format='image/png']", ns).get("template")
    for name, value in (("Style", "expression"), ("TileMatrixSet", "WebMercatorQuad"), ("TileMatrix", z), ("TileRow", y), ("TileCol", x)):
        template = template.replace("{%s}" % name, str(value))
    assert anon.get(template.removeprefix(base)).content == expected
    kvp = document.find("o:OperationsMetadata/o:Operation[@name='GetTile']/o:DCP/o:HTTP/o:Get", ns).get("{%s}href" % ns["x"])
    query = "&".join(f"{k}={v}" for k, v in wmts(scene, tile).items())
    assert anon.get(kvp.removeprefix(base) + query).content == expected
    legend = layer.find("w:Style/w:LegendURL", ns).get("{%s}href" % ns["x"])
    assert anon.get(legend.removeprefix(base)).headers["content-type"] == "image/png"

    document = etree.fromstring(anon.get(f"/view/wms/{scene['path']}", params={"SERVICE": "WMS", "REQUEST": "GetCapabilities", **FORMULA}).content)
    ns = {"w": "http://www.opengis.net/wms", "x": "http://www.w3.org/1999/xlink"}
    assert "expression" in [n.text for n in document.iterfind(".//w:Layer/w:Style/w:Name", ns)]
    address = document.find(".//w:GetMap//w:OnlineResource", ns).get("{%s}href" % ns["x"])
    answer = anon.get(address.removeprefix(base) + "&".join(f"{k}={v}" for k, v in wms(scene, tile).items()))
    assert answer.status_code == 200 and numpy.abs(decode(answer.content)[:3] - decode(expected)[:3]).max() <= 2

    ogc = f"/view/ogc/collections/{scene['path'].replace('/', ':')}/map/tiles/WebMercatorQuad"
    tilejson = anon.get(ogc, params={"f": "tilejson", **FORMULA}).json()
    assert tilejson["description"] == FORMULA["expression"]
    assert anon.get(tilejson["tiles"][0].removeprefix(base).format(z=z, x=x, y=y)).content == expected
    link = next(k for k in anon.get(ogc, params=FORMULA).json()["links"] if k["rel"] == "item" and k["type"] == "image/png")
    assert anon.get(link["href"].removeprefix(base).format(tileMatrix=z, tileRow=y, tileCol=x)).content == expected


def test_collections_take_formulas(anon, scene, tile, picture):
    z, x, y = tile
    path = f"/view/ogc/collections/{scene['collection']}/map/tiles/WebMercatorQuad/{z}/{y}/{x}"
    answer = anon.get(path, params={"f": "png", **FORMULA})
    assert answer.status_code == 200, answer.text
    drawn = decode(answer.content)
    assert drawn.shape[0] in (3, 4) and drawn[:3].std() > 5
