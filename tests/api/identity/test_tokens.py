"""The token endpoint and its kin: grants, rotation, introspection, revocation, errors as RFC 6749 writes them."""
import os
import urllib.parse
import uuid

import pytest
import requests
from helpers import claims, eventually
from oidc import authorize, browser, redeem, redirect_uri_of, register, sign_in


@pytest.fixture(scope="module")
def person(base):
    email, password = f"p-{uuid.uuid4().hex[:16]}@nadir.example", uuid.uuid4().hex
    register(base, email, password, "Petra Person")
    return email, password


@pytest.fixture
def credentials():
    return os.environ["NADIR_CLIENT_ID"], os.environ["NADIR_CLIENT_SECRET"]


def token(base, auth=None, headers=None, **data):
    return browser().post(base + "/oauth2/token", data=data, auth=auth, headers=headers, timeout=60)


def refresh(base, refresh_token, **more):
    return token(base, grant_type="refresh_token", client_id="nadir-portal", refresh_token=refresh_token, **more)


def refused(answer, error, status=400):
    assert answer.status_code == status, (answer.status_code, answer.text)
    assert answer.headers["Content-Type"].startswith("application/json") and answer.headers["Cache-Control"] == "no-store"
    assert answer.json()["error"] == error and answer.json()["error_description"]
    return answer


def me(base, access_token):
    return browser().get(base + "/identity/v1/me", headers={"Authorization": "Bearer " + access_token}, timeout=60)


def test_client_credentials(base, credentials):
    client, secret = credentials
    answer = token(base, auth=credentials, grant_type="client_credentials", scope="discovery:item.write")
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
    got = claims(answer.json()["access_token"])
    assert got["sub"] == got["client_id"] == client and got["scope"] == "discovery:item.write" and got["roles"] == []
    assert "refresh_token" not in answer.json() and "id_token" not in answer.json()
    by_post = token(base, grant_type="client_credentials", client_id=client, client_secret=secret)
    assert by_post.status_code == 200 and "discovery:item.write" in by_post.json()["scope"].split()


def test_basic_credentials_are_percent_decoded(base, credentials):
    encoded = tuple("".join(f"%{b:02X}" for b in part.encode()) for part in credentials)
    assert token(base, auth=encoded, grant_type="client_credentials").status_code == 200


def test_token_errors(base, credentials):
    client, secret = credentials
    wrong = refused(token(base, auth=(client, "wrong" + secret), grant_type="client_credentials"), "invalid_client", 401)
    assert wrong.headers["WWW-Authenticate"].startswith("Basic")
    refused(token(base, auth=("nobody", secret), grant_type="client_credentials"), "invalid_client", 401)
    refused(token(base, grant_type="client_credentials", client_id=client), "invalid_client", 401)
    refused(token(base, auth=credentials, grant_type="client_credentials", client_secret=secret), "invalid_request")
    refused(token(base, headers={"Authorization": "Basic !!!"}, grant_type="client_credentials"), "invalid_client", 401)
    refused(token(base, auth=credentials), "invalid_request")
    refused(token(base, auth=credentials, grant_type="password", username="a", password="b"), "unsupported_grant_type")
    refused(token(base, auth=credentials, grant_type="authorization_code", code="x", code_verifier="x" * 43), "unauthorized_client")
    refused(token(base, auth=credentials, grant_type="client_credentials", scope="identity:user.read"), "invalid_scope")
    refused(token(base, client_id="nadir-portal", grant_type="client_credentials"), "unauthorized_client")
    refused(token(base, client_id="nadir-portal", grant_type="authorization_code"), "invalid_request")
    refused(token(base, client_id="nadir-portal", grant_type="authorization_code", code="x", code_verifier="x" * 43), "invalid_grant")
    refused(token(base, client_id="nadir-portal", grant_type="refresh_token"), "invalid_request")
    refused(refresh(base, "x" * 43), "invalid_grant")
    refused(requests.post(base + "/oauth2/token", json={"grant_type": "client_credentials"}, auth=credentials, timeout=60), "invalid_request")
    refused(requests.post(base + "/oauth2/token", data=b"grant_type=%ff%fe", timeout=60,
                          headers={"Content-Type": "application/x-www-form-urlencoded"}), "invalid_request")


def test_code_is_bound(base, person):
    uri = redirect_uri_of(base, "nadir-portal")
    got, verifier = authorize(browser(), base, *person)
    refused(redeem(base, got["code"], "v" * 64), "invalid_grant")
    refused(redeem(base, got["code"], "short"), "invalid_grant")
    refused(redeem(base, got["code"], verifier, redirect_uri=uri + "/x"), "invalid_grant")
    web_secret = os.environ["NADIR_WEB_CLIENT_SECRET"]
    refused(redeem(base, got["code"], verifier, "nadir-web", web_secret, uri), "invalid_grant")
    assert redeem(base, got["code"], verifier).status_code == 200


def test_replayed_code_ends_what_it_gave(base, person):
    got, verifier = authorize(browser(), base, *person)
    tokens = redeem(base, got["code"], verifier).json()
    assert me(base, tokens["access_token"]).status_code == 200
    refused(redeem(base, got["code"], verifier), "invalid_grant")
    assert me(base, tokens["access_token"]).status_code == 401
    refused(refresh(base, tokens["refresh_token"]), "invalid_grant")


