"""Accounts, roles, clients, API keys and the audit log."""
import time
import uuid

import pytest
from helpers import claims, eventually, problem
from oidc import browser, sign_in


def email():
    return f"u-{uuid.uuid4().hex[:16]}@nadir.example"


def bearer(credential):
    return {"Authorization": "Bearer " + credential}


def test_register(anon):
    body = {"email": email(), "password": "quiet orbit seven", "name": "Zoë <i>O'Hara</i>"}
    answer = anon.post("/identity/v1/users", json=body)
    assert answer.status_code == 201 and answer.headers["Location"].endswith(answer.json()["user"])
    made = answer.json()
    assert (made["email"], made["name"], made["roles"]) == (body["email"], body["name"], [])
    assert "password" not in answer.text
    problem(anon.post("/identity/v1/users", json=body), 409, "email-taken")
    problem(anon.post("/identity/v1/users", json={**body, "email": body["email"].upper()}), 409, "email-taken")


@pytest.mark.parametrize("change, field", [
    ({"email": None}, "email"), ({"email": 7}, "email"), ({"email": "nonsense"}, "email"), ({"email": "a@b.co\u0000"}, None),
    ({"email": "a" * 300 + "@b.co"}, "email"), ({"email": "a@b.co\r\nBcc: x@y.z"}, "email"), ({"password": "short"}, "password"),
    ({"password": "password123"}, "password"), ({"password": "x" * 300}, "password"), ({"password": ["a"]}, "password"),
    ({"name": ""}, "name"), ({"name": "x" * 101}, "name"), ({"name": "a\nb"}, "name"), ({"roles": ["admin"]}, "roles"),
])
def test_register_refuses(anon, change, field):
    body = {"email": email(), "password": "quiet orbit seven", "name": "N", **change}
    answer = anon.post("/identity/v1/users", json=body)
    assert answer.status_code in (400, 422) and answer.headers["Content-Type"].startswith("application/problem+json")
    if field:
        assert answer.json()["field"] == field


def test_register_refuses_what_is_no_json(anon):
    for body, kind in ((b"{", "application/json"), (b"\xff\xfe", "application/json"), (b"[]", "application/json"),
                       (b'{"email":"a","email":"b"}', "application/json"), (b"email=a", "application/x-www-form-urlencoded")):
        answer = anon.post("/identity/v1/users", data=body, headers={"Content-Type": kind})
        assert answer.status_code in (400, 415, 422), answer.text


def test_me(user, anon):
    mine = user.get("/identity/v1/me").json()
    assert mine["user"] == user.subject and mine["email"] == user.email
    assert user.patch("/identity/v1/me", json={"name": "Una Renamed"}).json()["name"] == "Una Renamed"
    assert user.get("/identity/v1/me").json()["name"] == "Una Renamed"
    problem(user.patch("/identity/v1/me", json={"name": "x", "roles": ["admin"]}), 422)
    problem(user.patch("/identity/v1/me", json={"name": " "}), 422)
    problem(anon.get("/identity/v1/me"), 401)


def test_users_are_for_administrators(user, admin, scientist, client):
    for path in ("/identity/v1/users", f"/identity/v1/users/{user.subject}", "/identity/v1/clients", "/identity/v1/audit"):
        for who in (user, scientist, client):
            problem(who.get(path), 403)
        assert admin.get(path).status_code == 200
    problem(user.put(f"/identity/v1/users/{user.subject}/roles", json={"roles": ["admin"]}), 403)
    problem(user.patch(f"/identity/v1/users/{user.subject}", json={"disabled": False}), 403)
    problem(user.post("/identity/v1/clients", json={}), 403)


