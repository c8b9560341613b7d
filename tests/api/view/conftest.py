"""Scenes made up for the tests of view: COGs below NADIR_DATA and the items that name them."""
import contextlib
import os
import shutil
import uuid

import pytest

numpy = pytest.importorskip("numpy")
gdal = pytest.importorskip("osgeo.gdal")
osr = pytest.importorskip("osgeo.osr")
from helpers import eventually  # noqa: E402

gdal.UseExceptions()


def write_cog(path, array, epsg, transform, nodata=None, overviews="AVERAGE", compress="DEFLATE"):
    """An array (lines, columns) or (bands, lines, columns) as a COG."""
    array = numpy.atleast_3d(array) if array.ndim == 3 else array[numpy.newaxis]
    kind = {"uint8": gdal.GDT_Byte, "uint16": gdal.GDT_UInt16, "int16": gdal.GDT_Int16, "float32": gdal.GDT_Float32}[array.dtype.name]
    dataset = gdal.GetDriverByName("MEM").Create("", array.shape[2], array.shape[1], array.shape[0], kind)
    reference = osr.SpatialReference()
    reference.ImportFromEPSG(epsg)
    dataset.SetProjection(reference.ExportToWkt())
    dataset.SetGeoTransform(transform)
    for index in range(array.shape[0]):
        band = dataset.GetRasterBand(index + 1)
        band.WriteArray(array[index])
        if nodata is not None:
            band.SetNoDataValue(nodata)
    gdal.GetDriverByName("COG").CreateCopy(path, dataset, options=[f"COMPRESS={compress}", "BLOCKSIZE=256", f"OVERVIEW_RESAMPLING={overviews}"])
    os.chmod(path, 0o644)


def make_folder(root, relative):
    """Makes the folder, its parents and all with the owner of the data folder, who must be able to go on writing there."""
    owner = os.stat(root)
    folder = root
    for part in relative.split("/"):
        folder = os.path.join(folder, part)
        if not os.path.isdir(folder):
            os.mkdir(folder, 0o755)
            if os.geteuid() == 0:
                os.chown(folder, owner.st_uid, owner.st_gid)
    return folder


def bounds_84(path):
    info = gdal.Info(path, format="json")
    ring = info["wgs84Extent"]["coordinates"][0]
    xs, ys = [p[0] for p in ring], [p[1] for p in ring]
    return [min(xs), min(ys), max(xs), max(ys)]


@pytest.fixture(scope="session")
def data_folder():
    folder = os.environ.get("NADIR_DATA")
    if not folder or not os.access(folder, os.W_OK):
        pytest.skip("NADIR_DATA is not set or cannot be written: these tests put files there")
    return folder


