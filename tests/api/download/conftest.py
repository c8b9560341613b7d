"""Products with a provider's own folders, whose files lie in the instance's stores."""
import os
import pathlib
import shutil

import pytest
from safe import safe_product


@pytest.fixture(scope="session")
def data_folder():
    """NADIR_DATA of the local instance."""
    folder = pathlib.Path(os.environ.get("NADIR_VAR", "/nonexistent"), "data")
    if not os.access(folder, os.W_OK):
        pytest.skip("the instance's data folder cannot be written from here (NADIR_VAR)")
    return folder


@pytest.fixture(scope="module")
def safe(client, admin, data_folder):
    """A product whose files are here."""
    with safe_product(client, admin, data_folder) as product:
        yield product


@pytest.fixture(scope="module")
def cold(client, admin, data_folder):
    """A product whose files are in the slower store only (NADIR_ARCHIVE of the local instance)."""
    with safe_product(client, admin, data_folder.parent / "archive") as product:
        yield product
        shutil.rmtree(data_folder / "products" / product["collection"], ignore_errors=True)
