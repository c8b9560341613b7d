"""Seeded STAC items with whatever makes comparing hard, and seeded filters over them."""
import random

WORDS = ["alpha", "Beta", "GAMMA", "delta 5%", "it's", "a_b", "back\\slash", "straße", "STRASSE", "Οδος", "ΟΔΟΣ", "débárquér", "debarquer",
         "Beyonce\u0301", "\u65e5\u672c", "", " ", "10", "true", "null", "2020-02-02", "x" * 60]
TIMES = ["2019-12-31T23:59:59Z", "2020-01-01T00:00:00Z", "2020-01-01T00:00:00.5Z", "2020-01-01T01:00:00+01:00", "2020-06-15T12:00:00.123456Z",
         "2020-06-15T12:00:00.1234567Z", "2021-02-28T10:20:30Z", "2021-03-01T00:00:00Z", "2022-07-04T04:05:06-07:00", "2023-12-31T23:59:60Z"]
DATES = ["2020-01-01", "2020-06-15", "2021-03-01", "2022-07-04"]
NUMBERS = [0, 1, -1, 2, 3, 10, 28, 0.1, 0.5, -7.25, 1e-3, 100, 12345.678, 1e16]
NUMERIC = ["eo:cloud_cover", "gsd", "n", "m", "floors", "taxes", "value", "foo", "mixed", "nest.inner", "dot.ted", "view:off_nadir", "absent"]
TEXTUAL = ["platform", "title", "owner", "material", "grade", "mixed", "nest.word", "odd \"name\"", "absent", "id", "collection"]
BOOLEAN = ["flag", "swimming_pool", "mixed", "absent"]
TEMPORAL = ["datetime", "created", "updated", "start_datetime", "end_datetime", "built", "mixed", "absent"]
ARRAYS = ["instruments", "tags", "values", "mixed", "absent"]


def ring(x, y, width, height):
    return [[x, y], [round(x + width, 3), y], [round(x + width, 3), round(y + height, 3)], [x, round(y + height, 3)], [x, y]]


def geometry(r):
    x, y = round(r.uniform(-175, 170), 1), round(r.uniform(-85, 80), 1)
    width, height = r.choice([1, 2.5, 5, 20]), r.choice([1, 2, 5])
    width, height = min(width, 180 - x), min(height, 90 - y)
    kind = r.random()
    if kind < 0.55:
        return {"type": "Polygon", "coordinates": [ring(x, y, width, height)]}
    if kind < 0.65:
        return {"type": "Point", "coordinates": [x, y]}
    if kind < 0.75:
        return {"type": "LineString", "coordinates": [[x, y], [round(x + width, 3), round(y + height, 3)]]}
    if kind < 0.85:  # across the antimeridian
        return {"type": "MultiPolygon", "coordinates": [[ring(178, y, 2, height)], [ring(-180, y, 3, height)]]}
    if kind < 0.92:
        return {"type": "MultiPoint", "coordinates": [[x, y], [round(x + 1, 3), y]]}
    return {"type": "Polygon", "coordinates": [ring(x, y, width, height), ring(round(x + width / 4, 3), round(y + height / 4, 3), width / 4, height / 4)]}


def bounds(g):
    if g["type"] == "MultiPolygon":
        south, north = g["coordinates"][0][0][0][1], g["coordinates"][0][0][2][1]
        return [178, south, -177, north]
    positions = [g["coordinates"]] if g["type"] == "Point" else g["coordinates"][0] if g["type"] == "Polygon" else g["coordinates"]
    xs, ys = [p[0] for p in positions], [p[1] for p in positions]
    return [min(xs), min(ys), max(xs), max(ys)]


