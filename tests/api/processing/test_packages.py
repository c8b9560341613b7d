"""Packages: deployment, versions, ownership, and archives and manifests that are refused."""
import io
import json
import tarfile
import uuid
import zipfile

import pytest

from helpers import eventually, problem
from helpers_processing import COPY, archive, deploy, run


def whole(process=None, **changes):
    base = {"id": process or f"t-{uuid.uuid4().hex[:12]}", "version": "1.0.0", "title": "Test", "runtime": "python3",
            "inputs": {"scene": {"type": "scene", "bands": ["red"]}}, "outputs": {"made": {}}}
    base.update(changes)
    return {k: v for k, v in base.items() if v is not ...}


def packed(manifest, **files):
    return archive({"process.json": json.dumps(manifest), "main.py": COPY, **files})


def test_deploy_run_replace_undeploy(author, scene):
    first = whole(inputs={"scene": {"type": "scene", "bands": ["red"]}, "n": {"type": "integer", "minimum": 1, "maximum": 5, "default": 2}})
    answer = deploy(author, packed(first))
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["process"], made["version"], made["visibility"], made["files"]) == (first["id"], "1.0.0", "private", 2)
    assert author.get(answer.headers["Location"]).json()["inputs"]["n"]["schema"] == {
        "type": "integer", "minimum": 1.0, "maximum": 5.0, "default": 2}
    assert run(author, first["id"], {"scene": scene})["status"] == "successful"
    problem(deploy(author, packed(first)), 409, "version-exists")
    assert deploy(author, packed({**first, "version": "1.1.0"})).status_code == 201
    assert author.get(f"/processing/processes/{first['id']}").json()["version"] == "1.1.0"
    mine = [p for p in author.get("/processing/v1/packages?limit=500").json()["packages"] if p["process"] == first["id"]]
    assert [p["version"] for p in mine] == ["1.0.0", "1.1.0"]
    assert author.delete(f"/processing/v1/packages/{first['id']}?version=1.1.0").status_code == 204
    assert author.get(f"/processing/processes/{first['id']}").json()["version"] == "1.0.0"
    assert author.delete(f"/processing/v1/packages/{first['id']}").status_code == 204
    problem(author.delete(f"/processing/v1/packages/{first['id']}"), 404, "no-such-process")
    problem(deploy(author, packed(first)), 409, "version-exists")  # a version never changes


def test_a_zip_and_a_folder_within(author):
    out = io.BytesIO()
    manifest = whole()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("algorithm/process.json", json.dumps(manifest))
        z.writestr("algorithm/main.py", COPY)
        z.writestr("algorithm/lib/helper.py", "X = 1")
    answer = deploy(author, out.getvalue(), "?visibility=public")
    assert answer.status_code == 201, answer.text
    assert answer.json()["visibility"] == "public"
    assert author.delete(f"/processing/v1/packages/{manifest['id']}").status_code == 204


def test_only_scientists_deploy(user, anon, author, package):
    data = packed(whole())
    problem(deploy(anon, data), 401)
    problem(deploy(user, data), 403)
    problem(user.get("/processing/v1/packages"), 403)
    process = package(COPY, visibility="public")
    problem(user.delete(f"/processing/v1/packages/{process}"), 403)


def test_names_that_are_taken(author, admin):
    problem(deploy(author, packed(whole("ndvi"))), 409, "name-taken")


def info(kind, target="", size=0):
    entry = tarfile.TarInfo("x")
    entry.type, entry.linkname, entry.size = kind, target, size
    return entry


