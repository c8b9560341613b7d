"""WMS 1.3.0 and 1.1.1: documents, axis order, exceptions, and GDAL as a client."""
import random
import re
import string
import xml.etree.ElementTree as ET

import numpy
import pytest
from osgeo import gdal

gdal.UseExceptions()
WMS = "{http://www.opengis.net/wms}"


def decode(data):
    gdal.FileFromMemBuffer("/vsimem/map", data)
    array = gdal.Open("/vsimem/map").ReadAsArray().astype(float)
    gdal.Unlink("/vsimem/map")
    return array


def get_map(anon, scene, **changes):
    west, south, east, north = scene["document"]["bbox"]
    params = {"SERVICE": "WMS", "VERSION": "1.3.0", "REQUEST": "GetMap", "LAYERS": scene["path"], "STYLES": "", "CRS": "CRS:84",
              "BBOX": f"{west},{south},{east},{north}", "WIDTH": 200, "HEIGHT": 150, "FORMAT": "image/png"}
    params.update(changes)
    return anon.get("/view/wms", params={k: v for k, v in params.items() if v is not None})


def code_of(answer):
    assert answer.headers["content-type"].startswith("text/xml"), answer.text[:200]
    root = ET.fromstring(answer.content)
    assert root.tag == "{http://www.opengis.net/ogc}ServiceExceptionReport"
    assert root[0].text.strip()
    return root[0].get("code")


def test_capabilities_of_one_item(anon, base, scene):
    answer = anon.get(f"/view/wms/{scene['path']}?service=wms&request=getcapabilities")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/xml")
    root = ET.fromstring(answer.content)
    assert root.tag == WMS + "WMS_Capabilities" and root.get("version") == "1.3.0"
    layers = [layer for layer in root.iter(WMS + "Layer") if layer.find(WMS + "Name") is not None]
    assets = ["blue", "green", "red", "nir", "visual"]
    assert {layer.find(WMS + "Name").text for layer in layers} == {scene["path"], *(f"{scene['path']}/{a}" for a in assets)}
    assert layers[0].find(WMS + "Name").text == scene["path"]
    systems = {c.text for c in layers[0].findall(WMS + "CRS")}
    assert {"EPSG:3857", "EPSG:4326", "CRS:84", "EPSG:32633"} <= systems
    boxes = {b.get("CRS"): b for b in layers[0].findall(WMS + "BoundingBox")}
    assert set(boxes) == systems
    west, south, east, north = scene["document"]["bbox"]
    assert float(boxes["EPSG:4326"].get("minx")) == pytest.approx(south)  # latitude first
    assert float(boxes["CRS:84"].get("minx")) == pytest.approx(west)
    assert float(boxes["EPSG:32633"].get("minx")) == pytest.approx(500000, abs=200)
    styles = [s.find(WMS + "Name").text for s in layers[0].findall(WMS + "Style")]
    assert styles[:3] == ["true-color", "false-color", "ndvi"]
    addresses = {e.get("{http://www.w3.org/1999/xlink}href") for e in root.iter(WMS + "OnlineResource")}
    assert all(a.startswith(base) for a in addresses)


def test_capabilities_list_and_filter(anon, scene):
    listed = anon.get("/view/wms?SERVICE=WMS&REQUEST=GetCapabilities").text
    assert f"<Name>{scene['path']}</Name>" in listed
    chosen = anon.get(f"/view/wms?SERVICE=WMS&REQUEST=GetCapabilities&LAYERS={scene['path']},none/none,x").text
    assert re.findall(r"<Layer queryable=\"1\"><Name>([^<]*)", chosen) == [scene["path"]]
    old = anon.get(f"/view/wms/{scene['path']}?SERVICE=WMS&VERSION=1.1.1&REQUEST=GetCapabilities").text
    root = ET.fromstring(re.sub(r"<!DOCTYPE[^>]*>", "", old))
    assert root.tag == "WMT_MS_Capabilities" and "<SRS>EPSG:3857</SRS>" in old and "<LatLonBoundingBox" in old
    assert anon.get("/view/wms/none/none?SERVICE=WMS&REQUEST=GetCapabilities").status_code == 404


