"""Formulas over bands: pixel by pixel what numpy makes of the same files, every index of the catalogue, and what is refused."""
import math
import os
import re

import numpy
import pytest
from osgeo import gdal

from conftest import write_cog

gdal.UseExceptions()
WINDOW = (600, 400, 256, 256)  # column, line, width, height: all valid
ORIGIN = (500000, 5000000, 10)


def decode(data):
    gdal.FileFromMemBuffer("/vsimem/formula", data)
    array = gdal.Open("/vsimem/formula").ReadAsArray().astype(int)
    gdal.Unlink("/vsimem/formula")
    return array


def reflectances(scene, window=WINDOW):
    """What the bands hold there, as physical values."""
    bands = {}
    for name in ("blue", "green", "red", "nir"):
        samples = gdal.Open(f"{scene['folder']}/{name}.tif").ReadAsArray(*window).astype("float64")
        bands[name] = numpy.where(samples == 0, numpy.nan, samples * 0.0001 - 0.1)
    return bands


def preview(session, scene, window=WINDOW, style="expression", **params):
    """The window, one picture pixel for each of the raster's."""
    x, y, width, height = window
    west, north, size = ORIGIN[0] + x * ORIGIN[2], ORIGIN[1] - y * ORIGIN[2], ORIGIN[2]
    return session.get(f"/view/v1/previews/{scene['path']}/{style}.png", params={
        "crs": "EPSG:32633", "bbox-crs": "EPSG:32633", "bbox": f"{west},{north - height * size},{west + width * size},{north}",
        "width": width, "height": height, **params})


def stretched(values, low, high):
    return numpy.clip((values - low) / (high - low) * 255, 0, 255)


FORMULAS = [
    ("(nir - red) / (nir + red)", lambda b: (b["nir"] - b["red"]) / (b["nir"] + b["red"]), (-1, 1)),
    ("nir", lambda b: b["nir"], (0, 0.3)),
    ("2.5 * (nir - red) / (nir + 6 * red - 7.5 * blue + 1)",
     lambda b: 2.5 * (b["nir"] - b["red"]) / (b["nir"] + 6 * b["red"] - 7.5 * b["blue"] + 1), (-0.5, 0.5)),
    ("sqrt(max(red, green, blue)) - log10(nir + 1) ^ 2",
     lambda b: numpy.sqrt(numpy.maximum(numpy.maximum(b["red"], b["green"]), b["blue"])) - numpy.log10(b["nir"] + 1) ** 2, (0, 0.5)),
    ("clamp(red * 4, 0.2, 0.6)", lambda b: numpy.clip(b["red"] * 4, 0.2, 0.6), (0, 1)),
    ("red > 0.1 and nir < 0.12 ? 1 : 0.25", lambda b: numpy.where((b["red"] > 0.1) & (b["nir"] < 0.12), 1, 0.25), (0, 1)),
    ("where(green >= blue, exp(-red), sin(nir * pi))",
     lambda b: numpy.where(b["green"] >= b["blue"], numpy.exp(-b["red"]), numpy.sin(b["nir"] * math.pi)), (0, 1)),
]


@pytest.mark.parametrize("formula, compute, limits", FORMULAS, ids=[f[0][:24] for f in FORMULAS])
def test_pixels_are_those_of_numpy(anon, scene, formula, compute, limits):
    answer = preview(anon, scene, expression=formula, rescale=f"{limits[0]},{limits[1]}")
    assert answer.status_code == 200 and answer.headers["content-type"] == "image/png", answer.text
    ours = decode(answer.content)
    expected = stretched(compute(reflectances(scene)), *limits)
    assert ours.shape[0] == 3, "all pixels have data"
    # Where a comparison decides, a value on the edge may fall on either side in 32 bits.
    assert (numpy.abs(ours[0] - expected) <= 0.51).mean() > 0.9999
    assert (ours[0] == ours[1]).all() and (ours[0] == ours[2]).all()
    assert ours[0].std() > 5, "the picture shows something"


def test_nodata_is_transparent(anon, scene):
    window = (100, 400, 128, 128)  # its first 50 columns lie in the strip without data
    b = reflectances(scene, window)
    answer = preview(anon, scene, window, expression="(red - 0.1) / (nir > 0.1 ? 1 : 0)", rescale="-0.1,0.1")
    ours = decode(answer.content)
    valid = ~numpy.isnan(b["red"]) & ~numpy.isnan(b["nir"]) & (b["nir"] > 0.1)
    assert 0.2 < valid.mean() < 0.8
    clear = numpy.abs(b["nir"] - 0.1) > 1e-6  # neither side of the edge in 32 bits
    assert ((ours[3] == 255) == valid)[clear | numpy.isnan(b["nir"])].all()
    assert (numpy.abs(ours[0] - stretched(b["red"] - 0.1, -0.1, 0.1))[valid & clear] <= 0.51).all()
    assert (ours[0][ours[3] == 0] == 0).all()


