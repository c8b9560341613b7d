"""Aggregations against a count by hand of the same items: STAC API aggregation extension 0.3.0."""
import collections
import datetime
import math
import random
import uuid

import pytest
from osgeo import ogr

from helpers import problem
from helpers_stac import add_many, collection_document, item_document

ogr.UseExceptions()
NUMBER = 400
GEOHASH = "0123456789bcdefghjkmnpqrstuvwxyz"
CLOUDS = ("*-5.0", "5.0-15.0", "15.0-40.0", "40.0-*")


def footprint(rng):
    """A tilted four-cornered footprint; some cross the antimeridian and are cut there, some are points."""
    lon, lat = rng.uniform(-179, 179), rng.uniform(-70, 70)
    if rng.random() < 0.1:
        return {"type": "Point", "coordinates": [lon, lat]}
    if rng.random() < 0.15:
        lon, width = 180, rng.uniform(0.4, 3)
        parts = [[[180 - width, lat], [180, lat], [180, lat + 1.3], [180 - width, lat + 1.3], [180 - width, lat]],
                 [[-180, lat], [-180 + width / 3, lat], [-180 + width / 3, lat + 1.3], [-180, lat + 1.3], [-180, lat]]]
        return {"type": "MultiPolygon", "coordinates": [[part] for part in parts]}
    ring = [[lon - 0.9, lat - 0.5], [lon + 0.4, lat - 0.8], [lon + 0.9, lat + 0.6], [lon - 0.3, lat + 0.8]]
    return {"type": "Polygon", "coordinates": [[[max(-180, min(180, x)), y] for x, y in [*ring, ring[0]]]]}


def generated(collection):
    rng = random.Random(20)
    for n in range(NUMBER):
        when = datetime.datetime(2016, 1, 1) + datetime.timedelta(seconds=rng.uniform(0, 4 * 365 * 86400))
        properties = {"datetime": when.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z", "platform": rng.choice(["a", "b", "c"]),
                      "view:sun_elevation": rng.uniform(-20, 80)}
        if rng.random() < 0.9:
            properties["eo:cloud_cover"] = rng.choice([0, 5, 15, 40, 100, rng.uniform(0, 100)])
        yield item_document(collection, f"i{n}", geometry=footprint(rng), bbox=None, properties=properties)


def with_bbox(item):
    positions = []

    def walk(part):
        if isinstance(part[0], (int, float)):
            positions.append(part)
        else:
            for inner in part:
                walk(inner)

    geometry = item["geometry"]
    walk(geometry["coordinates"])
    if geometry["type"] == "MultiPolygon":
        east, west = geometry["coordinates"][1][0], geometry["coordinates"][0][0]
        ys = [y for _, y in positions]
        return {**item, "bbox": [min(x for x, _ in west), min(ys), max(x for x, _ in east), max(ys)]}
    xs, ys = zip(*positions)
    return {**item, "bbox": [min(xs), min(ys), max(xs), max(ys)]}


@pytest.fixture(scope="module")
def items(client):
    name = "test-" + uuid.uuid4().hex
    assert client.post("/stac/collections", json=collection_document(name)).status_code == 201
    made = [with_bbox(item) for item in generated(name)]
    add_many(client, name, made)
    yield name, made
    for item in made:
        client.delete(f"/stac/collections/{name}/items/{item['id']}")
    client.delete("/stac/collections/" + name)


def aggregate(session, names, **body):
    answer = session.post("/stac/aggregate", json={"aggregations": names, **body})
    assert answer.status_code == 200, answer.text
    document = answer.json()
    assert document["type"] == "AggregationCollection"
    assert [one["name"] for one in document["aggregations"]] == names
    return document["aggregations"]


def buckets(one):
    found = {bucket["key"]: bucket["frequency"] for bucket in one["buckets"]}
    assert len(found) == len(one["buckets"]), "a key comes twice"
    return found


def centre(geometry):
    """As the catalogue has it: of a footprint cut at the antimeridian, the centre of the whole."""
    if geometry["type"] == "MultiPolygon":
        west, east = geometry["coordinates"]
        moved = {"type": "MultiPolygon", "coordinates": [west, [[[x + 360, y] for x, y in east[0]]]]}
        x, y = ogr.CreateGeometryFromJson(str(moved).replace("'", '"')).Centroid().GetPoint_2D()
        return (x - 360 if x > 180 else x), y
    return ogr.CreateGeometryFromJson(str(geometry).replace("'", '"')).Centroid().GetPoint_2D()


