"""Assertions of the OGC test suites for WMS 1.3.0 (ets-wms13) and 1.1.1 (ets-wms11), written anew; each names its clause of
OGC 06-042 or 01-068r3."""
import xml.etree.ElementTree as ET

import numpy
import pytest

from helpers import eventually
from pictures import bare, decode, exception_old

WMS = "{http://www.opengis.net/wms}"
OGC = "{http://www.opengis.net/ogc}"
LINK = "{http://www.w3.org/1999/xlink}href"


def params_of(scene, old=False, **changes):
    west, south, east, north = scene["document"]["bbox"]
    params = {"SERVICE": "WMS", "VERSION": "1.1.1" if old else "1.3.0", "REQUEST": "GetMap", "LAYERS": scene["path"], "STYLES": "",
              "SRS" if old else "CRS": "EPSG:4326" if old else "CRS:84", "BBOX": f"{west},{south},{east},{north}", "WIDTH": 60,
              "HEIGHT": 40, "FORMAT": "image/png"}
    params.update(changes)
    return {name: value for name, value in params.items() if value is not None}


def get(anon, scene, old=False, **changes):
    return anon.get("/view/wms", params=params_of(scene, old, **changes))


def code(answer):
    assert answer.headers["content-type"].startswith("text/xml"), answer.text[:200]
    root = ET.fromstring(answer.content)
    assert root.tag == OGC + "ServiceExceptionReport" and root.get("version") == "1.3.0"
    return root[0].get("code")


def capabilities(anon, path="", **params):
    answer = anon.get("/view/wms" + path, params={"SERVICE": "WMS", "REQUEST": "GetCapabilities", **params})
    assert answer.status_code == 200, answer.text[:300]
    return answer, ET.fromstring(bare(answer.text))


@pytest.mark.parametrize("asked,answered", [(None, "1.3.0"), ("1.3.0", "1.3.0"), ("100.0.0", "1.3.0"), ("1.1.1", "1.1.1"), ("1.2.0", "1.1.1"),
                                            ("1.1.0", "1.1.1"), ("0.0.0", "1.1.1"), ("", "1.3.0")])
def test_version_negotiation(anon, scene, asked, answered):
    """06-042 clause 6.2.4."""
    answer, root = capabilities(anon, "/" + scene["path"], **({} if asked is None else {"VERSION": asked}))
    assert root.get("version") == answered
    kind = "text/xml" if answered == "1.3.0" else "application/vnd.ogc.wms_xml"  # 06-042 6.5, 01-068r3 6.5
    assert answer.headers["content-type"].startswith(kind)


def test_old_names_of_parameters_and_requests(anon, scene):
    """01-068r3 annex A.1: WMTVER; VERSION goes before it. REQUEST=map and =capabilities are those of WMS 1.0."""
    path = "/" + scene["path"]
    assert capabilities(anon, path, WMTVER="1.1.1")[1].get("version") == "1.1.1"
    for other in ("0.0.0", "100.0.0"):
        assert capabilities(anon, path, WMTVER=other, VERSION="1.1.1")[1].get("version") == "1.1.1"
    assert anon.get("/view/wms" + path, params={"REQUEST": "capabilities", "SERVICE": "WMS"}).status_code == 200
    assert get(anon, scene, old=True, REQUEST="map").content == get(anon, scene, old=True).content
    assert get(anon, scene, old=True, VERSION=None, WMTVER="1.1.1").content == get(anon, scene, old=True).content


def test_unknown_parameters_and_formats_are_passed_over(anon, scene):
    """06-042 clauses 6.8.1 and 7.2.3.1: what is not defined is ignored; an unknown FORMAT of the capabilities means text/xml;
    UPDATESEQUENCE is ignored where none is told (7.2.3.5)."""
    plain = capabilities(anon, "/" + scene["path"])[0]
    for extra in ({"SOMETHING": "else"}, {"FORMAT": "text/unknown"}, {"UPDATESEQUENCE": "5"}):
        answer = capabilities(anon, "/" + scene["path"], **extra)[0]
        assert answer.content == plain.content and answer.headers["content-type"].startswith("text/xml")
    assert get(anon, scene, SOMETHING="else").content == get(anon, scene).content
    info = {"REQUEST": "GetFeatureInfo", "QUERY_LAYERS": scene["path"], "I": 40, "J": 20}
    assert get(anon, scene, SOMETHING="else", **info).content == get(anon, scene, **info).content


