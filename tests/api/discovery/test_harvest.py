"""Harvest of other catalogues (tests/standins/stac, and this Nadir itself): complete, incremental, and killed in the middle."""
import os
import signal
import subprocess
import sys
import time
import uuid

import pytest
import requests

from helpers import eventually, kill_service, problem, service_of, service_pid
from helpers_catalogue import command, make_item, remove_collection, write_lines
from helpers_stac import collection_document, item_document, search_all

HERE = os.path.dirname(os.path.abspath(__file__))
HARVESTS = "/discovery/v1/harvests"


class Standin:
    """Another catalogue, of one test."""

    def __init__(self):
        program = os.path.join(HERE, "../../standins/stac/server.py")
        self.process = subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE, text=True)
        self.base = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def set(self, **state):
        assert requests.put(self.base + "/control", json=state, timeout=30).status_code == 200

    def requests(self):
        return requests.get(self.base + "/control", timeout=30).json()["requests"]


@pytest.fixture
def standin():
    other = Standin()
    yield other
    other.process.terminate()
    other.process.wait()


@pytest.fixture
def harvest(admin, client):
    """Makes harvests; they and what they brought are removed afterwards."""
    made, collections = [], []

    def make(url, kind="stac", theirs="there", **members):
        ours = "harvest-" + uuid.uuid4().hex
        collections.append(ours)
        body = {"name": "test " + uuid.uuid4().hex, "kind": kind, "url": url, "collections": {theirs: ours}, "pause_ms": 0, **members}
        answer = admin.post(HARVESTS, json=body)
        assert answer.status_code == 201, answer.text
        made.append(answer.json()["harvest"])
        return answer.json(), ours

    yield make
    for name in made:
        admin.delete(f"{HARVESTS}/{name}")
    for name in collections:
        remove_collection(client, name)


def run(admin, harvest, state="done", timeout=60, **arguments):
    """Runs a harvest now and gives its finished run."""
    before = (harvest_get(admin, harvest)["last_run"] or {"run": 0})["run"]
    answer = admin.post(f"{HARVESTS}/{harvest['harvest']}/run", params=arguments)
    assert answer.status_code == 202, answer.text

    def ended():
        last = harvest_get(admin, harvest)["last_run"]
        return last if last and last["run"] > before and last["ended_at"] else None

    last = eventually(ended, timeout)
    assert last["state"] == state, last
    return last


