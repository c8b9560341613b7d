"""The S3-compatible door as its protocol has it: signatures, catalogue and own buckets, uploads, refusals."""
import hashlib
import os
import uuid

import pytest
import requests
from helpers import eventually, kill_service, problem, service_of
from s3 import Door, new_key, refused, texts

MIB = 1 << 20


@pytest.fixture(scope="module")
def door(base, user):
    return Door(base, new_key(user))


@pytest.fixture(scope="module")
def other_door(base, other_user):
    return Door(base, new_key(other_user))


@pytest.fixture(scope="module")
def bucket(door):
    name = "t-" + uuid.uuid4().hex[:12]
    assert door("PUT", "/" + name).status_code == 200
    return name


def test_keys_are_shown_once_listed_and_revoked(base, user, other_user):
    key = new_key(user, expires_in=3600)
    assert key["endpoint"] == base + "/s3" and len(key["access_key"]) == 20 and len(key["secret_key"]) == 40
    listed = user.get("/download/v1/s3-keys").json()["s3_keys"]
    mine = next(k for k in listed if k["access_key"] == key["access_key"])
    assert mine["name"] == "tests" and mine["expires_at"] and "secret_key" not in mine
    assert Door(base, key)("GET", "/").status_code == 200
    problem(other_user.delete("/download/v1/s3-keys/" + key["access_key"]), 404)
    assert user.delete("/download/v1/s3-keys/" + key["access_key"]).status_code == 204
    refused(Door(base, key)("GET", "/"), 403, "InvalidAccessKeyId")


def test_keys_need_a_person(anon, user, client):
    problem(anon.get("/download/v1/s3-keys"), 401)
    assert client.post("/download/v1/s3-keys", json={"name": "x"}).status_code == 403
    problem(user.post("/download/v1/s3-keys", json={"name": ""}), 422)
    problem(user.post("/download/v1/s3-keys", json={"name": "x", "other": 1}), 422)
    made = user.post("/identity/v1/api-keys", json={"name": "files", "scope": "download:file.read"}).json()
    with_key = {"Authorization": "Bearer " + made["key"]}
    eventually(lambda: anon.get("/download/v1/entitlements", headers=with_key).status_code == 200)
    problem(anon.post("/download/v1/s3-keys", json={"name": "x"}, headers=with_key), 403, "sign-in-needed")


def test_signatures_are_checked(door, bucket):
    refused(door("GET", "/" + bucket, secret="x" * 40), 403, "SignatureDoesNotMatch")
    refused(door("PUT", f"/{bucket}/k", data=b"abc", secret="x" * 40), 403, "SignatureDoesNotMatch")
    plain = requests.put(f"{door.base}/s3/{bucket}/k", data=b"abc", timeout=60)
    refused(plain, 403, "AccessDenied")
    forged = requests.get(f"{door.base}/s3/{bucket}", headers={"Authorization": "AWS a:b"}, timeout=60)
    refused(forged, 400, "InvalidRequest")


def test_presigned_addresses(door, bucket):
    url = door.presigned("PUT", f"/{bucket}/signed ü+&.txt", 60)
    assert requests.put(url, data=b"hello", timeout=60).status_code == 200
    url = door.presigned("GET", f"/{bucket}/signed ü+&.txt", 60)
    answer = requests.get(url, timeout=60)
    assert answer.status_code == 200 and answer.content == b"hello"
    refused(requests.get(url[:-1] + ("0" if url[-1] != "0" else "1"), timeout=60), 403, "SignatureDoesNotMatch")
    refused(requests.put(url, data=b"x", timeout=60), 403, "SignatureDoesNotMatch")
    refused(requests.get(door.presigned("GET", f"/{bucket}/x", 604801), timeout=60), 400, "AuthorizationQueryParametersError")


