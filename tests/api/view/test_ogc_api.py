"""OGC API - Tiles Part 1 (20-057) and - Maps Part 1 (20-058): assertions of ets-ogcapi-tiles10 and the standards' abstract tests."""
import json

import numpy
import pytest
from osgeo import ogr

from helpers import eventually, problem
from pictures import decode

REL = "http://www.opengis.net/def/rel/ogc/1.0/"
SPEC = "http://www.opengis.net/spec/"


def link(document, rel):
    return next(each["href"] for each in document["links"] if each["rel"] == rel)


def layer_of(scene):
    return f"/view/ogc/collections/{scene['path'].replace('/', ':')}"


def box_of(scene):
    west, south, east, north = scene["document"]["bbox"]
    return [west + (east - west) * 0.4, south + (north - south) * 0.3, west + (east - west) * 0.6, south + (north - south) * 0.6]


def test_landing_and_conformance(anon):
    """20-057 A.1 and A.10 (requirements 7 and 11): conformance, and a link to the dataset's tilesets at …/tiles."""
    landing = anon.get("/view/ogc").json()
    classes = anon.get(link(landing, REL + "conformance")).json()["conformsTo"]
    for name in ("core", "tileset", "tilesets-list", "dataset-tilesets", "geodata-tilesets", "png", "jpeg", "mvt"):
        assert f"{SPEC}ogcapi-tiles-1/1.0/conf/{name}" in classes
    assert f"{SPEC}ogcapi-maps-1/1.0/conf/core" in classes
    assert link(landing, REL + "tilesets-vector").endswith("/tiles")
    assert "openapi: 3.1" in anon.get(link(landing, "service-desc")).text


def test_tile_matrix_sets(anon):
    """17-083r4 annex C: the registered sets as JSON."""
    sets = anon.get(link(anon.get("/view/ogc").json(), REL + "tiling-schemes")).json()["tileMatrixSets"]
    assert [s["id"] for s in sets] == ["WebMercatorQuad", "WorldCRS84Quad", "EPSG:4326"]
    quad = anon.get(link(sets[0], "self")).json()
    assert quad["uri"] == "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad" and len(quad["tileMatrices"]) == 25
    assert quad["tileMatrices"][3]["cellSize"] == pytest.approx(19567.87924100512) and quad["tileMatrices"][3]["matrixWidth"] == 8
    assert anon.get("/view/ogc/tileMatrixSets/UTM60WGS84Quad").json()["crs"].endswith("/32660")
    for wrong in ("UTM61WGS84Quad", "UTM00WGS84Quad", "nope"):
        problem(anon.get(f"/view/ogc/tileMatrixSets/{wrong}"), 404, "no-such-tile-matrix-set")


def test_collections_and_their_tilesets(anon, scene):
    """20-057 A.9, A.11 to A.13 (requirements 10, 12, 14): each geospatial resource links to its tilesets at …/tiles, whose entries name
    their data type, system and set; A.8 (requirement 9): a tileset says where its tiles are."""
    collections = anon.get("/view/ogc/collections").json()["collections"]
    ids = [c["id"] for c in collections]
    assert scene["collection"] in ids and scene["path"].replace("/", ":") in ids
    for collection in (next(c for c in collections if c["id"] == scene["collection"]), anon.get(layer_of(scene)).json()):
        for rel in [each["rel"] for each in collection["links"] if each["rel"].startswith(REL + "tilesets-")]:
            assert link(collection, rel).endswith("/tiles")
            tilesets = anon.get(link(collection, rel)).json()["tilesets"]
            assert len(tilesets) >= 2
            for entry in tilesets:
                assert entry["dataType"] == ("vector" if rel.endswith("vector") else "map") and entry["crs"]
                whole = anon.get(link(entry, "self")).json()
                assert anon.get(link(whole, REL + "tiling-scheme")).status_code == 200
                items = [each for each in whole["links"] if each["rel"] == "item"]
                assert items and all(each["templated"] for each in items)
                level = "1" if "UTM" in link(entry, "self") else "0"
                for each in items:
                    tile = anon.get(each["href"].format(tileMatrix=level, tileRow=0, tileCol=0))
                    assert tile.status_code == 200 and tile.headers["content-type"] == each["type"]  # A.6


