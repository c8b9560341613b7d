"""WMTS 1.0.0: assertions of ets-wmts10 written anew, each naming its clause of OGC 07-057r7 (or OWS Common 1.1, 06-121r3)."""
import xml.etree.ElementTree as ET

import numpy
import pytest

from pictures import OWS, decode, exception_ows

WMTS = "{http://www.opengis.net/wmts/1.0}"
HALF = 20037508.342789244


def capabilities(anon, path="", **params):
    answer = anon.get("/view/wmts" + path, params={"SERVICE": "WMTS", "REQUEST": "GetCapabilities", **params})
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("application/xml"), answer.text[:300]
    return ET.fromstring(answer.content)


def tile_at(scene, level=12):
    """Row and column of the Web Mercator tile in the scene's eastern half."""
    west, south, east, north = scene["document"]["bbox"]
    lon, lat = (west + 3 * east) / 4, (south + north) / 2
    y = numpy.arcsinh(numpy.tan(numpy.radians(lat))) / numpy.pi
    return int((1 - y) / 2 * 2 ** level), int((lon + 180) / 360 * 2 ** level)


def get(anon, scene, **changes):
    row, column = tile_at(scene)
    params = {"SERVICE": "WMTS", "VERSION": "1.0.0", "REQUEST": "GetTile", "LAYER": scene["path"], "STYLE": "true-color", "FORMAT": "image/png",
              "TILEMATRIXSET": "WebMercatorQuad", "TILEMATRIX": "12", "TILEROW": row, "TILECOL": column}
    params.update(changes)
    return anon.get("/view/wmts", params={name: value for name, value in params.items() if value is not None})


def test_capabilities(anon, base, scene):
    """Clause 7.1.1 and its schema's order; 06-121r3 clause 7.4: service, operations with KVP and RESTful addresses."""
    root = capabilities(anon)
    assert root.tag == WMTS + "Capabilities" and root.get("version") == "1.0.0"
    assert [e.tag for e in root] == [OWS + "ServiceIdentification", OWS + "OperationsMetadata", WMTS + "Contents", WMTS + "ServiceMetadataURL"]
    assert root.find(f"{OWS}ServiceIdentification/{OWS}ServiceType").text == "OGC WMTS"
    operations = root.findall(f"{OWS}OperationsMetadata/{OWS}Operation")
    assert [o.get("name") for o in operations] == ["GetCapabilities", "GetTile", "GetFeatureInfo"]
    for operation in operations:
        assert [v.text for v in operation.iter(OWS + "Value")] == ["KVP", "RESTful"]
    names = [layer.find(OWS + "Identifier").text for layer in root.iter(WMTS + "Layer")]
    assert scene["path"] in names and scene["collection"] in names and len(set(names)) == len(names)
    document = anon.get(root.find(WMTS + "ServiceMetadataURL").get("{http://www.w3.org/1999/xlink}href"))
    assert document.status_code == 200 and ET.fromstring(document.content).tag == root.tag  # clause 10.1
    for url in root.iter(WMTS + "ResourceURL"):
        assert url.get("template").startswith(base + "/view/wmts/1.0.0/")


def test_layers_of_one_item(anon, scene):
    """Clause 7.1.1.1: each layer has styles with one default, formats, sets that are defined, and templates with their parameters."""
    root = capabilities(anon, "/" + scene["path"])
    sets = {s.find(OWS + "Identifier").text for s in root.findall(f"{WMTS}Contents/{WMTS}TileMatrixSet")}
    layers = list(root.iter(WMTS + "Layer"))
    assert layers[0].find(OWS + "Identifier").text == scene["path"] and len(layers) == 6
    order = [OWS + "Title", OWS + "WGS84BoundingBox", OWS + "Identifier", WMTS + "Style", WMTS + "Format", WMTS + "InfoFormat",
             WMTS + "TileMatrixSetLink", WMTS + "ResourceURL"]
    for layer in layers:
        places = [order.index(child.tag) for child in layer]
        assert places == sorted(places)
        assert [s.get("isDefault") for s in layer.findall(WMTS + "Style")].count("true") == 1
        linked = [link.find(WMTS + "TileMatrixSet").text for link in layer.findall(WMTS + "TileMatrixSetLink")]
        assert set(linked) <= sets and {"WebMercatorQuad", "WorldCRS84Quad", "EPSG:4326", "UTM33WGS84Quad"} == set(linked)
        low = [float(v) for v in layer.find(f"{OWS}WGS84BoundingBox/{OWS}LowerCorner").text.split()]
        high = [float(v) for v in layer.find(f"{OWS}WGS84BoundingBox/{OWS}UpperCorner").text.split()]
        assert low[0] < high[0] and low[1] < high[1]
        for url in layer.findall(WMTS + "ResourceURL"):
            for name in ("{Style}", "{TileMatrixSet}", "{TileMatrix}", "{TileRow}", "{TileCol}"):
                assert name in url.get("template")
    assert anon.get("/view/wmts/none/none?SERVICE=WMTS&REQUEST=GetCapabilities").status_code == 404