def test_an_object_is_given_back_as_it_was_stored(door, bucket):
    body = os.urandom(300000)
    headers = {"Content-Type": "image/tiff", "x-amz-meta-mtime": "1.5", "x-amz-meta-note": "n", "Content-Disposition": "inline"}
    put = door("PUT", f"/{bucket}/a/b.tif", data=body, headers=headers)
    md5 = hashlib.md5(body).hexdigest()
    assert put.status_code == 200 and put.headers["ETag"] == f'"{md5}"', put.text
    got = door("GET", f"/{bucket}/a/b.tif")
    assert got.content == body and got.headers["ETag"] == f'"{md5}"' and got.headers["x-amz-meta-mtime"] == "1.5"
    assert got.headers["Content-Type"] == "image/tiff" and got.headers["Content-Disposition"] == "inline"
    head = door("HEAD", f"/{bucket}/a/b.tif")
    assert head.status_code == 200 and head.headers["Content-Length"] == "300000" and head.headers["x-amz-meta-note"] == "n"
    assert head.headers["Last-Modified"] == got.headers["Last-Modified"]
    part = door("GET", f"/{bucket}/a/b.tif", headers={"Range": "bytes=100-199"})
    assert part.status_code == 206 and part.content == body[100:200]
    refused(door("GET", f"/{bucket}/a/b.tif", headers={"Range": "bytes=300000-"}), 416, "InvalidRange")
    assert door("GET", f"/{bucket}/a/b.tif", headers={"If-None-Match": f'"{md5}"'}).status_code == 304
    assert door("PUT", f"/{bucket}/a/b.tif", data=b"").headers["ETag"] == f'"{hashlib.md5(b"").hexdigest()}"'
    assert door("GET", f"/{bucket}/a/b.tif").content == b""
    assert door("DELETE", f"/{bucket}/a/b.tif").status_code == 204
    refused(door("GET", f"/{bucket}/a/b.tif"), 404, "NoSuchKey")
    assert door("DELETE", f"/{bucket}/a/b.tif").status_code == 204


def test_what_arrives_is_compared_with_what_was_said(door, bucket):
    wrong = {"Content-MD5": "1B2M2Y8AsgTpgAmY7PhCfg=="}
    refused(door("PUT", f"/{bucket}/bad", data=b"abc", headers=wrong), 400, "BadDigest")
    refused(door("PUT", f"/{bucket}/bad", data=b"abc", headers={"x-amz-checksum-crc32": "AAAAAA=="}), 400, "BadDigest")
    assert door("PUT", f"/{bucket}/good", data=b"hello", headers={"x-amz-checksum-crc32": "NhCmhg=="}).status_code == 200
    refused(door("PUT", f"/{bucket}/bad?acl", data=b"abc"), 501, "NotImplemented")
    refused(door("PUT", f"/{bucket}/{'k' * 1025}", data=b"abc"), 400, "KeyTooLongError")
    refused(door("GET", f"/{bucket}/bad"), 404, "NoSuchKey")


def test_a_body_in_chunks_with_a_trailer(door, bucket):
    headers = {"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x-amz-decoded-content-length": "5",
               "Content-Encoding": "aws-chunked", "x-amz-trailer": "x-amz-checksum-crc32"}
    body = b"3\r\nhel\r\n2\r\nlo\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"
    assert door("PUT", f"/{bucket}/chunks", data=body, headers=headers).status_code == 200
    got = door("GET", f"/{bucket}/chunks")
    assert got.content == b"hello" and "Content-Encoding" not in got.headers
    refused(door("PUT", f"/{bucket}/chunks", data=body.replace(b"lo", b"la"), headers=headers), 400, "BadDigest")
    refused(door("PUT", f"/{bucket}/chunks", data=body[:-2], headers=headers), 400, "InvalidRequest")
    refused(door("PUT", f"/{bucket}/chunks", data=body[:10], headers=headers), 400, "InvalidRequest")
    assert door("GET", f"/{bucket}/chunks").content == b"hello"


def test_lists_page_and_group(door, bucket):
    for key in ("l/a", "l/a-b", "l/b/1", "l/b/2", "l/c/1", "l/z"):
        assert door("PUT", f"/{bucket}/{key}", data=b"x").status_code == 200
    query = {"list-type": "2", "prefix": "l/", "delimiter": "/"}
    whole = door("GET", "/" + bucket, params=query)
    assert texts(whole, "Contents/Key") == ["l/a", "l/a-b", "l/z"]
    assert texts(whole, "CommonPrefixes/Prefix") == ["l/b/", "l/c/"] and texts(whole, "KeyCount") == ["5"]
    seen, token = [], None
    for _ in range(6):
        page = door("GET", "/" + bucket, params={**query, "max-keys": "1", **({"continuation-token": token} if token else {})})
        seen += texts(page, "Contents/Key") + texts(page, "CommonPrefixes/Prefix")
        if texts(page, "IsTruncated") == ["false"]:
            break
        token = texts(page, "NextContinuationToken")[0]
    assert seen == ["l/a", "l/a-b", "l/b/", "l/c/", "l/z"]
    first = door("GET", "/" + bucket, params={"prefix": "l/", "delimiter": "/", "max-keys": "3"})
    marker = texts(first, "NextMarker")[0]
    then = door("GET", "/" + bucket, params={"prefix": "l/", "delimiter": "/", "marker": marker})
    assert texts(then, "CommonPrefixes/Prefix") == ["l/c/"] and texts(then, "Contents/Key") == ["l/z"]
    refused(door("GET", "/" + bucket, params={"max-keys": "-1"}), 400, "InvalidArgument")
    refused(door("GET", "/" + bucket, params={"list-type": "2", "continuation-token": "§"}), 400, "InvalidArgument")