def geohash(x, y, length):
    low, high, bits = [-180.0, -90.0], [180.0, 90.0], []
    for at in range(5 * length):
        axis, value = at % 2, (x, y)[at % 2]
        middle = (low[axis] + high[axis]) / 2
        bits.append(value >= middle)
        (low if value >= middle else high)[axis] = middle
    return "".join(GEOHASH[int("".join("01"[bit] for bit in bits[at:at + 5]), 2)] for at in range(0, len(bits), 5))


def tile(x, y, zoom):
    n = 2**zoom
    row = (1 - math.asinh(math.tan(math.radians(y))) / math.pi) / 2 * n
    return f"{zoom}/{min(n - 1, int((x + 180) / 360 * n))}/{int(row)}"


def cell(x, y, width):
    west, south = math.floor(x / width) * width, math.floor(y / width) * width
    return f"{west:g},{south:g}"


def cells_met(geometry, width):
    shape = ogr.CreateGeometryFromJson(str(geometry).replace("'", '"'))
    for part in ([shape.GetGeometryRef(n) for n in range(shape.GetGeometryCount())] if geometry["type"] == "MultiPolygon" else [shape]):
        west, east, south, north = part.GetEnvelope()
        for column in range(math.floor(west / width), max(math.floor(west / width), math.ceil(east / width) - 1) + 1):
            for row in range(math.floor(south / width), max(math.floor(south / width), math.ceil(north / width) - 1) + 1):
                if column * width >= 180:
                    continue
                w, s = column * width, row * width
                box = ogr.CreateGeometryFromWkt(f"POLYGON(({w} {s},{w + width} {s},{w + width} {s + width},{w} {s + width},{w} {s}))")
                if part.Intersects(box):
                    yield f"{w:g},{s:g}"


def test_values_and_histograms_are_those_of_a_count_by_hand(anon, items):
    name, made = items
    found = {one["name"]: one for one in aggregate(anon, ["total_count", "datetime_min", "datetime_max", "datetime_frequency", "collection_frequency",
                                                          "platform_frequency", "cloud_cover_frequency", "sun_elevation_frequency"],
                                                   collections=[name], datetime_frequency_interval="month")}
    times = [item["properties"]["datetime"] for item in made]
    assert found["total_count"]["value"] == NUMBER and found["total_count"]["data_type"] == "integer"
    assert (found["datetime_min"]["value"], found["datetime_max"]["value"]) == (min(times), max(times))
    months = collections.Counter(time[:7] + "-01T00:00:00.000Z" for time in times)
    assert buckets(found["datetime_frequency"]) == months
    assert [bucket["key"] for bucket in found["datetime_frequency"]["buckets"]] == sorted(months)
    assert buckets(found["collection_frequency"]) == {name: NUMBER}
    assert buckets(found["platform_frequency"]) == collections.Counter(item["properties"]["platform"] for item in made)
    clouds = [item["properties"]["eo:cloud_cover"] for item in made if "eo:cloud_cover" in item["properties"]]
    assert buckets(found["cloud_cover_frequency"]) == collections.Counter(CLOUDS[sum(cover >= edge for edge in (5, 15, 40))] for cover in clouds)
    assert found["cloud_cover_frequency"]["overflow"] == NUMBER - len(clouds)
    suns = collections.Counter(f"{math.floor(item['properties']['view:sun_elevation'] / 5) * 5}.0" for item in made)
    assert buckets(found["sun_elevation_frequency"]) == suns


@pytest.mark.parametrize("interval, key", [("year", "{:%Y}-01-01T00:00:00.000Z"), ("day", "{:%Y-%m-%d}T00:00:00.000Z"),
                                           ("hour", "{:%Y-%m-%dT%H}:00:00.000Z")])
def test_calendar_intervals(anon, items, interval, key):
    name, made = items
    one, = aggregate(anon, ["datetime_frequency"], collections=[name], datetime_frequency_interval=interval)
    times = [datetime.datetime.fromisoformat(item["properties"]["datetime"][:-1]) for item in made]
    assert buckets(one) == collections.Counter(key.format(time) for time in times)
    assert one["interval"] == interval


def test_by_place_as_by_hand(anon, items):
    name, made = items
    hashes, tiles, degrees, met = aggregate(
        anon, ["centroid_geohash_grid_frequency", "centroid_geotile_grid_frequency", "centroid_degree_grid_frequency", "geometry_degree_grid_frequency"],
        collections=[name], centroid_geohash_grid_frequency_precision=3, centroid_geotile_grid_frequency_precision=7,
        centroid_degree_grid_frequency_cell=0.5, geometry_degree_grid_frequency_cell=1)
    centres = [centre(item["geometry"]) for item in made]
    assert buckets(hashes) == collections.Counter(geohash(x, y, 3) for x, y in centres)
    assert buckets(tiles) == collections.Counter(tile(x, y, 7) for x, y in centres)
    assert buckets(degrees) == collections.Counter(cell(x, y, 0.5) for x, y in centres)
    assert buckets(met) == collections.Counter(key for item in made for key in cells_met(item["geometry"], 1))
    assert all(bucket["bbox"][2] - bucket["bbox"][0] == 1 for bucket in met["buckets"])


