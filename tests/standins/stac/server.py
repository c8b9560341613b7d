"""Other catalogues, for the tests of the harvest: STAC API, CDSE's OData, OpenSearch. See README.md."""
import argparse
import datetime
import json
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, urlsplit
from xml.sax.saxutils import escape

state = {"items": [], "collections": [], "faults": [], "token": None, "delay": 0}
requests_seen = []
lock = threading.Lock()


def updated(item):
    return item["properties"].get("updated", "")


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def send(self, body, status=200, kind="application/json", headers=()):
        if not isinstance(body, (str, bytes)):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def fault(self):
        """The first fault that this request meets, if any."""
        with lock:
            for fault in state["faults"]:
                if fault["match"] not in self.path + " " + self.command or fault.get("times", 1) <= 0:
                    continue
                if fault.get("after", 0) > 0:
                    fault["after"] -= 1
                    continue
                fault["times"] = fault.get("times", 1) - 1
                return fault
        return None

    def serve(self):
        url = urlsplit(self.path)
        self.args = {name: values[0] for name, values in parse_qs(url.query).items()}
        self.base = f"http://{self.headers['Host']}"
        data = self.body()
        if url.path == "/control":
            return self.control(data)
        with lock:
            requests_seen.append({"method": self.command, "path": self.path, "body": data.decode(), "at": time.time(),
                                  "authorization": self.headers.get("Authorization")})
        time.sleep(state["delay"])
        fault = self.fault()
        if fault:
            headers = [("Retry-After", str(fault["retry_after"]))] if "retry_after" in fault else []
            return self.send(fault.get("body", "no"), fault.get("status", 200), fault.get("type", "text/plain"), headers)
        if state["token"] and self.headers.get("Authorization") != state["token"]:
            return self.send({"code": "Unauthorized"}, 401)
        for prefix, door in (("/stac", self.stac), ("/odata/v1", self.odata), ("/opensearch", self.opensearch)):
            if url.path.startswith(prefix):
                return door(url.path[len(prefix):], data)
        return self.send({"code": "NotFound"}, 404)

    do_GET = do_POST = do_PUT = serve

    def control(self, data):
        with lock:
            if self.command == "PUT":
                state.update(items=[], collections=[], faults=[], token=None, delay=0)
                state.update(json.loads(data))
                requests_seen.clear()
            return self.send({"requests": requests_seen, "items": len(state["items"])})

    # ---- STAC API ----

    def stac(self, path, data):
        root = self.base + "/stac"
        paging = "get" if path.startswith("-get") else "post"
        if path.startswith("-get"):
            path, root = path[4:], root + "-get"
        if path in ("", "/"):
            links = [{"rel": "self", "href": root}, {"rel": "data", "href": root + "/collections"},
                     {"rel": "search", "type": "application/geo+json", "method": "GET", "href": root + "/search"}]
            if paging == "post":
                links.append({"rel": "search", "type": "application/geo+json", "method": "POST", "href": root + "/search"})
            conforms = ["https://api.stacspec.org/v1.0.0/core", "https://api.stacspec.org/v1.0.0/item-search",
                        "https://api.stacspec.org/v1.0.0/item-search#query"]
            return self.send({"type": "Catalog", "id": "standin", "stac_version": "1.0.0", "description": "d", "links": links,
                              "conformsTo": conforms})
        if path == "/collections":
            return self.send({"collections": state["collections"], "links": []})
        if path != "/search":
            return self.send({"code": "NotFound"}, 404)
        asked = json.loads(data) if self.command == "POST" else dict(self.args)
        if isinstance(asked.get("collections"), str):
            asked["collections"] = asked["collections"].split(",")
        limit, at = int(asked.get("limit", 10)), int(asked.get("token", "0"))
        found = [i for i in state["items"] if not asked.get("collections") or i["collection"] in asked["collections"]]
        query = asked.get("query")
        if isinstance(query, str):
            query = json.loads(query)
        since = ((query or {}).get("updated") or {}).get("gte")
        if since:
            found = [i for i in found if updated(i) and moment(updated(i)) >= moment(since)]
        page, links = found[at:at + limit], []
        if page and at + limit <= len(found):  # like some, it links on to a last page that is empty
            if paging == "post":
                links = [{"rel": "next", "method": "POST", "href": "search", "merge": True, "body": {"token": str(at + limit)}}]
            else:
                rest = "&".join(f"{name}={quote(value)}" for name, value in self.args.items() if name != "token")
                links = [{"rel": "next", "href": f"{root}/search?{rest}&token={at + limit}"}]
        return self.send({"type": "FeatureCollection", "features": page, "links": links}, kind="application/geo+json")

    # ---- OData ----

    def odata(self, path, data):
        if path != "/Products":
            return self.send({"detail": "no"}, 404)
        found, condition = list(state["items"]), self.args.get("$filter", "")
        names = re.findall(r"Collection/Name eq '([^']*)'", condition)
        if names:
            found = [i for i in found if i["collection"] in names]
        for what, get in (("ModificationDate", updated), ("ContentDate/Start", lambda i: i["properties"]["datetime"])):
            for operator, value in re.findall(re.escape(what) + r" (ge|le) (\S+?)(?:\)|$| )", condition):
                bound = moment(value)
                found = [i for i in found if (moment(get(i)) >= bound if operator == "ge" else moment(get(i)) <= bound)]
        found.sort(key=lambda i: (moment(updated(i)), i["id"]))
        skip, top = int(self.args.get("$skip", 0)), int(self.args.get("$top", 20))
        if skip > 10000 or top > 1000 or self.args.get("$orderby") != "ModificationDate asc":
            return self.send({"detail": "that is too much"}, 422)
        return self.send({"value": [self.product(i) for i in found[skip:skip + top]]})

    @staticmethod
    def product(item):
        attributes = [{"Name": "cloudCover", "Value": item["properties"].get("eo:cloud_cover")},
                      {"Name": "platformShortName", "Value": item["collection"]}, {"Name": "platformSerialIdentifier", "Value": "A"},
                      {"Name": "instrumentShortName", "Value": "MSI"}, {"Name": "orbitDirection", "Value": "DESCENDING"}]
        return {"Id": "uuid-" + item["id"], "Name": item["id"] + ".SAFE", "ContentLength": 12345, "GeoFootprint": item["geometry"],
                "PublicationDate": updated(item), "ModificationDate": updated(item), "Online": True,
                "ContentDate": {"Start": item["properties"]["datetime"], "End": item["properties"]["datetime"]},
                "Checksum": [{"Algorithm": "MD5", "Value": f"{abs(hash(item['id'])):032x}"[-32:]}], "Attributes": attributes}

    # ---- OpenSearch ----

    def opensearch(self, path, data):
        kind = "json" if path.startswith("-json") else "atom"
        root = self.base + "/opensearch" + ("-json" if kind == "json" else "")
        media = "application/geo+json" if kind == "json" else "application/atom+xml"
        if path.endswith("/description.xml"):
            template = escape(root + "/search?count={count?}&startIndex={startIndex?}&bbox={geo:box?}&start={time:start?}&q={searchTerms?}")
            return self.send('<?xml version="1.0"?><OpenSearchDescription xmlns="http://a9.com/-/spec/opensearch/1.1/"><ShortName>s</ShortName>'
                             f'<Url type="text/html" template="{root}/html"/><Url type="{media}" template="{template}"/>'
                             "</OpenSearchDescription>", kind="application/opensearchdescription+xml")
        start, count = int(self.args.get("startIndex") or 1), int(self.args.get("count") or 10)
        page = state["items"][start - 1:start - 1 + count]
        following = f"{root}/search?count={count}&startIndex={start + count}" if start - 1 + count < len(state["items"]) else None
        if kind == "json":
            links = [{"rel": "next", "href": following}] if following else []
            features = [{"type": "Feature", "id": "urn:x:" + i["id"], "geometry": i["geometry"],
                         "properties": {"identifier": i["id"], "title": i["id"], "updated": updated(i),
                                        "date": i["properties"]["datetime"] + "/" + i["properties"]["datetime"],
                                        "links": {"data": [{"href": "data/" + i["id"], "type": "application/zip"}]}}} for i in page]
            return self.send({"type": "FeatureCollection", "features": features, "links": links}, kind=media)
        entries = ""
        for i in page:
            ring = " ".join(f"{y} {x}" for x, y in i["geometry"]["coordinates"][0])
            entries += (f"<entry><id>{root}/{i['id']}</id><dc:identifier>{escape(i['id'])}</dc:identifier><title>{escape(i['id'])}</title>"
                        f"<updated>{updated(i)}</updated><dc:date>{i['properties']['datetime']}/{i['properties']['datetime']}</dc:date>"
                        f"<georss:polygon>{ring}</georss:polygon><link rel=\"enclosure\" type=\"application/zip\" href=\"data/{i['id']}\"/></entry>")
        link = f'<link rel="next" href="{escape(following)}"/>' if following else ""
        return self.send('<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xmlns:dc="http://purl.org/dc/elements/1.1/"'
                         f' xmlns:georss="http://www.georss.org/georss"><title>t</title>{link}{entries}</feed>', kind=media)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