def test_tile_matrix_sets(anon, scene):
    """Clause 6.1 and annex E: the well-known scale sets' own denominators; corners in the system's order of axes; EPSG names."""
    sets = {s.find(OWS + "Identifier").text: s for s in capabilities(anon, "/" + scene["path"]).findall(f"{WMTS}Contents/{WMTS}TileMatrixSet")}

    def read(name):
        matrices = sets[name].findall(WMTS + "TileMatrix")
        corner = [float(v) for v in matrices[0].find(WMTS + "TopLeftCorner").text.split()]
        size = [int(matrices[1].find(WMTS + side).text) for side in ("MatrixWidth", "MatrixHeight")]
        return (sets[name].find(OWS + "SupportedCRS").text, sets[name].findtext(WMTS + "WellKnownScaleSet"), corner, size,
                [float(m.find(WMTS + "ScaleDenominator").text) for m in matrices])

    crs, known, corner, size, scales = read("WebMercatorQuad")
    assert crs == "urn:ogc:def:crs:EPSG::3857" and known.endswith(":GoogleMapsCompatible") and size == [2, 2]
    assert corner == pytest.approx([-HALF, HALF]) and scales[0] == pytest.approx(559082264.0287178) and scales[18] == pytest.approx(2132.729583849784)
    crs, known, corner, size, scales = read("WorldCRS84Quad")
    assert crs == "urn:ogc:def:crs:OGC:1.3:CRS84" and known.endswith(":GoogleCRS84Quad") and corner == [-180, 90] and size == [4, 2]
    assert scales[0] == pytest.approx(279541132.0143589) and scales[17] == pytest.approx(2132.729583849784)
    crs, known, corner, _, _ = read("EPSG:4326")
    assert crs == "urn:ogc:def:crs:EPSG::4326" and known is None and corner == [90, -180]
    crs, _, corner, size, scales = read("UTM33WGS84Quad")  # as registered at opengis.net/def/tilematrixset
    assert crs == "urn:ogc:def:crs:EPSG::32633" and corner == pytest.approx([-9501965.72931276, 20003931.4586255]) and size == [2, 4]
    assert scales[0] == pytest.approx(279072704.500914)
    short = anon.get(f"/view/wmts/{scene['path']}?SERVICE=WMTS&REQUEST=GetCapabilities&use_epsg=true").text
    assert "<ows:SupportedCRS>EPSG:3857</ows:SupportedCRS>" in short and "urn:ogc" not in short.replace("urn:ogc:def:wkss", "")


@pytest.mark.parametrize("format,magic", [("image/png", b"\x89PNG"), ("image/jpeg", b"\xff\xd8")])
def test_tile_by_parameters_and_by_address(anon, scene, format, magic):
    """Clauses 7.2 and 10.2: the same bytes either way; case and order of names do not matter (06-121r3 clause 11.5.2)."""
    row, column = tile_at(scene)
    answer = get(anon, scene, FORMAT=format)
    assert answer.status_code == 200 and answer.headers["content-type"] == format and answer.content.startswith(magic)
    assert decode(answer.content).shape[1:] == (256, 256)
    ending = "png" if format == "image/png" else "jpg"
    path = f"/view/wmts/1.0.0/{scene['path']}/true-color/WebMercatorQuad/12/{row}/{column}.{ending}"
    rest = anon.get(path)
    assert rest.content == answer.content and rest.headers["cache-control"].startswith("public")
    assert anon.get(path, headers={"If-None-Match": rest.headers["etag"]}).status_code == 304
    text = f"tilecol={column}&TileRow={row}&tilematrix=12&TILEMATRIXSET=WebMercatorQuad&format={format}&style=&layer={scene['path']}&request=GetTile&version=1.0.0&service=WMTS"
    assert anon.get("/view/wmts?" + text).content == answer.content


