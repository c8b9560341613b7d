"""The back office's pages: health, people, orders, revenue, jobs; for administrators, and nobody else."""
import pytest
from helpers import eventually, problem
from products import buy, private_product

ROUTES = ["status", "users", "orders", "revenue", "jobs", "dead-letters"]
MODULES = {"identity", "billing", "discovery", "view", "download", "processing", "sharing", "services", "statistics", "backoffice"}


def platform(session, route, **params):
    answer = session.get("/platform/v1/" + route, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("route", ROUTES)
def test_only_administrators(anon, user, scientist, client, admin, route):
    path = "/platform/v1/" + route
    problem(anon.get(path), 401)
    for session in (user, scientist, client):
        problem(session.get(path), 403)
    assert admin.get(path).status_code == 200


def test_every_module_is_ready(admin):
    status = eventually(lambda: (s := platform(admin, "status"))["ready"] and s, 30)
    assert {m["module"] for m in status["modules"]} == MODULES
    for module in status["modules"]:
        assert module["alive"] and module["ready"] and module["checks"]["database"] is True and module["seconds"] < 2


def test_a_new_person_is_listed(admin, new_user):
    person = new_user("Paula Platform")
    found = eventually(lambda: platform(admin, "users", q=person.email)["users"])
    assert len(found) == 1 and found[0]["user"] == person.subject and found[0]["name"] == "Paula Platform" and found[0]["roles"] == []
    assert platform(admin, "users", q=person.subject)["users"] == found
    assert platform(admin, "users", q=person.email.upper())["users"] == found
    assert platform(admin, "users", limit=1)["users"][0]["registered_at"] >= found[0]["registered_at"]


def test_an_order_is_listed_and_adds_to_the_revenue(admin, new_user, demo):
    person = new_user()
    before = {r["currency"]: r for r in platform(admin, "revenue")["revenue"]}
    order = buy(admin, person, demo["paid"])
    found = eventually(lambda: platform(admin, "orders", user=person.subject)["orders"])
    assert [o["order"] for o in found] == [order["order"]]
    assert found[0]["total"] == order["total"] and found[0]["email"] == person.email and len(found[0]["lines"]) == 1
    after = {r["currency"]: r for r in platform(admin, "revenue", days=1)["revenue"]}[order["currency"]]
    assert after["orders"] >= before.get(order["currency"], {"orders": 0})["orders"] + 1 or platform(admin, "revenue")["revenue"]
    assert after["sold"] >= order["total"] and after["total"] == after["sold"] + after["computed"]


def test_a_job_is_listed_with_its_end(admin, new_user):
    person = new_user()
    private_product(admin, person)
    job = eventually(lambda: platform(admin, "jobs", user=person.subject, state="succeeded")["jobs"])[0]
    assert job["process"] == "ndvi" and job["seconds"] > 0 and job["amount"] > 0 and job["updated_at"] >= job["created_at"]
    assert platform(admin, "jobs", user=person.subject, state="failed")["jobs"] == []
    assert platform(admin, "jobs", user=person.subject, process="other")["jobs"] == []


def test_people_page_by_page(admin, new_user):
    people = [new_user() for _ in range(3)]
    eventually(lambda: platform(admin, "users", q=people[-1].email)["users"])
    seen, cursor = [], None
    while not cursor or len(seen) < 3:
        page = platform(admin, "users", limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [u["user"] for u in page["users"]]
        cursor = page["next"]
        if not cursor:
            break
    assert len(seen) == len(set(seen))
    assert {p.subject for p in people} <= set(seen[:10])


def test_no_event_is_stuck(admin):
    assert platform(admin, "dead-letters")["dead_letters"] == []


@pytest.mark.parametrize("query, field", [
    ("users?limit=0", "limit"), ("users?q=" + "a" * 201, "q"), ("orders?limit=1000", "limit"), ("orders?cursor=x", "cursor"),
    ("orders?cursor=LTE", "cursor"), ("jobs?state=unknown", "state"), ("jobs?cursor=OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "cursor"),
    ("revenue?days=0", "days"), ("dead-letters?cursor=%27", "cursor"),
])
def test_bad_input(admin, query, field):
    assert problem(admin.get("/platform/v1/" + query), 400)["field"] == field


@pytest.mark.parametrize("q", ["'", "%", "_", "\\", "\"; DROP TABLE known_user; --"])
def test_search_text_is_harmless(admin, q):
    assert platform(admin, "users", q=q)["users"] == []
