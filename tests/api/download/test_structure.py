"""A product with a provider's own folders: they are found again in its ZIP, its manifest and its nodes."""
import hashlib
import io
import os
import shutil
import subprocess
import urllib.parse
import zipfile

import pytest
from helpers import eventually, problem

ITEM = "/download/v1/items/{collection}/{item}"
PRODUCTS = "/odata/v1/Products"


def zip_of(session, safe, **options):
    return eventually(lambda: (got := session.get(ITEM.format(**safe) + "/zip", **options)).status_code in (200, 206) and got, 60)


def test_the_zip_has_the_folders_and_every_byte(anon, safe):
    archive = zipfile.ZipFile(io.BytesIO(zip_of(anon, safe).content))
    assert {name: archive.read(name) for name in archive.namelist()} == {f"{safe['root']}/{path}": content for path, content in safe["files"].values()}
    assert archive.testzip() is None


def test_ranges_within_a_large_member(anon, safe):
    whole = zip_of(anon, safe).content
    for first, last in ((2_000_000, 2_016_383), (len(whole) - 200_000, len(whole) - 1), (100, 9_500_000)):
        part = anon.get(ITEM.format(**safe) + "/zip", headers={"Range": f"bytes={first}-{last}"})
        assert part.status_code == 206 and part.content == whole[first:last + 1]


def test_the_manifest_has_the_folders(anon, safe):
    eventually(lambda: anon.get(ITEM.format(**safe) + "/manifest").json().get("count") == len(safe["files"]))
    files = anon.get(ITEM.format(**safe) + "/manifest").json()["files"]
    assert {f["name"]: f["asset"] for f in files} == {f"{safe['root']}/{path}": name for name, (path, _) in safe["files"].items()}


@pytest.fixture(scope="module")
def product(admin, safe):
    """Its address in the OData door."""
    query = {"$filter": f"Name eq '{safe['item']}' and Collection/Name eq '{safe['collection']}'"}
    return f"{PRODUCTS}({eventually(lambda: admin.get(PRODUCTS, params=query).json()['value'])[0]['Id']})"


def tree(session, uri, above=""):
    """Every file below a node by its path, walked as CDSE's clients do: {path: (length, address)}."""
    found = {}
    for node in session.get(uri).json()["result"]:
        path = above + node["Name"]
        if node["ChildrenNumber"]:
            below = tree(session, node["Nodes"]["uri"], path + "/")
            assert len({p[len(path) + 1:].split("/")[0] for p in below}) == node["ChildrenNumber"]
            found |= below
        else:
            found[path] = node["ContentLength"], node["Nodes"]["uri"].removesuffix("/Nodes") + "/$value"
    return found


def test_nodes_are_walked_and_fetched(anon, safe, product):
    found = tree(anon, product + "/Nodes")
    assert {path: length for path, (length, _) in found.items()} == {f"{safe['root']}/{path}": len(content) for path, content in safe["files"].values()}
    for path, content in safe["files"].values():
        address = found[f"{safe['root']}/{path}"][1]
        got = eventually(lambda: (a := anon.get(address)).status_code == 200 and a)
        assert got.content == content


def test_one_node(anon, safe, product):
    node = anon.get(f"{product}/Nodes({safe['root']})/Nodes(GRANULE)").json()["result"]
    assert [(n["Name"], n["ChildrenNumber"], n["ContentLength"]) for n in node] == [("GRANULE", 1, 0)]
    by_id = anon.get(f"{product}/Nodes({safe['item']})/Nodes").json()
    assert {n["Name"] for n in by_id["result"]} == {"manifest.safe", "GRANULE", "HTML"}


@pytest.mark.parametrize("tail", [
    "Nodes(other)/Nodes", "Nodes({root})/Nodes(GRAN)/Nodes", "Nodes({root})/Nodes(..)/Nodes", "Nodes({root})/Nodes(GRANULE)/$value",
    "Nodes({root})/Nodes(%2e%2e%2fx)/$value", "Nodes({root})/Nodes(manifest.saf)/$value", "Nodes({root})/" + "Nodes(a)/" * 40 + "Nodes"])
def test_what_is_no_node(anon, safe, product, tail):
    answer = anon.get(f"{product}/{tail.format(root=safe['root'])}", allow_redirects=False)
    assert answer.status_code == 404 and answer.json()["error"]["message"]


def test_value_of_the_product_is_the_zip(anon, safe, product):
    whole = zip_of(anon, safe)
    for address in (f"{product}/$value", f"{product}/Nodes({safe['root']})/$value"):
        answer = anon.get(address)
        assert answer.status_code == 200 and answer.content == whole.content
        assert answer.history[0].status_code == 307 and urllib.parse.urlsplit(answer.url).path == ITEM.format(**safe) + "/zip"


def test_aria2c_takes_it_in_four_parts(base, anon, safe, tmp_path):
    if not shutil.which("aria2c"):
        pytest.skip("aria2c is not installed")
    whole = zip_of(anon, safe).content
    done = subprocess.run(["aria2c", "--no-conf", "-x4", "-s4", "-k1M", "--all-proxy=", "-d", tmp_path, "-o", "a.zip", "-l", tmp_path / "log",
                           "--log-level=debug", base + ITEM.format(**safe) + "/zip"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout
    assert hashlib.sha256((tmp_path / "a.zip").read_bytes()).digest() == hashlib.sha256(whole).digest()
    log = (tmp_path / "log").read_text(errors="replace")
    assert "Range: bytes=" in log and "206 Partial Content" in log


def test_a_file_that_changes_makes_another_archive(anon, safe):
    """What is sent is always one state of the files: never old headers around new bytes."""
    before = zip_of(anon, safe)
    path, content = safe["files"]["empty"]
    file = safe["place"] / safe["root"] / path
    try:
        file.write_bytes(b"changed")
        # The catalogue still says what the file was: it is refused, and said why.
        eventually(lambda: anon.get(ITEM.format(**safe) + "/zip").status_code == 409, 60)
        problem(anon.get(ITEM.format(**safe) + "/zip"), 409, "file-damaged")
        others = anon.get(ITEM.format(**safe) + "/zip", params={"assets": "nir,manifest"})
        assert others.status_code == 200 and others.headers["ETag"] != before.headers["ETag"]
    finally:
        file.write_bytes(content)
        os.utime(file, (1_500_000_000, 1_500_000_000))
    after = zip_of(anon, safe)
    assert zipfile.ZipFile(io.BytesIO(after.content)).getinfo(f"{safe['root']}/{path}").file_size == 0


def test_a_file_that_is_gone(anon, safe):
    path, content = safe["files"]["empty"]
    file = safe["place"] / safe["root"] / path
    zip_of(anon, safe)
    file.unlink()
    try:
        problem(anon.get(ITEM.format(**safe) + "/zip"), 404, "file-missing")
    finally:
        file.write_bytes(content)
        file.chmod(0o644)


def test_a_link_in_the_data_folder_leads_nowhere(anon, safe, tmp_path):
    """A file that was replaced by a symbolic link is not followed by the gateway."""
    path, content = safe["files"]["nir"]
    file = safe["place"] / safe["root"] / path
    zip_of(anon, safe)
    kept = file.with_suffix(".kept")
    file.rename(kept)
    file.symlink_to(kept)
    try:
        answer = anon.get(ITEM.format(**safe) + "/zip", params={"assets": "nir"})
        assert answer.status_code in (202, 403, 503), answer.status_code
        assert content[:100] not in answer.content
    finally:
        file.unlink()
        kept.rename(file)
