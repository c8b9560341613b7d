"""kill -9 of the service while one client pages and another writes: nothing half-written, counts exact, no item missed or twice."""
import threading

import pytest
import requests

from helpers import eventually, kill_service, service_of
from helpers_catalogue import make_item
from helpers_stac import add_many

pytestmark = pytest.mark.once

KEPT, LIMIT, BATCH, BATCHES = 300, 20, 10, 500


def read(session, url):
    """A page, asked for again until the service is back."""
    def ask():
        answer = session.get(url, timeout=30)
        assert answer.status_code in (200, 502, 503, 504), answer.text
        return answer.json() if answer.status_code == 200 else None
    return eventually(ask, 90)


def link(page, rel):
    return next((x["href"] for x in page["links"] if x["rel"] == rel), None)


def ids(page):
    return [feature["id"] for feature in page["features"]]


class Writer(threading.Thread):
    """Posts collections of items, spread over the times of those that are there; each is stored as a whole or not at all."""

    def __init__(self, client, collection):
        super().__init__()
        self.client, self.collection = client, collection
        self.answered, self.unknown, self.wrong, self.ended = [], [], [], threading.Event()

    def run(self):
        for batch in range(BATCHES):
            if self.ended.is_set():
                return
            items = [{**make_item(self.collection, KEPT * n // BATCH + batch % BATCH), "id": f"late-{batch}-{n}"} for n in range(BATCH)]
            body = {"type": "FeatureCollection", "features": items}
            try:
                status = self.client.post(f"/stac/collections/{self.collection}/items", json=body, timeout=30).status_code
            except requests.RequestException:
                status = 0
            (self.answered if status == 201 else self.unknown if status in (0, 502, 503, 504) else self.wrong).append(batch)
            self.ended.wait(0.05 if status == 201 else 0.5)

    def kill(self):
        """Kills the service in the middle of writing."""
        before = len(self.answered)
        eventually(lambda: len(self.answered) > before or not self.is_alive(), 90)
        kill_service(service_of("discovery"))


def page_through(session, first, rel, kill=None, kills=()):
    """All ids of the pages that follow each other by a relation; after some of them `kill` is called."""
    found, page, count, url = [], read(session, first), 0, None
    while True:
        found.append(ids(page))
        count += 1
        if count in kills:
            kill()
        following = link(page, rel)
        if not following:
            return found, url or first
        url, page = following, read(session, following)


def once(pages, kept):
    seen = [name for page in pages for name in page]
    assert len(seen) == len(set(seen)), "an item came twice"
    assert kept <= set(seen), sorted(kept - set(seen))[:5]


def test_killed_while_paging_and_writing(client, anon, collection):
    kept = [make_item(collection, number) for number in range(KEPT)]
    add_many(client, collection, kept)
    names = {item["id"] for item in kept}
    first = f"/stac/search?collections={collection}&limit={LIMIT}"
    writer = Writer(client, collection)
    writer.start()
    try:
        pages, last = page_through(anon, first, "next", writer.kill, (3, 9))
        once(pages, names)
        back, _ = page_through(anon, last, "prev", writer.kill, (5,))
        once(back, names)
    finally:
        writer.ended.set()
        writer.join()
    assert not writer.wrong and writer.answered, (writer.wrong, writer.unknown)

    pages, _ = page_through(anon, first, "next")
    found = [name for page in pages for name in page]
    assert len(found) == len(set(found))
    stored = {batch: sum(name.startswith(f"late-{batch}-") for name in found) for batch in range(BATCHES)}
    assert all(stored[batch] == BATCH for batch in writer.answered), (writer.answered, stored)
    assert all(count in (0, BATCH) for count in stored.values()), stored
    assert len(found) == KEPT + sum(stored.values())
    for query in ("", "&datetime=2021-01-01T00:00:00Z/2031-01-01T00:00:00Z", "&bbox=-20,30,60,60", "&filter=eo:cloud_cover>=0"):
        assert read(anon, first + query)["numberMatched"] == len(found), query
