#!/usr/bin/python3
"""Kills processes while people buy and compute, and then counts everything.

    run.py [--instance VAR] [--rounds 30] [--orders 200] [--jobs 50] [--each] [--seed N]

Each round places orders and jobs through the gateway, with idempotency keys and retries, and kills -9 one process at a random
moment: a module's (or the monolith's) worker or parent, the job runner, the cutter of bought areas, the keeper of checksums, Redis, PostgreSQL or one of its backends. With --each a
round kills every kind once. Then, without a hand on anything: every answered order is there once, paid once, with its
entitlement in download; every area that was bought arrives cut; the ledger sums to zero and agrees with the wallets; every job has ended; every service is up.
--instance is a running instance's NADIR_VAR (see local.env there); without it one is started and torn down.
Prints a line a round and ends with 1 when anything is wrong.
"""
import argparse
import concurrent.futures
import hashlib
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid

import requests

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/api"))
from helpers import Api, claims, eventually  # noqa: E402
from oidc import sign_in  # noqa: E402

PATIENCE = 120  # seconds that a client keeps trying, and that events may take to arrive
SQUARE = {"type": "Polygon", "coordinates": [[[10, 50], [10.1, 50], [10.1, 50.1], [10, 50.1], [10, 50]]]}
PRICE = 700
AREAS = 3  # bought in each round


class Wrong(Exception):
    """Something that must never happen."""