def item(r, collection, number):
    properties = {"datetime": r.choice(TIMES) if r.random() < 0.6 else f"20{r.randrange(15, 26)}-{r.randrange(1, 13):02}-{r.randrange(1, 29):02}T"
                                                                     f"{r.randrange(24):02}:{r.randrange(60):02}:{r.randrange(60):02}Z"}
    if r.random() < 0.2:
        ends = sorted(r.sample(["2020-01-01T00:00:00Z", "2020-06-15T12:00:00Z", "2021-03-01T00:00:00Z", "2022-07-04T11:05:06Z"], 2))
        properties.update(datetime=None, start_datetime=ends[0], end_datetime=ends[1])
    chance = {"eo:cloud_cover": lambda: r.choice([0, 5, 10.5, 20, 33.3, 100, round(r.uniform(0, 100), 2)]), "gsd": lambda: r.choice([10, 30, 0.5]),
              "view:off_nadir": lambda: round(r.uniform(0, 40), 3), "n": lambda: r.randrange(-5, 30), "m": lambda: r.choice(NUMBERS),
              "floors": lambda: r.randrange(1, 9), "taxes": lambda: r.choice([100, 500, 900]), "value": lambda: r.choice(NUMBERS),
              "foo": lambda: r.choice(NUMBERS), "platform": lambda: r.choice(["sentinel-2a", "sentinel-2b", "Landsat-8"]),
              "title": lambda: r.choice(WORDS), "owner": lambda: r.choice(["Mike Jones", "mike smith", "Anna Jones", "Beyoncé", "Somebody ELSE"]),
              "material": lambda: r.choice(["brick", "brickwork", "red brick", "wood"]), "grade": lambda: r.choice("ABC"),
              "odd \"name\"": lambda: r.choice(WORDS), "flag": lambda: r.random() < 0.5, "swimming_pool": lambda: r.random() < 0.5,
              "created": lambda: r.choice(TIMES), "updated": lambda: r.choice(TIMES), "built": lambda: r.choice(TIMES + DATES + ["then"]),
              "instruments": lambda: r.sample(["msi", "oli", "tirs", "c-sar"], r.randrange(1, 4)),
              "tags": lambda: r.choices(["a", "b", "c", 1, 2.0, True, None, "1"], k=r.randrange(0, 5)),
              "values": lambda: r.sample(["a", "b", "c"], r.randrange(0, 4)),
              "nest": lambda: {"inner": r.choice(NUMBERS), "word": r.choice(WORDS)}, "dot.ted": lambda: r.randrange(5),
              "mixed": lambda: r.choice([1, 0, -3.5, "1", "text", True, False, None, [1, "a"], {"a": 1}, "2020-06-15T12:00:00Z"])}
    for name, make in chance.items():
        if r.random() < 0.75:
            properties[name] = make()
    g = geometry(r)
    return {"type": "Feature", "stac_version": "1.0.0", "id": f"made-{number}", "collection": collection, "geometry": g, "bbox": bounds(g),
            "properties": properties, "links": [], "assets": {}}


# ---- filters ----

def P(name):
    return {"property": name}


def op(name, *args):
    return {"op": name, "args": list(args)}


