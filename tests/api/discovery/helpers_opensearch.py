"""Reading OpenSearch as its clients do: description documents, templates that are filled, Atom feeds."""
import re
import xml.etree.ElementTree as ET
from urllib.parse import quote

NS = {
    "os": "http://a9.com/-/spec/opensearch/1.1/",
    "param": "http://a9.com/-/spec/opensearch/extensions/parameters/1.0/",
    "atom": "http://www.w3.org/2005/Atom",
    "dc": "http://purl.org/dc/elements/1.1/",
    "georss": "http://www.georss.org/georss",
    "gml": "http://www.opengis.net/gml",
    "eo": "http://a9.com/-/opensearch/extensions/eo/1.0/",
    "DIAS": "http://tas/DIAS",
    "ows": "http://www.opengis.net/ows/1.1",
}
ATOM, GEOJSON = "application/atom+xml", "application/geo+json"
PLACEHOLDER = re.compile(r"\{([A-Za-z]+:)?([A-Za-z]+)(\?)?\}")


def xml(answer, kind, status=200):
    assert answer.status_code == status, (answer.status_code, answer.text[:500])
    assert answer.headers["Content-Type"].startswith(kind), answer.headers["Content-Type"]
    return ET.fromstring(answer.content)


def description(session, path):
    return xml(session.get(path), "application/opensearchdescription+xml")


def template(document, rel, kind):
    """The template of the one Url of this relation and type."""
    found = [url for url in document.findall("os:Url", NS) if url.get("rel") == rel and url.get("type") == kind]
    assert len(found) == 1, (rel, kind)
    return found[0].get("template")


def fill(text, **values):
    """Fills a template; what has no value is left empty, as the specification has clients do. Names are "geo_box", "count"."""

    def value(match):
        name = (match.group(1) or "").replace(":", "_") + match.group(2)
        assert match.group(3) or name in values, f"{name} is mandatory"
        return quote(str(values.pop(name, "")), safe="")

    filled = PLACEHOLDER.sub(value, text)
    assert not values, f"the template has no {sorted(values)}"
    return filled


class Feed:
    """A page of Atom."""

    def __init__(self, answer):
        self.root = xml(answer, ATOM)
        self.entries = self.root.findall("atom:entry", NS)
        self.ids = [e.findtext("dc:identifier", None, NS) for e in self.entries]
        self.total, self.start, self.per_page = (int(self.root.findtext("os:" + name, None, NS)) for name in ("totalResults", "startIndex", "itemsPerPage"))

    def link(self, rel):
        return link(self.root, rel)


def link(element, rel):
    found = [one for one in element.findall("atom:link", NS) if one.get("rel") == rel]
    return found[0].get("href") if found else None


def exception(answer, status, locator):
    root = xml(answer, "text/xml", status)
    assert root.tag == "{%s}ExceptionReport" % NS["ows"]
    one = root.find("ows:Exception", NS)
    assert one.get("locator") == locator, answer.text
    assert one.get("exceptionCode") == "InvalidParameterValue" and one.findtext("ows:ExceptionText", None, NS)
