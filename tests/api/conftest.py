"""Fixtures of the API tests. They speak to a running instance whose values stand in the environment (var/local.env)."""
import os
import sys
import uuid

import pytest
import requests

sys.path.insert(0, os.path.dirname(__file__))
from helpers import Api  # noqa: E402
from oidc import sign_in  # noqa: E402


def need(name):
    value = os.environ.get(name)
    if not value:
        pytest.exit(f"{name} is not set: start an instance and source its local.env, or use tests/run", 2)
    return value


def pytest_configure(config):
    config.addinivalue_line("markers", "once: long, and about one module alone: run in the monolith only, unless NADIR_LONG is set")


def pytest_collection_modifyitems(config, items):
    """Leaves out in the second shape what cannot differ there, so that the whole run stays short."""
    if os.environ.get("NADIR_SHAPE") != "modular" or os.environ.get("NADIR_LONG"):
        return
    once = [item for item in items if item.get_closest_marker("once")]
    if once:
        config.hook.pytest_deselected(items=once)
        items[:] = [item for item in items if item not in once]


@pytest.fixture(scope="session")
def base():
    """The gateway's address."""
    return need("NADIR_URL")


@pytest.fixture(scope="session")
def shape():
    """"monolith" or "modular"."""
    return os.environ.get("NADIR_SHAPE", "monolith")


def account(base, email, password):
    return Api(base, lambda: sign_in(base, email, password)["access_token"], email, password)


@pytest.fixture(scope="session")
def new_user(base):
    """Makes accounts: new_user() registers a fresh person and signs in."""

    def make(name="Test Person"):
        email, password = f"t-{uuid.uuid4().hex[:16]}@nadir.example", uuid.uuid4().hex
        answer = requests.post(base + "/identity/v1/users", json={"email": email, "password": password, "name": name}, timeout=60)
        assert answer.status_code == 201, answer.text
        return account(base, email, password)

    return make


@pytest.fixture
def anon(base):
    """Nobody: no credential."""
    return Api(base)


@pytest.fixture(scope="module")
def user(new_user):
    """A person with an empty wallet, fresh for each test file."""
    return new_user("Una User")


@pytest.fixture(scope="module")
def other_user(new_user):
    return new_user("Otto Other")


@pytest.fixture(scope="session")
def admin(base):
    return account(base, need("NADIR_ADMIN_EMAIL"), need("NADIR_ADMIN_PASSWORD"))


@pytest.fixture(scope="session")
def scientist(base):
    return account(base, need("NADIR_SCIENTIST_EMAIL"), need("NADIR_SCIENTIST_PASSWORD"))


@pytest.fixture(scope="session")
def client(base):
    """The confidential client acting for itself (client_credentials)."""

    def renew():
        answer = requests.post(base + "/oauth2/token", data={"grant_type": "client_credentials"},
                               auth=(need("NADIR_CLIENT_ID"), need("NADIR_CLIENT_SECRET")), timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()["access_token"]

    return Api(base, renew)


@pytest.fixture(scope="session")
def demo():
    """Items of the demo catalogue (deploy/local/demo), by what they show."""
    olinda = {"collection": "landsat-7", "item": "olinda"}
    return {
        "olinda": olinda,  # six bands, sold per km²
        "per_km2": olinda,
        "paid": {"collection": "landsat-5", "item": "LT05_L1TP_167055_20000309_20161214_01_T1"},  # fixed price
        "paid2": {"collection": "landsat-5", "item": "LT51670552010352MLK00"},
        "free": {"collection": "landsat-8", "item": "LC08_L1TP_195025_20130707_20170503_01_T1"},
        "dem": {"collection": "elevation", "item": "olinda-dem"},
        "world": {"collection": "blue-marble", "item": "blue-marble-2004-01"},
    }


@pytest.fixture(scope="session")
def shared_data():
    """The folder of richer test data; tests that need it skip loudly where it is absent."""
    here = os.path.dirname(os.path.abspath(__file__))
    folder = os.environ.get("NADIR_SHARED_DATA") or os.path.abspath(os.path.join(here, "../../../shared/data"))
    if not os.path.isdir(folder):
        pytest.skip("the shared test data is not here (NADIR_SHARED_DATA)")
    return folder
