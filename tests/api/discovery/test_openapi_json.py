"""The API's description in JSON says the same as the one in YAML, in OpenAPI 3.0's words."""
import pytest

yaml = pytest.importorskip("yaml", reason="python3-yaml is not installed")


def walk(value):
    yield value
    for member in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from walk(member)


def test_openapi_as_json(anon):
    link = [each for each in anon.get("/stac").json()["links"] if each["rel"] == "service-desc" and "json" in each["type"]]
    answer = anon.get(link[0]["href"])
    assert answer.status_code == 200 and answer.headers["Content-Type"] == link[0]["type"] == "application/vnd.oai.openapi+json;version=3.0"
    older, newer = answer.json(), yaml.safe_load(anon.get("/stac/api").content)
    assert older["openapi"] == "3.0.3" and newer["openapi"].startswith("3.1")
    assert set(older["paths"]) == set(newer["paths"])
    for path, methods in newer["paths"].items():
        assert set(methods) == set(older["paths"][path])
        for method, operation in methods.items():
            if isinstance(operation, dict) and "operationId" in operation:
                assert operation["operationId"] == older["paths"][path][method]["operationId"]
                assert set(map(str, operation["responses"])) == set(older["paths"][path][method]["responses"])
    for value in walk(older):
        if isinstance(value, dict):
            assert not isinstance(value.get("type"), list) and isinstance(value.get("const", {}), dict)
