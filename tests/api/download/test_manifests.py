"""Manifests of many files, and the programs that take them."""
import hashlib
import shutil
import subprocess

import pytest
from helpers import eventually, problem
from lxml import etree
from products import buy

ITEM = "/download/v1/items/{collection}/{item}"
META = {"m": "urn:ietf:params:xml:ns:metalink"}


def checksums_known(session, product):
    return all(a["md5"] for a in session.get(ITEM.format(**product)).json()["assets"] if a["access"] == "granted")


@pytest.fixture(scope="module")
def buyer(new_user, admin, demo):
    person = new_user("Mia Many")
    buy(admin, person, demo["paid"])
    eventually(lambda: person.get(ITEM.format(**demo["paid"])).json()["access"] == "granted")
    for product in (demo["paid"], demo["free"]):
        eventually(lambda: checksums_known(person, product), 60)
    return person


def order(demo, **more):
    return {"products": [demo["free"], demo["paid"]], **more}


def fetched(folder, files):
    """Asserts that a folder holds these files of a JSON manifest, whole."""
    assert files
    for file in files:
        assert hashlib.sha256((folder / file["name"]).read_bytes()).hexdigest() == file["sha256"], file["name"]


def test_json(anon, buyer, demo):
    answer = buyer.post("/download/v1/manifests", json=order(demo))
    assert answer.status_code == 200, answer.text
    manifest = answer.json()
    assert manifest["count"] == len(manifest["files"]) and manifest["bytes"] == sum(f["size"] for f in manifest["files"])
    assert {(f["collection"], f["item"]) for f in manifest["files"]} == {tuple(p.values()) for p in order(demo)["products"]}
    assert len({f["name"] for f in manifest["files"]}) == manifest["count"] and manifest["expires_at"]
    for file in manifest["files"]:
        got = anon.get(file["href"])
        assert got.status_code == 200 and hashlib.sha256(got.content).hexdigest() == file["sha256"]
        assert hashlib.md5(got.content).hexdigest() == file["md5"] and len(got.content) == file["size"]


def test_what_one_may_not_have_is_left_out(user, anon, demo):
    manifest = user.post("/download/v1/manifests", json=order(demo)).json()
    left = [f for f in manifest["left_out"] if f["access"] == "buy"]
    assert left and all(f["collection"] == demo["paid"]["collection"] for f in left)
    data = {f["asset"] for f in left}
    assert not [f for f in manifest["files"] if f["collection"] == demo["paid"]["collection"] and f["asset"] in data]
    # Nobody's manifest: plain addresses of what is free.
    plain = anon.get(ITEM.format(**demo["free"]) + "/manifest").json()
    assert plain["expires_at"] is None and all("/items/" in f["href"] for f in plain["files"])
    problem(anon.get("/download/v1/items/no/such/manifest"), 404)


def test_some_assets(buyer, demo):
    asset = buyer.get(ITEM.format(**demo["free"])).json()["assets"][0]["asset"]
    manifest = buyer.post("/download/v1/manifests", json={"products": [{**demo["free"], "assets": [asset]}]}).json()
    assert [f["asset"] for f in manifest["files"]] == [asset]


@pytest.mark.parametrize("body, status", [
    ({}, 422), ({"products": []}, 422), ({"products": [{}]}, 422), ({"products": [{"collection": "x", "item": "y"}]}, 404),
    ({"products": [1]}, 422), ({"products": [{"collection": "x", "item": "y"}] * 101}, 422),
    ({"products": [{"collection": "a", "item": "b"}], "format": "tar"}, 422),
    ({"products": [{"collection": "a", "item": "b"}], "expires_in": 10 ** 9}, 422), ([], 422),
])
def test_bad_orders(buyer, body, status):
    problem(buyer.post("/download/v1/manifests", json=body), status)


def test_bad_formats(anon, demo):
    problem(anon.get(ITEM.format(**demo["free"]) + "/manifest?format=tar"), 400, "invalid-format")
    problem(anon.post("/download/v1/manifests", json=order(demo)), 401)


def test_metalink(buyer, demo):
    answer = buyer.post("/download/v1/manifests", json=order(demo, format="metalink"))
    assert answer.headers["Content-Type"] == "application/metalink4+xml"
    root = etree.fromstring(answer.content)
    files = buyer.post("/download/v1/manifests", json=order(demo)).json()["files"]
    assert [f.get("name") for f in root.findall("m:file", META)] == [f["name"] for f in files]
    assert root.findtext("m:file/m:hash[@type='sha-256']", namespaces=META) == files[0]["sha256"]
    assert root.findtext("m:file/m:size", namespaces=META) == str(files[0]["size"])


@pytest.mark.once
def test_aria2c_takes_the_metalink(buyer, demo, tmp_path):
    if not shutil.which("aria2c"):
        pytest.skip("aria2c is not installed")
    (tmp_path / "all.meta4").write_bytes(buyer.post("/download/v1/manifests", json=order(demo, format="metalink")).content)
    done = subprocess.run(["aria2c", "--no-conf", "-x4", "-s4", "-k1M", "--check-integrity=true", "--metalink-enable-unique-protocol=false",
                           "-d", tmp_path, "-M", tmp_path / "all.meta4"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    fetched(tmp_path, buyer.post("/download/v1/manifests", json=order(demo)).json()["files"])


@pytest.mark.once
def test_the_curl_script(buyer, demo, tmp_path):
    script = buyer.post("/download/v1/manifests", json=order(demo, format="curl")).text
    files = buyer.post("/download/v1/manifests", json=order(demo)).json()["files"]
    # One is there in part, one is there whole.
    for file, size in ((files[0], files[0]["size"] // 2), (files[1], files[1]["size"])):
        path = tmp_path / file["name"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(buyer.get(file["href"]).content[:size])
    for _ in range(2):
        done = subprocess.run(["sh", "-s"], input=script, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        fetched(tmp_path, files)
