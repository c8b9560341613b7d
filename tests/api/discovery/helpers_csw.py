"""CSW requests and answers."""
import os
import subprocess
import tempfile
import xml.etree.ElementTree as ET

import pytest

NS = {"csw": "http://www.opengis.net/cat/csw/2.0.2", "dc": "http://purl.org/dc/elements/1.1/", "dct": "http://purl.org/dc/terms/",
      "ows": "http://www.opengis.net/ows", "ogc": "http://www.opengis.net/ogc", "gmd": "http://www.isotc211.org/2005/gmd",
      "gco": "http://www.isotc211.org/2005/gco", "gml": "http://www.opengis.net/gml"}
GMD = NS["gmd"]
XMLNS = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NS.items()) + ' xmlns:apiso="http://www.opengis.net/cat/csw/apiso/1.0"'


def get(session, request, **arguments):
    return session.get("/csw", params={"service": "CSW", "version": "2.0.2", "request": request, **arguments})


def post(session, body):
    return session.post("/csw", data=body.encode(), headers={"Content-Type": "application/xml"})


def root_of(answer):
    assert answer.status_code == 200, (answer.status_code, answer.text[:1000])
    assert answer.headers["Content-Type"].startswith("application/xml"), answer.headers
    return ET.fromstring(answer.content)


def exception(answer, code, locator=None, status=400):
    """Asserts an OWS 1.0.0 exception report."""
    assert answer.status_code == status, (answer.status_code, answer.text[:500])
    report = ET.fromstring(answer.content)
    assert report.tag == "{http://www.opengis.net/ows}ExceptionReport", report.tag
    found = report.find("ows:Exception", NS)
    assert found.get("exceptionCode") == code, answer.text
    if locator:
        assert found.get("locator") == locator, answer.text
    return found.findtext("ows:ExceptionText", None, NS)


def records(session, filter_=None, cql=None, sort="", type_names="csw:Record", **attributes):
    """POSTs GetRecords; returns (matched, returned, next, identifiers)."""
    attributes = {"resultType": "results", "maxRecords": "100", **attributes}
    esn = attributes.pop("esn", "summary")
    constraint = ""
    if filter_:
        constraint = f'<csw:Constraint version="1.1.0"><ogc:Filter>{filter_}</ogc:Filter></csw:Constraint>'
    if cql:
        escaped = cql.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        constraint = f'<csw:Constraint version="1.1.0"><csw:CqlText>{escaped}</csw:CqlText></csw:Constraint>'
    body = (f'<csw:GetRecords {XMLNS} service="CSW" version="2.0.2" ' + " ".join(f'{k}="{v}"' for k, v in attributes.items()) +
            f'><csw:Query typeNames="{type_names}"><csw:ElementSetName>{esn}</csw:ElementSetName>{constraint}{sort}</csw:Query></csw:GetRecords>')
    return summary(root_of(post(session, body)))


def summary(root):
    results = root.find("csw:SearchResults", NS)
    identifiers = [e.text for e in results.findall("*/dc:identifier", NS)]
    identifiers += [e.text for e in results.findall("gmd:MD_Metadata/gmd:fileIdentifier/gco:CharacterString", NS)]
    assert int(results.get("numberOfRecordsReturned")) == len(identifiers)
    return int(results.get("numberOfRecordsMatched")), len(identifiers), int(results.get("nextRecord")), identifiers


def valid(xml, schema, shared_data):
    """Validates against OGC's and ISO's schemas where they are; skips loudly elsewhere."""
    folder = os.path.join(shared_data, "ogc-schemas", "ogc")
    if not os.path.isdir(folder):
        pytest.skip("OGC's schemas are not among the shared test data (ogc-schemas)")
    with tempfile.NamedTemporaryFile(suffix=".xml") as file:
        file.write(xml)
        file.flush()
        done = subprocess.run(["xmllint", "--nonet", "--noout", "--schema", os.path.join(folder, schema), file.name],
                              capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[:3000]
