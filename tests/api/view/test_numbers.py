"""Statistics, histograms and profiles: equal to 1e-6 to what numpy makes of the files that GDAL reads."""
import csv
import io
import json
import math
import os
import re

import brute
import numpy
import pytest
from brute import polygon, within
from conftest import write_cog

pytestmark = pytest.mark.once
TIGHT = 1e-6


def agree(entry, expected, percentiles=True):
    assert entry["count"] == expected["count"]
    assert entry["left_out"]["nodata"]["count"] == expected["nodata"]
    assert entry["left_out"]["masked"]["count"] == expected["masked"]
    assert entry["left_out"]["nodata"]["weight"] == pytest.approx(expected["nodata_weight"], rel=TIGHT, abs=TIGHT)
    for name in ("weight", "mean", "std", "min", "max", "sum"):
        assert entry[name] == pytest.approx(expected[name], rel=TIGHT, abs=TIGHT), name
    for each in entry["percentiles"] if percentiles else ():
        assert each["value"] == pytest.approx(expected["percentiles"][int(each["percentile"])], rel=TIGHT, abs=TIGHT), each


@pytest.fixture(scope="module")
def files(admin, data_folder):
    """The files and bands of a demo item: files(item) -> {asset: (path, nodata, scale, offset)}."""
    found = {}

    def find(item):
        key = f"{item['collection']}/{item['item']}"
        if key not in found:
            document = admin.get(f"/stac/collections/{item['collection']}/items/{item['item']}").json()
            bands = {}
            for name, asset in document["assets"].items():
                folder = os.path.join(data_folder, "products", item["collection"], item["item"])
                path = next((p for root, _, all_files in os.walk(folder) for f in all_files
                             if (p := os.path.join(root, f)).endswith(f"/{name}.tif")), None)
                if path:
                    raster = asset.get("raster:bands", [{}])[0]
                    nodata = raster.get("nodata")
                    bands[name] = (path, nodata if isinstance(nodata, (int, float)) else None, raster.get("scale", 1), raster.get("offset", 0))
            found[key] = document["bbox"], bands
        return found[key]

    return find


def physical(band):
    path, nodata, scale, offset = band
    return brute.read(path, nodata) * scale + offset


