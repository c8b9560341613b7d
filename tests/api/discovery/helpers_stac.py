"""STAC documents, and reading all pages as a client does."""


def collection_document(name):
    return {"type": "Collection", "stac_version": "1.0.0", "id": name, "title": "Test", "description": "Made by a test.", "license": "various",
            "extent": {"spatial": {"bbox": [[-180, -90, 180, 90]]}, "temporal": {"interval": [["2020-01-01T00:00:00Z", None]]}}, "links": []}


def item_document(collection, name, **changes):
    return {"type": "Feature", "stac_version": "1.0.0", "id": name, "collection": collection,
            "geometry": {"type": "Point", "coordinates": [7.5, 50.5]}, "bbox": [7.5, 50.5, 7.5, 50.5],
            "properties": {"datetime": "2020-06-01T10:20:30Z"}, "links": [], "assets": {}, **changes}


def search_all(session, path, params):
    """Follows next links as pystac-client does; yields the items."""
    answer = session.get(path, params=params)
    while True:
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert page["numberReturned"] == len(page["features"])
        yield from page["features"]
        following = [link for link in page["links"] if link["rel"] == "next"]
        if not following:
            return
        answer = session.get(following[0]["href"])


def add_many(client, collection, items):
    for at in range(0, len(items), 250):
        answer = client.post(f"/stac/collections/{collection}/items", json={"type": "FeatureCollection", "features": items[at:at + 250]})
        assert answer.status_code == 201, answer.text
