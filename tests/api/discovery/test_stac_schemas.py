"""Every answer validates against the published schemas of STAC, and documents of 1.0 and 1.1 stay what they are."""
import json
import os

from helpers_stac import add_many, collection_document, item_document

import pytest
import schemas

pytestmark = pytest.mark.once

BANDS = {**item_document("", "bands"), "stac_version": "1.1.0",
         "properties": {"datetime": None, "start_datetime": "2020-01-01T00:00:00Z", "end_datetime": "2020-01-02T00:00:00Z", "license": "CC0-1.0",
                        "keywords": ["a"], "gsd": 10, "order:status": "orderable", "storage:schemes": {"x": {"type": "aws-s3"}}},
         "assets": {"red": {"href": "https://example.org/r.tif", "roles": ["data"], "data_type": "uint16", "nodata": 0,
                            "bands": [{"name": "red", "eo:common_name": "red", "statistics": {"minimum": 1, "maximum": 2.5}}],
                            "storage:refs": ["x"]}}}


def documents(anon, path, member):
    answer = anon.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()[member]


def test_the_validator_sees_faults():
    bad = item_document("c", "x")
    del bad["properties"]["datetime"]
    assert [f["id"] for f in schemas.faults([bad])] == ["x"]


def test_every_kind_of_answer_is_valid(anon, demo):
    found = [anon.get("/stac").json(), anon.get("/stac/collections/{collection}".format(**demo["olinda"])).json(),
             anon.get("/stac/collections/{collection}/items/{item}".format(**demo["olinda"])).json()]
    ours = "/stac/search?limit=100&collections=" + ",".join(sorted({scene["collection"] for scene in demo.values()}))
    for path, member in (("/stac/collections", "collections"), ("/stac/children", "children"), (ours, "features"),
                         ("/stac/collections/landsat-7/items", "features"), (ours + "&fields=", "features"),
                         (ours + "&fields=-assets.thumbnail", "features")):
        found += documents(anon, path, member)
    assert schemas.faults(found) == []


def test_documents_of_stac_1_1_are_kept_and_valid(client, anon, collection):
    changed = {**collection_document(collection), "stac_version": "1.1.0", "item_assets": {"red": {"type": "image/tiff", "roles": ["data"]}}, "bands": [{"name": "red"}]}
    assert client.put("/stac/collections/" + collection, json=changed).status_code == 204
    item = {**BANDS, "collection": collection}
    add_many(client, collection, [item, item_document(collection, "older")])
    stored = anon.get(f"/stac/collections/{collection}/items/bands").json()
    for member in ("stac_version", "properties", "assets", "geometry", "bbox"):
        assert stored[member] == item[member]
    whole = anon.get("/stac/collections/" + collection).json()
    assert whole["stac_version"] == "1.1.0" and whole["bands"] == [{"name": "red"}]
    found = documents(anon, "/stac/search?collections=" + collection, "features")
    assert {f["stac_version"] for f in found} == {"1.0.0", "1.1.0"}
    assert schemas.faults([*found, whole]) == []


def test_assets_that_we_serve_say_how_to_sign_in(client, anon, collection, base):
    item = item_document(collection, "x", assets={
        "red": {"href": "r.tif", "roles": ["data"], "nadir:path": "products/x/red.tif"},
        "thumbnail": {"href": "t.png", "roles": ["thumbnail"], "nadir:path": "products/x/t.png"},
        "far": {"href": "https://example.org/far.tif", "roles": ["data"]}})
    add_many(client, collection, [item, item_document(collection, "free")])
    stored = anon.get(f"/stac/collections/{collection}/items/x").json()
    scheme = stored["properties"]["auth:schemes"]["nadir"]
    assert scheme == {"type": "openIdConnect", "openIdConnectUrl": base + "/.well-known/openid-configuration"}
    assert anon.get("/.well-known/openid-configuration").status_code == 200
    assert stored["assets"]["red"]["auth:refs"] == ["nadir"]
    assert "auth:refs" not in stored["assets"]["thumbnail"] and "auth:refs" not in stored["assets"]["far"]
    free = anon.get(f"/stac/collections/{collection}/items/free").json()
    assert "auth:schemes" not in free["properties"] and "stac_extensions" not in free
    # Sent again as it was answered, it is the same.
    tag = anon.get(f"/stac/collections/{collection}/items/x").headers["ETag"]
    assert client.patch(f"/stac/collections/{collection}/items/x", json={}).headers["ETag"].removeprefix("W/") == tag.removeprefix("W/")
    assert schemas.faults([stored, free]) == []


def test_real_items_of_many_providers_stay_valid(client, anon, collection, shared_data):
    """What was valid when it was sent is valid when it is answered."""
    items = []
    for name in sorted(os.listdir(os.path.join(shared_data, "stac"))):
        if name.startswith("items-"):
            with open(os.path.join(shared_data, "stac", name)) as lines:
                items += [json.loads(line) for _, line in zip(range(12), lines)]
    items = list({i["id"]: {**i, "collection": collection, "links": []} for i in items if len(json.dumps(i)) < 200000}.values())
    before = {f["id"] for f in schemas.faults(items)}
    stored = []
    for item in items:
        answer = client.post(f"/stac/collections/{collection}/items", json=item)
        assert answer.status_code in (201, 400), answer.text
        if answer.status_code == 201:
            stored.append(answer.json())
    assert len(stored) > 40
    assert {f["id"] for f in schemas.faults(stored)} <= before