def test_geometries_by_geohash_and_tile_meet_what_their_cells_hold(anon, items):
    name, _ = items
    hashes, tiles, total = aggregate(anon, ["geometry_geohash_grid_frequency", "geometry_geotile_grid_frequency", "total_count"], collections=[name],
                                     geometry_geohash_grid_frequency_precision=2, geometry_geotile_grid_frequency_precision=4)
    assert sum(buckets(hashes).values()) >= total["value"] and sum(buckets(tiles).values()) >= total["value"]
    for bucket in hashes["buckets"][:10] + hashes["buckets"][-10:]:
        low, high, at = [-180.0, -90.0], [180.0, 90.0], 0
        for letter in bucket["key"]:
            for bit in range(4, -1, -1):
                middle = (low[at % 2] + high[at % 2]) / 2
                (low if GEOHASH.index(letter) >> bit & 1 else high)[at % 2] = middle
                at += 1
        box = [low[0] + 1e-9, low[1] + 1e-9, high[0] - 1e-9, high[1] - 1e-9]
        inside, = aggregate(anon, ["total_count"], collections=[name], bbox=box)
        assert inside["value"] == bucket["frequency"], bucket


SELECTIONS = [
    {"bbox": [-60, -40, 60, 40]},
    {"bbox": [170, -80, -170, 80]},
    {"datetime": "2017-01-01T00:00:00Z/2017-12-31T23:59:59Z"},
    {"ids": ["i1", "i2", "i3", "none"]},
    {"filter": {"op": "<", "args": [{"property": "eo:cloud_cover"}, 20]}, "filter-lang": "cql2-json"},
    {"query": {"platform": {"eq": "a"}}},
    {"intersects": {"type": "Polygon", "coordinates": [[[-100, -60], [100, -60], [0, 60], [-100, -60]]]}},
]


@pytest.mark.parametrize("selection", SELECTIONS)
def test_whatever_selects_items_selects_what_is_counted(anon, items, selection):
    name, made = items
    answer = anon.post("/stac/search", json={"collections": [name], "limit": 1000, **selection})
    assert answer.status_code == 200, answer.text
    features = answer.json()["features"]
    assert 0 < len(features) < NUMBER
    total, platforms, degrees, first = aggregate(anon, ["total_count", "platform_frequency", "centroid_degree_grid_frequency", "datetime_min"],
                                                 collections=[name], **selection)
    assert total["value"] == len(features)
    assert buckets(platforms) == collections.Counter(item["properties"]["platform"] for item in features)
    assert sum(buckets(degrees).values()) == len(features)
    assert first["value"] == min(item["properties"]["datetime"] for item in features)


def test_kept_counts_and_counting_agree(anon, scientist, admin, items):
    """Without conditions the kept counts answer; one that holds for every item has the same items counted."""
    name, _ = items
    private = "test-" + uuid.uuid4().hex
    assert scientist.post("/stac/collections", json=collection_document(private)).status_code == 201
    lasting = item_document(private, "x", properties={"datetime": None, "start_datetime": "2016-12-30T00:00:00Z", "end_datetime": "2017-01-02T00:00:00Z"})
    assert scientist.post(f"/stac/collections/{private}/items", json=lasting).status_code == 201
    try:
        for session in (anon, scientist, admin):
            for interval in ("year", "month", "week", "day"):
                asked = {"collections": [name, private], "datetime_frequency_interval": interval}
                kept = aggregate(session, ["datetime_frequency", "collection_frequency"], **asked)
                counted = aggregate(session, ["datetime_frequency", "collection_frequency"], bbox=[-180, -90, 180, 90], **asked)
                assert kept == counted
                assert buckets(kept[1]) == {name: NUMBER, **({private: 1} if session is not anon else {})}
    finally:
        scientist.delete(f"/stac/collections/{private}/items/x")
        scientist.delete("/stac/collections/" + private)


def test_get_answers_as_post_does(anon, items):
    name, _ = items
    names = ["total_count", "centroid_geohash_grid_frequency"]
    by_post = aggregate(anon, names, collections=[name], bbox=[-60, -40, 60, 40], centroid_geohash_grid_frequency_precision=2)
    query = {"aggregations": ",".join(names), "bbox": "-60,-40,60,40", "centroid_geohash_grid_frequency_precision": 2}
    assert anon.get("/stac/aggregate", params={**query, "collections": name}).json()["aggregations"] == by_post
    below = anon.get(f"/stac/collections/{name}/aggregate", params=query)
    assert below.json()["aggregations"] == by_post
    assert anon.post(f"/stac/collections/{name}/aggregate", json={"aggregations": names, "bbox": [-60, -40, 60, 40],
                                                                   "centroid_geohash_grid_frequency_precision": 2}).json() | {"links": 0} == below.json() | {"links": 0}


