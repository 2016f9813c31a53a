"""Writes golden.json: areas and accuracies of stratified samples, from single units.

Nothing here uses the formulas of Olofsson and others 2014: every share is the mean of an indicator over the units of each
stratum, and the producer's accuracy a combined ratio of two such means, whose variance comes from its residuals (Cochran
1977, Sampling Techniques, equations 5.6 and 6.44), all with the finite population correction. The first case is the
worked example of the article, tables 8 and 9.

Run with numpy: python make_golden.py
"""

import json
from pathlib import Path

import numpy as np


def variance_of_mean(values, mapped, strata):
    """Variance of the stratified mean of `values`, one for each unit."""
    weights = mapped / mapped.sum()
    total = 0.0
    for stratum, cells in enumerate(mapped):
        own = values[strata == stratum]
        if cells:
            total += weights[stratum] ** 2 * (1 - len(own) / cells) * own.var(ddof=1) / len(own)
    return total


def mean(values, mapped, strata):
    weights = mapped / mapped.sum()
    return sum(weights[s] * values[strata == s].mean() for s in range(len(mapped)) if mapped[s])


def case(mapped, sample):
    """`sample` is `[mapped class][known class]`."""
    mapped, sample = np.array(mapped), np.array(sample)
    classes = len(mapped)
    strata = np.repeat(np.repeat(np.arange(classes), classes), sample.ravel())
    truths = np.repeat(np.tile(np.arange(classes), classes), sample.ravel())
    found = {"mapped": mapped.tolist(), "sample": sample.tolist(), "classes": []}
    right = (strata == truths).astype(float)
    found["accuracy"] = [mean(right, mapped, strata), np.sqrt(variance_of_mean(right, mapped, strata))]
    for own in range(classes):
        is_own = (truths == own).astype(float)
        both = is_own * (strata == own)
        area, hits = mean(is_own, mapped, strata), mean(both, mapped, strata)
        users = is_own[strata == own]
        error = np.sqrt((1 - len(users) / mapped[own]) * users.var(ddof=1) / len(users))
        residual = both - hits / area * is_own
        found["classes"].append({
            "share": [area, np.sqrt(variance_of_mean(is_own, mapped, strata))],
            "users": [users.mean(), error],
            "producers": [hits / area, np.sqrt(variance_of_mean(residual, mapped, strata)) / area],
        })
    return found


def main():
    generator = np.random.default_rng(31)
    cases = [case([200_000, 150_000, 3_200_000, 6_450_000],
                  [[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]])]
    for classes in (2, 2, 3, 5):
        sample = generator.integers(1, 40, (classes, classes)) + np.diag(generator.integers(20, 200, classes))
        mapped = sample.sum(axis=1) + generator.integers(1, 5000, classes)
        cases.append(case(mapped, sample))
    text = json.dumps({"cases": cases}, indent=1)
    Path(__file__).with_name("golden.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
