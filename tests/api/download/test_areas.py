"""What was bought by the square kilometre: its files arrive cut to the area, and nothing of the rest does."""
import hashlib

import pytest
from helpers import eventually
from osgeo import gdal
from products import buy
from s3 import Door, new_key, refused, texts

gdal.UseExceptions()


@pytest.fixture(scope="module")
def area(admin, demo):
    """A triangle in the middle of the scene that is sold by area."""
    w, s, e, n = admin.get("/stac/collections/{collection}/items/{item}".format(**demo["per_km2"])).json()["bbox"]
    x, y = (e - w) / 4, (n - s) / 4
    return {"type": "Polygon", "coordinates": [[[w + x, s + y], [e - x, s + y], [w + x, n - y], [w + x, s + y]]]}


@pytest.fixture(scope="module")
def owner(new_user, admin, demo, area):
    person = new_user("Ada Area")
    buy(admin, person, demo["per_km2"], area)
    eventually(lambda: product(person, demo)["access"] == "area")
    return person


def product(session, demo):
    return session.get("/download/v1/items/{collection}/{item}".format(**demo["per_km2"])).json()


def fetch(session, address, **more):
    """Follows 202 as a user's script does."""
    def ready():
        answer = session.get(address, **more)
        if answer.status_code != 202:
            return answer
        assert answer.json()["state"] == "preparing" and int(answer.headers["Retry-After"]) >= 1
        return None
    return eventually(ready, 60)


def opened(content):
    gdal.FileFromMemBuffer("/vsimem/part.tif", content)
    return gdal.Open("/vsimem/part.tif")


def bands(session, demo):
    return [a for a in product(session, demo)["assets"] if "data" in a["roles"]]


def test_the_list_tells_what_was_bought(owner, demo, area):
    listed = product(owner, demo)
    assert listed["areas"] == [area]
    for asset in listed["assets"]:
        if "data" in asset["roles"]:
            assert (asset["access"], asset["size"], asset["sha256"]) == ("area", None, None)
        if "thumbnail" in asset["roles"] or "overview" in asset["roles"]:
            assert asset["access"] == "granted"
    assert [e["aoi"] for e in owner.get("/download/v1/entitlements").json()["entitlements"]] == [area]


