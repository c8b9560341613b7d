"""The assertions of OGC's executable test suite for CSW 2.0.2 (ets-csw202) that test_csw does not make already, by its groups."""
import pytest
from helpers_csw import NS, XMLNS, exception, get, post, root_of

pytestmark = pytest.mark.once

OPTIONAL = ("ServiceIdentification", "ServiceProvider", "OperationsMetadata")


def described(anon, names="", attributes=""):
    return post(anon, f'<csw:DescribeRecord {XMLNS} service="CSW" version="2.0.2" {attributes}>{names}</csw:DescribeRecord>')


def queried(anon, inside="<csw:ElementSetName>brief</csw:ElementSetName>", attributes='resultType="results"', names="csw:Record"):
    return post(anon, f'<csw:GetRecords {XMLNS} service="CSW" version="2.0.2" {attributes}><csw:Query typeNames="{names}">{inside}</csw:Query></csw:GetRecords>')


def constraint(filter_):
    return f'<csw:ElementSetName>brief</csw:ElementSetName><csw:Constraint version="1.1.0"><ogc:Filter>{filter_}</ogc:Filter></csw:Constraint>'


@pytest.mark.parametrize("arguments", [
    {"service": "CSW", "request": "GetCapabilities", "AcceptVersions": "2.0.2"}, {"service": "CSW", "request": "GetCapabilities", "ACCEPTVERSIONS": "9.0.0,2.0.2"},
    {"SERVICE": "CSW", "ReQuEsT": "GetCapabilities", "acceptversions": "2.0.2"}, {"service": "CSW", "request": "GetCapabilities", "unheardOf": "x"},
    {"service": "CSW", "request": "GetCapabilities", "AcceptFormats": "text/vnd.unheard-of"}])
def test_capabilities_are_given(anon, arguments):
    capabilities = root_of(anon.get("/csw", params=arguments))
    assert capabilities.tag == "{%s}Capabilities" % NS["csw"] and capabilities.get("version") == "2.0.2"
    assert all(capabilities.find("ows:" + section, NS) is not None for section in OPTIONAL) and capabilities.find("ogc:Filter_Capabilities", NS) is not None


@pytest.mark.parametrize("sections, expected", [("", set()), ("OperationsMetadata", {"OperationsMetadata"}),
                                                ("ServiceIdentification,ServiceProvider", {"ServiceIdentification", "ServiceProvider"})])
def test_capabilities_by_sections(anon, sections, expected):
    capabilities = root_of(anon.get("/csw", params={"service": "CSW", "request": "GetCapabilities", "sections": sections}))
    assert {section for section in OPTIONAL if capabilities.find("ows:" + section, NS) is not None} == expected
    assert capabilities.find("ogc:Filter_Capabilities", NS) is not None


def test_capabilities_in_the_format_asked_for(anon):
    answer = anon.get("/csw", params={"service": "CSW", "request": "GetCapabilities", "AcceptFormats": "text/xml"})
    assert answer.status_code == 200 and answer.headers["Content-Type"].split(";")[0] == "text/xml"


def test_types_are_described(anon):
    names = [c.get("targetNamespace") for c in root_of(described(anon)).findall("csw:SchemaComponent", NS)]
    assert set(names) == {NS["csw"], NS["gmd"]}
    assert [c.get("targetNamespace") for c in root_of(described(anon, "<csw:TypeName>csw:Record</csw:TypeName>")).findall("csw:SchemaComponent", NS)] == [NS["csw"]]
    unknown = root_of(described(anon, '<csw:TypeName>csw:DummyRecord</csw:TypeName>'))
    assert unknown.tag == "{%s}DescribeRecordResponse" % NS["csw"] and unknown.find("csw:SchemaComponent", NS) is None
    exception(described(anon, attributes='outputFormat="text/unheard-of"'), "InvalidParameterValue", "outputFormat")
    exception(described(anon, attributes='schemaLanguage="http://www.example.org/unheard-of"'), "InvalidParameterValue", "schemaLanguage")
    exception(described(anon, "<csw:TypeName>Record</csw:TypeName>"), "InvalidParameterValue")