def harvest_get(admin, harvest):
    answer = admin.get(f"{HARVESTS}/{harvest['harvest']}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids_of(session, collection):
    return [item["id"] for item in search_all(session, "/stac/search", {"collections": collection, "limit": 500})]


def counts(last):
    return {name: last[name] for name in ("created", "updated", "unchanged", "duplicates", "refused", "removed")}


def only(**expected):
    return {**dict.fromkeys(("created", "updated", "unchanged", "duplicates", "refused", "removed"), 0), **expected}


@pytest.mark.parametrize("door", ["/stac", "/stac-get"])
def test_stac_paging_both_ways(admin, anon, standin, harvest, door):
    items = [make_item("there", n) for n in range(60)]
    standin.set(items=items + [make_item("unwanted", 99)], collections=[collection_document("there")])
    made, ours = harvest(standin.base + door, query={"limit": 20})
    last = run(admin, made)
    assert counts(last) == only(created=60)
    assert sorted(ids_of(anon, ours)) == sorted(item["id"] for item in items)
    item = anon.get(f"/stac/collections/{ours}/items/item-7").json()
    assert item["collection"] == ours and item["assets"]["data"]["href"] == "https://example.org/there/7.tif"
    assert anon.get(f"/stac/collections/{ours}").json()["description"] == "Made by a test."
    assert harvest_get(admin, made)["items"] == 60


def test_incremental_updates_and_removals(admin, anon, standin, harvest):
    items = [make_item("there", n) for n in range(30)]
    standin.set(items=items, collections=[collection_document("there")])
    made, ours = harvest(standin.base + "/stac")
    assert counts(run(admin, made)) == only(created=30)
    since = harvest_get(admin, made)["since"]
    assert since.startswith("2021-01-02T08:13:00")
    items[4] = make_item("there", 4, updated="2023-05-05T00:00:00Z", **{"eo:cloud_cover": 77})
    items.append(make_item("there", 500, updated="2023-05-06T00:00:00Z"))
    del items[9]
    standin.set(items=items, collections=[collection_document("there")])
    last = run(admin, made)
    assert counts(last) == only(created=1, updated=1, unchanged=1) and not last["everything"]
    assert len(ids_of(anon, ours)) == 31  # what is gone there stays, as this harvest has it
    assert anon.get(f"/stac/collections/{ours}/items/item-4").json()["properties"]["eo:cloud_cover"] == 77
    assert admin.patch(f"{HARVESTS}/{made['harvest']}", json={"removals": "remove"}).status_code == 200
    last = run(admin, made)
    assert counts(last) == only(unchanged=30, removed=1) and last["everything"]
    assert "item-9" not in ids_of(anon, ours) and len(ids_of(anon, ours)) == 30
    # A source that has nothing at all is taken as broken: nothing goes.
    standin.set(items=[], collections=[collection_document("there")])
    assert counts(run(admin, made)) == only()
    assert len(ids_of(anon, ours)) == 30


def test_busy_and_broken_sources(admin, anon, standin, harvest):
    items = [make_item("there", n) for n in range(50)]
    faults = [{"match": "/search", "after": 1, "times": 1, "status": 429, "retry_after": 3},
              {"match": "/search", "after": 1, "times": 1, "body": "{\"features\": [", "type": "application/json"},
              {"match": "/search", "after": 2, "times": 1, "body": "<html>Sorry</html>", "type": "text/html"},
              {"match": "/collections", "times": 1, "status": 503}]
    standin.set(items=items, collections=[collection_document("there")], faults=faults)
    made, ours = harvest(standin.base + "/stac", query={"limit": 10})
    last = run(admin, made, timeout=90)
    assert counts(last) == only(created=50)
    assert len(ids_of(anon, ours)) == 50
    searches = [r for r in standin.requests() if "/search" in r["path"]]
    assert max(b["at"] - a["at"] for a, b in zip(searches, searches[1:])) >= 2.9, "Retry-After was not honoured"


def test_sources_that_are_none(admin, standin, harvest):
    standin.set(items=[], faults=[{"match": "/", "times": 1000, "status": 404}])
    made, _ = harvest(standin.base + "/stac")
    assert "404" in run(admin, made, state="failed")["error"]
    standin.set(items=[make_item("there", n) for n in range(4)], collections=[collection_document("there")], token="Bearer sesame")
    assert "401" in run(admin, made, state="failed")["error"]
    standin.set(items=[], faults=[{"match": "/stac", "times": 1, "body": '{"type": "Catalog"}'}])
    assert "search" in run(admin, made, state="failed")["error"]


def test_bad_items_are_reported_and_the_rest_is_taken(admin, anon, standin, harvest):
    items = [make_item("there", n) for n in range(6)]
    items[1]["geometry"] = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 1], [1, 0], [0, 0]]]}
    items[2]["properties"]["datetime"] = "yesterday"
    items[3]["assets"]["data"]["nadir:path"] = "/etc/passwd"
    items[4]["id"] = "../../x"
    standin.set(items=items, collections=[collection_document("there")])
    made, ours = harvest(standin.base + "/stac")
    last = run(admin, made)
    assert counts(last) == only(created=3, refused=3)
    refusals = admin.get(f"{HARVESTS}/{made['harvest']}/runs/{last['run']}/refusals").json()["refusals"]
    assert {r["item"]: r["why"].split(":")[0] for r in refusals} == {"item-1": "geometry", "item-2": "datetime", "../../x": "id"}
    assert "nadir:path" not in anon.get(f"/stac/collections/{ours}/items/item-3").text


def test_duplicates_by_checksum_and_items_of_others(admin, client, anon, standin, harvest):
    checksum = "1220" + uuid.uuid4().hex * 2
    items = [make_item("there", n) for n in range(3)]
    for n in (0, 1):
        items[n]["assets"]["data"]["file:checksum"] = checksum
    standin.set(items=items, collections=[collection_document("there")])
    made, ours = harvest(standin.base + "/stac")
    assert counts(run(admin, made)) == only(created=2, duplicates=1)
    again, theirs = harvest(standin.base + "/stac")
    assert counts(run(admin, again)) == only(created=1, duplicates=2)
    # What somebody else wrote by that name stays.
    assert client.post(f"/stac/collections/{ours}/items", json=item_document(ours, "item-77")).status_code == 201
    standin.set(items=[make_item("there", 77)], collections=[])
    assert counts(run(admin, made, everything="true")) == only(refused=1)
    assert anon.get(f"/stac/collections/{ours}/items/item-77").json()["geometry"]["type"] == "Point"
    assert len(ids_of(anon, theirs)) == 1