def upload(door, path):
    return texts(door("POST", path + "?uploads"), "UploadId")[0]


def complete(door, path, identifier, etags):
    parts = "".join(f"<Part><PartNumber>{n}</PartNumber><ETag>{e}</ETag></Part>" for n, e in etags)
    document = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
    return door("POST", f"{path}?uploadId={identifier}", data=document)


def test_multipart_upload(door, bucket):
    path, first, last = f"/{bucket}/multi", os.urandom(5 * MIB), os.urandom(1000)
    identifier = upload(door, path)
    two = door("PUT", f"{path}?partNumber=2&uploadId={identifier}", data=last).headers["ETag"]
    one = door("PUT", f"{path}?partNumber=1&uploadId={identifier}", data=first).headers["ETag"]
    assert texts(door("GET", f"{path}?uploadId={identifier}"), "Part/PartNumber") == ["1", "2"]
    refused(door("GET", path), 404, "NoSuchKey")
    refused(complete(door, path, identifier, [(1, one), (1, one)]), 400, "InvalidPartOrder")
    refused(complete(door, path, identifier, [(1, two)]), 400, "InvalidPart")
    refused(door("POST", f"{path}?uploadId={identifier}", data=b"<no"), 400, "MalformedXML")
    done = complete(door, path, identifier, [(1, one), (2, two)])
    etag = hashlib.md5(hashlib.md5(first).digest() + hashlib.md5(last).digest()).hexdigest() + "-2"
    assert texts(done, "ETag") == [f'"{etag}"']
    assert door("GET", path).content == first + last
    assert texts(complete(door, path, identifier, [(1, one), (2, two)]), "ETag") == [f'"{etag}"']  # the answer was lost
    refused(door("PUT", f"{path}?partNumber=1&uploadId={identifier}", data=b"x"), 404, "NoSuchUpload")


def test_small_parts_and_aborted_uploads(door, bucket):
    path = f"/{bucket}/small"
    identifier = upload(door, path)
    etags = [(n, door("PUT", f"{path}?partNumber={n}&uploadId={identifier}", data=b"x").headers["ETag"]) for n in (1, 2)]
    refused(complete(door, path, identifier, etags), 400, "EntityTooSmall")
    refused(door("PUT", f"{path}?partNumber=10001&uploadId={identifier}", data=b"x"), 400, "InvalidArgument")
    assert identifier in texts(door("GET", f"/{bucket}?uploads"), "Upload/UploadId")
    assert door("DELETE", f"{path}?uploadId={identifier}").status_code == 204
    refused(door("DELETE", f"{path}?uploadId={identifier}"), 404, "NoSuchUpload")


def test_own_buckets_are_nobody_elses(door, other_door, anon, bucket):
    assert door("PUT", f"/{bucket}/mine", data=b"secret").status_code == 200
    refused(other_door("GET", f"/{bucket}/mine"), 404, "NoSuchBucket")
    refused(other_door("PUT", f"/{bucket}/mine", data=b"x"), 404, "NoSuchBucket")
    refused(other_door("DELETE", f"/{bucket}/mine"), 404, "NoSuchBucket")
    refused(other_door("GET", "/" + bucket), 404, "NoSuchBucket")
    refused(other_door("PUT", "/" + bucket), 409, "BucketAlreadyExists")
    other = "t-" + uuid.uuid4().hex[:12]
    assert other_door("PUT", "/" + other).status_code == 200
    source = {"x-amz-copy-source": f"/{bucket}/mine"}
    refused(other_door("PUT", f"/{other}/stolen", headers=source), 404, "NoSuchBucket")
    assert bucket not in texts(other_door("GET", ""), "Buckets/Bucket/Name")
    # A client cannot name a body that the gateway stored for another.
    forged = {"X-S3-Body": "/etc/passwd", "X-S3-Content-Length": "5"}
    assert other_door("PUT", f"/{other}/k", data=b"hello", headers=forged).status_code == 200
    assert other_door("GET", f"/{other}/k").content == b"hello"
    refused(anon.get(f"/s3/{bucket}/mine"), 404, "NoSuchBucket")


