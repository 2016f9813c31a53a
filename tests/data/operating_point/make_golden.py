"""Writes golden.json: out-of-fold predictions, and what the peers make of them.

Calibrations, scores and thresholds are scikit-learn's, conformal sets those of crepes and MAPIE. scikit-learn's
optimisers stop when a gradient is below 1e-6; where its minimum is compared, the same loss is minimised further here,
the script checks that this is scikit-learn's minimum to the accuracy of its optimiser, and both are written.

Run with scikit-learn 1.9, crepes 0.9 and MAPIE 1.6: python make_golden.py
"""

import json
import warnings
from pathlib import Path

import numpy as np
from crepes import ConformalClassifier
from mapie.classification import SplitConformalClassifier
from scipy.optimize import brentq
from scipy.special import expit, log_softmax, softmax
from sklearn import metrics
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import _SigmoidCalibration, _TemperatureScaling, calibration_curve
from sklearn.isotonic import IsotonicRegression

SEED = 5
EDGE = 1e-6
BINS = 15
STEPS = 256


def counts(probabilities):
    """Probabilities as multiples of 1 / STEPS."""
    return np.rint(probabilities * STEPS).astype(int).tolist()


def clipped(probabilities):
    return np.clip(probabilities, EDGE, 1 - EDGE)


def log_odds(probabilities):
    inside = clipped(probabilities)
    return np.log(inside) - np.log1p(-inside)


def finished(rows):
    rows = clipped(rows)
    return rows / rows.sum(axis=1, keepdims=True)


def polished_sigmoid(scores, own, weights, start):
    """Newton's method on the loss of Platt (1999), to the accuracy of the machine."""
    n1, n0 = weights[own].sum(), weights[~own].sum()
    targets = np.where(own, (n1 + 1) / (n1 + 2), 1 / (n0 + 2))
    design = np.stack([scores, np.ones_like(scores)], axis=1)
    found = np.array(start)
    for _ in range(50):
        said = expit(design @ found)
        gradient = design.T @ (weights * (said - targets))
        hessian = design.T @ (design * (weights * said * (1 - said))[:, None])
        step = np.linalg.solve(hessian, gradient)
        found = found - step
        if np.abs(step).max() < 1e-14 * (1 + np.abs(found).max()):
            break
    return found


def platt(scores, own, weights):
    peer = _SigmoidCalibration().fit(scores, own.astype(float), weights)
    peer = np.array([-peer.a_, -peer.b_])
    found = polished_sigmoid(scores, own, weights, peer)
    there = np.abs(expit(scores * peer[0] + peer[1]) - expit(scores * found[0] + found[1])).max()
    assert there < 1e-5, there
    return peer, found


def temperature(logs, truths, weights):
    peer = float(_TemperatureScaling().fit(logs, truths, weights).beta_)
    rows = np.arange(len(truths))

    def slope(log_inverse):
        inverse = np.exp(log_inverse)
        mean = (softmax(inverse * logs, axis=1) * logs).sum(axis=1)
        return (weights * (mean - logs[rows, truths])).sum()

    found = float(np.exp(brentq(slope, -9.9, 9.9, xtol=1e-15, rtol=1e-15)))
    assert abs(peer / found - 1) < 1e-5, (peer, found)
    return peer, found


def curve_classes(classes):
    return [1] if classes == 2 else list(range(classes))


def joined(columns, classes):
    if classes == 2:
        return finished(np.stack([1 - columns[0], columns[0]], axis=1))
    return finished(np.stack(columns, axis=1))


def calibrators(probabilities, truths, weights):
    """A function from raw to calibrated rows for each kind, and the numbers that it consists of."""
    classes = probabilities.shape[1]
    curves = curve_classes(classes)
    sigmoids = [platt(log_odds(probabilities[:, c]), truths == c, weights) for c in curves]
    rising = [
        IsotonicRegression(out_of_bounds="clip", y_min=0, y_max=1).fit(
            clipped(probabilities[:, c]), truths == c, weights
        )
        for c in curves
    ]
    inverse = temperature(np.log(clipped(probabilities)), truths, weights)
    apply = {
        "none": finished,
        "temperature": lambda raw: finished(
            np.exp(log_softmax(inverse[1] * np.log(clipped(raw)), axis=1))
        ),
        "platt": lambda raw: joined(
            [expit(log_odds(raw[:, c]) * f[0] + f[1]) for c, (_, f) in zip(curves, sigmoids)],
            classes,
        ),
        "isotonic": lambda raw: joined(
            [one.predict(clipped(raw[:, c])) for c, one in zip(curves, rising)], classes
        ),
    }
    numbers = {
        "inverse_temperature": {"peer": inverse[0], "found": inverse[1]},
        "sigmoids": [{"peer": list(peer), "found": list(found)} for peer, found in sigmoids],
        "curves": [
            one.predict(clipped(np.arange(0, STEPS + 1, 4) / STEPS)).tolist() for one in rising
        ],
    }
    return apply, numbers


