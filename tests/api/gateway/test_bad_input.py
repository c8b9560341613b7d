"""Every route of every module, with input that nobody should send: a clear 4xx in the route's own error format, never a 5xx.

The routes are read from the running modules (/routes on their internal port), so a new route is tested from its first day.
"""

import os
import re
import zlib

import pytest
import requests

# What is put where a path names something, and where a query or a body has a value. None of it exists.
NASTY = [
    "' OR '1'='1",
    "1; DROP TABLE outbox; --",
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e",
    "%00",
    "%ff%fe",
    "%",
    "%zz",
    "a" * 1500,
    "-1",
    "99999999999999999999999",
    "1e309",
    "NaN",
    "<script>alert(1)</script>",
    "${jndi:ldap://127.0.0.1/x}",
    "%E2%80%AE%F0%9F%9B%B0",
    "null",
    "[]",
    "{{7*7}}",
]

BODIES = [
    ("application/json", b""),
    ("application/json", b"{"),
    ("application/json", b"[]"),
    ("application/json", b"null"),
    ("application/json", b"17"),
    ("application/json", b'{"a":' * 200 + b"1" + b"}" * 200),
    ("application/json", b'{"a":"\xff\xfe"}'),
    ("application/json", b'{"a":"\\u0000"}'),
    ("application/json", b'{"a":1,"a":2}'),
    ("application/json", b'{"quote":[],"items":{},"collection":7,"item":{"x":1},"email":["a"],"amount":"ten","inputs":[],"type":0,"id":{}}'),
    ("application/json", b'{"amount":-5,"currency":"EUR","items":[{}],"email":"x","password":"","name":"","scope":"admin *"}'),
    ("application/json", b'{"amount":1e400}'),
    ("application/json", b'{"bbox":[1,2,"x",4],"limit":"many","datetime":7,"intersects":{"type":"Polygon","coordinates":[[[]]]}}'),
    ("application/json", b'{"x":"' + b"a" * 200_000 + b'"}'),
    ("application/x-www-form-urlencoded", b"grant_type=%ff&x=%"),
    ("application/x-www-form-urlencoded", b"grant_type=" + b"a" * 50_000),
    ("application/zip", b"PK\x03\x04" + b"\x00" * 64),
    ("text/plain", b"\x00\x01\x02"),
    ("", b"{}"),
]

QUERIES = [
    "limit=0&limit=abc",
    "limit=-1&cursor=%27&token=%27%3B--",
    "bbox=1,2&datetime=yesterday&ids=%27&collections=%3Cx%3E",
    "bbox=a,b,c,d&width=-1&height=1e9&lon=x&lat=y&days=-1&metric=%27",
    "%ff=1",
    "a=%",
    "&&&&==&=",
    "SERVICE=WMS&REQUEST=GetMap&VERSION=9&LAYERS=%27&BBOX=x&WIDTH=0&HEIGHT=-1&CRS=EPSG:0&FORMAT=x",
    "response_type=code&client_id=%27&redirect_uri=https://evil.example/",
    "&".join(f"a{i}=1" for i in range(100)),
]


def module_routes():
    port_base = int(os.environ["NADIR_PORT_BASE"])
    found = []
    for port in range(port_base, port_base + 11):
        try:
            found += requests.get(f"http://127.0.0.1:{port}/routes", timeout=5).json()
        except requests.RequestException:
            continue
    return found


@pytest.fixture(scope="session")
def routes():
    found = module_routes()
    assert len({r["module"] for r in found}) >= 10, "not all modules told their routes"
    return found


def fill(path, value):
    return re.sub(r"{[^}]*}", lambda m: value, path)


def check(answer, what):
    assert answer.status_code < 500, f"{what}: {answer.status_code} {answer.text[:300]}"
    if answer.status_code < 400 or not answer.content:
        return
    kind = answer.headers.get("content-type", "")
    good = (
        kind.startswith("application/problem+json")
        or (kind.startswith("application/json") and "error" in answer.json())
        or kind.startswith("text/xml")
        or kind.startswith("application/vnd.ogc.se_xml")
        or kind.startswith("text/html")
        or (kind.startswith("application/xml") and "<Error><Code>" in answer.text)
    )
    assert good, f"{what}: an error as {kind}: {answer.text[:200]}"
    assert "/nadir_" not in answer.text and "SELECT " not in answer.text, f"{what}: tells of the inside: {answer.text[:300]}"


def ask(session, base, method, path, **more):
    """Sends the path as it is: requests would mend it."""
    request = requests.Request(method.upper(), base, **more)
    prepared = session.prepare_request(request)
    prepared.url = base + path
    return session.send(prepared, timeout=60, allow_redirects=False)


def is_destructive(route):
    return route["path"] == "/oauth2/revoke"


@pytest.mark.parametrize("who", ["anon", "admin"])
def test_paths(who, routes, base, request):
    session = request.getfixturevalue(who)
    for route in routes:
        if "{" not in route["path"] or is_destructive(route):
            continue
        for value in NASTY:
            path = fill(route["path"], value.replace(" ", "%20").replace("<", "%3C").replace(">", "%3E").replace("{", "%7B").replace("}", "%7D"))
            body = {"json": {}} if route["method"] in ("post", "put", "patch") else {}
            answer = ask(session, base, route["method"], path, **body)
            check(answer, f"{who} {route['method']} {path[:120]}")


@pytest.mark.parametrize("who", ["anon", "admin"])
def test_queries(who, routes, base, request):
    session = request.getfixturevalue(who)
    for route in routes:
        if route["method"] != "get":
            continue
        for query in QUERIES:
            path = fill(route["path"], "1") + "?" + query
            check(ask(session, base, "get", path), f"{who} {path[:160]}")


@pytest.mark.parametrize("who", ["anon", "admin"])
def test_bodies(who, routes, base, request):
    session = request.getfixturevalue(who)
    for route in routes:
        if route["method"] not in ("post", "put", "patch") or is_destructive(route):
            continue
        for kind, body in BODIES:
            # A key that differs for each body, so that none is taken for a repetition.
            headers = {"Idempotency-Key": f"bad-{zlib.crc32(body)}-{zlib.crc32(route['path'].encode())}"}
            if kind:
                headers["Content-Type"] = kind
            answer = ask(session, base, route["method"], fill(route["path"], "nothing"), data=body, headers=headers)
            check(answer, f"{who} {route['method']} {route['path']} {kind} {body[:60]!r}")


def test_every_private_route_refuses_strangers(routes, base, anon):
    for route in routes:
        if route.get("scope") in (None, "?"):
            continue
        answer = ask(anon, base, route["method"], fill(route["path"], "1"), json={})
        assert answer.status_code == 401, f"{route['method']} {route['path']}: {answer.status_code}"
        assert "www-authenticate" in answer.headers


def test_unknown_addresses_and_methods(base, anon):
    for path in ["/billing/v1/nothing", "/stac/collections/x/nothing", "/view/nothing", "/processing/nothing", "/platform/v1/nothing"]:
        answer = anon.get(path)
        assert answer.status_code == 404 and answer.headers["content-type"].startswith("application/problem+json"), path
    answer = ask(anon, base, "delete", "/stac/search")
    assert answer.status_code == 405 and "POST" in answer.headers["allow"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/readyz/billing", "/metrics", "/routes"])
def test_the_inside_stays_inside(path, anon):
    answer = anon.get(path)
    assert answer.status_code == 404, path


def test_bodies_over_the_limit_are_refused(anon):
    answer = anon.post("/stac/search", data=b'{"x":"' + b"a" * 2_000_000 + b'"}', headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
