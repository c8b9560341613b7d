"""The same thing asked many times at the same moment."""
import uuid
from concurrent.futures import ThreadPoolExecutor

from oidc import authorize, browser, redeem, register, sign_in, submit


def at_once(call, times):
    with ThreadPoolExecutor(times) as pool:
        return [f.result() for f in [pool.submit(call) for _ in range(times)]]


def person(base):
    email, password = f"p-{uuid.uuid4().hex[:16]}@nadir.example", uuid.uuid4().hex
    register(base, email, password, "Petra Person")
    return email, password


def test_one_account_for_one_address(base):
    body = {"email": f"p-{uuid.uuid4().hex[:16]}@nadir.example", "password": "quiet orbit seven", "name": "N"}
    answers = at_once(lambda: browser().post(base + "/identity/v1/users", json=body, timeout=60).status_code, 8)
    assert sorted(answers) == [201] + [409] * 7


def test_one_redemption_of_a_code(base):
    got, verifier = authorize(browser(), base, *person(base))
    answers = at_once(lambda: redeem(base, got["code"], verifier), 8)
    good = [a for a in answers if a.status_code == 200]
    assert len(good) == 1 and all(a.json()["error"] == "invalid_grant" for a in answers if a not in good)
    bearer = {"Authorization": "Bearer " + good[0].json()["access_token"]}
    assert browser().get(base + "/identity/v1/me", headers=bearer, timeout=60).status_code == 401, "the code was played twice"


def test_guesses_at_once_are_all_counted(base):
    email, password = person(base)
    web = browser()
    page = web.get(base + "/identity/login", timeout=60)
    answers = at_once(lambda: submit(web, page, email=email, password="wrong guess one").status_code, 16)
    assert set(answers) == {401, 429} and answers.count(401) <= 8


def test_two_tabs_refresh_at_once(base):
    token = sign_in(base, *person(base))["refresh_token"]
    data = {"grant_type": "refresh_token", "client_id": "nadir-portal", "refresh_token": token}
    answers = at_once(lambda: browser().post(base + "/oauth2/token", data=data, timeout=60), 3)
    assert [a.status_code for a in answers] == [200] * 3
    assert len({a.json()["refresh_token"] for a in answers}) == 3
    for answer in answers:
        bearer = {"Authorization": "Bearer " + answer.json()["access_token"]}
        assert browser().get(base + "/identity/v1/me", headers=bearer, timeout=60).status_code == 200
