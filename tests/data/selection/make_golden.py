#!/usr/bin/env python3
"""Makes golden.json: what SelectFwe (f_classif) and VarianceThreshold of scikit-learn 1.9.1 make of some tables.

    python3 tests/data/selection/make_golden.py      # writes golden.json beside this file

Numbers are rounded to single precision before both sides see them; scikit-learn computes in double precision.
"""
import json
import math
from pathlib import Path

import numpy as np
from sklearn.feature_selection import SelectFwe, VarianceThreshold, f_classif
from sklearn.pipeline import make_pipeline


def case(name, rng, rows, classes, shifts, alpha, threshold):
    """`shifts`: for each column how far the means of the classes are apart, in deviations; NaN for a constant."""
    labels = np.concatenate([np.arange(classes), rng.integers(0, classes, rows - classes)])
    columns = []
    for index, shift in enumerate(shifts):
        scale = 10.0 ** (index % 5 - 2)
        if math.isnan(shift):
            columns.append(np.full(rows, 0.1))
        else:
            columns.append(scale * (7 + rng.standard_normal(rows) + shift * labels))
    table = np.stack(columns, axis=1).astype(np.float32).astype(np.float64)
    with np.errstate(all="ignore"):
        statistics, p_values = f_classif(table, labels)
        filters = make_pipeline(SelectFwe(f_classif, alpha=alpha), VarianceThreshold(threshold))
        kept = filters.fit(table, labels)[:1].get_feature_names_out([str(i) for i in range(len(shifts))])
        kept = filters[1].get_feature_names_out(kept)
    known = lambda values: [None if math.isnan(value) else float(value) for value in values]
    # What scikit-learn says of constants is rounding.
    constant = np.ptp(table, axis=0) == 0
    statistics[constant] = p_values[constant] = np.nan
    variances = [float(np.var(column)) if np.ptp(column) > 0 else 0.0 for column in table.T]
    return {
        "name": name, "labels": labels.tolist(), "classes": classes, "rows": table.tolist(), "alpha": alpha,
        "threshold": threshold, "statistics": known(statistics), "p_values": known(p_values), "variances": variances,
        "kept": [int(column) for column in kept],
    }


def main():
    rng = np.random.default_rng(9)
    nan = float("nan")
    cases = [
        case("two classes", rng, 60, 2, [0, 1, 0.3, 2, 0.1, 0, nan, 1.5], 0.05, 0.0),
        case("strict", rng, 60, 2, [0, 1, 0.3, 2, 0.1, 0, 0.5, 1.5], 1e-6, 0.0),
        case("five classes", rng, 90, 5, [0, 0.4, 0.1, 1, 0.2, 0.3, nan, 0], 0.05, 0.0),
        case("variance", rng, 50, 3, [1, 1, 1, 1, 1, 1, 1, 1], 0.5, 0.05),
        case("few rows", rng, 7, 2, [0, 3, 5, 9], 0.9, 0.0),
    ]
    path = Path(__file__).with_name("golden.json")
    path.write_text(json.dumps(cases) + "\n")


if __name__ == "__main__":
    main()
