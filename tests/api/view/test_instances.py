"""Instances: an address of one's own for map programs that cannot sign in. What it shows, how long, how often, and where it is not told."""
import concurrent.futures
import glob
import os
import re
import time
import uuid

import numpy
import pytest

from conftest import publishing, write_cog
from helpers import eventually, problem
from pictures import decode


@pytest.fixture(scope="module")
def private(scientist, data_folder):
    """A scientist's own item, which others do not see."""
    with publishing(scientist, scientist, data_folder) as publish:
        def write(folder):
            ground = numpy.full((300, 300), 2000, dtype="uint16")
            ground[:, :100] = 1500
            write_cog(f"{folder}/red.tif", ground, 32633, (500000, 100, 0, 5000000, 0, -100))

        band = {"data_type": "uint16", "statistics": {"p2": 1000, "p98": 3000}}
        yield publish(write, {"red": {"file": "red.tif", "raster:bands": [band], "eo:bands": [{"common_name": "red"}]}}, {"gsd": 100})


@pytest.fixture
def instance(scientist):
    answer = scientist.post("/view/v1/instances", json={"name": "QGIS in the field"})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    yield made
    scientist.delete(f"/view/v1/instances/{made['instance']}")


def at(base, made, path):
    return f"/i/{made['token']}{path}"


def doors(item):
    path, name = item["path"], item["path"].replace("/", ":")
    return [f"/view/v1/items/{path}", f"/view/v1/items/{path}/band-red/tilejson.json", f"/view/v1/previews/{path}/band-red.png?width=64",
            f"/view/tiles/{path}/band-red/0/0/0.png", f"/view/v1/points/{path}?lon=0&lat=0",
            f"/view/wms?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&LAYERS={path}&STYLES=&CRS=CRS:84&BBOX=14,44,16,46&WIDTH=64&HEIGHT=64&FORMAT=image/png",
            f"/view/wms/{path}?SERVICE=WMS&REQUEST=GetCapabilities", f"/view/wmts/{path}?SERVICE=WMTS&REQUEST=GetCapabilities",
            f"/view/wmts/1.0.0/{path}/default/WebMercatorQuad/0/0/0.png", f"/view/ogc/collections/{name}", f"/view/ogc/collections/{name}/map?width=64",
            f"/view/ogc/collections/{name}/map/tiles/WebMercatorQuad/0/0/0?f=png"]


def test_shows_what_its_owner_may_see_by_path_and_query(base, anon, private, instance):
    for door in doors(private):
        assert anon.get(door).status_code == 404, door
        by_path = anon.get(at(base, instance, door))
        assert by_path.status_code == 200, (door, by_path.text[:300])
        by_query = anon.get(f"{door}{'&' if '?' in door else '?'}instance={instance['token']}")
        assert by_query.status_code == 200 and by_query.content == by_path.content, door
        for answer in (by_path, by_query):
            assert "public" not in answer.headers.get("cache-control", "") and "x-cache" not in answer.headers, door
        assert anon.get(door).status_code == 404, f"{door}: no cache hands it on"
    upper = anon.get(f"/view/wms?SERVICE=WMS&REQUEST=GetCapabilities&LAYERS={private['path']}&INSTANCE={instance['token']}")
    assert f"<Name>{private['path']}</Name>" in upper.text


def test_public_layers_are_private_too_by_an_instance(base, anon, scene, instance):
    for door in doors(scene)[3:] + ["/view/ogc", "/view/ogc/tileMatrixSets", "/view/v1/legends/ndvi.png", "/view/v1/indices", "/view/ogc/tiles/WebMercatorQuad"]:
        door = door.replace("band-red", "true-color")
        answer = anon.get(at(base, instance, door))
        assert answer.status_code == 200 and "public" not in answer.headers.get("cache-control", "") and "x-cache" not in answer.headers, door