def test_every_aggregation_that_is_listed_can_be_asked_for(anon, items):
    name, _ = items
    for path in ("/stac/aggregations", f"/stac/collections/{name}/aggregations"):
        listed = anon.get(path).json()["aggregations"]
        assert {"total_count", "datetime_frequency", "collection_frequency", "cloud_cover_frequency"} <= {one["name"] for one in listed}
    found = aggregate(anon, [one["name"] for one in listed], collections=[name])
    assert [one["data_type"] for one in found] == [one["data_type"] for one in listed]


def test_nothing_found_is_nothing_counted(anon, items):
    name, _ = items
    found = aggregate(anon, ["total_count", "datetime_min", "datetime_frequency", "geometry_geohash_grid_frequency"], collections=[name],
                      datetime="1900-01-01T00:00:00Z")
    assert [one.get("value") for one in found[:2]] == [0, None]
    assert [one["buckets"] for one in found[2:]] == [[], []]
    assert aggregate(anon, [], collections=[name]) == []


@pytest.mark.parametrize("query, field", [
    ("aggregations=nonsense", "aggregations"),
    ("aggregations=total_count&bbox=1,2,3", "bbox"),
    ("aggregations=total_count&filter=a%20%3D", "filter"),
    ("aggregations=datetime_frequency&datetime_frequency_interval=eon", "datetime_frequency_interval"),
    ("aggregations=centroid_geohash_grid_frequency&centroid_geohash_grid_frequency_precision=13", "centroid_geohash_grid_frequency_precision"),
    ("aggregations=geometry_geohash_grid_frequency&geometry_geohash_grid_frequency_precision=6", "geometry_geohash_grid_frequency_precision"),
    ("aggregations=centroid_geotile_grid_frequency&centroid_geotile_grid_frequency_precision=x", "centroid_geotile_grid_frequency_precision"),
    ("aggregations=geometry_degree_grid_frequency&geometry_degree_grid_frequency_cell=0.01", "geometry_degree_grid_frequency_cell"),
    ("aggregations=geometry_degree_grid_frequency&geometry_degree_grid_frequency_cell=nan", "geometry_degree_grid_frequency_cell"),
    ("aggregations=centroid_geohash_grid_frequency&centroid_geohash_grid_frequency_precision=1e300", "centroid_geohash_grid_frequency_precision"),
])
def test_what_cannot_be_read_is_told(anon, query, field):
    assert problem(anon.get("/stac/aggregate?" + query), 400)["field"] == field


def test_bad_bodies_are_told(anon):
    for body in ({"aggregations": "total_count"}, {"aggregations": [1]}, {"aggregations": ["nope"]}, []):
        problem(anon.post("/stac/aggregate", json=body), 400)
    problem(anon.get("/stac/collections/not-there/aggregate?aggregations=total_count"), 404)
    problem(anon.get("/stac/collections/not-there/aggregations"), 404)


def test_numbers_do_not_tell_of_private_items(anon, scientist, user, admin):
    """A private collection is in nobody's numbers but its owner's and an administrator's."""
    name = "test-" + uuid.uuid4().hex
    every = ["total_count", "collection_frequency", "platform_frequency", "datetime_max", "centroid_degree_grid_frequency"]
    answer = scientist.post("/stac/collections", json=collection_document(name))
    assert answer.status_code == 201, answer.text
    try:
        item = item_document(name, "x", properties={"datetime": "2099-01-01T00:00:00Z", "platform": "secret-" + name})
        assert scientist.post(f"/stac/collections/{name}/items", json=item).status_code == 201
        for session in (anon, user):
            total, terms, platforms, latest, grid = aggregate(session, every, collections=[name])
            assert total["value"] == 0 and latest["value"] is None
            assert terms["buckets"] == platforms["buckets"] == grid["buckets"] == []
            assert terms["overflow"] == platforms["overflow"] == 0
            problem(session.get(f"/stac/collections/{name}/aggregate?aggregations=total_count"), 404)
            everything, = aggregate(session, ["collection_frequency"])
            assert name not in buckets(everything)
        for session in (scientist, admin):
            total, terms, *_ = aggregate(session, every, collections=[name])
            assert total["value"] == 1 and buckets(terms) == {name: 1}
    finally:
        scientist.delete(f"/stac/collections/{name}/items/x")
        assert scientist.delete("/stac/collections/" + name).status_code == 204