HOSTILE = {
    "symlink": {"link": info(tarfile.SYMTYPE, "/etc/passwd")},
    "symlink to a folder, then through it": {"d": info(tarfile.SYMTYPE, "/tmp"), "d/evil": "x"},
    "hard link": {"link": info(tarfile.LNKTYPE, "../../secrets")},
    "device": {"null": info(tarfile.CHRTYPE)},
    "fifo": {"pipe": info(tarfile.FIFOTYPE)},
    "parent": {"../evil.py": "x"},
    "parent within": {"a/../../evil.py": "x"},
    "absolute": {"/tmp/evil.py": "x"},
    "backslash": {"..\\evil.py": "x"},
    "control character": {"a\nb": "x"},
    "long": {"a/" * 200 + "x": "x"},
    "deep": {"a/" * 40 + "x": "x"},
    "file as folder": {"main.py/x": "x"},
    "entry is a folder": {},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_archives(author, name):
    manifest = whole(entry="folder.py" if name == "entry is a folder" else "main.py")
    files = {"folder.py": info(tarfile.DIRTYPE)} if name == "entry is a folder" else HOSTILE[name]
    problem(deploy(author, packed(manifest, **files)), 422, "invalid-package")
    problem(author.get(f"/processing/processes/{manifest['id']}"), 404)


def test_archives_that_are_too_much(author):
    manifest = whole()
    problem(deploy(author, packed(manifest, **{f"f{i}": "" for i in range(2001)})), 422, "invalid-package")
    problem(deploy(author, packed(manifest, bomb=b"\0" * (257 << 20))), 422, "invalid-package")
    assert deploy(author, b"x" * (33 << 20)).status_code == 413


@pytest.mark.parametrize("data", [b"", b"x", b"PK\x03\x04 not a zip", b"\x1f\x8b\x08\x00garbage", b"\0" * 1024, archive({}),
                                  archive({"main.py": "x"}), archive({"process.json": "{", "main.py": ""}),
                                  archive({"process.json": "[]", "main.py": ""}), archive({"process.json": b"\xff", "main.py": ""}),
                                  archive({"process.json": "x" * 70000, "main.py": ""}), archive({"process.json": "{}"})[:60]])
def test_what_is_no_package(author, data):
    assert deploy(author, data).status_code in (400, 422)


@pytest.mark.parametrize("changes, field", [
    ({"id": ...}, "id"), ({"id": "Has-Capitals"}, "id"), ({"id": "../x"}, "id"), ({"id": "a" * 65}, "id"), ({"id": 5}, "id"),
    ({"version": "v1"}, "version"), ({"version": "1..2"}, "version"), ({"version": "1/2"}, "version"), ({"version": 1}, "version"),
    ({"title": ""}, "title"), ({"runtime": "bash"}, "runtime"), ({"entry": "../main.py"}, "entry"), ({"entry": "main.sh"}, "entry"),
    ({"entry": "/main.py"}, "entry"), ({"entry": "absent.py"}, "entry"), ({"visibility": "secret"}, "visibility"), ({"extra": 1}, "extra"),
    ({"inputs": {}}, "inputs"), ({"inputs": []}, "inputs"), ({"inputs": {"n": {"type": "number"}}}, "inputs"),
    ({"inputs": {"Scene": {"type": "scene"}}}, "inputs"), ({"inputs": {"s": {"type": "raster"}}}, "inputs.s.type"),
    ({"inputs": {"s": {"type": "scene", "bands": ["../red"]}}}, "inputs.s.bands"),
    ({"inputs": {"s": {"type": "scene", "bands": ["red", "red"]}}}, "inputs.s.bands"),
    ({"inputs": {"s": {"type": "scene"}, "n": {"type": "number", "minimum": 2, "maximum": 1}}}, "inputs.n.minimum"),
    ({"inputs": {"s": {"type": "scene"}, "n": {"type": "integer", "default": 1.5}}}, "inputs.n.default"),
    ({"inputs": {"s": {"type": "scene"}, "c": {"type": "choice", "choices": []}}}, "inputs.c.choices"),
    ({"inputs": {"s": {"type": "scene"}, "c": {"type": "choice", "choices": ["a"], "default": "b"}}}, "inputs.c.default"),
    ({"inputs": {"s": {"type": "scene"}, "c": {"type": "string", "wrong": 1}}}, "inputs.c.wrong"),
    ({"outputs": {}}, "outputs"), ({"outputs": {"a": {}, "b": {}}}, "outputs"), ({"outputs": {"visual": {}}}, "outputs"),
    ({"outputs": {"../x": {}}}, "outputs"), ({"limits": {"memory_mb": 1000000}}, "limits.memory_mb"), ({"limits": {"seconds": 0}}, "limits.seconds"),
    ({"limits": {"cores": 4}}, "limits.cores"), ({"price": {"base": -1}}, "price.base"), ({"price": {"per_mpx": 10 ** 9}}, "price.per_mpx"),
    ({"price": {"currency": "ZZZ"}}, "price.currency"), ({"price": {"base": 1.5}}, "price.base"),
])
def test_wrong_manifests(author, changes, field):
    assert problem(deploy(author, packed(whole(**changes))), 422, "invalid-package")["field"] == field


def test_wrong_visibility(author):
    problem(deploy(author, packed(whole()), "?visibility=all"), 400)


def test_parameters_are_checked(author, scene):
    manifest = whole(inputs={
        "scene": {"type": "scene", "bands": ["red"]}, "x": {"type": "number", "minimum": 0, "maximum": 1},
        "n": {"type": "integer", "minimum": 1, "maximum": 9, "default": 3}, "t": {"type": "string", "max_length": 5, "default": "a"},
        "b": {"type": "boolean", "default": False}, "c": {"type": "choice", "choices": ["p", "q"], "default": "p"}})
    program = ("import json\nj = json.load(open('/in/job.json'))\n"
               "json.dump({'title': 'Given', 'properties': j['parameters']}, open('/out/result.json', 'w'))\n" + COPY)
    assert deploy(author, archive({"process.json": json.dumps(manifest), "main.py": program})).status_code == 201
    process = manifest["id"]

    def order(**inputs):
        return author.post(f"/processing/processes/{process}/execution", json={"inputs": {"scene": scene, **inputs}}, timeout=90)

    for wrong in ({}, {"x": 2}, {"x": -0.1}, {"x": "0.5"}, {"x": True}, {"x": 0.5, "n": 0}, {"x": 0.5, "n": 2.5}, {"x": 0.5, "t": "toolong"},
                  {"x": 0.5, "t": 4}, {"x": 0.5, "b": 1}, {"x": 0.5, "b": "true"}, {"x": 0.5, "c": "r"}, {"x": 0.5, "zz": 1}):
        problem(order(**wrong), 400, "invalid-input")
    answer = order(x={"value": 0.5}, c="q", t="\u00e9\u00e9")
    assert answer.status_code == 200, answer.text
    item = eventually(lambda: (lambda a: a.json() if a.status_code == 200 else None)(author.get(answer.json()["item"]["href"])))
    assert item["properties"]["nadir:result"] == {"x": 0.5, "n": 3, "t": "\u00e9\u00e9", "b": False, "c": "q"}
    assert item["properties"]["title"] == "Given"
    author.delete(f"/processing/v1/packages/{process}")
