"""The S3 door: parts that are copied, checksums as current clients send them, and signatures over what the gateway keeps."""
import base64
import hashlib
import os
import uuid

import pytest
import requests
from s3 import Door, new_key, refused, texts
from test_s3 import complete, upload

MIB = 1 << 20
CHECK = b"123456789"  # whose CRCs are published (catalogue of parametrised CRC algorithms)
CHECKSUMS = {"crc32": "cbf43926", "crc32c": "e3069283", "crc64nvme": "ae8b14860a799888"}


def encoded(name):
    return base64.b64encode(bytes.fromhex(CHECKSUMS[name])).decode()


@pytest.fixture(scope="module")
def door(base, user):
    return Door(base, new_key(user))


@pytest.fixture(scope="module")
def bucket(door):
    name = "p-" + uuid.uuid4().hex[:12]
    assert door("PUT", "/" + name).status_code == 200
    return name


def test_parts_are_copied_from_own_objects(door, bucket):
    body = os.urandom(6 * MIB)
    assert door("PUT", f"/{bucket}/from ü", data=body).status_code == 200
    path, source = f"/{bucket}/joined", {"x-amz-copy-source": f"/{bucket}/from%20%C3%BC"}
    identifier = upload(door, path)

    def part(number, **headers):
        return door("PUT", f"{path}?partNumber={number}&uploadId={identifier}",
                    headers={**source, **{"x-amz-copy-source-" + n.replace("_", "-"): v for n, v in headers.items()}})
    one = texts(part(1, range=f"bytes=0-{5 * MIB - 1}"), "ETag")[0]
    assert one == f'"{hashlib.md5(body[:5 * MIB]).hexdigest()}"'
    two = texts(part(2, range=f"bytes={5 * MIB}-{6 * MIB - 1}", if_match=f'"{hashlib.md5(body).hexdigest()}"'), "ETag")[0]
    three = texts(part(3), "ETag")[0]
    assert complete(door, path, identifier, [(1, one), (2, two), (3, three)]).status_code == 400  # the second is small
    for bad in (f"bytes=0-{6 * MIB}", "bytes=5-4"):
        refused(part(4, range=bad), 400, "InvalidRange")
    for bad in ("bytes=0-", "bytes=-5", "0-5", "bytes=0-5,7-9", "bytes=99999999999999999999-1"):
        refused(part(4, range=bad), 400, "InvalidArgument")
    refused(part(4, if_match='"0"'), 412, "PreconditionFailed")
    refused(part(4, if_none_match=f'"{hashlib.md5(body).hexdigest()}"'), 412, "PreconditionFailed")
    refused(part(4, if_unmodified_since="Sat, 01 Jan 2000 00:00:00 GMT"), 412, "PreconditionFailed")
    assert complete(door, path, identifier, [(1, one), (2, two)]).status_code == 200
    assert door("GET", path).content == body
    gone = door("PUT", f"{path}?partNumber=1&uploadId={identifier}", headers=source)
    refused(gone, 404, "NoSuchUpload")


def test_what_may_be_downloaded_may_be_copied(door, bucket, demo, user):
    free, paid = demo["free"], demo["paid"]
    original = door("GET", f"/{free['collection']}/{free['item']}/red.tif")
    source = {"x-amz-copy-source": f"/{free['collection']}/{free['item']}/red.tif"}
    copied = door("PUT", f"/{bucket}/red.tif", headers=source)
    assert texts(copied, "ETag") == [f'"{hashlib.md5(original.content).hexdigest()}"']
    mine = door("GET", f"/{bucket}/red.tif")
    assert mine.content == original.content and mine.headers["Content-Type"] == original.headers["Content-Type"]
    identifier = upload(door, f"/{bucket}/part")
    part = door("PUT", f"/{bucket}/part?partNumber=1&uploadId={identifier}", headers={**source, "x-amz-copy-source-range": "bytes=10-19"})
    assert texts(part, "ETag") == [f'"{hashlib.md5(original.content[10:20]).hexdigest()}"']
    for name, status, code in ((f"/{paid['collection']}/{paid['item']}/red.tif", 403, "AccessDenied"),
                               (f"/{free['collection']}/{free['item']}/none", 404, "NoSuchKey"),
                               ("/no-such-bucket/k", 404, "NoSuchBucket"), ("nothing", 400, "InvalidArgument"),
                               (f"/{free['collection']}/../../etc/passwd", 404, "NoSuchKey")):
        refused(door("PUT", f"/{bucket}/x", headers={"x-amz-copy-source": name}), status, code)
        refused(door("PUT", f"/{bucket}/part?partNumber=2&uploadId={identifier}", headers={"x-amz-copy-source": name}), status, code)


@pytest.mark.parametrize("name", CHECKSUMS)
def test_checksums_are_compared_and_given_back(door, bucket, name):
    header, path = "x-amz-checksum-" + name, f"/{bucket}/{name}"
    put = door("PUT", path, data=CHECK, headers={header: encoded(name)})
    assert put.status_code == 200 and put.headers[header] == encoded(name)
    refused(door("PUT", path, data=CHECK + b"0", headers={header: encoded(name)}), 400, "BadDigest")
    for method in ("HEAD", "GET"):
        assert header not in door(method, path).headers
        assert door(method, path, headers={"x-amz-checksum-mode": "ENABLED"}).headers[header] == encoded(name)
    part = door("GET", path, headers={"x-amz-checksum-mode": "ENABLED", "Range": "bytes=0-3"})
    assert part.status_code == 206 and header not in part.headers