def test_get_map_needs_its_version(anon, scene):
    """06-042 clause 7.3.3.2."""
    assert code(get(anon, scene, VERSION=None)) == "MissingParameterValue"


def test_capabilities_of_1_3_0(anon, base, scene):
    """06-042 clauses 7.2.4.4 to 7.2.4.8 and 6.3.3."""
    _, root = capabilities(anon)
    service, capability = root.find(WMS + "Service"), root.find(WMS + "Capability")
    assert service.find(WMS + "Name").text == "WMS"
    assert service.find(WMS + "Fees").text.lower() == "none" and service.find(WMS + "AccessConstraints").text.lower() == "none"
    assert [f.text for f in capability.find(WMS + "Exception")] == ["XML", "INIMAGE", "BLANK"]
    request = capability.find(WMS + "Request")
    assert "text/xml" in [f.text for f in request.find(WMS + "GetCapabilities").findall(WMS + "Format")]
    assert "image/png" in [f.text for f in request.find(WMS + "GetMap").findall(WMS + "Format")]
    for resource in request.iter(WMS + "OnlineResource"):  # a URL prefix ends in ? or &
        assert resource.get(LINK).startswith(base) and resource.get(LINK)[-1] in "?&"
    top = capability.find(WMS + "Layer")
    common = {c.text for c in top.findall(WMS + "CRS")}
    layers = [layer for layer in top.iter(WMS + "Layer") if layer.find(WMS + "Name") is not None]
    assert len(layers) > 2
    for layer in layers:
        systems = [c.text for c in layer.findall(WMS + "CRS")]
        boxes = [b.get("CRS") for b in layer.findall(WMS + "BoundingBox")]
        assert common <= set(systems) and len(set(boxes)) == len(boxes) and boxes and set(boxes) <= set(systems)
        for box in layer.findall(WMS + "BoundingBox"):
            assert float(box.get("minx")) < float(box.get("maxx")) and float(box.get("miny")) < float(box.get("maxy"))
        west, east, south, north = (float(e.text) for e in layer.find(WMS + "EX_GeographicBoundingBox"))
        assert west < east and south < north
        names = [s.find(WMS + "Name").text for s in layer.findall(WMS + "Style")]
        assert names and len(set(names)) == len(names)
        for dimension in layer.findall(WMS + "Dimension"):
            assert dimension.get("name") == "time" and dimension.get("units") == "ISO8601" and dimension.get("default")


def test_capabilities_of_1_1_1(anon, scene):
    """01-068r3 clauses 7.1.4 to 7.1.5 and its DTD's order of elements."""
    _, root = capabilities(anon, "/" + scene["path"], VERSION="1.1.1")
    assert root.tag == "WMT_MS_Capabilities" and root.find("Service/Name").text == "OGC:WMS"
    formats = [f.text for f in root.findall("Capability/Exception/Format")]
    assert formats == [f"application/vnd.ogc.se_{kind}" for kind in ("xml", "inimage", "blank")]
    assert "application/vnd.ogc.gml" in [f.text for f in root.findall("Capability/Request/GetFeatureInfo/Format")]
    assert root.find("Capability/Request/GetLegendGraphic") is not None
    assert [e.tag for e in root.find("Capability")] == ["Request", "Exception", "UserDefinedSymbolization", "Layer"]
    top = root.find("Capability/Layer")
    assert top.find("LatLonBoundingBox") is not None and top.find("SRS") is not None
    order = ["Name", "Title", "Abstract", "SRS", "LatLonBoundingBox", "BoundingBox", "Dimension", "Extent", "Style", "Layer"]
    for layer in root.iter("Layer"):
        places = [order.index(child.tag) for child in layer]
        assert places == sorted(places)
        boxes = [b.get("SRS") for b in layer.findall("BoundingBox")]
        assert len(set(boxes)) == len(boxes)
        assert {e.get("name") for e in layer.findall("Extent")} == {e.get("name") for e in layer.findall("Dimension")}