def test_a_tile_is_the_xyz_tile(anon, scene):
    """WebMercatorQuad's tiles are those of /view/tiles."""
    row, column = tile_at(scene)
    xyz = anon.get(f"/view/tiles/{scene['path']}/ndvi/12/{column}/{row}.png")
    assert xyz.status_code == 200 and get(anon, scene, STYLE="ndvi").content == xyz.content


def test_sets_show_the_same_ground(anon, scene):
    """A tile of each set against GetMap of the box that the set's definition gives it."""
    west, south, east, north = scene["document"]["bbox"]
    lon, lat = (west + 3 * east) / 4, (south + north) / 2
    cell = 180 / 2 ** 10
    row, column = int((90 - lat) / cell), int((lon + 180) / cell)
    box = [column * cell - 180, 90 - (row + 1) * cell, (column + 1) * cell - 180, 90 - row * cell]
    shown = get(anon, scene, TILEMATRIXSET="WorldCRS84Quad", TILEMATRIX=10, TILEROW=row, TILECOL=column)
    assert get(anon, scene, TILEMATRIXSET="EPSG:4326", TILEMATRIX=10, TILEROW=row, TILECOL=column).content == shown.content
    utm = 20003931.4586255 / 2 ** 9  # a tile of level 10
    x, y = 509000, 4995000
    utm_row, utm_column = int((20003931.4586255 - y) / utm), int((x + 9501965.72931276) / utm)
    utm_box = [utm_column * utm - 9501965.72931276, 20003931.4586255 - (utm_row + 1) * utm, (utm_column + 1) * utm - 9501965.72931276, 20003931.4586255 - utm_row * utm]
    shown_utm = get(anon, scene, TILEMATRIXSET="UTM33WGS84Quad", TILEMATRIX=10, TILEROW=utm_row, TILECOL=utm_column)
    for answer, crs, bounds in ((shown, "CRS:84", box), (shown_utm, "EPSG:32633", utm_box)):
        drawn = anon.get("/view/wms", params={"SERVICE": "WMS", "VERSION": "1.3.0", "REQUEST": "GetMap", "LAYERS": scene["path"], "STYLES": "", "CRS": crs,
                                              "BBOX": ",".join(f"{v:.12f}" for v in bounds), "WIDTH": 256, "HEIGHT": 256, "FORMAT": "image/png", "TRANSPARENT": "TRUE"})
        difference = numpy.abs(decode(answer.content) - decode(drawn.content))
        assert (difference > 2).mean() < 0.002, crs


@pytest.mark.parametrize("changes,expected", [
    ({"SERVICE": None}, ("MissingParameterValue", "Service")), ({"SERVICE": "WMS"}, ("InvalidParameterValue", "Service")),
    ({"REQUEST": None}, ("MissingParameterValue", "Request")), ({"REQUEST": "GetMap"}, ("OperationNotSupported", "Request")),
    ({"VERSION": None}, ("MissingParameterValue", "Version")), ({"VERSION": "2.0.0"}, ("InvalidParameterValue", "Version")),
    ({"LAYER": None}, ("MissingParameterValue", "Layer")), ({"LAYER": "none/none"}, ("InvalidParameterValue", "Layer")),
    ({"STYLE": None}, ("MissingParameterValue", "Style")), ({"STYLE": "nope"}, ("InvalidParameterValue", "Style")),
    ({"FORMAT": None}, ("MissingParameterValue", "Format")), ({"FORMAT": "image/gif"}, ("InvalidParameterValue", "Format")),
    ({"TILEMATRIXSET": None}, ("MissingParameterValue", "TileMatrixSet")), ({"TILEMATRIXSET": "nope"}, ("InvalidParameterValue", "TileMatrixSet")),
    ({"TILEMATRIX": None}, ("MissingParameterValue", "TileMatrix")), ({"TILEMATRIX": "99"}, ("InvalidParameterValue", "TileMatrix")),
    ({"TILEROW": None}, ("MissingParameterValue", "TileRow")), ({"TILEROW": "x"}, ("InvalidParameterValue", "TileRow")),
    ({"TILEROW": "4096"}, ("TileOutOfRange", "TileRow")), ({"TILECOL": "4096"}, ("TileOutOfRange", "TileCol")),
    ({"TILECOL": "99999999999999"}, ("TileOutOfRange", "TileCol")), ({"TILECOL": "-1"}, ("InvalidParameterValue", "TileCol")),
])
def test_exceptions(anon, scene, changes, expected):
    """Clause 7.2.3 and table 22: codes and locators; 06-121r3 clause 8.6: statuses."""
    answer = get(anon, scene, **changes)
    assert answer.status_code in ((501,) if expected[0] == "OperationNotSupported" else (400, 404))
    assert exception_ows(answer) == expected


