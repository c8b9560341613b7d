"""What the tests of the S3 door share: keys, and requests signed as AWS's documentation says (Signature Version 4)."""
import datetime
import hashlib
import hmac
import urllib.parse
import xml.etree.ElementTree as ET

import requests

NS = "{http://s3.amazonaws.com/doc/2006-03-01/}"


def new_key(person, **more):
    answer = person.post("/download/v1/s3-keys", json={"name": "tests", **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def quote(text, safe=""):
    return urllib.parse.quote(text, safe=safe + "-_.~")


class Door:
    """Requests at /s3, signed with a key (None: unsigned)."""

    def __init__(self, base, key):
        self.base, self.key, self.host = base, key, base.split("://")[1]
        self.session = requests.Session()
        self.session.trust_env = False

    def sign(self, method, path, query, headers, payload, now, secret=None):
        """Credential, names of the signed headers, and the signature."""
        day, names = now[:8], ";".join(sorted(headers))
        canonical = "\n".join([method, path, query, *(f"{n}:{headers[n].strip()}" for n in sorted(headers)), "", names, payload])
        scope = f"{day}/us-east-1/s3/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        signing = ("AWS4" + (secret or self.key["secret_key"])).encode()
        for part in (day, "us-east-1", "s3", "aws4_request"):
            signing = hmac.new(signing, part.encode(), hashlib.sha256).digest()
        return f"{self.key['access_key']}/{scope}", names, hmac.new(signing, text.encode(), hashlib.sha256).hexdigest()

    @staticmethod
    def target(path, params):
        """Path and canonical query of an address: arguments may stand in both."""
        path, _, rest = path.partition("?")
        pairs = urllib.parse.parse_qsl(rest, keep_blank_values=True) + list((params or {}).items())
        return "/s3" + quote(path, "/"), "&".join(sorted(f"{quote(k)}={quote(v)}" for k, v in pairs))

    def __call__(self, method, path, data=b"", headers=None, params=None, secret=None):
        path, query = self.target(path, params)
        headers = dict(headers or {})
        if self.key:
            now = f"{datetime.datetime.now(datetime.timezone.utc):%Y%m%dT%H%M%SZ}"
            if "x-amz-content-sha256" not in headers:
                headers["x-amz-content-sha256"] = hashlib.sha256(data).hexdigest()
            headers["x-amz-date"] = now
            signed = {"host": self.host, **{n.lower(): v for n, v in headers.items() if n.lower().startswith("x-amz-")}}
            credential, names, signature = self.sign(method, path, query, signed, headers["x-amz-content-sha256"], now, secret)
            headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
        return self.session.request(method, f"{self.base}{path}?{query}", data=data, headers=headers, timeout=60)

    def presigned(self, method, path, seconds):
        now = f"{datetime.datetime.now(datetime.timezone.utc):%Y%m%dT%H%M%SZ}"
        credential = f"{self.key['access_key']}/{now[:8]}/us-east-1/s3/aws4_request"
        path, query = self.target(path, {"X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": credential, "X-Amz-Date": now,
                                         "X-Amz-Expires": str(seconds), "X-Amz-SignedHeaders": "host"})
        signature = self.sign(method, path, query, {"host": self.host}, "UNSIGNED-PAYLOAD", now)[2]
        return f"{self.base}{path}?{query}&X-Amz-Signature={signature}"


def refused(answer, status, code):
    """Asserts an error of S3's: its status, code, and the members that its clients read."""
    assert answer.status_code == status, (answer.status_code, answer.text[:500])
    if answer.request.method != "HEAD":
        root = ET.fromstring(answer.content)
        assert root.tag == "Error" and root.findtext("Code") == code, answer.text
        assert root.findtext("Message") and root.find("Resource") is not None and root.findtext("RequestId")
    return answer


def texts(answer, path):
    """The texts of all elements at a path of S3's names."""
    assert answer.status_code == 200, answer.text
    return [e.text for e in ET.fromstring(answer.content).findall("/".join(NS + part for part in path.split("/")))]
