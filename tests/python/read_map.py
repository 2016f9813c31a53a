"""Opens all forms of a map with geopandas, rasterio and GDAL as they are, and compares them with each other.

usage: read_map.py FOLDER COLUMNS ROWS

FOLDER holds map.parquet, map.gpkg, map.csv, map.tif and map-probability.tif, of a grid in EPSG:6372 whose cells are
called c0, c1, … from west to east and from north to south.
"""

import json
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import geopandas
import numpy
import pandas
import pyogrio
import rasterio
from rio_cogeo.cogeo import cog_validate

EPSG = 6372
NO_CLASS = 255
FLAGS = ["inside_area_of_applicability", "trained_on"]


def numbers_of(table: pandas.DataFrame) -> list[str]:
    return [name for name in table.columns if table[name].dtype == numpy.float32]


def compare_package(folder: Path, table: geopandas.GeoDataFrame) -> None:
    path = folder / "map.gpkg"
    package = geopandas.read_file(path, layer="cells")
    assert package.crs.to_epsg() == EPSG, package.crs
    assert list(package.columns) == list(table.columns), package.columns
    assert package.geometry.geom_equals(table.geometry).all()
    for name in table.columns.drop("geometry"):
        found, expected = package[name], table[name]
        if name in FLAGS:
            assert found.dtype == bool, (name, found.dtype)
        if name in numbers_of(table):
            assert found.dtype == numpy.float32, (name, found.dtype)
            assert numpy.array_equal(found, expected, equal_nan=True), name
        else:
            same = (found == expected) | (found.isna() & expected.isna())
            assert same.all(), (name, found[~same], expected[~same])
    layers = dict(pyogrio.list_layers(path))
    assert layers == {"cells": "Polygon", "layer_styles": None}, layers
    compare_style(pyogrio.read_dataframe(path, layer="layer_styles"), classes_of(table))


def compare_style(styles: pandas.DataFrame, classes: list[str]) -> None:
    assert len(styles) == 1
    style = styles.iloc[0]
    assert (style.f_table_name, style.f_geometry_column) == ("cells", "geom"), style
    assert bool(style.useAsDefault), style
    renderer = ElementTree.fromstring(style.styleQML).find("renderer-v2")
    assert renderer.get("attr") == "class"
    values = [category.get("value") for category in renderer.iter("category")]
    assert values == [*classes, ""], values
    symbols = [symbol.get("name") for symbol in renderer.find("symbols")]
    assert symbols == [category.get("symbol") for category in renderer.iter("category")]


def classes_of(table: pandas.DataFrame) -> list[str]:
    start = "probability_"
    return [name.removeprefix(start) for name in table.columns if name.startswith(start)]


def compare_rasters(folder: Path, table: geopandas.GeoDataFrame, columns: int, rows: int) -> None:
    places = table["cell_id"].str.removeprefix("c").astype(int).to_numpy()
    classes = classes_of(table)
    expected = numpy.full(columns * rows, NO_CLASS, numpy.uint8)
    codes = pandas.Categorical(table["class"], classes).codes
    expected[places] = numpy.where(codes < 0, NO_CLASS, codes)
    west, south, east, north = table.total_bounds
    with rasterio.open(folder / "map.tif") as raster:
        assert raster.crs.to_epsg() == EPSG and raster.dtypes == ("uint8",)
        assert (raster.bounds.left, raster.bounds.top) == (west, north), raster.bounds
        assert raster.nodata == NO_CLASS and raster.descriptions == ("class",)
        assert numpy.array_equal(raster.read(1), expected.reshape(rows, columns))
        colours = raster.colormap(1)
        assert colours[0] == (220, 220, 210, 255) and colours[1] == (213, 94, 0, 255), colours
        assert [raster.tags(1)[f"CLASS_{code}"] for code in range(len(classes))] == classes
        assert raster.overviews(1), "there are no overviews"
    with rasterio.open(folder / "map-probability.tif") as raster:
        names = [name for name in numbers_of(table)]
        assert list(raster.descriptions) == names, raster.descriptions
        assert raster.crs.to_epsg() == EPSG and numpy.isnan(raster.nodata)
        for band, name in enumerate(names, 1):
            wanted = numpy.full(columns * rows, numpy.nan, numpy.float32)
            wanted[places] = table[name]
            found = raster.read(band)
            assert found.dtype == numpy.float32
            assert numpy.array_equal(found, wanted.reshape(rows, columns), equal_nan=True), name
        for band in range(1, raster.count + 1):
            assert raster.overviews(band), "there are no overviews"
    for name in ("map.tif", "map-probability.tif"):
        valid, errors, warnings = cog_validate(folder / name, strict=True)
        assert valid and not errors and not warnings, (name, errors, warnings)


