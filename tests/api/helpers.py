"""What API tests share: sessions that speak to the gateway for one account, and patience for events."""
import base64
import json
import os
import pathlib
import signal
import time

import pytest
import requests


def eventually(fn, timeout=30, interval=0.1):
    """Polls fn until what it returns is truthy, and returns that; fails with its last value or error after timeout seconds."""
    until = time.monotonic() + timeout
    last = None
    while True:
        try:
            last = fn()
            if last:
                return last
        except (AssertionError, KeyError, IndexError, requests.RequestException) as error:
            last = error
        if time.monotonic() > until:
            if isinstance(last, Exception):
                raise last
            raise AssertionError(f"not within {timeout} s; the last value was {last!r}")
        time.sleep(interval)


def service_of(module):
    """The local instance's service that a module runs in."""
    return module if os.environ.get("NADIR_SHAPE") == "modular" else "monolith"


def service_pid(service):
    """The process that the local instance's supervisor runs for a service; skips the test where it cannot be reached."""
    file = pathlib.Path(os.environ.get("NADIR_VAR", "/nonexistent"), "service", service, "supervise/pid")
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        pytest.skip(f"the process of {service} cannot be reached from here (NADIR_VAR)")


def kill_service(service):
    """kill -9 of a service, its workers too: what answers next is what the supervisor has started anew, not a worker left behind."""
    pid = service_pid(service)
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for process in [pid, *map(int, children)]:
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            pass


def claims(token):
    """The claims of a JWT, unverified."""
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


class Api(requests.Session):
    """A session at the gateway. Paths are prefixed with its address; the token, if any, is renewed before it ends."""

    def __init__(self, base, renew=None, email=None, password=None):
        super().__init__()
        self.base, self.renew, self.email, self.password = base, renew, email, password
        self.trust_env = False
        self._token = None
        if renew:
            self._token = renew()

    @property
    def token(self):
        if self._token and claims(self._token)["exp"] < time.time() + 60:
            self._token = self.renew()
        return self._token

    @property
    def subject(self):
        return claims(self._token)["sub"] if self._token else None

    def request(self, method, url, **options):
        options.setdefault("timeout", 60)
        if url.startswith("/"):
            url = self.base + url
        headers = dict(options.pop("headers", None) or {})
        names = {name.lower() for name in headers}
        if self.token and "authorization" not in names and url.startswith(self.base + "/"):
            headers["Authorization"] = "Bearer " + self.token
        return super().request(method, url, headers=headers, **options)


def problem(answer, status, kind=None):
    """Asserts that an answer is application/problem+json of this status (and this type's last part), and returns it."""
    assert answer.status_code == status, (answer.status_code, answer.text[:500])
    assert answer.headers["Content-Type"].startswith("application/problem+json"), answer.headers
    body = answer.json()
    assert body["status"] == status and body["title"]
    if kind:
        assert body["type"].rsplit(":", 1)[-1].rsplit("/", 1)[-1] == kind, body
    return body