def test_the_file_is_the_part_on_the_scenes_own_grid(owner, new_user, admin, demo, area):
    band = bands(owner, demo)[0]
    answer = fetch(owner, band["href"])
    assert answer.status_code == 200, answer.text
    assert answer.headers["ETag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'
    assert answer.headers["Content-Type"].startswith("image/tiff")
    part = opened(answer.content)

    other = new_user("Wanda Whole")
    buy(admin, other, demo["per_km2"])
    eventually(lambda: product(other, demo)["access"] == "granted")
    gdal.FileFromMemBuffer("/vsimem/whole.tif", other.get(band["href"]).content)
    whole = gdal.Open("/vsimem/whole.tif")
    p, w = part.GetGeoTransform(), whole.GetGeoTransform()
    column, line = (p[0] - w[0]) / w[1], (p[3] - w[3]) / w[5]
    assert abs(column - round(column)) < 1e-6 and abs(line - round(line)) < 1e-6
    assert part.RasterXSize < whole.RasterXSize * 0.7 and part.RasterYSize < whole.RasterYSize * 0.7
    got = part.GetRasterBand(1).ReadAsArray()
    was = whole.GetRasterBand(1).ReadAsArray(round(column), round(line), part.RasterXSize, part.RasterYSize)
    inside = got != part.GetRasterBand(1).GetNoDataValue()
    assert (got[inside] == was[inside]).all()
    assert 0.4 < inside.mean() < 0.65  # a triangle of its box
    gdal.Unlink("/vsimem/part.tif")
    gdal.Unlink("/vsimem/whole.tif")


def test_ranges_resume(owner, demo):
    band = bands(owner, demo)[0]
    whole = fetch(owner, band["href"]).content
    answer = owner.get(band["href"], headers={"Range": "bytes=1000-1999"})
    assert answer.status_code == 206 and answer.content == whole[1000:2000]


def test_a_signed_link_gives_the_part_too(owner, anon, demo):
    band = bands(owner, demo)[1]
    made = owner.post("/download/v1/links", json={**demo["per_km2"], "asset": band["asset"], "expires_in": 600})
    assert made.status_code == 201
    part = fetch(anon, made.json()["href"])
    assert part.status_code == 200 and part.content == fetch(owner, band["href"]).content


def test_the_s3_door_gives_the_same_part(owner, user, base, demo):
    collection, item = demo["per_km2"]["collection"], demo["per_km2"]["item"]
    band, door = bands(owner, demo)[0], Door(base, new_key(owner))
    part = fetch(owner, band["href"]).content
    key = f"{item}/{band['asset']}.tif"

    def listed():
        answer = door("GET", "/" + collection, params={"list-type": "2", "prefix": item + "/"})
        if answer.status_code == 503:
            refused(answer, 503, "SlowDown")
            assert int(answer.headers["Retry-After"]) >= 1
            return None
        return dict(zip(texts(answer, "Contents/Key"), texts(answer, "Contents/Size")))
    assert eventually(listed, 60)[key] == str(len(part))
    got = door("GET", f"/{collection}/{key}")
    assert got.status_code == 200 and got.content == part
    assert door("GET", f"/{collection}/{key}", headers={"Range": "bytes=10-19"}).content == part[10:20]
    refused(Door(base, new_key(user))("GET", f"/{collection}/{key}"), 403, "AccessDenied")
    refused(Door(base, None)("GET", f"/{collection}/{key}"), 403, "AccessDenied")


def test_others_still_have_to_buy(user, anon, demo, owner):
    band = bands(owner, demo)[0]
    assert user.get(band["href"]).status_code == 402
    assert anon.get(band["href"]).status_code == 401


def test_more_of_it_makes_a_larger_part(new_user, admin, demo, area):
    person = new_user("Max More")
    buy(admin, person, demo["per_km2"], area)
    eventually(lambda: product(person, demo)["access"] == "area")
    band = bands(person, demo)[0]
    small = opened(fetch(person, band["href"]).content)
    columns = small.RasterXSize
    west = [[[x - 0.02, y] for x, y in area["coordinates"][0]]]
    buy(admin, person, demo["per_km2"], {"type": "Polygon", "coordinates": west})
    eventually(lambda: len(product(person, demo)["areas"]) == 2)
    large = opened(fetch(person, band["href"]).content)
    assert large.RasterXSize > columns
    gdal.Unlink("/vsimem/part.tif")


def test_a_job_sees_the_part_only(owner, admin, demo):
    """ndvi over a scene that was bought in part: the product has the part's size, and costs as much less."""
    inputs = {"scene": demo["per_km2"]}
    asked = owner.post("/processing/v1/estimates", json={"process": "ndvi", "inputs": inputs})
    whole = admin.post("/processing/v1/estimates", json={"process": "ndvi", "inputs": inputs})
    assert asked.status_code == 200 and asked.json()["pixels"] < whole.json()["pixels"] * 0.5
    started = owner.post("/processing/processes/ndvi/execution", json={"inputs": inputs},
                         headers={"Prefer": "respond-async", "Idempotency-Key": "area-" + owner.subject})
    assert started.status_code == 201, started.text
    job = started.headers["Location"]
    assert eventually(lambda: owner.get(job).json()["status"] in ("successful", "failed") and owner.get(job).json()["status"], 60) \
        == "successful", owner.get(job).text
    item = owner.get(job + "/results").json()["item"]["href"].rsplit("/", 1)[1]
    made = eventually(lambda: owner.get(f"/stac/collections/results/items/{item}").status_code == 200
                      and owner.get(f"/stac/collections/results/items/{item}").json())
    scene = owner.get("/stac/collections/{collection}/items/{item}".format(**demo["per_km2"])).json()
    rows, columns = made["properties"].get("proj:shape") or made["assets"]["ndvi"]["proj:shape"]
    assert rows < scene["properties"]["proj:shape"][0] * 0.7 and columns < scene["properties"]["proj:shape"][1] * 0.7