@pytest.mark.parametrize("old,form", [(False, None), (False, "XML"), (True, None), (True, "application/vnd.ogc.se_xml")])
def test_exceptions_as_xml(anon, scene, old, form):
    """06-042 clause 7.3.3.11 and table E.1; 01-068r3 clause 6.7."""
    read = exception_old if old else code
    for operation in ("GetMap", "GetFeatureInfo"):
        answer = get(anon, scene, old, REQUEST=operation, LAYERS="none/none", QUERY_LAYERS="none/none", I=1, J=1, X=1, Y=1, EXCEPTIONS=form)
        assert read(answer) == "LayerNotDefined"
    assert read(get(anon, scene, old, STYLES="nope", EXCEPTIONS=form)) == "StyleNotDefined"
    assert read(get(anon, scene, old, FORMAT="image/unknown", EXCEPTIONS=form)) == "InvalidFormat"
    assert read(get(anon, scene, old, **{"SRS" if old else "CRS": "EPSG:1"}, EXCEPTIONS=form)) == ("InvalidSRS" if old else "InvalidCRS")


@pytest.mark.parametrize("old,blank,image", [(False, "BLANK", "INIMAGE"), (True, "application/vnd.ogc.se_blank", "application/vnd.ogc.se_inimage")])
def test_exceptions_as_pictures(anon, scene, old, blank, image):
    """06-042 clause 7.3.3.11 and annex E.2 and E.3; 01-068r3 annex A.3: of FORMAT, and blank in BGCOLOR or transparent."""
    wrong = {"LAYERS": "none/none", "WIDTH": 90, "HEIGHT": 70}
    for format in ("image/png", "image/jpeg"):
        for form in (blank, image):
            answer = get(anon, scene, old, EXCEPTIONS=form, FORMAT=format, **wrong)
            assert answer.status_code == 200 and answer.headers["content-type"] == format
            assert decode(answer.content).shape == (3, 70, 90) and answer.headers["cache-control"] == "no-store"
    red = decode(get(anon, scene, old, EXCEPTIONS=blank, TRANSPARENT="FALSE", BGCOLOR="0xFF0000", **wrong).content)
    assert (red[0] == 255).all() and (red[1:] == 0).all()
    clear = decode(get(anon, scene, old, EXCEPTIONS=blank, TRANSPARENT="TRUE", **wrong).content)
    assert clear.shape[0] == 4 and (clear[3] == 0).all()
    written = decode(get(anon, scene, old, EXCEPTIONS=image, **wrong).content)
    ink = (written != 255).any(axis=0)
    assert 100 < ink.sum() < 0.5 * ink.size and not ink[:, :3].any()  # words, with a margin


@pytest.mark.parametrize("box", ["2,1,1,3", "1,1,1,3", "1,3,2,1", "1,2,3,2"])
def test_boxes_without_area(anon, scene, box):
    """06-042 clause 7.3.3.6."""
    assert get(anon, scene, BBOX=box).status_code == 400
    assert exception_old(get(anon, scene, old=True, BBOX=box))


def test_boxes_elsewhere_are_empty(anon, scene):
    """06-042 clause 7.3.3.6: no overlap, or out of the system's range, is not wrong. 01-068r3 6.5.6 likewise."""
    for old in (False, True):
        for box in ("-100,-50,-99,-49", "-200,-95,-190,-91", "500,0,510,10"):
            clear = decode(get(anon, scene, old, BBOX=box, TRANSPARENT="TRUE").content)
            assert clear.shape == (4, 40, 60) and (clear[3] == 0).all(), box
        assert (decode(get(anon, scene, old, BBOX="-100,-50,-99,-49").content) == 255).all()  # white where nothing is


def test_numbers_with_an_exponent(anon, scene):
    """06-042 clause 6.5."""
    box = ",".join(f"{value:.10e}" for value in scene["document"]["bbox"])
    near = decode(get(anon, scene, BBOX=box).content) - decode(get(anon, scene).content)
    assert numpy.abs(near).max() <= 1


def test_pictures_are_of_the_size_asked_for(anon, scene):
    """06-042 clause 7.3.3.8; the picture is stretched to it (7.3.3.6)."""
    for width, height in ((8, 5), (16, 16), (1024, 768)):
        assert decode(get(anon, scene, WIDTH=width, HEIGHT=height).content).shape[1:] == (height, width)


def test_the_layer_limit_is_kept(anon, scene):
    """06-042 clause 7.2.4.3."""
    assert get(anon, scene, LAYERS=",".join([scene["path"]] * 16)).status_code == 200


@pytest.mark.parametrize("styles", ["", ",,", ",,,", "ndvi,,band-red", "true-color,ndvi,band-red"])
def test_styles_of_three_layers(anon, scene, styles):
    """06-042 clause 7.3.3.4: named, default, and mixed."""
    for old in (False, True):
        assert get(anon, scene, old, LAYERS=",".join([scene["path"]] * 3), STYLES=styles).status_code == 200


