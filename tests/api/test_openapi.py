"""Each module's openapi.yaml lists exactly the routes that its tables declare: the table is what is served."""
import pathlib
import re

import pytest

yaml = pytest.importorskip("yaml")
ROOT = pathlib.Path(__file__).resolve().parents[2]
ROUTE = re.compile(r"\{\s*(?:\.methods\s*=\s*)?((?:HTTP_[A-Z]+\s*\|?\s*)+),\s*(?:\.path\s*=\s*)?((?:\"[^\"]*\"\s*)+)")


def modules():
    """Folders that hold a module: a C file that declares one."""
    folders = [*ROOT.glob("modules/*"), *ROOT.glob("*/service")]
    return sorted(f for f in folders if any("NADIR_MODULE(" in c.read_text() for c in f.glob("*.c")) and f.name != "common")


def template(path):
    """"{rest*}" of a route table is "{rest}" in OpenAPI."""
    return re.sub(r"\{(\w+)\*\}", r"{\1}", path)


def declared(folder):
    found = set()
    for source in folder.glob("*.c"):
        for methods, path in ROUTE.findall(source.read_text()):
            path = "".join(re.findall(r"\"([^\"]*)\"", path))
            for method in re.findall(r"HTTP_([A-Z]+)", methods):
                if path.startswith("/") and method not in ("HEAD", "OPTIONS"):
                    found.add((method.lower(), template(path)))
    return found


def described(folder):
    document = yaml.safe_load((folder / "openapi.yaml").read_text())
    assert document["openapi"].startswith("3.1")
    verbs = {"get", "post", "put", "patch", "delete"}
    return {(verb, path) for path, item in document["paths"].items() for verb in item if verb in verbs}


@pytest.mark.parametrize("folder", modules(), ids=lambda f: str(f.relative_to(ROOT)))
def test_the_document_and_the_route_table_agree(folder):
    assert (folder / "openapi.yaml").exists(), "the module has no openapi.yaml"
    table, document = declared(folder), described(folder)
    assert table, "no route was found in the module's sources"
    assert document - table == set(), "described, but not served"
    assert table - document == set(), "served, but not described"