SHAPES = {
    "slanted": [(0.2, 0.15), (0.8, 0.3), (0.6, 0.85), (0.3, 0.7)],
    "across the edge": [(-0.3, 0.4), (0.5, -0.2), (0.7, 0.5), (0.2, 1.2)],
    "much larger": [(-4, -4), (5, -4), (5, 5), (-4, 5)],
    "within a pixel": [(0.5, 0.5), (0.503, 0.501), (0.501, 0.503)],
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("which, band", [("free", "red"), ("free", "pan"), ("olinda", "nir"), ("paid", "swir16"), ("dem", "elevation")])
def test_bands_of_demo_scenes(anon, demo, files, which, band, shape):
    item = demo[which]
    bounds, bands = files(item)
    area = polygon(*within(bounds, *SHAPES[shape]))
    answer = anon.post(f"/view/v1/statistics/{item['collection']}/{item['item']}", params={"bands": band}, json=area)
    assert answer.status_code == 200, answer.text
    expected = brute.statistics(physical(bands[band]), brute.weights(bands[band][0], area))
    assert expected["count"] > 0
    agree(answer.json()["statistics"][0], expected)


def test_holes_and_several_parts(anon, demo, files):
    bounds, bands = files(demo["olinda"])
    outer = within(bounds, (0.1, 0.1), (0.6, 0.15), (0.5, 0.6), (0.15, 0.55))
    hole = within(bounds, (0.25, 0.25), (0.4, 0.3), (0.3, 0.45))
    other = within(bounds, (0.7, 0.7), (0.9, 0.72), (0.8, 0.93))
    area = {"type": "MultiPolygon", "coordinates": [polygon(*outer, holes=[hole])["coordinates"], polygon(*other)["coordinates"]]}
    answer = anon.post("/view/v1/statistics/landsat-7/olinda?bands=red,green", json={"type": "Feature", "properties": {}, "geometry": area})
    assert answer.status_code == 200, answer.text
    for entry, name in zip(answer.json()["statistics"], ("red", "green")):
        assert entry["band"] == name
        agree(entry, brute.statistics(physical(bands[name]), brute.weights(bands[name][0], area)))
    turned = json.loads(json.dumps(area))
    for rings in turned["coordinates"]:
        for ring in rings:
            ring.reverse()
    again = anon.post("/view/v1/statistics/landsat-7/olinda?bands=red,green", json=turned).json()
    assert again["statistics"][0]["mean"] == pytest.approx(answer.json()["statistics"][0]["mean"], rel=1e-12)


def test_formulas_masks_and_grids_of_two_sizes(anon, demo, files):
    """A formula over pixels of 15 and 30 m, where a mask of quality and a formula let them count."""
    item = demo["free"]
    bounds, bands = files(item)
    area = polygon(*within(bounds, *SHAPES["slanted"]))
    red, nir, quality = (physical(bands[b]) for b in ("red", "nir", "bqa"))
    w = brute.weights(bands["red"][0], area)
    ndvi = (nir - red) / (nir + red)
    bit = int(numpy.log2(numpy.unique(quality[w > 0]).max()))
    path = f"/view/v1/statistics/{item['collection']}/{item['item']}"
    valid = (red < 0.07) & ((quality.astype(int) >> 4) % 2 == 0)
    answer = anon.post(path, params={"expression": "(nir - red) / (nir + red)", "where": "red < 0.07", "exclude-bits": "bqa:4"}, json=area)
    assert answer.status_code == 200, answer.text
    expected = brute.statistics(ndvi, w, valid)
    assert expected["masked"] > 0
    agree(answer.json()["statistics"][0], expected)
    assert "red < 0.07" in answer.json()["method"]["where"]
    none = anon.post(path, params={"bands": "red", "exclude-bits": f"bqa:{bit}"}, json=area).json()["statistics"][0]
    keep = (quality.astype(int) >> bit) % 2 == 0
    assert none["count"] == int(((w > 0) & keep).sum())
    value = int(numpy.unique(quality[w > 0])[0])
    some = anon.post(path, params={"bands": "red", "exclude": f"bqa:{value},1"}, json=area).json()["statistics"][0]
    assert some["count"] == int(((w > 0) & (quality != value) & (quality != 1)).sum())
    assert some["count"] or some["mean"] is None

    pan = physical(bands["pan"])
    fine = brute.weights(bands["pan"][0], area)
    from osgeo import gdal
    small, large = (gdal.Open(bands[b][0]).GetGeoTransform() for b in ("pan", "red"))
    columns = numpy.floor((small[0] + (numpy.arange(pan.shape[1]) + 0.5) * small[1] - large[0]) / large[1]).astype(int)
    lines = numpy.floor((small[3] + (numpy.arange(pan.shape[0]) + 0.5) * small[5] - large[3]) / large[5]).astype(int)
    inside = numpy.ix_((lines >= 0) & (lines < red.shape[0]), (columns >= 0) & (columns < red.shape[1]))
    coarse = numpy.full(pan.shape, numpy.nan)
    coarse[inside] = red[numpy.ix_(lines[(lines >= 0) & (lines < red.shape[0])], columns[(columns >= 0) & (columns < red.shape[1])])]
    entry = anon.post(path, params={"expression": "pan / red"}, json=area).json()["statistics"][0]
    assert entry["grid"]["pixel"] == [15, 15]
    agree(entry, brute.statistics(pan / coarse, fine))


def test_nodata_scale_and_overviews(anon, scene):
    """Of the scene with a strip without data; a reflectance of it, as stored, and of its first overview."""
    west, south, east, north = scene["document"]["bbox"]
    area = polygon(*within((west, south, east, north), (0.05, 0.4), (0.35, 0.42), (0.3, 0.55), (0.1, 0.5)))
    path = f"{scene['folder']}/red.tif"
    w = brute.weights(path, area)
    samples = brute.read(path, 0)
    address = f"/view/v1/statistics/{scene['path']}"
    entry = anon.post(address, params={"bands": "red"}, json=area).json()["statistics"][0]
    expected = brute.statistics(samples * 0.0001 - 0.1, w)
    assert expected["nodata"] > 1000 and entry["unit"] == "1"
    agree(entry, expected)
    agree(anon.post(address, params={"bands": "red", "values": "samples"}, json=area).json()["statistics"][0], brute.statistics(samples, w))

    from osgeo import gdal
    dataset = gdal.Open(path)
    overview = dataset.GetRasterBand(1).GetOverview(0)
    values = overview.ReadAsArray().astype(float)
    values[overview.GetMaskBand().ReadAsArray() == 0] = numpy.nan
    entry = anon.post(address, params={"bands": "red", "overview": 1}, json=area).json()["statistics"][0]
    assert entry["grid"]["overview"] == 1 and entry["grid"]["pixel"] == [20, 20]
    agree(entry, brute.statistics(values * 0.0001 - 0.1, brute.weights(path, area, shrink=2, shape=values.shape)))


def test_a_histogram_is_numpys(anon, scene):
    area = polygon(*within(scene["document"]["bbox"], (0.2, 0.2), (0.5, 0.25), (0.4, 0.5)))
    path = f"{scene['folder']}/nir.tif"
    w, values = brute.weights(path, area), brute.read(path, 0) * 0.0001 - 0.1
    counted = (w > 0) & ~numpy.isnan(values)
    address = f"/view/v1/histograms/{scene['path']}"
    for params, limits in (({"bins": 25}, None), ({"bins": 7, "range": "0.05,0.15"}, (0.05, 0.15))):
        entry = anon.post(address, params={"bands": "nir", **params}, json=area).json()["histograms"][0]
        counts, edges = numpy.histogram(values[counted], params["bins"], limits)
        sums, _ = numpy.histogram(values[counted], params["bins"], limits, weights=w[counted])
        assert entry["counts"] == counts.tolist()
        numpy.testing.assert_allclose(entry["edges"], edges, rtol=1e-12)
        numpy.testing.assert_allclose(entry["weights"], sums, rtol=TIGHT, atol=TIGHT)
        assert entry["beyond"]["count"] == counted.sum() - counts.sum()
    table = list(csv.DictReader(io.StringIO(anon.post(address, params={"bands": "nir", "bins": 7, "range": "0.05,0.15"}, json=area,
                                                      headers={"Accept": "text/csv"}).text)))
    assert [int(row["count"]) for row in table] == counts.tolist() and float(table[-1]["high"]) == 0.15


def test_across_the_antimeridian(anon, publish):
    """A scene on both sides of 180 degrees, in UTM and in degrees, and a polygon in two halves as RFC 7946 has it."""
    rng = numpy.random.default_rng(5)
    texture = rng.integers(1, 5000, (200, 400)).astype("uint16")

    def write(folder):
        write_cog(f"{folder}/red.tif", texture, 32701, (160000, 100, 0, 8120000, 0, -100), nodata=0)
        write_cog(f"{folder}/nir.tif", texture, 4326, (179.8, 0.001, 0, -16.9, 0, -0.001), nodata=0)

    made = publish(write, {"red": {"file": "red.tif"}, "nir": {"file": "nir.tif"}}, bbox=(-180, -18, 180, -16))
    halves = [[(179.9, -17.05), (180, -17.07), (180, -16.95), (179.93, -16.93)], [(-180, -17.07), (-179.92, -17.06), (-179.95, -16.94), (-180, -16.95)]]
    area = {"type": "MultiPolygon", "coordinates": [polygon(*map(list, half))["coordinates"] for half in halves]}
    for band in ("red", "nir"):
        path = f"{made['folder']}/{band}.tif"
        entry = anon.post(f"/view/v1/statistics/{made['path']}", params={"bands": band}, json=area).json()["statistics"][0]
        w = brute.weights(path, area, turn=band == "nir")
        assert (w[:, :180] > 0).any() and (w[:, 220:] > 0).any()
        agree(entry, brute.statistics(brute.read(path, 0), w))
    box = anon.get(f"/view/v1/statistics/{made['path']}", params={"bands": "nir", "bbox": "179.9,-17.05,-179.95,-16.95"}).json()["statistics"][0]
    assert box["count"] == 150 * 100 and box["mean"] == pytest.approx(texture[50:150, 100:250].mean(), rel=1e-9)


def test_outside_there_is_nothing(anon, demo):
    far = polygon([100, 10], [101, 10], [101, 11])
    for path in ("landsat-7/olinda", f"elevation/{demo['dem']['item']}"):
        entry = anon.post(f"/view/v1/statistics/{path}", json=far).json()["statistics"][0]
        assert entry["count"] == 0 and entry["weight"] == 0 and entry["mean"] is None and entry["std"] is None
        entry = anon.post(f"/view/v1/histograms/{path}", json=far).json()["histograms"][0]
        assert sum(entry["counts"]) == 0 and entry["edges"][0] == 0 and entry["edges"][-1] == 1


def test_tables_say_what_the_json_says(anon, demo):
    address = "/view/v1/statistics/landsat-7/olinda?bbox=-34.9,-8.0,-34.88,-7.98&percentiles=50,10"
    body, table = anon.get(address).json(), anon.get(address + "&f=csv")
    assert table.headers["content-type"].startswith("text/csv") and table.headers["cache-control"] == "private, no-store"
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert len(rows) == len(body["statistics"]) == 6
    for row, entry in zip(rows, body["statistics"]):
        assert row["band"] == entry["band"] and int(row["count"]) == entry["count"] > 0
        for name in ("mean", "std", "min", "max", "weight"):
            assert float(row[name]) == pytest.approx(entry[name], rel=1e-14)
        assert [p["percentile"] for p in entry["percentiles"]] == [10, 50]
        assert float(row["percentile_10"]) == entry["percentiles"][0]["value"]
    assert body["method"]["weights"].startswith("area of the polygon within the pixel / area of the pixel, exact")


def test_a_profile_goes_by_wavelength(anon, demo, files):
    item = demo["free"]
    bounds, bands = files(item)
    lon, lat = within(bounds, (0.37, 0.61))[0]
    address = f"/view/v1/profiles/{item['collection']}/{item['item']}?lon={lon}&lat={lat}"
    profile = anon.get(address).json()["bands"]
    known = [b["wavelength_nm"] for b in profile if b["wavelength_nm"] is not None]
    assert len(known) >= 8 and known == sorted(known) and profile[0]["band"] == "coastal"
    for entry in profile:
        path = bands[entry["band"]][0]
        w = brute.weights(path, polygon([lon - 1e-7, lat - 1e-7], [lon + 1e-7, lat - 1e-7], [lon, lat + 1e-7]), shrink=1)
        w[w == 0] = brute.weights(path, polygon(*([lon + x * 1e-5, lat + y * 1e-5] for x, y in ((-1, -1), (1, -1), (0, 1)))))[w == 0]
        line, column = numpy.unravel_index(w.argmax(), w.shape)
        assert entry["value"] == brute.read(path)[line, column]
        assert entry["physical"] == pytest.approx(physical(bands[entry["band"]])[line, column], rel=1e-12)
    rows = list(csv.DictReader(io.StringIO(anon.get(address + "&f=csv").text)))
    assert [r["band"] for r in rows] == [b["band"] for b in profile] and float(rows[0]["value"]) == profile[0]["value"]
    assert anon.get(f"/view/v1/profiles/{item['collection']}/{item['item']}?lon=1").status_code == 400


TRIANGLE = {"type": "Polygon", "coordinates": [[[-34.9, -8.0], [-34.88, -8.0], [-34.89, -7.98], [-34.9, -8.0]]]}


@pytest.mark.parametrize("params, field", [
    ({"bands": "red,ultra"}, "bands"), ({"expression": "red +"}, "expression"), ({"expression": "red", "bands": "red"}, "bands"),
    ({"expression": "red", "values": "samples"}, "values"), ({"values": "none"}, "values"), ({"where": "sea > 1"}, "where"),
    ({"exclude": "scl:3"}, "exclude"), ({"exclude": "red"}, "exclude"), ({"exclude": 'red"==1 or "red:1'}, "exclude"),
    ({"exclude-bits": "red:24"}, "exclude-bits"), ({"percentiles": "50,101"}, "percentiles"), ({"percentiles": "1,2,3,4,5,6,7,8,9"}, "percentiles"),
    ({"overview": "99"}, "overview"), ({"f": "xml"}, "f"), ({"bbox": "0,0,1,1"}, "bbox"), ({"index": "NDVI", "constants": "L"}, "constants"),
])
def test_what_is_asked_wrongly_is_named(anon, params, field):
    answer = anon.post("/view/v1/statistics/landsat-7/olinda", params=params, json=TRIANGLE)
    assert answer.status_code == 400 and answer.headers["content-type"] == "application/problem+json", answer.text
    assert answer.json()["field"] == field, answer.text


def test_refused_areas(anon):
    address = "/view/v1/statistics/landsat-7/olinda"
    bow = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}
    round_about = [[math.cos(i / 6000) * 10, math.sin(i / 6000) * 10] for i in range(12000)]
    for body, status in ((bow, 422), ({"type": "Point", "coordinates": [0, 0]}, 422), ({"type": "Feature", "geometry": None}, 422), ([], 422), ({}, 422),
                         ({"type": "Polygon", "coordinates": [[[0, 0], [1, 95], [1, 0], [0, 0]]]}, 422),
                         ({"type": "Polygon", "coordinates": [round_about + round_about[:1]]}, 422)):
        answer = anon.post(address, json=body)
        assert answer.status_code == status and answer.json()["type"] == "urn:nadir:problem:invalid-area", answer.text
    assert anon.post(address, data="area", headers={"Content-Type": "text/plain"}).status_code == 415
    assert anon.post(address, data="{", headers={"Content-Type": "application/geo+json"}).status_code == 400
    assert anon.get(address).status_code == 400 and anon.get(address + "?bbox=1,2,3").status_code == 400
    assert anon.get(address + "?bbox=1,2,1,3").status_code == 400
    assert anon.post("/view/v1/statistics/landsat-7/none", json=TRIANGLE).status_code == 404