class Filters:
    def __init__(self, seed, samples):
        """samples: items whose values literals are drawn from."""
        self.r, self.samples = random.Random(seed), samples

    def held(self, name, wanted, otherwise):
        found = self.r.choice(self.samples)["properties"].get(name)
        return found if wanted(found) and self.r.random() < 0.8 else self.r.choice(otherwise)

    def numeric(self, depth):
        r = self.r
        if depth > 0 and r.random() < 0.35:
            return op(r.choice(["+", "-", "*", "/", "%", "div", "^"]), self.numeric(depth - 1), self.numeric(depth - 1))
        return P(r.choice(NUMERIC)) if r.random() < 0.55 else r.choice(NUMBERS)

    def textual(self, name):
        return self.held(name, lambda v: isinstance(v, str), WORDS)

    def text_pair(self):
        r, name = self.r, self.r.choice(TEXTUAL)
        left, right = P(name), self.textual(name)
        if name == "id":
            right = r.choice(self.samples)["id"]
        wrap = r.choice([None, None, "casei", "accenti", "both"])
        for function in ("casei", "accenti"):
            if wrap in (function, "both"):
                left, right = op(function, left), op(function, right)
        return left, right

    def instant(self):
        r = self.r
        return {"date": r.choice(DATES)} if r.random() < 0.3 else {"timestamp": r.choice(TIMES)}

    def interval(self, fixed=False):
        r = self.r
        if not fixed and r.random() < 0.35:
            return {"interval": [P("start_datetime"), P("end_datetime")]}
        ends = sorted(r.sample(["2019-12-31T23:59:59Z", "2020-01-01", "2020-01-01T00:00:00Z", "2020-06-15T12:00:00Z", "2021-03-01", "2021-03-01T00:00:00Z",
                                "2022-07-04T11:05:06Z", "2024-01-01"], 2))
        opened = r.random()
        return {"interval": [".." if opened < 0.15 else ends[0], ".." if opened > 0.85 else ends[1]]}

    def place(self):
        r = self.r
        chosen = r.random()
        if chosen < 0.3:
            w, s = round(r.uniform(-179, 150), 1), round(r.uniform(-80, 60), 1)
            return {"bbox": [w, s, round(min(180, w + r.choice([5, 30, 120])), 1), round(min(90, s + r.choice([5, 30])), 1)]}
        if chosen < 0.4:
            return {"bbox": [170, round(r.uniform(-80, 0), 1), -170, 60]}
        if chosen < 0.55:
            return geometry(r)
        if chosen < 0.85:
            return r.choice(self.samples)["geometry"] or geometry(r)
        return {"type": "GeometryCollection", "geometries": [geometry(r), {"type": "Point", "coordinates": [round(r.uniform(-180, 180), 2), 10.5]}]}

    def comparison(self):
        r = self.r
        sign = r.choice(["=", "<>", "<", "<=", ">", ">="])
        chosen = r.random()
        if chosen < 0.4:
            a, b = self.numeric(2), self.numeric(1)
        elif chosen < 0.65:
            a, b = self.text_pair()
        elif chosen < 0.75:
            a, b = P(r.choice(BOOLEAN)), r.random() < 0.5
        elif chosen < 0.88:
            a, b = P(r.choice(TEMPORAL)), self.instant() if r.random() < 0.7 else r.choice(TIMES + DATES)
        else:
            a, b = P(r.choice(NUMERIC + TEXTUAL + TEMPORAL)), P(r.choice(NUMERIC + TEXTUAL + TEMPORAL))
        return op(sign, b, a) if r.random() < 0.2 else op(sign, a, b)

    def listed(self):
        r = self.r
        name = r.choice(NUMERIC + TEXTUAL + BOOLEAN + TEMPORAL)
        pool = [self.textual(name) for _ in range(3)] + r.sample(NUMBERS, 3) + [True, self.instant()]
        members = r.sample(pool, r.randrange(1, 5)) if r.random() < 0.5 else [self.held(name, lambda v: isinstance(v, (str, int, float)), WORDS)
                                                                            for _ in range(3)]
        return op("in", P(name), members)

    def between(self):
        r = self.r
        if r.random() < 0.3:
            return op("between", P(r.choice(TEMPORAL)), self.instant(), self.instant())
        low = r.choice(NUMBERS)
        return op("between", self.numeric(1), low, low + r.choice([1, 10, 50]))

    def like(self):
        r, name = self.r, self.r.choice(TEXTUAL)
        found = self.textual(name).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        pattern = r.choice([found, found[:3].rstrip("\\") + "%", "%" + found[-2:], "%a%", "_e%", "%\\%", "%", "%__%"])
        left, right = P(name), pattern
        if r.random() < 0.4:
            function = r.choice(["casei", "accenti"])
            left, right = op(function, left), op(function, right)
        return op("like", left, right)

    def temporal(self):
        r = self.r
        chosen = r.choice(["t_after", "t_before", "t_contains", "t_disjoint", "t_during", "t_equals", "t_finishedBy", "t_finishes", "t_intersects",
                           "t_meets", "t_metBy", "t_overlappedBy", "t_overlaps", "t_startedBy", "t_starts"])
        instants = chosen in ("t_after", "t_before", "t_disjoint", "t_equals", "t_intersects")
        left = P(r.choice(["datetime", "datetime", "created", "built", "absent"])) if r.random() < 0.7 else self.interval()
        right = self.instant() if instants and r.random() < 0.5 else self.interval()
        return op(chosen, right, left) if r.random() < 0.25 else op(chosen, left, right)

    def array(self):
        r = self.r
        members = r.choices(["a", "b", "c", "msi", "oli", 1, 2, True, "1"], k=r.randrange(0, 4))
        if r.random() < 0.1:
            members.append(P("grade"))
        other = members if r.random() < 0.8 else P(r.choice(ARRAYS))
        pair = [P(r.choice(ARRAYS)), other]
        if r.random() < 0.3:
            pair.reverse()
        return op(r.choice(["a_equals", "a_contains", "a_containedBy", "a_overlaps"]), *pair)

    def spatial(self):
        r = self.r
        chosen = r.choice(["s_intersects", "s_intersects", "s_contains", "s_crosses", "s_disjoint", "s_equals", "s_overlaps", "s_touches", "s_within"])
        pair = [P("geometry"), self.place()]
        if r.random() < 0.25:
            pair.reverse()
        return op(chosen, *pair)

    def condition(self, depth=3):
        r = self.r
        if depth > 0 and r.random() < 0.45:
            chosen = r.random()
            if chosen < 0.25:
                return op("not", self.condition(depth - 1))
            return op("and" if chosen < 0.6 else "or", *(self.condition(depth - 1) for _ in range(r.randrange(2, 4))))
        return r.choices([self.comparison, self.listed, self.between, self.like, self.temporal, self.array, self.spatial,
                          lambda: op("isNull", P(r.choice(NUMERIC + TEXTUAL + TEMPORAL + ["geometry"])))], [30, 10, 8, 10, 14, 12, 12, 5])[0]()
