"""QGIS 3.22 (Debian's python3-qgis) against /stac and /csw: its own layers, and MetaSearch, its catalogue client."""
import json
import os
import subprocess

import pytest

from helpers_stac import add_many, item_document

PYTHON = "/usr/bin/python3"


def has_qgis():
    return subprocess.run([PYTHON, "-c", "import qgis.core"], capture_output=True, check=False).returncode == 0


pytestmark = [pytest.mark.once,
              pytest.mark.skipif(not has_qgis(), reason="QGIS is not installed (apt-get install python3-qgis qgis-providers)")]


def qgis(tmp_path, body, **values):
    """Runs lines within QGIS without a screen; they leave what they found in `out`."""
    script = f"""
import json, sys
from qgis.core import *
app = QgsApplication([], True)
app.initQgis()
given = json.loads(sys.argv[1])
out = {{}}
{body}
print("RESULT" + json.dumps(out), flush=True)
import os
os._exit(0)
"""
    (tmp_path / "run.py").write_text(script)
    done = subprocess.run([PYTHON, str(tmp_path / "run.py"), json.dumps(values)], capture_output=True, text=True, timeout=180, check=False,
                          env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)})
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT")]
    assert lines, (done.returncode, done.stdout[-2000:], done.stderr[-3000:])
    return json.loads(lines[0][6:])


@pytest.fixture(scope="module")
def scenes(client, module_collection):
    add_many(client, module_collection, [
        item_document(module_collection, f"s{n}", geometry={"type": "Point", "coordinates": [n % 12, n // 12]}, bbox=[n % 12, n // 12] * 2,
                      properties={"datetime": "2020-06-01T10:00:00Z", "eo:cloud_cover": n, "title": f"Scene {n}", "keywords": ["ocean"]})
        for n in range(60)])
    return module_collection


def test_features_layer(base, scenes, tmp_path):
    """A layer of OGC API - Features: its fields, all of its pages, and what lies in a rectangle."""
    out = qgis(tmp_path, """
layer = QgsVectorLayer("typename='%s' url='%s/stac' pageSize='7'" % (given["collection"], given["base"]), "scenes", "OAPIF")
out["valid"] = layer.isValid()
out["crs"] = layer.crs().authid()
out["fields"] = [f.name() for f in layer.fields()]
out["all"] = [f["title"] for f in layer.getFeatures()]
request = QgsFeatureRequest(QgsRectangle(2.5, 1.5, 5.5, 3.5))
out["placed"] = [(f["title"], f.geometry().asPoint().x(), f.geometry().asPoint().y()) for f in layer.getFeatures(request)]
""", base=base, collection=scenes)
    assert out["valid"] and out["crs"] in ("EPSG:4326", "OGC:CRS84")
    assert {"datetime", "title", "eo:cloud_cover"} <= set(out["fields"])
    assert sorted(out["all"]) == sorted(f"Scene {n}" for n in range(60))
    assert {tuple(p) for p in out["placed"]} == {(f"Scene {y * 12 + x}", x, y) for x in (3, 4, 5) for y in (2, 3)}


def test_metasearch(base, scenes, tmp_path):
    """MetaSearch, QGIS's own catalogue client: its dialog searches by words and a box, turns pages, shows a record and what went
    over the wire, and finds the WMS of a scene."""
    out = qgis(tmp_path, """
import os
sys.path.insert(0, os.path.join(QgsApplication.pkgDataPath(), "python", "plugins"))
from unittest.mock import MagicMock
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtWidgets import QMessageBox
from MetaSearch.dialogs import maindialog
QMessageBox.warning = lambda *a: out.setdefault("warnings", []).append(str(a[-1]))
iface = MagicMock()
iface.mapCanvas.return_value = QgsMapCanvas()
QgsSettings().setValue("/MetaSearch/Nadir/url", given["base"] + "/csw")
dialog = maindialog.MetaSearchDialog(iface)
dialog.cmbConnectionsSearch.clear()
dialog.cmbConnectionsSearch.addItem("Nadir")
dialog.spnTimeout.setValue(60)
dialog.spnRecords.setValue(10)

def search(words, west, south, east, north):
    dialog.leKeywords.setText(words)
    for field, value in ((dialog.leWest, west), (dialog.leSouth, south), (dialog.leEast, east), (dialog.leNorth, north)):
        field.setText(value)
    dialog.search()
    return {"matches": dialog.catalog.results["matches"], "records": list(dialog.catalog.records), "label": dialog.lblResults.text(),
            "rows": dialog.treeRecords.topLevelItemCount()}

out["words"] = search(given["word"], "-180", "-90", "180", "90")
out["paged"] = list(dialog.catalog.records)
for _ in range(6):
    dialog.btnNext.click()
    out["paged"] += list(dialog.catalog.records)
dialog.btnFirst.click()
out["first"] = list(dialog.catalog.records)
maindialog.XMLDialog.exec_ = maindialog.RecordDialog.exec_ = lambda self: out.setdefault("shown", []).append(type(self).__name__)
dialog.treeRecords.setCurrentItem(dialog.treeRecords.topLevelItem(1))
dialog.treeRecords.topLevelItem(1).setSelected(True)
dialog.show_metadata()
dialog.show_xml()
out["placed"] = search(given["word"], "2.5", "1.5", "5.5", "3.5")
out["olinda"] = search("olinda", "-180", "-90", "180", "90")
for at in range(dialog.treeRecords.topLevelItemCount()):
    item = dialog.treeRecords.topLevelItem(at)
    if item.text(0) == "dataset":
        dialog.treeRecords.setCurrentItem(item)
        item.setSelected(True)
        dialog.record_clicked()
        out["wms"] = dialog.mActionAddWms.isEnabled()
        out["footprint"] = dialog.rubber_band.asGeometry().boundingBox().toString(1)
        if out["wms"]:
            break
""", base=base, word=scenes)
    assert "warnings" not in out, out["warnings"]
    assert out["words"]["matches"] == 61 and out["words"]["rows"] == 10
    assert set(out["paged"]) == {scenes, *(f"{scenes}/s{n}" for n in range(60))} and len(out["paged"]) == 61
    assert out["first"] == out["paged"][:10] == out["words"]["records"]
    assert out["shown"] == ["RecordDialog", "XMLDialog"]
    assert set(out["placed"]["records"]) >= {f"{scenes}/s{y * 12 + x}" for x in (3, 4, 5) for y in (2, 3)}
    assert out["placed"]["matches"] == 7  # the collection covers the world
    assert "landsat-7/olinda" in out["olinda"]["records"] and out["wms"]
