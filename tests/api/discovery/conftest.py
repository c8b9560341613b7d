"""Collections that belong to one test, or to one file of tests, and go with it."""
import contextlib
import uuid

import pytest

from helpers_stac import collection_document, search_all


@contextlib.contextmanager
def fresh_collection(client):
    name = "test-" + uuid.uuid4().hex
    answer = client.post("/stac/collections", json=collection_document(name))
    assert answer.status_code == 201, answer.text
    yield name
    for item in search_all(client, "/stac/search", {"collections": name, "limit": 500}):
        client.delete(f"/stac/collections/{name}/items/{item['id']}")
    assert client.delete("/stac/collections/" + name).status_code == 204


@pytest.fixture
def collection(client):
    """An empty collection; removed afterwards with whatever is in it."""
    with fresh_collection(client) as name:
        yield name


@pytest.fixture(scope="module")
def module_collection(client):
    """The same for all tests of a file."""
    with fresh_collection(client) as name:
        yield name