def test_tiles_take_formulas(anon, scene):
    west, south, east, north = scene["document"]["bbox"]
    lon, lat, z = (west + 3 * east) / 4, (south + north) / 2, 14
    x, y = int((lon + 180) / 360 * 2 ** z), int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2 ** z)
    side = 2 * 20037508.342789244 / 2 ** z
    box = [x * side - side * 2 ** z / 2, side * 2 ** z / 2 - (y + 1) * side]
    bands = {}
    for name in ("red", "nir"):
        samples = gdal.Warp("", f"{scene['folder']}/{name}.tif", format="MEM", dstSRS="EPSG:3857", width=256, height=256,
                            outputBounds=[*box, box[0] + side, box[1] + side], resampleAlg="bilinear", outputType=gdal.GDT_Float32,
                            errorThreshold=0).ReadAsArray()
        bands[name] = samples * 0.0001 - 0.1
    expected = stretched((bands["nir"] - bands["red"]) / (bands["nir"] + bands["red"]), -1, 1)
    address = f"/view/tiles/{scene['path']}/{{}}/{z}/{x}/{y}.png"
    answer = anon.get(address.format("expression"), params={"expression": "(nir-red)/(nir+red)"})
    assert answer.status_code == 200, answer.text
    ours = decode(answer.content)[0]
    difference = numpy.abs(ours - expected)
    assert numpy.percentile(difference, 98) <= 2, "gdalwarp's bilinear and ours differ by a little"
    assert answer.headers["etag"] and "public" in answer.headers["cache-control"]
    # By name, in each of the ways: the very same picture.
    for style, params in (("expression", {"index": "NDVI"}), ("default", {"index": "NDVI"}), ("index-NDVI", {}),
                          ("expression", {"expression": "(B - A) / (A + B)".replace("B", '"nir"').replace("A", "RED")})):
        assert (decode(anon.get(address.format(style), params=params).content)[0] == ours).all(), (style, params)
    # The built-in style is the same formula through its ramp.
    ramp = anon.get(address.format("expression"), params={"index": "NDVI", "colormap": "vegetation"})
    built_in = anon.get(address.format("ndvi"))
    assert (decode(ramp.content) == decode(built_in.content)).all()
    assert anon.get(address.format("expression").replace(".png", ".jpg"), params={"index": "NDVI"}).headers["content-type"] == "image/jpeg"


def test_colour_maps(anon, scene):
    b = reflectances(scene)
    share = numpy.clip((b["nir"] - 0) / 0.3, 0, 1)
    ours = decode(preview(anon, scene, expression="nir", rescale="0,0.3", colormap="viridis").content)
    stops = anon.get("/view/v1/legends/viridis.json").json()["stops"]
    for channel in range(3):
        colours = [int(s["color"][1 + 2 * channel:3 + 2 * channel], 16) for s in stops]
        expected = numpy.interp(share, [s["value"] for s in stops], colours)
        assert numpy.abs(ours[channel] - expected).max() <= 1.5
    turned = decode(preview(anon, scene, expression="-nir", rescale="-0.3,0", colormap="viridis_r").content)
    assert numpy.abs(turned - ours).max() <= 1
    assert anon.get("/view/v1/legends/viridis.png").headers["content-type"] == "image/png"


def test_wms_takes_formulas(anon, scene):
    x, y, width, height = WINDOW
    west, north, size = ORIGIN[0] + x * ORIGIN[2], ORIGIN[1] - y * ORIGIN[2], ORIGIN[2]
    base = {"SERVICE": "WMS", "VERSION": "1.3.0", "REQUEST": "GetMap", "LAYERS": scene["path"], "CRS": "EPSG:32633", "WIDTH": width,
            "HEIGHT": height, "FORMAT": "image/png", "BBOX": f"{west},{north - height * size},{west + width * size},{north}"}
    expected = decode(preview(anon, scene, index="SAVI", constants="L:0.5", rescale="-0.5,0.5").content)
    for params in ({"STYLES": "expression", "INDEX": "SAVI", "CONSTANTS": "L:0.5"}, {"STYLES": "index-SAVI", "constants": "L:0.5"},
                   {"STYLES": "", "EXPRESSION": "1.5 * (nir - red) / (nir + red + 0.5)"}):
        answer = anon.get("/view/wms", params={**base, **params, "RESCALE": "-0.5,0.5"})
        assert answer.headers["content-type"] == "image/png", answer.text
        assert numpy.abs(decode(answer.content) - expected).max() <= 1
    both = anon.get("/view/wms", params={**base, "LAYERS": f"{scene['path']},{scene['path']}", "STYLES": "true-color,expression",
                                         "EXPRESSION": "nir > 0.1 ? 1 : nodata", "RESCALE": "0,1"})
    assert 0.1 < (decode(both.content) == 255).all(axis=0).mean() < 0.9, "the formula lies over the true colours"
    for params, code, word in (({"STYLES": "expression", "EXPRESSION": "nir + rot"}, "InvalidParameterValue", "character 7"),
                               ({"STYLES": "expression"}, "InvalidParameterValue", "expression="),
                               ({"STYLES": "index-NONE"}, "InvalidParameterValue", "no index"),
                               ({"STYLES": "index-EBBI"}, "InvalidParameterValue", "needs the band S1")):
        answer = anon.get("/view/wms", params={**base, **params})
        assert answer.status_code == 400 and f'code="{code}"' in answer.text and word in answer.text, answer.text