def test_documents_lead_on_by_the_instance(base, anon, private, instance):
    prefix = f"{base}/i/{instance['token']}/view/"
    wmts = anon.get(at(base, instance, f"/view/wmts/{private['path']}?SERVICE=WMTS&REQUEST=GetCapabilities")).text
    templates = re.findall(r'template="([^"]+)"', wmts)
    assert templates and all(t.startswith(prefix) for t in templates)
    wms = anon.get(instance["wms"].removeprefix(base) + "?SERVICE=WMS&VERSION=1.1.1&REQUEST=GetCapabilities&LAYERS=" + private["path"]).text
    assert f'xlink:href="{prefix}wms?' in wms and private["path"] in wms
    tilejson = anon.get(at(base, instance, f"/view/v1/items/{private['path']}/band-red/tilejson.json")).json()
    assert tilejson["tiles"][0].startswith(prefix)
    tile = anon.get(tilejson["tiles"][0].removeprefix(base).format(z=9, x=277, y=183))
    assert tile.status_code == 200 and decode(tile.content).shape[1:] == (256, 256)
    # What is kept of the capabilities for everybody does not hold anybody's address.
    assert anon.get(at(base, instance, "/view/wms?SERVICE=WMS&REQUEST=GetCapabilities")).status_code == 200
    assert instance["token"] not in anon.get("/view/wms?SERVICE=WMS&REQUEST=GetCapabilities").text
    by_query = anon.get(f"/view/wms/{private['path']}?SERVICE=WMS&REQUEST=GetCapabilities&instance={instance['token']}").text
    assert f'xlink:href="{prefix}wms/{private["path"]}?' in by_query


def test_capabilities_list_what_is_private(base, anon, scientist, other_user, private, instance):
    for path, name in (("/view/wms?SERVICE=WMS&REQUEST=GetCapabilities", f"<Name>{private['path']}</Name>"),
                       ("/view/wmts?SERVICE=WMTS&REQUEST=GetCapabilities", f"<ows:Identifier>{private['path']}</ows:Identifier>"),
                       ("/view/ogc/collections", '"id":"%s"' % private["path"].replace("/", ":"))):
        assert name in anon.get(at(base, instance, path)).text.replace('": "', '":"'), path
        assert name in scientist.get(path).text, path
        for stranger in (anon, other_user):
            assert private["item"] not in stranger.get(path).text, path


def test_is_revoked_at_once(base, scientist, anon, private):
    made = scientist.post("/view/v1/instances", json={"name": "lost laptop"}).json()
    tile = at(base, made, f"/view/tiles/{private['path']}/band-red/0/0/0.png")
    assert anon.get(tile).status_code == 200
    assert scientist.delete(f"/view/v1/instances/{made['instance']}").status_code == 204
    problem(anon.get(tile), 401, "invalid-instance")
    answer = anon.get(at(base, made, f"/view/wms?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&LAYERS={private['path']}"))
    assert answer.status_code == 401 and "ServiceException" in answer.text
    answer = anon.get(at(base, made, f"/view/wmts/1.0.0/{private['path']}/default/WebMercatorQuad/0/0/0.png"))
    assert answer.status_code == 401 and "ExceptionReport" in answer.text
    assert scientist.delete(f"/view/v1/instances/{made['instance']}").status_code == 404


def test_goes_with_its_owner(base, new_user, admin, anon):
    user = new_user()
    made = user.post("/view/v1/instances", json={"name": "of one who leaves"}).json()
    assert anon.get(at(base, made, "/view/v1/indices")).status_code == 200
    assert admin.patch(f"/identity/v1/users/{user.subject}", json={"disabled": True}).status_code == 200
    eventually(lambda: anon.get(at(base, made, "/view/v1/indices")).status_code == 401)


def test_expires(base, scientist, anon, private):
    made = scientist.post("/view/v1/instances", json={"name": "for a moment", "expires_in": 1}).json()
    tile = at(base, made, f"/view/tiles/{private['path']}/band-red/0/0/0.png")
    eventually(lambda: anon.get(tile).status_code == 401)
    assert made["instance"] not in [i["instance"] for i in scientist.get("/view/v1/instances").json()["instances"]]


def test_quota(base, scientist, anon, private):
    made = scientist.post("/view/v1/instances", json={"name": "three looks", "quota": 3}).json()
    tile = at(base, made, f"/view/tiles/{private['path']}/band-red/0/0/0.png")
    answers = [anon.get(tile) for _ in range(4)]
    if answers[3].status_code == 200:  # midnight has passed between them
        answers = [anon.get(tile) for _ in range(4)]
    assert [a.status_code for a in answers] == [200, 200, 200, 429]
    problem(answers[3], 429, "over-quota")
    assert 0 < int(answers[3].headers["retry-after"]) <= 86400
    listed = next(i for i in scientist.get("/view/v1/instances").json()["instances"] if i["instance"] == made["instance"])
    assert listed["quota"] == 3 and listed["used_today"] == 3 and listed["used_at"]
    assert scientist.delete(f"/view/v1/instances/{made['instance']}").status_code == 204


