"""A private item is shared, used by the other person, and taken back."""
import uuid

import pytest
from helpers import eventually, problem
from products import private_product

SHARES = "/sharing/v1/shares"


@pytest.fixture(scope="module")
def owner(new_user):
    return new_user("Olaf Owner")


@pytest.fixture(scope="module")
def item(owner, admin):
    product = private_product(admin, owner)
    # Sharing has heard of the item once it refuses for another reason than that.
    eventually(lambda: owner.post(SHARES, json={**product, "with": "nobody@nadir.example"}).status_code == 422)
    return product


def share(owner, item, person):
    """Shares with a person whom sharing may still have to hear of."""
    return eventually(lambda: (a := owner.post(SHARES, json={**item, "with": person.email})).status_code in (200, 201) and a)


def sees(person, item):
    return person.get("/download/v1/items/{collection}/{item}".format(**item)).status_code == 200


def test_a_shared_item_is_seen_downloaded_and_found(owner, item, new_user, anon):
    friend = new_user("Fay Friend")
    assert not sees(friend, item)
    answer = share(owner, item, friend)
    assert answer.status_code == 201
    body = answer.json()
    assert body["owner"] == owner.subject and body["with"]["user"] == friend.subject and body["item"] == item["item"]
    eventually(lambda: sees(friend, item))
    path = "/download/v1/items/{collection}/{item}/assets/ndvi".format(**item)
    assert friend.get(path).status_code == 200
    assert anon.get(path).status_code == 404
    view = "/view/v1/items/{collection}/{item}".format(**item)
    eventually(lambda: friend.get(view).status_code == 200)
    assert anon.get(view).status_code == 404
    eventually(lambda: friend.get("/stac/collections/{collection}/items/{item}".format(**item)).status_code == 200)
    assert anon.get("/stac/collections/{collection}/items/{item}".format(**item)).status_code == 404
    assert owner.delete(SHARES + "/" + body["share"]).status_code == 204
    eventually(lambda: not sees(friend, item))
    problem(friend.get(path), 404)
    eventually(lambda: friend.get(view).status_code == 404)
    eventually(lambda: friend.get("/stac/collections/{collection}/items/{item}".format(**item)).status_code == 404)


def test_sharing_again_gives_the_same_share(owner, item, new_user):
    friend = new_user()
    first = share(owner, item, friend)
    by_id = owner.post(SHARES, json={**item, "with": friend.subject})
    upper = owner.post(SHARES, json={**item, "with": friend.email.upper()})
    assert first.status_code == 201 and by_id.status_code == upper.status_code == 200
    assert first.json() == by_id.json() == upper.json()


def test_only_the_owner_shares(owner, item, user, admin, anon, demo):
    problem(anon.post(SHARES, json={**item, "with": user.email}), 401)
    for stranger in (user, admin):
        problem(stranger.post(SHARES, json={**item, "with": owner.email}), 404)
    problem(user.post(SHARES, json={**demo["free"], "with": owner.email}), 403, "not-yours")
    problem(owner.post(SHARES, json={"collection": "results", "item": "no-such", "with": user.email}), 404)


def test_one_who_was_given_a_share_cannot_give_it_on(owner, item, new_user):
    friend, third = new_user(), new_user()
    share(owner, item, friend)
    share(owner, item, third)
    problem(friend.post(SHARES, json={**item, "with": third.email}), 404)


@pytest.mark.parametrize("change, field", [
    ({"with": None}, "with"), ({"with": ""}, "with"), ({"with": 7}, "with"), ({"with": "a" * 400}, "with"), ({"item": 7}, "item"), ({"item": ""}, "item"),
    ({"collection": {}}, "collection"), ({"more": True}, "more"), ({"with": "nobody@nadir.example"}, "with"), ({"with": "' OR '1'='1"}, "with"),
    ({"with": "%"}, "with"),
])
def test_bad_input(owner, item, change, field):
    body = {key: value for key, value in {**item, "with": "nobody@nadir.example", **change}.items() if value is not None}
    assert problem(owner.post(SHARES, json=body), 422)["field"] == field


def test_not_with_oneself(owner, item):
    assert eventually(lambda: owner.post(SHARES, json={**item, "with": owner.email}).json()["detail"].startswith("It is yours"))


def test_the_other_person_may_give_a_share_up_but_nobody_else(owner, item, new_user, user):
    friend = new_user()
    made = SHARES + "/" + share(owner, item, friend).json()["share"]
    assert friend.get(made).json()["with"]["user"] == friend.subject
    problem(user.get(made), 404)
    problem(user.delete(made), 404)
    assert friend.delete(made).status_code == 204
    problem(owner.get(made), 404)
    problem(owner.delete(made), 404)


def test_lists_page_by_page(new_user, admin):
    owner = new_user()
    item = private_product(admin, owner)
    friends = [new_user() for _ in range(3)]
    for friend in friends:
        share(owner, item, friend)
    seen, cursor = [], None
    while True:
        page = owner.get(SHARES, params={"limit": 2, "cursor": cursor}).json()
        seen += [s["with"]["user"] for s in page["shares"]]
        cursor = page["next"]
        if not cursor:
            break
    assert sorted(seen) == sorted(f.subject for f in friends)
    received = friends[0].get(SHARES, params={"direction": "received"}).json()["shares"]
    assert [s["item"] for s in received] == [item["item"]]
    assert friends[0].get(SHARES).json()["shares"] == []


@pytest.mark.parametrize("query, field", [("direction=up", "direction"), ("limit=-1", "limit"), ("cursor=*", "cursor")])
def test_bad_lists(user, query, field):
    assert problem(user.get(SHARES + "?" + query), 400)["field"] == field


def test_scopes(owner, item, anon):
    made = owner.post("/identity/v1/api-keys", json={"name": "t", "scope": "sharing:share.read"})
    headers = {"Authorization": "Bearer " + made.json()["key"]}
    eventually(lambda: anon.get(SHARES, headers=headers).status_code == 200)
    problem(anon.post(SHARES, json={**item, "with": uuid.uuid4().hex}, headers=headers), 403, "insufficient-scope")
