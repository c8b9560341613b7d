#!/usr/bin/env python3
"""Signs in at the portal's client as a browser would (authorization code with PKCE, the login form) and gives an access token.

    set -a; . var/local.env; deploy/local/sign_in.py "$NADIR_DEMO_EMAIL" "$NADIR_DEMO_PASSWORD"     prints a token for curl
"""
import base64
import hashlib
import html.parser
import http.cookiejar
import json
import os
import secrets
import sys
import urllib.error
import urllib.parse
import urllib.request


class Form(html.parser.HTMLParser):
    """The first form with a password field: its action and its fields."""

    def __init__(self, text):
        super().__init__()
        self.action, self.fields, self.email, self.password, self.complete = None, {}, None, None, False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        a = dict(attributes)
        if self.complete:
            return
        if tag == "form":
            self.action, self.fields = a.get("action", ""), {}
        elif tag == "input" and self.action is not None and a.get("name"):
            self.fields[a["name"]] = a.get("value") or ""
            if a.get("type") == "password":
                self.password = a["name"]
            elif a.get("type") == "email" or a["name"] in ("email", "username"):
                self.email = a["name"]

    def handle_endtag(self, tag):
        self.complete = self.complete or (tag == "form" and self.password is not None)


class Stop(urllib.request.HTTPRedirectHandler):
    """Follows redirects inside the server and stops at the client's callback, which holds the code."""

    def __init__(self, callback):
        self.callback = callback

    def redirect_request(self, request, fp, code, message, headers, url):
        if url.startswith(self.callback):
            raise urllib.error.HTTPError(url, code, "callback", headers, fp)
        return super().redirect_request(request, fp, code, message, headers, url)


def access_token(base, email, password, client="nadir-portal"):
    callback = base + "/callback"
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    web = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()), Stop(callback))
    query = urllib.parse.urlencode({"response_type": "code", "client_id": client, "redirect_uri": callback, "scope": "openid",
                                    "state": secrets.token_urlsafe(8), "nonce": secrets.token_urlsafe(8),
                                    "code_challenge": challenge, "code_challenge_method": "S256"})
    with web.open(base + "/oauth2/authorize?" + query, timeout=30) as page:
        form, address = Form(page.read().decode()), page.geturl()
    if not form.password:
        raise SystemExit("sign-in: the page holds no login form")
    fields = {**form.fields, form.email: email, form.password: password}
    try:
        web.open(urllib.parse.urljoin(address, form.action), urllib.parse.urlencode(fields).encode(), timeout=30)
        raise SystemExit("sign-in: refused")
    except urllib.error.HTTPError as error:
        if not error.url.startswith(callback):
            raise SystemExit(f"sign-in: {error.code}") from error
        code = urllib.parse.parse_qs(urllib.parse.urlsplit(error.url).query)["code"][0]
    body = urllib.parse.urlencode({"grant_type": "authorization_code", "code": code, "redirect_uri": callback,
                                   "client_id": client, "code_verifier": verifier}).encode()
    with web.open(base + "/oauth2/token", body, timeout=30) as answer:
        return json.load(answer)["access_token"]


if __name__ == "__main__":
    print(access_token(os.environ["NADIR_URL"], *sys.argv[1:3]))
