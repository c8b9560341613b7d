"""What an attacker tries."""
import base64
import hashlib
import hmac
import json
import time
import urllib.parse
import uuid

import pytest
from helpers import claims
from oidc import Form, authorize_url, browser, pkce, register, sign_in, submit

WITNESSES = ["/identity/v1/me", "/oauth2/userinfo", "/billing/v1/wallet", "/processing/jobs", "/statistics/v1/kpis", "/platform/v1/status"]


def b64(data):
    if not isinstance(data, bytes):
        data = json.dumps(data).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def person(base):
    email, password = f"a-{uuid.uuid4().hex[:16]}@nadir.example", uuid.uuid4().hex
    register(base, email, password, "Ada Attacked")
    return email, password


def forgeries(base, token):
    key = browser().get(base + "/oauth2/jwks", timeout=60).json()["keys"][0]
    head, body, signature = token.split(".")
    kid = json.loads(base64.urlsafe_b64decode(head + "=="))["kid"]
    admin = b64({**claims(token), "roles": ["admin"]})
    yield "alg none", b64({"alg": "none", "typ": "at+jwt"}) + "." + admin + "."
    yield "alg none with kid", b64({"alg": "none", "typ": "at+jwt", "kid": kid}) + "." + admin + "."
    yield "alg None with the old signature", b64({"alg": "None", "typ": "at+jwt", "kid": kid}) + "." + admin + "." + signature
    yield "signature stripped", head + "." + body + "."
    yield "signature and dot stripped", head + "." + body
    yield "claims changed", head + "." + admin + "." + signature
    yield "zero signature", head + "." + body + "." + b64(bytes(64))
    raw = b"\x04" + base64.urlsafe_b64decode(key["x"] + "=") + base64.urlsafe_b64decode(key["y"] + "=")
    pem = base64.encodebytes(bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200") + raw).decode().replace("\n", "")
    pem = "-----BEGIN PUBLIC KEY-----\n" + "\n".join(pem[i:i + 64] for i in range(0, len(pem), 64)) + "\n-----END PUBLIC KEY-----\n"
    for name, secret in (("JWK", json.dumps(key).encode()), ("PEM", pem.encode()), ("point", raw), ("empty", b"")):
        signed = b64({"alg": "HS256", "typ": "at+jwt", "kid": kid}) + "." + admin
        yield f"HS256 with the public key as {name}", signed + "." + b64(hmac.new(secret, signed.encode(), hashlib.sha256).digest())
    yield "unknown kid", b64({"alg": "ES256", "typ": "at+jwt", "kid": "nobody"}) + "." + body + "." + signature
    yield "kid is a path", b64({"alg": "ES256", "typ": "at+jwt", "kid": "../../etc/passwd"}) + "." + body + "." + signature
    yield "embedded key", b64({"alg": "ES256", "typ": "at+jwt", "jwk": key}) + "." + body + "." + signature
    yield "critical extension", b64({"alg": "ES256", "typ": "at+jwt", "kid": kid, "crit": ["exp"]}) + "." + body + "." + signature
    yield "not base64", "a.b.c"
    yield "oversized", head + "." + "A" * 9000 + "." + signature


@pytest.mark.parametrize("path", WITNESSES)
def test_forged_tokens(base, person, path):
    tokens = sign_in(base, *person)
    web = browser()
    for name, forged in forgeries(base, tokens["access_token"]):
        answer = web.get(base + path, headers={"Authorization": "Bearer " + forged}, timeout=60)
        assert answer.status_code == 401, (name, answer.status_code, answer.text[:200])
    answer = web.get(base + path, headers={"Authorization": "Bearer " + tokens["id_token"]}, timeout=60)
    assert answer.status_code == 401, "an ID token is no access token"
    answer = web.get(base + path, headers={"Authorization": "Bearer " + tokens["refresh_token"]}, timeout=60)
    assert answer.status_code == 401


@pytest.mark.parametrize("uri", [
    "https://evil.example/", "{base}/callback/", "{base}/callback?x=1", "{base}/callback#x", "{base}/callbac", "{base}.evil.example/callback",
    "{base}@evil.example/callback", "//evil.example/callback", "/callback", "javascript:alert(1)", "data:text/html,x", "",
    "{base}/callback\r\nX: y", "{base}/callback https://evil.example/", "{base}/../callback",
])
def test_wrong_redirect_uri_is_never_followed(base, uri):
    query = {"response_type": "code", "client_id": "nadir-portal", "redirect_uri": uri.replace("{base}", base), "scope": "openid",
             "state": "s", "code_challenge": pkce()[1], "code_challenge_method": "S256"}
    for more in ({}, {"response_type": "token"}, {"prompt": "none"}):
        answer = browser().get(base + "/oauth2/authorize?" + urllib.parse.urlencode({**query, **more}), allow_redirects=False, timeout=60)
        assert answer.status_code == 400 and "Location" not in answer.headers and "evil" not in answer.text
        assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("change, error", [
    ({"response_type": "token"}, "unsupported_response_type"), ({"response_type": None}, "unsupported_response_type"),
    ({"code_challenge": None}, "invalid_request"), ({"code_challenge": "short"}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"), ({"code_challenge_method": None}, "invalid_request"),
    ({"request": "e30."}, "request_not_supported"), ({"request_uri": "https://a.example/"}, "request_uri_not_supported"),
    ({"response_mode": "fragment"}, "invalid_request"), ({"max_age": "x"}, "invalid_request"), ({"prompt": "none login"}, "invalid_request"),
    ({"nonce": "n" * 600}, "invalid_request"),
])
def test_bad_authorization_requests_tell_the_client(base, change, error):
    url = authorize_url(base, **{"state": "abc", **change})
    answer = browser().get(url, allow_redirects=False, timeout=60)
    assert answer.status_code == 303 and answer.headers["Location"].startswith(base + "/callback?")
    got = urllib.parse.parse_qs(urllib.parse.urlsplit(answer.headers["Location"]).query)
    assert got["error"] == [error] and got["state"] == ["abc"] and "code" not in got


def test_parameters_twice(base):
    answer = browser().get(authorize_url(base, state="abc") + "&state=def", allow_redirects=False, timeout=60)
    assert "error=invalid_request" in answer.headers["Location"]
    answer = browser().get(authorize_url(base) + "&redirect_uri=https%3A%2F%2Fevil.example%2F", allow_redirects=False, timeout=60)
    assert answer.status_code == 400 and "Location" not in answer.headers
    answer = browser().get(authorize_url(base) + "&client_id=nadir-web", allow_redirects=False, timeout=60)
    assert answer.status_code == 400 and "Location" not in answer.headers


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "/oauth2/authorize@evil.example",
                                    "/oauth2/authorize?a\r\nX: y", "javascript:alert(1)", "/oauth2/authorize/../../evil?"])
