"""Debian's own S3 clients at the door, each as its users call it: awscli, s3cmd, rclone and GDAL's /vsis3."""
import filecmp
import json
import os
import shutil
import subprocess
import uuid

import pytest
from s3 import new_key

PART = 5 << 20
pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def key(user):
    return new_key(user)


@pytest.fixture
def bucket():
    return "c-" + uuid.uuid4().hex[:12]


@pytest.fixture
def files(tmp_path):
    """A small file with a difficult name, and one that is uploaded in parts."""
    folder = tmp_path / "files"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "a b+ü.txt").write_text("hello")
    (folder / "large.bin").write_bytes(os.urandom(PART + 4000))
    return folder


def run(program, *arguments, key, config=None):
    if not shutil.which(program, path="/usr/bin"):
        pytest.skip(f"{program} is not installed (deploy/local/packages-test.txt)")
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8", "AWS_DEFAULT_REGION": "us-east-1",
                   "AWS_ACCESS_KEY_ID": key["access_key"], "AWS_SECRET_ACCESS_KEY": key["secret_key"],
                   "AWS_EC2_METADATA_DISABLED": "true", **(config or {})}
    done = subprocess.run(["/usr/bin/" + program, *map(str, arguments)], env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, (arguments, done.stdout[-1000:], done.stderr[-2000:])
    return done.stdout


def same(a, b):
    found = sorted(p.relative_to(a) for p in a.rglob("*") if p.is_file())
    assert found == sorted(p.relative_to(b) for p in b.rglob("*") if p.is_file())
    assert all(filecmp.cmp(a / p, b / p, shallow=False) for p in found)


def test_awscli(key, bucket, files, tmp_path, demo):
    config = tmp_path / "aws"
    config.write_text("[default]\ns3 =\n    multipart_threshold = 5MB\n    multipart_chunksize = 5MB\n    addressing_style = path\n")

    def aws(*arguments):
        return run("aws", "--endpoint-url", key["endpoint"], "s3", *arguments, key=key, config={"AWS_CONFIG_FILE": str(config)})

    aws("mb", f"s3://{bucket}")
    aws("sync", "--only-show-errors", files, f"s3://{bucket}/d")
    aws("sync", "--only-show-errors", f"s3://{bucket}/d", tmp_path / "back")
    same(files, tmp_path / "back")
    aws("cp", "--only-show-errors", f"s3://{bucket}/d/large.bin", f"s3://{bucket}/e/large.bin")  # by UploadPartCopy
    aws("cp", "--only-show-errors", f"s3://{bucket}/e/large.bin", tmp_path / "copied.bin")
    assert filecmp.cmp(files / "large.bin", tmp_path / "copied.bin", shallow=False)
    run("aws", "--endpoint-url", key["endpoint"], "s3api", "put-object", "--bucket", bucket, "--key", "crc", "--body", files / "large.bin",
        "--checksum-algorithm", "CRC32C", key=key)
    told = json.loads(run("aws", "--endpoint-url", key["endpoint"], "s3api", "head-object", "--bucket", bucket, "--key", "crc",
                          "--checksum-mode", "ENABLED", key=key))
    assert len(told["ChecksumCRC32C"]) == 8
    free = demo["free"]
    assert f"{free['item']}/red.tif" in aws("ls", "--recursive", f"s3://{free['collection']}/{free['item']}/")
    aws("rb", "--force", f"s3://{bucket}")


def test_s3cmd(key, bucket, files, tmp_path, demo):
    config = tmp_path / "s3cfg"
    host = key["endpoint"].split("://")[1]
    config.write_text(f"[default]\naccess_key = {key['access_key']}\nsecret_key = {key['secret_key']}\nhost_base = {host}\n"
                      f"host_bucket = {host}\nuse_https = False\nmultipart_chunk_size_mb = 5\n")

    def s3cmd(*arguments):
        return run("s3cmd", "-c", config, *arguments, key=key)

    s3cmd("mb", f"s3://{bucket}")
    s3cmd("sync", f"{files}/", f"s3://{bucket}/d/")
    assert f"s3://{bucket}/d/large.bin" in s3cmd("ls", "--recursive", f"s3://{bucket}")
    (tmp_path / "back").mkdir()
    s3cmd("sync", f"s3://{bucket}/d/", f"{tmp_path}/back/")
    same(files, tmp_path / "back")
    free = demo["free"]
    s3cmd("get", f"s3://{free['collection']}/{free['item']}/red.tif", tmp_path / "red.tif")
    assert (tmp_path / "red.tif").stat().st_size > 0
    s3cmd("rb", "--recursive", "--force", f"s3://{bucket}")


def test_rclone(key, bucket, files, tmp_path, demo):
    config = tmp_path / "rclone.conf"
    config.write_text(f"[n]\ntype = s3\nprovider = Other\naccess_key_id = {key['access_key']}\n"
                      f"secret_access_key = {key['secret_key']}\nendpoint = {key['endpoint']}\nregion = us-east-1\n"
                      "force_path_style = true\nupload_cutoff = 5M\nchunk_size = 5M\n")

    def rclone(*arguments):
        return run("rclone", "--config", config, *arguments, key=key)

    rclone("mkdir", f"n:{bucket}")
    rclone("sync", files, f"n:{bucket}/d")
    rclone("check", "--download", files, f"n:{bucket}/d")
    before = rclone("lsl", f"n:{bucket}")
    rclone("sync", files, f"n:{bucket}/d")  # times and sizes are the same: nothing to do
    assert rclone("lsl", f"n:{bucket}") == before
    free = demo["free"]
    rclone("copy", f"n:{free['collection']}/{free['item']}", tmp_path / "item")
    assert (tmp_path / "item" / "red.tif").stat().st_size > 0
    rclone("purge", f"n:{bucket}")


GDAL = """
import sys
from osgeo import gdal
gdal.UseExceptions()
bucket, collection, item = sys.argv[1:]
assert 'red.tif' in gdal.ReadDir(f'/vsis3/{collection}/{item}')
source = gdal.Open(f'/vsis3/{collection}/{item}/red.tif')
assert source.ReadAsArray().any()
gdal.GetDriverByName('GTiff').CreateCopy(f'/vsis3/{bucket}/g/copy.tif', source).FlushCache()
gdal.VSICurlClearCache()
copy = gdal.Open(f'/vsis3/{bucket}/g/copy.tif')
assert (copy.ReadAsArray() == source.ReadAsArray()).all()
copy = None
assert gdal.Unlink(f'/vsis3/{bucket}/g/copy.tif') == 0
"""


def test_gdal_vsis3(key, bucket, base, demo):
    pytest.importorskip("osgeo.gdal")
    from s3 import Door

    door = Door(base, key)
    assert door("PUT", "/" + bucket).status_code == 200
    config = {"AWS_S3_ENDPOINT": key["endpoint"].split("://")[1], "AWS_HTTPS": "NO", "AWS_VIRTUAL_HOSTING": "FALSE",
              "CPL_VSIL_USE_TEMP_FILE_FOR_RANDOM_WRITE": "YES", "GDAL_PAM_ENABLED": "NO"}
    run("python3", "-c", GDAL, bucket, demo["free"]["collection"], demo["free"]["item"], key=key, config=config)
    assert door("DELETE", "/" + bucket).status_code == 204