@pytest.mark.parametrize("params, status, field, words", [
    ({"expression": "nir - rot"}, 400, "expression", ["At character 7", 'no band or constant "rot"', "red", "\nnir - rot\n      ^"]),
    ({"expression": "(nir + red"}, 400, "expression", ["At character 1", "not closed"]),
    ({"expression": "nir + "}, 400, "expression", ["a value is missing before the end"]),
    ({"expression": "system('x')"}, 400, "expression", ["no function"]),
    ({"expression": "1 + 1"}, 400, "expression", ["depend on a band"]),
    ({"expression": "(" * 100 + "nir" + ")" * 100}, 400, "expression", ["nested too deeply"]),
    ({"expression": "+".join(f"nir*{i}.5" for i in range(100))}, 400, "expression", ["64 different constants"]),
    ({"expression": "\x01\u00e9\u4e2d"}, 400, "expression", ["At character 1"]),
    ({}, 400, "expression", ["expression=FORMULA or index=NAME"]),
    ({"expression": "nir", "index": "NDVI"}, 400, "index", ["either"]),
    ({"index": "NOPE"}, 404, "index", ["/view/v1/indices"]),
    ({"index": "EBBI"}, 400, "index", ["needs the band S1 (swir16)"]),
    ({"index": "NIRvP"}, 400, "index", ["constants=PAR:VALUE"]),
    ({"expression": "nir", "rescale": "1,0"}, 400, "rescale", ["LOW,HIGH"]),
    ({"expression": "nir", "colormap": "rainbow"}, 400, "colormap", ["/view/v1/indices"]),
    ({"expression": "nir * k", "constants": "k"}, 400, "constants", ["NAME:VALUE"]),
])
def test_refusals(anon, scene, params, status, field, words):
    answer = anon.get(f"/view/tiles/{scene['path']}/expression/10/550/350.png", params=params)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["field"] == field
    for word in words:
        assert word in answer.json()["detail"]


def test_formulas_and_other_styles_do_not_mix(anon, scene):
    for path, params in (("true-color", {"index": "NDVI"}), ("index-NDVI", {"expression": "nir"})):
        answer = anon.get(f"/view/tiles/{scene['path']}/{path}/10/550/350.png", params=params)
        assert answer.status_code == 400 and answer.json()["field"] == "style"


def test_tilejson_carries_the_formula(anon, scene):
    params = {"expression": "nir + red > 0.2 ? 1 : 0", "rescale": "0,1", "colormap": "magma"}
    body = anon.get(f"/view/v1/items/{scene['path']}/expression/tilejson.json", params=params)
    assert body.status_code == 200, body.text
    z, (west, _, east, north) = body.json()["maxzoom"], body.json()["bounds"]
    x = int(((west + east) / 2 + 180) / 360 * 2 ** z)
    y = int((1 - math.asinh(math.tan(math.radians((north + body.json()["bounds"][1]) / 2))) / math.pi) / 2 * 2 ** z)
    by_template = anon.get(body.json()["tiles"][0].format(z=z, x=x, y=y))
    by_hand = anon.get(f"/view/tiles/{scene['path']}/expression/{z}/{x}/{y}.png", params=params)
    assert by_template.status_code == 200 and by_template.content == by_hand.content
    named = anon.get(f"/view/v1/items/{scene['path']}/index-NDVI/tilejson.json").json()
    assert "/index-NDVI/" in named["tiles"][0] and anon.get(named["tiles"][0].format(z=z, x=x, y=y)).status_code == 200


def test_who_may_not_see_the_item_may_not_compute_with_it(anon, scene):
    answer = anon.get(f"/view/tiles/{scene['collection']}/no-such-item/expression/10/550/350.png", params={"expression": "nir"})
    assert answer.status_code == 404


# ---- the catalogue ----

COMMON = ["coastal", "blue", "green", "green05", "yellow", "red", "rededge071", "rededge075", "rededge078", "nir", "nir08", "nir09",
          "swir16", "swir22", "lwir", "lwir11", "lwir12", "VV", "VH", "HH", "HV"]
