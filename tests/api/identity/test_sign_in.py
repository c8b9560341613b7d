"""Sign-in pages, single sign-on, prompts, consent and sign-out, through the gateway."""
import os
import time
import urllib.parse
import uuid

import pytest
from helpers import claims, problem
from oidc import (Form, SignInRefused, authorize, authorize_url, browser, follow, pkce, redeem, redirect_uri_of, register, sign_in, submit)

WEB = "nadir-web"


@pytest.fixture
def person(base):
    """A fresh account: (email, password)."""
    email, password = f"p-{uuid.uuid4().hex[:16]}@nadir.example", uuid.uuid4().hex
    register(base, email, password, "Petra Person")
    return email, password


@pytest.fixture
def third_party(admin):
    """A client of others that may read orders: (id, secret, redirect address)."""
    uri = "http://127.0.0.1:9999/third"
    answer = admin.post("/identity/v1/clients", json={
        "client": f"third-{uuid.uuid4().hex[:12]}", "name": "Third <b>Party</b>", "kind": "confidential", "redirect_uris": [uri],
        "grants": ["authorization_code", "refresh_token"], "scope": "billing:order.read"})
    assert answer.status_code == 201, answer.text
    return answer.json()["client"], answer.json()["client_secret"], uri


def test_discovery_and_keys(base):
    document = browser().get(base + "/.well-known/openid-configuration", timeout=60).json()
    assert document["issuer"] == base
    for name in ("authorization", "token", "userinfo", "introspection", "revocation", "end_session"):
        assert document[name + "_endpoint"].startswith(base + "/oauth2/")
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["id_token_signing_alg_values_supported"] == ["ES256"]
    keys = browser().get(document["jwks_uri"], timeout=60).json()["keys"]
    assert keys and all(k["kty"] == "EC" and k["crv"] == "P-256" and k["kid"] and "d" not in k for k in keys)


def test_tokens_say_who(base, person):
    email, password = person
    nonce = uuid.uuid4().hex
    before = int(time.time())
    tokens = sign_in(base, email, password, nonce=nonce)
    access, identity = claims(tokens["access_token"]), claims(tokens["id_token"])
    assert access["iss"] == identity["iss"] == base
    assert access["aud"] == "nadir" and identity["aud"] == "nadir-portal"
    assert access["sub"] == identity["sub"] and access["client_id"] == "nadir-portal"
    assert identity["nonce"] == nonce and before <= identity["auth_time"] <= identity["iat"]
    assert access["roles"] == [] and "billing:order.write" in access["scope"].split()
    assert "identity:user.read" not in access["scope"].split()
    info = browser().get(base + "/oauth2/userinfo", headers={"Authorization": "Bearer " + tokens["access_token"]}, timeout=60)
    assert info.json() == {"sub": access["sub"], "name": "Petra Person", "email": email, "email_verified": False, "roles": []}


def test_at_hash(base, person):
    import base64
    import hashlib
    tokens = sign_in(base, *person)
    half = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
    assert claims(tokens["id_token"])["at_hash"] == base64.urlsafe_b64encode(half).rstrip(b"=").decode()


def test_registration_page_leads_back(base):
    web, (verifier, challenge) = browser(), pkce()
    uri = redirect_uri_of(base, "nadir-portal")
    page = web.get(authorize_url(base, challenge=challenge, prompt="create"), timeout=60)
    assert "name" in Form(page.text).fields
    email = f"r-{uuid.uuid4().hex[:16]}@nadir.example"
    refused = submit(web, page, name="Rita", email=email, password="short")
    assert refused.status_code == 422 and "10" in Form(refused.text).alert
    assert Form(refused.text).fields["email"] == email
    done = follow(web, submit(web, page, name="Rita", email=email, password="quiet orbit seven"), uri)
    code = urllib.parse.parse_qs(urllib.parse.urlsplit(done.landed).query)["code"][0]
    assert redeem(base, code, verifier).status_code == 200
    again = submit(web, web.get(base + "/identity/register", timeout=60), name="Rita", email=email.upper(), password="quiet orbit seven")
    assert again.status_code == 409


def test_single_sign_on_and_prompts(base, person):
    web = browser()
    uri = redirect_uri_of(base, "nadir-portal")
    silent = follow(web, web.get(authorize_url(base, prompt="none"), allow_redirects=False, timeout=60), uri)
    assert "error=login_required" in silent.landed
    first = sign_in(base, *person, web=web)
    silent = follow(web, web.get(authorize_url(base, prompt="none"), allow_redirects=False, timeout=60), uri)
    assert "code=" in silent.landed and "iss=" in silent.landed
    page = follow(web, web.get(authorize_url(base, prompt="login"), allow_redirects=False, timeout=60), uri)
    assert "password" in Form(page.text).fields, "prompt=login asks again"
    time.sleep(1.1)
    second = sign_in(base, *person, web=web, prompt="login")
    assert claims(second["id_token"])["auth_time"] > claims(first["id_token"])["auth_time"]
    page = web.get(authorize_url(base, max_age="0"), allow_redirects=False, timeout=60)
    time.sleep(1.1)
    page = web.get(authorize_url(base, max_age="0"), allow_redirects=False, timeout=60)
    assert "password" in Form(page.text).fields, "max_age=0 asks again"


