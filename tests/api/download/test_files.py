"""Who may have a file, what is said to the others, and how the bytes arrive: whole, in ranges, resumed."""
import base64
import hashlib
import os
import subprocess
import time

import pytest
from helpers import eventually, problem
from products import buy

ITEM = "/download/v1/items/{collection}/{item}"


def item(session, product):
    answer = session.get(ITEM.format(**product))
    assert answer.status_code == 200, answer.text
    return answer.json()


def href(session, product, wanted=lambda a: "data" in a["roles"]):
    """A file of a product: the largest of the wanted."""
    return max((a for a in item(session, product)["assets"] if wanted(a)), key=lambda a: a["size"] or 0)


@pytest.fixture(scope="module")
def bought(new_user, admin, demo):
    person = new_user("Bea Buyer")
    buy(admin, person, demo["paid"])
    eventually(lambda: item(person, demo["paid"])["access"] == "granted")
    return person


def test_a_free_item_is_granted_to_everybody(anon, demo):
    free = item(anon, demo["free"])
    assert free["access"] == "granted" and free["assets"]
    for asset in free["assets"]:
        assert asset["access"] == "granted" and asset["size"] > 0 and len(asset["sha256"]) == 64
        assert asset["href"].startswith(anon.base + "/download/v1/items/")


def test_every_file_is_what_its_checksum_says(anon, demo):
    for asset in item(anon, demo["free"])["assets"]:
        answer = anon.get(asset["href"])
        assert answer.status_code == 200
        digest = hashlib.sha256(answer.content)
        assert digest.hexdigest() == asset["sha256"] and len(answer.content) == asset["size"]
        assert answer.headers["ETag"] == f'"{asset["sha256"]}"'
        encoded = base64.b64encode(digest.digest()).decode()
        assert answer.headers["Repr-Digest"] == f"sha-256=:{encoded}:"
        assert answer.headers["Content-Type"] == asset["type"]
        assert answer.headers["Cache-Control"] == "private, no-cache"


def test_access_before_and_after_the_purchase(anon, user, bought, demo):
    assert item(anon, demo["paid"])["access"] == "sign_in"
    assert item(user, demo["paid"])["access"] == "buy"
    assert item(bought, demo["paid"])["access"] == "granted"
    assert item(user, demo["paid2"])["access"] == "buy"


def test_refusals_say_what_to_do(anon, user, bought, demo):
    path = href(bought, demo["paid"])["href"]
    assert "WWW-Authenticate" in anon.get(path).headers
    problem(anon.get(path), 401, "sign-in")
    unpaid = problem(user.get(path), 402, "payment-required")
    offers = user.get(unpaid["offers"])
    assert offers.status_code == 200 and offers.json()["offers"]
    assert unpaid["quotes"].endswith("/billing/v1/quotes")
    assert bought.get(path).status_code == 200
    forged = anon.get(path, headers={"Authorization": "Bearer nonsense"})
    problem(forged, 401)
    # A good credential is needed even where none would do: whoever sends one wants to be known.
    assert anon.get(href(anon, demo["free"])["href"], headers={"Authorization": "Bearer x"}).status_code == 401


def test_the_previews_of_a_paid_item_are_for_everybody(anon, demo):
    seen = [a for a in item(anon, demo["paid"])["assets"] if "thumbnail" in a["roles"]]
    assert seen
    for asset in seen:
        answer = anon.get(asset["href"])
        assert answer.status_code == 200
        assert answer.headers["Content-Disposition"].startswith("inline")


@pytest.mark.parametrize("path", [
    "/download/v1/items/no/such", "/download/v1/items/landsat-8/no-such", "/download/v1/items/landsat-8/x/assets/red",
    "/download/v1/items/a%27--/b%22", "/download/v1/items/%2e%2e/%2e%2e/assets/passwd", "/download/v1/items/..%2f..%2fetc/x",
    "/download/v1/items/" + "a" * 800 + "/b",
])
def test_what_is_not_there_is_not_found(anon, user, path):
    for session in (anon, user):
        problem(session.get(path), 404)


@pytest.mark.parametrize("path", ["/download/v1/items/%ff/x", "/download/v1/items/a%00/x", "/download/v1/items/%zz/x"])
def test_malformed_paths(base, path):
    # curl sends the path as it is written; requests would mend it.
    answer = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--path-as-is", base + path], capture_output=True, text=True)
    assert answer.stdout in ("400", "404")


def test_internal_addresses_are_not_served(anon, demo):
    assert anon.get("/_files/products/").status_code == 404
    assert anon.get("/_files/").status_code == 404


def test_a_key_without_the_scope_sees_what_everybody_sees(user, bought, anon, demo):
    made = bought.post("/identity/v1/api-keys", json={"name": "t", "scope": "billing:order.read"})
    assert made.status_code == 201, made.text
    headers = {"Authorization": "Bearer " + made.json()["key"]}
    paid = href(bought, demo["paid"])["href"]
    eventually(lambda: anon.get(paid, headers=headers).status_code != 401)
    problem(anon.get(paid, headers=headers), 403, "insufficient-scope")
    assert anon.get(href(anon, demo["free"])["href"], headers=headers).status_code == 200


def test_head(anon, demo):
    asset = href(anon, demo["free"])
    answer = anon.head(asset["href"])
    assert answer.status_code == 200 and answer.content == b""
    assert answer.headers["Content-Length"] == str(asset["size"])
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["ETag"] == f'"{asset["sha256"]}"'


def test_the_file_name_is_safe(anon, demo):
    name = anon.head(href(anon, demo["free"])["href"]).headers["Content-Disposition"]
    assert name.startswith('attachment; filename="LC08_') and name.endswith('"')
    assert not set(name.split('"')[1]) & set("\\/;: \r\n")


