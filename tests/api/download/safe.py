"""A small SAFE product: its files in one of the instance's stores, and its item in the catalogue."""
import contextlib
import hashlib
import random
import shutil
import uuid

LICENCE = {"id": "test-open", "title": "Test licence", "text": "For tests."}
MIB = 1 << 20


def files_write(folder, root):
    """The files of a small SAFE product below folder; {asset: (path, content)}."""
    noise = random.Random(4)
    files = {
        "manifest": (f"{root}/manifest.safe", b"<xfdu:XFDU/>"),
        "granule-metadata": (f"{root}/GRANULE/L2A_T32/MTD_TL.xml", b"<n1:Level-2A_Tile_ID/>"),
        "red": (f"{root}/GRANULE/L2A_T32/IMG_DATA/R10m/T32_B04_10m.jp2", noise.randbytes(9 * MIB + 12345)),
        "nir": (f"{root}/GRANULE/L2A_T32/IMG_DATA/R10m/T32_B08_10m.jp2", noise.randbytes(70000)),
        "empty": (f"{root}/HTML/empty.txt", b""),
    }
    for path, content in files.values():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    return files


@contextlib.contextmanager
def safe_product(client, admin, store):
    """A free product "S2A_TEST" in a collection of its own, its files below store: {collection, item, root, place, files: {asset: (node path, content)}}."""
    collection, item = "test-" + uuid.uuid4().hex, "S2A_TEST"
    place = store / "products" / collection
    root = "S2A_MSIL2A_TEST.SAFE"
    written = files_write(place, root)
    answer = client.post("/stac/collections", json={
        "type": "Collection", "stac_version": "1.0.0", "id": collection, "title": "Test", "description": "Made by a test.", "license": "various",
        "extent": {"spatial": {"bbox": [[-180, -90, 180, 90]]}, "temporal": {"interval": [["2020-01-01T00:00:00Z", None]]}}, "links": []})
    assert answer.status_code == 201, answer.text
    offer = admin.post("/billing/v1/offers", json={"collection": collection, "model": "free", "licence": LICENCE})
    assert offer.status_code == 201, offer.text
    document = {"type": "Feature", "stac_version": "1.0.0", "id": item, "collection": collection, "links": [],
                "geometry": {"type": "Point", "coordinates": [7.5, 50.5]}, "bbox": [7.5, 50.5, 7.5, 50.5], "properties": {"datetime": "2020-06-01T10:20:30Z"},
                "assets": {name: {"href": "here", "nadir:path": f"products/{collection}/{path}", "roles": ["data"], "file:size": len(content),
                                  "file:checksum": "1220" + hashlib.sha256(content).hexdigest()} for name, (path, content) in written.items()}}
    answer = client.post(f"/stac/collections/{collection}/items", json=document)
    assert answer.status_code == 201, answer.text
    yield {"collection": collection, "item": item, "root": root, "place": place,
           "files": {name: (path[len(root) + 1:], content) for name, (path, content) in written.items()}}
    client.delete(f"/stac/collections/{collection}/items/{item}")
    client.delete(f"/stac/collections/{collection}")
    admin.delete("/billing/v1/offers/" + offer.json()["offer"])
    shutil.rmtree(place, ignore_errors=True)
