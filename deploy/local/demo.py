"""The demo catalogue's offers, posted as the administrator through the gateway (run by `demo`; only what is missing)."""
import json
import os
import urllib.request

from sign_in import access_token

BASE = os.environ["NADIR_URL"]
PUBLIC = {"id": "usgs-public-domain", "title": "USGS public domain", "url": "https://www.usgs.gov/information-policies-and-instructions/copyrights-and-credits"}
NADIR = {"id": "nadir-demo-1", "title": "Nadir demo licence",
         "url": BASE + "/licences/nadir-demo-1.html",
         "text": "You may use, copy and change the product and publish what you derive from it, naming its source. "
                 "The imagery is in the public domain; the price pays for its preparation."}
NASA = {"id": "nasa-media", "title": "NASA imagery, free of restrictions", "url": "https://www.nasa.gov/nasa-brand-center/images-and-media/"}
OFFERS = [
    {"collection": "landsat-7", "item": "olinda", "model": "per_km2", "price": 25, "min_area_km2": 1, "licence": NADIR},
    {"collection": "landsat-5", "model": "fixed", "price": 1500, "licence": NADIR},
    {"collection": "landsat-7", "item": "LE07_L1TP_195025_20010730_20170204_01_T1", "model": "free", "price": 0, "licence": PUBLIC},
    {"collection": "landsat-8", "model": "free", "price": 0, "licence": PUBLIC},
    {"collection": "elevation", "model": "free", "price": 0, "licence": PUBLIC},
    {"collection": "blue-marble", "model": "free", "price": 0, "licence": NASA},
]


def call(method, path, token, body=None):
    request = urllib.request.Request(BASE + path, method=method, headers={"Authorization": "Bearer " + token},
                                     data=None if body is None else json.dumps(body).encode())
    if body is not None:
        request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def main():
    token = access_token(BASE, os.environ["NADIR_ADMIN_EMAIL"], os.environ["NADIR_ADMIN_PASSWORD"])
    currency = call("GET", "/billing/v1/wallet", token)["currency"]
    for offer in OFFERS:
        query = "/billing/v1/offers?collection=" + offer["collection"] + ("&item=" + offer["item"] if "item" in offer else "")
        there = call("GET", query, token)["offers"]
        if not any(o.get("item") == offer.get("item") for o in there):
            call("POST", "/billing/v1/offers", token, {"currency": currency, **offer})


if __name__ == "__main__":
    main()
