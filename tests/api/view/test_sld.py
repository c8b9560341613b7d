"""Styles that come with a GetMap: SLD_BODY with a RasterSymbolizer (OGC 02-070, 05-077r4 clause 11.6), against the same arithmetic here."""
import numpy
import pytest
from osgeo import gdal

from pictures import decode, exception_old
from test_wms_clauses import code, get, params_of


def sld(scene, symbolizer, se=False):
    namespace = 'xmlns="http://www.opengis.net/sld" xmlns:se="http://www.opengis.net/se" xmlns:ogc="http://www.opengis.net/ogc"'
    style = "CoverageStyle" if se else "FeatureTypeStyle"
    return (f'<StyledLayerDescriptor version="{"1.1.0" if se else "1.0.0"}" {namespace}><NamedLayer><Name>{scene["path"]}</Name><UserStyle>'
            f"<Title>mine</Title><{style}><Rule><RasterSymbolizer>{symbolizer}</RasterSymbolizer></Rule></{style}></UserStyle></NamedLayer>"
            "</StyledLayerDescriptor>")


def native(scene, name):
    """A window of the file's own pixels, and GetMap's parameters for just those."""
    dataset = gdal.Open(f"{scene['folder']}/{name}.tif")
    box = f"{500000 + 4000},{5000000 - 4400},{500000 + 4600},{5000000 - 4000}"
    return dataset.ReadAsArray(400, 400, 60, 40).astype(float), {"CRS": "EPSG:32633", "BBOX": box}


GRAY = "<ChannelSelection><GrayChannel><SourceChannelName>red</SourceChannelName>{}</GrayChannel></ChannelSelection>"
RANGE = '<ContrastEnhancement><Normalize><VendorOption name="algorithm">StretchToMinimumMaximum</VendorOption><VendorOption name="minValue">{}</VendorOption><VendorOption name="maxValue">{}</VendorOption></Normalize>{}</ContrastEnhancement>'


def test_one_channel_stretched(anon, scene):
    values, window = native(scene, "red")
    for gamma in (1, 2):
        enhancement = RANGE.format(1000, 3000, "" if gamma == 1 else f"<GammaValue>{gamma}</GammaValue>")
        picture = decode(get(anon, scene, SLD_BODY=sld(scene, GRAY.format(enhancement)), **window).content)
        expected = 255 * (numpy.clip((values - 1000) / 2000, 0, 1)) ** (1 / gamma)
        assert numpy.abs(picture - expected).max() <= (1 if gamma == 1 else 4)  # the steps of 8 bits are steep where it is dark


def test_three_channels(anon, scene):
    channels = "".join(f"<{colour}Channel><SourceChannelName>{band}</SourceChannelName></{colour}Channel>"
                       for colour, band in (("Red", "nir"), ("Green", "red"), ("Blue", "3")))
    picture = get(anon, scene, SLD_BODY=sld(scene, f"<ChannelSelection>{channels}</ChannelSelection>", se=True))
    third = anon.get(f"/view/v1/points/{scene['path']}?lon=15.1&lat=45.1").json()["bands"][2]["band"]  # counted from 1 as they are listed
    single = [decode(get(anon, scene, STYLES=f"band-{band}").content)[0] for band in ("nir", "red", third)]
    assert decode(picture.content) == pytest.approx(numpy.stack(single), abs=1)


@pytest.mark.parametrize("kind", ["ramp", "intervals", "values"])
def test_colour_maps(anon, scene, kind):
    values, window = native(scene, "red")
    entries = '<ColorMapEntry color="#000000" quantity="1500"/><ColorMapEntry color="#ff8000" quantity="2500" opacity="0.5" label="more"/>'
    body = sld(scene, GRAY.format("") + f'<ColorMap type="{kind}">{entries}</ColorMap>')
    picture = decode(get(anon, scene, SLD_BODY=body, TRANSPARENT="TRUE", **window).content)
    if kind == "ramp":
        share = numpy.clip((values - 1500) / 1000, 0, 1)
        assert numpy.abs(picture[0] - 255 * share).max() <= 1 and numpy.abs(picture[3] - (255 - 127 * share)).max() <= 1
    elif kind == "intervals":
        assert (picture[3] == numpy.where(values < 1500, 255, numpy.where(values < 2500, 128, 0))).all()
    else:
        assert (picture[3] == numpy.where(values == 1500, 255, numpy.where(values == 2500, 128, 0))).all()


