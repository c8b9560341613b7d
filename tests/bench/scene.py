#!/usr/bin/python3
"""Writes a synthetic scene to measure with: SIDE x SIDE pixels of 10 m in UTM zone 32 north, four 16-bit bands (blue, green, red,
nir) of fractal noise and fields, each a COG (256-pixel blocks, ZSTD), and `visual`, their 8-bit JPEG COG.

    scene.py DIRECTORY [SIDE]
"""
import os
import sys

import numpy
from osgeo import gdal, osr

gdal.UseExceptions()
BANDS = {"blue": 500, "green": 700, "red": 650, "nir": 2600}


def fractal(side, rng):
    """Noise whose power falls with frequency, like land does: octaves of random grids, enlarged."""
    total = numpy.zeros((side, side), numpy.float32)
    for octave in range(3, 12):
        cells = 2 ** octave
        if cells > side:
            break
        grid = rng.standard_normal((cells, cells)).astype(numpy.float32)
        source = gdal.GetDriverByName("MEM").Create("", cells, cells, 1, gdal.GDT_Float32)
        source.GetRasterBand(1).WriteArray(grid)
        large = gdal.Translate("", source, format="MEM", width=side, height=side, resampleAlg="cubic").ReadAsArray()
        total += large / 2 ** (octave * 0.8)
    return total / total.std()


def write(path, arrays, side, kind, options):
    dataset = gdal.GetDriverByName("MEM").Create("", side, side, len(arrays), kind)
    reference = osr.SpatialReference()
    reference.ImportFromEPSG(32632)
    dataset.SetProjection(reference.ExportToWkt())
    dataset.SetGeoTransform((600000, 10, 0, 5000000, 0, -10))
    for index, array in enumerate(arrays):
        dataset.GetRasterBand(index + 1).WriteArray(array)
        if kind == gdal.GDT_UInt16:
            dataset.GetRasterBand(index + 1).SetNoDataValue(0)
    gdal.GetDriverByName("COG").CreateCopy(path, dataset, options=options)


def main():
    directory, side = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 4096
    os.makedirs(directory, exist_ok=True)
    rng = numpy.random.default_rng(7)
    land = fractal(side, rng)
    fields = numpy.kron(rng.standard_normal((side // 64 + 1, side // 64 + 1)), numpy.ones((64, 64)))[:side, :side]
    bands = {}
    for name, mean in BANDS.items():
        grain = rng.standard_normal((side, side)).astype(numpy.float32)
        sign = -1 if name == "red" else 1
        values = mean * (1 + 0.25 * land + sign * 0.2 * fields + 0.02 * grain)
        bands[name] = numpy.clip(values, 1, 10000).astype(numpy.uint16)
        write(f"{directory}/{name}.tif", [bands[name]], side, gdal.GDT_UInt16,
              ["COMPRESS=ZSTD", "PREDICTOR=2", "BLOCKSIZE=256", "OVERVIEW_RESAMPLING=AVERAGE"])
    visual = [numpy.clip(bands[name] / 8.0, 0, 255).astype(numpy.uint8) for name in ("red", "green", "blue")]
    write(f"{directory}/visual.tif", visual, side, gdal.GDT_Byte, ["COMPRESS=JPEG", "QUALITY=90", "BLOCKSIZE=256"])


main()
