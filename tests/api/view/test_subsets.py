"""Parts of a scene as GeoTIFF: the very pixels of the files, other systems and sizes as gdalwarp makes them, and who may have them."""
import uuid

import brute
import numpy
import pytest
from brute import polygon, within
from helpers import eventually
from osgeo import gdal
from products import buy

gdal.UseExceptions()
pytestmark = pytest.mark.once


@pytest.fixture(scope="module", autouse=True)
def offered(admin, anon_session, scene):
    """The made up scene is given away."""
    made = admin.post("/billing/v1/offers", json={
        "collection": scene["collection"], "model": "free", "price": 0, "currency": "EUR",
        "licence": {"id": "cc0", "title": "CC0", "url": "https://creativecommons.org/publicdomain/zero/1.0/", "text": "CC0"}})
    assert made.status_code == 201, made.text
    west, south, east, north = scene["document"]["bbox"]
    address = f"/view/v1/subsets/{scene['path']}?bands=red&scale=0.05&bbox={west},{south},{east},{north}"
    eventually(lambda: anon_session.get(address).status_code == 200)
    yield
    admin.delete(f"/billing/v1/offers/{made.json()['offer']}")


@pytest.fixture
def opened():
    """Opens the body of an answer with GDAL."""
    names = []

    def make(answer):
        assert answer.status_code == 200, answer.text
        names.append(f"/vsimem/{uuid.uuid4().hex}.tif")
        gdal.FileFromMemBuffer(names[-1], answer.content)
        return gdal.Open(names[-1])

    yield make
    for name in names:
        gdal.Unlink(name)


def test_the_very_pixels(anon, scene, opened):
    """On the scene's own grid: each band as the file has it, the window as large as the area needs."""
    bounds = scene["document"]["bbox"]
    west, south, east, north = (*within(bounds, (0.1, 0.4))[0], *within(bounds, (0.3, 0.7))[0])
    answer = anon.get(f"/view/v1/subsets/{scene['path']}", params={"bbox": f"{west},{south},{east},{north}", "bands": "red,nir"})
    cut = opened(answer)
    assert answer.headers["content-type"] == "image/tiff; application=geotiff; profile=cloud-optimized"
    assert cut.GetMetadataItem("LAYOUT", "IMAGE_STRUCTURE") == "COG"
    x, size, _, y, _, step = cut.GetGeoTransform()
    assert (size, step) == (10, -10) and x % 10 == 0 and y % 10 == 0
    column, line = round((x - 500000) / 10), round((5000000 - y) / 10)
    covered = brute.weights(f"{scene['folder']}/red.tif", polygon([west, south], [east, south], [east, north], [west, north])) > 0
    lines, columns = covered.any(axis=1).nonzero()[0], covered.any(axis=0).nonzero()[0]
    assert (column, line, cut.RasterXSize, cut.RasterYSize) == (columns[0], lines[0], len(columns), len(lines))
    for index, name in enumerate(("red", "nir"), 1):
        band = cut.GetRasterBand(index)
        source = gdal.Open(f"{scene['folder']}/{name}.tif")
        expected = source.ReadAsArray(column, line, cut.RasterXSize, cut.RasterYSize)
        assert (band.ReadAsArray() == expected).all() and (expected == 0).any() and (expected > 0).any()
        assert (band.GetDescription(), band.GetNoDataValue(), band.GetScale(), band.GetOffset()) == (name, 0, 0.0001, -0.1)
        assert band.DataType == gdal.GDT_UInt16


def test_a_polygon_leaves_out_what_it_does_not_touch(anon, scene, opened):
    area = polygon(*within(scene["document"]["bbox"], (0.4, 0.4), (0.6, 0.45), (0.5, 0.6)))
    cut = opened(anon.post(f"/view/v1/subsets/{scene['path']}", params={"bands": "nir", "f": "tiff"}, json=area))
    x, _, _, y, _, _ = cut.GetGeoTransform()
    column, line = round((x - 500000) / 10), round((5000000 - y) / 10)
    path = f"{scene['folder']}/nir.tif"
    w = brute.weights(path, area)[line:line + cut.RasterYSize, column:column + cut.RasterXSize]
    expected = numpy.where(w > 0, brute.read(path)[line:line + cut.RasterYSize, column:column + cut.RasterXSize], 0)
    differ = cut.ReadAsArray() != expected
    assert (w[differ] < 1e-4).all() and differ.sum() < 5, "all but pixels that an edge just grazes"


@pytest.mark.parametrize("crs, epsg, size", [("EPSG:3857", 3857, 25), ("EPSG:32632", 32632, 10), ("CRS:84", 4326, 0.0002)])
@pytest.mark.parametrize("resampling", ["nearest", "bilinear"])
def test_other_systems_are_gdalwarps(anon, scene, opened, crs, epsg, size, resampling):
    bounds = scene["document"]["bbox"]
    west, south, east, north = (*within(bounds, (0.4, 0.4))[0], *within(bounds, (0.55, 0.55))[0])
    cut = opened(anon.get(f"/view/v1/subsets/{scene['path']}", params={
        "bbox": f"{west},{south},{east},{north}", "bands": "red", "crs": crs, "resolution": size, "resampling": resampling}))
    t = cut.GetGeoTransform()
    assert cut.GetSpatialRef().GetAuthorityCode(None) == str(epsg) and t[1] == size == -t[5]
    box = [t[0], t[3] + cut.RasterYSize * t[5], t[0] + cut.RasterXSize * t[1], t[3]]
    expected = gdal.Warp("", f"{scene['folder']}/red.tif", format="MEM", dstSRS=f"EPSG:{epsg}", outputBounds=box, xRes=size, yRes=size,
                         resampleAlg=resampling, overviewLevel="NONE").ReadAsArray()
    ours = cut.ReadAsArray()
    if size < 20:
        assert (ours == expected).mean() > 0.999
    assert numpy.abs(ours.astype(float) - expected).mean() < 15 and ((ours == 0) == (expected == 0)).mean() > 0.995


