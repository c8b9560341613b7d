"""Real items of other catalogues, as they are: taken, or refused with a reason; each is then found once."""
import glob
import json
import os
import uuid

import pytest

from helpers_stac import collection_document, search_all


def real_items(folder):
    for path in sorted(glob.glob(os.path.join(folder, "stac", "items-*.ndjson"))):
        with open(path, encoding="utf-8") as lines:
            yield from (json.loads(line) for line in lines)


def post_all(client, collection, items, taken, refused):
    """Posts items together; where some of them is refused, halves, until it is known which."""
    document = items[0] if len(items) == 1 else {"type": "FeatureCollection", "features": items}
    answer = client.post(f"/stac/collections/{collection}/items", json=document)
    if answer.status_code == 201:
        taken.update((item["id"], item) for item in items)
        return
    assert answer.status_code == 400 and answer.json()["field"], answer.text
    if len(items) == 1:
        refused.append((items[0]["id"], answer.json()["detail"]))
        return
    middle = len(items) // 2
    post_all(client, collection, items[:middle], taken, refused)
    post_all(client, collection, items[middle:], taken, refused)


@pytest.fixture
def loaded(client, shared_data):
    name = "test-real-" + uuid.uuid4().hex
    assert client.post("/stac/collections", json=collection_document(name)).status_code == 201
    items = list({item["id"]: {**item, "collection": name} for item in real_items(shared_data)}.values())
    taken, refused = {}, []
    for at in range(0, len(items), 128):
        post_all(client, name, items[at:at + 128], taken, refused)
    yield name, taken, refused
    for item in taken:
        client.delete(f"/stac/collections/{name}/items/{item}")
    client.delete("/stac/collections/" + name)


def test_real_items(anon, loaded):
    name, taken, refused = loaded
    assert len(taken) > 2300 and len(refused) < 100, refused[:5]
    found = {}
    for item in search_all(anon, "/stac/search", {"collections": name, "limit": 97}):
        assert item["id"] not in found
        found[item["id"]] = item
    assert set(found) == set(taken)
    times = [item["properties"]["datetime"] or item["properties"]["start_datetime"] for item in found.values()]
    assert [t[:19] for t in times] == sorted((t[:19] for t in times), reverse=True)
    for item in found.values():
        sent = taken[item["id"]]
        assert item["geometry"] == sent["geometry"] and item["properties"] == sent["properties"]
        assert {k: a["href"] for k, a in item["assets"].items()} == {k: a["href"] for k, a in sent["assets"].items()}
    box = {i for i, item in taken.items() if item.get("bbox") and len(item["bbox"]) == 4 and item["bbox"][0] < item["bbox"][2] and
           item["bbox"][0] >= -100 and item["bbox"][2] <= -80 and item["bbox"][1] >= 30 and item["bbox"][3] <= 45}
    inside = {item["id"] for item in search_all(anon, "/stac/search", {"collections": name, "limit": 500, "bbox": "-100,30,-80,45"})}
    assert box and box <= inside
