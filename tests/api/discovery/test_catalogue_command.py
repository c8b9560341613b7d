"""nadir-catalogue: load, validate, dump, stats and export; and kill -9 in the middle of a load."""
import gzip
import json
import os
import signal
import time
import uuid

import pytest

from helpers import eventually
from helpers_catalogue import command, make_item, read_lines, remove_collection, write_lines
from helpers_stac import collection_document, search_all


@pytest.fixture
def loaded(client):
    """Names for collections that a test loads; they are removed afterwards."""
    names = []

    def new():
        names.append("load-" + uuid.uuid4().hex)
        return names[-1]

    yield new
    for name in names:
        remove_collection(client, name)


def matched(client, name):
    answer = client.get("/stac/search", params={"collections": name, "limit": 1})
    assert answer.status_code == 200, answer.text
    return answer.json()["numberMatched"]


def test_load_tells_line_by_line(client, loaded, tmp_path):
    name = loaded()
    bad = make_item(name, 5)
    bad["geometry"]["coordinates"][0] = bad["geometry"]["coordinates"][0][:3]
    lines = [collection_document(name), *[make_item(name, n) for n in range(4)], "not json", bad, make_item("nowhere-" + name, 6),
             make_item(name, 0), "", make_item(name, 7)]
    file, report = write_lines(tmp_path / "all.ndjson", lines), tmp_path / "report.ndjson"
    result = command("load", file, "--report", report)
    assert result.returncode == 1, result.stderr
    told = {line["line"]: line for line in read_lines(report)}
    assert set(told) == {6, 7, 8, 9}
    assert told[6]["outcome"] == "refused" and "JSON" in told[6]["why"]
    assert told[7]["id"] == "item-5" and told[7]["why"].startswith("geometry:")
    assert "no such collection" in told[8]["why"]
    assert told[9]["outcome"] == "twice"
    assert matched(client, name) == 5
    item = client.get(f"/stac/collections/{name}/items/item-3").json()
    assert item["assets"] == make_item(name, 3)["assets"] and item["properties"] == make_item(name, 3)["properties"]
    # Again: everything is there, and nothing changes.
    before = client.get(f"/stac/collections/{name}/items/item-3").headers["ETag"]
    again = command("load", file)
    assert "5 unchanged" in again.stderr or "6 unchanged" in again.stderr, again.stderr
    assert client.get(f"/stac/collections/{name}/items/item-3").headers["ETag"] == before


def test_insert_leaves_and_upsert_replaces(client, loaded, tmp_path):
    name = loaded()
    items = [make_item(name, n) for n in range(10)]
    command("load", write_lines(tmp_path / "a.ndjson", [collection_document(name), *items]))
    items[3]["properties"]["eo:cloud_cover"] = 99.5
    items[3]["properties"]["datetime"] = "2015-01-01T00:00:00Z"
    file = write_lines(tmp_path / "b.ndjson", items)
    refused = command("load", file, "--report", tmp_path / "r")
    assert refused.returncode == 1 and "1 exists" in refused.stderr and "9 unchanged" in refused.stderr
    assert client.get(f"/stac/collections/{name}/items/item-3").json()["properties"]["eo:cloud_cover"] == 3
    replaced = command("load", file, "--upsert")
    assert replaced.returncode == 0 and "1 updated" in replaced.stderr, replaced.stderr
    assert client.get(f"/stac/collections/{name}/items/item-3").json()["properties"]["eo:cloud_cover"] == 99.5
    assert matched(client, name) == 10
    found = client.get("/stac/search", params={"collections": name, "datetime": "2015-01-01T00:00:00Z"}).json()["features"]
    assert [item["id"] for item in found] == ["item-3"]


def test_gzip_standard_input_and_another_collection(client, loaded, tmp_path):
    name = loaded()
    command("load", write_lines(tmp_path / "c.ndjson", [collection_document(name)]))
    packed = tmp_path / "items.ndjson.gz"
    packed.write_bytes(gzip.compress("".join(json.dumps(make_item("elsewhere", n)) + "\n" for n in range(30)).encode()))
    result = command("load", packed, "--collection", name, "--batch", 7, "--from-line", 11)
    assert result.returncode == 0, result.stderr
    assert matched(client, name) == 20
    damaged = tmp_path / "damaged.ndjson.gz"
    damaged.write_bytes(packed.read_bytes()[:-20])
    assert command("load", damaged, "--collection", name).returncode == 2
    with open(tmp_path / "c.ndjson", encoding="utf-8") as source:
        assert "1 unchanged" in command("load", "-", stdin=source).stderr