def persist(send):
    """Sends until there is an answer that is not about the server being away, as a careful client does."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            answer = send()
            if answer.status_code not in (429, 500, 502, 503, 504):
                return answer
            if answer.status_code == 500:
                print("  a 500:", answer.request.method, answer.request.path_url, answer.text[:200])
            last = f"{answer.status_code} {answer.text[:200]}"
        except (requests.RequestException, AssertionError, KeyError) as error:
            last = repr(error)
        if time.monotonic() > until:
            raise Wrong(f"no answer within {PATIENCE} s; last: {last}")
        time.sleep(0.2)


class Person:
    """A buyer: one token, renewed before it ends, and a connection for each thread."""

    def __init__(self, base, email, password):
        self.base, self.email, self.password = base, email, password
        self.local, self.lock, self.kept = threading.local(), threading.Lock(), None
        self.subject = claims(self.token())["sub"]

    @property
    def api(self):
        if not hasattr(self.local, "api"):
            self.local.api = Api(self.base, self.token)
        return self.local.api

    def token(self):
        with self.lock:
            if not self.kept or claims(self.kept)["exp"] < time.time() + 90:
                self.kept = persist_value(lambda: sign_in(self.base, self.email, self.password)["access_token"])
            return self.kept


def persist_value(get):
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return get()
        except Exception:  # whatever sign-in meets while identity is away
            if time.monotonic() > until:
                raise
            time.sleep(0.3)


class Killer:
    """Knows the instance's processes by runit's records and kills one of a kind."""

    def __init__(self, var):
        self.services = pathlib.Path(var) / "service"

    def kinds(self):
        names = [p.name for p in self.services.iterdir() if p.name not in ("nginx", "stripe")]
        return sorted([n for n in names if n not in ("postgres",)] + ["postgres", "backend"] +
                      [f"{n} worker" for n in names if n not in ("postgres", "redis", "runner", "cutter", "keeper", "exporter")])

    def pid(self, service):
        return int((self.services / service / "supervise/pid").read_text() or 0)

    @staticmethod
    def children(pid):
        try:
            return [int(c) for c in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        except OSError:
            return []

    def kill(self, kind):
        service = {"backend": "postgres"}.get(kind, kind.removesuffix(" worker"))
        pid = self.pid(service)
        if kind == "backend" or kind.endswith(" worker"):
            pids = [c for c in self.children(pid) if kind != "backend" or b"nadir_" in pathlib.Path(f"/proc/{c}/cmdline").read_bytes()]
            pid = random.choice(pids) if pids else pid
        if pid:
            os.kill(pid, signal.SIGKILL)
        return f"{kind} ({pid})"


class Round:
    def __init__(self, world, orders, jobs):
        self.world, self.norders, self.njobs = world, orders, jobs
        self.orders, self.areas, self.jobs, self.done = [], [], [], 0
        self.lock = threading.Lock()

    def step(self, what=None, into=None):
        with self.lock:
            self.done += 1
            if what is not None:
                into.append(what)

    def order(self, person, item):
        lines = {"items": [{"collection": self.world.collection, "item": item}]}
        self.step((person, item, self.buy(person, lines)), self.orders)

    def area(self, person):
        """A place in the scene that is sold by area, another each time."""
        x, y = random.uniform(-34.91, -34.845), random.uniform(-8.03, -7.965)
        box = [[x, y], [x + 0.01, y], [x + 0.01, y + 0.01], [x, y + 0.01], [x, y]]
        lines = {"items": [self.world.sold_by_area], "aoi": {"type": "Polygon", "coordinates": [box]}}
        self.step((person, self.buy(person, lines)), self.areas)

    def buy(self, person, lines):
        api = person.api
        key, offered = str(uuid.uuid4()), 0
        while True:
            quote = persist(lambda: api.post("/billing/v1/quotes", json=lines))
            if quote.status_code == 201:
                break
            offered += 1  # the item's event may still be on its way to billing
            if offered > PATIENCE * 5:
                raise Wrong(f"no quote: {quote.status_code} {quote.text[:200]}")
            time.sleep(0.2)
        body = {"quote": quote.json()["quote"], "accept_licences": [line["licence"]["id"] for line in quote.json()["lines"]]}
        answer = persist(lambda: api.post("/billing/v1/orders", json=body, headers={"Idempotency-Key": key}))
        if answer.status_code != 201:
            raise Wrong(f"order refused: {answer.status_code} {answer.text[:300]}")
        again = persist(lambda: api.post("/billing/v1/orders", json=body, headers={"Idempotency-Key": key}))
        if again.status_code != 201 or again.json()["order"] != answer.json()["order"]:
            raise Wrong(f"the same key gave another answer: {again.status_code} {again.text[:300]}")
        return answer.json()["order"]

    def job(self, person):
        api, key = person.api, str(uuid.uuid4())
        body = {"inputs": {"scene": self.world.scene}}
        answer = persist(lambda: api.post("/processing/processes/ndvi/execution", json=body,
                                          headers={"Idempotency-Key": key, "Prefer": "respond-async"}))
        if answer.status_code != 201:
            raise Wrong(f"job refused: {answer.status_code} {answer.text[:300]}")
        self.step((person, answer.json()["jobID"]), self.jobs)

    def run(self, kinds):
        """Places everything while a thread kills; returns what was killed."""
        total = self.norders + self.njobs + AREAS
        moments = sorted((random.randrange(total), kind) for kind in kinds)
        killed = []

        def kill():
            for moment, kind in moments:
                while self.done < moment:
                    time.sleep(0.005)
                time.sleep(random.random() * 0.3)
                killed.append(self.world.killer.kill(kind))

        killer = threading.Thread(target=kill)
        killer.start()
        people = self.world.people
        items = self.world.publish(self.norders)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            work = [pool.submit(self.order, people[i % len(people)], item) for i, item in enumerate(items)]
            work += [pool.submit(self.area, people[i % len(people)]) for i in range(AREAS)]
            work += [pool.submit(self.job, people[i % len(people)]) for i in range(self.njobs)]
            random.shuffle(work)
            for task in concurrent.futures.as_completed(work):
                if task.exception():
                    self.done = total  # lets the killer end
                    raise task.exception()
        killer.join()
        return killed


class World:
    """The instance, its people, and what they buy."""

    def __init__(self, var):
        self.var = var
        self.env = dict(line.split("=", 1) for line in (pathlib.Path(var) / "local.env").read_text().splitlines())
        self.base = self.env["NADIR_URL"]
        self.killer = Killer(var)
        self.admin = Person(self.base, self.env["NADIR_ADMIN_EMAIL"], self.env["NADIR_ADMIN_PASSWORD"])
        self.collection = "chaos-" + uuid.uuid4().hex[:8]
        self.scene = {"collection": "landsat-8", "item": "LC08_L1TP_195025_20130707_20170503_01_T1"}
        self.sold_by_area = {"collection": "landsat-7", "item": "olinda"}
        self.client = Api(self.base, self.client_token)
        self.currency = self.admin.api.get("/billing/v1/wallet").json()["currency"]
        self.people = [self.person(n) for n in range(4)]
        self.serial = 0
        self.given = {}
        self.spent = {}
        document = {"type": "Collection", "stac_version": "1.0.0", "id": self.collection, "title": "Chaos", "description": "Items that a test buys.",
                    "license": "proprietary", "links": [],
                    "extent": {"spatial": {"bbox": [[-180, -90, 180, 90]]}, "temporal": {"interval": [["2020-01-01T00:00:00Z", None]]}}}
        expect(persist(lambda: self.client.post("/stac/collections", json=document)), 201, 409)
        offer = {"collection": self.collection, "model": "fixed", "price": PRICE, "currency": self.currency,
                 "licence": {"id": "chaos-1", "title": "Chaos", "text": "For tests."}}
        expect(persist(lambda: self.admin.api.post("/billing/v1/offers", json=offer)), 201)

    def client_token(self):
        answer = persist(lambda: requests.post(self.base + "/oauth2/token", data={"grant_type": "client_credentials"}, timeout=30,
                                               auth=(self.env["NADIR_CLIENT_ID"], self.env["NADIR_CLIENT_SECRET"])))
        return answer.json()["access_token"]

    def person(self, number):
        email, password = f"chaos-{number}-{uuid.uuid4().hex[:12]}@nadir.example", uuid.uuid4().hex
        body = {"email": email, "password": password, "name": "Chaos"}
        expect(persist(lambda: requests.post(self.base + "/identity/v1/users", json=body, timeout=30)), 201)
        return Person(self.base, email, password)

    def credit(self, amount):
        """Gives every person credit, once each."""
        for person in self.people:
            body = {"user": person.subject, "amount": amount, "reason": "chaos round"}
            key = str(uuid.uuid4())
            expect(persist(lambda: self.admin.api.post("/billing/v1/admin/credits", json=body, headers={"Idempotency-Key": key})), 201)

    def publish(self, count):
        names = []
        for _ in range(count):
            self.serial += 1
            name = f"item-{self.serial}"
            item = {"type": "Feature", "stac_version": "1.0.0", "id": name, "collection": self.collection, "geometry": SQUARE,
                    "bbox": [10, 50, 10.1, 50.1], "links": [], "properties": {"datetime": "2020-01-01T00:00:00Z"},
                    "assets": {"data": {"href": "data.tif", "type": "image/tiff", "roles": ["data"], "nadir:path": f"chaos/{name}.tif"}}}
            expect(persist(lambda: self.client.post(f"/stac/collections/{self.collection}/items", json=item)), 201, 200, 409)
            names.append(name)
        return names

    def all_pages(self, person, path, noun):
        found, cursor = [], None
        while True:
            query = {"limit": 100, **({"cursor": cursor} if cursor else {})}
            page = persist(lambda: person.api.get(path, params=query)).json()
            found += page[noun]
            cursor = page.get("next")
            if not cursor:
                return found

    def check(self, round_):
        """Everything that must be so when a round is over, given time for events to arrive."""
        want = {}
        for person, item, order in round_.orders:
            want.setdefault(person.subject, []).append(order)
        for person, order in round_.areas:
            want.setdefault(person.subject, []).append(order)
        for person in self.people:
            mine = self.all_pages(person, "/billing/v1/orders", "orders")
            ids = [o["order"] for o in mine]
            if len(ids) != len(set(ids)):
                raise Wrong("an order is listed twice")
            self.spent.setdefault(person.subject, set()).update(want.get(person.subject, []))
            if set(ids) != self.spent[person.subject]:
                raise Wrong(f"{len(ids)} orders are there, {len(self.spent[person.subject])} were answered")
            if any(o["state"] != "paid" for o in mine):
                raise Wrong("an order is not paid")
        for person, item, _ in round_.orders:
            eventually(lambda: persist(lambda: person.api.get(f"/download/v1/items/{self.collection}/{item}")).json()["access"] == "granted",
                       timeout=PATIENCE)
        for person, _ in round_.areas:
            eventually(lambda: self.part_of(person), timeout=PATIENCE)
        ends = {}
        for person, job in round_.jobs:
            state = eventually(lambda: self.ended(person, job), timeout=PATIENCE * 2)
            ends[state] = ends.get(state, 0) + 1
        eventually(lambda: all(persist(lambda: p.api.get("/billing/v1/wallet")).json()["held"] == 0 for p in self.people), timeout=PATIENCE)
        books = persist(lambda: self.admin.api.get("/billing/v1/admin/ledger-check")).json()
        if not books["ok"]:
            raise Wrong(f"the ledger is wrong: {[c for c in books['checks'] if not c['ok']]}")
        eventually(lambda: subprocess.run([ROOT / "deploy/local/status"], capture_output=True, check=False, env=self.instance_env()).returncode == 0,
                   timeout=PATIENCE)
        return ends

    def part_of(self, person):
        """A band of the scene that is sold by area arrives as a whole TIFF, whose checksum is what was told."""
        where = "/download/v1/items/{collection}/{item}/assets/red".format(**self.sold_by_area)
        answer = persist(lambda: person.api.get(where))
        if answer.status_code == 202 or answer.status_code == 402:  # being cut, or the right is still on its way
            return False
        expect(answer, 200)
        if answer.headers["X-Checksum-Sha256"] != hashlib.sha256(answer.content).hexdigest():
            raise Wrong("a part is not what its checksum says")
        return True

    def ended(self, person, job):
        status = persist(lambda: person.api.get(f"/processing/jobs/{job}")).json().get("status")
        return status if status in ("successful", "failed", "dismissed") else None

    def instance_env(self):
        return {**os.environ, **{k: self.env[k] for k in ("NADIR_VAR", "NADIR_PORT", "NADIR_PORT_BASE")}}


def expect(answer, *codes):
    if answer.status_code not in codes:
        raise Wrong(f"{answer.request.method} {answer.request.path_url}: {answer.status_code} {answer.text[:300]}")
    return answer


def play(arguments, var):
    seed = arguments.seed if arguments.seed is not None else random.randrange(10**6)
    random.seed(seed)
    print(f"seed {seed}, instance {var}", flush=True)
    world = World(var)
    kinds = world.killer.kinds()
    for number in range(arguments.rounds):
        started = time.monotonic()
        world.credit(PRICE * arguments.orders + 10000 * arguments.jobs + 10000 * AREAS)
        round_ = Round(world, arguments.orders, arguments.jobs)
        killed = round_.run(kinds if arguments.each else [random.choice(kinds)])
        ends = world.check(round_)
        jobs = ", ".join(f"{count} {state}" for state, count in sorted(ends.items()))
        print(f"round {number + 1}: killed {', '.join(killed)}; {len(round_.orders)} orders paid and entitled, "
              f"{len(round_.areas)} areas delivered; jobs: {jobs}; "
              f"{time.monotonic() - started:.0f} s", flush=True)
    print("nothing was lost, nothing happened twice")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--instance")
    parser.add_argument("--modular", action="store_true", help="the shape of an instance that is started here")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--orders", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=50)
    parser.add_argument("--each", action="store_true")
    parser.add_argument("--seed", type=int)
    arguments = parser.parse_args()
    try:
        if arguments.instance:
            play(arguments, arguments.instance)
            return 0
        with tempfile.TemporaryDirectory(prefix="nadir-chaos-") as folder:
            os.chmod(folder, 0o711)
            env = {**os.environ, "NADIR_VAR": folder + "/var", "NADIR_PORT": os.environ.get("NADIR_PORT", "8980"),
                   "NADIR_PORT_BASE": os.environ.get("NADIR_PORT_BASE", "18980"), "NADIR_LOGIN_RATE": "1000"}
            try:
                subprocess.run([ROOT / "deploy/local/up"] + (["--modular"] if arguments.modular else []), check=True, env=env)
                play(arguments, env["NADIR_VAR"])
            finally:
                subprocess.run([ROOT / "deploy/local/down"], check=False, env=env)
        return 0
    except (Wrong, AssertionError) as wrong:
        print("WRONG:", wrong)
        return 1


if __name__ == "__main__":
    sys.exit(main())