def test_quota_holds_for_many_at_once(base, scientist, anon):
    made = scientist.post("/view/v1/instances", json={"name": "a crowd", "quota": 5}).json()
    before = time.strftime("%d", time.gmtime())
    with concurrent.futures.ThreadPoolExecutor(12) as crowd:
        codes = list(crowd.map(lambda _: anon.get(at(base, made, "/view/v1/legends/ndvi.json")).status_code, range(24)))
    if time.strftime("%d", time.gmtime()) == before:
        assert sorted(codes) == [200] * 5 + [429] * 19
    scientist.delete(f"/view/v1/instances/{made['instance']}")


def test_only_its_owner_manages_it(scientist, other_user, anon, instance, base):
    assert instance["token"] not in scientist.get("/view/v1/instances").text, "the token is told once"
    assert instance["instance"] not in other_user.get("/view/v1/instances").text
    assert other_user.delete(f"/view/v1/instances/{instance['instance']}").status_code == 404
    for method, path in (("get", "/view/v1/instances"), ("post", "/view/v1/instances"), ("delete", f"/view/v1/instances/{instance['instance']}")):
        assert getattr(anon, method)(path).status_code == 401
        assert getattr(anon, method)(at(base, instance, path)).status_code == 401, "an instance shows, and manages nothing"


def test_an_api_key_makes_none(scientist, base):
    from helpers import Api
    key = scientist.post("/identity/v1/api-keys", json={"name": "part", "scope": "download:file.read"})
    assert key.status_code == 201, key.text
    api = Api(base)
    ask = lambda: api.post("/view/v1/instances", json={"name": "x"}, headers={"Authorization": "Bearer " + key.json()["key"]})  # noqa: E731
    answer = eventually(lambda: (r := ask()).status_code != 401 and [r])[0]  # the key's event has to arrive
    problem(answer, 403, "sign-in-needed")
    scientist.delete("/identity/v1/api-keys/" + key.json()["id"])


@pytest.mark.parametrize("body, field", [({}, "name"), ({"name": ""}, "name"), ({"name": "x", "quota": 0}, "quota"), ({"name": "x", "quota": 10 ** 9}, "quota"),
                                         ({"name": "x", "expires_in": 0}, "expires_in"), ({"name": "x", "more": 1}, "more")])
def test_refusals(scientist, body, field):
    answer = scientist.post("/view/v1/instances", json=body)
    assert answer.status_code == 422 and answer.json()["field"] == field


def test_no_more_than_twenty(new_user):
    user = new_user()
    made = [user.post("/view/v1/instances", json={"name": f"no. {i}"}) for i in range(21)]
    assert [a.status_code for a in made] == [201] * 20 + [409]
    page = user.get("/view/v1/instances", params={"limit": 15}).json()
    rest = user.get("/view/v1/instances", params={"limit": 15, "cursor": page["next"]}).json()
    assert len(page["instances"]) == 15 and len(rest["instances"]) == 5 and rest["next"] is None


@pytest.mark.parametrize("token", ["x", "a" * 43, "-", "a" * 44, "%00", "' OR 1=1 --"])
def test_no_such_instance(anon, token):
    assert anon.get("/view/v1/indices", params={"instance": token}).status_code in (401, 404)
    assert anon.get(f"/i/{token}/view/v1/indices").status_code in (400, 401, 404)


def test_stands_in_no_log(base, anon, private, instance):
    """What the gateway and the modules write of requests by an instance does not hold its token."""
    folder = os.path.join(os.environ["NADIR_VAR"], "log") if os.environ.get("NADIR_VAR") else os.path.join(os.path.dirname(os.environ.get("NADIR_DATA", "")), "log")
    if not os.path.isdir(folder) or not os.access(folder, os.R_OK):
        pytest.skip("the logs cannot be read from here")
    mark = uuid.uuid4().hex
    for path in (at(base, instance, f"/view/tiles/{private['path']}/band-red/0/0/0.png"), at(base, instance, f"/view/tiles/none/none/x/0/0/0.png"),
                 f"/view/tiles/{private['path']}/band-red/0/0/0.png?instance={instance['token']}", at(base, instance, "/view"), at(base, instance, "/stac"),
                 at(base, instance, ""), f"/view/v1/indices?instance={instance['token']}"):
        anon.get(path, headers={"X-Request-Id": mark})

    def text():
        found = ""
        for name in glob.glob(f"{folder}/**/*", recursive=True):
            if os.path.isfile(name) and os.path.getmtime(name) > time.time() - 600:
                with open(name, errors="replace") as stream:
                    found += stream.read()
        return found

    eventually(lambda: text().count(mark) >= 7)
    assert instance["token"] not in text()
