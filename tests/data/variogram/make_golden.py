"""Writes golden.json: variograms of scikit-gstat, and models fitted by SciPy with its model functions.

Run with scikit-gstat 1.0.26 and its NumPy and SciPy: python tests/data/variogram/make_golden.py
"""

import json
from pathlib import Path

import numpy as np
from scipy.optimize import curve_fit
from skgstat import Variogram, models

LAGS = 20


def field(rng, count, side, length):
    """Places in a square, and a smooth random field there: a sum of waves that are not shorter than `length`."""
    places = rng.uniform(0.0, side, (count, 2)) + [2_500_000.0, 900_000.0]
    values = np.zeros(count)
    for _ in range(40):
        angle, phase = rng.uniform(0.0, 2.0 * np.pi, 2)
        wave = 2.0 * np.pi / (length * rng.uniform(1.0, 3.0))
        along = places[:, 0] * np.cos(angle) + places[:, 1] * np.sin(angle)
        values += np.cos(wave * along + phase)
    return places, values / 5.0 + rng.normal(0.0, 0.3, count)


def fit(model, distances, semivariances, pairs):
    """The best of several starts, with weights of pairs over squared distance."""
    best = None
    for share in (0.1, 0.3, 0.6, 0.9):
        start = [share * distances[-1], semivariances.max() * 0.7, semivariances.max() * 0.2]
        try:
            parameters, _ = curve_fit(
                model, distances, semivariances, p0=start, sigma=distances / np.sqrt(pairs),
                bounds=(0.0, [2.0 * distances[-1], np.inf, np.inf]), max_nfev=20_000, xtol=1e-14, ftol=1e-14,
                gtol=1e-14)
        except RuntimeError:
            continue
        residuals = (semivariances - model(distances, *parameters)) * np.sqrt(pairs) / distances
        deviation = float(np.sum(residuals**2))
        if best is None or deviation < best["deviation"]:
            r, c, n = map(float, parameters)
            best = {"range": r, "partial_sill": c, "nugget": n, "deviation": deviation}
    return best


def case(name, places, values, reach):
    variogram = Variogram(places, values, n_lags=LAGS, maxlag=reach, bin_func="even", estimator="matheron")
    pairs = variogram.bin_count
    edges = np.linspace(0.0, reach, LAGS + 1)
    away = variogram.distance
    means = np.array([away[(away > low) & (away <= high)].mean() for low, high in zip(edges, edges[1:])])
    gamma = variogram.experimental
    assert (pairs >= 30).all()
    return {
        "name": name, "reach": reach, "x": places[:, 0].tolist(), "y": places[:, 1].tolist(),
        "values": values.tolist(), "pairs": [int(count) for count in pairs], "distances": means.tolist(),
        "semivariances": gamma.tolist(), "exponential": fit(models.exponential, means, gamma, pairs),
        "spherical": fit(models.spherical, means, gamma, pairs),
    }


rng = np.random.default_rng(11)
cases = []
places, values = field(rng, 250, 60_000.0, 12_000.0)
cases.append(case("field", places, values, 30_000.0))
cases.append(case("indicator", places, (values > 0.4).astype(float), 30_000.0))
places, values = field(rng, 200, 20_000.0, 9_000.0)
cases.append(case("smaller", places, values, 10_000.0))
path = Path(__file__).with_name("golden.json")
path.write_text(json.dumps(cases) + "\n")
print(path, path.stat().st_size, "bytes")
for one in cases:
    print(one["name"], one["exponential"], one["spherical"])