def test_users_page_once_each(admin, new_user):
    made = {new_user().subject for _ in range(3)}
    seen, cursor = [], None
    while True:
        page = admin.get("/identity/v1/users", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [u["user"] for u in page["users"]]
        cursor = page["next"]
        if not cursor:
            break
    assert len(seen) == len(set(seen)) and made <= set(seen)
    for bad in ("0", "501", "x", "-1", "1e3", "99999999999999999999"):
        problem(admin.get("/identity/v1/users", params={"limit": bad}), 400)
    assert admin.get("/identity/v1/users", params={"email": "' OR 1=1 --"}).json()["users"] == []
    problem(admin.get("/identity/v1/users/nobody"), 404)


def test_roles(base, admin, new_user):
    person = new_user()
    path = f"/identity/v1/users/{person.subject}/roles"
    assert admin.put(path, json={"roles": ["scientist"]}).json()["roles"] == ["scientist"]
    richer = sign_in(base, person.email, person.password)
    assert claims(richer["access_token"])["roles"] == ["scientist"]
    assert "processing:process.write" in richer["scope"].split()
    assert admin.put(path, json={"roles": []}).json()["roles"] == []
    answer = browser().get(base + "/identity/v1/me", headers=bearer(richer["access_token"]), timeout=60)
    assert answer.status_code == 401, "a token with a role that was taken is void"
    refreshed = browser().post(base + "/oauth2/token", timeout=60, data={
        "grant_type": "refresh_token", "client_id": "nadir-portal", "refresh_token": richer["refresh_token"]}).json()
    assert "processing:process.write" not in refreshed["scope"].split()
    problem(admin.put(path, json={"roles": ["emperor"]}), 422)
    problem(admin.put(path, json={"roles": "admin"}), 422)
    problem(admin.put("/identity/v1/users/nobody/roles", json={"roles": []}), 404)
    problem(admin.put(f"/identity/v1/users/{admin.subject}/roles", json={"roles": []}), 409)
    problem(admin.patch(f"/identity/v1/users/{admin.subject}", json={"disabled": True}), 409)


def test_password_change(base, new_user):
    person = new_user()
    problem(person.put("/identity/v1/me/password", json={"current": "wrong wrong wrong", "password": "quiet orbit eight"}), 403)
    problem(person.put("/identity/v1/me/password", json={"current": person.password, "password": "short"}), 422)
    assert person.put("/identity/v1/me/password", json={"current": person.password, "password": "quiet orbit eight"}).status_code == 204
    problem(person.get("/identity/v1/me"), 401)
    assert sign_in(base, person.email, "quiet orbit eight")["access_token"]


def test_api_keys(base, new_user, other_user):
    person = new_user()
    made = person.post("/identity/v1/api-keys", json={"name": "script", "scope": "identity:account.read billing:wallet.read"})
    assert made.status_code == 201 and made.headers["Cache-Control"] == "no-store"
    key = made.json()
    assert key["key"].startswith("nk_") and len(key["key"]) == 46 and key["expires_at"] is None
    web = browser()
    assert web.get(base + "/identity/v1/me", headers=bearer(key["key"]), timeout=60).json()["user"] == person.subject
    problem(web.patch(base + "/identity/v1/me", json={"name": "x"}, headers=bearer(key["key"]), timeout=60), 403)
    eventually(lambda: web.get(base + "/billing/v1/wallet", headers=bearer(key["key"]), timeout=60).status_code == 200)
    listed = person.get("/identity/v1/api-keys").json()["api_keys"]
    assert [k["id"] for k in listed] == [key["id"]] and "key" not in listed[0]
    problem(other_user.delete("/identity/v1/api-keys/" + key["id"]), 404)
    assert person.delete("/identity/v1/api-keys/" + key["id"]).status_code == 204
    problem(web.get(base + "/identity/v1/me", headers=bearer(key["key"]), timeout=60), 401)
    eventually(lambda: web.get(base + "/billing/v1/wallet", headers=bearer(key["key"]), timeout=60).status_code == 401, timeout=4)
    problem(person.delete("/identity/v1/api-keys/" + key["id"]), 404)


def test_api_keys_cannot_rise(base, new_user):
    person = new_user()
    ask = {"name": "k", "scope": "identity:account.read identity:account.write"}
    for bad in ("identity:user.read", "nonsense", "openid", "", "discovery:item.write"):
        problem(person.post("/identity/v1/api-keys", json={**ask, "scope": bad}), 422)
    for bad in (0, -1, 10**12, "soon", 1.5):
        problem(person.post("/identity/v1/api-keys", json={**ask, "expires_in": bad}), 422)
    key = person.post("/identity/v1/api-keys", json={**ask, "expires_in": 3600}).json()
    assert key["expires_at"]
    problem(browser().post(base + "/identity/v1/api-keys", json=ask, headers=bearer(key["key"]), timeout=60), 403, "not-with-api-key")
    problem(browser().put(base + "/identity/v1/me/password", json={}, headers=bearer(key["key"]), timeout=60), 403, "not-with-api-key")


def test_clients(base, admin):
    name = f"c-{uuid.uuid4().hex[:12]}"
    body = {"client": name, "name": "Machine", "kind": "confidential", "grants": ["client_credentials"], "scope": "discovery:item.write"}
    made = admin.post("/identity/v1/clients", json=body).json()
    tokens = browser().post(base + "/oauth2/token", data={"grant_type": "client_credentials"}, auth=(name, made["client_secret"]), timeout=60)
    assert claims(tokens.json()["access_token"])["scope"] == "discovery:item.write"
    problem(admin.post("/identity/v1/clients", json=body), 409, "client-taken")
    for change in ({"client": "a b"}, {"client": "api-key"}, {"kind": "secret"}, {"grants": ["password"]}, {"grants": "x"}, {"scope": "nonsense"},
                   {"redirect_uris": ["javascript:alert(1)"]}, {"redirect_uris": ["https://a.example/#f"]}, {"redirect_uris": [7]},
                   {"kind": "public"}, {"grants": ["authorization_code"]}, {"first_party": "yes"}, {"unknown": 1}):
        problem(admin.post("/identity/v1/clients", json={**body, "client": name + "x", **change}), 422)
    listed = admin.get("/identity/v1/clients").json()["clients"]
    assert any(c["client"] == "nadir-portal" and c["first_party"] for c in listed) and "client_secret" not in str(listed)


def test_audit_tells_who(admin, new_user):
    person = new_user()
    admin.put(f"/identity/v1/users/{person.subject}/roles", json={"roles": ["support"]})
    time.sleep(0.1)
    entries = admin.get("/identity/v1/audit", params={"target": person.subject}).json()["entries"]
    actions = [e["action"] for e in entries]
    assert {"user.registered", "sign_in", "roles.changed"} <= set(actions)
    change = entries[actions.index("roles.changed")]
    assert change["actor"] == admin.subject and change["detail"] == {"from": "", "to": "support"}
    assert person.password not in str(entries)
