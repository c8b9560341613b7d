"""Events that a module could not take: shown to administrators wherever they lie, and handed over again."""
import json
import os
import shutil
import subprocess
import uuid

import pytest
from helpers import problem

LETTERS = "/platform/v1/dead-letters"


def sql(statement):
    """Runs SQL in sharing's database, as only someone on the machine can."""
    done = subprocess.run(["psql", "-qtA", "-v", "ON_ERROR_STOP=1", "-h", os.path.join(os.environ["NADIR_VAR"], "run"), "-U", "postgres", "nadir_sharing"],
                          input=statement, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("the instance's database cannot be reached: " + done.stderr.strip())
    return done.stdout.split()


@pytest.fixture
def letters():
    """Two letters: one that can be taken now, one that never can."""
    if not shutil.which("psql") or not os.environ.get("NADIR_VAR"):
        pytest.skip("needs psql and NADIR_VAR")
    person = f"dead-{uuid.uuid4().hex}"
    good = json.dumps({"id": person, "type": "user.registered", "time": "2026-01-01T00:00:00Z",
                       "data": {"user": person, "email": person + "@nadir.example", "name": "D"}})
    bad = json.dumps({"id": person, "type": "user.registered", "data": {}})
    ids = sql(f"INSERT INTO bus_dead_letter (stream, entry_id, event, error) VALUES ('nadir:identity', '0-1', '{good}', 'test'),"
              f" ('nadir:identity', '0-2', '{bad}', 'test') RETURNING id;")
    yield person, ids
    sql(f"DELETE FROM bus_dead_letter WHERE id IN ({ids[0]}, {ids[1]}); DELETE FROM known_user WHERE subject = '{person}';")


def shown(admin, **params):
    answer = admin.get(LETTERS, params=params)
    assert answer.status_code == 200, answer.text
    assert answer.json()["unreachable"] == []
    return {letter["id"]: letter for letter in answer.json()["dead_letters"] if letter["module"] == "sharing"}


def test_shown_and_handed_over_again(letters, admin, scientist):
    person, (good, bad) = letters
    found = shown(admin)
    assert found[good]["stream"] == "nadir:identity" and person in found[good]["event"] and found[bad]["error"] == "test"
    replay = f"{LETTERS}/sharing/{good}/replay"
    problem(scientist.post(replay), 403)
    assert admin.post(replay).status_code == 204
    assert sql(f"SELECT count(*) FROM known_user WHERE subject = '{person}';") == ["1"]
    problem(admin.post(replay), 404)
    problem(admin.post(f"{LETTERS}/sharing/{bad}/replay"), 422, "failed-again")
    left = shown(admin)
    assert bad in left and good not in left


def test_page_by_page_of_one_module(letters, admin):
    _, ids = letters
    seen, cursor = [], None
    while True:
        page = admin.get(LETTERS, params={"module": "sharing", "limit": 1, "cursor": cursor}).json()
        seen += [letter["id"] for letter in page["dead_letters"]]
        cursor = page["next"]
        if not cursor:
            break
    assert len(seen) == len(set(seen)) and set(ids) <= set(seen)


@pytest.mark.parametrize("path, status", [
    ("?module=nope", 400), ("?cursor=MQ", 400), ("?module=sharing&limit=0", 400), ("?module=sharing&cursor=x", 400), ("?module=%27", 400),
])
def test_bad_input(admin, path, status):
    problem(admin.get(LETTERS + path), status)


@pytest.mark.parametrize("path", ["/sharing/999999999/replay", "/nope/1/replay", "/sharing/x/replay", "/sharing/-1/replay", "/sharing/1%2f2/replay",
                                  "/sharing/99999999999999999999999/replay"])
def test_no_such_letter(admin, anon, user, path):
    problem(admin.post(LETTERS + path), 404)
    problem(anon.post(LETTERS + path), 401)
    problem(user.post(LETTERS + path), 403)


def test_the_inner_address_is_not_for_the_outside(anon, admin):
    assert anon.get("/internal/sharing/dead-letters").status_code == 404
    assert admin.get("/internal/sharing/dead-letters").status_code == 404
