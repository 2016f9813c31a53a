"""Opens a store of a table with zarr and geopandas as they are, and compares it with what was written.

usage: read_table_store.py STORE EXPECTED

EXPECTED holds features.raw (little-endian, in C order) and cells.json.
"""

import json
import sys
from pathlib import Path

import geopandas
import numpy
import zarr


def compare_features(store: Path, expected: Path, columns: list[str], rows: int) -> None:
    features = zarr.open_group(store, mode="r")["features"]
    assert features.dtype == numpy.dtype("float32"), features.dtype
    assert features.shape == (rows, len(columns)), features.shape
    assert features.metadata.dimension_names == ("cell", "column")
    assert json.loads((store / "store.json").read_text())["definition"]["input"]["columns"] == columns
    raw = numpy.fromfile(expected / "features.raw", "<f4").reshape(features.shape)
    assert numpy.array_equal(features[:], raw, equal_nan=True)
    # Single rows, out of order.
    for row in (rows - 1, 0, rows // 2):
        assert numpy.array_equal(features[row], raw[row], equal_nan=True)


def compare_cells(store: Path, cells: list[dict], epsg: int) -> None:
    table = geopandas.read_parquet(store / "cells.parquet")
    assert table.crs.to_epsg() == epsg, table.crs
    assert list(table["row"]) == list(range(len(cells)))
    for row, cell in zip(table.itertuples(), cells, strict=True):
        assert row.cell_id == cell["id"] and row.known_values == cell["known"], row
        for name in ("label", "group"):
            found, wanted = getattr(row, name), cell[name]
            assert (found != found or found is None) if wanted is None else found == wanted, (name, row)
        if cell["point"] is None:
            assert row.geometry is None, row
        else:
            assert row.geometry.geom_type == "Point", row
            assert [row.geometry.x, row.geometry.y] == cell["point"] == [row.centroid_x, row.centroid_y], row


def main() -> None:
    store, expected = Path(sys.argv[1]), Path(sys.argv[2])
    facts = json.loads((expected / "cells.json").read_text())
    compare_features(store, expected, facts["columns"], len(facts["cells"]))
    compare_cells(store, facts["cells"], facts["epsg"])
    print(f"{len(facts['cells'])} rows agree")


if __name__ == "__main__":
    main()
