"""Validates STAC documents against the published schemas (tests/schemas) by npm's stac-node-validator."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "schemas" / "stac"
BUILD = pathlib.Path(os.environ.get("NADIR_BUILD") or FOLDER.parents[2] / "build")


def major(node):
    return int(subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.lstrip("v").split(".")[0])


def node():
    """A Node of version 20 or newer with the validator installed as package-lock.json says."""
    candidates = [shutil.which("node"), *map(str, BUILD.glob("node/node_modules/node-linux-*/bin/node"))]
    fit = [c for c in candidates if c and major(c) >= 20]
    if not fit:
        pytest.skip("no Node 20 here (deploy/local/up fetches one where the system's is older)")
    if not (FOLDER / "node_modules" / ".package-lock.json").exists():
        path = os.path.dirname(fit[0]) + os.pathsep + os.environ["PATH"]
        got = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=FOLDER, capture_output=True, text=True,
                             timeout=300, env={**os.environ, "PATH": path})
        if got.returncode:
            pytest.skip("npm cannot install stac-node-validator: " + got.stderr[-300:])
    return fit[0]


def faults(documents):
    """What the validator says of documents that are not valid STAC."""
    run = subprocess.run([node(), "validate.mjs"], cwd=FOLDER, input=json.dumps(documents), capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    assert lines[-1]["valid"] + len(lines) - 1 == len(documents)
    return lines[:-1]