def test_tiles(anon, scene):
    """20-057 A.2 to A.7 (requirements 1 to 6)."""
    west, south, east, north = scene["document"]["bbox"]
    lon, lat = (west + 3 * east) / 4, (south + north) / 2
    column = int((lon + 180) / 360 * 4096)
    row = int((1 - numpy.arcsinh(numpy.tan(numpy.radians(lat))) / numpy.pi) / 2 * 4096)
    path = f"{layer_of(scene)}/map/tiles/WebMercatorQuad/12"
    xyz = anon.get(f"/view/tiles/{scene['path']}/default/12/{column}/{row}.png")
    tile = anon.get(f"{path}/{row}/{column}?f=png")
    assert tile.status_code == 200 and tile.content == xyz.content and tile.headers["cache-control"].startswith("public")
    assert anon.get(f"{path}/{row}/{column}?f=png", headers={"If-None-Match": tile.headers["etag"]}).status_code == 304
    assert anon.get(f"{path}/{row}/{column}", headers={"Accept": "image/jpeg"}).headers["content-type"] == "image/jpeg"
    assert anon.get(f"{path}/{row}/{column}", headers={"Accept": "image/png"}).headers["content-type"] == "image/png"  # not the cached JPEG
    styled = anon.get(f"{layer_of(scene)}/styles/ndvi/map/tiles/WebMercatorQuad/12/{row}/{column}?f=png")
    assert styled.content == anon.get(f"/view/tiles/{scene['path']}/ndvi/12/{column}/{row}.png").content
    for wrong in ("2147483647/2147483647", "4096/0", "0/4096", "-1/0", "x/0"):
        problem(anon.get(f"{path}/{wrong}"), 404, "no-such-tile")
    problem(anon.get(f"{layer_of(scene)}/map/tiles/WebMercatorQuad/25/0/0"), 404)
    problem(anon.get(f"{layer_of(scene)}/map/tiles/nope/0/0/0"), 404)
    problem(anon.get(f"{layer_of(scene)}/styles/nope/map/tiles/WebMercatorQuad/0/0/0"), 404, "no-such-style")
    problem(anon.get("/view/ogc/collections/none:none/map/tiles/WebMercatorQuad/0/0/0"), 404, "no-such-collection")
    problem(anon.get(f"{path}/{row}/{column}?f=gif"), 400, "unknown-format")


def test_tilejson(anon, scene):
    """TileJSON 3.0.0 of map tiles and of vector tiles."""
    map_json = anon.get(f"{layer_of(scene)}/map/tiles/WebMercatorQuad?f=tilejson").json()
    assert map_json["tilejson"] == "3.0.0" and anon.get(map_json["tiles"][0].format(z=0, x=0, y=0)).headers["content-type"] == "image/png"
    vector = anon.get("/view/ogc/tiles/WebMercatorQuad?f=tilejson").json()
    assert vector["vector_layers"][0]["id"] == "footprints" and anon.get(vector["tiles"][0].format(z=0, x=0, y=0)).status_code == 200
    problem(anon.get(f"{layer_of(scene)}/map/tiles/WorldCRS84Quad?f=tilejson"), 400)


def test_maps(anon, scene):
    """20-058 requirements core (map), spatial subsetting, scaling, crs, background: as previews draw it."""
    box = ",".join(map(str, box_of(scene)))
    for crs in (None, "http://www.opengis.net/def/crs/EPSG/0/3857", "EPSG:32633", "CRS:84"):
        params = {"bbox": box, "width": 120, "height": 90, **({"crs": crs} if crs else {})}
        ours = anon.get(f"{layer_of(scene)}/styles/band-red/map", params=params)
        theirs = anon.get(f"/view/v1/previews/{scene['path']}/band-red.png", params=params)
        assert ours.status_code == 200 and ours.content == theirs.content and ours.headers["content-crs"] and ours.headers["content-bbox"]
    south_first = ",".join(str(box_of(scene)[i]) for i in (1, 0, 3, 2))
    turned = anon.get(f"{layer_of(scene)}/map", params={"bbox": south_first, "bbox-crs": "http://www.opengis.net/def/crs/EPSG/0/4326", "width": 50})
    assert turned.content == anon.get(f"{layer_of(scene)}/map", params={"bbox": box, "width": 50}).content
    blue = decode(anon.get(f"{layer_of(scene)}/map", params={"bbox": "-10,-10,-9,-9", "width": 20, "height": 20, "bgcolor": "0x0000FF"}).content)
    assert blue.shape[0] == 3 and (blue[2] == 255).all() and (blue[:2] == 0).all()
    assert anon.get(f"{layer_of(scene)}/map?f=jpeg").headers["content-type"] == "image/jpeg"
    for wrong in ({"bbox": "1,2,3"}, {"bbox": "1,4,3,2"}, {"crs": "EPSG:1"}, {"width": 0}, {"width": 4096, "height": 4096}, {"bgcolor": "reddish"},
                  {"transparent": "maybe"}, {"datetime": "yesterday"}, {"f": "gif"}):
        problem(anon.get(f"{layer_of(scene)}/map", params=wrong), 400)


