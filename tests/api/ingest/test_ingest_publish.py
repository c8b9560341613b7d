"""nadir-ingest and the platform: what is taken in can be found, seen and fetched."""
import os
import shutil
import uuid

import pytest

from helpers import eventually
from helpers_ingest import raster, sha256

TIME = ("--datetime", "2020-06-01T00:00:00Z")


@pytest.fixture
def name(client, publishing):
    made = "test-ingest-" + uuid.uuid4().hex
    yield made
    for item in client.get(f"/stac/collections/{made}/items").json().get("features", []):
        client.delete(f"/stac/collections/{made}/items/{item['id']}")
    client.delete("/stac/collections/" + made)
    shutil.rmtree(os.path.join(publishing.data, "products", made), ignore_errors=True)


def test_from_file_to_map(publishing, name, anon, tmp_path):
    source = raster(tmp_path / "scene.tif")
    arguments = (source, "--collection", name, *TIME, "--bands", "red,green,blue")
    assert publishing(*arguments)[0]["state"] == "created"
    place = f"/stac/collections/{name}/items/scene"
    item = anon.get(place)
    assert item.status_code == 200 and "nadir:path" not in item.text
    assert [f["id"] for f in anon.get("/stac/search", params={"collections": name, "bbox": "9,50,9.2,50.6"}).json()["features"]] == ["scene"]

    thumbnail = eventually(lambda: (a := anon.get(item.json()["assets"]["thumbnail"]["href"])).status_code == 200 and a)
    assert thumbnail.headers["Content-Type"] == "image/png"
    assert "1220" + sha256(os.path.join(publishing.folder(name, "scene"), "thumbnail.png")) == item.json()["assets"]["thumbnail"]["file:checksum"]
    styles = eventually(lambda: anon.get(f"/view/v1/items/{name}/scene").json().get("styles"))
    preview = anon.get(f"/view/v1/previews/{name}/scene/{styles[0]['id']}.png?width=64")
    assert preview.status_code == 200 and preview.content[:4] == b"\x89PNG"

    tag = anon.get(place).headers["ETag"]
    assert publishing(*arguments)[0]["state"] == "unchanged" and anon.get(place).headers["ETag"] == tag
    assert publishing(*arguments, "--title", "Named")[0]["state"] == "updated"
    assert anon.get(place).json()["properties"]["title"] == "Named" and anon.get(place).headers["ETag"] != tag


def test_an_item_that_the_catalogue_lost_comes_back(publishing, name, anon, client, tmp_path):
    arguments = (raster(tmp_path / "a.tif"), "--collection", name, *TIME)
    publishing(*arguments)
    assert client.delete(f"/stac/collections/{name}/items/a").status_code == 204
    assert publishing(*arguments)[0]["state"] == "created"
    assert anon.get(f"/stac/collections/{name}/items/a").status_code == 200


def test_a_wrong_secret_is_told_and_a_later_run_publishes(publishing, name, anon, tmp_path):
    arguments = (raster(tmp_path / "a.tif"), "--collection", name, *TIME)
    good = publishing.environment
    publishing.environment = {**good, "NADIR_CLIENT_SECRET": "not-the-secret"}
    [result] = publishing(*arguments, expect=1)
    assert "no token" in result["reason"] and "not-the-secret" not in str(result)
    publishing.environment = good
    assert publishing(*arguments)[0]["state"] == "created"


def test_demo_files_are_what_the_catalogue_says(anon, demo):
    for product in demo.values():
        place = os.path.join(os.environ["NADIR_DATA"], "products", product["collection"], product["item"])
        assets = anon.get(f"/stac/collections/{product['collection']}/items/{product['item']}").json()["assets"]
        for key in ("visual", "thumbnail"):
            [found] = [n for n in os.listdir(place) if n.split(".")[0] == key]
            assert assets[key]["file:checksum"] == "1220" + sha256(os.path.join(place, found))
