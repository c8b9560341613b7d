"""GDAL (Debian's gdal-bin 3.6) against the catalogue: OGC API - Features over /stac, CSW, and STACIT over a saved page with real scenes."""
import json
import os
import re
import shutil
import subprocess

import pytest

from helpers_stac import add_many, item_document, search_all

pytestmark = pytest.mark.skipif(not shutil.which("ogrinfo"), reason="gdal-bin is not installed")


def run(*command, **environment):
    """A command's output. GDAL keeps no cache and reads no configuration of the person."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False,
                          env={**os.environ, "GDAL_HTTP_TIMEOUT": "60", **environment})
    assert done.returncode == 0, (command, done.stdout[-2000:], done.stderr[-2000:])
    assert "ERROR" not in done.stderr and "Warning" not in done.stderr, done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def scenes(client, module_collection):
    """120 points on a grid of one degree."""
    add_many(client, module_collection, [
        item_document(module_collection, f"s{n}", geometry={"type": "Point", "coordinates": [n % 12, n // 12]}, bbox=[n % 12, n // 12] * 2,
                      properties={"datetime": "2020-06-01T10:00:00Z", "eo:cloud_cover": n, "title": f"Scene {n}"}) for n in range(120)])
    return module_collection


def test_features_lists_collections(base, scenes):
    layers = run("ogrinfo", "-ro", f"OAPIF:{base}/stac")
    assert scenes in layers and "landsat-7" in layers


def test_features_pages(base, scenes):
    """All pages are followed: 120 features by 7."""
    out = run("ogrinfo", "-ro", "-al", "-q", "-oo", "PAGE_SIZE=7", f"OAPIF:{base}/stac/collections/{scenes}")
    found = re.findall(r"^\s+title \(String\) = (Scene \d+)$", out, re.M)
    assert len(found) == 120 and len(set(found)) == 120


def test_features_spatial_filter(base, scenes):
    out = run("ogrinfo", "-ro", "-al", "-q", "-oo", "PAGE_SIZE=10", f"OAPIF:{base}/stac/collections/{scenes}", "-spat", "2.5", "1.5", "5.5", "3.5")
    assert len(re.findall(r"^OGRFeature", out, re.M)) == 3 * 2


def test_features_count(base, scenes):
    assert "Feature Count: 120" in run("ogrinfo", "-ro", "-so", "-al", f"OAPIF:{base}/stac/collections/{scenes}")


def test_features_to_file(base, scenes, tmp_path):
    target = tmp_path / "scenes.geojson"
    run("ogr2ogr", "-f", "GeoJSON", str(target), f"OAPIF:{base}/stac/collections/{scenes}", "-where", "title = 'Scene 17'")
    features = json.loads(target.read_text())["features"]
    assert [f["geometry"]["coordinates"] for f in features] == [[5, 1]]


def test_csw(base, scenes):
    """GDAL's CSW driver: bounding box filter and attribute filter, by pages."""
    drivers = run("ogrinfo", "--formats")
    if "CSW" not in drivers:
        pytest.skip("this GDAL has no CSW driver")
    by_identifier = run("ogrinfo", "-ro", "-al", "-q", f"CSW:{base}/csw", "-where", f"identifier = '{scenes}/s17'")
    assert len(re.findall(r"^OGRFeature", by_identifier, re.M)) == 1 and f"identifier (String) = {scenes}/s17" in by_identifier
    assert "POLYGON ((5 1,5 1,5 1,5 1,5 1))" in by_identifier or "POINT (5 1)" in by_identifier, by_identifier
    placed = run("ogrinfo", "-ro", "-al", "-q", f"CSW:{base}/csw", "-oo", "MAX_RECORDS=2", "-spat", "2.5", "1.5", "5.5", "3.5", "-where", "type = 'dataset'")
    assert len(re.findall(rf"identifier \(String\) = {scenes}/", placed)) == 3 * 2
    liked = run("ogrinfo", "-ro", "-al", "-q", f"CSW:{base}/csw", "-where", f"identifier LIKE '{scenes}/s11%'")
    assert len(re.findall(r"^OGRFeature", liked, re.M)) == 1 + 10


def public_asset(anon, item, asset):
    """The asset's own address if anyone may read it."""
    href = item["assets"][asset]["href"]
    return href if anon.get(href, headers={"Range": "bytes=0-15"}, stream=True).status_code in (200, 206) else None


def test_stacit_opens_real_scenes(anon, demo, tmp_path):
    """A page of search results, saved, opens as one mosaic of the scenes' cloud-optimised GeoTIFFs, read over HTTP."""
    drivers = run("gdalinfo", "--formats")
    if "STACIT" not in drivers:
        pytest.skip("this GDAL has no STACIT driver")
    free = demo["free"]
    items = [i for i in search_all(anon, "/stac/search", {"collections": free["collection"], "ids": free["item"], "limit": 10})]
    assert items, free
    bands = [key for key, asset in items[0]["assets"].items() if "data" in asset.get("roles", []) and public_asset(anon, items[0], key)]
    assert bands, "the free scene's bands cannot be read by anyone"
    saved = tmp_path / "items.json"
    saved.write_text(json.dumps({"type": "FeatureCollection", "features": items, "links": []}))
    facts = json.loads(run("gdalinfo", "-json", f'STACIT:"{saved}":asset={bands[0]}', GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"))
    assert facts["driverShortName"] == "VRT" and facts["size"] == items[0]["properties"]["proj:shape"][::-1]
    target = tmp_path / "small.tif"
    run("gdal_translate", "-q", "-outsize", "64", "0", f'STACIT:"{saved}":asset={bands[0]}', str(target), GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR")
    statistics = json.loads(run("gdalinfo", "-json", "-stats", str(target)))["bands"][0]
    assert statistics["maximum"] > statistics["minimum"]
