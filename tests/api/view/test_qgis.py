"""QGIS 3.22, as Debian ships it, without a window: it opens the layers by their capabilities and draws them where GDAL does."""
import json
import math
import pathlib
import subprocess
import sys
import urllib.parse

import numpy
import pytest
from osgeo import gdal

pytest.importorskip("qgis.core")
gdal.UseExceptions()
WIDTH, HEIGHT = 300, 240
HALF = 20037508.342789244
pytestmark = pytest.mark.once  # QGIS takes seconds to start, and what it asks does not differ between the shapes


def mercator(box):
    x = [v / 180 * HALF for v in box[0::2]]
    y = [math.asinh(math.tan(math.radians(v))) / math.pi * HALF for v in box[1::2]]
    return [x[0], y[0], x[1], y[1]]


def uri(**parts):
    return "&".join(f"{name}={urllib.parse.quote(str(value), safe='') if name == 'url' else value}" for name, value in parts.items())


def draw(tmp_path, layers):
    """The pictures that QGIS makes of the layers."""
    for index, layer in enumerate(layers):
        layer.setdefault("size", [WIDTH, HEIGHT])
        layer["file"] = str(tmp_path / f"{index}.png")
    script = pathlib.Path(__file__).with_name("qgis_draw.py")
    done = subprocess.run([sys.executable, str(script)], input=json.dumps({"profile": str(tmp_path / "profile"), "layers": layers}), capture_output=True,
                          text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-2000:]
    answers = json.loads(done.stdout[done.stdout.index("["):])
    for layer, answer in zip(layers, answers):
        assert answer["valid"], (layer["uri"], answer["error"])
        assert answer["faults"] == [] and answer["saved"], (layer["uri"], answer)
        layer["picture"] = gdal.Open(layer["file"]).ReadAsArray().astype(float)[:3]
        layer["answer"] = answer
    return layers


def expected(scene, box, crs):
    return gdal.Warp("", f"{scene['folder']}/visual.tif", format="MEM", outputBounds=box, width=WIDTH, height=HEIGHT, dstSRS=crs,
                     resampleAlg="bilinear").ReadAsArray().astype(float)


def test_qgis_draws_wms_wmts_and_xyz(base, anon, scene, scientist, tmp_path):
    west, south, east, north = scene["document"]["bbox"]
    box = [west + (east - west) * 0.4, south + (north - south) * 0.3, west + (east - west) * 0.6, south + (north - south) * 0.5]
    in_metres = mercator(box)
    made = scientist.post("/view/v1/instances", json={"name": "QGIS"}).json()
    formula = "expression=" + urllib.parse.quote("(nir-red)/(nir+red)", safe="") + "&rescale=-0.4,0.4&colormap=viridis"
    path = scene["path"]
    wms = f"{base}/view/wms/{path}"
    capabilities = f"{base}/view/wmts/{path}?SERVICE=WMTS&REQUEST=GetCapabilities"
    middle = [(in_metres[0] + in_metres[2]) / 2, (in_metres[1] + in_metres[3]) / 2]
    layers = [
        {"uri": uri(crs="EPSG:3857", format="image/png", layers=path, styles="true-color", url=wms), "crs": "EPSG:3857", "box": in_metres, "point": middle},
        {"uri": uri(crs="EPSG:4326", format="image/png", layers=path, styles="true-color", url=wms), "crs": "EPSG:4326", "box": box},
        {"uri": uri(crs="EPSG:3857", format="image/png", layers=path, styles="true-color", tileMatrixSet="WebMercatorQuad", url=capabilities),
         "crs": "EPSG:3857", "box": in_metres, "point": middle},
        {"uri": uri(type="xyz", zmin=0, zmax=18, url=f"{base}/view/tiles/{path}/true-color/{{z}}/{{x}}/{{y}}.png"), "crs": "EPSG:3857", "box": in_metres},
        {"uri": uri(crs="EPSG:3857", format="image/png", layers=path, styles="true-color", url=wms.replace("/view/", f"/i/{made['token']}/view/")),
         "crs": "EPSG:3857", "box": in_metres},
        {"uri": uri(crs="EPSG:3857", format="image/png", layers=path, styles="expression", url=f"{wms}?{formula}"), "crs": "EPSG:3857", "box": in_metres},
        {"uri": uri(crs="EPSG:3857", format="image/png", layers=path, styles="expression", tileMatrixSet="WebMercatorQuad", url=f"{capabilities}&{formula}"),
         "crs": "EPSG:3857", "box": in_metres},
    ]
    draw(tmp_path, layers)
    edge = (slice(None), slice(8, -8), slice(8, -8))
    for layer in layers[:5]:
        difference = numpy.abs(layer["picture"] - expected(scene, layer["box"], layer["crs"]))[edge]
        assert difference.mean() < 7, (layer["uri"], difference.mean())  # QGIS takes tiles of another scale and resamples them
    by_map, by_tiles = (layer["picture"][edge] for layer in layers[5:])
    assert by_map.std() > 20 and numpy.abs(by_map - by_tiles).mean() < 7, "the same formula by both"
    assert numpy.abs(by_map - layers[0]["picture"][edge]).mean() > 20, "and not the true colours"
    for layer in (layers[0], layers[2]):
        assert "red" in layer["answer"]["identified"], layer["answer"]
    scientist.delete(f"/view/v1/instances/{made['instance']}")
