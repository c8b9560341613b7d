"""OWSLib (Debian's python3-owslib) against the doors that it speaks: CSW 2.0.2, OGC API - Features (STAC), OGC API - Records."""
import pytest

from helpers_stac import add_many, item_document

owslib = pytest.importorskip("owslib", reason="python3-owslib is not installed")
from owslib import fes  # noqa: E402
from owslib.catalogue.csw2 import CatalogueServiceWeb  # noqa: E402
from owslib.iso import MD_Metadata  # noqa: E402
from owslib.ogcapi.features import Features  # noqa: E402
from owslib.ogcapi.records import Records  # noqa: E402

pytestmark = pytest.mark.once

GMD = "http://www.isotc211.org/2005/gmd"


@pytest.fixture(scope="module")
def scenes(client, module_collection):
    add_many(client, module_collection, [
        item_document(module_collection, f"s{n}", geometry={"type": "Point", "coordinates": [n, 10.5]}, bbox=[n, 10.5, n, 10.5], properties={
            "datetime": f"2020-06-{n + 1:02}T10:00:00Z", "eo:cloud_cover": n * 4, "title": f"Scene {n}", "description": "Seen from above",
            "keywords": ["ocean"]}) for n in range(23)])
    return module_collection


@pytest.fixture(scope="module")
def csw(base):
    return CatalogueServiceWeb(base + "/csw")


def test_capabilities(csw):
    assert csw.identification.type == "CSW" and csw.version == "2.0.2"
    assert {o.name for o in csw.operations} >= {"GetRecords", "GetRecordById", "DescribeRecord", "GetDomain"}
    assert "http://www.isotc211.org/2005/gmd" in csw.get_operation_by_name("GetRecords").parameters["outputSchema"]["values"]
    assert "BBOX" in csw.filters.spatial_operators


def test_describe_and_domain(csw):
    csw.describerecord()
    assert b"SchemaComponent" in csw.response
    csw.getdomain("GetRecords.resultType")
    assert csw.results["values"] == ["hits", "results", "validate"]
    csw.getdomain("dc:type", "property")
    assert csw.results["values"] == ["series", "dataset"]


def own(scenes):
    return fes.PropertyIsEqualTo("apiso:ParentIdentifier", scenes)


def test_constraints(csw, scenes):
    like = fes.PropertyIsLike("csw:AnyText", "%from above%", wildCard="%", singleChar="_", escapeChar="\\")
    csw.getrecords2([[own(scenes), like]], maxrecords=50, esn="full")
    assert csw.results["matches"] == 23 and len(csw.records) == 23
    record = csw.records[f"{scenes}/s3"]
    assert record.title == "Scene 3" and record.type == "dataset" and record.subjects == ["ocean"]
    assert (float(record.bbox.minx), float(record.bbox.miny)) == (3, 10.5)
    csw.getrecords2([[own(scenes), fes.BBox([2.5, 10, 5.5, 11])]])
    assert set(csw.records) == {f"{scenes}/s{n}" for n in (3, 4, 5)}
    csw.getrecords2([[own(scenes), fes.BBox([10, 2.5, 11, 5.5], crs="urn:ogc:def:crs:EPSG::4326")]])
    assert set(csw.records) == {f"{scenes}/s{n}" for n in (3, 4, 5)}
    csw.getrecords2([[own(scenes), fes.PropertyIsBetween("eo:cloud_cover", 4, 8)]])
    assert set(csw.records) == {f"{scenes}/s{n}" for n in (1, 2)}
    csw.getrecords2([fes.And([own(scenes), fes.Not([fes.PropertyIsGreaterThan("apiso:TempExtent_begin", "2020-06-02")])])])
    assert set(csw.records) == {f"{scenes}/s0"}


def test_paging(csw, scenes):
    seen, position = [], 1
    while position:
        csw.getrecords2([own(scenes)], startposition=position, maxrecords=10)
        assert csw.results["matches"] == 23
        seen += list(csw.records)
        position = csw.results["nextrecord"]
    assert len(seen) == len(set(seen)) == 23
    csw.getrecords2([own(scenes)], resulttype="hits")
    assert csw.results["matches"] == 23 and not csw.records


def test_sorting(csw, scenes):
    csw.getrecords2([own(scenes)], sortby=fes.SortBy([fes.SortProperty("eo:cloud_cover", "DESC")]), maxrecords=3)
    assert list(csw.records) == [f"{scenes}/s{n}" for n in (22, 21, 20)]


def test_cql(csw, scenes):
    csw.getrecords2(cql=f"apiso:ParentIdentifier = '{scenes}' AND dc:title LIKE 'Scene 1%' AND BBOX(ows:BoundingBox, 0, 0, 15, 20)", maxrecords=50)
    assert set(csw.records) == {f"{scenes}/s{n}" for n in (1, 10, 11, 12, 13, 14, 15)}


def test_by_identifier(csw, scenes):
    csw.getrecordbyid([f"{scenes}/s7", scenes])
    assert csw.records[f"{scenes}/s7"].title == "Scene 7" and csw.records[scenes].type == "series"
    csw.getrecordbyid([scenes + "/nothing"])
    assert not csw.records


def test_iso(csw, demo):
    identifier = f"{demo['olinda']['collection']}/{demo['olinda']['item']}"
    csw.getrecordbyid([identifier], outputschema=GMD)
    record = csw.records[identifier]
    assert isinstance(record, MD_Metadata) and record.hierarchy == "dataset" and record.parentidentifier == "landsat-7"
    assert -35.5 < float(record.identification.bbox.minx) < -34.5 and record.identification.temporalextent_start
    assert any(online.protocol == "OGC:WMS" and "/view/wms" in online.url for online in record.distribution.online)
    csw.getrecords2([fes.PropertyIsEqualTo("apiso:Type", "series")], outputschema=GMD, typenames="gmd:MD_Metadata", esn="full", maxrecords=1000)
    assert csw.records["landsat-7"].hierarchy == "series" and csw.records["landsat-7"].identification.title


def test_faults_are_reported(csw):
    from owslib.ows import ExceptionReport
    with pytest.raises(ExceptionReport, match="dc:nothing is not a property"):
        csw.getrecords2([fes.PropertyIsEqualTo("dc:nothing", "x")])


def test_features(base, demo):
    features = Features(base + "/stac")
    assert features.conformance()["conformsTo"] and features.api()
    assert "landsat-7" in [c["id"] for c in features.collections()["collections"]]
    collection = features.collection("landsat-7")
    assert collection["id"] == "landsat-7"
    answer = features.collection_items("landsat-7", bbox=[-36, -9, -34, -7], limit=5)
    assert demo["olinda"]["item"] in [f["id"] for f in answer["features"]]
    assert features.collection_item("landsat-7", demo["olinda"]["item"])["type"] == "Feature"
    assert features.collection_queryables("landsat-7")["properties"]


def test_records(base):
    records = Records(base + "/records")
    names = records.records()
    assert names
    answer = records.collection_items(names[0], limit=100)
    assert "landsat-7" in [f["id"] for f in answer["features"]] and answer["numberMatched"] >= len(answer["features"])
    assert records.collection_item(names[0], "landsat-7")["id"] == "landsat-7"
    assert "landsat-7" in [f["id"] for f in records.collection_items(names[0], q="landsat")["features"]]
