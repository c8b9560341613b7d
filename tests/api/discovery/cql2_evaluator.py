"""A filter in CQL2 JSON, decided for one STAC item by plain Python: what the catalogue is compared with.

True, False or None: unknown, where a property is absent or of another type. Also writes CQL2 text from CQL2 JSON.
"""
import functools
import json
import math
import re
import unicodedata
from datetime import date, datetime, timedelta, timezone

from osgeo import ogr

ogr.UseExceptions()
TIME_NAMES = {"datetime", "start_datetime", "end_datetime", "created", "updated", "published", "expires", "unpublished"}
PAST, FUTURE = -10**20, 10**20
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d{1,40})?([Zz]|[+-]\d\d:\d\d)")


# ---- values ----

def instant(text):
    """Microseconds since 1970, or None. A date is its first instant in UTC."""
    if len(text) == 10:
        text += "T00:00:00Z"
    found = TIME.fullmatch(text)
    if not found:
        return None
    day, hour, minute, second, fraction, zone = found.groups()
    try:
        start = datetime.combine(date.fromisoformat(day), datetime.min.time(), timezone.utc)
    except ValueError:
        return None
    if int(hour) > 23 or int(minute) > 59 or int(second) > 60:
        return None
    seconds = int(hour) * 3600 + int(minute) * 60 + int(second)
    if zone not in "Zz":
        away = int(zone[1:3]) * 3600 + int(zone[4:6]) * 60
        seconds -= away if zone[0] == "+" else -away
    return (start - EPOCH + timedelta(seconds=seconds)) // timedelta(microseconds=1) + int(((fraction or ".")[1:] + "000000")[:6])


class Item:
    def __init__(self, document):
        self.id, self.collection = document["id"], document["collection"]
        self.properties = document["properties"]
        start, end = self.properties.get("start_datetime"), self.properties.get("end_datetime")
        self.datetime = instant(self.properties["datetime"] or start)
        self.during = (instant(start), instant(end)) if start and end else (self.datetime, self.datetime)
        self.geometry = shape(json.dumps(document["geometry"])) if document["geometry"] else None

    def get(self, name):
        if name == "id":
            return self.id
        if name == "collection":
            return self.collection
        if name in self.properties or "." not in name:
            return self.properties.get(name)
        value = self.properties
        for part in name.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        return value


@functools.lru_cache(maxsize=4096)
def shape(geojson):
    geometry = ogr.CreateGeometryFromJson(geojson)
    geometry.FlattenTo2D()
    return geometry if geometry.IsValid() else geometry.MakeValid()


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def name_of(e):
    return e["property"] if isinstance(e, dict) and set(e) == {"property"} else None


def kind(e):
    """How a value is typed before any item is looked at; "dynamic": by what the item has."""
    name = name_of(e)
    if name is not None:
        return {"id": "text", "collection": "text", "datetime": "time", "geometry": "geometry"}.get(name, "dynamic")
    if isinstance(e, bool):
        return "boolean"
    if is_number(e):
        return "number"
    if isinstance(e, str):
        return "text"
    if isinstance(e, list):
        return "array"
    if "op" in e:
        return "text" if e["op"] in ("casei", "accenti") else "number" if e["op"] in ARITHMETIC else "boolean"
    return "time" if "timestamp" in e or "date" in e else "geometry" if "type" in e or "bbox" in e else "interval"


def common(a, b):
    """As which type two values are compared, or None."""
    ka, kb = kind(a), kind(b)
    if "geometry" in (ka, kb):
        return None
    if ka == kb:
        return ka
    for property_kind, one, other, other_kind in ((ka, a, b, kb), (kb, b, a, ka)):
        if name_of(one) is not None and (property_kind == "dynamic" or property_kind == "time"):
            if isinstance(other, str) and name_of(one) in TIME_NAMES and instant(other) is not None:
                return "time"
            if property_kind == "dynamic":
                return other_kind
    return None


def value(e, item, type_):
    name = name_of(e)
    if name is not None:
        if type_ == "time" and name == "datetime":
            return item.datetime
        return cast(item.get(name), type_)
    if isinstance(e, dict) and "op" in e:
        if e["op"] == "casei":
            return lift(lambda t: t.upper().lower(), value(e["args"][0], item, "text"))
        if e["op"] == "accenti":
            return lift(unaccented, value(e["args"][0], item, "text"))
        if e["op"] in ARITHMETIC:
            return lift(ARITHMETIC[e["op"]], *(value(arg, item, "number") for arg in e["args"]))
        return decide(e, item)
    if isinstance(e, dict):
        return instant(e.get("timestamp") or e.get("date"))
    return instant(e) if type_ == "time" else e


def cast(held, type_):
    if type_ == "text":
        return held if isinstance(held, str) else None
    if type_ == "number":
        return float(held) if is_number(held) else None
    if type_ == "boolean":
        return held if isinstance(held, bool) else None
    return instant(held) if isinstance(held, str) else None


def lift(function, *args):
    return None if None in args else function(*args)


MARKS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")


def unaccented(text):
    return unicodedata.normalize("NFC", MARKS.sub("", unicodedata.normalize("NFD", text)))


