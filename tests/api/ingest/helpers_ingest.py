"""Rasters and SAFE folders made from real or drawn pixels."""
import hashlib
import os
import re

import numpy
from osgeo import gdal, osr

gdal.UseExceptions()


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def raster(path, size=700, bands=3, kind=gdal.GDT_UInt16, epsg=32632, nodata=0, gap=100, origin=(500000, 5600000), pixel=10, driver="GTiff"):
    """A raster whose first `gap` columns hold no data and whose values grow to the lower right."""
    rows, columns = numpy.mgrid[0:size, 0:size]
    memory = gdal.GetDriverByName("MEM").Create("", size, size, bands, kind)
    srs = osr.SpatialReference()
    srs.ImportFromEPSG(epsg)
    memory.SetProjection(srs.ExportToWkt())
    memory.SetGeoTransform((origin[0], pixel, 0, origin[1], 0, -pixel))
    for band in range(bands):
        values = (rows + columns) * (200 // size + 1) % 3000 + 1 + band * 10
        values[:, :gap] = nodata or 0
        memory.GetRasterBand(band + 1).WriteArray(values)
        if nodata is not None:
            memory.GetRasterBand(band + 1).SetNoDataValue(nodata)
    options = ["QUALITY=100", "REVERSIBLE=YES"] if driver == "JP2OpenJPEG" else []
    gdal.GetDriverByName(driver).CreateCopy(str(path), memory, options=options)
    return str(path)


def manifest_mend(safe):
    """Rewrites sizes and MD5 checksums of manifest.safe to what is there, and drops what is not there."""
    path = os.path.join(safe, "manifest.safe")
    with open(path, encoding="utf-8") as file:
        text = file.read()

    def mend(found):
        entry = found.group(0)
        file = os.path.join(safe, re.search(r'href="\./([^"]+)"', entry).group(1))
        if not os.path.exists(file):
            return ""
        with open(file, "rb") as data:
            checksum = hashlib.md5(data.read()).hexdigest()
        entry = re.sub(r'size="\d+"', f'size="{os.path.getsize(file)}"', entry)
        return re.sub(r">[0-9a-f]+</checksum>", f">{checksum}</checksum>", entry)

    with open(path, "w", encoding="utf-8") as file:
        file.write(re.sub(r"<dataObject .*?</dataObject>", mend, text, flags=re.S))


S2 = "S2A_MSIL1C_20210908T042701_N0301_R133_T46RER_20210908T070248"


def sentinel2_safe(folder):
    """A Sentinel-2 L1C SAFE with every band as JPEG 2000 and a manifest that matches."""
    safe = os.path.join(str(folder), S2 + ".SAFE")
    granule = "GRANULE/L1C_T46RER_A032448_20210908T043714"
    os.makedirs(os.path.join(safe, granule, "IMG_DATA"))
    names = ["B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12"]
    images = [f"{granule}/IMG_DATA/T46RER_20210908T042701_{name}" for name in names]
    for name, image in zip(names, images):
        pixel = 10 if name in ("B02", "B03", "B04", "B08") else 60 if name in ("B01", "B09", "B10") else 20
        raster(os.path.join(safe, image + ".jp2"), size=6000 // pixel, bands=1, epsg=32646, origin=(499980, 3100020), pixel=pixel, nodata=None,
               gap=1000 // pixel, driver="JP2OpenJPEG")
        for extra in (image + ".jp2.aux.xml",):
            if os.path.exists(os.path.join(safe, extra)):
                os.unlink(os.path.join(safe, extra))
    listed = "".join(f"<IMAGE_FILE>{image}</IMAGE_FILE>" for image in images)
    with open(os.path.join(safe, "MTD_MSIL1C.xml"), "w", encoding="utf-8") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?><n1:Level-1C_User_Product xmlns:n1="x"><Product_Info>'
                   f"<PRODUCT_URI>{S2}.SAFE</PRODUCT_URI><PROCESSING_LEVEL>Level-1C</PROCESSING_LEVEL><PROCESSING_BASELINE>03.01</PROCESSING_BASELINE>"
                   "<Datatake><SPACECRAFT_NAME>Sentinel-2A</SPACECRAFT_NAME><DATATAKE_SENSING_START>2021-09-08T04:27:01.024Z</DATATAKE_SENSING_START>"
                   "<SENSING_ORBIT_NUMBER>133</SENSING_ORBIT_NUMBER><SENSING_ORBIT_DIRECTION>DESCENDING</SENSING_ORBIT_DIRECTION></Datatake>"
                   f"<Granule>{listed}</Granule><QUANTIFICATION_VALUE>10000</QUANTIFICATION_VALUE></Product_Info>"
                   "<Cloud_Coverage_Assessment>12.5</Cloud_Coverage_Assessment></n1:Level-1C_User_Product>")
    with open(os.path.join(safe, granule, "MTD_TL.xml"), "w", encoding="utf-8") as file:
        file.write("<a><Mean_Sun_Angle><ZENITH_ANGLE>26.5</ZENITH_ANGLE><AZIMUTH_ANGLE>143</AZIMUTH_ANGLE></Mean_Sun_Angle></a>")
    objects = "".join(f'<dataObject ID="d{n}"><byteStream size="0"><fileLocation href="./{path}"/><checksum checksumName="MD5">0</checksum>'
                      "</byteStream></dataObject>"
                      for n, path in enumerate(["MTD_MSIL1C.xml", granule + "/MTD_TL.xml"] + [image + ".jp2" for image in images]))
    with open(os.path.join(safe, "manifest.safe"), "w", encoding="utf-8") as file:
        file.write(f"<XFDU><dataObjectSection>{objects}</dataObjectSection></XFDU>")
    manifest_mend(safe)
    return safe
