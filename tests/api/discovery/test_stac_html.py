"""What a browser is shown."""
import html.parser
import re

import pytest
from helpers_stac import collection_document, item_document

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"}
PAGES = ["/stac", "/stac/collections", "/stac/collections/landsat-7", "/stac/collections/landsat-7/items", "/stac/collections/landsat-7/items/olinda",
         "/stac/browse/landsat-7", "/stac/conformance", "/stac/search", "/stac/search?q=zzzz", "/stac/children", "/stac/api.html"]
VOID = {"meta", "link", "input", "img", "br"}


class Page(html.parser.HTMLParser):
    """Checks that elements are closed in order, and collects addresses."""

    def __init__(self, text):
        super().__init__()
        self.open, self.links, self.loads, self.tags = [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        if tag == "a":
            self.links.append(attributes["href"])
        if tag in ("img", "link", "script", "iframe") and attributes.get("rel") != "alternate":
            self.loads.append(attributes.get("src") or attributes["href"])
        assert not any(name.startswith("on") or name == "style" for name in attributes)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("path", PAGES)
def test_every_resource_has_a_page_for_browsers(anon, path):
    answer = anon.get(path, headers=BROWSER)
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "accept" in answer.headers["Vary"].lower() or path.endswith(".html")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "script" not in policy
    page = Page(answer.text)
    assert "script" not in page.tags and page.tags.count("h1") == 1 and "main" in page.tags
    assert page.loads and all(address.startswith("/") for address in page.loads), "nothing is loaded from elsewhere"
    for address in page.loads:
        assert anon.get(address).status_code == 200


@pytest.mark.parametrize("path", PAGES[:-2])
@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "application/geo+json, text/html;q=0.9", "application/json, text/html", "text/html;q=0"])
def test_programs_get_json(anon, path, accept):
    assert "json" in anon.get(path, headers={"Accept": accept}).headers["Content-Type"]


@pytest.mark.parametrize("path", PAGES[:-2])
def test_f_decides(anon, path):
    sign = "&" if "?" in path else "?"
    assert "json" in anon.get(path + sign + "f=json", headers=BROWSER).headers["Content-Type"]
    assert "html" in anon.get(path + sign + "f=html").headers["Content-Type"]


def test_all_links_of_ours_lead_somewhere(anon, base):
    todo, done = ["/stac?f=html"], set()
    while todo and len(done) < 40:
        path = todo.pop()
        answer = anon.get(path, headers=BROWSER)
        assert answer.status_code in (200, 401, 402), path
        done.add(path)
        if "html" in answer.headers["Content-Type"] and path.startswith("/stac"):
            for link in Page(answer.text).links:
                link = link.removeprefix(base)
                if link.startswith("/") and not link.startswith(("/download", "//")) and link not in done:
                    todo.append(link)


@pytest.mark.parametrize("accept, language, word", [("fr-CH, fr;q=0.9, en;q=0.8", "fr", "Rechercher"), ("de", "de", "Suchen"), ("it", "en", "Search"), (None, "en", "Search"),
                                                     ("en;q=0.5, de;q=0.7", "de", "Suchen")])
def test_languages(anon, accept, language, word):
    answer = anon.get("/stac/collections?f=html", headers={"Accept-Language": accept})
    assert answer.headers["Content-Language"] == language and f'<html lang="{language}">' in answer.text and word in answer.text


def test_nothing_that_was_sent_becomes_markup(client, anon, collection):
    evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    document = {**collection_document(collection), "title": evil, "description": evil, "keywords": [evil],
                "providers": [{"name": evil, "url": "javascript:alert(1)"}], "summaries": {evil: [evil, {evil: evil}]}}
    assert client.put("/stac/collections/" + collection, json=document).status_code == 204
    item = item_document(collection, "x", properties={"datetime": "2020-01-01T00:00:00Z", "title": evil, evil: {"a": evil}},
                         assets={"a": {"href": "javascript:alert(1)", "title": evil, "type": evil},
                                 "b": {"href": "data:text/html,x", "roles": ["thumbnail"], "type": "image/png"}})
    assert client.post(f"/stac/collections/{collection}/items", json=item).status_code == 201
    for path in (f"/stac/collections/{collection}", f"/stac/collections/{collection}/items", f"/stac/collections/{collection}/items/x",
                 "/stac/collections?q=" + evil, f"/stac/search?collections={collection}&bbox={evil}", f"/stac/search?collections={collection}&q=" + evil):
        answer = anon.get(path, headers=BROWSER)
        assert "<script" not in answer.text and "onerror=alert(1)>" not in answer.text and 'href="javascript' not in answer.text
        if answer.status_code == 200:
            Page(answer.text)


def test_errors_are_pages_too(anon):
    for path, status in (("/stac/collections/no-such", 404), ("/stac/collections/landsat-7/items/no-such", 404), ("/stac/search?bbox=1", 400)):
        answer = anon.get(path, headers=BROWSER)
        assert answer.status_code == status and answer.headers["Content-Type"].startswith("text/html")


def test_pages_are_linked(anon):
    answer = anon.get("/stac/search?limit=3&f=html")
    following = re.search(r'rel="next" href="([^"]*)"', answer.text).group(1).replace("&amp;", "&")
    second = anon.get(following)
    assert "text/html" in second.headers["Content-Type"] and 'rel="first"' in second.text
    ids = [set(re.findall(r'/items/([^"?]*)\?f=html', page.text)) for page in (answer, second)]
    assert len(ids[0]) == len(ids[1]) == 3 and not ids[0] & ids[1]


@pytest.mark.parametrize("geometry, bbox", [
    ({"type": "Point", "coordinates": [0, 0]}, [0, 0, 0, 0]), (None, None),
    ({"type": "MultiPolygon", "coordinates": [[[[177, -20], [180, -20], [180, -15], [177, -15], [177, -20]]],
                                              [[[-180, -20], [-178, -20], [-178, -15], [-180, -15], [-180, -20]]]]}, [177, -20, -178, -15]),
    ({"type": "Polygon", "coordinates": [[[-180, -90], [180, -90], [180, 90], [-180, 90], [-180, -90]]]}, [-180, -90, -100, 180, 90, 100]),
    ({"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [1, 1]}]}, [1, 1, 1, 1]),
])
def test_footprints_are_drawn(client, anon, collection, geometry, bbox):
    item = item_document(collection, "x", geometry=geometry)
    if bbox:
        item["bbox"] = bbox
    else:
        del item["bbox"]
    assert client.post(f"/stac/collections/{collection}/items", json=item).status_code == 201
    page = anon.get(f"/stac/collections/{collection}/items/x?f=html")
    assert page.status_code == 200 and "nan" not in page.text and "inf" not in page.text
    Page(page.text)