def test_validate_writes_nothing(client, loaded, tmp_path):
    name = loaded()
    file = write_lines(tmp_path / "a.ndjson", [make_item(name, 1), {"type": "Feature"}])
    result = command("validate", file, "--report", tmp_path / "r")
    assert result.returncode == 1 and "1 good" in result.stderr
    assert [line["line"] for line in read_lines(tmp_path / "r")] == [2]
    assert client.get(f"/stac/collections/{name}").status_code == 404


def test_duplicates_by_checksum(client, loaded, tmp_path):
    name = loaded()
    items = [make_item(name, n) for n in range(3)]
    for item in items:
        item["assets"]["data"]["file:checksum"] = "1220" + uuid.uuid4().hex * 2
    other = make_item(name, 50)
    other["assets"]["data"]["file:checksum"] = items[1]["assets"]["data"]["file:checksum"]
    command("load", write_lines(tmp_path / "a.ndjson", [collection_document(name), *items]))
    result = command("load", write_lines(tmp_path / "b.ndjson", [other]), "--skip-duplicates", "--report", tmp_path / "r")
    assert "1 duplicate" in result.stderr and f"{name}/item-1" in read_lines(tmp_path / "r")[0]["why"]
    assert matched(client, name) == 3


def test_items_of_the_api_have_a_content_too(client, loaded, tmp_path):
    name = loaded()
    was, is_now = "1220" + uuid.uuid4().hex * 2, "1220" + uuid.uuid4().hex * 2
    item = make_item(name, 0)
    item["assets"]["data"]["file:checksum"] = was.upper()
    command("load", write_lines(tmp_path / "a.ndjson", [collection_document(name)]))
    assert client.post(f"/stac/collections/{name}/items", json=item).status_code == 201

    def load_another(checksum, number):
        other = make_item(name, number)
        other["assets"]["data"]["file:checksum"] = checksum
        return command("load", write_lines(tmp_path / "b.ndjson", [other]), "--skip-duplicates").stderr

    assert "1 duplicate" in load_another(was, 1)
    item["assets"]["data"]["file:checksum"] = is_now
    assert client.put(f"/stac/collections/{name}/items/{item['id']}", json=item).status_code in (200, 204)
    assert "1 duplicate" in load_another(is_now, 2)
    assert "1 created" in load_another(was, 3), "what was replaced is not known any more"
    assert matched(client, name) == 2


def test_private_items_stay_private_through_dump_and_load(client, user, anon, loaded, tmp_path):
    name = loaded()
    items = [make_item(name, n) for n in range(3)]
    items[0]["assets"]["here"] = {"href": "ignored", "nadir:path": "products/x/y.tif"}
    command("load", write_lines(tmp_path / "a.ndjson", [collection_document(name), *items[:2]]))
    command("load", write_lines(tmp_path / "b.ndjson", items[2:]), "--owner", user.subject)
    assert matched(anon, name) == 2
    assert anon.get(f"/stac/collections/{name}/items/item-2").status_code == 404
    assert user.get(f"/stac/collections/{name}/items/item-2").status_code == 200
    assert len(read_lines_of(command("dump", "--collection", name))) == 3
    everything = read_lines_of(command("dump", "--collection", name, "--private"))
    assert len(everything) == 4
    assert [d["nadir:owner"] for d in everything if "nadir:owner" in d] == [user.subject]
    copy = loaded()
    for document in everything:
        document["id"] = copy if document["type"] == "Collection" else document["id"]
        if "collection" in document:
            document["collection"] = copy
    assert command("load", write_lines(tmp_path / "c.ndjson", everything)).returncode == 0
    assert matched(anon, copy) == 2
    assert user.get(f"/stac/collections/{copy}/items/item-2").status_code == 200
    href = anon.get(f"/stac/collections/{copy}/items/item-0").json()["assets"]["here"]["href"]
    assert href.endswith(f"/download/v1/items/{copy}/item-0/assets/here")


def read_lines_of(result):
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_stats_and_static_export(client, loaded, tmp_path):
    name = loaded()
    command("load", write_lines(tmp_path / "a.ndjson", [collection_document(name), *[make_item(name, n) for n in range(25)]]))
    stats = json.loads(command("stats", "--json").stdout)
    own = next(c for c in stats["collections"] if c["collection"] == name)
    assert (own["public"], own["private"], own["counted"]) == (25, 0, 25)
    folder = tmp_path / "catalog"
    result = command("export", "static", folder, "--collection", name)
    assert result.returncode == 0, result.stderr
    catalog = json.loads((folder / "catalog.json").read_text())
    seen, waiting = [], [(folder, link) for link in catalog["links"] if link["rel"] == "child"]
    while waiting:
        place, link = waiting.pop()
        path = place / link["href"]
        document = json.loads(path.read_text())
        assert all("://" not in own["href"] for own in document["links"] if own["rel"] in ("root", "parent", "item", "collection"))
        for own in document["links"]:
            if own["rel"] in ("root", "parent", "collection"):
                assert (path.parent / own["href"]).resolve().is_file()
        if document["type"] == "Feature":
            seen.append(document["id"])
        waiting += [(path.parent, own) for own in document["links"] if own["rel"] in ("child", "item")]
    assert sorted(seen) == sorted(f"item-{n}" for n in range(25))
    assert command("export", "static", folder).returncode == 2  # it is there already


