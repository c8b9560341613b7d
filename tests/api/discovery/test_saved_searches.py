"""Saved searches: what is published later is matched for its owner, told by event, webhook and mail, within seconds and once."""
import email
import email.policy
import os
import pathlib
import threading
import time
import uuid

import pytest

from helpers import eventually, kill_service, problem, service_of
from helpers_stac import add_many, collection_document, item_document
from webhook_receiver import Receiver

HOME = "/discovery/v1/saved-searches"
SOON = 30  # seconds of patience; how soon a match is told (5 s) is measured by tests/bench/saved_searches

pytestmark = pytest.mark.skipif("NADIR_WEBHOOK_PORT" not in os.environ, reason="the instance lets webhooks reach no stand-in")


@pytest.fixture(scope="module")
def receiver():
    one = Receiver()
    yield one
    one.close()


@pytest.fixture
def owner(new_user):
    """A fresh person, whose saved searches go with the test: what other tests publish is not matched for ever."""
    person = new_user("Söphie Searcher")
    yield person
    while found := person.get(HOME, params={"limit": 200}).json()["saved_searches"]:
        for one in found:
            person.delete(f"{HOME}/{one['saved_search']}")


def save(session, search, **more):
    answer = session.post(HOME, json={"name": "t", "search": search, **more})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"].endswith(answer.json()["saved_search"])
    return answer.json()


def matches(session, saved):
    answer = session.get(f"{HOME}/{saved['saved_search']}/matches", params={"limit": 200})
    assert answer.status_code == 200, answer.text
    return [(match["collection"], match["item"]) for match in answer.json()["matches"]]


def publish(client, collection, name, **changes):
    answer = client.post(f"/stac/collections/{collection}/items", json=item_document(collection, name, **changes))
    assert answer.status_code == 201, answer.text


def mails(address):
    """What arrived for an address in the folder that takes the place of a mail server."""
    found = []
    for path in sorted((pathlib.Path(os.environ["NADIR_VAR"]) / "state/mail").glob("*.eml")):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        if address in message["To"]:
            found.append(message)
    return found


# ---- the resource ----

def test_life_of_a_saved_search(owner, other_user, anon, collection):
    asked = {"collections": [collection], "bbox": [0, 40, 20, 60], "filter": "eo:cloud_cover <= 20", "filter-lang": "cql2-text",
             "limit": 24, "sortby": [{"field": "properties.datetime", "direction": "desc"}]}
    made = save(owner, asked, mail=True, language="fr")
    assert made["search"] == {"collections": [collection], "bbox": [0, 40, 20, 60], "filter-lang": "cql2-json",
                              "filter": {"op": "<=", "args": [{"property": "eo:cloud_cover"}, 20]}}
    assert (made["state"], made["mail"], made["webhook"], made["matched"], made["matched_at"]) == ("active", True, None, 0, None)
    path = f"{HOME}/{made['saved_search']}"
    assert owner.get(path).json() == made
    assert owner.get(HOME).json() == {"saved_searches": [made], "next": None}
    changed = owner.patch(path, json={"name": "Été", "state": "paused", "mail": False})
    assert changed.status_code == 200
    assert changed.json() == made | {"name": "Été", "state": "paused", "mail": False} == owner.get(path).json()
    assert owner.get(path + "/matches").json() == {"matches": [], "next": None}
    assert owner.get(path + "/deliveries").json() == {"deliveries": [], "next": None}

    for leaf in ("", "/matches", "/deliveries"):
        problem(other_user.get(path + leaf), 404)
        problem(anon.get(path + leaf), 401)
    problem(other_user.patch(path, json={"name": "mine"}), 404)
    problem(other_user.delete(path), 404)
    assert other_user.get(HOME).json()["saved_searches"] == []
    problem(anon.post(HOME, json={"name": "x", "search": {}}), 401)

    assert owner.delete(path).status_code == 204
    problem(owner.get(path), 404)
    problem(owner.delete(path), 404)


def test_scopes_are_needed(owner):
    keys = {verb: owner.post("/identity/v1/api-keys", json={"name": "t", "scope": f"discovery:search.{verb}"}).json()["key"] for verb in ("read", "write")}
    bearer = {verb: {"Authorization": "Bearer " + key} for verb, key in keys.items()}
    for verb in bearer:  # the module has heard of the keys
        eventually(lambda: owner.get(HOME, headers=bearer[verb]).status_code != 401)
    problem(owner.post(HOME, json={"name": "x", "search": {}}, headers=bearer["read"]), 403)
    problem(owner.get(HOME, headers=bearer["write"]), 403)
    assert owner.post(HOME, json={"name": "x", "search": {}}, headers=bearer["write"]).status_code == 201


