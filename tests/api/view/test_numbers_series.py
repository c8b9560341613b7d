"""A polygon through time: scenes of a collection by time and clouds, what each holds, what was left out and where it goes on."""
import csv
import io
import uuid
from urllib.parse import parse_qsl, urlsplit

import brute
import numpy
import pytest
from conftest import publishing, write_cog
from helpers import eventually

AREA = {"type": "Polygon", "coordinates": [[[15.004, 45.14], [15.03, 45.145], [15.02, 45.15], [15.004, 45.14]]]}
CLOUDS = [10, 80, None, 30, 5]


@pytest.fixture(scope="module")
def months(admin, anon_session, data_folder):
    """Five scenes of one place, January to May 2024; the fourth has no near infrared and the fifth lies beside the area."""
    rng = numpy.random.default_rng(11)
    with publishing(admin, anon_session, data_folder) as publish:
        made = []
        for month, clouds in enumerate(CLOUDS, 1):
            bands = ["red"] if month == 4 else ["red", "nir"]
            arrays = {band: rng.integers(0, 4000, (60, 60)).astype("uint16") for band in bands}

            def write(folder):
                for band, array in arrays.items():
                    write_cog(f"{folder}/{band}.tif", array, 32633, (500000 + 9000 * (month == 5), 100, 0, 5001000, 0, -100), nodata=0)

            properties = {"gsd": 100, "datetime": f"2024-0{month}-10T10:00:00Z"} | ({} if clouds is None else {"eo:cloud_cover": clouds})
            made.append(publish(write, {band: {"file": f"{band}.tif", "raster:bands": [{"nodata": 0, "scale": 0.0001, "offset": 0}]} for band in bands}, properties))
        collection = made[0]["collection"]
        everywhere = {"type": "Polygon", "coordinates": [[[14, 44], [16, 44], [16, 46], [14, 46], [14, 44]]]}
        eventually(lambda: anon_session.post(f"/view/v1/series/{collection}?bands=red&overview=1", json=everywhere).json().get("matched") == 5)
        yield collection, made


def ask(anon, collection, **params):
    answer = anon.post(f"/view/v1/series/{collection}", params=params, json=AREA)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_every_scene_is_numpys(anon, months):
    collection, made = months
    body = ask(anon, collection, bands="red,nir")
    assert body["matched"] == 4 and body["later"] == 0 and body["next"] is None
    assert [s["item"] for s in body["scenes"]] == [m["item"] for m in made[:3]]
    assert [s["datetime"] for s in body["scenes"]] == [f"2024-0{m}-10T10:00:00.000Z" for m in (1, 2, 3)]
    assert [s.get("cloud_cover") for s in body["scenes"]] == [10, 80, None]
    for scene, of in zip(body["scenes"], made):
        for values in scene["values"]:
            path = f"{of['folder']}/{values['band']}.tif"
            expected = brute.statistics(brute.read(path, 0) * 0.0001, brute.weights(path, AREA))
            assert values["count"] == expected["count"] > 50 and values["nodata"]["count"] == expected["nodata"]
            for name in ("mean", "std", "min", "max", "weight"):
                assert values[name] == pytest.approx(expected[name], rel=1e-6), name
    (left_out,) = body["left_out"]
    assert left_out["item"] == made[3]["item"] and "nir" in left_out["reason"]


def test_formula_and_mask(anon, months):
    collection, made = months
    body = ask(anon, collection, expression="(nir - red) / (nir + red)", where="red < 0.2", datetime="2024-02-01/2024-03-31")
    assert [s["item"] for s in body["scenes"]] == [m["item"] for m in made[1:3]]
    for scene, of in zip(body["scenes"], made[1:]):
        red, nir = (brute.read(f"{of['folder']}/{b}.tif", 0) * 0.0001 for b in ("red", "nir"))
        expected = brute.statistics((nir - red) / (nir + red), brute.weights(f"{of['folder']}/red.tif", AREA), red < 0.2)
        (values,) = scene["values"]
        assert values["count"] == expected["count"] and values["masked"]["count"] == expected["masked"] > 10
        assert values["mean"] == pytest.approx(expected["mean"], rel=1e-6) and values["std"] == pytest.approx(expected["std"], rel=1e-6)


