"""Writes the same table with pandas as CSV, as Parquet, and as Parquet compressed in other ways.

usage: write_tables.py FOLDER
"""

import sys
from pathlib import Path

import numpy
import pandas


def main() -> None:
    folder = Path(sys.argv[1])
    table = pandas.DataFrame(
        {
            "plot": [101, 102, 103],
            "kind": [0, 1, 0],
            "slope": numpy.array([1.5, numpy.nan, 1e-40]),
            "rain": numpy.array([0.1, 2.5, -3.25], dtype="float32"),
            "wet": [True, False, True],
            "count": pandas.array([5, 6, None], dtype="Int64"),
        }
    )
    table.to_csv(folder / "plots.csv", index=False)
    table.to_parquet(folder / "plots.parquet", index=False, compression="zstd")
    for other in ["snappy", "gzip"]:
        table.to_parquet(folder / f"{other}.parquet", index=False, compression=other)


if __name__ == "__main__":
    main()
