"""Water mask of a scene: an example of a process for Nadir. See processing/README.md for what it may rely on."""
import json

import numpy as np
from osgeo import gdal

gdal.UseExceptions()
ROWS = 512  # a strip at a time: memory stays small however large the scene is


def open_band(entry):
    """The open file of a band, with what turns its numbers into reflectance."""
    source = gdal.Open(entry["path"])
    facts = (entry.get("raster:bands") or [{}])[0]
    return source, facts.get("scale", 1.0), facts.get("offset", 0.0), facts.get("nodata")


def read_strip(band, row, rows):
    """Reflectances of some rows; what is not valid is NaN."""
    source, scale, offset, nodata = band
    first = source.GetRasterBand(1)
    numbers = first.ReadAsArray(0, row, source.RasterXSize, rows).astype("float64")
    valid = first.GetMaskBand().ReadAsArray(0, row, source.RasterXSize, rows) > 0
    if nodata is not None:
        valid &= numbers != nodata
    return np.where(valid, numbers * scale + offset, np.nan)


def main():
    with open("/in/job.json", encoding="utf-8") as file:
        job = json.load(file)
    bands = job["inputs"]["scene"]["assets"]
    green, nir = open_band(bands["green"]), open_band(bands["nir"])
    width, height = green[0].RasterXSize, green[0].RasterYSize
    result = gdal.GetDriverByName("GTiff").Create("/out/result.tif", width, height, 1, gdal.GDT_Byte,
                                                  ["TILED=YES", "COMPRESS=ZSTD"])
    result.SetGeoTransform(green[0].GetGeoTransform())
    result.SetSpatialRef(green[0].GetSpatialRef())
    result.GetRasterBand(1).SetNoDataValue(255)
    water = valid = 0
    for row in range(0, height, ROWS):
        rows = min(ROWS, height - row)
        g, n = read_strip(green, row, rows), read_strip(nir, row, rows)
        with np.errstate(divide="ignore", invalid="ignore"):
            index = (g - n) / (g + n)
        mask = np.where(np.isfinite(index), index > job["parameters"]["threshold"], 255).astype("uint8")
        result.GetRasterBand(1).WriteArray(mask, 0, row)
        water += int((mask == 1).sum())
        valid += int((mask != 255).sum())
        print(f"progress {100 * (row + rows) // height} {row + rows} of {height} rows", flush=True)
    result = None  # writes the file
    share = water / valid if valid else 0.0
    with open("/out/result.json", "w", encoding="utf-8") as file:
        json.dump({"title": f"Water mask ({share:.0%} water)", "properties": {"water_share": round(share, 4)}}, file)


if __name__ == "__main__":
    main()
