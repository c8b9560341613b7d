import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))


@pytest.fixture(autouse=True)
def books(admin):
    """Whatever a test does, the books are right after it."""
    yield
    check = admin.get("/billing/v1/admin/ledger-check").json()
    assert check["ok"], check