@contextlib.contextmanager
def publishing(admin, anon_session, data_folder):
    """A collection of its own, and make(write, assets): an item in it."""
    collection = f"t-view-{uuid.uuid4().hex[:10]}"
    made = admin.post("/stac/collections", json={
        "type": "Collection", "stac_version": "1.0.0", "id": collection, "title": "View tests", "description": "made by a test",
        "license": "CC0-1.0", "extent": {"spatial": {"bbox": [[-180, -90, 180, 90]]}, "temporal": {"interval": [[None, None]]}},
        "links": []})
    assert made.status_code in (200, 201), made.text
    items = []

    def make(write, assets, properties=None, bbox=None):
        item = f"i-{uuid.uuid4().hex[:10]}"
        relative = f"products/{collection}/{item}"
        folder = make_folder(data_folder, relative)
        write(folder)
        first = next(iter(assets.values()))["file"]
        west, south, east, north = bbox or bounds_84(os.path.join(folder, first))
        document = {
            "type": "Feature", "stac_version": "1.0.0", "id": item, "collection": collection,
            "geometry": {"type": "Polygon", "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]]},
            "bbox": [west, south, east, north], "properties": {"datetime": "2024-01-01T00:00:00Z", **(properties or {})}, "links": [],
            "assets": {key: {"href": "", "type": "image/tiff; application=geotiff; profile=cloud-optimized", "roles": ["data"],
                             "nadir:path": f"{relative}/{asset['file']}", **{k: v for k, v in asset.items() if k != "file"}}
                       for key, asset in assets.items()},
        }
        for asset in document["assets"].values():
            del asset["href"]
        answer = admin.post(f"/stac/collections/{collection}/items", json=document)
        assert answer.status_code in (200, 201), answer.text
        items.append(item)
        eventually(lambda: anon_session.get(f"/view/v1/items/{collection}/{item}").status_code == 200)
        return {"collection": collection, "item": item, "folder": folder, "path": f"{collection}/{item}", "document": document}

    yield make
    for item in items:
        admin.delete(f"/stac/collections/{collection}/items/{item}")
    admin.delete(f"/stac/collections/{collection}")
    shutil.rmtree(os.path.join(data_folder, "products", collection), ignore_errors=True)


@pytest.fixture(scope="session")
def publish(admin, anon_session, data_folder):
    """publish(write, assets): makes an item; write(folder) writes its files and assets name them. Taken away in the end."""
    with publishing(admin, anon_session, data_folder) as make:
        yield make


@pytest.fixture(scope="session")
def anon_session(base):
    from helpers import Api
    return Api(base)


@pytest.fixture(scope="session")
def scene(publish):
    """Four 16-bit bands of smooth hills and some texture in UTM 33 north, a strip without data in the west, and `visual`."""
    side = 1200
    rng = numpy.random.default_rng(3)
    y, x = numpy.mgrid[0:side, 0:side].astype("float32")
    arrays = {}
    for index, name in enumerate(("blue", "green", "red", "nir")):
        hills = numpy.sin(x / (40 + 9 * index)) * numpy.cos(y / (55 - 7 * index))
        values = 2000 + 900 * hills + 20 * rng.standard_normal((side, side))
        values[:, :150] = 0
        arrays[name] = numpy.clip(values, 0, 10000).astype("uint16")

    def write(folder):
        transform = (500000, 10, 0, 5000000, 0, -10)
        for name, array in arrays.items():
            write_cog(f"{folder}/{name}.tif", array, 32633, transform, nodata=0)
        visual = numpy.stack([numpy.clip(arrays[n] / 16, 0, 255).astype("uint8") for n in ("red", "green", "blue")])
        write_cog(f"{folder}/visual.tif", visual, 32633, transform)

    band = {"nodata": 0, "data_type": "uint16", "scale": 0.0001, "offset": -0.1, "unit": "1", "statistics": {"p2": 1000, "p98": 3000}}
    assets = {name: {"file": f"{name}.tif", "raster:bands": [band], "eo:bands": [{"common_name": name}]} for name in arrays}
    assets["visual"] = {"file": "visual.tif", "roles": ["visual", "overview"]}
    return publish(write, assets, {"gsd": 10})


@pytest.fixture(scope="session")
def publish_pair(admin, anon_session, data_folder):
    """Two scenes of one place in one collection, dark in January and bright in March 2024: (collection, first, second)."""
    def make(publish, value, day):
        def write(folder):
            ground = numpy.full((300, 300), value, dtype="uint16")
            ground[0, 0] = 0
            write_cog(f"{folder}/red.tif", ground, 32633, (500000, 100, 0, 5000000, 0, -100), nodata=0)

        band = {"nodata": 0, "data_type": "uint16", "statistics": {"p2": 1000, "p98": 3000}}
        assets = {"red": {"file": "red.tif", "raster:bands": [band], "eo:bands": [{"common_name": "red"}]}}
        return publish(write, assets, {"gsd": 100, "datetime": f"{day}T10:00:00Z"})

    with publishing(admin, anon_session, data_folder) as publish:
        first, second = make(publish, 1200, "2024-01-01"), make(publish, 2600, "2024-03-01")
        yield first["collection"], first, second
