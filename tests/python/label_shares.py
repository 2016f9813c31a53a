"""Labels of a grid, computed anew with geopandas and shapely.

usage: label_shares.py GRID.gpkg POLYGONS CLASS_COLUMN URBAN_VALUE [WITHIN_METRES [SAMPLE]]

Recomputes for each cell (or a random SAMPLE of those that meet a polygon) the share that urban polygons
cover (at least 0.5: urban), and whether it is known at all (at least 0.5 covered by any polygon, or the
centre within WITHIN_METRES of one). Cells whose share lies within 1e-6 of a limit may have either label.
Prints the number of cells that were compared; ends with 1 where a label differs.
"""

import sys

import geopandas
import numpy

grid_path, polygons_path, column, urban_value = sys.argv[1:5]
within = float(sys.argv[5]) if len(sys.argv) > 5 else None
sample = int(sys.argv[6]) if len(sys.argv) > 6 else None

grid = geopandas.read_file(grid_path)
polygons = geopandas.read_file(polygons_path).to_crs(grid.crs)
polygons["geometry"] = polygons.geometry.make_valid()
if sample:
    met = polygons.sindex.query(grid.geometry, predicate="intersects")[0]
    chosen = numpy.random.default_rng(1).choice(numpy.unique(met), sample, replace=False)
    grid = grid.iloc[numpy.sort(chosen)].reset_index(drop=True)
tree = polygons.sindex
different = 0
for cell in grid.itertuples():
    near = polygons.iloc[tree.query(cell.geometry)]
    pieces = near.geometry.intersection(cell.geometry)
    area = cell.geometry.area
    urban = pieces[(near[column] == urban_value).values].union_all().area / area
    covered = pieces.union_all().area / area
    if within is None:
        known, near_limit = covered >= 0.5, abs(covered - 0.5) < 1e-6
    else:
        known, near_limit = covered > 0 or len(tree.query(cell.geometry.centroid, predicate="dwithin", distance=within)) > 0, False
    expected = "urban" if urban >= 0.5 else "non-urban" if urban < 0.1 and known else None
    found = cell.label if isinstance(cell.label, str) else None
    near_limit = near_limit or min(abs(urban - 0.5), abs(urban - 0.1)) < 1e-6
    if found != expected and not near_limit:
        different += 1
        print(f"{cell.cell_id}: found {found}, expected {expected}, urban {urban}, covered {covered}", file=sys.stderr)
print(len(grid))
sys.exit(1 if different else 0)