def test_a_file_is_never_a_page_of_ours(anon, demo):
    for asset in item(anon, demo["free"])["assets"]:
        answer = anon.head(asset["href"])
        assert answer.headers["X-Content-Type-Options"] == "nosniff" and "sandbox" in answer.headers["Content-Security-Policy"]
        if answer.headers["Content-Disposition"].startswith("inline"):
            assert asset["type"] in ("image/png", "image/jpeg", "image/webp")


@pytest.mark.parametrize("range_, part", [
    ("bytes=0-99", slice(0, 100)), ("bytes=100-199", slice(100, 200)), ("bytes=-50", slice(-50, None)), ("bytes=200-", slice(200, None)),
    ("bytes=0-99999999", slice(0, None)),
])
def test_ranges(anon, demo, range_, part):
    path = href(anon, demo["free"])["href"]
    whole = anon.get(path)
    answer = anon.get(path, headers={"Range": range_})
    assert answer.status_code == 206
    assert answer.content == whole.content[part]
    assert answer.headers["ETag"] == whole.headers["ETag"]
    assert answer.headers["Repr-Digest"] == whole.headers["Repr-Digest"]
    assert answer.headers["Content-Range"].endswith(f"/{len(whole.content)}")


def test_several_ranges_at_once(anon, demo):
    path = href(anon, demo["free"])["href"]
    whole = anon.get(path).content
    answer = anon.get(path, headers={"Range": "bytes=0-9,20-29"})
    assert answer.status_code == 206
    assert answer.headers["Content-Type"].startswith("multipart/byteranges")
    assert whole[0:10] in answer.content and whole[20:30] in answer.content


def test_a_range_past_the_end(anon, demo):
    asset = href(anon, demo["free"])
    answer = anon.get(asset["href"], headers={"Range": f"bytes={asset['size']}-"})
    problem(answer, 416, "range-past-end")
    assert answer.headers["Content-Range"] == f"bytes */{asset['size']}"


def test_if_range_is_judged_by_the_entity_tag(anon, demo):
    asset = href(anon, demo["free"])
    same = anon.get(asset["href"], headers={"Range": "bytes=0-9", "If-Range": f'"{asset["sha256"]}"'})
    assert same.status_code == 206 and len(same.content) == 10
    other = anon.get(asset["href"], headers={"Range": "bytes=0-9", "If-Range": '"another"'})
    assert other.status_code == 200 and len(other.content) == asset["size"]


def test_not_modified(anon, demo):
    asset = href(anon, demo["free"])
    for tag in (f'"{asset["sha256"]}"', f'"x", "{asset["sha256"]}"', "*"):
        answer = anon.get(asset["href"], headers={"If-None-Match": tag})
        assert answer.status_code == 304 and answer.content == b""
    assert anon.get(asset["href"], headers={"If-None-Match": '"x"'}).status_code == 200


def test_rights_come_before_conditions(anon, bought, demo):
    asset = href(bought, demo["paid"])
    assert anon.get(asset["href"], headers={"If-None-Match": "*"}).status_code == 401
    assert anon.get(asset["href"], headers={"Range": "bytes=0-0"}).status_code == 401


def test_curl_resumes(bought, demo, tmp_path):
    asset = href(bought, demo["paid"])
    path = tmp_path / "part"
    path.write_bytes(bought.get(asset["href"]).content[: asset["size"] // 2])
    subprocess.run(["curl", "-sS", "-f", "-C", "-", "-o", path, "-H", "Authorization: Bearer " + bought.token, asset["href"]], check=True)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == asset["sha256"]


def test_gdal_reads_from_afar(anon, demo):
    if os.system("command -v gdalinfo >/dev/null"):
        pytest.skip("gdalinfo is not installed")
    asset = href(anon, demo["free"])
    done = subprocess.run(["gdalinfo", "-checksum", "/vsicurl/" + asset["href"]], capture_output=True, text=True,
                          env={**os.environ, "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "no_proxy": "*"})
    assert done.returncode == 0, done.stderr
    assert "LAYOUT=COG" in done.stdout and "Checksum=" in done.stdout


def test_a_browser_of_another_origin_may_read(anon, demo):
    answer = anon.get(href(anon, demo["free"])["href"], headers={"Origin": "https://elsewhere.example", "Range": "bytes=0-9"})
    assert answer.status_code == 206 and answer.headers["Access-Control-Allow-Origin"] == "*"


def downloads(admin):
    kpis = admin.get("/statistics/v1/kpis").json()
    return kpis["downloads"], kpis["bytes"]


def settled(admin):
    """The counters once no event of earlier downloads is on its way any more."""
    last = downloads(admin)
    while True:
        time.sleep(1)
        now = downloads(admin)
        if now == last:
            return now
        last = now


def test_a_download_is_counted_once(new_user, admin, demo):
    """Whole files and first ranges count; HEAD, 304, later ranges, refusals and thumbnails do not."""
    person = new_user("Cora Counter")
    before, bytes_before = settled(admin)
    asset = href(person, demo["free"])
    person.get(asset["href"])
    person.get(asset["href"], headers={"Range": "bytes=0-99"})
    person.head(asset["href"])
    person.get(asset["href"], headers={"Range": "bytes=100-199"})
    person.get(asset["href"], headers={"If-None-Match": f'"{asset["sha256"]}"'})
    person.get(href(person, demo["paid"], lambda a: "thumbnail" in a["roles"])["href"])
    assert person.get(href(person, demo["paid"], lambda a: a["access"] == "buy")["href"]).status_code == 402
    eventually(lambda: downloads(admin)[0] >= before + 2)
    assert settled(admin) == (before + 2, bytes_before + asset["size"] + 100)
