"""Opens a store with zarr and geopandas as they are, and compares it with what was written.

usage: read_store.py STORE EXPECTED

EXPECTED holds bands.raw and mask.raw (little-endian, in C order) and cells.json.
"""

import hashlib
import json
import sys
from pathlib import Path

import geopandas
import numpy
import zarr


def compare_arrays(store: Path, expected: Path, shape: list[int], dtype: str) -> None:
    group = zarr.open_group(store, mode="r")
    bands, mask = group["bands"], group["mask"]
    assert bands.dtype == numpy.dtype(dtype), bands.dtype
    assert mask.dtype == numpy.dtype(bool), mask.dtype
    assert list(bands.shape) == shape, bands.shape
    assert bands.metadata.dimension_names == ("cell", "band", "row", "column")
    assert mask.metadata.dimension_names == ("cell", "row", "column")
    raw = numpy.fromfile(expected / "bands.raw", numpy.dtype(dtype).newbyteorder("<")).reshape(shape)
    assert numpy.array_equal(bands[:], raw)
    used = numpy.fromfile(expected / "mask.raw", bool).reshape(shape[0], *shape[2:])
    assert numpy.array_equal(mask[:], used)
    # Single patches, out of order.
    for cell in (shape[0] - 1, 0, shape[0] // 2):
        assert numpy.array_equal(bands[cell], raw[cell])


def compare_cells(store: Path, cells: list[dict], epsg: int) -> None:
    table = geopandas.read_parquet(store / "cells.parquet")
    assert table.crs.to_epsg() == epsg, table.crs
    assert len(table) == len(cells)
    assert list(table["row"]) == list(range(len(cells)))
    for row, cell in zip(table.itertuples(), cells):
        assert row.cell_id == cell["id"], row
        for name in ("label", "year"):
            found, wanted = getattr(row, name), cell[name]
            assert (found != found or found is None) if wanted is None else found == wanted, (name, row)
        assert row.used_pixels == cell["used"] and row.inside_pixels == cell["inside"], row
        if cell["bounds"] is None:
            assert row.geometry is None, row
            continue
        assert row.geometry.geom_type == "Polygon" and row.geometry.is_valid
        assert list(row.geometry.bounds) == cell["bounds"], row
        assert abs(row.geometry.centroid.x - row.centroid_x) < 1e-6, row
        assert abs(row.geometry.centroid.y - row.centroid_y) < 1e-6, row


def compare_digests(store: Path) -> None:
    manifest = json.loads((store / "store.json").read_text())
    files = [("cells.parquet", manifest["cells"])]
    for index, mark in enumerate(manifest["bands"]):
        files.append((f"bands/c/{index}/0/0/0", mark))
    for index, mark in enumerate(manifest["mask"]):
        files.append((f"mask/c/{index}/0/0", mark))
    for name, mark in files:
        content = (store / name).read_bytes()
        assert len(content) == mark["bytes"], name
        assert hashlib.sha256(content).hexdigest() == mark["sha256"], name


def main() -> None:
    store, expected = Path(sys.argv[1]), Path(sys.argv[2])
    facts = json.loads((expected / "cells.json").read_text())
    compare_arrays(store, expected, facts["shape"], facts["dtype"])
    compare_cells(store, facts["cells"], facts["epsg"])
    compare_digests(store)
    print(f"{len(facts['cells'])} cells agree")


if __name__ == "__main__":
    main()
