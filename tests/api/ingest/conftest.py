"""Running nadir-ingest, and small products to run it on."""
import json
import os
import shutil
import subprocess

import pytest

PROGRAM = os.path.join(os.environ.get("NADIR_VAR", ""), "app", "bin", "nadir-ingest")


class Ingest:
    """nadir-ingest with a data folder: call it with arguments; .results are its --json lines."""

    def __init__(self, data, environment):
        self.data, self.environment = str(data), environment

    def start(self, *arguments):
        return subprocess.Popen([PROGRAM, *map(str, arguments), "--json"], env={**self.environment, "NADIR_DATA": self.data},
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __call__(self, *arguments, expect=0):
        process = self.start(*arguments)
        out, err = process.communicate(timeout=600)
        assert process.returncode == expect, (process.returncode, out, err)
        return [json.loads(line) for line in out.splitlines()]

    def folder(self, collection, item):
        return os.path.join(self.data, "products", collection, item)

    def item(self, collection, item):
        with open(os.path.join(self.folder(collection, item), "item.json"), encoding="utf-8") as file:
            return json.load(file)


@pytest.fixture
def ingest(tmp_path):
    """Writes files only, into a folder of the test's own."""
    if not os.path.exists(PROGRAM):
        pytest.skip("nadir-ingest is not in NADIR_VAR/app/bin")
    runner = Ingest(tmp_path / "data", {"PATH": os.environ["PATH"]})
    return lambda *arguments, **more: runner(*arguments, "--files-only", **more) if "--dry-run" not in arguments else runner(*arguments, **more)


@pytest.fixture
def files(tmp_path):
    return Ingest(tmp_path / "data", {"PATH": os.environ["PATH"]})


@pytest.fixture
def publishing(base):
    """Publishes into the running instance, as the instance's own data folder's owner would."""
    if not os.path.exists(PROGRAM):
        pytest.skip("nadir-ingest is not in NADIR_VAR/app/bin")
    names = ("NADIR_CLIENT_ID", "NADIR_CLIENT_SECRET")
    return Ingest(os.environ["NADIR_DATA"], {"PATH": os.environ["PATH"], "NADIR_URL": base, **{n: os.environ[n] for n in names}})


@pytest.fixture
def shared_product(shared_data, tmp_path):
    """Copies a product of the shared data into a folder that may be changed."""

    def copy(name):
        source, target = os.path.join(shared_data, name), tmp_path / os.path.basename(name)
        if os.path.isdir(source):
            shutil.copytree(source, target)
        else:
            shutil.copy(source, target)
        subprocess.run(["chmod", "-R", "u+w", str(target)], check=True)
        return target

    return copy
