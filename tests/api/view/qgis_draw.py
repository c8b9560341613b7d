"""Run by test_qgis.py with Debian's QGIS: draws each layer of the job (JSON on stdin) as QGIS itself does, into a PNG file, and tells
what it made of it."""
import json
import os
import sys

os.environ["QT_QPA_PLATFORM"] = "offscreen"
from qgis.core import (Qgis, QgsApplication, QgsCoordinateReferenceSystem, QgsMapRendererSequentialJob, QgsMapSettings, QgsNetworkAccessManager,  # noqa: E402
                       QgsPointXY, QgsRaster, QgsRasterLayer, QgsRectangle)
from qgis.PyQt.QtCore import QSize  # noqa: E402

job = json.load(sys.stdin)
QgsApplication.setPrefixPath("/usr", True)
application = QgsApplication([], False, job["profile"])
application.initQgis()
QgsNetworkAccessManager.setTimeout(60000)
answers = []
for wanted in job["layers"]:
    layer = QgsRasterLayer(wanted["uri"], "layer", "wms")
    answer = {"valid": layer.isValid(), "error": layer.error().message(), "version": Qgis.QGIS_VERSION}
    answers.append(answer)
    if not layer.isValid():
        continue
    answer["crs"] = layer.crs().authid()
    answer["legend"] = layer.dataProvider().supportsLegendGraphic()
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(QgsCoordinateReferenceSystem(wanted["crs"]))
    settings.setExtent(QgsRectangle(*wanted["box"]))
    settings.setOutputSize(QSize(*wanted["size"]))
    settings.setOutputDpi(96)
    render = QgsMapRendererSequentialJob(settings)
    render.start()
    render.waitForFinished()
    answer["faults"] = [e.message for e in render.errors()]
    answer["saved"] = render.renderedImage().save(wanted["file"])
    if "point" in wanted:
        found = layer.dataProvider().identify(QgsPointXY(*wanted["point"]), QgsRaster.IdentifyFormatText, QgsRectangle(*wanted["box"]), *wanted["size"])
        answer["identified"] = str(found.results())
application.exitQgis()
json.dump(answers, sys.stdout)