def test_odata_goes_beyond_what_can_be_skipped(admin, anon, standin, harvest):
    items = [make_item("SENTINEL-2", n) for n in range(300)]
    for item in items[50:200]:
        item["properties"]["updated"] = "2022-02-02T02:02:02Z"  # many of one moment: more than a page
    standin.set(items=items + [make_item("SENTINEL-1", 999)])
    made, ours = harvest(standin.base + "/odata/v1/", kind="odata", theirs="SENTINEL-2", query={"limit": 40})
    assert counts(run(admin, made)) == only(created=300)
    assert len(set(ids_of(anon, ours))) == 300
    item = anon.get(f"/stac/collections/{ours}/items/item-3").json()
    assert item["properties"]["eo:cloud_cover"] == 3 and item["properties"]["instruments"] == ["msi"]
    assert item["assets"]["product"]["href"] == standin.base + "/odata/v1/Products(uuid-item-3)/$value"
    assert item["assets"]["product"]["file:checksum"].startswith("d50110")
    asked = [r["path"] for r in standin.requests()]
    assert not [path for path in asked if "skip=1" in path and int(path.split("skip=")[1]) > 160]
    items.append(make_item("SENTINEL-2", 700, updated="2023-01-01T00:00:00Z"))
    standin.set(items=items)
    last = run(admin, made)
    assert last["created"] == 1 and last["pages"] <= 5 and not last["everything"]


@pytest.mark.parametrize("door", ["/opensearch", "/opensearch-json"])
def test_opensearch(admin, anon, standin, harvest, door):
    items = [make_item("x", n) for n in range(45)]
    standin.set(items=items)
    made, ours = harvest(standin.base + door + "/description.xml", kind="opensearch", theirs="whatever", query={"limit": 20})
    assert counts(run(admin, made)) == only(created=45)
    item = anon.get(f"/stac/collections/{ours}/items/item-7").json()
    assert item["geometry"] == items[7]["geometry"] and item["properties"]["datetime"] == items[7]["properties"]["datetime"]
    assert item["assets"]["product"]["href"] == standin.base + door + "/data/item-7"


def test_nadir_harvests_nadir(admin, anon, client, base, harvest, tmp_path):
    """Through its own door: every item of a collection arrives in another."""
    source = "source-" + uuid.uuid4().hex
    lines = [collection_document(source), *[make_item(source, n) for n in range(120)]]
    assert command("load", write_lines(tmp_path / "a.ndjson", lines)).returncode == 0
    try:
        made, ours = harvest(base + "/stac", theirs=source, query={"limit": 25, "filter": {"op": "<", "args": [{"property": "eo:cloud_cover"}, 50]}})
        assert counts(run(admin, made)) == only(created=70)
        assert sorted(ids_of(anon, ours)) == sorted(f"item-{n}" for n in range(120) if n % 100 < 50)
        last = run(admin, made)
        assert counts(last)["created"] == 0 and counts(last)["refused"] == 0
    finally:
        remove_collection(client, source)


def test_killed_harvests_go_on_where_they_were(admin, anon, standin, harvest):
    """kill -9 of nadir-catalogue harvest in the middle, again and again: each item once, counts exact, no page twice from the start."""
    items = [make_item("there", n) for n in range(400)]
    standin.set(items=items, collections=[collection_document("there")], delay=0.03)
    made, ours = harvest(standin.base + "/stac", query={"limit": 10})
    for after in (0.3, 0.5, 0.4, 0.6):
        process = command("harvest", made["name"], popen=True)
        time.sleep(after)
        process.send_signal(signal.SIGKILL)
        process.wait()
    result = command("harvest", made["name"])
    last = harvest_get(admin, made)["last_run"]
    if not last["ended_at"]:
        last = eventually(lambda: (lambda r: r if r["ended_at"] else None)(harvest_get(admin, made)["last_run"]), 60)
    runs = admin.get(f"{HARVESTS}/{made['harvest']}/runs").json()["runs"]
    assert result.returncode == 0, result.stderr
    assert sum(r["created"] for r in runs) == 400, runs
    found = ids_of(anon, ours)
    assert len(found) == 400 and len(set(found)) == 400
    answer = anon.get("/stac/search", params={"collections": ours, "limit": 1}).json()
    assert answer["numberMatched"] == 400
    searches = [r for r in standin.requests() if "/search" in r["path"]]
    assert len(searches) <= 41 * len(runs) + 8, "it began again from the start"