def test_record_by_id(anon):
    for view, tag in ((None, "SummaryRecord"), ("brief", "BriefRecord"), ("summary", "SummaryRecord"), ("full", "Record")):
        answer = root_of(get(anon, "GetRecordById", id="landsat-7", **({"ElementSetName": view} if view else {})))
        assert [e.tag for e in answer] == ["{%s}%s" % (NS["csw"], tag)]
    assert len(root_of(get(anon, "GetRecordById", id="urn:uuid:nobody"))) == 0
    exception(get(anon, "GetRecordById"), "MissingParameterValue", "Id")
    exception(get(anon, "GetRecordById", id="landsat-7", outputFormat="text/unheard-of"), "InvalidParameterValue", "outputFormat")
    exception(get(anon, "GetRecordById", id="landsat-7", outputSchema="http://www.example.org/unheard-of"), "InvalidParameterValue", "outputSchema")


def test_what_is_not_asked_for_is_usual(anon):
    """Only a summary of the results; ten records; maxRecords=0; validate."""
    hits = root_of(queried(anon, "", attributes="")).find("csw:SearchResults", NS)
    assert len(hits) == 0 and hits.get("numberOfRecordsReturned") == "0" and int(hits.get("numberOfRecordsMatched")) > 0
    assert len(root_of(queried(anon)).find("csw:SearchResults", NS)) <= 10
    assert len(root_of(queried(anon, attributes='resultType="results" maxRecords="0"')).find("csw:SearchResults", NS)) == 0
    assert root_of(queried(anon, attributes='resultType="validate"')).tag == "{%s}Acknowledgement" % NS["csw"]


@pytest.mark.parametrize("names", ["csw:SummaryRecord", "csw:BriefRecord"])
def test_views_are_not_queried(anon, names):
    exception(queried(anon, names=names), "InvalidParameterValue", "typeNames")


@pytest.mark.parametrize("filter_", [
    '<ogc:PropertyIsEqualTo><ogc:Function name="unheardOf"><ogc:PropertyName>dc:title</ogc:PropertyName></ogc:Function><ogc:Literal>x</ogc:Literal></ogc:PropertyIsEqualTo>',
    "<ogc:BBOX><ogc:PropertyName>dct:abstract</ogc:PropertyName><gml:Envelope><gml:lowerCorner>0 0</gml:lowerCorner><gml:upperCorner>1 1</gml:upperCorner></gml:Envelope></ogc:BBOX>",
    "<ogc:PropertyIsEqualTo><ogc:PropertyName>dc:title</ogc:PropertyName></ogc:PropertyIsEqualTo>", "<ogc:NoSuchOperator/>"])
def test_filters_that_cannot_be(anon, filter_):
    answer = queried(anon, constraint(filter_))
    assert answer.status_code == 400 and b"ExceptionReport" in answer.content


def test_any_text(anon):
    """PropertyIsLike over csw:AnyText; a case that does not matter."""
    def identifiers(filter_):
        return {e.text for e in root_of(queried(anon, constraint(filter_), 'resultType="results" maxRecords="50"')).iter("{%s}identifier" % NS["dc"])}

    title = root_of(get(anon, "GetRecordById", id="landsat-7")).find("*/dc:title", NS).text
    anywhere = ('<ogc:PropertyIsLike wildCard="*" singleChar="?" escapeChar="\\"><ogc:PropertyName>csw:AnyText</ogc:PropertyName>'
                '<ogc:Literal>*landsat-7*</ogc:Literal></ogc:PropertyIsLike>')
    assert "landsat-7" in identifiers(anywhere)
    equal = '<ogc:PropertyIsEqualTo {}><ogc:PropertyName>dc:title</ogc:PropertyName><ogc:Literal>{}</ogc:Literal></ogc:PropertyIsEqualTo>'
    assert "landsat-7" in identifiers(equal.format("", title))
    assert "landsat-7" in identifiers(equal.format('matchCase="false"', title.upper())) and "landsat-7" not in identifiers(equal.format("", title.upper()))