def test_axis_order(anon, scene):
    west, south, east, north = scene["document"]["bbox"]
    plain = get_map(anon, scene)
    assert plain.status_code == 200, plain.text[:300]
    turned = get_map(anon, scene, CRS="EPSG:4326", BBOX=f"{south},{west},{north},{east}")
    assert turned.content == plain.content
    old = get_map(anon, scene, VERSION="1.1.1", CRS=None, SRS="EPSG:4326", BBOX=f"{west},{south},{east},{north}")
    assert old.content == plain.content


def test_parameter_names_ignore_case_and_order(anon, scene):
    west, south, east, north = scene["document"]["bbox"]
    answer = anon.get(f"/view/wms?height=150&WiDtH=200&format=image/png&bbox={west},{south},{east},{north}&crs=CRS:84&styles="
                      f"&layers={scene['path']}&request=GetMap&version=1.3.0&service=WMS")
    assert answer.content == get_map(anon, scene).content


def test_background_and_transparency(anon, scene):
    clear = decode(get_map(anon, scene, STYLES="band-red", TRANSPARENT="TRUE").content)
    assert clear.shape[0] == 4 and clear[3].min() == 0 and clear[3].max() == 255
    blue = decode(get_map(anon, scene, STYLES="band-red", BGCOLOR="0x0000ff").content)
    assert blue.shape[0] == 3
    nothing = clear[3] == 0
    assert (blue[2][nothing] == 255).all() and (blue[0][nothing] == 0).all()
    seen = ~nothing
    assert (blue[0][seen] == clear[0][seen]).all()
    assert get_map(anon, scene, FORMAT="image/jpeg").content.startswith(b"\xff\xd8")


def test_layers_are_laid_over_each_other(anon, scene):
    both = decode(get_map(anon, scene, LAYERS=f"{scene['path']},{scene['path']}", STYLES="true-color,band-red", TRANSPARENT="TRUE").content)
    top = decode(get_map(anon, scene, STYLES="band-red", TRANSPARENT="TRUE").content)
    below = decode(get_map(anon, scene, STYLES="true-color", TRANSPARENT="TRUE").content)
    seen = top[3] == 255
    assert (both[:3, seen] == top[:3, seen]).all()
    assert (both[:3, ~seen] == below[:3, ~seen]).all()


def test_feature_info(anon, scene):
    extra = {"REQUEST": "GetFeatureInfo", "QUERY_LAYERS": scene["path"], "I": 150, "J": 75}
    body = get_map(anon, scene, INFO_FORMAT="application/json", **extra).json()
    values = body["features"][0]["properties"]
    assert set(values) == {"blue", "green", "red", "nir"} and 500 < values["red"] < 3500
    lon, lat = body["features"][0]["geometry"]["coordinates"]
    point = anon.get(f"/view/v1/points/{scene['path']}", params={"lon": lon, "lat": lat}).json()
    assert {b["band"]: b["value"] for b in point["bands"]} == values
    text = get_map(anon, scene, INFO_FORMAT="text/plain", **extra)
    assert text.headers["content-type"].startswith("text/plain") and "red = " in text.text
    old = get_map(anon, scene, VERSION="1.1.1", CRS=None, SRS="EPSG:4326", REQUEST="GetFeatureInfo", QUERY_LAYERS=scene["path"], X=150, Y=75)
    assert old.json()["features"][0]["properties"] == values
    for bad in ({"I": 200}, {"J": -1}, {"I": "x"}):
        assert code_of(get_map(anon, scene, **{**extra, **bad})) == "InvalidPoint"
    assert code_of(get_map(anon, scene, INFO_FORMAT="image/png", **extra)) == "InvalidFormat"


