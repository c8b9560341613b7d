"""Results of processing: an item of its owner, seen by nobody else until it is shared."""
from helpers import eventually, problem
from products import private_product


def results_of(session):
    return {item["id"] for item in session.get("/stac/search", params={"collections": "results", "limit": 1000}).json()["features"]}


def test_a_result_is_its_owners(user, other_user, anon, admin, client):
    item = private_product(admin, user)["item"]
    place = "/stac/collections/results/items/" + item
    eventually(lambda: item in results_of(user))
    assert user.get(place).status_code == 200 and item in results_of(admin)
    for stranger in (other_user, anon, client):
        problem(stranger.get(place), 404)
        assert item not in results_of(stranger)
        page = stranger.get("/stac/search", params={"ids": item, "limit": 1}).json()
        assert page["features"] == [] and page["numberMatched"] == 0
    problem(client.delete(place), 404)  # a writer who may not see it cannot remove it either

    shared = user.post("/sharing/v1/shares", json={"collection": "results", "item": item, "with": other_user.email})
    assert shared.status_code == 201, shared.text
    eventually(lambda: item in results_of(other_user))
    problem(anon.get(place), 404)
    assert user.delete("/sharing/v1/shares/" + shared.json()["share"]).status_code == 204
    eventually(lambda: item not in results_of(other_user))
