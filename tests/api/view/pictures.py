"""What tests of the map services share: pictures as arrays, and the exceptions of each service."""
import re
import xml.etree.ElementTree as ET

from osgeo import gdal

gdal.UseExceptions()
OWS = "{http://www.opengis.net/ows/1.1}"


def decode(data):
    """A PNG or JPEG as an array of bands, lines and columns."""
    gdal.FileFromMemBuffer("/vsimem/picture", data)
    array = gdal.Open("/vsimem/picture").ReadAsArray().astype(float)
    gdal.Unlink("/vsimem/picture")
    return array


def bare(text):
    """XML without its document type, which ElementTree need not look at."""
    return re.sub(r"<!DOCTYPE[^>]*>", "", text)


def exception_old(answer):
    """The code of a WMS 1.1.1 exception."""
    assert answer.headers["content-type"].startswith("application/vnd.ogc.se_xml"), answer.text[:200]
    root = ET.fromstring(bare(answer.text))
    assert root.tag == "ServiceExceptionReport" and root.get("version") == "1.1.1"
    return root[0].get("code")


def exception_ows(answer):
    """Code and locator of an OWS exception."""
    assert "xml" in answer.headers["content-type"], answer.text[:200]
    root = ET.fromstring(answer.content)
    assert root.tag == OWS + "ExceptionReport" and root[0].find(OWS + "ExceptionText").text
    return root[0].get("exceptionCode"), root[0].get("locator")