def test_parquet_is_refused_clearly_without_its_driver(tmp_path):
    from osgeo import gdal
    if gdal.GetDriverByName("Parquet"):
        pytest.skip("this GDAL has the driver")
    for arguments in (("load", "x.parquet"), ("export", "geoparquet", tmp_path / "x.parquet")):
        result = command(*arguments)
        assert result.returncode == 2 and "Parquet driver" in result.stderr and "Arrow" in result.stderr


def test_hostile_lines_do_no_harm(client, loaded, tmp_path):
    name = loaded()
    lines = [collection_document(name), "[" * 100000, '{"type":"Feature"' + ',"a":' * 5000, "\x00\x01", '"Feature"', "{}",
             json.dumps(make_item(name, 1))[:-5], json.dumps({**make_item(name, 2), "note": "x" * (3 << 20)}),
             {**make_item(name, 3), "id": "../../etc"}, {**make_item(name, 4), "id": "a'; DROP TABLE item; --"},
             {**make_item(name, 5), "note": "tab\there \\N \\. newline\nend"}]
    result = command("load", write_lines(tmp_path / "a.ndjson", lines), "--report", tmp_path / "r")
    assert result.returncode == 1, result.stderr
    assert matched(client, name) == 1
    assert client.get(f"/stac/collections/{name}/items/item-5").json()["note"] == "tab\there \\N \\. newline\nend"
    assert {line["outcome"] for line in read_lines(tmp_path / "r")} == {"refused"}


@pytest.mark.once
def test_killed_loads_leave_nothing_half_written(client, loaded, tmp_path):
    """kill -9 some times in mid-load; each time what is there is whole batches, searchable and counted; then a run completes."""
    name, count = loaded(), 3000
    file = write_lines(tmp_path / "a.ndjson", [collection_document(name), *[make_item(name, n) for n in range(count)]])
    seen = []
    for after in (0.05, 0.3, 0.6, 1.0):
        process = command("load", file, "--batch", 125, popen=True)
        time.sleep(after)
        process.send_signal(signal.SIGKILL)
        process.wait()
        answer = client.get("/stac/search", params={"collections": name, "limit": 1})
        there = answer.json()["numberMatched"] if answer.status_code == 200 else 0
        seen.append(there)
        assert there in (0, count) or (there + 1) % 125 == 0, seen  # the first batch holds the collection too
    assert seen == sorted(seen)
    result = command("load", file, "--batch", 125)
    assert result.returncode == 0, result.stderr
    assert matched(client, name) == count
    ids = [item["id"] for item in search_all(client, "/stac/search", {"collections": name, "limit": 1000})]
    assert len(ids) == count and set(ids) == {f"item-{n}" for n in range(count)}
    stats = json.loads(command("stats", "--json").stdout)
    own = next(c for c in stats["collections"] if c["collection"] == name)
    assert (own["public"], own["counted"]) == (count, count)


@pytest.mark.once
def test_two_loads_at_once(client, loaded, tmp_path):
    name, count = loaded(), 600
    command("load", write_lines(tmp_path / "c.ndjson", [collection_document(name)]))
    items = [make_item(name, n) for n in range(count)]
    files = [write_lines(tmp_path / "a.ndjson", items), write_lines(tmp_path / "b.ndjson", items[::-1])]
    processes = [command("load", file, "--batch", 100, popen=True) for file in files]
    for process in processes:
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
    assert eventually(lambda: matched(client, name) == count)


def test_load_is_told_to_others(client, loaded, tmp_path, admin):
    """The events of a load arrive: statistics counts items by them where it runs; here the outbox' relay is asked by a saved search."""
    name = loaded()
    command("load", write_lines(tmp_path / "c.ndjson", [collection_document(name)]))
    made = admin.post("/discovery/v1/saved-searches", json={"name": "load", "search": {"collections": [name]}})
    if made.status_code == 404:
        pytest.skip("no saved searches here")
    assert made.status_code == 201, made.text
    search = made.json()["search"]
    try:
        command("load", write_lines(tmp_path / "a.ndjson", [make_item(name, n) for n in range(5)]))
        path = f"/discovery/v1/saved-searches/{search if isinstance(search, str) else made.json()['saved_search']}/matches"
        found = eventually(lambda: len(admin.get(path).json()["matches"]) == 5)
        assert found
    finally:
        if isinstance(search, str):
            admin.delete("/discovery/v1/saved-searches/" + search)
