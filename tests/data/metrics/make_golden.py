"""Writes golden.json: outcomes with ties, gaps and rare classes, and what scikit-learn says about them.

Run with scikit-learn 1.7 or later: python make_golden.py
"""

import json
from pathlib import Path

import numpy as np
from sklearn import metrics

SEED = 20


def rows(generator, cells, classes, truths, skill, steps):
    """Probabilities in multiples of 1/steps, so that they are exact and ties are common."""
    counts = np.zeros((cells, classes), dtype=int)
    for cell in range(cells):
        shares = np.full(classes, (1 - skill) / classes)
        shares[truths[cell]] += skill
        counts[cell] = generator.multinomial(steps, shares)
    return counts / steps


def known(value):
    return None if value is None or np.isnan(value) else float(value)


def per_class(function, truths, probabilities, weights, both_needed):
    values = []
    for c in range(probabilities.shape[1]):
        own = truths == c
        if not own.any() or (both_needed and own.all()):
            values.append(None)
        else:
            values.append(known(function(own, probabilities[:, c], sample_weight=weights)))
    return values


def mean(values):
    values = [value for value in values if value is not None]
    return float(np.mean(values)) if values else None


def averages(truths, predicted, weights, average):
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        truths, predicted, average=average, sample_weight=weights, zero_division=0
    )
    return {"precision": float(precision), "recall": float(recall), "f1": float(f1)}


def scores(truths, probabilities, weights):
    classes = probabilities.shape[1]
    labels = list(range(classes))
    predicted = probabilities.argmax(axis=1)
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        truths, predicted, labels=labels, average=None, sample_weight=weights, zero_division=0
    )
    roc = per_class(metrics.roc_auc_score, truths, probabilities, weights, True)
    pr = per_class(metrics.average_precision_score, truths, probabilities, weights, False)
    if classes == 2:
        brier = metrics.brier_score_loss(truths == 1, probabilities[:, 1], sample_weight=weights)
    else:
        brier = metrics.brier_score_loss(
            truths, probabilities, sample_weight=weights, labels=labels
        )
    return {
        "accuracy": metrics.accuracy_score(truths, predicted, sample_weight=weights),
        "kappa": known(metrics.cohen_kappa_score(truths, predicted, sample_weight=weights)),
        "mcc": metrics.matthews_corrcoef(truths, predicted, sample_weight=weights),
        "log_loss": metrics.log_loss(truths, probabilities, sample_weight=weights, labels=labels),
        "brier": brier,
        "roc_auc": mean(roc),
        "average_precision": mean(pr),
        "macro": averages(truths, predicted, weights, "macro"),
        "weighted": averages(truths, predicted, weights, "weighted"),
        "classes": [
            {
                "precision": float(precision[c]),
                "recall": float(recall[c]),
                "f1": float(f1[c]),
                "roc_auc": roc[c],
                "average_precision": pr[c],
            }
            for c in labels
        ],
    }


def stratified_weights(truths, places, strata):
    """Post-stratified weights: each class in each stratum weighs what it is of the country; what has no cells falls to the others of
    the class."""
    masses = np.array([[s["share"] * p for p in s["prevalence"]] for s in strata])
    counts = np.zeros_like(masses)
    np.add.at(counts, (places, truths), 1)
    covered = np.where(counts > 0, masses, 0.0)
    covered *= masses.sum(axis=0) / covered.sum(axis=0)
    return len(truths) * covered[places, truths] / counts[places, truths]


def case(name, truths, probabilities, target, places=None):
    truths = np.asarray(truths)
    classes = probabilities.shape[1]
    supports = np.bincount(truths, minlength=classes)
    weights = None
    if places is not None:
        weights = stratified_weights(truths, places, target["strata"])
    elif target is not None:
        by_class = [t * len(truths) / s if s else 0.0 for t, s in zip(target, supports)]
        weights = np.array([by_class[truth] for truth in truths])
    own = {} if places is None else {"strata": places.tolist()}
    return own | {
        "name": name,
        "truths": truths.tolist(),
        "probabilities": probabilities.tolist(),
        "target": target,
        "confusion": metrics.confusion_matrix(
            truths, probabilities.argmax(axis=1), labels=list(range(classes))
        ).tolist(),
        "scores": scores(truths, probabilities, weights),
    }


def main():
    generator = np.random.default_rng(SEED)
    cases = []
    two = generator.integers(0, 2, 60)
    skilled = rows(generator, 60, 2, two, 0.5, 8)
    cases.append(case("two classes", two, skilled, None))
    cases.append(case("two classes, one of them rare", two, skilled, [0.979, 0.021]))
    four = generator.choice(4, 80, p=[0.6, 0.25, 0.1, 0.05])
    skilled = rows(generator, 80, 4, four, 0.4, 16)
    cases.append(case("four classes", four, skilled, None))
    cases.append(case("four classes, mixed otherwise", four, skilled, [0.1, 0.2, 0.3, 0.4]))
    three = generator.integers(0, 2, 40)
    skilled = rows(generator, 40, 3, three, 0.6, 8)
    cases.append(case("a class that is predicted but absent", three, skilled, None))
    unseen = skilled.copy()
    unseen[:, 0] += unseen[:, 2]
    unseen[:, 2] = 0
    cases.append(case("a class that is neither known nor predicted", three, unseen, None))
    constant = np.tile([0.25, 0.5, 0.25], (40, 1))
    mixed = generator.integers(0, 3, 40)
    cases.append(case("always the same answer", mixed, constant, None))
    certain = np.eye(3)[generator.permutation(mixed)]
    cases.append(case("certain and often wrong", mixed, certain, None))
    places = generator.integers(0, 3, 80)
    north = {"stratum": "north", "share": 0.2, "prevalence": [0.4, 0.3, 0.2, 0.1]}
    middle = {"stratum": "middle", "share": 0.5, "prevalence": [0.05, 0.05, 0.1, 0.8]}
    south = {"stratum": "south", "share": 0.3, "prevalence": [0.7, 0.3, 0.0, 0.0]}
    four = generator.integers(0, 4, 80)
    # No cell is where the target has none of its class, which scikit-learn would warn of.
    four[(places == 2) & (four > 1)] = 0
    skilled = rows(generator, 80, 4, four, 0.4, 16)
    strata = {"strata": [north, middle, south]}
    cases.append(case("four classes, known by stratum", four, skilled, strata, places))
    two = generator.integers(0, 2, 60)
    places = generator.integers(0, 2, 60)
    two[places == 1] = 0
    strata = [
        {"stratum": "coast", "share": 0.9, "prevalence": [0.9, 0.1]},
        {"stratum": "desert", "share": 0.1, "prevalence": [0.99, 0.01]},
    ]
    skilled = rows(generator, 60, 2, two, 0.5, 8)
    name = "a stratum without cells of a class"
    cases.append(case(name, two, skilled, {"strata": strata}, places))
    lines = ",\n".join(json.dumps(one) for one in cases)
    Path(__file__).with_name("golden.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