# ---- arithmetic: unknown where float8 cannot say it ----

def add(a, b):
    return a + b if abs(a) < 1e300 and abs(b) < 1e300 else None


def multiply(a, b):
    return 0.0 if a == 0 or b == 0 else a * b if abs(math.log(abs(a)) + math.log(abs(b))) <= 690 else None


def divide(a, b):
    return None if b == 0 else 0.0 if a == 0 else a / b if abs(math.log(abs(a)) - math.log(abs(b))) <= 690 else None


def quotient(a, b):
    if b == 0 or a == 0:
        return None if b == 0 else 0.0
    size = math.log(abs(a)) - math.log(abs(b))
    return 0.0 if size < -690 else float(math.trunc(a / b)) if size < 34 else None


def modulo(a, b):
    cut = lift(lambda q: multiply(b, q), quotient(a, b))
    return lift(lambda c: add(a, -c), cut)


def power(a, b):
    if a == 0:
        return 0.0 if b > 0 else 1.0 if b == 0 else None
    if a < 0 and (b != math.trunc(b) or abs(b) > 1e15) or (abs(b) > 1e280 and abs(a) != 1):
        return None
    return math.pow(a, b) if abs(b * math.log(abs(a))) <= 690 else None


ARITHMETIC = {"+": add, "-": lambda a, b: add(a, -b), "*": multiply, "/": divide, "div": quotient, "%": modulo, "^": power}


# ---- conditions ----