@pytest.mark.parametrize("body, field", [
    ({"name": "x"}, "search"),
    ({"search": {}}, "name"),
    ({"name": "", "search": {}}, "name"),
    ({"name": "a\r\nBcc: eve@example.org", "search": {}}, "name"),
    ({"name": "x" * 201, "search": {}}, "name"),
    ({"name": "x", "search": []}, "search"),
    ({"name": "x", "search": {"bbox": [1, 2, 3]}}, "search.bbox"),
    ({"name": "x", "search": {"filter": "a ="}}, "search.filter"),
    ({"name": "x", "search": {"datetime": "yesterday"}}, "search.datetime"),
    ({"name": "x", "search": {"colour": "red"}}, "search.colour"),
    ({"name": "x", "search": {}, "extra": 1}, "extra"),
    ({"name": "x", "search": {}, "mail": "yes"}, "mail"),
    ({"name": "x", "search": {}, "language": "tlh"}, "language"),
    ({"name": "x", "search": {}, "webhook": {"url": "http://example.org/"}}, "webhook"),
    ({"name": "x", "search": {}, "webhook": {"url": "ftp://example.org/"}}, "webhook"),
    ({"name": "x", "search": {}, "webhook": {"url": "https://me:pass@example.org/"}}, "webhook"),
    ({"name": "x", "search": {}, "webhook": {"url": "https://example.org/#a"}}, "webhook"),
    ({"name": "x", "search": {}, "webhook": {"url": "nonsense"}}, "webhook"),
    ({"name": "x", "search": {}, "webhook": {}}, "webhook"),
])
def test_bad_searches_are_told(other_user, body, field):
    assert problem(other_user.post(HOME, json=body), 422)["field"] == field
    assert other_user.get(HOME).json()["saved_searches"] == []


def test_bad_changes_change_nothing(owner):
    made = save(owner, {})
    path = f"{HOME}/{made['saved_search']}"
    for body in ({"state": "asleep"}, {"name": 7}, {"search": {}}, {"webhook": {"url": "http://example.org"}}, {"mail": 1}):
        problem(owner.patch(path, json=body), 422)
    problem(owner.patch(path, json=[]), 422)
    problem(owner.get(HOME + "?cursor=%25"), 400)
    problem(owner.get(path + "/matches?cursor=x"), 400)
    assert owner.get(path).json() == made