def test_copies_and_deletes(door, bucket):
    assert door("PUT", f"/{bucket}/from", data=b"bytes", headers={"x-amz-meta-a": "1"}).status_code == 200
    copied = door("PUT", f"/{bucket}/to ü", headers={"x-amz-copy-source": f"/{bucket}/from"})
    assert texts(copied, "ETag") == [f'"{hashlib.md5(b"bytes").hexdigest()}"']
    assert door("HEAD", f"/{bucket}/to ü").headers["x-amz-meta-a"] == "1"
    document = "<Delete><Object><Key>from</Key></Object><Object><Key>to ü</Key></Object><Object><Key>none</Key></Object></Delete>"
    gone = door("POST", f"/{bucket}?delete", data=document.encode())
    assert texts(gone, "Deleted/Key") == ["from", "to ü", "none"]
    refused(door("GET", f"/{bucket}/from"), 404, "NoSuchKey")


def test_buckets(door):
    name = "t-" + uuid.uuid4().hex[:12]
    refused(door("GET", "/" + name), 404, "NoSuchBucket")
    refused(door("HEAD", "/" + name), 404, "")
    for bad in ("ab", "Upper-Case", "a..b", "127.0.0.1", "-a-b", "x" * 64):
        refused(door("PUT", "/" + bad), 400, "InvalidBucketName")
    assert door("PUT", "/" + name).status_code == 200 and door("PUT", "/" + name).status_code == 200
    assert door("GET", f"/{name}?location").status_code == 200
    assert name in texts(door("GET", ""), "Buckets/Bucket/Name")
    assert door("PUT", f"/{name}/k", data=b"x").status_code == 200
    refused(door("DELETE", "/" + name), 409, "BucketNotEmpty")
    assert door("DELETE", f"/{name}/k").status_code == 204 and door("DELETE", "/" + name).status_code == 204
    refused(door("HEAD", "/" + name), 404, "")


def test_collections_are_buckets_that_can_be_read(door, base, anon, demo):
    free, item = demo["free"]["collection"], demo["free"]["item"]
    assert free in texts(door("GET", ""), "Buckets/Bucket/Name")
    keys = texts(door("GET", "/" + free, params={"list-type": "2", "prefix": item + "/"}), "Contents/Key")
    assets = {a["asset"]: a for a in anon.get(f"/download/v1/items/{free}/{item}").json()["assets"]}
    assert len(keys) == len(assets) and keys == sorted(keys)
    groups = door("GET", "/" + free, params={"list-type": "2", "delimiter": "/"})
    assert item + "/" in texts(groups, "CommonPrefixes/Prefix")
    red = assets["red"]
    got = door("GET", f"/{free}/{item}/red.tif")
    assert hashlib.sha256(got.content).hexdigest() == red["sha256"] and "-" in got.headers["ETag"]
    assert Door(base, None)("GET", f"/{free}/{item}/red.tif").content == got.content
    for method, path in (("PUT", f"/{free}/{item}/red.tif"), ("DELETE", f"/{free}/{item}/red.tif"), ("DELETE", "/" + free)):
        refused(door(method, path, data=b"x" if method == "PUT" else b""), 403, "AccessDenied")
    refused(door("GET", f"/{free}/{item}/red"), 404, "NoSuchKey")


def test_products_that_are_sold_are_refused_until_bought(door, demo):
    paid, item = demo["paid"]["collection"], demo["paid"]["item"]
    keys = texts(door("GET", "/" + paid, params={"prefix": item + "/"}), "Contents/Key")
    assert item + "/thumbnail.jpg" in keys and item + "/red.tif" not in keys
    refused(door("GET", f"/{paid}/{item}/red.tif"), 403, "AccessDenied")


def test_what_was_stored_survives_kill_9(door, bucket):
    body = os.urandom(100000)
    assert door("PUT", f"/{bucket}/kept", data=body).status_code == 200
    kill_service(service_of("download"))
    assert eventually(lambda: door("GET", f"/{bucket}/kept").content == body, timeout=60)
    assert eventually(lambda: door("PUT", f"/{bucket}/after", data=b"x").status_code == 200, timeout=60)