def test_smaller_ones_come_from_overviews(anon, scene, opened):
    west, south, east, north = scene["document"]["bbox"]
    cut = opened(anon.get(f"/view/v1/subsets/{scene['path']}", params={"bbox": f"{west - 1},{south - 1},{east + 1},{north + 1}", "bands": "blue", "scale": 0.25}))
    assert (cut.RasterXSize, cut.RasterYSize) == (300, 300) and cut.GetGeoTransform()[:2] == (500000, 40)
    source = gdal.Open(f"{scene['folder']}/blue.tif")
    overview = source.GetRasterBand(1).GetOverview(1)
    assert overview.XSize == 300 and (cut.ReadAsArray() == overview.ReadAsArray()).all()


def test_demo_scenes_of_several_grids(anon, demo, opened):
    item = demo["free"]
    answer = anon.get(f"/view/v1/subsets/{item['collection']}/{item['item']}?bbox=8.766,50.799,8.772,50.803&bands=pan,red,bqa")
    cut = opened(answer)
    assert cut.RasterCount == 3 and cut.GetGeoTransform()[1] == 15
    pan, red, quality = cut.ReadAsArray()
    assert len(numpy.unique(pan)) > 50 and len(numpy.unique(quality)) < 50
    same = sum((red[:, k:-1:2] == red[:, k + 1::2][:, :red[:, k:-1:2].shape[1]]).mean() > 0.99 for k in (0, 1))
    assert same >= 1, "30 m pixels stand twice beside each other at 15 m"


def test_who_may_not_download_may_not_have_a_part(anon, user, demo):
    for which, statuses in (("paid", (401, 402)), ("olinda", (401, 402))):
        path = f"/view/v1/subsets/{demo[which]['collection']}/{demo[which]['item']}"
        bounds = anon.get(f"/view/v1/items/{demo[which]['collection']}/{demo[which]['item']}").json()["bounds"]
        params = {"bbox": ",".join(map(str, bounds)), "bands": "red"}
        assert anon.get(path, params=params).status_code == statuses[0]
        refused = user.get(path, params=params)
        assert refused.status_code == statuses[1] and "offers" in refused.json()
        assert anon.get(path.replace("subsets", "statistics"), params=params).status_code == 200


def test_what_was_bought_for_an_area(admin, anon, new_user, demo, opened):
    """A part of that area is there to have, even as a box without its corners; more is not."""
    item = demo["per_km2"]
    path = f"/view/v1/subsets/{item['collection']}/{item['item']}"
    bounds = anon.get(f"/view/v1/items/{item['collection']}/{item['item']}").json()["bounds"]
    person = new_user("Sue Subset")
    buy(admin, person, item, polygon(*within(bounds, (0.25, 0.25), (0.75, 0.25), (0.25, 0.75))))
    part = polygon(*within(bounds, (0.3, 0.3), (0.5, 0.3), (0.3, 0.5)))
    answer = eventually(lambda: (r := person.post(path, params={"bands": "red"}, json=part)).status_code == 200 and r)
    cut = opened(answer)
    assert 0.4 < (cut.ReadAsArray() != cut.GetRasterBand(1).GetNoDataValue()).mean() < 0.65
    (west, south), (east, north) = within(bounds, (0.3, 0.3), (0.4, 0.4))
    box = {"bbox": f"{west},{south},{east},{north}", "bands": "red", "crs": "EPSG:3857"}
    assert opened(person.get(path, params=box)).RasterCount == 1
    beyond = person.post(path, params={"bands": "red"}, json=polygon(*within(bounds, (0.3, 0.3), (0.6, 0.3), (0.6, 0.6))))
    assert beyond.status_code == 403 and beyond.json()["type"] == "urn:nadir:problem:beyond-what-was-bought"
    assert anon.get(path, params=box).status_code == 401


def test_what_is_too_large_is_refused_with_the_way_out(anon, scene):
    west, south, east, north = scene["document"]["bbox"]
    answer = anon.get(f"/view/v1/subsets/{scene['path']}", params={"bbox": f"{west},{south},{east},{north}", "scale": 4})
    assert answer.status_code == 413 and answer.json()["type"] == "urn:nadir:problem:too-large"
    assert f"/download/v1/items/{scene['path']}" in answer.headers["link"] and "/processing/processes" in answer.headers["link"]
    huge = anon.get(f"/view/v1/subsets/{scene['path']}", params={"bbox": f"{west},{south},{east},{north}", "crs": "EPSG:3857", "resolution": 1e-9})
    assert huge.status_code == 413


@pytest.mark.parametrize("params, status", [
    ({"bands": "ultra"}, 400), ({"crs": "EPSG:1"}, 400), ({"resolution": "0"}, 400), ({"resolution": "1", "scale": "1"}, 400), ({"scale": "x"}, 400),
    ({"resampling": "lanczos"}, 400), ({"f": "png"}, 400), ({"bbox": "1,2,3"}, 400), ({"bbox": "100,10,101,11"}, 404)])
def test_what_is_asked_wrongly(anon, scene, params, status):
    west, south, east, north = scene["document"]["bbox"]
    answer = anon.get(f"/view/v1/subsets/{scene['path']}", params={"bbox": f"{west},{south},{east},{north}", **params})
    assert answer.status_code == status and answer.headers["content-type"] == "application/problem+json", answer.text
