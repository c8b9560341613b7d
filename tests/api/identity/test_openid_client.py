"""npm's openid-client completes sign-in, refresh, userinfo, sign-out and client credentials against Nadir."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest

FOLDER = pathlib.Path(__file__).parent / "openid-client"
BUILD = pathlib.Path(os.environ.get("NADIR_BUILD") or FOLDER.parents[3] / "build")


def major(node):
    return int(subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.lstrip("v").split(".")[0])


@pytest.fixture(scope="module")
def node():
    """A Node that openid-client runs on (20 or newer), with its packages installed as package-lock.json says."""
    candidates = [shutil.which("node"), *map(str, BUILD.glob("node/node_modules/node-linux-*/bin/node"))]
    fit = [c for c in candidates if c and major(c) >= 20]
    if not fit:
        pytest.skip("no Node 20 here (deploy/local/up fetches one where the system's is older)")
    if not (FOLDER / "node_modules" / ".package-lock.json").exists():
        path = os.path.dirname(fit[0]) + os.pathsep + os.environ["PATH"]
        got = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=FOLDER, capture_output=True, text=True,
                             timeout=300, env={**os.environ, "PATH": path})
        if got.returncode:
            pytest.skip("npm cannot install openid-client: " + got.stderr[-300:])
    return fit[0]


def test_openid_client(node, base):
    run = subprocess.run([node, "journey.mjs"], cwd=FOLDER, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stdout + run.stderr
    steps = [json.loads(line)["step"] for line in run.stdout.splitlines()]
    assert steps == ["discovery", "code flow with PKCE", "userinfo", "refresh", "introspection and revocation", "sign-out", "client credentials"]