def test_open_redirect(base, person, target):
    web = browser()
    page = web.get(base + "/identity/login", params={"return": target}, timeout=60)
    assert "evil" not in page.text and "javascript:" not in page.text
    sent = submit(web, page, email=person[0], password=person[1], **{"return": target})
    assert sent.status_code == 303 and sent.headers["Location"] == base + "/"


def test_csrf(base, person):
    web = browser()
    page = web.get(authorize_url(base), timeout=60)
    form = Form(page.text)
    good = {**form.fields, "email": person[0], "password": person[1]}

    def post(data, session=web, **headers):
        return session.post(base + "/identity/login", data=data, headers=headers, allow_redirects=False, timeout=60)

    assert post({**good, "csrf": ""}).status_code == 403
    assert post({k: v for k, v in good.items() if k != "csrf"}).status_code == 403
    assert post({**good, "csrf": "A" * 43}).status_code == 403
    assert post(good, browser()).status_code == 403, "the token of another browser"
    assert post(good, Origin="https://evil.example").status_code == 403
    assert post(good, Origin="null").status_code == 403
    assert "nadir_session" not in web.cookies
    assert post(good).status_code == 303
    assert post(good).status_code == 403, "after signing in the form of before is stale"


def test_cross_site_scripting(base):
    attack = "\"><script>alert(1)</script>'"
    web = browser()
    page = web.get(base + "/identity/register", timeout=60)
    answer = submit(web, page, name=attack, email=attack, password="x")
    assert answer.status_code == 422 and "<script" not in answer.text and "&lt;script&gt;" in answer.text
    page = web.get(authorize_url(base, login_hint=attack), timeout=60)
    assert "<script" not in page.text and "&lt;script&gt;" in page.text
    page = web.get(authorize_url(base, client_id=attack, redirect_uri=attack, state=attack), timeout=60)
    assert page.status_code == 400 and "<script" not in page.text


