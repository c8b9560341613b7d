"""With one module stopped the others answer what they own, and what was waiting happens when it returns. Modular shape only."""
import contextlib
import os
import shutil
import subprocess
import time

import pytest
from helpers import eventually, kill_service, problem
from products import FREE, buy, give, key

MODULES = ["identity", "billing", "discovery", "view", "download", "processing", "sharing", "services", "statistics", "backoffice"]

pytestmark = [
    pytest.mark.skipif(os.environ.get("NADIR_SHAPE") != "modular", reason="in a monolith no module stops alone"),
    pytest.mark.skipif(not shutil.which("sv") or not os.environ.get("NADIR_VAR"), reason="needs runit's sv and NADIR_VAR"),
]


def sv(command, module):
    folder = os.path.join(os.environ["NADIR_VAR"], "service", module)
    done = subprocess.run(["sv", "-w", "20", command, folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def stopped(admin):
    """stopped("billing") as a context: the module is down inside it, and ready again after it."""

    @contextlib.contextmanager
    def stop(name):
        sv("down", name)
        try:
            yield
        finally:
            # The status is up to two seconds old: once it has told of the stop, "ready" is news of the return.
            if name in MODULES and name != "backoffice":
                eventually(lambda: not ready(admin, name))
            sv("up", name)
            if name in MODULES:
                eventually(lambda: ready(admin, name), 30)

    return stop


def ready(admin, name):
    if name == "backoffice":
        return admin.get("/platform/v1/status").status_code == 200
    return any(m["module"] == name and m["ready"] for m in admin.get("/platform/v1/status").json()["modules"])


def probe(name, user, admin):
    """A question that a module answers from what it owns."""
    item = "{collection}/{item}".format(**FREE)
    ask = {
        "identity": lambda: user.get("/.well-known/openid-configuration"),
        "billing": lambda: user.get("/billing/v1/wallet"),
        "discovery": lambda: user.get("/stac/search?limit=1"),
        "view": lambda: user.get("/view/v1/items/" + item),
        "download": lambda: user.get("/download/v1/items/" + item),
        "processing": lambda: user.get("/processing/processes"),
        "sharing": lambda: user.get("/sharing/v1/shares"),
        "services": lambda: user.get("/services/v1/services"),
        "statistics": lambda: admin.get("/statistics/v1/kpis"),
        "backoffice": lambda: admin.get("/platform/v1/users"),
    }
    return ask[name]()


@pytest.mark.parametrize("name", MODULES)
def test_the_others_answer(stopped, user, admin, name):
    assert user.token and admin.token
    with stopped(name):
        for other in MODULES:
            answer = probe(other, user, admin)
            if other == name:
                assert answer.status_code in (502, 503, 504), answer.text
                assert answer.headers["Content-Type"].startswith("application/problem+json")
                assert int(answer.headers["Retry-After"]) > 0
            else:
                assert answer.status_code == 200, (other, answer.status_code, answer.text[:300])
        if name != "backoffice":
            status = eventually(lambda: (s := admin.get("/platform/v1/status").json()["modules"]) and not health(s, name)["alive"] and s)
            assert all(m["ready"] for m in status if m["module"] != name)
    assert eventually(lambda: probe(name, user, admin).status_code == 200)


def health(status, name):
    return next(m for m in status if m["module"] == name)


def test_a_purchase_reaches_download_when_it_returns(stopped, new_user, admin, demo):
    person = new_user()
    path = "/download/v1/items/{collection}/{item}".format(**demo["paid"])
    with stopped("download"):
        buy(admin, person, demo["paid"])
    eventually(lambda: person.get(path).json()["access"] == "granted")


def test_statistics_catches_up_exactly(stopped, new_user, admin, demo):
    person = new_user()
    give(admin, person)
    orders = len(all_orders(admin))
    eventually(lambda: admin.get("/statistics/v1/kpis").json()["orders"] == orders)
    with stopped("statistics"):
        buy(admin, person, demo["paid"])
        buy(admin, person, demo["paid2"])
    eventually(lambda: admin.get("/statistics/v1/kpis").json()["orders"] == orders + 2)


def all_orders(admin):
    found, cursor = [], None
    while True:
        page = admin.get("/platform/v1/orders", params={"limit": 200, "cursor": cursor}).json()
        found += page["orders"]
        cursor = page["next"]
        if not cursor:
            return found


@pytest.mark.parametrize("name", ["billing", "runner"])
def test_a_job_waits_for_its_money_or_its_runner(stopped, new_user, admin, name):
    person = new_user()
    give(admin, person)
    with stopped(name):
        answer = person.post("/processing/processes/ndvi/execution", json={"inputs": {"scene": FREE}}, headers={"Prefer": "respond-async", **key()})
        assert answer.status_code == 201, answer.text
        job = answer.headers["Location"]
        assert person.get(job).json()["status"] == "accepted"
    eventually(lambda: person.get(job).json()["status"] == "successful", 60)


def test_people_who_came_while_sharing_was_down_are_known_to_it(stopped, new_user, scientist, admin):
    with stopped("sharing"):
        person = new_user()
    problem(person.post("/sharing/v1/shares", json={**FREE, "with": person.email}), 403, "not-yours")
    # The back office heard of the person as well, without having been stopped.
    eventually(lambda: admin.get("/platform/v1/users", params={"q": person.email}).json()["users"])


def test_tokens_are_good_without_identity_even_for_a_module_that_starts(stopped, new_user, admin):
    person = new_user()
    assert admin.token
    made = person.post("/identity/v1/api-keys", json={"name": "t", "scope": "download:file.read"}).json()["key"]
    path = "/download/v1/entitlements"
    keyed = {"Authorization": "Bearer " + made}
    eventually(lambda: person.get(path, headers=keyed).status_code == 200)
    with stopped("identity"):
        sv("restart", "download")
        eventually(lambda: person.get(path).status_code == 200)
        assert person.get(path, headers=keyed).status_code == 200
        problem(person.get(path, headers={"Authorization": "Bearer " + person.token[:-6] + "AAAAAA"}), 401)


def test_a_revoked_key_stops_working_in_a_module_that_was_down(stopped, new_user, admin):
    person = new_user()
    made = person.post("/identity/v1/api-keys", json={"name": "t", "scope": "download:file.read"}).json()
    keyed = {"Authorization": "Bearer " + made["key"]}
    path = "/download/v1/entitlements"
    eventually(lambda: person.get(path, headers=keyed).status_code == 200)
    with stopped("download"):
        assert person.delete("/identity/v1/api-keys/" + made["id"]).status_code in (200, 204)
    eventually(lambda: person.get(path, headers=keyed).status_code == 401)


def test_downloads_are_counted_once_while_modules_are_killed(new_user, admin):
    """A granted download is committed before it is answered: what was answered is counted, what is counted was asked for."""
    person = new_user()
    assets = person.get("/download/v1/items/{collection}/{item}".format(**FREE)).json()["assets"]
    href = next(a["href"] for a in assets if "data" in a["roles"])
    before = settled(admin)
    answered = asked = 0
    for turn in range(200):
        if turn in (40, 120):
            kill_service("statistics")
        if turn in (60, 140):
            kill_service("download")
        for _ in range(200):
            asked += 1
            if person.get(href).status_code == 200:
                answered += 1
                break
            time.sleep(0.05)
    eventually(lambda: ready(admin, "download") and ready(admin, "statistics"), 30)
    counted = settled(admin) - before
    assert answered <= counted <= asked
    assert answered == 200


def settled(admin):
    """The number of downloads once no event is on its way any more."""
    last = None
    while True:
        answer = admin.get("/statistics/v1/kpis")
        now = answer.json()["downloads"] if answer.status_code == 200 else None
        if now is not None and now == last:
            return now
        last = now
        time.sleep(1.5)
