"""Programs that resume: each is given half a file, or half a ZIP, and has to end with the whole; aria2c takes it in four parts."""
import hashlib
import shutil
import subprocess

import pytest
from helpers import eventually

pytestmark = pytest.mark.once # the gateway is the same in both shapes

ITEM = "/download/v1/items/{collection}/{item}"
RESUMING = {
    "curl": ["curl", "-sSf", "-C", "-", "-o", "{path}", "{url}"],
    "wget": ["wget", "-q", "--no-config", "--no-proxy", "-c", "-O", "{path}", "{url}"],
    "aria2c": ["aria2c", "--no-conf", "-q", "-c", "-x4", "-s4", "-k1M", "--allow-overwrite=true", "--all-proxy=", "-d", "{folder}", "-o", "{name}", "{url}"],
}


@pytest.fixture(scope="module")
def sources(new_user, demo):
    """Addresses by kind, with what lies there."""
    person = new_user("Rex Resume")
    product = person.get(ITEM.format(**demo["free"])).json()
    asset = max(product["assets"], key=lambda a: a["size"])
    whole = eventually(lambda: (got := person.get(product["zip"])).status_code == 200 and got, 60)
    link = person.post("/download/v1/links", json={**demo["free"], "asset": asset["asset"]}).json()["href"]
    return {"file": (asset["href"], person.get(asset["href"]).content), "zip": (product["zip"], whole.content),
            "link": (link, person.get(link).content)}


@pytest.mark.parametrize("kind", ["file", "zip", "link"])
@pytest.mark.parametrize("program", RESUMING)
@pytest.mark.parametrize("part", [0, 0.5])
def test_a_file_is_resumed(sources, program, kind, part, tmp_path):
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    url, content = sources[kind]
    path = tmp_path / "taken"
    if part:
        path.write_bytes(content[:int(len(content) * part)])
    words = {"path": str(path), "url": url, "folder": str(tmp_path), "name": path.name}
    done = subprocess.run([word.format(**words) for word in RESUMING[program]], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(content).digest()