def test_datetime_of_a_collection(anon, publish_pair):
    """20-057 A.7 and 20-058 datetime: what was there then."""
    collection, first, second = publish_pair
    eventually(lambda: anon.get(f"/view/ogc/collections/{collection}").status_code == 200)
    box = ",".join(map(str, box_of(first)))

    def value(time):
        answer = anon.get(f"/view/ogc/collections/{collection}/styles/band-red/map", params={"bbox": box, "width": 20, "height": 20, **({"datetime": time} if time else {})})
        assert answer.status_code == 200, answer.text
        return decode(answer.content)[0, 10, 10]

    old, new = value("2024-01-01T10:00:00Z"), value("2024-03-01T10:00:00Z")
    assert new - old > 50 and value(None) == new and value("../2024-02-01") == old and value("2024-02-01/..") == new
    eventually(lambda: anon.get(f"/view/ogc/collections/{collection}").json()["title"] == "View tests")
    extent = anon.get(f"/view/ogc/collections/{collection}").json()["extent"]
    assert extent["temporal"]["interval"][0][0] <= "2024-01-01T10:00:00Z" and extent["temporal"]["interval"][0][1] == "2024-03-01T10:00:00Z"
    problem(anon.get(f"/view/ogc/collections/{collection}/map?datetime=1999-01-01T00:00:00Z"), 400, "invalid-datetime")


def test_footprints(anon, publish_pair, tmp_path):
    """Vector tiles (20-057 mvt; Mapbox Vector Tile 2.1) that GDAL reads: each item once, where it is."""
    collection, first, second = publish_pair
    items = {first["item"], second["item"]}
    answer = eventually(lambda: (r := anon.get(f"/view/ogc/collections/{collection}/tiles/WebMercatorQuad/0/0/0")).status_code == 200 and r)
    assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile" and answer.headers["etag"]
    west, south, east, north = first["document"]["bbox"]
    level = 9
    column = int(((west + east) / 2 + 180) / 360 * 2 ** level)
    row = int((1 - numpy.arcsinh(numpy.tan(numpy.radians((south + north) / 2))) / numpy.pi) / 2 * 2 ** level)

    def read(path, name):
        file = tmp_path / f"{name}.mvt"
        file.write_bytes(anon.get(path).content)
        dataset = ogr.Open(str(file))
        return [] if dataset is None else [json.loads(f.ExportToJson()) for f in dataset.GetLayer(0)]

    features = read(f"/view/ogc/collections/{collection}/tiles/WebMercatorQuad/{level}/{row}/{column}", "one")
    assert items <= {f["properties"]["item"] for f in features} and {f["properties"]["collection"] for f in features} == {collection}
    january = read(f"/view/ogc/collections/{collection}/tiles/WebMercatorQuad/{level}/{row}/{column}?datetime=2024-01-01", "january")
    assert {f["properties"]["item"] for f in january} & items == {first["item"]}
    assert items <= {f["properties"]["item"] for f in read(f"/view/ogc/tiles/WebMercatorQuad/{level}/{row}/{column}", "all")}
    assert anon.get(f"/view/ogc/collections/{collection}/tiles/WebMercatorQuad/9/0/0").content == b""
    assert anon.get(f"/view/ogc/tiles/WorldCRS84Quad/0/0/1").status_code == 200
    problem(anon.get(f"/view/ogc/collections/{collection}/tiles/EPSG:4326/0/0/0"), 404)
    problem(anon.get(f"/view/ogc/collections/{first['path'].replace('/', ':')}/tiles/WebMercatorQuad/0/0/0"), 404)
    problem(anon.get(f"/view/ogc/tiles/WebMercatorQuad/0/0/0?datetime=x"), 400)
