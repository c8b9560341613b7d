"""Quotas: what is counted and what is not, slower before refused, at both doors alike; and what keys of the S3 door are for."""
import concurrent.futures
import os
import time
import uuid

import pytest
from helpers import eventually, problem
from s3 import Door, new_key, refused, texts

MIB = 1 << 20


def standing(person):
    answer = person.get("/download/v1/quota")
    assert answer.status_code == 200, answer.text
    return answer.json()


def allow(admin, person, **limits):
    answer = admin.put(f"/download/v1/quotas/{person.subject}", json=limits)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture(autouse=True)
def one_day():
    """A file counts once a day: no test spans midnight (UTC)."""
    left = 86400 - time.time() % 86400
    if left < 60:
        time.sleep(left + 1)


@pytest.fixture
def person(new_user):
    return new_user("Quincy Quota")


@pytest.fixture
def door(base, person):
    return Door(base, new_key(person))


@pytest.fixture
def bucket(door):
    name = "q-" + uuid.uuid4().hex[:12]
    assert door("PUT", "/" + name).status_code == 200
    return name


def free_file(person, demo):
    listed = person.get("/download/v1/items/{collection}/{item}".format(**demo["free"])).json()["assets"]
    return max((a for a in listed if "data" in a["roles"]), key=lambda a: a["size"])


def test_a_file_counts_once_however_it_is_fetched(person, demo):
    file = free_file(person, demo)
    assert standing(person)["downloads"]["used"] == 0 and standing(person)["downloads"]["state"] == "full_speed"
    assert person.get(file["href"], headers={"Range": "bytes=0-999"}).status_code == 206
    assert standing(person)["downloads"]["used"] == 1000
    assert person.head(file["href"]).status_code == 200
    assert person.get(file["href"], headers={"If-None-Match": f'"{file["sha256"]}"'}).status_code == 304
    assert person.get(file["href"], headers={"Range": "bytes=1000-1499,-500"}).status_code == 206
    assert standing(person)["downloads"]["used"] == 2000
    assert person.get(file["href"]).status_code == 200
    assert standing(person)["downloads"]["used"] == file["size"]
    assert person.get(file["href"], headers={"Range": "bytes=5000-"}).status_code == 206  # resumed
    assert standing(person)["downloads"]["used"] == file["size"]
    preview = next(a for a in person.get("/download/v1/items/{collection}/{item}".format(**demo["paid"])).json()["assets"]
                   if "thumbnail" in a["roles"])
    assert person.get(preview["href"]).status_code == 200
    assert standing(person)["downloads"]["used"] == file["size"]


def test_both_doors_count_alike(person, door, bucket, demo):
    assert door("PUT", f"/{bucket}/a", data=b"x" * 10000).status_code == 200
    assert standing(person)["downloads"]["used"] == 0 and standing(person)["storage"]["used"] == 10000
    assert door("GET", f"/{bucket}/a").status_code == 200
    assert standing(person)["downloads"]["used"] == 10000
    free = demo["free"]
    got = door("GET", f"/{free['collection']}/{free['item']}/red.tif")
    assert standing(person)["downloads"]["used"] == 10000 + len(got.content)
    counts = standing(person)
    assert counts["s3_keys"] == {"used": 1, "most": 20} and counts["s3_buckets"] == {"used": 1, "most": 100}


def test_over_quota_slows_before_it_refuses(admin, person, door, bucket, demo):
    body, file = os.urandom(3 * MIB), free_file(person, demo)
    assert door("PUT", f"/{bucket}/a", data=body).status_code == 200
    assert door("GET", f"/{bucket}/a").content == body
    told = allow(admin, person, downloads=2 * MIB)["downloads"]
    assert (told["state"], told["used"], told["quota"], told["refused_from"]) == ("slowed", 3 * MIB, 2 * MIB, 4 * MIB)
    assert told["bytes_per_second"] == MIB and 0 < told["full_speed_in"] <= 30 * 86400 and told["retry_after"] is None

    def slow():
        begun = time.monotonic()
        assert door("GET", f"/{bucket}/a").content == body
        return time.monotonic() - begun > 1.5  # never less than so long at 1 MiB a second
    assert eventually(slow, timeout=60)
    assert standing(person)["downloads"]["used"] == 3 * MIB

    allow(admin, person, downloads=MIB)
    assert eventually(lambda: door("GET", f"/{bucket}/a").status_code == 503, timeout=60)  # it is counted already
    answer = person.get(file["href"])
    problem(answer, 429, "quota-used-up")
    assert 0 < int(answer.headers["Retry-After"]) <= 30 * 86400
    answer = refused(door("GET", f"/{bucket}/a"), 503, "SlowDown")
    assert 0 < int(answer.headers["Retry-After"]) <= 30 * 86400
    assert standing(person)["downloads"]["used"] == 3 * MIB and standing(person)["downloads"]["state"] == "refused"
    assert person.head(file["href"]).status_code == 200 and door("HEAD", f"/{bucket}/a").status_code == 200
    allow(admin, person)  # as the settings say
    assert eventually(lambda: person.get(file["href"]).status_code == 200)