def test_consent_of_third_parties(base, person, third_party):
    client, secret, uri = third_party
    web = browser()
    scope = "openid email billing:order.read billing:order.write"
    denied, _ = authorize(web, base, *person, client, consent="deny", redirect_uri=uri, scope=scope)
    assert denied["error"] == "access_denied" and denied["state"]
    silent, _ = authorize(web, base, *person, client, redirect_uri=uri, scope=scope, prompt="none")
    assert silent["error"] == "consent_required"
    page = web.get(authorize_url(base, client, redirect_uri=uri, scope=scope), timeout=60)
    assert "Third &lt;b&gt;Party&lt;/b&gt;" in page.text and "<b>Party" not in page.text
    got, verifier = authorize(web, base, *person, client, redirect_uri=uri, scope=scope)
    tokens = redeem(base, got["code"], verifier, client, secret, uri).json()
    assert tokens["scope"].split() == ["openid", "email", "billing:order.read"], "never more than the client was given"
    silent, _ = authorize(web, base, *person, client, redirect_uri=uri, scope=scope, prompt="none")
    assert "code" in silent, "agreed once"
    silent, _ = authorize(web, base, *person, client, redirect_uri=uri, scope="openid profile email", prompt="none")
    assert silent["error"] == "consent_required", "more than was agreed"


def test_pages_are_safe_and_speak_languages(base):
    web = browser()
    page = web.get(authorize_url(base), headers={"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}, timeout=60)
    assert '<html lang="de">' in page.text and "Anmelden" in page.text
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    assert page.headers["Cache-Control"] == "no-store" and "<script" not in page.text
    page = web.get(authorize_url(base, ui_locales="fr"), timeout=60)
    assert "Se connecter" in page.text
    cookie = page.headers.get("Set-Cookie", "") or "; ".join(str(c) for c in web.cookies)
    assert "HttpOnly" in cookie or all(c.has_nonstandard_attr("HttpOnly") for c in web.cookies)
    style = web.get(base + "/identity/style.css", timeout=60)
    assert style.headers["Content-Type"].startswith("text/css") and "prefers-color-scheme" in style.text


def test_sign_out_with_id_token(base, person):
    web = browser()
    tokens = sign_in(base, *person, web=web)
    query = urllib.parse.urlencode({"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": base + "/", "state": "s1"})
    answer = web.get(base + "/oauth2/logout?" + query, allow_redirects=False, timeout=60)
    assert answer.status_code == 303 and answer.headers["Location"] == base + "/?state=s1"
    silent = web.get(authorize_url(base, prompt="none"), allow_redirects=False, timeout=60)
    assert "error=login_required" in silent.headers["Location"]
    assert browser().get(base + "/oauth2/userinfo", headers={"Authorization": "Bearer " + tokens["access_token"]},
                         timeout=60).status_code == 401, "the access token ends with the session"
    refreshed = browser().post(base + "/oauth2/token", data={"grant_type": "refresh_token", "client_id": "nadir-portal",
                                                             "refresh_token": tokens["refresh_token"]}, timeout=60)
    assert refreshed.status_code == 400 and refreshed.json()["error"] == "invalid_grant"


def test_sign_out_without_proof_asks_first(base, person):
    web = browser()
    sign_in(base, *person, web=web)
    page = web.get(base + "/oauth2/logout", timeout=60)
    assert page.status_code == 200 and Form(page.text).action == "/oauth2/logout"
    silent = web.get(authorize_url(base, prompt="none"), allow_redirects=False, timeout=60)
    assert "code=" in silent.headers["Location"], "looking at the page signs nobody out"
    assert submit(web, page).status_code == 200
    silent = web.get(authorize_url(base, prompt="none"), allow_redirects=False, timeout=60)
    assert "error=login_required" in silent.headers["Location"]
    evil = web.get(base + "/oauth2/logout?client_id=nadir-portal&post_logout_redirect_uri=https://evil.example/",
                   allow_redirects=False, timeout=60)
    assert evil.status_code == 400 and "Location" not in evil.headers


def test_closed_account(base, person, admin):
    tokens = sign_in(base, *person)
    user = claims(tokens["access_token"])["sub"]
    assert admin.patch(f"/identity/v1/users/{user}", json={"disabled": True}).json()["disabled"] is True
    bearer = {"Authorization": "Bearer " + tokens["access_token"]}
    assert browser().get(base + "/identity/v1/me", headers=bearer, timeout=60).status_code == 401
    with pytest.raises(SignInRefused):
        sign_in(base, *person)
    assert admin.patch(f"/identity/v1/users/{user}", json={"disabled": False}).json()["disabled"] is False
    time.sleep(1.1)
    assert sign_in(base, *person)["access_token"]
    assert browser().get(base + "/identity/v1/me", headers=bearer, timeout=60).status_code == 401, "old tokens stay void"


def test_web_client_of_local_env(base, person):
    secret = os.environ["NADIR_WEB_CLIENT_SECRET"]
    tokens = sign_in(base, *person, client_id=os.environ.get("NADIR_WEB_CLIENT_ID", WEB), secret=secret)
    assert claims(tokens["id_token"])["aud"] == WEB
    problem(browser().get(base + "/identity/v1/me", headers={"Authorization": "Bearer " + tokens["access_token"]}, timeout=60), 403)