@pytest.mark.parametrize("layers,styles,expected", [("{},none/none", "", "LayerNotDefined"), ("none/none,{}", "", "LayerNotDefined"),
                                                    ("{},{}", "nope,ndvi", "StyleNotDefined"), ("{},{}", "ndvi,nope", "StyleNotDefined")])
def test_one_wrong_of_two(anon, scene, layers, styles, expected):
    """06-042 clauses 7.3.3.3 and 7.3.3.4."""
    names = layers.replace("{}", scene["path"])
    assert code(get(anon, scene, LAYERS=names, STYLES=styles)) == expected
    assert exception_old(get(anon, scene, old=True, LAYERS=names, STYLES=styles)) == expected


def test_every_system_and_style_is_drawn(anon, scene):
    """06-042 clauses 7.2.4.6.5, 7.2.4.6.7 and 7.2.4.6.8: what is announced is served, in the box that is announced."""
    _, root = capabilities(anon, "/" + scene["path"])
    for layer in [e for e in root.iter(WMS + "Layer") if e.find(WMS + "Name") is not None]:
        for box in layer.findall(WMS + "BoundingBox"):
            bounds = ",".join(box.get(side) for side in ("minx", "miny", "maxx", "maxy"))
            answer = get(anon, scene, LAYERS=layer.find(WMS + "Name").text, CRS=box.get("CRS"), BBOX=bounds, TRANSPARENT="TRUE")
            picture = decode(answer.content)
            assert picture.shape[0] == 3 or picture[3].max() == 255, (layer.find(WMS + "Name").text, box.get("CRS"))
        for style in layer.findall(WMS + "Style"):
            assert get(anon, scene, LAYERS=layer.find(WMS + "Name").text, STYLES=style.find(WMS + "Name").text).status_code == 200
            for legend in style.findall(WMS + "LegendURL"):  # 7.2.4.6.5: of the size and format announced
                answer = anon.get(legend.find(WMS + "OnlineResource").get(LINK))
                assert answer.headers["content-type"] == legend.find(WMS + "Format").text
                assert decode(answer.content).shape[1:] == (int(legend.get("height")), int(legend.get("width")))


def test_feature_info(anon, scene):
    """06-042 clause 7.4; 01-068r3 clause 7.3: formats, layers, points."""
    info = {"REQUEST": "GetFeatureInfo", "QUERY_LAYERS": scene["path"], "I": 40, "J": 20, "X": 40, "Y": 20}
    for old in (False, True):
        for format in ("application/json", "text/plain", "text/html", "application/vnd.ogc.gml"):
            answer = get(anon, scene, old, INFO_FORMAT=format, **info)
            assert answer.status_code == 200 and answer.headers["content-type"].startswith(format)
        gml = ET.fromstring(answer.content)
        values = {e.get("band"): float(e.text) for e in gml.iter("{urn:nadir:values}value")}
        same = get(anon, scene, old, INFO_FORMAT="application/json", **info).json()["features"][0]["properties"]
        assert values == pytest.approx(same)
        assert get(anon, scene, old, LAYERS=",".join([scene["path"]] * 3), **info).status_code == 200  # fewer queried than shown
    assert code(get(anon, scene, INFO_FORMAT="nope", **info)) == "InvalidFormat"
    assert code(get(anon, scene, **{**info, "I": -1})) == "InvalidPoint" and code(get(anon, scene, **{**info, "J": 40})) == "InvalidPoint"
    assert code(get(anon, scene, FEATURE_COUNT=0, **info)) == "InvalidParameterValue"


def test_plus_and_escapes(anon, scene):
    """06-042 clause 6.3.2: %2F and '+' in addresses."""
    text = "&".join(f"{k}={v}" for k, v in params_of(scene, LAYERS=scene["path"].replace("/", "%2F"), FORMAT="image%2Fpng").items())
    assert anon.get("/view/wms?" + text).content == get(anon, scene).content
    assert code(anon.get("/view/wms?" + text.replace("STYLES=", "STYLES=no+such"))) == "StyleNotDefined"