def test_version_negotiation(anon):
    """06-121r3 clause 7.3.2."""
    assert capabilities(anon, ACCEPTVERSIONS="2.0.0,1.0.0").get("version") == "1.0.0"
    answer = anon.get("/view/wmts?SERVICE=WMTS&REQUEST=GetCapabilities&ACCEPTVERSIONS=2.0.0")
    assert answer.status_code == 400 and exception_ows(answer)[0] == "VersionNegotiationFailed"


def test_feature_info(anon, scene):
    """Clauses 7.3 and 10.3."""
    info = {"REQUEST": "GetFeatureInfo", "INFOFORMAT": "application/json", "I": 100, "J": 50}
    features = get(anon, scene, **info).json()["features"]
    assert set(features[0]["properties"]) == {"blue", "green", "red", "nir"}
    row, column = tile_at(scene)
    rest = anon.get(f"/view/wmts/1.0.0/{scene['path']}/true-color/WebMercatorQuad/12/{row}/{column}/50/100.json")
    assert rest.json()["features"] == features
    for changes, expected in (({"I": 256}, ("PointIJOutOfRange", "I")), ({"J": 256}, ("PointIJOutOfRange", "J")), ({"I": None}, ("MissingParameterValue", "I")),
                              ({"INFOFORMAT": None}, ("MissingParameterValue", "InfoFormat")), ({"INFOFORMAT": "x/y"}, ("InvalidParameterValue", "InfoFormat"))):
        assert exception_ows(get(anon, scene, **{**info, **changes})) == expected


@pytest.mark.parametrize("path", ["x", "a/b/c", "none/none/default/WebMercatorQuad/0/0/0.png", "{}/nope/WebMercatorQuad/0/0/0.png", "{}/default/nope/0/0/0.png",
                                  "{}/default/WebMercatorQuad/0/0/1.png", "{}/default/WebMercatorQuad/0/0/0.gif", "{}/default/WebMercatorQuad/0/0/0",
                                  "{}/default/WebMercatorQuad/0/../0/0.png", "%2e%2e/%2e%2e/etc/passwd.png"])
def test_addresses_that_are_none(anon, scene, path):
    """Clause 10.2.2: an address of no tile is refused as an exception."""
    answer = anon.get("/view/wmts/1.0.0/" + path.replace("{}", scene["path"]))
    assert answer.status_code in (400, 404)
    if "/../" not in path:
        assert exception_ows(answer)[0] in ("InvalidParameterValue", "TileOutOfRange")


def test_a_collection_in_time(anon, publish_pair):
    """Clause 6.2 (dimensions): Time by parameter and by address."""
    collection, first, second = publish_pair
    root = capabilities(anon)
    layer = next(x for x in root.iter(WMTS + "Layer") if x.find(OWS + "Identifier").text == collection)
    assert layer.find(f"{WMTS}Dimension/{OWS}Identifier").text == "Time" and "{Time}" in layer.find(WMTS + "ResourceURL").get("template")
    row, column = tile_at(first, 10)
    at = {"LAYER": collection, "STYLE": "band-red", "TILEMATRIX": 10, "TILEROW": row, "TILECOL": column}
    tiles = {time: get(anon, first, TIME=time, **at).content for time in ("2024-01-01", "2024-03-01", None, "default")}
    assert tiles[None] == tiles["default"] == tiles["2024-03-01"] != tiles["2024-01-01"]
    for time in ("2024-01-01", "default"):
        assert anon.get(f"/view/wmts/1.0.0/{collection}/band-red/time={time}/WebMercatorQuad/10/{row}/{column}.png").content == tiles[time]
    assert exception_ows(get(anon, first, TIME="1999", **at)) == ("InvalidParameterValue", "Time")
