"""nadir-ingest on products: what is written, what is refused."""
import os
import shutil
import signal
import tarfile
import time
import zipfile

import pytest
from osgeo import gdal, osr

from helpers_ingest import manifest_mend, raster, sentinel2_safe, sha256

TIME = ("--datetime", "2020-06-01T00:00:00Z")


def info(path):
    return gdal.Info(path, format="json", deserialize=True)


def check_profile(path, compression):
    """The serving profile: COG, 256-pixel blocks, overviews down to less than 512 pixels."""
    told = info(path)
    structure = told["metadata"]["IMAGE_STRUCTURE"]
    assert structure["LAYOUT"] == "COG" and structure["COMPRESSION"] == compression
    for band in told["bands"]:
        assert band["block"] == [256, 256]
        sizes = [o["size"] for o in band.get("overviews", [])] + [told["size"]]
        assert min(min(size) for size in sizes) < 512
    return told


def check_files(files, collection, item):
    """Every asset is there with the size and digest that the item tells; nothing else is there."""
    document, folder = files.item(collection, item), files.folder(collection, item)
    names = {"item.json", ".fingerprint"}
    for asset in document["assets"].values():
        path = os.path.join(files.data, asset["nadir:path"])
        assert os.path.getsize(path) == asset["file:size"]
        assert asset["file:checksum"] == "1220" + sha256(path)
        names.add(os.path.relpath(path, folder))
    assert {os.path.relpath(os.path.join(d, n), folder) for d, _, here in os.walk(folder) for n in here} == names
    assert not [n for n in os.listdir(os.path.dirname(folder)) if n.startswith(".") and n != ".lock"]
    return document


def test_a_raster_becomes_cogs_and_an_item(files, ingest, tmp_path):
    source = raster(tmp_path / "scene one.tif", size=1100)
    [result] = ingest(source, "--collection", "c", *TIME, "--bands", "red,green,nir", "--property", "platform=landsat-7", "--title", "One")
    assert result["state"] == "written" and result["item"] == "scene-one"
    item = check_files(files, "c", "scene-one")
    properties = item["properties"]
    assert properties["platform"] == "landsat-7" and properties["title"] == "One" and properties["gsd"] == 10
    assert properties["proj:epsg"] == 32632 and properties["proj:shape"] == [1100, 1100]
    assert properties["proj:transform"] == [10, 0, 500000, 0, -10, 5600000]
    assert set(item["assets"]) == {"red", "green", "nir", "visual", "thumbnail", "archive"}
    assert item["assets"]["red"]["eo:bands"][0]["common_name"] == "red"
    band = item["assets"]["red"]["raster:bands"][0]
    assert band["nodata"] == 0 and band["data_type"] == "uint16" and 80 < band["statistics"]["valid_percent"] < 95
    told = check_profile(os.path.join(files.data, item["assets"]["red"]["nadir:path"]), "ZSTD")
    assert float(told["bands"][0]["metadata"][""]["STATISTICS_MAXIMUM"]) == band["statistics"]["maximum"]
    assert told["bands"][0]["noDataValue"] == 0
    assert sha256(source) == item["assets"]["archive"]["file:checksum"][4:]
    # the pixels are the source's
    written = gdal.Open(os.path.join(files.data, item["assets"]["nir"]["nadir:path"])).ReadAsArray()
    assert (written == gdal.Open(source).GetRasterBand(3).ReadAsArray()).all()
    visual = check_profile(os.path.join(files.data, item["assets"]["visual"]["nadir:path"]), "YCbCr JPEG")
    assert len(visual["bands"]) == 3 and visual["bands"][0]["mask"]["flags"] == ["PER_DATASET"]
    thumbnail = info(os.path.join(files.data, item["assets"]["thumbnail"]["nadir:path"]))
    assert thumbnail["driverShortName"] == "PNG" and max(thumbnail["size"]) == 512 and len(thumbnail["bands"]) == 4
    # no data at the left: the footprint begins 100 pixels from the edge
    transform = osr.CoordinateTransformation(*(srs(code) for code in (32632, 4326)))
    west = transform.TransformPoint(501000, 5590000)[0]
    assert abs(item["bbox"][0] - west) < 0.001
    ring = item["geometry"]["coordinates"][0]
    assert sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:])) > 0  # counterclockwise


def srs(code):
    made = osr.SpatialReference()
    made.ImportFromEPSG(code)
    made.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    return made


