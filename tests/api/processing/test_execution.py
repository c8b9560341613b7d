"""Running the built-in ndvi: sync, async, money, rights, inputs, idempotency, and the numbers in the result."""
import uuid

import pytest

from helpers import eventually, problem
from helpers_processing import OGC, ended, order, ordered, run, status


def wallet(session):
    return session.get("/billing/v1/wallet").json()


def test_async_from_order_to_product(payer, other_user, anon, scene):
    before = wallet(payer)
    job = ordered(payer, "ndvi", {"scene": scene})
    now = ended(payer, job)
    assert now["status"] == "successful", now
    assert now["progress"] == 100
    assert now["created"] <= now["started"] <= now["finished"] <= now["updated"]
    cost = now["nadir:cost"]["amount"]
    assert cost == now["nadir:estimate"]["amount"] > 0
    results = payer.get(f"/processing/jobs/{job}/results").json()
    assert results["ndvi"]["type"].startswith("image/tiff")

    item = eventually(lambda: (lambda a: a.json() if a.status_code == 200 else None)(payer.get(results["item"]["href"])))
    assert item["id"] == job
    assert any(link["rel"] == "derived_from" and link["href"].endswith(f"/items/{scene['item']}") for link in item["links"])
    assert item["properties"]["processing:software"] == {"ndvi": "1.0.0"}
    assert "nadir:path" not in str(item)
    assert set(item["assets"]) == {"ndvi", "visual", "thumbnail"}
    assert item["assets"]["ndvi"]["raster:bands"][0]["data_type"] == "float32"

    bytes_ = eventually(lambda: (lambda a: a.content if a.status_code == 200 else None)(payer.get(results["ndvi"]["href"])))
    assert len(bytes_) == item["assets"]["ndvi"]["file:size"]
    assert eventually(lambda: payer.get(item["assets"]["thumbnail"]["href"]).status_code == 200)
    for stranger in (other_user, anon):
        assert stranger.get(results["item"]["href"]).status_code == 404
        assert stranger.get(results["ndvi"]["href"]).status_code == 404

    after = eventually(lambda: (lambda w: w if w["held"] == before["held"] else None)(wallet(payer)))
    assert after["available"] == before["available"] - cost


def test_sync_answers_the_result_document(payer, scene):
    answer = payer.post("/processing/processes/ndvi/execution", json={"inputs": {"scene": {"value": scene}}}, timeout=90)
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"ndvi", "item"}


def test_sync_raw_answers_a_link(payer, scene):
    answer = payer.post("/processing/processes/ndvi/execution", json={"inputs": {"scene": scene}, "response": "raw"}, timeout=90)
    assert answer.status_code == 204
    assert answer.links["ndvi"]["url"].endswith("/assets/ndvi")


def test_a_scene_by_its_stac_address(payer, scene, base):
    href = f"{payer.get('/processing').json()['links'][0]['href'].removesuffix('/processing')}/stac/collections/" \
           f"{scene['collection']}/items/{scene['item']}"
    assert run(payer, "ndvi", {"scene": {"href": href}})["status"] == "successful"
    for bad in (href + "/x", "http://169.254.169.254/latest", "file:///etc/passwd", href.replace("/stac/", "/other/"), 7, ""):
        problem(order(payer, "ndvi", {"scene": {"href": bad}}), 400, "invalid-input")


def test_an_empty_wallet(user, scene):
    before = wallet(user)
    assert before["available"] == 0
    body = problem(user.post("/processing/processes/ndvi/execution", json={"inputs": {"scene": scene}}, timeout=90), 402,
                   "insufficient-funds")
    now = status(user, body["jobID"])
    assert (now["status"], now["reason"]) == ("failed", "insufficient-funds")
    assert now["nadir:cost"]["amount"] == 0
    problem(user.get(f"/processing/jobs/{body['jobID']}/results"), 402, "insufficient-funds")
    assert wallet(user) == before


def test_scenes_must_be_bought_first(payer, demo):
    for name in ("paid", "per_km2"):
        chosen = {"collection": demo[name]["collection"], "item": demo[name]["item"]}
        body = problem(order(payer, "ndvi", {"scene": chosen}), 402, "payment-required")
        assert body["field"] == "inputs.scene"
        assert chosen["item"] in body["offers"]


def test_without_sign_in(anon, scene):
    problem(order(anon, "ndvi", {"scene": scene}), 401)