@pytest.mark.parametrize("changes,code", [
    ({"LAYERS": "none/none"}, "LayerNotDefined"),
    ({"LAYERS": "x"}, "LayerNotDefined"),
    ({"LAYERS": "/"}, "LayerNotDefined"),
    ({"LAYERS": ",,,"}, "LayerNotDefined"),
    ({"LAYERS": None}, "MissingParameterValue"),
    ({"STYLES": "nope"}, "StyleNotDefined"),
    ({"STYLES": "true-color,ndvi"}, "StyleNotDefined"),
    ({"CRS": None}, "MissingParameterValue"),
    ({"CRS": "EPSG:1"}, "InvalidCRS"),
    ({"CRS": "EPSG:3857;"}, "InvalidCRS"),
    ({"VERSION": "2.0.0"}, "InvalidParameterValue"),
    ({"BBOX": None}, "MissingParameterValue"),
    ({"BBOX": "1,2,3"}, "InvalidParameterValue"),
    ({"BBOX": "1,2,1,4"}, "InvalidParameterValue"),
    ({"BBOX": "3,2,1,4"}, "InvalidParameterValue"),
    ({"BBOX": "nan,0,1,1"}, "InvalidParameterValue"),
    ({"BBOX": "0,0,1e99,1"}, "InvalidParameterValue"),
    ({"BBOX": "1,2,3,4' OR 1=1"}, "InvalidParameterValue"),
    ({"WIDTH": "0"}, "InvalidParameterValue"),
    ({"WIDTH": "-5"}, "InvalidParameterValue"),
    ({"WIDTH": "4097"}, "InvalidParameterValue"),
    ({"WIDTH": "4096", "HEIGHT": "4096"}, "InvalidParameterValue"),
    ({"WIDTH": "1e3"}, "InvalidParameterValue"),
    ({"HEIGHT": None}, "MissingParameterValue"),
    ({"FORMAT": "image/gif"}, "InvalidFormat"),
    ({"FORMAT": "image/pngx"}, "InvalidFormat"),
    ({"FORMAT": None}, "MissingParameterValue"),
    ({"TRANSPARENT": "maybe"}, "InvalidParameterValue"),
    ({"BGCOLOR": "red"}, "InvalidParameterValue"),
    ({"SERVICE": "WFS"}, "InvalidParameterValue"),
    ({"REQUEST": None}, "MissingParameterValue"),
    ({"REQUEST": "GetStyles"}, "OperationNotSupported"),
])
def test_exceptions(anon, scene, changes, code):
    answer = get_map(anon, scene, **changes)
    assert 400 <= answer.status_code < 500
    assert code_of(answer) == code


def test_too_many_layers(anon, scene):
    assert code_of(get_map(anon, scene, LAYERS=",".join([scene["path"]] * 17))) == "InvalidParameterValue"


def test_an_items_own_service_serves_only_it(anon, scene):
    answer = anon.get(f"/view/wms/{scene['path']}", params={
        "SERVICE": "WMS", "VERSION": "1.3.0", "REQUEST": "GetMap", "LAYERS": "landsat-7/olinda", "STYLES": "", "CRS": "CRS:84",
        "BBOX": "0,0,1,1", "WIDTH": 10, "HEIGHT": 10, "FORMAT": "image/png"})
    assert code_of(answer) == "LayerNotDefined"


