"""A collection that belongs to one test and goes with it."""
import uuid

import pytest

from helpers_stac import collection_document, search_all


@pytest.fixture
def collection(client):
    """An empty collection; removed afterwards with whatever is in it."""
    name = "test-" + uuid.uuid4().hex
    answer = client.post("/stac/collections", json=collection_document(name))
    assert answer.status_code == 201, answer.text
    yield name
    for item in search_all(client, "/stac/search", {"collections": name, "limit": 500}):
        client.delete(f"/stac/collections/{name}/items/{item['id']}")
    assert client.delete("/stac/collections/" + name).status_code == 204
