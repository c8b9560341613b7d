"""The services manager: who publishes, what may be said, who changes it, who finds it."""
import uuid

import pytest
from helpers import eventually, problem

SERVICES = "/services/v1/services"


def offering(**change):
    word = "w" + uuid.uuid4().hex[:12]
    body = {"title": f"Flood maps {word}", "description": "Water extent after each pass.", "url": "https://maps.example/wms?x=1", "kind": "wms",
            "terms": "Attribution", "price": "free", **change}
    return word, {key: value for key, value in body.items() if value is not None}


def publish(session, **change):
    _, body = offering(**change)
    answer = session.post(SERVICES, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_published_found_changed_withdrawn(scientist, anon):
    word, body = offering()
    made = scientist.post(SERVICES, json=body)
    assert made.status_code == 201
    service = made.json()
    assert made.headers["Location"].endswith("/" + service["service"])
    assert service["provider"] == scientist.subject and service["title"] == body["title"]
    assert anon.get(SERVICES + "/" + service["service"]).json() == service
    assert [s["service"] for s in anon.get(SERVICES, params={"q": word}).json()["services"]] == [service["service"]]
    assert [s["service"] for s in anon.get(SERVICES, params={"q": word.upper() + " flood", "kind": "wms"}).json()["services"]] == [service["service"]]
    assert anon.get(SERVICES, params={"q": word, "kind": "stac"}).json()["services"] == []
    _, other = offering(kind="stac", terms=None, price=None)
    changed = scientist.put(SERVICES + "/" + service["service"], json=other)
    assert changed.status_code == 200 and changed.json()["kind"] == "stac" and changed.json()["terms"] == ""
    assert changed.json()["created_at"] == service["created_at"]
    assert anon.get(SERVICES, params={"q": word}).json()["services"] == []
    assert scientist.delete(SERVICES + "/" + service["service"]).status_code == 204
    problem(anon.get(SERVICES + "/" + service["service"]), 404)
    problem(scientist.delete(SERVICES + "/" + service["service"]), 404)


def test_only_providers_publish(user, anon, admin):
    _, body = offering()
    problem(anon.post(SERVICES, json=body), 401)
    problem(user.post(SERVICES, json=body), 403)
    assert publish(admin)["provider"] == admin.subject


def test_only_its_provider_changes_a_service(scientist, admin, user, anon):
    service = SERVICES + "/" + publish(scientist)["service"]
    _, body = offering()
    problem(anon.put(service, json=body), 401)
    problem(anon.delete(service), 401)
    problem(user.delete(service), 403)
    problem(admin.put(service, json=body), 403, "not-yours")
    problem(admin.delete(service), 403, "not-yours")
    problem(scientist.put(SERVICES + "/no-such", json=body), 404)
    assert anon.get(service).status_code == 200


@pytest.mark.parametrize("url", [
    "javascript:alert(1)", "ftp://x.example/", "//x.example/", "/relative", "https://", "http:///path", "https://user:secret@x.example/", "x",
    "https://x.example/ space", "https://x.example/\n", "https://x.example/#part", "data:text/html,hi", "https://" + "a" * 2000, "HTTPS//x",
    "https://x.example/\"onclick", "file:///etc/passwd", "https://x.example:99999999/",
])
def test_bad_urls(scientist, url):
    _, body = offering(url=url)
    assert problem(scientist.post(SERVICES, json=body), 422)["field"] == "url"


@pytest.mark.parametrize("change, field", [
    ({"title": None}, "title"), ({"title": ""}, "title"), ({"title": "x" * 201}, "title"), ({"title": 5}, "title"), ({"description": None}, "description"),
    ({"description": "x" * 4001}, "description"), ({"kind": None}, "kind"), ({"kind": "wfs"}, "kind"), ({"terms": []}, "terms"),
    ({"price": "x" * 201}, "price"), ({"provider": "me"}, "provider"),
])
def test_bad_input(scientist, change, field):
    _, body = offering(**change)
    assert problem(scientist.post(SERVICES, json=body), 422)["field"] == field


def test_the_same_request_twice_publishes_once(scientist, anon):
    word, body = offering()
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    first, again = (scientist.post(SERVICES, json=body, headers=headers) for _ in range(2))
    assert first.status_code == again.status_code == 201 and first.json() == again.json()
    assert len(anon.get(SERVICES, params={"q": word}).json()["services"]) == 1
    problem(scientist.post(SERVICES, json={**body, "price": "1 EUR"}, headers=headers), 422)


def test_lists_page_newest_first(scientist, anon):
    word, body = offering()
    made = [scientist.post(SERVICES, json=body).json()["service"] for _ in range(5)]
    seen, cursor = [], None
    while True:
        page = anon.get(SERVICES, params={"q": word, "limit": 2, "cursor": cursor}).json()
        seen += [s["service"] for s in page["services"]]
        cursor = page["next"]
        if not cursor:
            break
    assert seen == made[::-1]
    mine = scientist.get(SERVICES, params={"provider": "me", "limit": 200}).json()["services"]
    assert set(made) <= {s["service"] for s in mine}
    problem(anon.get(SERVICES, params={"provider": "me"}), 401)


@pytest.mark.parametrize("q", ["'", "\"", "a & b | !", ":*", "\\", "((", "%", "--", "<script>"])
def test_any_search_text_is_harmless(anon, q):
    assert anon.get(SERVICES, params={"q": q}).status_code == 200


@pytest.mark.parametrize("query, field", [("limit=0", "limit"), ("kind=x", "kind"), ("cursor=%25", "cursor"), ("q=" + "a" * 201, "q")])
def test_bad_lists(anon, query, field):
    assert problem(anon.get(SERVICES + "?" + query), 400)["field"] == field


def test_text_is_kept_as_it_is(scientist, anon):
    service = publish(scientist, title="<b>Überflutung</b> & \"Öl\" 🛰", description="x\ny")
    assert anon.get(SERVICES + "/" + service["service"]).json()["title"] == "<b>Überflutung</b> & \"Öl\" 🛰"


def test_services_are_counted(scientist, admin):
    before = admin.get("/statistics/v1/kpis").json()["services"]
    service = publish(scientist)["service"]
    eventually(lambda: admin.get("/statistics/v1/kpis").json()["services"] > before)
    scientist.delete(SERVICES + "/" + service)