def test_the_same_again_changes_nothing(files, ingest, tmp_path):
    source = raster(tmp_path / "a.tif")
    arguments = (source, "--collection", "c", *TIME)
    assert ingest(*arguments)[0]["state"] == "written"
    before = {n: os.stat(os.path.join(files.folder("c", "a"), n)).st_mtime_ns for n in os.listdir(files.folder("c", "a"))}
    assert ingest(*arguments)[0]["state"] == "unchanged"
    assert before == {n: os.stat(os.path.join(files.folder("c", "a"), n)).st_mtime_ns for n in os.listdir(files.folder("c", "a"))}
    raster(tmp_path / "a.tif", gap=200)
    assert ingest(*arguments)[0]["state"] == "written"
    check_files(files, "c", "a")


@pytest.mark.parametrize("after", [0.05, 0.3, 0.8])
def test_a_killed_run_is_completed_by_the_next(files, ingest, tmp_path, after):
    source = raster(tmp_path / "a.tif", size=2000, bands=3)
    process = files.start(source, "--collection", "c", *TIME, "--files-only")
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    folder = files.folder("c", "a")
    if os.path.exists(folder):
        check_files(files, "c", "a")  # what stands in its place is whole
    assert ingest(source, "--collection", "c", *TIME)[0]["state"] in ("written", "unchanged")
    check_files(files, "c", "a")


def test_what_killed_runs_left_is_removed(files, ingest, tmp_path):
    for left in (".other.partial", ".unpacked"):
        os.makedirs(os.path.join(files.data, "products", "c", left, "deep"))
    ingest(raster(tmp_path / "a.tif"), "--collection", "c", *TIME)
    check_files(files, "c", "a")


def test_a_world_picture_by_its_bounds(files, ingest, tmp_path):
    memory = gdal.GetDriverByName("MEM").Create("", 720, 360, 3)
    for n in (1, 2, 3):
        memory.GetRasterBand(n).Fill(60 * n)
    gdal.GetDriverByName("JPEG").CreateCopy(str(tmp_path / "world.jpg"), memory)
    ingest(tmp_path / "world.jpg", "--collection", "blue-marble", *TIME, "--bands", "red,green,blue", "--bounds", "-180,-90,180,90", "--srs", "EPSG:4326")
    item = check_files(files, "blue-marble", "world")
    assert item["bbox"] == [-180, -90, 180, 90] and item["properties"]["proj:epsg"] == 4326
    visual = gdal.Open(os.path.join(files.data, item["assets"]["visual"]["nadir:path"])).ReadAsArray()
    assert abs(int(visual[0].mean()) - 60) < 4 and abs(int(visual[2].mean()) - 180) < 4  # a picture shows itself, unstretched


def test_over_the_antimeridian(files, ingest, tmp_path):
    ingest(raster(tmp_path / "a.tif", epsg=32601, origin=(330000, 7000000), gap=0, nodata=None, pixel=100), "--collection", "c", *TIME)
    item = files.item("c", "a")
    assert item["geometry"]["type"] == "MultiPolygon" and item["bbox"][0] > 170 and item["bbox"][2] < -170


@pytest.mark.parametrize("arguments, why", [
    ((), "--datetime"), ((*TIME, "--bands", "a,b,c,d"), "more bands"), ((*TIME, "--bands", "-,-,-"), "leaves them all out")])
def test_what_is_not_told_is_asked_for(ingest, tmp_path, arguments, why):
    [result] = ingest(raster(tmp_path / "a.tif"), "--collection", "c", *arguments, expect=1)
    assert result["state"] == "refused" and why in result["reason"]


def test_a_raster_without_place_is_refused(ingest, tmp_path):
    gdal.GetDriverByName("PNG").CreateCopy(str(tmp_path / "a.png"), gdal.GetDriverByName("MEM").Create("", 10, 10, 1))
    [result] = ingest(tmp_path / "a.png", "--collection", "c", *TIME, expect=1)
    assert "--bounds" in result["reason"]


def test_one_bad_product_does_not_stop_the_others(files, ingest, tmp_path):
    (tmp_path / "bad.tif").write_bytes(b"II*\0 this is no raster")
    (tmp_path / "empty.tif").write_bytes(b"")
    good = raster(tmp_path / "good.tif")
    results = ingest(tmp_path / "bad.tif", tmp_path / "none.tif", tmp_path / "empty.tif", good, "--collection", "c", *TIME, expect=1)
    assert [r["state"] for r in results] == ["refused", "refused", "refused", "written"]
    check_files(files, "c", "good")