def compare_csv(folder: Path, table: geopandas.GeoDataFrame) -> None:
    lines = pandas.read_csv(folder / "map.csv")
    assert list(lines.columns) == [name for name in table.columns if name not in ("label", "year", "geometry")]
    assert list(lines["cell_id"]) == list(table["cell_id"])
    for name in numbers_of(table):
        assert numpy.array_equal(lines[name].astype(numpy.float32), table[name], equal_nan=True), name
    for name in FLAGS:
        assert numpy.array_equal(lines[name].astype(bool), table[name]), name
    assert lines["class"].fillna("").equals(table["class"].fillna("").astype(lines["class"].dtype))


def compare_tools(folder: Path, table: geopandas.GeoDataFrame) -> None:
    """What the programs of GDAL say."""
    for program in ("gdalinfo", "ogrinfo"):
        assert shutil.which(program), f"`{program}` is needed: apt-get install gdal-bin"
    classes = classes_of(table)
    said = information(folder / "map.tif")
    band = said["bands"][0]
    assert band["description"] == "class" and band["type"] == "Byte", band
    assert band["noDataValue"] == NO_CLASS and band["categories"] == classes, band
    assert band["colorTable"]["entries"][:2] == [[220, 220, 210, 255], [213, 94, 0, 255]], band["colorTable"]
    for band in information(folder / "map-probability.tif")["bands"]:
        # JSON has no number for it.
        assert band["noDataValue"] == "NaN" and band["type"] == "Float32", band
    said = subprocess.check_output(["ogrinfo", "-so", folder / "map.gpkg", "cells"], text=True)
    assert f"Feature Count: {len(table)}" in said, said
    assert f'ID["EPSG",{EPSG}]]\n' in said, said
    assert "Geometry: Polygon" in said, said
    for column, kind in {"class": "String", "uncertainty": "Real(Float32)", "trained_on": "Integer(Boolean)"}.items():
        assert f"\n{column}: {kind}" in said, said
    query = "SELECT DISTINCT class FROM cells WHERE class IS NOT NULL ORDER BY class"
    said = subprocess.check_output(["ogrinfo", "-q", folder / "map.gpkg", "-sql", query], text=True)
    found = [line.split(" = ", 1)[1] for line in said.splitlines() if line.startswith("  class (String) = ")]
    assert found == sorted(classes), said


def information(raster: Path) -> dict:
    """What `gdalinfo` says of a raster of the map; all of them lie in the same place."""
    said = json.loads(subprocess.check_output(["gdalinfo", "-json", raster]))
    assert said["metadata"]["IMAGE_STRUCTURE"]["LAYOUT"] == "COG", said["metadata"]
    reference = said["coordinateSystem"]["wkt"]
    assert reference.endswith(f'ID["EPSG",{EPSG}]]'), reference
    assert said["geoTransform"][1] == -said["geoTransform"][5] == 1000, said["geoTransform"]
    return said


def main() -> None:
    folder, columns, rows = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    table = geopandas.read_parquet(folder / "map.parquet")
    assert table.crs.to_epsg() == EPSG
    compare_package(folder, table)
    compare_csv(folder, table)
    compare_rasters(folder, table, columns, rows)
    compare_tools(folder, table)


main()