def test_there_is_a_most(owner):
    answers = []
    threads = [threading.Thread(target=lambda: answers.extend(owner.post(HOME, json={"name": "x", "search": {}}).status_code for _ in range(9))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [201] * 50 + [409] * 4
    seen, cursor = [], None
    while cursor is not None or not seen:
        page = owner.get(HOME, params={"limit": 20, **({"cursor": cursor} if cursor else {})}).json()
        seen += [one["saved_search"] for one in page["saved_searches"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 50


# ---- matching ----

def test_a_new_item_is_told_within_seconds(owner, client, collection, receiver):
    path = "/hook/" + uuid.uuid4().hex
    saved = save(owner, {"collections": [collection], "bbox": [0, 40, 20, 60]}, name="Rhein – Mosel", mail=True, language="de",
                 webhook={"url": receiver.url(path)})
    secret = saved["webhook"]["secret"]
    assert owner.get(f"{HOME}/{saved['saved_search']}").json()["webhook"] == {"url": receiver.url(path)}, "the secret is told once"
    publish(client, collection, "elsewhere", geometry={"type": "Point", "coordinates": [-60, 0]}, bbox=[-60, 0, -60, 0])
    publish(client, collection, "here")
    call = eventually(lambda: receiver.at(path), SOON)[0]
    eventually(lambda: mails(owner.email), SOON)

    assert call.signed_by(secret) and not call.signed_by(secret + "x")
    assert call.headers["content-type"] == "application/json"
    assert call.json["type"] == "search.matched" and call.json["saved_search"] == saved["saved_search"] and call.json["count"] == 1
    match, = call.json["matches"]
    assert (match["collection"], match["item"], match["datetime"]) == (collection, "here", "2020-06-01T10:20:30Z")
    assert owner.get(match["href"]).json()["id"] == "here"
    assert call.headers["nadir-delivery"] == call.json["delivery"]

    message, = mails(owner.email)
    assert message["Subject"] == "Neue Szene: Rhein – Mosel" and message["Message-ID"].startswith(f"<{deliveries(owner, saved)['mail']['delivery']}@")
    text = message.get_content()
    assert f"{collection} / here" in text and "Söphie" in text and "/#/searches" in text
    assert matches(owner, saved) == [(collection, "here")]
    now = owner.get(f"{HOME}/{saved['saved_search']}").json()
    assert now["matched"] == 1 and now["matched_at"]
    eventually(lambda: all(one["state"] == "sent" for one in deliveries(owner, saved).values()))


def deliveries(session, saved):
    """The newest of each channel."""
    found = {}
    for one in session.get(f"{HOME}/{saved['saved_search']}/deliveries").json()["deliveries"]:
        found.setdefault(one["channel"], one)
    return found


FILTERS = [
    ({"filter": {"op": "<", "args": [{"property": "eo:cloud_cover"}, 10]}, "filter-lang": "cql2-json"}, {"clear"}),
    ({"query": {"eo:cloud_cover": {"gte": 10}}}, {"cloudy"}),
    ({"ids": ["clear", "none"]}, {"clear"}),
    ({"datetime": "2021-01-01T00:00:00Z/.."}, {"late"}),
    ({"bbox": [175, -10, -175, 10]}, {"late"}),
    ({"bbox": [-10, 40, 10, 60]}, {"clear", "cloudy"}),
    ({}, {"clear", "cloudy", "late", "nowhere"}),
    ({"q": "volcano"}, {"late"}),
]


def test_each_search_gets_what_it_asks_for(owner, client, collection):
    wanted = [(save(owner, {"collections": [collection], **search}), expected) for search, expected in FILTERS]
    elsewhere = save(owner, {"collections": ["blue-marble"]})
    add_many(client, collection, [
        item_document(collection, "clear", properties={"datetime": "2020-06-01T00:00:00Z", "eo:cloud_cover": 3}),
        item_document(collection, "cloudy", properties={"datetime": "2020-06-01T00:00:00Z", "eo:cloud_cover": 90}),
        item_document(collection, "late", geometry={"type": "Point", "coordinates": [179, 0]}, bbox=[179, 0, 179, 0],
                      properties={"datetime": "2022-06-01T00:00:00Z", "title": "A volcano"}),
        item_document(collection, "nowhere", geometry={"type": "Point", "coordinates": [-100, -80]}, bbox=[-100, -80, -100, -80]),
    ])
    for saved, expected in wanted:
        eventually(lambda: {item for _, item in matches(owner, saved)} == expected, SOON)
    assert matches(owner, elsewhere) == []


def test_what_was_there_before_and_what_only_changes_is_no_match(owner, client, collection):
    publish(client, collection, "before")
    time.sleep(1.5)
    saved = save(owner, {"collections": [collection]})
    answer = client.put(f"/stac/collections/{collection}/items/before", json=item_document(collection, "before", properties={"datetime": "2020-07-01T00:00:00Z"}))
    assert answer.status_code in (200, 204)
    publish(client, collection, "after")
    eventually(lambda: matches(owner, saved), SOON)
    assert matches(owner, saved) == [(collection, "after")]


def test_a_pause_is_a_pause(owner, client, collection):
    saved = save(owner, {"collections": [collection]})
    path = f"{HOME}/{saved['saved_search']}"
    owner.patch(path, json={"state": "paused"})
    publish(client, collection, "during")
    time.sleep(2)
    assert owner.patch(path, json={"state": "active"}).json()["state"] == "active"
    publish(client, collection, "after")
    eventually(lambda: matches(owner, saved), SOON)
    assert matches(owner, saved) == [(collection, "after")]


def test_mails_are_gathered(owner, client, collection):
    """The first match is told at once; what follows within ten minutes waits for one mail."""
    saved = save(owner, {"collections": [collection]}, mail=True)
    publish(client, collection, "a")
    eventually(lambda: mails(owner.email), SOON)
    for name in "bcd":
        publish(client, collection, name)
        eventually(lambda: (collection, name) in matches(owner, saved), SOON)
    time.sleep(1)
    assert len(mails(owner.email)) == 1
    waiting = deliveries(owner, saved)["mail"]
    assert waiting["state"] == "waiting" and waiting["next_at"] and len(owner.get(f"{HOME}/{saved['saved_search']}/deliveries").json()["deliveries"]) == 2


def test_many_at_once_are_one_call(owner, client, collection, receiver):
    path = "/many/" + uuid.uuid4().hex
    save(owner, {"collections": [collection]}, webhook={"url": receiver.url(path)})
    add_many(client, collection, [item_document(collection, f"n{n}") for n in range(250)])
    eventually(lambda: sum(call.json["count"] for call in receiver.at(path)) == 250, SOON)
    assert all(len(call.json["matches"]) <= 100 for call in receiver.at(path))


@pytest.mark.once
def test_a_receiver_that_fails_is_tried_again_and_others_do_not_wait(owner, client, collection, receiver):
    failing, gone, well = ("/" + word + "/" + uuid.uuid4().hex for word in ("failing", "gone", "well"))
    receiver.answers[failing] = [500, 302, 204]
    receiver.answers[gone] = [410]
    saved = {path: save(owner, {"collections": [collection]}, webhook={"url": receiver.url(path)}) for path in (failing, gone, well)}
    publish(client, collection, "x")
    eventually(lambda: receiver.at(well), SOON)
    eventually(lambda: deliveries(owner, saved[gone])["webhook"]["state"] == "dead", SOON)
    assert deliveries(owner, saved[gone])["webhook"]["error"] == "the answer had status 410"
    eventually(lambda: deliveries(owner, saved[failing])["webhook"]["state"] == "sent", 40)
    calls = receiver.at(failing)
    assert len(calls) == 3 and len({call.headers["nadir-delivery"] for call in calls}) == 1
    assert len({call.headers["nadir-signature"] for call in calls}) == 3, "each call is signed for its own time"
    assert all(call.signed_by(saved[failing]["webhook"]["secret"]) for call in calls)
    assert not receiver.at("/elsewhere"), "redirects are not followed"
    assert len(receiver.at(gone)) == 1


def test_webhooks_cannot_reach_inside(owner, client, collection):
    """Names that lead to this machine are taken as they come, and the connection is refused."""
    addresses = ["https://localhost/", "https://127.0.0.1:1/", "https://[::1]/", "https://10.0.0.1/", "https://169.254.169.254/latest/meta-data/"]
    saved = [save(owner, {"collections": [collection]}, webhook={"url": url}) for url in addresses]
    publish(client, collection, "x")
    for one in saved:
        tried = eventually(lambda: (d := deliveries(owner, one).get("webhook")) and d["error"] and d, 15)
        assert tried["error"].startswith("no answer"), tried


# ---- rights ----

def test_owners_hear_of_what_they_may_see_only(owner, scientist, admin):
    """An item in a private collection: its owner's searches and an administrator's match, nobody else's."""
    name = "test-" + uuid.uuid4().hex
    assert scientist.post("/stac/collections", json=collection_document(name)).status_code == 201
    searches = {session: save(session, {"ids": [name]}) for session in (owner, scientist, admin)}
    try:
        publish(scientist, name, name)
        eventually(lambda: matches(scientist, searches[scientist]) == [(name, name)], SOON)
        eventually(lambda: matches(admin, searches[admin]) == [(name, name)], SOON)
        time.sleep(1)
        assert matches(owner, searches[owner]) == []
        assert owner.get(f"{HOME}/{searches[owner]['saved_search']}").json()["matched"] == 0
    finally:
        for session, saved in searches.items():
            session.delete(f"{HOME}/{saved['saved_search']}")
        scientist.delete(f"/stac/collections/{name}/items/{name}")
        scientist.delete("/stac/collections/" + name)


def test_a_match_that_went_away_is_not_told_of(owner, client, collection):
    saved = save(owner, {"collections": [collection]})
    publish(client, collection, "x")
    eventually(lambda: matches(owner, saved), SOON)
    assert client.delete(f"/stac/collections/{collection}/items/x").status_code == 204
    assert matches(owner, saved) == []


# ---- kill -9 ----

def test_each_match_is_told_once_though_the_module_is_killed(owner, client, collection, receiver):
    path = "/killed/" + uuid.uuid4().hex
    saved = save(owner, {"collections": [collection]}, webhook={"url": receiver.url(path)})
    published = []
    for turn in range(60):
        if turn in (5, 20, 40):
            kill_service(service_of("discovery"))
        name = f"k{turn}"

        def sent():
            answer = client.post(f"/stac/collections/{collection}/items", json=item_document(collection, name))
            assert answer.status_code in (201, 409), answer.text
            return True

        eventually(sent, 60)
        published.append(name)
    eventually(lambda: sorted(item for _, item in matches(owner, saved)) == sorted(published), 60)
    by_delivery = {}

    def told():
        for call in receiver.at(path):
            by_delivery[call.json["delivery"]] = [match["item"] for match in call.json["matches"]]
        return sorted(item for items in by_delivery.values() for item in items)

    eventually(lambda: len(told()) >= len(published), 90)
    assert told() == sorted(published), "an item stands in two notices"
    assert owner.get(f"{HOME}/{saved['saved_search']}").json()["matched"] == len(published)