def test_the_server_may_be_killed_while_it_harvests(admin, anon, base, standin, harvest):
    """kill -9 of the process that serves discovery: it is started again, and its runner goes on in the middle."""
    service_pid(service_of("discovery"))
    items = [make_item("there", n) for n in range(300)]
    standin.set(items=items, collections=[collection_document("there")], delay=0.05)
    made, ours = harvest(standin.base + "/stac", query={"limit": 10})
    assert admin.post(f"{HARVESTS}/{made['harvest']}/run").status_code == 202
    for _ in range(2):
        before = harvest_get(admin, made)["last_run"]["pages"] if harvest_get(admin, made)["last_run"] else 0
        eventually(lambda: (harvest_get(admin, made)["last_run"] or {"pages": 0})["pages"] > before + 3, 60)
        kill_service(service_of("discovery"))
        eventually(lambda: requests.get(base + "/stac", timeout=5).status_code == 200, 60)
    last = eventually(lambda: (lambda r: r if r["ended_at"] else None)(harvest_get(admin, made)["last_run"]), 90)
    assert last["state"] == "done" and last["created"] == 300, last
    found = ids_of(anon, ours)
    assert len(found) == 300 and len(set(found)) == 300
    searches = [r for r in standin.requests() if "/search" in r["path"]]
    assert len(searches) <= 31 + 2, "it began again from the start"
    assert len(admin.get(f"{HARVESTS}/{made['harvest']}/runs").json()["runs"]) == 1


def test_only_administrators_and_only_what_is_sensible(admin, user, client, anon):
    body = {"name": "x", "kind": "stac", "url": "https://example.org/stac"}
    assert anon.post(HARVESTS, json=body).status_code == 401
    for session in (user, client):
        assert session.post(HARVESTS, json=body).status_code == 403
        assert session.get(HARVESTS).status_code == 403
    for change in ({"kind": "ftp"}, {"url": "file:///etc/passwd"}, {"url": "gopher://x"}, {"url": "https://u:p@example.org/"}, {"name": ""},
                   {"collections": {"a": "b/c"}}, {"query": {"bbox": [1, 2]}}, {"query": {"datetime": "now"}}, {"query": {"limit": 0}},
                   {"query": {"x": 1}}, {"every_minutes": 0}, {"secret": "a b"}, {"pause_ms": -1}, {"other": 1}, {"removals": "all"}):
        problem(admin.post(HARVESTS, json={**body, **change}), 422)
    for path in (f"{HARVESTS}/nothing", f"{HARVESTS}/nothing/runs/x/refusals"):
        assert admin.get(path).status_code in (200, 404)
    assert admin.post(f"{HARVESTS}/nothing/run").status_code == 404
    assert admin.delete(f"{HARVESTS}/nothing").status_code == 404


@pytest.mark.parametrize("url, why", [("http://10.0.0.1/stac", "it lies in a private network"), ("http://no-such-host.invalid/stac", "no host has that name"),
                                      ("http://127.0.0.1:1/stac", "it refuses connections")])
def test_an_address_that_cannot_be_asked_is_told(admin, harvest, url, why):
    """10.x is not among the prefixes that the local instance allows; 127.0.0.1 is, and nothing listens at its port 1."""
    made, _ = harvest(url)
    admin.post(f"{HARVESTS}/{made['harvest']}/run")
    last = eventually(lambda: (lambda r: r if r and r["error"] else None)(harvest_get(admin, made)["last_run"]), 60)
    assert last["created"] == 0
    slow_names = why == "no host has that name" and "in time" in last["error"]  # where name servers cannot be asked at all
    assert "reached: " + why in last["error"] or slow_names, last


def test_what_is_no_catalogue_is_told(admin, standin, harvest):
    """An address that answers, but is no catalogue of that kind, ends the run with the reason."""
    made, _ = harvest(standin.base + "/nothing-here")
    last = run(admin, made, state="failed")
    assert last["error"]


def test_schedule_and_switch(admin, standin, harvest):
    standin.set(items=[make_item("there", 1)], collections=[collection_document("there")])
    made, _ = harvest(standin.base + "/stac", every_minutes=60)
    last = eventually(lambda: (lambda r: r if r and r["ended_at"] else None)(harvest_get(admin, made)["last_run"]), 30)
    assert last["created"] == 1 and harvest_get(admin, made)["due_at"]
    assert admin.patch(f"{HARVESTS}/{made['harvest']}", json={"enabled": False}).json()["enabled"] is False
    problem(admin.post(f"{HARVESTS}/{made['harvest']}/run"), 409, "harvest-disabled")
    names = [h["name"] for h in admin.get(HARVESTS, params={"limit": 200}).json()["harvests"]]
    assert made["name"] in names
    problem(admin.post(HARVESTS, json={"name": made["name"], "kind": "stac", "url": "https://example.org"}), 409, "name-taken")