def cross_fitted_losses(probabilities, truths, folds, weights):
    rows = {}
    for fold in np.unique(folds):
        there = folds == fold
        apply, _ = calibrators(probabilities[~there], truths[~there], weights[~there])
        for kind, function in apply.items():
            rows.setdefault(kind, np.zeros_like(probabilities))[there] = function(probabilities[there])
    labels = list(range(probabilities.shape[1]))
    return {
        kind: metrics.log_loss(truths, calibrated, sample_weight=weights, labels=labels)
        for kind, calibrated in rows.items()
    }


def equal_width_error(said, own, weights):
    """Weighted; where all weights are one, the bins are checked against scikit-learn's."""
    edges = np.linspace(0, 1, BINS + 1)
    bins = np.searchsorted(edges[1:-1], said)
    error = 0.0
    for one in np.unique(bins):
        there = bins == one
        share = weights[there].sum() / weights.sum()
        error += share * abs(
            np.average(said[there], weights=weights[there])
            - np.average(own[there], weights=weights[there])
        )
    if (weights == 1).all():
        rates, means = calibration_curve(own, said, n_bins=BINS, strategy="uniform")
        sizes = np.bincount(bins, minlength=BINS)
        sizes = sizes[sizes > 0] / len(said)
        assert abs(error - (sizes * np.abs(rates - means)).sum()) < 1e-12
    return error


def equal_mass_error(said, own, weights):
    """Bins are filled by rising probability until they hold their share; equal probabilities stay together."""
    total, filled, error, number = weights.sum(), 0.0, 0.0, 0
    held = []
    for value in np.unique(said):
        there = np.flatnonzero(said == value)
        held.extend(there)
        filled += weights[there].sum()
        if number + 1 < BINS and filled / total >= (number + 1) / BINS - 1e-12:
            while number + 1 < BINS and filled / total >= (number + 1) / BINS - 1e-12:
                number += 1
            error += part_error(said, own, weights, held)
            held = []
    return error + (part_error(said, own, weights, held) if held else 0.0)


def part_error(said, own, weights, held):
    w = weights[held]
    gap = np.average(said[held], weights=w) - np.average(own[held], weights=w)
    return w.sum() / weights.sum() * abs(gap)


def quality(rows, truths, by_class):
    weights = by_class[truths]
    classes = rows.shape[1]
    labels = list(range(classes))
    if classes == 2:
        brier = metrics.brier_score_loss(truths == 1, rows[:, 1], sample_weight=weights)
    else:
        brier = metrics.brier_score_loss(truths, rows, sample_weight=weights, labels=labels)
    top = rows.argmax(axis=1)
    views = [(rows.max(axis=1), top == truths)]
    views += [(rows[:, c], truths == c) for c in labels]
    return {
        "weights": by_class.tolist(),
        "brier": brier,
        "log_loss": metrics.log_loss(truths, rows, sample_weight=weights, labels=labels),
        "equal_width": [equal_width_error(said, own, weights) for said, own in views],
        "equal_mass": [equal_mass_error(said, own, weights) for said, own in views],
    }


def thresholds(said, own, weights, by_class):
    precision, recall, found = metrics.precision_recall_curve(own, said, sample_weight=weights)
    # From the highest threshold; the last point of scikit-learn has none.
    precision, recall, found = precision[:-1][::-1], recall[:-1][::-1], found[::-1]
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-300)
    wanted = float(np.quantile(precision, 0.7))
    reached = np.flatnonzero(precision >= wanted - 1e-12)[-1]
    enough = np.flatnonzero(recall >= 0.8 - 1e-12)[0]

    def cut(index):
        return [float(found[index]), float(precision[index]), float(recall[index])]

    return {
        "weights": by_class.tolist(),
        "max_f1": cut(int(np.argmax(np.round(f1, 12)))),
        "wanted_precision": wanted,
        "precision": cut(reached),
        "recall": cut(enough),
    }


class Echo(ClassifierMixin, BaseEstimator):
    """A classifier whose probabilities are its input."""

    def __init__(self, classes=2):
        self.classes = classes
        self.classes_ = np.arange(classes)
        self.fitted_ = True

    def fit(self, x, y):
        return self

    def predict_proba(self, x):
        return np.asarray(x)

    def predict(self, x):
        return np.asarray(x).argmax(axis=1)