def test_limits_are_an_administrators(admin, person, anon):
    problem(person.put(f"/download/v1/quotas/{person.subject}", json={"downloads": 1}), 403)
    problem(person.get(f"/download/v1/quotas/{person.subject}"), 403)
    problem(anon.get("/download/v1/quota"), 401)
    problem(admin.put(f"/download/v1/quotas/{person.subject}", json={"downloads": -1}), 422)
    problem(admin.put(f"/download/v1/quotas/{person.subject}", json={"other": 1}), 422)
    assert allow(admin, person, storage=5)["storage"]["quota"] == 5
    assert admin.get(f"/download/v1/quotas/{person.subject}").json() == standing(person)


def test_full_buckets_are_filled_slowly_and_then_refused(admin, person, door, bucket):
    assert door("PUT", f"/{bucket}/a", data=b"x" * 100000).status_code == 200
    allow(admin, person, storage=100000)
    assert standing(person)["storage"] == {"used": 100000, "quota": 100000, "refused_from": 110000, "state": "slowed"}
    answers = [door("PUT", f"/{bucket}/{n}", data=b"x") for n in range(2)]
    slow = [a for a in answers if a.status_code == 503]
    assert slow or len(answers) == 2  # on a machine so slow that the seconds went by both were taken
    for answer in slow:
        assert refused(answer, 503, "SlowDown").headers["Retry-After"] == "2"
    assert eventually(lambda: door("PUT", f"/{bucket}/1", data=b"x").status_code == 200, timeout=60)
    refused(door("PUT", f"/{bucket}/b", data=b"x" * 20000), 403, "QuotaExceeded")
    assert door("DELETE", f"/{bucket}/a").status_code == 204
    assert door("PUT", f"/{bucket}/b", data=b"x" * 20000).status_code == 200


@pytest.mark.once
def test_connections_of_one_caller_are_few(admin, person, door, bucket):
    assert door("PUT", f"/{bucket}/a", data=os.urandom(32 * MIB)).status_code == 200
    assert door("GET", f"/{bucket}/a").status_code == 200
    allow(admin, person, downloads=20 * MIB)  # slowed, so that none ends before the last begins
    address = door.presigned("GET", f"/{bucket}/a", 600)
    eventually(lambda: standing(person)["downloads"]["state"] == "slowed")
    time.sleep(2.1)  # what the module remembers of a caller
    with concurrent.futures.ThreadPoolExecutor(65) as pool:
        answers = list(pool.map(lambda _: door.session.get(address, stream=True, timeout=60), range(65)))
    try:
        said = sorted(a.status_code for a in answers)
        assert said == [200] * 64 + [429], said
        last = next(a for a in answers if a.status_code == 429)
        assert "<Code>SlowDown</Code>" in last.text and int(last.headers["Retry-After"]) >= 1
    finally:
        for answer in answers:
            answer.close()


def test_keys_that_only_read(base, person, door, bucket):
    assert door("PUT", f"/{bucket}/a", data=b"x").status_code == 200
    key = new_key(person, access="read")
    reader = Door(base, key)
    assert key["access"] == "read" and key["buckets"] is None
    assert reader("GET", f"/{bucket}/a").content == b"x" and bucket in texts(reader("GET", ""), "Buckets/Bucket/Name")
    for method, path in (("PUT", f"/{bucket}/a"), ("DELETE", f"/{bucket}/a"), ("POST", f"/{bucket}/b?uploads"), ("PUT", "/new-one")):
        refused(reader(method, path, data=b"y" if method == "PUT" else b""), 403, "AccessDenied")
    assert door("GET", f"/{bucket}/a").content == b"x"


def test_keys_for_some_buckets(base, person, door, bucket, demo):
    other, free = "q-" + uuid.uuid4().hex[:12], demo["free"]
    assert door("PUT", "/" + other).status_code == 200 and door("PUT", f"/{other}/a", data=b"secret").status_code == 200
    key = new_key(person, buckets=[bucket])
    narrow = Door(base, key)
    assert key["buckets"] == [bucket] and key["access"] == "read-write"
    assert narrow("PUT", f"/{bucket}/a", data=b"x").status_code == 200
    assert texts(narrow("GET", ""), "Buckets/Bucket/Name") == [bucket]
    refused(narrow("GET", f"/{other}/a"), 403, "AccessDenied")
    refused(narrow("PUT", f"/{other}/b", data=b"x"), 403, "AccessDenied")
    refused(narrow("GET", f"/{free['collection']}/{free['item']}/red.tif"), 403, "AccessDenied")
    refused(narrow("PUT", f"/{bucket}/b", headers={"x-amz-copy-source": f"/{other}/a"}), 403, "AccessDenied")
    for bad in ({"buckets": []}, {"buckets": ["a/b"]}, {"buckets": [1]}, {"access": "write"}):
        problem(person.post("/download/v1/s3-keys", json={"name": "x", **bad}), 422)