@pytest.mark.parametrize("name", CHECKSUMS)
def test_trailers_of_current_clients(door, bucket, name):
    path = f"/{bucket}/trailer-{name}"
    headers = {"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x-amz-decoded-content-length": "9",
               "Content-Encoding": "aws-chunked", "x-amz-trailer": "x-amz-checksum-" + name, "x-amz-sdk-checksum-algorithm": name.upper()}
    body = b"9\r\n123456789\r\n0\r\nx-amz-checksum-" + name.encode() + b":" + encoded(name).encode() + b"\r\n\r\n"
    assert door("PUT", path, data=body, headers=headers).status_code == 200
    assert door("GET", path).content == CHECK
    assert door("HEAD", path, headers={"x-amz-checksum-mode": "ENABLED"}).headers["x-amz-checksum-" + name] == encoded(name)
    refused(door("PUT", path, data=body.replace(b"9\r\n1", b"9\r\n2"), headers=headers), 400, "BadDigest")
    unannounced = {n: v for n, v in headers.items() if n != "x-amz-trailer"}
    refused(door("PUT", path, data=body, headers=unannounced), 400, "MalformedTrailerError")
    refused(door("PUT", path, data=b"9\r\n123456789\r\n0\r\n\r\n", headers=headers), 400, "MalformedTrailerError")
    identifier = upload(door, path)
    part = door("PUT", f"{path}?partNumber=1&uploadId={identifier}", data=body, headers=headers)
    assert part.status_code == 200 and part.headers["x-amz-checksum-" + name] == encoded(name)


def test_a_checksum_of_the_whole_is_compared_when_parts_are_joined(door, bucket):
    path = f"/{bucket}/whole"
    for sent, status in ((CHECK, 200), (CHECK + b"0", 400)):
        identifier = upload(door, path)
        etag = door("PUT", f"{path}?partNumber=1&uploadId={identifier}", data=sent).headers["ETag"]
        document = f"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part></CompleteMultipartUpload>"
        done = door("POST", f"{path}?uploadId={identifier}", data=document.encode(),
                    headers={"x-amz-checksum-type": "FULL_OBJECT", "x-amz-checksum-crc64nvme": encoded("crc64nvme")})
        assert done.status_code == status, done.text
    assert door("GET", path).content == CHECK


def test_streams_of_unknown_length_tell_that_of_the_object(door, bucket):
    """AWS's SDK for JavaScript sends streams by Transfer-Encoding: chunked, with the object's length in a header."""
    path = f"/{bucket}/stream"
    headers = {"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x-amz-decoded-content-length": "9",
               "Content-Encoding": "aws-chunked", "x-amz-trailer": "x-amz-checksum-crc32c"}
    pieces = [b"9\r\n123456789\r\n", b"0\r\nx-amz-checksum-crc32c:" + encoded("crc32c").encode() + b"\r\n\r\n"]

    class Stream:  # http.client sends what can be iterated in chunks
        def __iter__(self):
            return iter(pieces)
    answer = door("PUT", path, data=Stream(), headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.request.headers["Transfer-Encoding"] == "chunked" and door("GET", path).content == CHECK
    longer = {**headers, "x-amz-decoded-content-length": "8"}
    refused(door("PUT", path, data=Stream(), headers=longer), 400, "IncompleteBody")
    untold = {n: v for n, v in headers.items() if n != "x-amz-decoded-content-length"}
    refused(door("PUT", path, data=Stream(), headers=untold), 411, "MissingContentLength")
    assert door("GET", path).content == CHECK


def test_too_many_headers_are_said_to_be(door, bucket):
    path = f"/{bucket}/described"
    assert door("PUT", path, data=b"x", headers={f"x-amz-meta-a{i}": "v" for i in range(8)}).status_code == 200
    refused(door("PUT", path, data=b"x", headers={f"x-amz-meta-a{i}": "v" for i in range(20)}), 400, "RequestHeaderSectionTooLarge")
    assert len([n for n in door("HEAD", path).headers if n.lower().startswith("x-amz-meta-")]) == 8


def test_expect_may_be_signed(door, bucket):
    """AWS's SDK for Go, and so rclone, signs it where it sends a large body a second time; the gateway does not pass it on."""
    import datetime
    now = f"{datetime.datetime.now(datetime.timezone.utc):%Y%m%dT%H%M%SZ}"
    headers = {"expect": "100-Continue", "host": door.host, "x-amz-content-sha256": "UNSIGNED-PAYLOAD", "x-amz-date": now}
    path = f"/s3/{bucket}/expected"
    credential, names, signature = door.sign("PUT", path, "", headers, "UNSIGNED-PAYLOAD", now)
    headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
    answer = requests.put(door.base + path, data=b"x", headers=headers, timeout=60)
    assert answer.status_code == 200, answer.text


def test_there_are_no_tags(door, bucket, demo):
    assert door("PUT", f"/{bucket}/untagged", data=b"x").status_code == 200
    free = demo["free"]
    for path in (f"/{bucket}/untagged", f"/{free['collection']}/{free['item']}/red.tif"):
        answer = door("GET", path, params={"tagging": ""})
        assert answer.status_code == 200 and b"<TagSet/>" in answer.content, answer.text
    refused(door("GET", f"/{bucket}/none", params={"tagging": ""}), 404, "NoSuchKey")
    refused(door("GET", "/no-such-bucket/k", params={"tagging": ""}), 404, "NoSuchBucket")
    refused(door("PUT", f"/{bucket}/untagged", params={"tagging": ""}, data=b"x"), 501, "NotImplemented")