def test_a_virtual_raster_is_no_product(ingest, tmp_path):
    """A VRT opens whatever it names, on this machine or elsewhere."""
    target = raster(tmp_path / "secret.tif")
    vrt = tmp_path / "a.tif"
    gdal.Translate(str(tmp_path / "a.vrt"), target, format="VRT")
    os.rename(tmp_path / "a.vrt", vrt)
    [result] = ingest(vrt, "--collection", "c", *TIME, expect=1)
    assert "cannot be read as a raster" in result["reason"]


@pytest.mark.parametrize("name", ["data.tif", "visual.tif", "item.json.tif", "a b'ü;$(x).tif"])
def test_a_source_may_have_any_name(files, ingest, tmp_path, name):
    source = raster(tmp_path / name, bands=1)
    [result] = ingest(source, "--collection", "c", *TIME)
    item = check_files(files, "c", result["item"])
    assert item["assets"]["archive"]["file:checksum"][4:] == sha256(source)


def test_dry_run_writes_nothing(files, ingest, tmp_path):
    [result] = ingest(raster(tmp_path / "a.tif"), "--collection", "c", *TIME, "--dry-run")
    assert result["state"] == "checked" and not os.path.exists(files.data)


@pytest.mark.parametrize("member", ["../../evil.tif", "/tmp/nadir-evil.tif"])
def test_archives_that_lead_out_are_refused(ingest, tmp_path, member):
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        archive.addfile(tarfile.TarInfo(member))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        entry = zipfile.ZipInfo("x")
        entry.filename = member  # the constructor would mend it
        archive.writestr(entry, b"x")
    for name in ("a.zip", "a.tar.gz"):
        [result] = ingest(tmp_path / name, "--collection", "c", *TIME, expect=1)
        assert "leads out" in result["reason"]
    assert not list(tmp_path.rglob("*evil*")) and not os.path.exists("/tmp/nadir-evil.tif")


def test_sentinel2_safe(files, ingest, tmp_path):
    safe = sentinel2_safe(tmp_path)
    name = os.path.basename(safe)[:-5]
    ingest(safe, "--collection", "sentinel-2-l1c")
    item = check_files(files, "sentinel-2-l1c", name)
    properties = item["properties"]
    assert properties["datetime"] == "2021-09-08T04:27:01.024Z" and properties["platform"] == "sentinel-2a" and properties["eo:cloud_cover"] == 12.5
    assert properties["grid:code"] == "MGRS-46RER" and properties["view:sun_elevation"] == 63.5 and properties["gsd"] == 10
    assert {"coastal", "blue", "green", "red", "rededge071", "nir", "nir08", "swir16", "swir22", "visual", "thumbnail", "metadata"} <= set(item["assets"])
    assert item["assets"]["swir16"]["proj:shape"] == [300, 300] and item["assets"]["swir16"]["gsd"] == 20
    assert item["assets"]["red"]["raster:bands"][0]["scale"] == 0.0001 and item["assets"]["red"]["raster:bands"][0]["nodata"] == 0
    # the same, zipped, under another name
    shutil.make_archive(str(tmp_path / "renamed"), "zip", tmp_path, os.path.basename(safe))
    ingest(tmp_path / "renamed.zip", "--collection", "zipped")
    item = check_files(files, "zipped", name)
    assert item["assets"]["archive"]["file:checksum"][4:] == sha256(tmp_path / "renamed.zip")


