"""Opens the forms of a map in QGIS, and says where they are not what a user expects to see.

    python3 open_in_qgis.py FOLDER COLUMNS ROWS

Needs QGIS for the Python that runs it; checks `map.tif` and `map.gpkg`, of the classes below.
"""
import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from qgis.core import QgsApplication, QgsRasterLayer, QgsVectorLayer  # noqa: E402

NAMES = ["non-urban", "urban & <new>"]
COLOURS = ["#dcdcd2", "#d55e00"]


def expect(what, found, expected):
    if found != expected:
        raise SystemExit(f"{what}: {found}; expected {expected}")


def check(folder: Path, columns: int, rows: int) -> None:
    raster = QgsRasterLayer(str(folder / "map.tif"), "classes")
    expect("the raster can be read", raster.isValid(), True)
    expect("columns and rows", (raster.width(), raster.height()), (columns, rows))
    expect("reference system", raster.crs().authid(), "EPSG:6372")
    expect("the value of no class", raster.dataProvider().sourceNoDataValue(1), 255.0)
    legend = [(entry.value, entry.label, entry.color.name()) for entry in raster.renderer().classes()]
    expect("legend of the raster", legend, [(0.0, NAMES[0], COLOURS[0]), (1.0, NAMES[1], COLOURS[1])])
    numbers = QgsRasterLayer(str(folder / "map-probability.tif"), "numbers")
    expect("the numbers can be read", numbers.isValid(), True)
    cells = QgsVectorLayer(str(folder / "map.gpkg"), "cells", "ogr")
    expect("the cells can be read", cells.isValid(), True)
    # Every seventh cell is missing.
    expect("cells", cells.featureCount(), columns * rows - len(range(0, columns * rows, 7)))
    expect("reference system of the cells", cells.crs().authid(), "EPSG:6372")
    categories = [(entry.value(), entry.label(), entry.symbol().color().name())
                  for entry in cells.renderer().categories()]
    expect("legend of the cells", categories[:2],
           [(NAMES[0], NAMES[0], COLOURS[0]), (NAMES[1], NAMES[1], COLOURS[1])])
    expect("the legend ends with cells without a class", categories[2][1], "no class")


def main(folder: Path, columns: int, rows: int) -> None:
    application = QgsApplication([], False)
    application.initQgis()
    # What QGIS has opened must be gone before it ends.
    check(folder, columns, rows)
    application.exitQgis()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
