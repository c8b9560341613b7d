"""Catalogue Service for the Web 2.0.2 at /csw."""
import uuid
import xml.etree.ElementTree as ET

import pytest

from helpers_csw import GMD, NS, XMLNS, exception, get, post, records, root_of, summary, valid
from helpers_stac import add_many, item_document


def square(west, south, east, north):
    return {"geometry": {"type": "Polygon", "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]]},
            "bbox": [west, south, east, north]}


@pytest.fixture(scope="module")
def scenes(client, module_collection):
    """Nine scenes: s0 … s7 along the equator, a day and a degree apart; far lies across the antimeridian and lasts ten days."""
    items = []
    for n in range(8):
        items.append(item_document(module_collection, f"s{n}", **square(n, 0, n + 1, 1), properties={
            "datetime": f"2020-06-0{n + 1}T10:00:00Z", "updated": f"2021-01-0{n + 1}T00:00:00Z", "eo:cloud_cover": n * 10, "platform": "nadir-1",
            "gsd": 10, "title": f"Scene {n} <of> Ünïcode & 100%" if n % 2 else None, "keywords": ["ocean", f"k{n}"],
            "description": "A calm sea"}))
        if items[-1]["properties"]["title"] is None:
            del items[-1]["properties"]["title"]
    items.append(item_document(module_collection, "far", geometry={"type": "MultiPolygon", "coordinates": [
        [[[179, -18], [180, -18], [180, -16], [179, -16], [179, -18]]], [[[-180, -18], [-179, -18], [-179, -16], [-180, -16], [-180, -18]]]]},
        bbox=[179, -18, -179, -16], properties={"datetime": None, "start_datetime": "2019-01-01T00:00:00Z", "end_datetime": "2019-01-11T00:00:00Z"}))
    add_many(client, module_collection, items)
    return module_collection


def within(collection, *conditions):
    """A filter that only sees this collection's records."""
    own = (f'<ogc:Or><ogc:PropertyIsEqualTo><ogc:PropertyName>apiso:ParentIdentifier</ogc:PropertyName><ogc:Literal>{collection}</ogc:Literal>'
           f'</ogc:PropertyIsEqualTo><ogc:PropertyIsEqualTo><ogc:PropertyName>dc:identifier</ogc:PropertyName><ogc:Literal>{collection}</ogc:Literal>'
           '</ogc:PropertyIsEqualTo></ogc:Or>')
    return f"<ogc:And>{own}{''.join(conditions)}</ogc:And>" if conditions else own


def compare(operator, name, value, attributes=""):
    return (f"<ogc:PropertyIs{operator} {attributes}><ogc:PropertyName>{name}</ogc:PropertyName><ogc:Literal>{value}</ogc:Literal>"
            f"</ogc:PropertyIs{operator}>")


def like(name, pattern, attributes='wildCard="*" singleChar="?" escapeChar="\\"'):
    return compare("Like", name, pattern, attributes)


def envelope(lower, upper, srs=""):
    srs = f' srsName="{srs}"' if srs else ""
    return f"<gml:Envelope{srs}><gml:lowerCorner>{lower}</gml:lowerCorner><gml:upperCorner>{upper}</gml:upperCorner></gml:Envelope>"


def spatial(operator, geometry):
    return f"<ogc:{operator}><ogc:PropertyName>ows:BoundingBox</ogc:PropertyName>{geometry}</ogc:{operator}>"


def found(session, collection, *conditions, **options):
    """The short names of what is found: "" for the collection, else the item's id."""
    matched, returned, _, identifiers = records(session, within(collection, *conditions), **options)
    assert matched == returned
    return [identifier[len(collection) + 1:] for identifier in identifiers]


ITEMS = {f"s{n}" for n in range(8)} | {"far"}


def test_capabilities(anon, shared_data):
    answer = anon.get("/csw", params={"SERVICE": "CSW", "REQUEST": "GetCapabilities"})
    root = root_of(answer)
    assert root.get("version") == "2.0.2"
    operations = {e.get("name") for e in root.findall("ows:OperationsMetadata/ows:Operation", NS)}
    assert operations == {"GetCapabilities", "DescribeRecord", "GetDomain", "GetRecords", "GetRecordById"}
    href = "{http://www.w3.org/1999/xlink}href"
    for place in root.findall("ows:OperationsMetadata/ows:Operation/ows:DCP/ows:HTTP/*", NS):
        assert place.get(href) == anon.base + "/csw"
    valid(answer.content, "csw/2.0.2/CSW-discovery.xsd", shared_data)


def test_capabilities_sections_and_post(anon):
    root = root_of(anon.get("/csw", params={"service": "CSW", "request": "GetCapabilities", "sections": "ServiceIdentification"}))
    assert root.find("ows:ServiceIdentification", NS) is not None and root.find("ows:OperationsMetadata", NS) is None
    assert root.find("ogc:Filter_Capabilities", NS) is not None
    body = f'<csw:GetCapabilities {XMLNS} service="CSW"><ows:AcceptVersions><ows:Version>3.0.0</ows:Version><ows:Version>2.0.2</ows:Version></ows:AcceptVersions></csw:GetCapabilities>'
    assert root_of(post(anon, body)).tag == f"{{{NS['csw']}}}Capabilities"


def test_versions_are_negotiated(anon):
    ask = {"service": "CSW", "request": "GetCapabilities"}
    assert anon.get("/csw", params={**ask, "acceptVersions": "3.0.0,2.0.2"}).status_code == 200
    exception(anon.get("/csw", params={**ask, "acceptVersions": "3.0.0,2.0.1"}), "VersionNegotiationFailed")
    exception(get(anon, "GetRecords", version="3.0.0", typeNames="csw:Record"), "InvalidParameterValue", "version")
    exception(anon.get("/csw", params={"service": "CSW", "request": "GetRecords"}), "MissingParameterValue", "version")


@pytest.mark.parametrize("arguments, code, locator", [
    ({}, "MissingParameterValue", "request"),
    ({"request": "GetCapabilities"}, "MissingParameterValue", "service"),
    ({"request": "GetCapabilities", "service": "WMS"}, "InvalidParameterValue", "service"),
    ({"request": "Transaction", "service": "CSW", "version": "2.0.2"}, "OperationNotSupported", "request"),
    ({"request": "GetEverything", "service": "CSW", "version": "2.0.2"}, "InvalidParameterValue", "request"),
])
def test_bad_operations(anon, arguments, code, locator):
    exception(anon.get("/csw", params=arguments), code, locator)


@pytest.mark.parametrize("arguments, code, locator", [
    ({"typeNames": ""}, "MissingParameterValue", "typeNames"),
    ({"typeNames": "csw:Nothing"}, "InvalidParameterValue", "typeNames"),
    ({"outputSchema": "urn:nothing"}, "InvalidParameterValue", "outputSchema"),
    ({"outputFormat": "application/json"}, "InvalidParameterValue", "outputFormat"),
    ({"elementSetName": "huge"}, "InvalidParameterValue", "ElementSetName"),
    ({"resultType": "all"}, "InvalidParameterValue", "resultType"),
    ({"startPosition": "0"}, "InvalidParameterValue", "startPosition"),
    ({"startPosition": "x"}, "InvalidParameterValue", "startPosition"),
    ({"maxRecords": "-1"}, "InvalidParameterValue", "maxRecords"),
    ({"constraint": "dc:title = 'a'"}, "MissingParameterValue", "constraintLanguage"),
    ({"constraint": "dc:title = ", "constraintLanguage": "CQL_TEXT"}, "InvalidParameterValue", "Constraint"),
    ({"constraint": "dc:nothing = 'a'", "constraintLanguage": "CQL_TEXT"}, "InvalidParameterValue", "dc:nothing"),
    ({"constraint": "<Filter/>", "constraintLanguage": "FILTER"}, "InvalidParameterValue", "Filter"),
    ({"constraint": "not XML", "constraintLanguage": "FILTER"}, "InvalidParameterValue", "Constraint"),
    ({"sortBy": "dc:nothing:A"}, "InvalidParameterValue", "SortBy"),
])
def test_bad_records_requests(anon, arguments, code, locator):
    exception(get(anon, "GetRecords", **{"typeNames": "csw:Record", "resultType": "results", **arguments}), code, locator)


@pytest.mark.parametrize("body", [
    "", "hello", "<a/>", f"<csw:GetRecords {XMLNS}", '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    f'<!DOCTYPE a [<!ENTITY x "y">]><csw:GetRecordById {XMLNS} service="CSW" version="2.0.2"><csw:Id>&x;</csw:Id></csw:GetRecordById>',
    "<a>" * 5000 + "</a>" * 5000,
])
def test_hostile_bodies(anon, body):
    answer = post(anon, body)
    assert answer.status_code == 400, answer.text
    assert ET.fromstring(answer.content).tag == "{http://www.opengis.net/ows}ExceptionReport"
    assert "root:" not in answer.text


def test_large_body_is_refused(anon):
    assert post(anon, "<a>" + "x" * 300_000 + "</a>").status_code == 413


def test_describe_record(anon, shared_data):
    answer = get(anon, "DescribeRecord")
    components = root_of(answer).findall("csw:SchemaComponent", NS)
    assert [c.get("targetNamespace") for c in components] == [NS["csw"], GMD]
    valid(answer.content, "csw/2.0.2/CSW-discovery.xsd", shared_data)
    assert len(root_of(get(anon, "DescribeRecord", typeName="gmd:MD_Metadata")).findall("csw:SchemaComponent", NS)) == 1
    exception(get(anon, "DescribeRecord", typeName="Nothing"), "InvalidParameterValue", "typeName")
    assert root_of(get(anon, "DescribeRecord", typeName="csw:Nothing")).find("csw:SchemaComponent", NS) is None


def test_domain(anon, scenes):
    root = root_of(get(anon, "GetDomain", parameterName="GetRecords.resultType"))
    assert [e.text for e in root.iter(f"{{{NS['csw']}}}Value")] == ["hits", "results", "validate"]
    assert [e.text for e in root_of(get(anon, "GetDomain", propertyName="dc:type")).iter(f"{{{NS['csw']}}}Value")] == ["series", "dataset"]
    assert scenes in [e.text for e in root_of(get(anon, "GetDomain", propertyName="apiso:ParentIdentifier")).iter(f"{{{NS['csw']}}}Value")]
    exception(get(anon, "GetDomain"), "MissingParameterValue", "ParameterName")


def test_series_and_datasets(anon, scenes):
    everything = found(anon, scenes)
    assert everything[0] == "" and set(everything[1:]) == ITEMS
    assert found(anon, scenes, compare("EqualTo", "dc:type", "series")) == [""]
    assert set(found(anon, scenes, compare("EqualTo", "apiso:Type", "dataset"))) == ITEMS
    assert found(anon, scenes, compare("EqualTo", "dc:type", "service")) == []


@pytest.mark.parametrize("condition, expected", [
    (compare("EqualTo", "dc:title", "Scene 1 &lt;of&gt; Ünïcode &amp; 100%"), {"s1"}),
    (compare("EqualTo", "dc:title", "SCENE 1 &lt;OF&gt; ÜNÏCODE &amp; 100%", 'matchCase="false"'), {"s1"}),
    (like("dc:title", "Scene ?*"), {"s1", "s3", "s5", "s7"}),
    (like("apiso:Title", "s?"), {"s0", "s2", "s4", "s6"}),  # without a title, the identifier is it
    (like("dc:title", "*100%"), {"s1", "s3", "s5", "s7"}),  # this client's wildcard is *
    (like("dct:abstract", "*calm*"), {f"s{n}" for n in range(8)}),
    (like("csw:AnyText", "*CALM SEA*"), {f"s{n}" for n in range(8)}),
    (like("csw:AnyText", "*K3*"), {"s3"}),
    (like("csw:AnyText", "calm"), {f"s{n}" for n in range(8)}),  # a word alone is looked for anywhere
    (compare("EqualTo", "dc:subject", "k3"), {"s3"}),
    (like("dc:subject", "K?"), {f"s{n}" for n in range(8)}),
    (compare("LessThan", "eo:cloud_cover", "20"), {"s0", "s1"}),
    (compare("GreaterThanOrEqualTo", "apiso:CloudCover", "60"), {"s6", "s7"}),
    (compare("NotEqualTo", "eo:cloud_cover", "0"), {f"s{n}" for n in range(1, 8)}),
    (compare("GreaterThan", "dct:modified", "2021-01-06"), {"s6", "s7"}),
    (compare("GreaterThanOrEqualTo", "apiso:TempExtent_begin", "2020-06-07T00:00:00Z"), {"s6", "s7"}),
    (compare("LessThanOrEqualTo", "apiso:TempExtent_end", "2019-12-31"), {"far"}),
    ("<ogc:Not>" + compare("LessThan", "eo:cloud_cover", "60") + "</ogc:Not>", {"s6", "s7"}),
    ("<ogc:Not>" + like("csw:AnyText", "*calm*") + "</ogc:Not>", {"", "far"}),
    ("<ogc:PropertyIsNull><ogc:PropertyName>eo:cloud_cover</ogc:PropertyName></ogc:PropertyIsNull>", {"", "far"}),
    ("<ogc:PropertyIsBetween><ogc:PropertyName>eo:cloud_cover</ogc:PropertyName><ogc:LowerBoundary><ogc:Literal>10</ogc:Literal></ogc:LowerBoundary>"
     "<ogc:UpperBoundary><ogc:Literal>30</ogc:Literal></ogc:UpperBoundary></ogc:PropertyIsBetween>", {"s1", "s2", "s3"}),
    ("<ogc:Or>" + compare("EqualTo", "gsd", "9") + compare("EqualTo", "eo:cloud_cover", "50") + "</ogc:Or>", {"s5"}),
])
def test_comparisons(anon, scenes, condition, expected):
    assert set(found(anon, scenes, condition)) == expected


DATASET = compare("EqualTo", "dc:type", "dataset")
RING = "<gml:Polygon{srs}><gml:exterior><gml:LinearRing><gml:posList>{list}</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon>"


@pytest.mark.parametrize("condition, expected", [
    (spatial("BBOX", envelope("2.2 0.2", "3.8 0.8")), {"s2", "s3"}),
    (spatial("BBOX", envelope("2.2 0.2", "3.8 0.8", "EPSG:4326")), {"s2", "s3"}),
    (spatial("BBOX", envelope("0.2 2.2", "0.8 3.8", "urn:ogc:def:crs:EPSG::4326")), {"s2", "s3"}),
    (spatial("BBOX", envelope("0.2 2.2", "0.8 3.8", "http://www.opengis.net/def/crs/EPSG/0/4326")), {"s2", "s3"}),
    (spatial("BBOX", envelope("178 -20", "-178 -10")), {"far"}),
    (spatial("Intersects", "<gml:Point><gml:pos>5.5 0.5</gml:pos></gml:Point>"), {"s5"}),
    (spatial("Contains", "<gml:Point><gml:pos>5.5 0.5</gml:pos></gml:Point>"), {"s5"}),
    (spatial("Within", RING.format(srs="", list="-1 -1 3 -1 3 2 -1 2 -1 -1")), {"s0", "s1", "s2"}),
    (spatial("Within", RING.format(srs=' srsName="urn:ogc:def:crs:EPSG::4326"', list="-1 -1 -1 3 2 3 2 -1 -1 -1")), {"s0", "s1", "s2"}),
    (spatial("Disjoint", RING.format(srs="", list="-1 -1 9 -1 9 2 -1 2 -1 -1")), {"far"}),
    (spatial("Touches", RING.format(srs="", list="8 0 9 0 9 1 8 1 8 0")), {"s7"}),
    (spatial("Overlaps", RING.format(srs="", list="2 0.5 3 0.5 3 2 2 2 2 0.5")), {"s2"}),
    (spatial("Equals", RING.format(srs="", list="4 0 5 0 5 1 4 1 4 0")), {"s4"}),
    (spatial("Crosses", "<gml:LineString><gml:posList>3.5 -1 3.5 2</gml:posList></gml:LineString>"), {"s3"}),
    ("<ogc:Not>" + spatial("BBOX", envelope("-1 -1", "7.5 2")) + "</ogc:Not>", {"far"}),
])
def test_places(anon, scenes, condition, expected):
    assert set(found(anon, scenes, DATASET, condition)) == expected


@pytest.mark.parametrize("cql, expected", [
    ("dc:title LIKE 'Scene%' AND BBOX(ows:BoundingBox, 2.5, 0, 5.5, 1)", {"s3", "s5"}),
    ("BBOX(ows:BoundingBox, 0.2, 2.2, 0.8, 3.8, 'urn:ogc:def:crs:EPSG::4326')", {"s2", "s3"}),
    ("csw:AnyText ILIKE '%K3%' OR eo:cloud_cover = 0", {"s3", "s0"}),
    ("dct:modified AFTER 2021-01-06T12:00:00Z", {"s6", "s7"}),
    ("dct:modified DURING 2021-01-02T00:00:00Z/2021-01-03T00:00:00Z", {"s1", "s2"}),
    ("INTERSECTS(ows:BoundingBox, POLYGON((2.2 0.2, 2.8 0.2, 2.8 0.8, 2.2 0.2)))", {"s2"}),
    ("NOT (eo:cloud_cover <= 60)", {"s7"}),
    ("dc:title = 'it''s; DROP TABLE item; --'", set()),
])
def test_cql(anon, scenes, cql, expected):
    own = f"apiso:ParentIdentifier = '{scenes}' AND ({cql})"
    _, _, _, identifiers = records(anon, cql=own)
    assert {i.split("/")[1] for i in identifiers} == expected
    kvp = summary(root_of(get(anon, "GetRecords", typeNames="csw:Record", resultType="results", maxRecords="100", constraintLanguage="CQL_TEXT",
                              constraint_language_version="1.1.0", constraint=own)))
    assert set(kvp[3]) == set(identifiers)


def test_filter_by_address(anon, scenes):
    filter_ = f'<ogc:Filter {XMLNS}>{within(scenes, compare("EqualTo", "eo:cloud_cover", "30"))}</ogc:Filter>'
    root = root_of(get(anon, "GetRecords", typeNames="csw:Record", resultType="results", constraintLanguage="FILTER", constraint=filter_))
    assert summary(root)[3] == [f"{scenes}/s3"]


def test_identifiers(anon, scenes):
    assert records(anon, compare("EqualTo", "dc:identifier", f"{scenes}/s3"))[3] == [f"{scenes}/s3"]
    assert records(anon, compare("EqualTo", "dc:identifier", scenes))[3] == [scenes]
    assert set(records(anon, like("dc:identifier", f"{scenes}*"))[3]) == {scenes} | {f"{scenes}/{i}" for i in ITEMS}
    assert set(records(anon, like("apiso:Identifier", f"{scenes}?s*"))[3]) == {f"{scenes}/s{n}" for n in range(8)}


def test_sorting(anon, scenes):
    def sort(name, order):
        return (f"<ogc:SortBy><ogc:SortProperty><ogc:PropertyName>{name}</ogc:PropertyName><ogc:SortOrder>{order}</ogc:SortOrder>"
                "</ogc:SortProperty></ogc:SortBy>")
    cloudy = compare("GreaterThanOrEqualTo", "eo:cloud_cover", "50")
    assert found(anon, scenes, cloudy, sort=sort("eo:cloud_cover", "DESC")) == ["s7", "s6", "s5"]
    assert found(anon, scenes, cloudy, sort=sort("dct:modified", "ASC")) == ["s5", "s6", "s7"]
    assert found(anon, scenes, DATASET, sort=sort("dc:identifier", "ASC")) == sorted(ITEMS)
    assert found(anon, scenes, DATASET, sort=sort("apiso:TempExtent_begin", "ASC"))[:3] == ["far", "s0", "s1"]
    root = root_of(get(anon, "GetRecords", typeNames="csw:Record", resultType="results", sortBy="dc:identifier:D", constraintLanguage="CQL_TEXT",
                       constraint=f"apiso:ParentIdentifier = '{scenes}'"))
    assert summary(root)[3][0] == f"{scenes}/s7"


def test_paging_sees_each_record_once(anon, scenes):
    position, seen = 1, []
    while position:
        matched, returned, following, identifiers = records(anon, within(scenes), startPosition=position, maxRecords=3)
        assert matched == 10 and returned == len(identifiers) <= 3
        seen += identifiers
        assert following in (0, position + returned)
        position = following
    assert len(seen) == 10 and len(set(seen)) == 10
    assert records(anon, within(scenes), startPosition=11)[:3] == (10, 0, 0)
    assert records(anon, within(scenes), startPosition=1000)[:3] == (10, 0, 0)
    assert records(anon, within(scenes), startPosition=8, maxRecords=3)[2] == 0


def test_hits_and_validate(anon, scenes):
    assert records(anon, within(scenes), resultType="hits")[:3] == (10, 0, 1)
    assert records(anon, within(scenes), maxRecords=0)[:3] == (10, 0, 1)
    body = (f'<csw:GetRecords {XMLNS} service="CSW" version="2.0.2" resultType="validate" requestId="urn:r:1"><csw:Query typeNames="csw:Record">'
            '<csw:ElementSetName>brief</csw:ElementSetName></csw:Query></csw:GetRecords>')
    root = root_of(post(anon, body))
    assert root.tag == f"{{{NS['csw']}}}Acknowledgement"
    assert root.find("csw:EchoedRequest/csw:GetRecords", NS).get("requestId") == "urn:r:1"
    exception(post(anon, body.replace("brief", "tiny")), "InvalidParameterValue", "ElementSetName")
    assert root_of(get(anon, "GetRecords", typeNames="csw:Record", resultType="validate")).find("csw:EchoedRequest", NS) is not None


@pytest.mark.parametrize("esn", ["brief", "summary", "full"])
def test_dublin_core(anon, scenes, shared_data, esn):
    answer = get(anon, "GetRecords", typeNames="csw:Record", resultType="results", elementSetName=esn, maxRecords="1000",
                 constraintLanguage="CQL_TEXT", constraint=f"apiso:ParentIdentifier = '{scenes}' OR dc:identifier = '{scenes}'")
    root = root_of(answer)
    element = {"brief": "BriefRecord", "summary": "SummaryRecord", "full": "Record"}[esn]
    result = root.find("csw:SearchResults", NS)
    assert result.get("elementSet") == esn and {e.tag for e in result} == {f"{{{NS['csw']}}}{element}"}
    by_id = {e.findtext("dc:identifier", None, NS): e for e in result}
    s3 = by_id[f"{scenes}/s3"]
    assert s3.findtext("dc:title", None, NS) == "Scene 3 <of> Ünïcode & 100%" and s3.findtext("dc:type", None, NS) == "dataset"
    assert s3.find("ows:BoundingBox", NS).get("crs") == "urn:ogc:def:crs:EPSG::4326"
    assert s3.findtext("ows:BoundingBox/ows:LowerCorner", None, NS) == "0 3"
    assert by_id[scenes].findtext("dc:type", None, NS) == "series"
    assert len(by_id[f"{scenes}/far"].findall("ows:BoundingBox", NS)) == 2
    if esn != "brief":
        assert [e.text for e in s3.findall("dc:subject", NS)] == ["ocean", "k3"]
        assert s3.findtext("dct:modified", None, NS) == "2021-01-04T00:00:00Z"
    if esn == "full":
        references = [e.text for e in s3.findall("dct:references", NS)]
        assert f"{anon.base}/stac/collections/{scenes}/items/s3" in references
    valid(answer.content, "csw/2.0.2/CSW-discovery.xsd", shared_data)


def test_element_names(anon, scenes):
    body = (f'<csw:GetRecords {XMLNS} service="CSW" version="2.0.2" resultType="results"><csw:Query typeNames="csw:Record">'
            '<csw:ElementName>dc:title</csw:ElementName><csw:ElementName>dct:modified</csw:ElementName><csw:Constraint version="1.1.0"><ogc:Filter>'
            f'{compare("EqualTo", "dc:identifier", scenes + "/s3")}</ogc:Filter></csw:Constraint></csw:Query></csw:GetRecords>')
    record = root_of(post(anon, body)).find("csw:SearchResults/csw:Record", NS)
    assert [e.tag.split("}")[1] for e in record] == ["title", "modified"]


@pytest.mark.parametrize("esn", ["brief", "summary", "full"])
def test_iso_19139(anon, demo, shared_data, esn):
    """All of the demo catalogue, and each document against ISO's schemas."""
    answer = get(anon, "GetRecords", typeNames="gmd:MD_Metadata", resultType="results", elementSetName=esn, outputSchema=GMD, maxRecords="50",
                 constraintLanguage="CQL_TEXT", constraint="apiso:ParentIdentifier = 'landsat-7' OR apiso:Identifier LIKE 'landsat-%' "
                 "OR apiso:ParentIdentifier = 'blue-marble'")
    documents = root_of(answer).findall("csw:SearchResults/gmd:MD_Metadata", NS)
    by_id = {d.findtext("gmd:fileIdentifier/gco:CharacterString", None, NS): d for d in documents}
    olinda = by_id[f"{demo['olinda']['collection']}/{demo['olinda']['item']}"]
    assert olinda.find("gmd:hierarchyLevel/gmd:MD_ScopeCode", NS).get("codeListValue") == "dataset"
    assert olinda.findtext("gmd:parentIdentifier/gco:CharacterString", None, NS) == "landsat-7"
    assert by_id["landsat-7"].find("gmd:hierarchyLevel/gmd:MD_ScopeCode", NS).get("codeListValue") == "series"
    box = olinda.find(".//gmd:EX_GeographicBoundingBox", NS)
    west = float(box.findtext("gmd:westBoundLongitude/gco:Decimal", None, NS))
    assert -35.5 < west < -34.5
    protocols = {e.text for e in olinda.findall(".//gmd:CI_OnlineResource/gmd:protocol/gco:CharacterString", NS)}
    if esn != "brief":
        assert protocols == {"WWW:LINK-1.0-http--link", "WWW:DOWNLOAD-1.0-http--download", "OGC:WMS"}
        assert olinda.findtext(".//gml:TimePeriod/gml:beginPosition", None, NS)
    assert len({e.get(f"{{{NS['gml']}}}id") for e in root_of(answer).iter(f"{{{NS['gml']}}}TimePeriod")}) == len(
        list(root_of(answer).iter(f"{{{NS['gml']}}}TimePeriod")))
    for document in documents[:6] + [olinda]:
        valid(ET.tostring(document), "iso/19139/20060504/gmd/gmd.xsd", shared_data)


def test_record_by_id(anon, scenes, shared_data):
    answer = get(anon, "GetRecordById", id=f"{scenes}/s3,{scenes},{scenes}/none", elementSetName="full")
    assert [e.findtext("dc:identifier", None, NS) for e in root_of(answer)] == [f"{scenes}/s3", scenes]
    valid(answer.content, "csw/2.0.2/CSW-discovery.xsd", shared_data)
    body = (f'<csw:GetRecordById {XMLNS} service="CSW" version="2.0.2" outputSchema="{GMD}"><csw:Id>{scenes}/s3</csw:Id></csw:GetRecordById>')
    assert root_of(post(anon, body)).findtext("gmd:MD_Metadata/gmd:fileIdentifier/gco:CharacterString", None, NS) == f"{scenes}/s3"
    assert len(root_of(get(anon, "GetRecordById", id="nothing/at-all"))) == 0
    exception(get(anon, "GetRecordById"), "MissingParameterValue", "Id")


def test_soap_envelope(anon, scenes):
    body = (f'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><csw:GetRecordById {XMLNS} service="CSW" version="2.0.2">'
            f'<csw:Id>{scenes}</csw:Id></csw:GetRecordById></s:Body></s:Envelope>')
    assert len(root_of(post(anon, body))) == 1


def test_private_collections_stay_private(anon, scientist, other_user):
    """What a scientist keeps to herself is in nobody else's records or counts."""
    name = "private-" + uuid.uuid4().hex
    document = {"type": "Collection", "stac_version": "1.0.0", "id": name, "description": "Mine.", "license": "various", "title": name,
                "extent": {"spatial": {"bbox": [[0, 0, 1, 1]]}, "temporal": {"interval": [["2020-01-01T00:00:00Z", None]]}}, "links": []}
    answer = scientist.post("/stac/collections", json=document)
    assert answer.status_code == 201, answer.text
    try:
        assert scientist.post(f"/stac/collections/{name}/items", json=item_document(name, "mine")).status_code == 201
        mine = like("dc:identifier", name + "*")
        assert set(records(scientist, mine)[3]) == {name, name + "/mine"}
        for stranger in (anon, other_user):
            assert records(stranger, mine)[:2] == (0, 0)
            assert records(stranger, mine, resultType="hits")[0] == 0
            assert len(root_of(get(stranger, "GetRecordById", id=f"{name},{name}/mine"))) == 0
            assert name not in get(stranger, "GetDomain", propertyName="apiso:ParentIdentifier").text
    finally:
        scientist.delete(f"/stac/collections/{name}/items/mine")
        assert scientist.delete(f"/stac/collections/{name}").status_code == 204