def test_sentinel2_with_a_changed_band_is_refused(ingest, files, tmp_path):
    safe = sentinel2_safe(tmp_path)
    [band] = [os.path.join(d, n) for d, _, names in os.walk(safe) for n in names if n.endswith("_B04.jp2")]
    with open(band, "r+b") as file:
        file.seek(os.path.getsize(band) // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))
    [result] = ingest(safe, "--collection", "c", expect=1)
    assert "_B04.jp2 does not match manifest.safe" in result["reason"]
    os.unlink(band)
    [result] = ingest(safe, "--collection", "c", expect=1)
    assert "_B04.jp2 is missing" in result["reason"]
    assert os.listdir(os.path.join(files.data, "products", "c")) == [".lock"]


def test_the_real_safe_with_a_wrong_checksum(ingest, shared_data):
    safe = os.path.join(shared_data, "products", "S1B_IW_GRDH_1SDV_20211223T051122_20211223T051147_030148_039993_5371.SAFE")
    [result] = ingest(safe, "--collection", "sentinel-1-grd", expect=1)
    assert "measurement/s1b-iw-grd-vv-20211223t051122-20211223t051147-030148-039993-001.tiff does not match manifest.safe" in result["reason"]


def test_sentinel1_is_warped_by_its_control_points(files, ingest, shared_data, shared_product):
    """The real SAFE with a real, smaller measurement that carries 210 control points, and a manifest mended to match."""
    safe = shared_product("products/S1B_IW_GRDH_1SDV_20211223T051122_20211223T051147_030148_039993_5371.SAFE")
    [measurement] = (safe / "measurement").iterdir()
    shutil.copy(os.path.join(shared_data, "rasters/sar-s1-grd-gcps/cog_gcps.tif"), measurement)
    manifest_mend(str(safe))
    ingest(safe, "--collection", "sentinel-1-grd")
    item = check_files(files, "sentinel-1-grd", safe.name[:-5])
    properties = item["properties"]
    assert properties["sar:polarizations"] == ["VV"] and properties["sar:instrument_mode"] == "IW" and properties["sat:orbit_state"] == "descending"
    assert 32601 <= properties["proj:epsg"] <= 32760 and properties["proj:transform"][1] == 0 and properties["proj:transform"][3] == 0
    assert info(os.path.join(files.data, item["assets"]["thumbnail"]["nadir:path"]))["driverShortName"] == "PNG"  # slanted: transparent corners


def test_landsat_bundle_in_an_archive(files, ingest, shared_product):
    archive = shared_product("products/LT05_L1TP_090085_19970406_20161231_01_T1.tar.gz")
    ingest(archive, "--collection", "landsat-5")
    item = check_files(files, "landsat-5", "LT05_L1TP_090085_19970406_20161231_01_T1")
    assert {"blue", "green", "red", "nir", "swir16", "lwir", "swir22", "bqa", "archive", "metadata"} <= set(item["assets"])
    assert item["assets"]["archive"]["file:checksum"][4:] == sha256(archive)
    assert item["properties"]["landsat:wrs_path"] == "090" and item["properties"]["instruments"] == ["tm"]
    assert item["properties"]["datetime"].startswith("1997-04-06T")


def test_landsat_with_a_wrong_md5(ingest, shared_data):
    [result] = ingest(os.path.join(shared_data, "products/LC09_L1TP_112081_20220209_20220209_02_T1.tar"), "--collection", "landsat-9", expect=1)
    assert "_B10.TIF does not match LC09_L1TP_112081_20220209_20220209_02_T1_MD5.txt" in result["reason"]


def test_landsat_metadata_in_every_form_of_every_sensor(ingest, shared_data):
    """Without their pixels, real metadata files are read as far as the first band that is missing."""
    folder = os.path.join(shared_data, "metadata/landsat-mtl")
    names = [n for n in sorted(os.listdir(folder)) if "_MTL." in n and n[:4] in ("LC08", "LC09", "LE07", "LT05", "LT04")]
    results = ingest(*(os.path.join(folder, n) for n in names), "--collection", "c", expect=1)
    assert len(results) == len(names) > 25
    for name, result in zip(names, results):
        assert "is missing: the metadata lists it" in result["reason"] and result["item"] == name[:name.rindex("_MTL")], result


def test_real_bands_of_a_folder(files, ingest, shared_data):
    ingest(os.path.join(shared_data, "rasters/s2-lommel-icor"), "--collection", "s2", "--id", "lommel", *TIME, "--bands",
           "blue,green,red,nir,nir09,swir16,nir08")
    item = check_files(files, "s2", "lommel")
    red = gdal.Open(os.path.join(files.data, item["assets"]["red"]["nadir:path"])).ReadAsArray()
    assert (red == gdal.Open(os.path.join(shared_data, "rasters/s2-lommel-icor/B04.tif")).ReadAsArray()).all()


@pytest.mark.parametrize("arguments", [[], ["x"], ["x", "--collection", "../x"], ["x", "--collection", "c", "--bounds", "1,2"]])
def test_wrong_usage(files, arguments):
    process = files.start(*arguments)
    process.communicate()
    assert process.returncode == 2


def test_help(files):
    process = files.start("--help")
    out, _ = process.communicate()
    assert process.returncode == 0 and "--collection" in out