def test_refresh_rotates(base, person):
    first = sign_in(base, *person)
    second = refresh(base, first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"] and second["access_token"] != first["access_token"]
    assert claims(second["id_token"])["sub"] == claims(first["id_token"])["sub"]
    narrow = refresh(base, second["refresh_token"], scope="billing:order.read").json()
    assert narrow["scope"] == "billing:order.read"
    refused(refresh(base, narrow["refresh_token"], scope="identity:user.read"), "invalid_scope")


def test_lost_answer_is_forgiven_theft_is_not(base, person):
    """Within the grace the old refresh token still works (the answer was lost, or two tabs asked), but only a few times."""
    first = sign_in(base, *person)["refresh_token"]
    seconds = [refresh(base, first) for _ in range(3)]
    assert all(s.status_code == 200 for s in seconds)
    latest = seconds[-1].json()
    assert me(base, latest["access_token"]).status_code == 200
    answers = [refresh(base, first) for _ in range(3)]
    refused(answers[-1], "invalid_grant")
    assert me(base, latest["access_token"]).status_code == 401, "the whole family ends"
    refused(refresh(base, latest["refresh_token"]), "invalid_grant")


def test_introspection(base, person, credentials):
    tokens = sign_in(base, *person)

    def ask(what, auth=credentials, **data):
        return browser().post(base + "/oauth2/introspect", data={"token": what, **data}, auth=auth, timeout=60)

    active = ask(tokens["access_token"]).json()
    assert active["active"] is True and active["sub"] == claims(tokens["access_token"])["sub"] and active["exp"]
    assert ask("nonsense").json() == {"active": False}
    assert ask(tokens["refresh_token"]).json() == {"active": False}, "a refresh token is its client's own affair"
    refused(ask(tokens["access_token"], auth=None), "invalid_request")
    refused(ask(tokens["access_token"], auth=None, client_id="nadir-portal"), "invalid_client", 401)
    refused(browser().post(base + "/oauth2/introspect", auth=credentials, data={"x": "y"}, timeout=60), "invalid_request")


def test_revocation(base, person, credentials):
    tokens = sign_in(base, *person)

    def revoke(what, **data):
        return browser().post(base + "/oauth2/revoke", data={"token": what, "client_id": "nadir-portal", **data}, timeout=60)

    assert revoke("nonsense").status_code == 200
    other = browser().post(base + "/oauth2/revoke", data={"token": tokens["access_token"]}, auth=credentials, timeout=60)
    assert other.status_code == 200 and me(base, tokens["access_token"]).status_code == 200, "not another client's to revoke"
    assert revoke(tokens["access_token"]).status_code == 200
    assert me(base, tokens["access_token"]).status_code == 401
    fresh = refresh(base, tokens["refresh_token"]).json()
    assert me(base, fresh["access_token"]).status_code == 200
    assert revoke(fresh["refresh_token"], token_type_hint="refresh_token").status_code == 200
    assert me(base, fresh["access_token"]).status_code == 401
    refused(refresh(base, fresh["refresh_token"]), "invalid_grant")


@pytest.mark.parametrize("path", ["/billing/v1/wallet", "/processing/jobs", "/sharing/v1/shares"])
def test_revocation_reaches_every_module(base, person, path):
    tokens = sign_in(base, *person)
    bearer = {"Authorization": "Bearer " + tokens["access_token"]}
    web = browser()
    assert web.get(base + path, headers=bearer, timeout=60).status_code == 200
    browser().post(base + "/oauth2/revoke", data={"token": tokens["access_token"], "client_id": "nadir-portal"}, timeout=60)
    eventually(lambda: web.get(base + path, headers=bearer, timeout=60).status_code == 401, timeout=4)


def test_cors_for_public_clients(base, person):
    origin = {"Origin": "https://front-office.example"}
    for path in ("/.well-known/openid-configuration", "/oauth2/jwks"):
        assert browser().get(base + path, headers=origin, timeout=60).headers["Access-Control-Allow-Origin"] == "*"
    answer = token(base, headers=origin, client_id="nadir-portal", grant_type="refresh_token", refresh_token="x")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    asked = {**origin, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    preflight = browser().options(base + "/oauth2/userinfo", headers=asked, timeout=60)
    assert preflight.status_code == 204 and "authorization" in preflight.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in preflight.headers


def test_userinfo_needs_openid(base, credentials):
    machine = token(base, auth=credentials, grant_type="client_credentials").json()["access_token"]
    answer = browser().get(base + "/oauth2/userinfo", headers={"Authorization": "Bearer " + machine}, timeout=60)
    assert answer.status_code == 403 and 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]
    answer = browser().get(base + "/oauth2/userinfo", timeout=60)
    assert answer.status_code == 401 and answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_scope_asked_for_is_scope_granted(base, person):
    tokens = sign_in(base, *person, scope="openid billing:order.read identity:user.read")
    assert tokens["scope"].split() == ["openid", "billing:order.read"]
    got, _ = authorize(browser(), base, *person, scope="identity:user.read")
    assert got["error"] == "invalid_scope"
    assert urllib.parse.unquote(got["iss"]) == base
