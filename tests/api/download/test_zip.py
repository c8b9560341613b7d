"""A whole product as one ZIP that nobody stores: what is in it, its length, ranges and entity tag, who may have it."""
import hashlib
import io
import subprocess
import zipfile

import pytest
from helpers import eventually, problem
from products import buy

ITEM = "/download/v1/items/{collection}/{item}"


def ready(session, path, **options):
    """The answer once the checksums of the product's files are known."""
    def ask():
        answer = session.get(path, **options)
        if answer.status_code == 202:
            assert answer.json()["state"] == "preparing" and answer.headers["Retry-After"] == "2"
            return None
        return answer
    return eventually(ask, 60)


@pytest.fixture(scope="module")
def zipped(anon_module, demo):
    """The free product: its files, and its ZIP."""
    path = ITEM.format(**demo["free"])
    answer = ready(anon_module, path + "/zip")
    assert answer.status_code == 200, answer.text
    return anon_module.get(path).json(), answer


@pytest.fixture(scope="module")
def anon_module(base):
    from helpers import Api
    return Api(base)


def test_it_holds_every_file_as_it_is(anon, zipped):
    product, answer = zipped
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    held = {hashlib.sha256(archive.read(name)).hexdigest(): name for name in archive.namelist()}
    assert set(held) == {a["sha256"] for a in product["assets"] if "archive" not in a["roles"]}
    assert all(name.startswith(product["item"] + "/") for name in held.values())
    assert all(info.compress_type == zipfile.ZIP_STORED for info in archive.infolist())


def test_the_headers(anon, zipped):
    product, answer = zipped
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{product["item"]}.zip"'
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    head = anon.head(product["zip"])
    assert head.status_code == 200 and head.content == b""
    for name in ("Content-Length", "ETag", "Content-Type"):
        assert head.headers[name] == answer.headers[name]


def test_unzip_of_others_reads_it(zipped, tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(zipped[1].content)
    done = subprocess.run(["bsdtar", "-tf", path], capture_output=True, text=True) if subprocess.run(
        ["sh", "-c", "command -v bsdtar"], capture_output=True).returncode == 0 else subprocess.run(
        ["/usr/bin/python3", "-m", "zipfile", "-t", path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("first, last", [(0, 0), (0, 99), (29, 31), (1000, 70000), (-1, None), (-22, None), (-5000, None), (500, None)])
def test_ranges_are_cut_from_the_whole(anon, zipped, first, last):
    product, whole = zipped
    asked = f"bytes={first}" if first < 0 else f"bytes={first}-{'' if last is None else last}"
    answer = anon.get(product["zip"], headers={"Range": asked})
    part = whole.content[first:] if last is None else whole.content[first:last + 1]
    assert answer.status_code == 206 and answer.content == part
    assert answer.headers["ETag"] == whole.headers["ETag"]
    assert answer.headers["Content-Range"].endswith(f"/{len(whole.content)}")


def test_ranges_across_every_border(anon, zipped):
    product, whole = zipped
    archive = zipfile.ZipFile(io.BytesIO(whole.content))
    for info in archive.infolist():
        data = info.header_offset + 30 + len(info.filename.encode()) + 9
        for border in (info.header_offset, data, data + info.file_size):
            first = max(border - 3, 0)
            answer = anon.get(product["zip"], headers={"Range": f"bytes={first}-{border + 2}"})
            assert answer.status_code == 206 and answer.content == whole.content[first:border + 3], (info.filename, border)


def test_several_ranges_are_answered_by_the_whole(anon, zipped):
    product, whole = zipped
    answer = anon.get(product["zip"], headers={"Range": "bytes=0-9,20-29"})
    assert answer.status_code == 200 and answer.content == whole.content


def test_a_range_past_the_end(anon, zipped):
    product, whole = zipped
    answer = anon.get(product["zip"], headers={"Range": f"bytes={len(whole.content)}-"})
    problem(answer, 416, "range-past-end")
    assert answer.headers["Content-Range"] == f"bytes */{len(whole.content)}"


def test_conditions(anon, zipped):
    product, whole = zipped
    tag = whole.headers["ETag"]
    assert tag.startswith('"') and len(tag) == 66
    assert anon.get(product["zip"], headers={"If-None-Match": tag}).status_code == 304
    same = anon.get(product["zip"], headers={"Range": "bytes=0-9", "If-Range": tag})
    assert same.status_code == 206 and len(same.content) == 10
    other = anon.get(product["zip"], headers={"Range": "bytes=0-9", "If-Range": '"another"'})
    assert other.status_code == 200 and len(other.content) == len(whole.content)


def test_some_files(anon, zipped):
    product, whole = zipped
    names = [a["asset"] for a in product["assets"]][:2]
    answer = anon.get(product["zip"], params={"assets": ",".join(names)})
    assert answer.status_code == 200 and answer.headers["ETag"] != whole.headers["ETag"]
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    wanted = {a["sha256"] for a in product["assets"] if a["asset"] in names}
    assert {hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()} == wanted
    for bad in ("nothing", names[0] + ",", "", names[0] + "," + "x" * 500):
        problem(anon.get(product["zip"], params={"assets": bad}), 400, "no-such-asset")


def test_who_may_have_it(anon, user, new_user, admin, demo):
    path = ITEM.format(**demo["paid"]) + "/zip"
    problem(anon.get(path), 401, "sign-in")
    problem(user.get(path), 402, "payment-required")
    assert anon.get(path, headers={"Range": "bytes=0-0"}).status_code == 401
    buyer = new_user("Zoe Zip")
    buy(admin, buyer, demo["paid"])
    answer = eventually(lambda: (got := buyer.get(path)).status_code == 200 and got, 60)
    assert zipfile.ZipFile(io.BytesIO(answer.content)).testzip() is None
    # A link does the same without a token, as long as its maker may.
    link = buyer.post("/download/v1/links", json=demo["paid"])
    assert link.status_code == 201, link.text
    assert anon.get(link.json()["href"]).content == answer.content
    assert user.post("/download/v1/links", json=demo["paid"]).status_code == 402
    problem(anon.get("/download/v1/items/no/such/zip"), 404)


def test_previews_need_no_right_but_nothing_else_comes_along(anon, user, demo):
    product = user.get(ITEM.format(**demo["paid"])).json()
    seen = [a["asset"] for a in product["assets"] if a["access"] == "granted"]
    assert seen
    answer = ready(user, product["zip"], params={"assets": ",".join(seen)})
    assert answer.status_code == 200
    assert len(zipfile.ZipFile(io.BytesIO(answer.content)).namelist()) == len(seen)


def test_plans_are_not_reached_from_outside(anon):
    assert anon.get("/_pieces/zips/").status_code == 404
    assert anon.get("/_files/zips/").status_code == 404


def test_checksums_are_told(anon, zipped):
    product, _ = zipped
    for asset in product["assets"]:
        listed = eventually(lambda: next(a for a in anon.get(ITEM.format(**product)).json()["assets"]
                                         if a["asset"] == asset["asset"] and a["md5"]))
        answer = anon.get(asset["href"])
        md5 = hashlib.md5(answer.content)
        assert listed["md5"] == md5.hexdigest() == answer.headers["X-Checksum-Md5"]
        assert listed["sha256"] == answer.headers["X-Checksum-Sha256"] == hashlib.sha256(answer.content).hexdigest()
        assert "md5=" in answer.headers["Digest"] and "sha-256=" in answer.headers["Digest"]
