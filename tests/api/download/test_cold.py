"""Products that lie in a slower store: asking makes an order, the order tells how it stands, and then the file is there."""
import io
import shutil
import subprocess
import uuid
import zipfile

import pytest
from helpers import eventually, kill_service, problem
from safe import safe_product

ITEM = "/download/v1/items/{collection}/{item}"
ORDERS = "/download/v1/orders"


def asset(product, name):
    return ITEM.format(**product) + "/assets/" + name


def listed(session, product):
    eventually(lambda: session.get(ITEM.format(**product)).json().get("access") == "granted")
    return {a["asset"]: a for a in session.get(ITEM.format(**product)).json()["assets"]}


def test_the_whole_way(anon, user, other_user, cold):
    assert all(a["cold"] for a in listed(user, cold).values())
    used = user.get("/download/v1/quota").json()
    # Looking makes no order and needs no account; fetching needs one, so that somebody waits.
    assert user.head(asset(cold, "red")).status_code == 202 and user.get(ORDERS).json()["orders"] == []
    problem(anon.get(asset(cold, "red")), 401, "sign-in")

    answer = user.get(asset(cold, "red"))
    assert answer.status_code == 202 and int(answer.headers["Retry-After"]) >= 2 and answer.headers["Cache-Control"] == "no-store"
    order = answer.json()
    assert answer.headers["Location"] == order["href"] == user.base + ORDERS + "/" + order["order"]
    assert (order["collection"], order["item"], order["files"]) == (cold["collection"], cold["item"], 1)
    assert order["state"] in ("waiting", "fetching", "ready", "failed") and order["bytes"] == len(cold["files"]["red"][1])
    if order["state"] in ("waiting", "fetching"):
        assert order["position"] >= 0 and (order["estimate_seconds"] is None or order["estimate_seconds"] >= 0)

    path = ORDERS + "/" + order["order"]
    done = eventually(lambda: (o := user.get(path).json())["state"] == "ready" and o, 60)
    assert done["position"] is None and done["estimate_seconds"] is None and done["reason"] is None
    # Asking, and being told, took nothing of the quota.
    assert user.get("/download/v1/quota").json() == used
    assert user.get(asset(cold, "red")).content == cold["files"]["red"][1]
    assert not listed(user, cold)["red"]["cold"] and listed(user, cold)["nir"]["cold"]

    # An order is its maker's alone.
    for session in (other_user, anon):
        assert session.get(path).status_code in (401, 404) and session.delete(path).status_code in (401, 404)
    assert [o["order"] for o in user.get(ORDERS).json()["orders"]] == [order["order"]]

    # The rest of the product joins the same order, and then the ZIP is there.
    zipped = user.get(ITEM.format(**cold) + "/zip")
    assert zipped.status_code == 202 and zipped.json()["order"] == order["order"] and zipped.json()["files"] == len(cold["files"])
    whole = eventually(lambda: (got := user.get(ITEM.format(**cold) + "/zip")).status_code == 200 and got, 60)
    archive = zipfile.ZipFile(io.BytesIO(whole.content))
    assert {name: archive.read(name) for name in archive.namelist()} == {f"{cold['root']}/{p}": content for p, content in cold["files"].values()}

    assert user.delete(path).status_code == 204 and user.get(path).status_code == 404
    assert user.get(ORDERS).json()["orders"] == []
    # What was fetched stays for everybody.
    assert anon.get(asset(cold, "nir")).content == cold["files"]["nir"][1]


@pytest.mark.once
def test_a_killed_keeper_is_made_up_for(client, admin, data_folder, other_user):
    with safe_product(client, admin, data_folder.parent / "archive") as product:
        listed(other_user, product)
        path, content = product["files"]["red"]
        here = data_folder / "products" / product["collection"] / product["root"] / path
        here.parent.mkdir(parents=True)
        place = data_folder / "products" / product["collection"]
        for folder in [place, *(f for f in place.rglob("*") if f.is_dir())]:
            shutil.chown(folder, data_folder.owner(), data_folder.group())
        left = here.with_name(here.name + ".1.part") # as a killed one leaves it
        left.write_bytes(b"half")
        order = other_user.get(asset(product, "red"))
        assert order.status_code == 202
        kill_service("keeper")
        eventually(lambda: other_user.get(order.headers["Location"]).json()["state"] == "ready", 60)
        assert other_user.get(asset(product, "red")).content == content
        assert [file.name for file in here.parent.iterdir()] == [here.name]
        shutil.rmtree(place)


@pytest.mark.parametrize("order", ["x", str(uuid.UUID(int=0)), "%27", "a" * 300])
def test_no_such_order(user, order):
    problem(user.get(f"{ORDERS}/{order}"), 404, "no-such-order")
    problem(user.delete(f"{ORDERS}/{order}"), 404, "no-such-order")


def test_orders_need_a_sign_in(anon, user):
    problem(anon.get(ORDERS), 401)
    problem(user.get(ORDERS + "?cursor=nonsense"), 400)


def test_what_the_archive_cannot_give(client, admin, data_folder, other_user):
    """A file that cannot be read ends in a failed order that says why; one that is nowhere is missing."""
    with safe_product(client, admin, data_folder.parent / "archive") as product:
        listed(other_user, product)
        bad = product["place"] / product["root"] / product["files"]["nir"][0]
        bad.chmod(0)
        answer = other_user.get(asset(product, "nir"))
        assert answer.status_code == 202
        order = eventually(lambda: (o := other_user.get(answer.headers["Location"]).json())["state"] in ("failed", "ready") and o, 60)
        assert order["state"] == "failed" and order["reason"]
        (product["place"] / product["root"] / product["files"]["red"][0]).unlink()
        problem(other_user.get(asset(product, "red")), 404, "file-missing")


@pytest.mark.once
def test_the_curl_script_waits(client, admin, data_folder, other_user, tmp_path):
    with safe_product(client, admin, data_folder.parent / "archive") as product:
        listed(other_user, product)
        order = {"products": [{"collection": product["collection"], "item": product["item"], "assets": ["red"]}], "format": "curl"}
        done = subprocess.run(["sh", "-s"], input=other_user.post("/download/v1/manifests", json=order).text, cwd=tmp_path, capture_output=True,
                              text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        path, content = product["files"]["red"]
        assert (tmp_path / product["root"] / path).read_bytes() == content


def test_s3_says_it_as_s3_does(client, admin, data_folder, anon):
    with safe_product(client, admin, data_folder.parent / "archive") as product:
        path = f"/s3/{product['collection']}/{product['item']}/manifest.safe"
        eventually(lambda: anon.get(path).status_code == 403)
        answer = anon.get(path)
        assert answer.status_code == 403 and "<Code>InvalidObjectState</Code>" in answer.text
        assert anon.head(path).status_code == 403