def test_legends(anon, scene):
    """05-078r4 clause 12: a legend of the size asked for, in colours of the style."""
    ask = {"SERVICE": "WMS", "VERSION": "1.3.0", "REQUEST": "GetLegendGraphic", "LAYER": scene["path"], "FORMAT": "image/png"}
    ramp = decode(anon.get("/view/wms", params={**ask, "STYLE": "ndvi"}).content)
    assert ramp.shape[2] == 160 and [tuple(ramp[:3, y, 5]) for y in (2, ramp.shape[1] - 2)] == [(8, 31, 69), (0, 53, 23)]
    bands = decode(anon.get("/view/wms", params={**ask, "STYLE": "false-color", "WIDTH": 90, "HEIGHT": 60}).content)
    assert bands.shape == (3, 60, 90) and bands[:, 2, 2].argmax() == 0
    assert code(anon.get("/view/wms", params={**ask, "STYLE": "nope"})) == "StyleNotDefined"
    assert code(anon.get("/view/wms", params={**ask, "LAYER": "none/none"})) == "LayerNotDefined"
    assert code(anon.get("/view/wms", params={**ask, "WIDTH": 100000})) == "InvalidParameterValue"


def test_time_of_a_collection(anon, publish_pair):
    """06-042 clause 7.3.3.9 and annexes C and D: a moment, a list, intervals, current; a default told in a Warning."""
    collection, first, second = publish_pair
    eventually(lambda: f"<Name>{collection}</Name>" in anon.get("/view/wms?SERVICE=WMS&REQUEST=GetCapabilities").text)

    def value(**changes):
        answer = get(anon, first, LAYERS=collection, STYLES="band-red", TRANSPARENT="TRUE", **changes)
        assert answer.status_code == 200, answer.text[:300]
        picture = decode(answer.content)
        return (None if picture.shape[0] == 4 and picture[3, 20, 30] == 0 else picture[0, 20, 30]), answer

    old, new = value(TIME="2024-01-01")[0], value(TIME="2024-03-01")[0]
    assert old is not None and new is not None and abs(old - new) > 50
    newest, answer = value()
    assert newest == new and answer.headers["warning"].startswith("99 Default value used: time=")
    for time, expected in (("2024-01", old), ("2024-01-01T10:00:00Z", old), ("2024-01-01T10", old), ("2024-01-01T12:00+02:00", old), ("2023-12-31/2024-01-02", old), ("2024-01-01/2024-04-01/P1D", new),
                           ("2024-01-01,2024-03-01", new), ("2024", new), ("current", new), ("2024-02-01", None)):
        shown, answer = value(TIME=time)
        assert shown == expected and "warning" not in answer.headers, time
    for wrong in ("2020-01-01", "nonsense", "2024-13-01", "2024-01-02/2024-01-01", "2024-02-30", "2024-01-01,", "/"):
        assert code(get(anon, first, LAYERS=collection, TIME=wrong)) == "InvalidDimensionValue", wrong
    assert get(anon, first, LAYERS=f"{collection},{first['path']}", STYLES="", TIME="2024-01-01").status_code == 200
    assert get(anon, first, TIME="2024-01-01").status_code == 200  # a layer without a time does not look at it
    info = {"REQUEST": "GetFeatureInfo", "LAYERS": collection, "QUERY_LAYERS": collection, "I": 30, "J": 20}
    assert [f["id"] for f in get(anon, first, **info).json()["features"]] == [second["path"]]  # 7.4.3.6: one unless more are asked for
    assert len(get(anon, first, FEATURE_COUNT=5, **info).json()["features"]) == 2
    assert [f["id"] for f in get(anon, first, TIME="2024-01-01", **info).json()["features"]] == [first["path"]]
    assert get(anon, first, LAYERS=collection, STYLES="", FORMAT="image/jpeg").headers["cache-control"].startswith("public")


def test_an_assets_layer(anon, scene):
    """A layer of one asset has the styles that its bands make possible, and no other band's."""
    band = get(anon, scene, LAYERS=scene["path"] + "/red", STYLES="")
    assert band.content == get(anon, scene, STYLES="band-red").content
    assert code(get(anon, scene, LAYERS=scene["path"] + "/red", STYLES="ndvi")) == "StyleNotDefined"
    assert code(get(anon, scene, LAYERS=scene["path"] + "/none")) == "LayerNotDefined"
    info = {"REQUEST": "GetFeatureInfo", "LAYERS": scene["path"] + "/red", "QUERY_LAYERS": scene["path"] + "/red", "I": 40, "J": 20}
    assert set(get(anon, scene, **info).json()["features"][0]["properties"]) == {"red"}
