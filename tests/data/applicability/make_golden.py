"""Writes golden.json: dissimilarity indexes by the definitions of Meyer and Pebesma (2021), in double precision.

Sections 2.1 to 2.3 of the paper: predictors are standardised by the training data and weighted by their importance,
the index of a cell is its distance to the nearest training cell divided by the mean distance between training cells,
that of a training cell leaves out its own fold, and the threshold is the upper whisker of those: the upper quartile
plus 1.5 times the interquartile range, at most their maximum. Missing numbers are put at the mean, as this project
does; the paper has none.

Run with numpy and scipy: python make_golden.py
"""

import json
from pathlib import Path

import numpy as np
from scipy.spatial.distance import cdist

SEED = 12


def case(name, generator, cells, columns, missing):
    values = generator.normal(size=(cells, columns)) * generator.uniform(0.1, 50, columns)
    values += generator.normal(size=columns) * 100
    # A column that is the same everywhere and one that is not important are left out.
    values[:, 1] = 3.5
    importances = np.round(generator.uniform(0.05, 1, columns), 3)
    importances[2] = 0
    importances[3] = -0.2
    values = values.astype(np.float32)
    others = (values[:25] * 1.3 + generator.normal(size=(25, columns)) * 10).astype(np.float32)
    for table in (values, others):
        table[generator.random(table.shape) < missing] = np.nan
    folds = generator.integers(0, 4, cells)

    known = values.astype(float)
    kept = [c for c in range(columns) if importances[c] > 0 and c != 1]
    mean = np.nanmean(known[:, kept], axis=0)
    deviation = np.nanstd(known[:, kept], axis=0, ddof=1)

    def place(table):
        scaled = (table.astype(float)[:, kept] - mean) / deviation * importances[kept]
        return np.nan_to_num(scaled, nan=0.0)

    distances = cdist(place(values), place(values))
    mean_distance = distances[~np.eye(cells, dtype=bool)].mean()
    same = folds[:, None] == folds[None, :]
    cross_validated = np.where(same, np.inf, distances).min(axis=1) / mean_distance
    low, high = np.quantile(cross_validated, [0.25, 0.75])
    found = cdist(place(others), place(values)).min(axis=1) / mean_distance
    squares = importances[kept] ** 2
    little = (np.isfinite(others[:, kept]) * squares).sum(axis=1) < squares.sum() / 2
    assert not (np.isfinite(values[:, kept]) * squares).sum(axis=1).min() < squares.sum() / 2
    return {
        "name": name,
        "values": [[None if np.isnan(v) else float(v) for v in row] for row in values],
        "importances": importances.tolist(),
        "folds": folds.tolist(),
        "others": [[None if np.isnan(v) else float(v) for v in row] for row in others],
        "cross_validated": cross_validated.tolist(),
        "threshold": float(min(high + 1.5 * (high - low), cross_validated.max())),
        "dissimilarity": [None if gone else float(v) for v, gone in zip(found, little)],
    }


def main():
    generator = np.random.default_rng(SEED)
    cases = [
        case("all known", generator, 50, 7, 0.0),
        case("some missing", generator, 50, 14, 0.04),
    ]
    lines = ",\n".join(json.dumps(one) for one in cases)
    Path(__file__).with_name("golden.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
