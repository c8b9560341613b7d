"""Exports of the public catalogue: what they hold, who may have them, and a worker that is killed in the middle."""
import gzip
import hashlib
import io
import json
import os
import posixpath
import time
import uuid
import zipfile

import pytest
from osgeo import gdal

from helpers import eventually, kill_service, problem, service_pid
from helpers_catalogue import command, make_item, remove_collection, write_lines
from helpers_stac import collection_document, search_all

pytestmark = pytest.mark.once

EXPORTS = "/discovery/v1/exports"


@pytest.fixture(scope="module")
def filled(client, tmp_path_factory):
    """Two collections with items, and one with more; they are removed afterwards."""
    names = [f"export-{uuid.uuid4().hex}" for _ in range(3)]
    lines = []
    for name, count in zip(names, (40, 25, 2000)):
        lines += [collection_document(name), *[make_item(name, n) for n in range(count)]]
    path = write_lines(tmp_path_factory.mktemp("exports") / "items.ndjson", lines)
    result = command("load", path)
    assert result.returncode == 0, result.stderr
    yield names
    for name in names:
        remove_collection(client, name)


@pytest.fixture
def export(admin):
    """Starts exports; they are deleted afterwards."""
    made = []

    def start(**body):
        answer = admin.post(EXPORTS, json=body)
        assert answer.status_code == 202, answer.text
        made.append(answer.json()["export"])
        assert answer.headers["location"].endswith(f"{EXPORTS}/{made[-1]}")
        return made[-1]

    yield start
    for one in made:
        admin.delete(f"{EXPORTS}/{one}")


