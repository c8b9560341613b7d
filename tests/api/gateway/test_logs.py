"""No secret reaches a log: not a password, a token, an API key, a client's secret, nor a signed link."""

import os
import pathlib
import time


def logged(needles):
    found = []
    for path in pathlib.Path(os.environ["NADIR_VAR"], "log").rglob("*"):
        if not path.is_file():
            continue
        text = path.read_bytes()
        found += [f"{name} in {path.name}" for name, needle in needles.items() if needle.encode() in text]
    return found


def test_secrets_are_not_logged(anon, user, base):
    key = user.post("/identity/v1/api-keys", json={"name": "logs", "scope": "billing:wallet.read"}).json()["key"]
    password = "correct-horse-battery-staple-7391"
    anon.post("/identity/v1/users", json={"email": "not an address", "password": password, "name": "x"})
    anon.post(
        "/oauth2/token",
        data={"grant_type": "client_credentials", "client_id": os.environ["NADIR_CLIENT_ID"], "client_secret": "wrong-secret-55512"},
    )
    anon.post("/oauth2/token", data={"grant_type": "refresh_token", "refresh_token": "refresh-77813", "client_id": "nadir-portal"})
    user.get("/billing/v1/wallet")
    anon.get("/billing/v1/wallet", headers={"Authorization": f"Bearer {key}"})
    anon.get("/billing/v1/wallet", headers={"Authorization": "Bearer forged.token.99917"})
    anon.get("/download/v1/links/forged-link-88231")
    time.sleep(1)
    needles = {
        "access token": user.token,
        "API key": key,
        "password": password,
        "client secret": os.environ["NADIR_CLIENT_SECRET"],
        "wrong secret": "wrong-secret-55512",
        "refresh token": "refresh-77813",
        "forged token": "forged.token.99917",
        "admin's password": os.environ["NADIR_ADMIN_PASSWORD"],
    }
    assert logged(needles) == []