def test_clouds_and_time(anon, months):
    collection, made = months
    found = lambda **params: [s["item"] for s in ask(anon, collection, bands="red", **params)["scenes"]]  # noqa: E731
    items = [m["item"] for m in made]
    assert found(cloud_cover=30) == [items[0], items[3]], "those that do not tell are not known to be clear"
    assert found(cloud_cover=29.5) == items[:1] and found(datetime="2024-03") == items[2:3]
    assert found(datetime="../2024-02-10T10:00:00Z") == items[:2] and found(datetime="2025") == []


def test_pages_lead_to_all(anon, months):
    collection, made = months
    seen, params, pages = [], {"bands": "red", "limit": 1}, 0
    while params:
        answer = anon.post(f"/view/v1/series/{collection}", params=params, json=AREA)
        body = answer.json()
        seen += [s["item"] for s in body["scenes"]]
        assert body["later"] == body["matched"] - 1 and (body["next"] is None) == (body["later"] == 0)
        assert body["next"] is None or f"<{body['next']}>; rel=\"next\"" == answer.headers["link"]
        params = body["next"] and dict(parse_qsl(urlsplit(body["next"]).query))
        pages += 1
    assert seen == [m["item"] for m in made[:4]] and pages == 4


def test_as_a_table(anon, months):
    collection, made = months
    answer = anon.post(f"/view/v1/series/{collection}", params={"bands": "red,nir", "f": "csv", "limit": 4}, json=AREA)
    assert answer.headers["content-type"].startswith("text/csv") and answer.headers["nadir-left-out"] == "1" and answer.headers["nadir-later"] == "0"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    body = ask(anon, collection, bands="red,nir")
    assert len(rows) == 6 and [r["band"] for r in rows] == ["red", "nir"] * 3
    assert [float(r["mean"]) for r in rows] == [v["mean"] for s in body["scenes"] for v in s["values"]]
    assert [r["cloud_cover"] for r in rows] == ["10", "10", "80", "80", "", ""]


def test_what_is_asked_wrongly_is_named(anon, months):
    collection, _ = months
    for params, field in (({"datetime": "soon"}, "datetime"), ({"cloud_cover": "101"}, "cloud_cover"), ({"limit": "0"}, "limit"), ({"limit": "201"}, "limit"),
                          ({"cursor": "???"}, "cursor"), ({"cursor": "YWJj"}, "cursor"), ({"expression": "red +"}, "expression"), ({"bands": "ultra"}, "bands")):
        answer = anon.post(f"/view/v1/series/{collection}", params=params, json=AREA)
        assert answer.status_code == 400 and answer.json()["field"] == field, answer.text
    assert anon.post(f"/view/v1/series/{collection}", json={"type": "Point", "coordinates": [1, 2]}).status_code == 422
    none = anon.post(f"/view/v1/series/none-{uuid.uuid4().hex[:8]}", json=AREA)
    assert none.status_code == 200 and none.json()["matched"] == 0


def test_bits_of_the_world(anon, demo):
    """A box over the antimeridian through the year of a map of the world in degrees."""
    collection = demo["world"]["collection"]
    body = anon.get(f"/view/v1/series/{collection}", params={"bbox": "170,60,-170,70", "bands": "red", "datetime": "2004"}).json()
    assert body["matched"] >= 5 and not body["left_out"]
    times = [s["datetime"] for s in body["scenes"]]
    assert times == sorted(times) and all(s["values"][0]["count"] > 0 for s in body["scenes"])
    means = [s["values"][0]["mean"] for s in body["scenes"]]
    assert means[0] > means[-1], "snow in January is bright"