def compare(sign, a, b):
    return {"=": a == b, "<>": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[sign]


def dynamic_pair(a, b):
    """Two values of items as comparable ones, or None."""
    if isinstance(a, bool) and isinstance(b, bool):
        return a, b
    if is_number(a) and is_number(b):
        return float(a), float(b)
    if isinstance(a, str) and isinstance(b, str):
        times = instant(a), instant(b)
        return (a, b) if None in times else times
    return None


def compared(sign, a, b, item):
    type_ = common(a, b)
    if type_ is None:
        return None
    if type_ == "dynamic":
        pair = dynamic_pair(item.get(name_of(a)), item.get(name_of(b)))
        return None if pair is None else compare(sign, *pair)
    return lift(lambda x, y: compare(sign, x, y), value(a, item, type_), value(b, item, type_))


def all_of(results):
    results = list(results)
    return False if False in results else None if None in results else True


def any_of(results):
    results = list(results)
    return True if True in results else None if None in results else False


def negated(result):
    return None if result is None else not result


def like(text, pattern):
    out, at = "", 0
    while at < len(pattern):
        if pattern[at] == "\\":
            at += 1
            out += re.escape(pattern[at])
        else:
            out += {"%": ".*", "_": "."}.get(pattern[at]) or re.escape(pattern[at])
        at += 1
    return re.fullmatch(out, text, re.DOTALL) is not None


def is_null(e, item):
    name = name_of(e)
    if name == "geometry":
        return item.geometry is None
    if name is not None:
        return item.get(name) is None
    if isinstance(e, dict) and "op" in e:
        return value(e, item, kind(e)) is None
    return False


def geometry(e, item):
    if name_of(e) is not None:
        return item.geometry
    if "bbox" in e:
        return shape(json.dumps(box(e["bbox"])))
    return shape(json.dumps(e))


def box(numbers):
    half = len(numbers) // 2
    west, south, east, north = numbers[0], numbers[1], numbers[half], numbers[half + 1]
    rings = [[west, east]] if west < east else [[west, 180], [-180, east]]
    return {"type": "MultiPolygon", "coordinates": [[[[w, south], [e, south], [e, north], [w, north], [w, south]]] for w, e in rings]}


SPATIAL = {"s_intersects": "Intersects", "s_contains": "Contains", "s_crosses": "Crosses", "s_disjoint": "Disjoint", "s_equals": "Equals",
           "s_overlaps": "Overlaps", "s_touches": "Touches", "s_within": "Within"}


def spatial(op, a, b, item):
    if any(name_of(e) not in (None, "geometry") for e in (a, b)):
        return None
    return lift(lambda x, y: bool(getattr(x, SPATIAL[op])(y)), geometry(a, item), geometry(b, item))


def span(e, item):
    if name_of(e) == "datetime":
        return item.during
    ends = e["interval"] if isinstance(e, dict) and "interval" in e else [e, e]
    return tuple(limit if end == ".." else instant(end) if isinstance(end, str) else value(end, item, "time")
                 for end, limit in zip(ends, (PAST, FUTURE)))


START, END = 0, 1
TEMPORAL = {  # OWL-Time: end of the first, sign, end of the second; all must hold
    "t_after": [(START, ">", END)], "t_before": [(END, "<", START)], "t_contains": [(START, "<", START), (END, ">", END)],
    "t_during": [(START, ">", START), (END, "<", END)], "t_equals": [(START, "=", START), (END, "=", END)],
    "t_finishedBy": [(START, "<", START), (END, "=", END)], "t_finishes": [(START, ">", START), (END, "=", END)],
    "t_intersects": [(START, "<=", END), (END, ">=", START)], "t_meets": [(END, "=", START)], "t_metBy": [(START, "=", END)],
    "t_overlappedBy": [(START, ">", START), (START, "<", END), (END, ">", END)],
    "t_overlaps": [(START, "<", START), (END, ">", START), (END, "<", END)],
    "t_startedBy": [(START, "=", START), (END, ">", END)], "t_starts": [(START, "=", START), (END, "<", END)]}


def temporal(op, a, b, item):
    if op == "t_disjoint":
        return negated(temporal("t_intersects", a, b, item))
    first, second = span(a, item), span(b, item)
    return all_of(lift(lambda x, y: compare(sign, x, y), first[i], second[j]) for i, sign, j in TEMPORAL[op])


def plain(v):
    """A JSON value that sets can hold; 1 and 1.0 are one, 1 and true are two."""
    if isinstance(v, list):
        return ("array", tuple(plain(x) for x in v))
    if isinstance(v, dict):
        return ("object", tuple(sorted((k, plain(x)) for k, x in v.items())))
    return ("number", float(v)) if is_number(v) else (type(v).__name__, v)


def element(e, item):
    if name_of(e) is not None:
        return item.get(name_of(e))
    if isinstance(e, list):
        return [element(x, item) for x in e]
    return (e.get("timestamp") or e.get("date")) if isinstance(e, dict) else e


def array(op, a, b, item):
    first, second = element(a, item), element(b, item)
    if not isinstance(first, list) or not isinstance(second, list):
        return None
    first, second = {plain(x) for x in first}, {plain(x) for x in second}
    return {"a_equals": first == second, "a_contains": first >= second, "a_containedBy": first <= second,
            "a_overlaps": bool(first & second)}[op]


def decide(e, item):
    if isinstance(e, bool):
        return e
    op, args = e["op"], e["args"]
    if op == "and":
        return all_of(decide(x, item) for x in args)
    if op == "or":
        return any_of(decide(x, item) for x in args)
    if op == "not":
        return negated(decide(args[0], item))
    if op == "isNull":
        return is_null(args[0], item)
    if op == "between":
        return all_of((compared(">=", args[0], args[1], item), compared("<=", args[0], args[2], item)))
    if op == "in":
        return any_of(compared("=", args[0], member, item) for member in args[1])
    if op == "like":
        return None if kind(args[0]) not in ("text", "dynamic") else lift(like, value(args[0], item, "text"), value(args[1], item, "text"))
    if op in SPATIAL:
        return spatial(op, *args, item)
    if op.startswith("t_"):
        return temporal(op, *args, item)
    if op.startswith("a_"):
        return array(op, *args, item)
    return compared(op, *args, item)


# ---- CQL2 text ----

def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def wkt(e):
    def positions(c):
        return "(" + ", ".join(f"{x!r} {y!r}" for x, y in c) + ")"

    def nested(c, depth):
        return positions(c) if depth == 0 else "(" + ", ".join(nested(x, depth - 1) for x in c) + ")"
    if e["type"] == "GeometryCollection":
        return "GEOMETRYCOLLECTION(" + ", ".join(wkt(x) for x in e["geometries"]) + ")"
    c = e["coordinates"]
    if e["type"] == "Point":
        return "POINT" + positions([c])
    return e["type"].upper() + nested(c, {"MultiPoint": 0, "LineString": 0, "MultiLineString": 1, "Polygon": 1, "MultiPolygon": 2}[e["type"]])


def text(e):
    """CQL2 text of CQL2 JSON."""
    if isinstance(e, bool):
        return "TRUE" if e else "false"
    if is_number(e):
        return repr(e)
    if isinstance(e, str):
        return quoted(e)
    if isinstance(e, list):
        return "(" + ", ".join(text(x) for x in e) + ")"
    if "property" in e:
        name = e["property"]
        return name if re.fullmatch(r"[A-Za-z_:][A-Za-z_:0-9.]*", name) else '"' + name.replace('"', '""') + '"'
    if "timestamp" in e or "date" in e:
        return f"TIMESTAMP('{e['timestamp']}')" if "timestamp" in e else f"DATE('{e['date']}')"
    if "interval" in e:
        return "INTERVAL(" + ", ".join(text(x) for x in e["interval"]) + ")"
    if "bbox" in e:
        return "BBOX(" + ", ".join(repr(x) for x in e["bbox"]) + ")"
    if "type" in e:
        return wkt(e)
    op, args = e["op"], e["args"]
    if op in ("and", "or"):
        return "(" + f" {op.upper()} ".join(text(x) for x in args) + ")"
    if op == "not":
        return f"(NOT ({text(args[0])}))"
    if op == "isNull":
        return f"({text(args[0])} IS NULL)"
    if op == "between":
        return f"({text(args[0])} BETWEEN {text(args[1])} AND {text(args[2])})"
    if op == "in":
        return f"({text(args[0])} in {text(args[1])})"
    if op == "like":
        return f"({text(args[0])} LIKE {text(args[1])})"
    if op in ARITHMETIC or op in ("=", "<>", "<", "<=", ">", ">="):
        return f"({text(args[0])} {op} {text(args[1])})"
    return f"{op.upper()}({', '.join(text(x) for x in args)})"