def test_guessing_is_slowed_and_locks_nobody_out(base):
    email, password = f"g-{uuid.uuid4().hex[:16]}@nadir.example", uuid.uuid4().hex
    register(base, email, password, "Gina Guessed")
    web = browser()
    page = web.get(base + "/identity/login", timeout=60)
    statuses = []
    for i in range(30):
        answer = submit(web, page, email=email, password=f"wrong guess {i}")
        statuses.append(answer.status_code)
        if answer.status_code == 429 and int(answer.headers["Retry-After"]) >= 8:
            break
        time.sleep(0.5)
    assert statuses[:4] == [401] * 4 and statuses[-1] == 429, "the waits grow"
    assert submit(web, page, email=email, password=password).status_code == 429, "nor is the right one told apart"
    other = f"o-{uuid.uuid4().hex[:16]}@nadir.example"
    register(base, other, password, "Otto Other")
    assert submit(web, page, email=other, password=password).status_code == 303, "another account is not touched"


def test_unknown_and_known_accounts_look_the_same(base, person):
    web = browser()
    page = web.get(base + "/identity/login", timeout=60)
    known = submit(web, page, email=person[0], password="wrong guess one")
    unknown = submit(web, page, email=f"n-{uuid.uuid4().hex}@nadir.example", password="wrong guess one")
    assert known.status_code == unknown.status_code == 401
    assert Form(known.text).alert == Form(unknown.text).alert


def test_session_is_renewed_at_sign_in(base, person):
    """A session identifier that was planted before is worth nothing after (session fixation)."""
    web = browser()
    host = urllib.parse.urlsplit(base).hostname
    web.cookies.set("nadir_session", "A" * 43, domain=host if "." in host else host + ".local", path="/")
    sign_in(base, *person, web=web)
    values = [c.value for c in web.cookies if c.name.endswith("nadir_session")]
    assert len(values) == 1 and values[0] != "A" * 43 and len(values[0]) == 43


@pytest.mark.parametrize("path", ["/oauth2/authorize", "/identity/login", "/identity/register", "/identity/consent", "/oauth2/logout",
                                  "/oauth2/token", "/oauth2/introspect", "/oauth2/revoke"])
def test_bad_bodies(base, path):
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for body, headers in ((b"", form), (b"%zz=1", form), (b"a=%00", form), (b"a=%ff", form), (b"&".join([b"a=1"] * 200), form),
                          (b"a=" + b"x" * 20000, form), (b"{}", {"Content-Type": "application/json"}), (b"\x00\x01", {}),
                          (b"return=%2Foauth2%2Fauthorize%3Fclient_id%3Dx%26%25", form)):
        answer = browser().post(base + path, data=body, headers=headers, allow_redirects=False, timeout=60)
        # An empty form asks to sign out whoever is here: nobody is.
        least = 200 if path == "/oauth2/logout" else 300
        assert least <= answer.status_code < 500, (path, body[:40], answer.status_code, answer.text[:200])
        if answer.status_code == 303:
            assert answer.headers["Location"].startswith(base + "/oauth2/authorize")


@pytest.mark.parametrize("method, path", [("DELETE", "/oauth2/token"), ("GET", "/oauth2/token"), ("PUT", "/identity/v1/me"),
                                          ("DELETE", "/identity/v1/users"), ("POST", "/oauth2/jwks")])
def test_wrong_methods(base, method, path):
    answer = browser().request(method, base + path, timeout=60)
    assert answer.status_code == 405 and answer.headers["Allow"]


def test_strange_addresses(base):
    for path in ("/oauth2/", "/oauth2/nothing", "/identity/v1/", "/identity/v1/users/%ff", "/identity/v1/api-keys/%00", "/.well-known/x"):
        answer = browser().get(base + path, timeout=60)
        assert 400 <= answer.status_code < 500, (path, answer.status_code)