@pytest.mark.parametrize("inputs, code, field", [
    ({}, 400, "inputs.scene"),
    ({"scene": None}, 400, "inputs.scene"),
    ({"scene": "landsat-8/x"}, 400, "inputs.scene"),
    ({"scene": []}, 400, "inputs.scene"),
    ({"scene": {"collection": "landsat-8"}}, 400, "inputs.scene"),
    ({"scene": {"collection": "landsat-8", "item": 5}}, 400, "inputs.scene"),
    ({"scene": {"collection": "", "item": ""}}, 400, "inputs.scene"),
    ({"scene": {"collection": "x" * 5000, "item": "y"}}, 400, "inputs.scene"),
    ({"scene": {"collection": "landsat-8", "item": "nope"}}, 404, "inputs.scene"),
    ({"scene": {"collection": "landsat-8", "item": "' OR 1=1 --"}}, 404, "inputs.scene"),
    ({"scene": {"collection": "../..", "item": "../../etc/passwd"}}, 404, "inputs.scene"),
    ({"other": 1}, 400, "inputs.other"),
])
def test_wrong_inputs(payer, inputs, code, field):
    before = payer.get("/processing/jobs?limit=1").json()["jobs"]
    assert problem(order(payer, "ndvi", inputs), code)["field"] == field
    assert payer.get("/processing/jobs?limit=1").json()["jobs"] == before


def test_a_scene_without_the_bands(payer, demo):
    dem = {"collection": demo["dem"]["collection"], "item": demo["dem"]["item"]}
    assert problem(order(payer, "ndvi", {"scene": dem}), 422, "no-such-band")["field"] == "inputs.scene"


@pytest.mark.parametrize("body, code", [
    ([], 422), ("x", 422), (5, 422), ({"inputs": []}, 422), ({"inputs": {}, "extra": 1}, 422), ({"response": "xml"}, 422),
    ({"outputs": {"nope": {}}}, 422), ({"outputs": {"ndvi": {"transmissionMode": "value"}}}, 422),
    ({"subscriber": {"successUri": "http://127.0.0.1/"}}, 422),
])
def test_wrong_bodies(payer, body, code):
    problem(payer.post("/processing/processes/ndvi/execution", json=body), code)


def test_malformed_bodies(payer):
    def send(data, kind="application/json"):
        return payer.post("/processing/processes/ndvi/execution", data=data, headers={"Content-Type": kind})

    problem(send(b""), 400)
    problem(send(b"{"), 400)
    problem(send(b"\xff\xfe"), 400)
    problem(send(b'{"inputs": {"scene": {"collection": "a\\u0000b", "item": "y"}}}'), 400)
    problem(send(b"[" * 5000), 400)
    problem(send(b"{}", "text/xml"), 415)


def test_the_same_key_makes_one_job(payer, scene):
    key = uuid.uuid4().hex
    first = ordered(payer, "ndvi", {"scene": scene}, **{"Idempotency-Key": key})
    again = ordered(payer, "ndvi", {"scene": scene}, **{"Idempotency-Key": key})
    assert first == again
    problem(order(payer, "ndvi", {"scene": scene, "x": 1}, **{"Idempotency-Key": key}), 422, "idempotency-key-reused")
    problem(order(payer, "ndvi", {"scene": scene}, **{"Idempotency-Key": "x" * 300}), 400)
    assert ended(payer, first)["status"] == "successful"


def test_the_numbers_are_numpys(payer, scene, tmp_path):
    numpy = pytest.importorskip("numpy")
    gdal = pytest.importorskip("osgeo.gdal")
    item = payer.get(f"/stac/collections/{scene['collection']}/items/{scene['item']}").json()

    def fetch(href, name):
        answer = eventually(lambda: (lambda a: a if a.status_code == 200 else None)(payer.get(href)))
        (tmp_path / name).write_bytes(answer.content)
        return gdal.Open(str(tmp_path / name))

    def reflectance(band):
        facts = item["assets"][band]["raster:bands"][0]
        file = fetch(item["assets"][band]["href"], band + ".tif")
        numbers = file.ReadAsArray().astype("float64")
        valid = file.GetRasterBand(1).GetMaskBand().ReadAsArray() > 0
        if facts.get("nodata") is not None:
            valid &= numbers != facts["nodata"]
        return numbers * facts.get("scale", 1) + facts.get("offset", 0), valid

    job = ordered(payer, "ndvi", {"scene": scene})
    assert ended(payer, job)["status"] == "successful"
    made = fetch(payer.get(f"/processing/jobs/{job}/results").json()["ndvi"]["href"], "ndvi.tif")
    assert made.GetMetadataItem("LAYOUT", "IMAGE_STRUCTURE") == "COG"
    band = made.GetRasterBand(1)
    values = band.ReadAsArray().astype("float64")
    (red, red_valid), (nir, nir_valid) = reflectance("red"), reflectance("nir")
    valid = red_valid & nir_valid & (nir + red != 0)
    assert ((values != band.GetNoDataValue()) == valid).all()
    assert valid.any()
    with numpy.errstate(divide="ignore", invalid="ignore"):
        expected = (nir - red) / (nir + red)
    assert numpy.abs(values[valid] - expected[valid]).max() <= 1e-6 * max(1, numpy.abs(expected[valid]).max())


def test_exception_types_are_ogcs(payer):
    missing = str(uuid.uuid4())
    assert payer.get(f"/processing/jobs/{missing}").json()["type"] == OGC + "no-such-job"
    assert payer.get(f"/processing/jobs/{missing}/results").json()["type"] == OGC + "no-such-job"
