"""Fixtures of processing's tests: people with money, packages made on the spot."""
import json
import os
import sys
import uuid

import pytest

sys.path.insert(0, os.path.dirname(__file__))
from helpers_processing import archive, deploy, manifest  # noqa: E402


def credit(admin, session, amount):
    answer = admin.post("/billing/v1/admin/credits", json={"user": session.subject, "amount": amount, "reason": "for tests"},
                        headers={"Idempotency-Key": uuid.uuid4().hex})
    assert answer.status_code == 201, answer.text


@pytest.fixture(scope="session")
def payer(new_user, admin):
    """A person with 10,000 minor units in the wallet."""
    session = new_user("Paula Payer")
    credit(admin, session, 10000)
    return session


@pytest.fixture(scope="session")
def author(scientist, admin):
    """The scientist, with money."""
    credit(admin, scientist, 10000)
    return scientist


@pytest.fixture
def scene(demo):
    """A scene that anyone may process."""
    return {"collection": demo["free"]["collection"], "item": demo["free"]["item"]}


@pytest.fixture
def package(author):
    """package(program, **manifest) deploys a free private process of the scientist's and returns its id; undeployed at the end."""
    made = []

    def make(program, **changes):
        process = f"t-{uuid.uuid4().hex[:12]}"
        answer = deploy(author, archive({"process.json": json.dumps(manifest(process, **changes)), "main.py": program}))
        assert answer.status_code == 201, answer.text
        made.append(process)
        return process

    yield make
    for process in made:
        author.delete(f"/processing/v1/packages/{process}")