WAVELENGTHS = {"lambdaG": 559.8, "lambdaR": 664.6, "lambdaN": 832.8, "lambdaN2": 864.7, "lambdaS1": 1613.7, "lambdaS2": 2202.4}


@pytest.fixture(scope="module")
def all_bands(publish):
    """A scene with every band that the catalogue knows, four pixels of each, in one file."""
    rng = numpy.random.default_rng(11)
    values = rng.uniform(0.05, 0.6, (len(COMMON), 32, 32)).astype("float32")

    def write(folder):
        write_cog(f"{folder}/all.tif", values, 32633, (500000, 10, 0, 5000000, 0, -10), overviews="NONE")

    bands = [{"name": name, "common_name": name} for name in COMMON]
    return publish(write, {"all": {"file": "all.tif", "eo:bands": bands}}, {"gsd": 10, "platform": "sentinel-2a"}), values


def names_of(entry, values):
    names = {letter: float(values[COMMON.index(common)]) for letter, common in entry["bands"].items()}
    for name, value in entry["constants"].items():
        names[name] = WAVELENGTHS.get(name, 1500.0 if name == "PAR" else value)
    kernels = set(re.findall(r"\bk[NRGBL]{2}\b", entry["formula"]))
    for kernel in kernels:
        names[kernel] = math.exp(-(names[kernel[1]] - names[kernel[2]]) ** 2 / (2 * names["sigma"] ** 2))
    return names


def compute(entry, values):
    try:
        result = eval(entry["formula"], {"__builtins__": {}}, names_of(entry, values))  # the catalogue's formulas are Python
    except ZeroDivisionError:
        return None
    return result if isinstance(result, float) and math.isfinite(result) else None


@pytest.mark.once
def test_every_index_is_computed_as_its_formula_says(anon, all_bands):
    scene, values = all_bands
    catalogue = anon.get("/view/v1/indices")
    assert catalogue.status_code == 200 and "max-age" in catalogue.headers["cache-control"]
    indices = catalogue.json()["indices"]
    assert len(indices) == 280 and {"NDVI", "EVI", "kNDVI", "BAI", "BaI", "MNDWI", "NBR", "DpRVIVV"} <= {i["name"] for i in indices}
    ndvi = next(i for i in indices if i["name"] == "NDVI")
    assert ndvi == {"name": "NDVI", "title": "Normalized Difference Vegetation Index", "domain": "vegetation", "formula": "(N - R)/(N + R)",
                    "bands": {"N": "nir", "R": "red"}, "constants": {}, "reference": "https://ntrs.nasa.gov/citations/19740022614"}
    info = gdal.Info(os.path.join(scene["folder"], "all.tif"), format="json")["wgs84Extent"]["coordinates"][0]
    lon, lat = (info[0][0] + info[2][0]) / 2, (info[0][1] + info[2][1]) / 2
    place = anon.get(f"/view/v1/points/{scene['path']}", params={"lon": lon, "lat": lat}).json()
    here = [band["value"] for band in place["bands"]]
    assert len(here) == len(COMMON)
    computed = 0
    for entry in indices:
        params = {"lon": lon, "lat": lat, "index": entry["name"]}
        if "PAR" in entry["constants"]:
            params["constants"] = "PAR:1500"
        answer = anon.get(f"/view/v1/points/{scene['path']}", params=params)
        assert answer.status_code == 200, (entry["name"], answer.text)
        expected, ours = compute(entry, here), answer.json()["value"]
        assert (ours is None) == (expected is None), (entry["name"], ours, expected)
        if expected is not None:
            assert ours == pytest.approx(expected, rel=2e-3, abs=2e-4), entry
            computed += 1
    assert computed > 260


def test_points_compute(anon, scene):
    west, south, east, north = scene["document"]["bbox"]
    place = {"lon": (west + 3 * east) / 4, "lat": (south + north) / 2}
    bands = {b["band"]: b["physical"] for b in anon.get(f"/view/v1/points/{scene['path']}", params=place).json()["bands"]}
    answer = anon.get(f"/view/v1/points/{scene['path']}", params={**place, "expression": "k * nir - red", "constants": "k:3"}).json()
    assert answer["formula"] == "k * nir - red" and answer["value"] == pytest.approx(3 * bands["nir"] - bands["red"], abs=1e-6)
    answer = anon.get(f"/view/v1/points/{scene['path']}", params={**place, "expression": "nir +"})
    assert answer.status_code == 400 and answer.json()["field"] == "expression"
    outside = anon.get(f"/view/v1/points/{scene['path']}", params={"lon": west - 1, "lat": south, "expression": "nir"}).json()
    assert outside["value"] is None
