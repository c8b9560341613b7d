"""The documents of OGC API - Processes: landing page, conformance, list, description, estimates."""
import json

from helpers import problem
from helpers_processing import COPY, OGC


def test_landing_page_links_to_the_rest(anon):
    landing = anon.get("/processing").json()
    links = {link["rel"]: link["href"] for link in landing["links"]}
    for rel in ("self", "service-desc", "http://www.opengis.net/def/rel/ogc/1.0/conformance",
                "http://www.opengis.net/def/rel/ogc/1.0/processes"):
        assert anon.get(links[rel]).status_code == 200, rel
    assert "openapi: 3.1" in anon.get(links["service-desc"]).text


def test_conformance(anon):
    classes = anon.get("/processing/conformance").json()["conformsTo"]
    for name in ("core", "ogc-process-description", "json", "job-list", "dismiss"):
        assert f"http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/{name}" in classes


def test_ndvi_is_described_to_anyone(anon):
    listed = {p["id"] for p in anon.get("/processing/processes?limit=500").json()["processes"]}
    assert "ndvi" in listed
    ndvi = anon.get("/processing/processes/ndvi").json()
    assert set(ndvi["jobControlOptions"]) >= {"sync-execute", "async-execute"}
    assert ndvi["inputs"]["scene"]["schema"]["required"] == ["collection", "item"]
    assert ndvi["inputs"]["scene"]["schema"]["x-nadir-bands"] == ["red", "nir"]
    assert ndvi["outputs"]["ndvi"]["schema"]["contentMediaType"].startswith("image/tiff")
    assert ndvi["nadir:price"]["per_mpx"] > 0


def test_a_process_that_is_not_there(anon):
    for name in ("nope", "NDVI", "%2e%2e", "a" * 300, "x%00y", "ndvi%27--"):
        answer = anon.get(f"/processing/processes/{name}")
        assert 400 <= answer.status_code < 500, name
    body = problem(anon.get("/processing/processes/nope"), 404, "no-such-process")
    assert body["type"] == OGC + "no-such-process"


def test_private_processes_are_the_owners_only(author, user, anon, package, scene):
    process = package(COPY)
    assert author.get(f"/processing/processes/{process}").status_code == 200
    for other in (user, anon):
        problem(other.get(f"/processing/processes/{process}"), 404, "no-such-process")
        assert process not in json.dumps(other.get("/processing/processes?limit=500").json())
    answer = user.post(f"/processing/processes/{process}/execution", json={"inputs": {"scene": scene}})
    problem(answer, 404, "no-such-process")
    answer = user.post("/processing/v1/estimates", json={"process": process, "inputs": {"scene": scene}})
    problem(answer, 404, "no-such-process")


def test_every_process_is_listed_once_over_pages(author, package):
    mine = {package(COPY) for _ in range(4)}
    seen, url = [], "/processing/processes?limit=2"
    while url:
        page = author.get(url).json()
        assert len(page["processes"]) <= 2
        seen += [p["id"] for p in page["processes"]]
        url = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
    assert len(seen) == len(set(seen))
    assert seen == sorted(seen)
    assert mine | {"ndvi"} <= set(seen)


def test_estimates(anon, scene):
    answer = anon.post("/processing/v1/estimates", json={"process": "ndvi", "inputs": {"scene": scene}})
    assert answer.status_code == 200, answer.text
    item = anon.get(f"/stac/collections/{scene['collection']}/items/{scene['item']}").json()
    shape = item["assets"]["red"].get("proj:shape") or item["properties"]["proj:shape"]
    pixels = shape[0] * shape[1]
    per_mpx = anon.get("/processing/processes/ndvi").json()["nadir:price"]["per_mpx"]
    assert answer.json()["pixels"] == pixels
    assert answer.json()["amount"] == -(-pixels * per_mpx // 1000000)


def test_bad_estimates(anon, scene):
    def ask(body):
        return anon.post("/processing/v1/estimates", json=body)

    problem(ask({"process": "nope", "inputs": {}}), 404, "no-such-process")
    for body in ({}, [], "x", {"process": "ndvi"}, {"process": 3, "inputs": {}}, {"process": "ndvi", "inputs": [], "x": 1}):
        assert ask(body).status_code == 422, body
    problem(ask({"process": "ndvi", "inputs": {}}), 400, "invalid-input")
    problem(ask({"process": "ndvi", "inputs": {"scene": {"collection": "nope", "item": "nope"}}}), 404, "no-such-scene")
    assert anon.post("/processing/v1/estimates", data="{", headers={"Content-Type": "application/json"}).status_code == 400
    assert anon.post("/processing/v1/estimates", data="{}", headers={"Content-Type": "text/plain"}).status_code == 415
