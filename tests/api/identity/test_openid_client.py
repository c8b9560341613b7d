"""npm's openid-client completes sign-in, refresh, userinfo, sign-out and client credentials against Nadir."""
import json
import pathlib
import shutil
import subprocess

import pytest

FOLDER = pathlib.Path(__file__).parent / "openid-client"


def test_openid_client():
    node = shutil.which("node")
    if not node or not (FOLDER / "node_modules").exists():
        pytest.skip("node or its packages are missing: npm ci --ignore-scripts in tests/api/identity/openid-client")
    run = subprocess.run([node, "journey.mjs"], cwd=FOLDER, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stdout + run.stderr
    steps = [json.loads(line)["step"] for line in run.stdout.splitlines()]
    assert steps == ["discovery", "code flow with PKCE", "userinfo", "refresh", "introspection and revocation", "sign-out", "client credentials"]
