"""Signing in as people do: through the real pages, with the authorization code flow and PKCE."""
import base64
import hashlib
import html.parser
import secrets
import urllib.parse

import requests


class Form(html.parser.HTMLParser):
    """The first form of a page: its action, its fields with their values, and the page's alert."""

    def __init__(self, text):
        super().__init__()
        self.action, self.fields, self.alert, self._in_alert, self._done = None, {}, "", False, False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form" and self.action is None:
            self.action = attrs.get("action", "")
        elif tag == "input" and self.action is not None and not self._done and attrs.get("name"):
            self.fields[attrs["name"]] = attrs.get("value") or ""
        if attrs.get("role") == "alert":
            self._in_alert = True

    def handle_endtag(self, tag):
        if tag == "form":
            self._done = True
        self._in_alert = False

    def handle_data(self, data):
        if self._in_alert:
            self.alert += data


class SignInRefused(AssertionError):
    def __init__(self, answer, alert=""):
        super().__init__(f"{answer.status_code} {alert or answer.text[:300]}")
        self.answer, self.alert = answer, alert


def pkce():
    """A verifier and its S256 challenge."""
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    return verifier, base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def browser():
    """Something with cookies."""
    session = requests.Session()
    session.trust_env = False
    return session


def redirect_uri_of(base, client_id):
    """Where deploy/local registers the client."""
    return {"nadir-portal": base + "/callback", "nadir-backoffice": base + "/backoffice/callback"}.get(
        client_id, "http://127.0.0.1:9999/cb")


def authorize_url(base, client_id="nadir-portal", challenge=None, redirect_uri=None, **changes):
    """The address of an authorization request; a change to None leaves the parameter out."""
    query = {"response_type": "code", "client_id": client_id, "redirect_uri": redirect_uri or redirect_uri_of(base, client_id),
             "scope": "openid profile email", "state": secrets.token_urlsafe(8), "nonce": secrets.token_urlsafe(8),
             "code_challenge": challenge or pkce()[1], "code_challenge_method": "S256", **changes}
    return base + "/oauth2/authorize?" + urllib.parse.urlencode({k: v for k, v in query.items() if v is not None})


def submit(web, page, **fields):
    """Sends the form of a page with these fields filled in; redirects are not followed."""
    form = Form(page.text)
    assert form.action, f"no form on {page.url}: {page.status_code} {page.text[:300]}"
    return web.post(urllib.parse.urljoin(page.url, form.action), data={**form.fields, **fields}, allow_redirects=False, timeout=60,
                    headers={"Origin": urllib.parse.urljoin(page.url, "/").rstrip("/")})


def follow(web, answer, until):
    """Follows redirects up to an address that begins with `until`, or to a page."""
    for _ in range(8):
        if answer.status_code not in (302, 303):
            return answer
        target = urllib.parse.urljoin(answer.url, answer.headers["Location"])
        if target.startswith(until):
            answer.landed = target
            return answer
        answer = web.get(target, allow_redirects=False, timeout=60)
    raise AssertionError("too many redirects")


def answer_of(answer):
    """The parameters that the client is sent: code, or error."""
    return {k: v[0] for k, v in urllib.parse.parse_qs(urllib.parse.urlsplit(answer.landed).query).items()}


def authorize(web, base, email, password, client_id="nadir-portal", consent="allow", **changes):
    """Goes through sign-in and consent as far as they are asked for. Returns what the client is sent, and the verifier."""
    verifier, challenge = pkce()
    uri = changes.get("redirect_uri") or redirect_uri_of(base, client_id)
    page = follow(web, web.get(authorize_url(base, client_id, challenge, **changes), allow_redirects=False, timeout=60), uri)
    if "password" in Form(page.text).fields:
        sent = submit(web, page, email=email, password=password)
        if sent.status_code not in (302, 303):
            raise SignInRefused(sent, Form(sent.text).alert)
        page = follow(web, sent, uri)
    if not hasattr(page, "landed") and (Form(page.text).action or "").startswith("/identity/consent"):
        page = follow(web, submit(web, page, answer=consent), uri)
    if not hasattr(page, "landed"):
        raise SignInRefused(page)
    return answer_of(page), verifier


def redeem(base, code, verifier, client_id="nadir-portal", secret=None, redirect_uri=None):
    """The token endpoint's answer for a code."""
    data = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier,
            "redirect_uri": redirect_uri or redirect_uri_of(base, client_id)}
    if not secret:
        data["client_id"] = client_id
    return browser().post(base + "/oauth2/token", data=data, auth=(client_id, secret) if secret else None, timeout=60)


def sign_in(base, email, password, client_id="nadir-portal", secret=None, web=None, **changes):
    """Tokens for a person: {access_token, refresh_token, id_token, scope, …}."""
    got, verifier = authorize(web or browser(), base, email, password, client_id, **changes)
    assert "code" in got, got
    answer = redeem(base, got["code"], verifier, client_id, secret, changes.get("redirect_uri"))
    assert answer.status_code == 200, answer.text
    return answer.json()


def register(base, email, password, name):
    """A new account: {user, email, name, roles}."""
    answer = browser().post(base + "/identity/v1/users", json={"email": email, "password": password, "name": name}, timeout=60)
    assert answer.status_code == 201, answer.text
    return answer.json()
