# Makes the table of this experiment from the locality polygons of Mexico; needs nothing but Python.
#
# usage: make_table.py LOCALITIES.gpkg TABLE.csv
#
# One row per locality: its key, whether the statistical office calls it urban or rural (empty where it does not
# say), its state, the middle of its box in degrees, and what its polygon and the census tell. Lengths are in
# kilometres on a sphere, good to about half a percent.

import csv
import math
import sqlite3
import struct
import sys

KM_PER_DEGREE = 111.195  # 6371.0 km * pi / 180
COLUMNS = "area perimeter width height parts corners residents dwellings".split()


def rings(blob: bytes) -> list[list[list[tuple[float, float]]]]:
    """The polygons of a GeoPackage geometry (little-endian MultiPolygon), each a list of rings."""
    envelope = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}[blob[3] >> 1 & 7]
    at = 8 + envelope

    def integer() -> int:
        nonlocal at
        at += 4
        return struct.unpack_from("<I", blob, at - 4)[0]

    def header(expected: int) -> int:
        nonlocal at
        assert blob[at] == 1, "little-endian"
        at += 1
        assert integer() == expected
        return integer()

    polygons = []
    for _ in range(header(6)):
        polygon = []
        for _ in range(header(3)):
            count = integer()
            numbers = struct.unpack_from(f"<{2 * count}d", blob, at)
            at += 16 * count
            polygon.append(list(zip(numbers[::2], numbers[1::2])))
        polygons.append(polygon)
    return polygons


def describe(polygons: list[list[list[tuple[float, float]]]]) -> dict[str, float]:
    points = [point for polygon in polygons for ring in polygon for point in ring]
    west, east = min(x for x, _ in points), max(x for x, _ in points)
    south, north = min(y for _, y in points), max(y for _, y in points)
    x, y = (west + east) / 2, (south + north) / 2
    across = KM_PER_DEGREE * math.cos(math.radians(y))
    area = perimeter = 0.0
    for polygon in polygons:
        for hole, ring in enumerate(polygon):
            flat = [((px - x) * across, (py - y) * KM_PER_DEGREE) for px, py in ring]
            sides = list(zip(flat, flat[1:]))
            own = abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in sides)) / 2
            area += -own if hole else own
            perimeter += sum(math.dist(*side) for side in sides)
    return {
        "longitude": x,
        "latitude": y,
        "area": area,
        "perimeter": perimeter,
        "width": (east - west) * across,
        "height": (north - south) * KM_PER_DEGREE,
        "parts": len(polygons),
        "corners": len(points) - sum(len(polygon) for polygon in polygons),
    }


def number(text: str | None) -> str:
    return text if text and text.isdigit() else ""


def main() -> None:
    localities = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
    select = "select cvegeo, ambito, pob, viv, geom from localities order by cvegeo"
    seen = set()
    with open(sys.argv[2], "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["locality", "kind", "state", "longitude", "latitude", *COLUMNS])
        for key, kind, residents, dwellings, geometry in localities.execute(select):
            if key in seen:
                continue
            seen.add(key)
            row = describe(rings(geometry))
            row |= {"residents": number(residents), "dwellings": number(dwellings)}
            place = [f"{row['longitude']:.5f}", f"{row['latitude']:.5f}"]
            values = [f"{value:.6g}" if isinstance(value, float) else value for value in map(row.get, COLUMNS)]
            table.writerow([key, (kind or "").lower(), key[:2], *place, *values])


if __name__ == "__main__":
    main()