def get(admin, one):
    answer = admin.get(f"{EXPORTS}/{one}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def ended(admin, one, timeout=120):
    return eventually(lambda: (lambda e: e if e["state"] in ("ready", "failed") else None)(get(admin, one)), timeout)


def content(admin, one):
    """The bytes of a finished export, checked against what is told of them."""
    told = ended(admin, one)
    assert told["state"] == "ready", told
    answer = admin.get(f"{EXPORTS}/{one}/file")
    assert answer.status_code == 200 and told["href"].endswith(f"{EXPORTS}/{one}/file")
    assert len(answer.content) == told["bytes"] and hashlib.sha256(answer.content).hexdigest() == told["sha256"]
    assert answer.headers["etag"] == f'"{told["sha256"]}"' and answer.headers["content-disposition"].startswith("attachment; filename=")
    part = admin.get(f"{EXPORTS}/{one}/file", headers={"Range": "bytes=10-19"})
    assert part.status_code == 206 and part.content == answer.content[10:20]
    return told, answer.content


def bare(item):
    """An item without links, which every form writes anew."""
    return {key: value for key, value in item.items() if key != "links"}


def by_id(items):
    return {(item["collection"], item["id"]): bare(item) for item in items}


def test_ndjson_is_what_the_catalogue_holds(admin, anon, filled, export):
    told, data = content(admin, export(format="ndjson", collections=filled[:2]))
    documents = [json.loads(line) for line in gzip.decompress(data).splitlines()]
    collections = [d for d in documents if d["type"] == "Collection"]
    items = [d for d in documents if d["type"] == "Feature"]
    assert sorted(d["id"] for d in collections) == sorted(filled[:2])
    assert told["items"] == len(items) == 65 and sorted(told["collections"]) == sorted(filled[:2])
    assert by_id(items) == by_id(search_all(anon, "/stac/search", {"collections": ",".join(filled[:2]), "limit": 500}))
    assert b"nadir:path" not in gzip.decompress(data)


def test_static_is_what_the_catalogue_holds_and_its_links_lead_somewhere(admin, anon, filled, export):
    told, data = content(admin, export(format="static", collections=filled[:2]))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        files = {name: json.loads(archive.read(name)) for name in archive.namelist()}
    items = [document for document in files.values() if document["type"] == "Feature"]
    assert told["items"] == len(items) == 65
    assert by_id(items) == by_id(search_all(anon, "/stac/search", {"collections": ",".join(filled[:2]), "limit": 500}))
    roots = [name for name, document in files.items() if document["type"] == "Catalog"]
    assert len(roots) == 1
    reached, waiting = set(), roots
    while waiting:
        name = waiting.pop()
        reached.add(name)
        for link in files[name]["links"]:
            if "://" not in link["href"]:
                target = posixpath.normpath(posixpath.join(posixpath.dirname(name), link["href"]))
                assert target in files, f"{name} leads to {target}, which is not there"
                if link["rel"] in ("child", "item"):
                    waiting.append(target)
    assert reached == set(files), "every file is reached from the root"


def test_without_collections_everything_public(admin, anon, filled, export):
    told, data = content(admin, export(format="ndjson"))
    ids = {json.loads(line)["id"] for line in gzip.decompress(data).splitlines() if b'"Collection"' in line}
    assert set(filled) <= ids and told["items"] >= 2065


def test_geoparquet_where_gdal_can(admin, filled, export):
    if gdal.GetDriverByName("Parquet") is None:
        body = problem(admin.post(EXPORTS, json={"format": "geoparquet"}), 501, "no-parquet")
        assert "Parquet" in body["detail"]
        return
    told, data = content(admin, export(format="geoparquet", collections=filled[:2]))
    assert data[:4] == b"PAR1" and told["items"] == 65


def test_listed_and_deleted_with_their_files(admin, filled, export):
    one = export(format="ndjson", collections=filled[:1])
    content(admin, one)
    assert one in [e["export"] for e in admin.get(EXPORTS, params={"limit": 200}).json()["exports"]]
    first = admin.get(EXPORTS, params={"limit": 1}).json()
    assert len(first["exports"]) == 1
    path = os.path.join(os.environ["NADIR_DATA"], "exports", f"{one}.ndjson.gz")
    assert os.path.exists(path)
    assert admin.delete(f"{EXPORTS}/{one}").status_code == 204
    for path_of in (f"{EXPORTS}/{one}", f"{EXPORTS}/{one}/file"):
        problem(admin.get(path_of), 404, "no-such-export")
    problem(admin.delete(f"{EXPORTS}/{one}"), 404, "no-such-export")
    eventually(lambda: not os.path.exists(path), 40)


def test_private_items_stay_private(admin, scientist, anon, filled, export, tmp_path):
    secret = "secret-" + uuid.uuid4().hex
    result = command("load", write_lines(tmp_path / "private.ndjson", [make_item(filled[1], 99000) | {"id": secret}]), "--owner", scientist.subject)
    assert result.returncode == 0, result.stderr
    try:
        where = f"/stac/collections/{filled[1]}/items/{secret}"
        assert scientist.get(where).status_code == 200 and anon.get(where).status_code == 404
        told, data = content(admin, export(format="ndjson", collections=filled[1:2]))
        assert told["items"] == 25 and secret.encode() not in gzip.decompress(data)
        told, data = content(admin, export(format="static", collections=filled[1:2]))
        assert told["items"] == 25 and not [name for name in zipfile.ZipFile(io.BytesIO(data)).namelist() if secret in name]
    finally:
        assert scientist.delete(where).status_code == 204


def test_only_administrators_and_only_what_is_sensible(admin, user, client, anon, filled, export):
    one = export(format="ndjson", collections=filled[:1])
    ended(admin, one)
    for path in (EXPORTS, f"{EXPORTS}/{one}", f"{EXPORTS}/{one}/file"):
        assert anon.get(path).status_code == 401
        for session in (user, client):
            assert session.get(path).status_code == 403
    for session, status in ((anon, 401), (user, 403), (client, 403)):
        assert session.post(EXPORTS, json={"format": "ndjson"}).status_code == status
        assert session.delete(f"{EXPORTS}/{one}").status_code == status
    for body in ({}, {"format": "csv"}, {"format": "ndjson", "collections": []}, {"format": "ndjson", "collections": [1]},
                 {"format": "ndjson", "collections": ["a b"]}, {"format": "ndjson", "collections": "x"}, {"format": "ndjson", "x": 1},
                 {"format": "ndjson", "collections": ["there-is-no-such-collection"]}):
        problem(admin.post(EXPORTS, json=body), 422)
    assert anon.get(f"/_files/exports/{one}.ndjson.gz").status_code == 404


def test_a_killed_worker_leaves_nothing_half(admin, filled, export):
    """kill -9 of the worker, twice, in the middle of a static export of 2,000 items: it is made anew, whole, once."""
    service_pid("exporter")
    folder = os.path.join(os.environ["NADIR_DATA"], "exports")
    one = export(format="static", collections=filled[2:])
    killed = 0
    for _ in range(2):
        until = time.monotonic() + 30
        while not os.path.exists(os.path.join(folder, one + ".partial")) and time.monotonic() < until:
            time.sleep(0.002)
        if get(admin, one)["state"] == "running":
            kill_service("exporter")
            killed += 1
            problem(admin.get(f"{EXPORTS}/{one}/file"), 409, "export-not-ready")
            time.sleep(1.5)
    assert killed, "the export was too fast to be killed"
    told, data = content(admin, one)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert told["items"] == 2000 and sum("/20" in name for name in archive.namelist()) == 2000
    assert [name for name in os.listdir(folder) if name.startswith(one)] == [one + ".zip"]
