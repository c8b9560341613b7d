"""What the gateway keeps of tiles, and for how long: it must be gone when the item changes, is taken away or becomes private."""
import numpy
import pytest

from conftest import publishing, write_cog
from helpers import eventually
from pictures import decode


@pytest.fixture
def item(admin, anon_session, data_folder):
    """An item whose stretch, and with it every picture, a test may change."""
    with publishing(admin, anon_session, data_folder) as publish:
        def write(folder):
            write_cog(f"{folder}/red.tif", numpy.full((300, 300), 2000, dtype="uint16"), 32633, (500000, 100, 0, 5000000, 0, -100))

        band = {"data_type": "uint16", "statistics": {"p2": 1000, "p98": 3000}}
        yield publish(write, {"red": {"file": "red.tif", "raster:bands": [band], "eo:bands": [{"common_name": "red"}]}}, {"gsd": 100})


Z, X, Y = 9, 277, 183


def addresses(item):
    path, name = item["path"], item["path"].replace("/", ":")
    return [f"/view/tiles/{path}/band-red/{Z}/{X}/{Y}.png", f"/view/wmts/1.0.0/{path}/band-red/WebMercatorQuad/{Z}/{Y}/{X}.png",
            f"/view/ogc/collections/{name}/map/tiles/WebMercatorQuad/{Z}/{Y}/{X}?f=png",
            f"/view/ogc/collections/{item['collection']}/map/tiles/WebMercatorQuad/{Z}/{Y}/{X}?f=png"]


def gray(answer):
    array = decode(answer.content)
    return int(array[0][array[3] > 0].mean()) if array.shape[0] == 4 else int(array[0].mean())


def stretch(admin, item, low, high):
    document = dict(item["document"])
    document["assets"]["red"]["raster:bands"][0]["statistics"] = {"p2": low, "p98": high}
    answer = admin.put(f"/stac/collections/{item['collection']}/items/{item['item']}", json=document)
    assert answer.status_code in (200, 204), answer.text


def test_tiles_are_kept_and_change_with_the_item(admin, anon, item):
    versioned = anon.get(f"/view/v1/items/{item['path']}").json()["tiles"]["band-red"]
    versioned = versioned[versioned.index("/view/"):].format(z=Z, x=X, y=Y)
    everywhere = addresses(item) + [versioned]
    tags = {}
    for address in everywhere:
        answer = anon.get(address)
        assert answer.status_code == 200 and abs(gray(answer) - 127) <= 1 and "public" in answer.headers["cache-control"], address
        assert "x-accel-expires" not in answer.headers
        tags[address] = answer.headers["etag"]
        # Kept: for the rest of the second as it is, and then asked for only whether it is still the same.
        assert eventually(lambda: anon.get(address).headers["x-cache"] in ("HIT", "REVALIDATED")), address
        assert anon.get(address, headers={"If-None-Match": tags[address]}).status_code == 304
    assert "immutable" in anon.get(versioned).headers["cache-control"]
    stretch(admin, item, 0, 8000)
    for address in everywhere:
        assert eventually(lambda: abs(gray(anon.get(address)) - 63) <= 1), address
        answer = anon.get(address)
        assert answer.headers["etag"] != tags[address] and anon.get(address, headers={"If-None-Match": tags[address]}).status_code == 200
    assert "immutable" not in anon.get(versioned).headers["cache-control"], "the address names what was before"


def test_what_is_taken_away_is_not_kept(admin, anon, item):
    for address in addresses(item):
        assert anon.get(address).status_code == 200
        assert eventually(lambda: anon.get(address).headers["x-cache"] in ("HIT", "REVALIDATED"))
    assert admin.delete(f"/stac/collections/{item['collection']}/items/{item['item']}").status_code in (200, 204)
    for address in addresses(item):
        assert eventually(lambda: anon.get(address).status_code == 404), address


def test_documents_have_entity_tags(anon, scene):
    path, name = scene["path"], scene["path"].replace("/", ":")
    for address in ("/view/wms?SERVICE=WMS&REQUEST=GetCapabilities", f"/view/wms/{path}?SERVICE=WMS&REQUEST=GetCapabilities&VERSION=1.1.1",
                    f"/view/wmts/{path}?SERVICE=WMTS&REQUEST=GetCapabilities", f"/view/v1/items/{path}", f"/view/v1/items/{path}/ndvi/tilejson.json",
                    "/view/v1/legends/ndvi.png", "/view/v1/legends/expression.png?rescale=0,1", "/view/v1/legends/ndvi.json", "/view/v1/indices",
                    "/view/ogc", "/view/ogc/api", "/view/ogc/conformance", "/view/ogc/tileMatrixSets", "/view/ogc/tileMatrixSets/WebMercatorQuad",
                    f"/view/ogc/collections/{name}", f"/view/ogc/collections/{name}/styles", f"/view/ogc/collections/{name}/map/tiles",
                    f"/view/ogc/collections/{name}/map/tiles/WebMercatorQuad", f"/view/ogc/collections/{scene['collection']}/tiles/WebMercatorQuad",
                    f"/view/wms?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetLegendGraphic&LAYER={path}&STYLE=ndvi",
                    f"/view/wms?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&LAYERS={path}&STYLES=&CRS=CRS:84&BBOX=15,45,15.1,45.1&WIDTH=9&HEIGHT=9&FORMAT=image/png"):
        def asked_again():
            first = anon.get(address)
            assert first.status_code == 200 and first.headers["cache-control"], (address, first.text[:200])
            assert len(first.headers["etag"].split(",")) == 1
            return anon.get(address, headers={"If-None-Match": first.headers["etag"]}).status_code == 304
        assert eventually(asked_again), address  # other tests publish meanwhile


def test_a_credential_passes_the_cache_by(user, anon, scene):
    address = f"/view/tiles/{scene['path']}/true-color/10/554/367.png"
    assert anon.get(address).status_code == 200
    mine = user.get(address)
    assert mine.status_code == 200 and "x-cache" not in mine.headers
    assert user.get(address, headers={"If-None-Match": mine.headers["etag"]}).status_code == 304