def conformal(probabilities, truths, others, error):
    classes = probabilities.shape[1]
    rows = np.arange(len(truths))
    by_class = ConformalClassifier().fit(1 - probabilities[rows, truths], bins=truths)
    sets = np.zeros(others.shape, dtype=bool)
    for c in range(classes):
        scores = 1 - others[:, [c]]
        bins = np.full(len(others), c)
        p_values = by_class.predict_p(scores, bins=bins, smoothing=False)
        sets[:, c] = p_values[:, 0] > error
    # MAPIE has no sets by class: each class is conformalised alone, and its own column is taken.
    for c in range(classes):
        there = truths == c
        # It warns that one class alone is conformalised.
        warnings.simplefilter("ignore", UserWarning)
        peer = SplitConformalClassifier(Echo(classes), confidence_level=1 - error, prefit=True)
        peer.conformalize(probabilities[there], truths[there])
        _, found = peer.predict_set(others)
        assert (found[:, c, 0] == sets[:, c]).all(), c
    return {"error": error, "others": counts(others), "sets": sets.tolist()}


def estimate(rows, prior):
    """Saerens, Latinne and Decaestecker (2002), equation 2.9."""
    shares = prior.copy()
    for _ in range(10_000):
        moved = rows * (shares / prior)
        moved /= moved.sum(axis=1, keepdims=True)
        change = np.abs(moved.mean(axis=0) - shares).max()
        shares = moved.mean(axis=0)
        if change < 1e-13:
            break
    return shares


def draw(generator, truths, classes, skill, extreme):
    """Rows in multiples of 1 / STEPS, exact in single precision; some are certain."""
    rows = np.zeros((len(truths), classes))
    for cell, truth in enumerate(truths):
        alpha = np.ones(classes)
        alpha[truth] += skill
        shares = generator.dirichlet(alpha)
        rows[cell] = generator.multinomial(STEPS, shares) / STEPS
        if generator.random() < extreme:
            rows[cell] = np.eye(classes)[rows[cell].argmax()]
    return rows


def case(name, generator, cells, classes, skill, extreme, weighted):
    truths = np.arange(cells) % classes
    probabilities = draw(generator, truths, classes, skill, extreme)
    folds = np.arange(cells) // 7 % 4
    weights = np.round(generator.uniform(0.2, 3, cells), 3) if weighted else np.ones(cells)
    apply, numbers = calibrators(probabilities, truths, weights)
    calibrated = apply["platt"](probabilities)
    target = np.linspace(1, 4, classes) / np.linspace(1, 4, classes).sum()
    shares = np.bincount(truths) / cells
    own = truths == classes - 1
    # A class of the sample weighs as much as makes it as common as in the target.
    by_class = target / shares
    others = draw(generator, np.arange(40) % classes, classes, skill, extreme)
    return {
        "name": name,
        "truths": truths.tolist(),
        "counts": counts(probabilities),
        "folds": folds.tolist(),
        "weights": weights.tolist() if weighted else None,
        **numbers,
        "calibrated": {kind: one(others).tolist() for kind, one in apply.items()},
        "losses": cross_fitted_losses(probabilities, truths, folds, weights),
        "qualities": [
            quality(calibrated, truths, np.ones(classes)),
            quality(calibrated, truths, by_class),
        ],
        "thresholds": thresholds(calibrated[:, -1], own, by_class[truths], by_class),
        "conformal": conformal(probabilities, truths, others, 0.15),
        "target": target.tolist(),
    }


def with_estimate(generator, one, skill):
    """Adds the most likely mixture of other rows."""
    classes = len(one["target"])
    rare = generator.choice(classes, 60, p=one["target"])
    rows = finished(draw(generator, rare, classes, skill, 0))
    shares = np.bincount(one["truths"]) / len(one["truths"])
    one["estimate"] = {"rows": rows.tolist(), "shares": estimate(rows, shares).tolist()}
    return one


def main():
    generator = np.random.default_rng(SEED)
    cases = [
        case("two classes", generator, 112, 2, 1.5, 0.0, False),
        case("two classes, some certain, weighted", generator, 112, 2, 1.5, 0.2, True),
        case("three classes", generator, 140, 3, 2.0, 0.0, False),
        case("four classes, some certain, weighted", generator, 168, 4, 2.5, 0.15, True),
    ]
    cases = [with_estimate(generator, one, 2.0) for one in cases]
    lines = ",\n".join(json.dumps(one) for one in cases)
    Path(__file__).with_name("golden.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
