"""Collections as mosaics by rule: latest, least cloud, median, greenest; masks by scene classification; how many scenes are too many."""
import numpy
import pytest
from lxml import etree

from conftest import publishing, write_cog
from helpers import eventually
from pictures import decode

SIDE = 128
TRANSFORM = (500000, 10, 0, 5000000, 0, -10)
FRAME = {"crs": "EPSG:32633", "bbox-crs": "EPSG:32633", "bbox": f"500000,{5000000 - SIDE * 10},{500000 + SIDE * 10},5000000", "width": SIDE, "height": SIDE}
KEPT = [4, 5, 6, 7, 11]
# day, cloud cover, scale of the samples
SCENES = [("2024-01-05", 80, 0.0001), ("2024-02-05", 3, 0.0001), ("2024-03-05", 40, 0.0002), ("2024-04-05", None, 0.0001), ("2024-05-05", 60, 0.0001)]


@pytest.fixture(scope="module")
def stack(admin, anon_session, data_folder):
    """Five scenes of one place: (collection, reflectances[scene, band, y, x] with NaN where there is no data, classes[scene, y, x])."""
    rng = numpy.random.default_rng(7)
    values = numpy.empty((len(SCENES), 4, SIDE, SIDE))
    classes = rng.choice([3, 4, 5, 6, 8, 9, 10, 11], size=(len(SCENES), SIDE // 8, SIDE // 8)).astype("uint8").repeat(8, 1).repeat(8, 2)
    with publishing(admin, anon_session, data_folder) as publish:
        for index, (day, cloud, scale) in enumerate(SCENES):
            samples = rng.integers(500, 4000, size=(4, SIDE, SIDE)).astype("uint16")
            samples[:, 16 * index:16 * index + 12, :] = 0
            values[index] = numpy.where(samples == 0, numpy.nan, samples * scale)

            def write(folder, samples=samples, index=index):
                for name, array in zip(("blue", "green", "red", "nir"), samples):
                    write_cog(f"{folder}/{name}.tif", array, 32633, TRANSFORM, nodata=0)
                write_cog(f"{folder}/scl.tif", classes[index], 32633, TRANSFORM, overviews="NEAREST")

            band = {"nodata": 0, "data_type": "uint16", "scale": scale, "offset": 0, "statistics": {"p2": 500, "p98": 4000}}
            assets = {n: {"file": f"{n}.tif", "raster:bands": [band], "eo:bands": [{"common_name": n}]} for n in ("blue", "green", "red", "nir")}
            assets["scl"] = {"file": "scl.tif", "raster:bands": [{"data_type": "uint8"}]}
            properties = {"gsd": 10, "datetime": f"{day}T10:00:00Z", **({} if cloud is None else {"eo:cloud_cover": cloud})}
            collection = publish(write, assets, properties)["collection"]
        yield collection, values, classes


def draw(session, collection, **params):
    return session.get(f"/view/ogc/collections/{collection}/map", params={"f": "png", **FRAME, **params})


def nir(session, collection, **params):
    """What the picture of nir, 0 to 0.4 as 0 to 255, says; NaN where it is transparent."""
    answer = draw(session, collection, expression="nir", rescale="0,0.4", **params)
    assert answer.status_code == 200, answer.text
    array = decode(answer.content).astype(float)
    return numpy.where(array[3] == 0, numpy.nan, array[0]) if array.shape[0] == 4 else array[0]


def shown(values):
    return numpy.clip(values / 0.4 * 255, 0, 255)


def first_of(values, order):
    """The first that has data, in an order of scenes."""
    result = numpy.full(values.shape[1:], numpy.nan)
    for index in order:
        result = numpy.where(numpy.isnan(result), values[index], result)
    return result


def same(ours, theirs):
    assert (numpy.isnan(ours) == numpy.isnan(theirs)).all()
    assert numpy.nanmax(numpy.abs(ours - shown(theirs))) <= 0.51


def ground(values, classes):
    return numpy.where(numpy.isin(classes, KEPT), values, numpy.nan)


def test_latest_and_least_cloud(anon, stack):
    collection, values, _ = stack
    n = values[:, 3]
    same(nir(anon, collection), first_of(n, [4, 3, 2, 1, 0]))
    same(nir(anon, collection, mosaic="latest"), first_of(n, [4, 3, 2, 1, 0]))
    same(nir(anon, collection, mosaic="least-cloud"), first_of(n, [1, 2, 4, 0, 3]))
    same(nir(anon, collection, mosaic="least-cloud", scenes=1), n[1])
    same(nir(anon, collection, datetime="2024-01-01/2024-03-01"), first_of(n, [1, 0]))


def test_median(anon, stack):
    collection, values, _ = stack
    same(nir(anon, collection, mosaic="median"), numpy.nanmedian(values[:, 3], axis=0))
    same(nir(anon, collection, mosaic="median", datetime="2024-02-01/2024-06-01"), numpy.nanmedian(values[1:, 3], axis=0))
    # Of three bands each has its own; the stretch is the newest scene's.
    answer = draw(anon, collection, mosaic="median")
    ours = decode(answer.content)[:3].astype(float)
    for channel, band in enumerate((2, 1, 0)):
        expected = numpy.clip((numpy.nanmedian(values[:, band], axis=0) - 0.05) / (0.4 - 0.05) * 255, 0, 255)
        assert numpy.abs(ours[channel] - expected).max() <= 1


def test_greenest(anon, stack):
    collection, values, _ = stack
    with numpy.errstate(invalid="ignore"):
        ndvi = (values[:, 3] - values[:, 2]) / (values[:, 3] + values[:, 2])
    best = numpy.where(numpy.isnan(ndvi), -9, ndvi).argmax(axis=0)
    expected = numpy.take_along_axis(values[:, 3], best[None], axis=0)[0]
    ours = nir(anon, collection, mosaic="max-ndvi")
    clear = numpy.sort(numpy.where(numpy.isnan(ndvi), -9, ndvi), axis=0)
    clear = clear[-1] - clear[-2] > 1e-5  # no tie in 32 bits
    assert numpy.abs(ours - shown(expected))[clear].max() <= 0.51 and clear.mean() > 0.99


def test_masks_by_scene_classification(anon, stack):
    collection, values, classes = stack
    n = ground(values[:, 3], classes)
    same(nir(anon, collection, mask="clouds"), first_of(n, [4, 3, 2, 1, 0]))
    with numpy.testing.suppress_warnings() as quiet:
        quiet.filter(RuntimeWarning)
        same(nir(anon, collection, mask="clouds", mosaic="median"), numpy.nanmedian(n, axis=0))
    same(nir(anon, collection, mask="none"), first_of(values[:, 3], [4, 3, 2, 1, 0]))


def test_a_scene_alone_takes_the_mask(anon, stack):
    collection, values, classes = stack
    items = anon.get(f"/stac/collections/{collection}/items").json()["features"]
    item = next(i["id"] for i in items if i["properties"]["datetime"].startswith("2024-02"))
    same(nir(anon, f"{collection}:{item}", mask="clouds"), ground(values[1, 3], classes[1]))


def test_every_door_takes_the_rule(anon, base, stack):
    collection, values, _ = stack
    expected = shown(numpy.nanmedian(values[:, 3], axis=0))
    rule = {"expression": "nir", "rescale": "0,0.4", "MOSAIC": "median"}
    box = FRAME["bbox"]
    answer = anon.get("/view/wms", params={"SERVICE": "WMS", "VERSION": "1.3.0", "REQUEST": "GetMap", "LAYERS": collection, "STYLES": "", "CRS": "EPSG:32633",
                                           "BBOX": box, "WIDTH": SIDE, "HEIGHT": SIDE, "FORMAT": "image/png", **rule})
    assert answer.status_code == 200, answer.text
    assert numpy.abs(decode(answer.content)[0] - expected).max() <= 0.51
    document = etree.fromstring(anon.get("/view/wmts", params={"SERVICE": "WMTS", "REQUEST": "GetCapabilities", "mosaic": "median"}).content)
    ns = {"w": "http://www.opengis.net/wmts/1.0"}
    assert all("mosaic=median" in r.get("template") for r in document.iterfind(".//w:ResourceURL", ns))
    tilejson = anon.get(f"/view/ogc/collections/{collection}/map/tiles/WebMercatorQuad", params={"f": "tilejson", "mosaic": "median", "mask": "clouds"}).json()
    assert "mosaic=median" in tilejson["tiles"][0] and "mask=clouds" in tilejson["tiles"][0] and tilejson["minzoom"] == 0
    tile = anon.get(tilejson["tiles"][0].removeprefix(base).format(z=12, x=2218, y=1471))
    assert tile.status_code == 200 and decode(tile.content).shape[1:] == (256, 256)


@pytest.mark.parametrize("params, field", [({"mosaic": "first"}, "mosaic"), ({"mask": "snow"}, "mask"), ({"scenes": 0}, "scenes"), ({"scenes": 25}, "scenes")])
def test_refusals(anon, stack, params, field):
    answer = draw(anon, stack[0], **params)
    assert answer.status_code == 400 and answer.json()["field"] == field
    answer = anon.get("/view/wmts", params={"SERVICE": "WMTS", "REQUEST": "GetTile", "VERSION": "1.0.0", "LAYER": stack[0], "STYLE": "", "FORMAT": "image/png",
                                            "TILEMATRIXSET": "WebMercatorQuad", "TILEMATRIX": 0, "TILEROW": 0, "TILECOL": 0, **params})
    assert answer.status_code == 400 and f'locator="{field}"' in answer.text


def test_no_classification_no_mask(anon, publish_pair):
    answer = draw(anon, publish_pair[0], mask="clouds")
    assert answer.status_code == 400 and answer.json()["field"] == "mask" and "classification" in answer.json()["detail"]


@pytest.fixture(scope="module")
def many(admin, anon_session, data_folder):
    """28 scenes side by side on the equator, and three of one place far from them: the collection."""
    with publishing(admin, anon_session, data_folder) as publish:
        ground = numpy.full((20, 20), 3000, dtype="uint16")

        def make(column, line, day):
            def write(folder):
                write_cog(f"{folder}/red.tif", ground, 4326, (column, 0.05, 0, line, 0, -0.05), nodata=0, overviews="NONE")
            assets = {"red": {"file": "red.tif", "raster:bands": [{"nodata": 0, "data_type": "uint16", "statistics": {"p2": 1000, "p98": 5000}}],
                              "eo:bands": [{"common_name": "red"}]}}
            return publish(write, assets, {"gsd": 5000, "datetime": f"2024-01-{day:02}T00:00:00Z"})["collection"]

        for index in range(28):
            make(10 + index, 1, 1 + index)
        yield make(100, 1, 29)


def box_of(west, east):
    return {"crs": "CRS:84", "bbox": f"{west},0,{east},1", "width": 280, "height": 10}


@pytest.mark.once
def test_too_many_scenes_are_refused_with_the_way_out(anon, many):
    tiles = f"/view/ogc/collections/{many}/map/tiles/WebMercatorQuad"
    answer = anon.get(f"{tiles}/0/0/0")
    assert answer.status_code == 400 and answer.json()["type"].endswith("too-many-scenes")
    detail = answer.json()["detail"]
    zoom = anon.get(tiles, params={"f": "tilejson"}).json()["minzoom"]
    assert zoom > 3 and f"level {zoom}" in detail and "24 scenes" in detail and "scenes=24" in detail
    wms = {"SERVICE": "WMS", "VERSION": "1.3.0", "REQUEST": "GetMap", "LAYERS": many, "STYLES": "", "CRS": "CRS:84", "BBOX": "0,0,60,1", "WIDTH": 60,
           "HEIGHT": 9, "FORMAT": "image/png"}
    answer = anon.get("/view/wms", params=wms)
    assert answer.status_code == 400 and 'code="InvalidParameterValue"' in answer.text and "zoom in" in answer.text
    assert anon.get("/view/wms", params={**wms, "TIME": "2024-01-01/2024-01-20"}).status_code == 200
    answer = anon.get("/view/wmts/1.0.0/" + f"{many}/default/WebMercatorQuad/0/0/0.png")
    assert answer.status_code == 400 and 'locator="TileMatrix"' in answer.text and "zoom in" in answer.text
    # The ways out: fewer by place, fewer by time, or the first of them.
    assert (decode(anon.get(f"{tiles}/{zoom}/{2 ** (zoom - 1) - 1}/{int((20 + 180) / 360 * 2 ** zoom)}").content)[3:] == 0).mean() < 1
    assert anon.get(f"{tiles}/0/0/0", params={"datetime": "2024-01-01/2024-01-20"}).status_code == 200
    some = decode(anon.get(f"/view/ogc/collections/{many}/map", params={**box_of(10, 38), "scenes": 5}).content)
    assert (some[3] == 255).all(axis=0).sum() == pytest.approx(50, abs=2), "the five newest, ten columns each"
    capabilities = etree.fromstring(anon.get("/view/wms", params={"SERVICE": "WMS", "REQUEST": "GetCapabilities", "LAYERS": many}).content)
    scale = capabilities.find(".//{*}Layer[{*}Name='%s']/{*}MaxScaleDenominator" % many)
    assert float(scale.text) == pytest.approx(559082264.0287178 / 2 ** zoom)


@pytest.mark.once
def test_scenes_that_nobody_would_see_do_not_count(admin, anon, anon_session, data_folder):
    """Thirty scenes of one place: the newest is over all others, so that their number is no matter; a median wants them all."""
    with publishing(admin, anon_session, data_folder) as publish:
        ground = numpy.full((20, 20), 3000, dtype="uint16")
        ground[:, :10] = 0  # half of it without data: the picture is never full

        def write(folder):
            write_cog(f"{folder}/red.tif", ground, 4326, (10, 0.05, 0, 1, 0, -0.05), nodata=0, overviews="NONE")

        assets = {"red": {"file": "red.tif", "raster:bands": [{"nodata": 0, "data_type": "uint16", "statistics": {"p2": 1000, "p98": 5000}}],
                          "eo:bands": [{"common_name": "red"}]}}
        for day in range(1, 31):
            collection = publish(write, assets, {"gsd": 5000, "datetime": f"2024-01-{day:02}T00:00:00Z"})["collection"]
        eventually(lambda: anon.get(f"/view/ogc/collections/{collection}").json().get("extent", {}).get("temporal", {}).get("interval", [["", ""]])[0][1][:10] == "2024-01-30")
        answer = anon.get(f"/view/ogc/collections/{collection}/map", params=box_of(9, 12))
        assert answer.status_code == 200, answer.text
        assert (decode(answer.content)[3] == 255).any()
        answer = anon.get(f"/view/ogc/collections/{collection}/map", params={**box_of(9, 12), "mosaic": "median"})
        assert answer.status_code == 400 and answer.json()["type"].endswith("too-many-scenes")
        assert anon.get(f"/view/ogc/collections/{collection}/map", params={**box_of(9, 12), "mosaic": "median", "scenes": 24}).status_code == 200
