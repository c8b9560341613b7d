"""nadir-catalogue as an operator runs it, and items to load."""
import datetime
import json
import os
import subprocess

import pytest


def command(*arguments, popen=False, **options):
    """Runs nadir-catalogue on the instance's catalogue, or begins to."""
    var = os.environ["NADIR_VAR"]
    program = os.path.join(var, "app/bin/nadir-catalogue")
    secret = os.path.join(var, "secrets/db_discovery")
    if not os.access(secret, os.R_OK):
        pytest.skip("the instance's secrets cannot be read by this user")
    environment = dict(os.environ, NADIR_DB_DISCOVERY_FILE=secret, NADIR_PUBLIC_URL=os.environ["NADIR_URL"],
                       NADIR_HARVEST_INSIDE="http://127.0.0.1: " + os.environ["NADIR_URL"] + "/")
    line = [program, *map(str, arguments)]
    if popen:
        return subprocess.Popen(line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    return subprocess.run(line, env=environment, capture_output=True, text=True, timeout=300, check=False, **options)


def make_item(collection, number, **properties):
    """A small item; numbers spread it over Europe and some days."""
    west, south = -10 + number % 400 / 10, 40 + number // 400 % 100 / 10
    ring = [[west, south], [west + 1, south], [west + 1, south + 1], [west, south + 1], [west, south]]
    day = datetime.datetime(2021, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(minutes=17 * number)
    return {"type": "Feature", "stac_version": "1.0.0", "id": f"item-{number}", "collection": collection,
            "geometry": {"type": "Polygon", "coordinates": [ring]}, "bbox": [west, south, west + 1, south + 1],
            "properties": {"datetime": day.strftime("%Y-%m-%dT%H:%M:%SZ"), "eo:cloud_cover": number % 100,
                           "updated": (day + datetime.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ"), **properties},
            "links": [], "assets": {"data": {"href": f"https://example.org/{collection}/{number}.tif",
                                             "type": "image/tiff; application=geotiff; profile=cloud-optimized", "roles": ["data"]}}}


def write_lines(path, documents):
    with open(path, "w", encoding="utf-8") as file:
        for document in documents:
            file.write((document if isinstance(document, str) else json.dumps(document)) + "\n")
    return path


def read_lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def remove_collection(client, name):
    """All that is in a collection, and the collection."""
    while True:
        page = client.get("/stac/search", params={"collections": name, "limit": 1000}).json()
        for item in page.get("features", []):
            client.delete(f"/stac/collections/{name}/items/{item['id']}")
        if not page.get("features"):
            break
    client.delete("/stac/collections/" + name)