def test_more_pixels_than_allowed_are_refused_before_reading(anon, publish):
    """12,000 x 3,000 pixels, one more than two bands of which are too many; an overview of them is not."""
    def write(folder):
        write_cog(f"{folder}/red.tif", numpy.ones((3000, 12000), dtype="uint8"), 32633, (400000, 10, 0, 5000000, 0, -10))

    made = publish(write, {"red": {"file": "red.tif"}})
    west, south, east, north = made["document"]["bbox"]
    address = f"/view/v1/statistics/{made['path']}?bbox={west - 0.1},{south - 0.1},{east + 0.1},{north + 0.1}"
    refused = anon.get(address)
    assert refused.status_code == 413 and refused.json()["type"] == "urn:nadir:problem:too-many-pixels"
    assert re.search(r"holds \d{8} pixels", refused.json()["detail"])
    entry = anon.get(address + "&overview=1").json()["statistics"][0]
    assert entry["grid"]["overview"] == 1 and entry["count"] == 6000 * 1500 and entry["mean"] == 1 and entry["std"] == 0


def test_a_point_as_a_table(anon, demo, files):
    item = demo["free"]
    lon, lat = within(files(item)[0], (0.4, 0.5))[0]
    address = f"/view/v1/points/{item['collection']}/{item['item']}?lon={lon}&lat={lat}"
    body = anon.get(address).json()["bands"]
    table = anon.get(address, headers={"Accept": "text/csv"})
    assert table.headers["content-type"].startswith("text/csv") and "etag" not in table.headers
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert [(r["band"], float(r["value"]), float(r["physical"])) for r in rows] == [(b["band"], b["value"], b["physical"]) for b in body]
    (row,) = csv.DictReader(io.StringIO(anon.get(address + "&index=NDVI&f=csv").text))
    red, nir = (next(b["physical"] for b in body if b["band"] == name) for name in ("red", "nir"))
    assert float(row["value"]) == pytest.approx((nir - red) / (nir + red), rel=TIGHT)
    assert anon.get(address + "&f=xml").status_code == 400