def test_opacity_and_nodata(anon, scene):
    half = decode(get(anon, scene, SLD_BODY=sld(scene, "<Opacity>0.5</Opacity>" + GRAY.format("")), TRANSPARENT="TRUE").content)
    assert set(numpy.unique(half[3])) == {0, 128}


def test_the_document_alone_names_the_layers(anon, scene):
    body = sld(scene, GRAY.format(""))
    for old in (False, True):
        assert get(anon, scene, old, LAYERS=None, STYLES=None, SLD_BODY=body).content == get(anon, scene, old, SLD_BODY=body).content
    named = body[:body.index("<UserStyle>")] + "<NamedStyle><Name>ndvi</Name></NamedStyle></NamedLayer></StyledLayerDescriptor>"
    assert get(anon, scene, LAYERS=None, SLD_BODY=named).content == get(anon, scene, STYLES="ndvi").content


def test_its_legend(anon, scene):
    body = sld(scene, GRAY.format("") + '<ColorMap type="values"><ColorMapEntry color="#102030" quantity="1" label="one"/><ColorMapEntry color="#405060" quantity="2"/></ColorMap>')
    legend = decode(anon.get("/view/wms", params={"SERVICE": "WMS", "VERSION": "1.1.1", "REQUEST": "GetLegendGraphic", "LAYER": scene["path"],
                                                  "FORMAT": "image/png", "SLD_BODY": body}).content)
    assert [tuple(legend[:, y, 5]) for y in (5, 25)] == [(16, 32, 48), (64, 80, 96)]


@pytest.mark.parametrize("symbolizer", [
    "<ShadedRelief/>", "<ChannelSelection/>", GRAY.format("<ContrastEnhancement><Histogram/></ContrastEnhancement>"),
    GRAY.format(RANGE.format(3000, 1000, "")), GRAY.format(RANGE.format("x", 1, "")), "<Opacity>2</Opacity>", "<Opacity>nan</Opacity>",
    "<ColorMap/>", '<ColorMap type="rainbow"><ColorMapEntry color="#000000" quantity="1"/></ColorMap>',
    '<ColorMap><ColorMapEntry color="red" quantity="1"/></ColorMap>', '<ColorMap><ColorMapEntry color="#000000"/></ColorMap>',
    '<ColorMap><ColorMapEntry color="#000000" quantity="2"/><ColorMapEntry color="#000000" quantity="1"/></ColorMap>',
    "<ColorMap>" + "".join(f'<ColorMapEntry color="#000000" quantity="{i}"/>' for i in range(257)) + "</ColorMap>",
    GRAY.format("").replace("red", "infrared-99"),
])
def test_what_is_not_served_is_refused(anon, scene, symbolizer):
    for old in (False, True):
        answer = anon.post("/view/wms", data=params_of(scene, old, SLD_BODY=sld(scene, symbolizer)))
        assert answer.status_code == 400 and (exception_old if old else code)(answer) == "StyleNotDefined"


@pytest.mark.parametrize("body", [
    "x", "<a/>", "<StyledLayerDescriptor/>", "<StyledLayerDescriptor><NamedLayer/></StyledLayerDescriptor>",
    '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><StyledLayerDescriptor><NamedLayer><Name>&x;</Name></NamedLayer></StyledLayerDescriptor>',
    '<!DOCTYPE a [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><StyledLayerDescriptor>&b;</StyledLayerDescriptor>',
    "<a>" * 200 + "</a>" * 200, "<StyledLayerDescriptor><UserLayer/></StyledLayerDescriptor>",
])
def test_hostile_documents(anon, scene, body):
    answer = anon.post("/view/wms", data=params_of(scene, SLD_BODY=body))
    assert code(answer) == "StyleNotDefined" and "root:" not in answer.text


def test_long_documents_are_posted(anon, scene):
    """06-042 clause 6.4: a form holds what an address cannot."""
    entries = "".join(f'<ColorMapEntry color="#{i:02x}{i:02x}{i:02x}" quantity="{1000 + 8 * i}" label="a label that makes it long {i}"/>' for i in range(256))
    body = sld(scene, GRAY.format("") + f"<ColorMap>{entries}</ColorMap>")
    answer = anon.post("/view/wms", data=params_of(scene, SLD_BODY=body))
    assert answer.status_code == 200 and answer.headers["content-type"] == "image/png"
    assert anon.post("/view/wms", data=params_of(scene)).content == get(anon, scene).content
    assert anon.post("/view/wms", json={"a": 1}).status_code == 415


def test_nothing_is_fetched(anon, scene):
    assert code(get(anon, scene, SLD="http://127.0.0.1:1/style.sld")) == "InvalidParameterValue"