def test_gdal_opens_it(base, scene):
    catalogue = gdal.Open(f"WMS:{base}/view/wms/{scene['path']}?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetCapabilities")
    names = [value for key, value in catalogue.GetMetadata("SUBDATASETS").items() if key.endswith("_NAME")]
    assert any(f"LAYERS={scene['path'].replace('/', '%2F')}" in n or f"LAYERS={scene['path']}" in n for n in names), names
    west, south, east, north = scene["document"]["bbox"]
    description = (f"<GDAL_WMS><Service name=\"WMS\"><Version>1.3.0</Version><ServerUrl>{base}/view/wms?</ServerUrl>"
                   f"<CRS>EPSG:4326</CRS><ImageFormat>image/png</ImageFormat><Layers>{scene['path']}</Layers><Styles>true-color</Styles>"
                   f"<BBoxOrder>yxYX</BBoxOrder></Service><DataWindow><UpperLeftX>{west}</UpperLeftX><UpperLeftY>{north}</UpperLeftY>"
                   f"<LowerRightX>{east}</LowerRightX><LowerRightY>{south}</LowerRightY><SizeX>512</SizeX><SizeY>512</SizeY></DataWindow>"
                   "<Projection>EPSG:4326</Projection><BandsCount>3</BandsCount><BlockSizeX>256</BlockSizeX><BlockSizeY>256</BlockSizeY>"
                   "<ZeroBlockHttpCodes>204</ZeroBlockHttpCodes></GDAL_WMS>")
    read = gdal.Open(description).ReadAsArray().astype(float)
    expected = gdal.Warp("", f"{scene['folder']}/visual.tif", format="MEM", outputBounds=(west, south, east, north), width=512, height=512,
                         dstSRS="EPSG:4326", resampleAlg="bilinear").ReadAsArray().astype(float)
    inner = numpy.s_[:, 60:-60, 100:-60]
    assert numpy.abs(read[inner] - expected[inner]).mean() < 3


def test_garbage_is_never_a_500(anon, scene):
    random.seed(11)
    names = ["SERVICE", "VERSION", "REQUEST", "LAYERS", "STYLES", "CRS", "SRS", "BBOX", "WIDTH", "HEIGHT", "FORMAT", "TRANSPARENT",
             "BGCOLOR", "QUERY_LAYERS", "I", "J", "X", "Y", "INFO_FORMAT", "EXCEPTIONS", "TIME", "ELEVATION"]
    good = {"SERVICE": ["WMS"], "VERSION": ["1.3.0", "1.1.1"], "REQUEST": ["GetMap", "GetCapabilities", "GetFeatureInfo"],
            "LAYERS": [scene["path"]], "QUERY_LAYERS": [scene["path"]], "STYLES": ["", "ndvi"], "CRS": ["CRS:84", "EPSG:3857", "EPSG:32633", "EPSG:3031"],
            "SRS": ["EPSG:4326"], "BBOX": ["15,44.9,15.1,45.2", "-1e9,-1e9,1e9,1e9", "-180,-90,180,90", "-999,-999,999,999", "1e-300,0,1e-299,1"],
            "WIDTH": ["1", "300"], "HEIGHT": ["1", "200"], "FORMAT": ["image/png", "image/jpeg"], "I": ["0"], "J": ["0"], "X": ["0"], "Y": ["0"]}
    junk = ["", "%", "%zz", "%00", "%ff%fe", "../../etc/passwd", "' OR 1=1 --", "9" * 40, "-1", "1e400", "nan", "\u202e", "<x>", "a," * 50,
            "/", "//", "null", "{}", "a/b/c"]
    for _ in range(600):
        pairs = []
        for name in random.sample(names, random.randint(1, len(names))):
            value = random.choice(good[name]) if name in good and random.random() < 0.8 else random.choice(
                junk + ["".join(random.choices(string.printable, k=random.randint(0, 30)))])
            pairs.append(f"{random.choice([name, name.lower(), name.title()])}={value if random.random() < 0.5 else requote(value)}")
        raw = "&".join(pairs).encode("utf-8", "replace")
        safe = re.sub(rb"[^\x21-\x7e]|[#]", lambda m: b"%%%02X" % m.group()[0], raw).decode()
        answer = anon.get("/view/wms?" + safe)
        assert answer.status_code < 500, (answer.status_code, safe, answer.text[:200])


def requote(value):
    from urllib.parse import quote
    return quote(value, safe="")
