#!/usr/bin/env python3
"""Forests of Tesela and of scikit-learn on the same splits: are they equally good?

    python3 benches/peers/trees_quality.py [--seeds 10] [--trees 100] [--parts bars parity weights missing importances]
                                           [--sets digits ...] [--models extra-trees random-forest] [--rows 40000]
                                           [--parity-seeds 30]

`bars`: error on seven small sets; four come with scikit-learn (three times ten folds), three are made by Breiman's recipes
(300 rows to learn, ten draws). `parity`: accuracy, log-loss, nodes a tree and the accuracy of single trees on a synthetic task of
`--rows` rows and on two small sets. `weights`: weighted classes and rows, with and without bootstrap. `missing`: a fifth of the
numbers is missing. `importances`: rank correlation of mean importances.

Each line compares means over seeds; `t` is the difference over its standard error (Welch). Ends with one line of JSON: the largest
|t| of each part, and whether every Extra Trees error of `bars` is within two standard errors. Takes about an hour with all parts;
each part can be run alone.
"""
from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import environment

environment.restart_inside([environment.NUMPY, environment.SCIPY, "scikit-learn==1.9.1"])

import numpy as np  # noqa: E402
from scipy.stats import spearmanr  # noqa: E402
from sklearn import datasets  # noqa: E402
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier  # noqa: E402
from sklearn.model_selection import StratifiedKFold  # noqa: E402

PEERS = {"extra-trees": ExtraTreesClassifier, "random-forest": RandomForestClassifier}
SHIPPED = ["digits", "breast_cancer", "wine", "iris"]
MADE = ["waveform", "two-norm", "ring-norm"]
PARTS = ["bars", "parity", "weights", "missing", "importances"]


# ---- data -----------------------------------------------------------------------------------------------------------

def waveform(rng, rows):
    """Three classes, each a mix of two of three triangles, 21 columns (Breiman et al. 1984)."""
    place = np.arange(1, 22)
    waves = np.stack([np.maximum(6 - abs(place - peak), 0) for peak in (11, 15, 7)])
    classes = rng.integers(0, 3, rows)
    share = rng.random((rows, 1))
    first, second = waves[[0, 0, 1]][classes], waves[[1, 2, 2]][classes]
    return share * first + (1 - share) * second + rng.standard_normal((rows, 21)), classes


def two_norm(rng, rows):
    """Two normal clouds in twenty dimensions, at a and -a, a = 2 / sqrt(20) (Breiman 1996)."""
    classes = rng.integers(0, 2, rows)
    centre = np.where(classes == 0, 1, -1)[:, None] * 2 / np.sqrt(20)
    return centre + rng.standard_normal((rows, 20)), classes


def ring_norm(rng, rows):
    """A wide cloud around 0 and a unit one at a = 1 / sqrt(20) (Breiman 1996)."""
    classes = rng.integers(0, 2, rows)
    noise = rng.standard_normal((rows, 20))
    return np.where(classes[:, None] == 0, 2 * noise, 1 / np.sqrt(20) + noise), classes


RECIPES = {"waveform": waveform, "two-norm": two_norm, "ring-norm": ring_norm}


def splits(name):
    """Pairs of numbers and classes to learn from and to be tested on."""
    if name in RECIPES:
        for draw in range(10):
            rng = np.random.default_rng([draw, MADE.index(name)])
            numbers, classes = RECIPES[name](rng, 5000 if name == "waveform" else 7400)
            yield (numbers[:300], classes[:300], numbers[300:], classes[300:])
        return
    numbers, classes = getattr(datasets, f"load_{name}")(return_X_y=True)
    for repeat in range(3):
        folds = StratifiedKFold(10, shuffle=True, random_state=repeat)
        for train, test in folds.split(numbers, classes):
            yield (numbers[train], classes[train], numbers[test], classes[test])


# ---- both contestants -----------------------------------------------------------------------------------------------

def run_own(program, data, model, settings, seeds, weights=None):
    """What Tesela's forests say, and what is known of each."""
    train, train_classes, test, _ = data
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        count = int(train_classes.max()) + 1
        np.ascontiguousarray(train, np.float32).tofile(folder / "train.f32")
        np.ascontiguousarray(test, np.float32).tofile(folder / "test.f32")
        train_classes.astype(np.uint16).tofile(folder / "train.u16")
        if weights is not None:
            np.asarray(weights, np.float64).tofile(folder / "weights.f64")
        task = {"columns": train.shape[1], "classes": count, "weighted": weights is not None,
                "seeds": list(seeds), "model": {model: settings}}
        (folder / "task.json").write_text(json.dumps(task))
        done = subprocess.run([program, directory], check=True, capture_output=True, text=True)
        said = np.fromfile(folder / "said.f32", np.float32).reshape(len(seeds), len(test), count)
    return said, [json.loads(line) for line in done.stdout.splitlines()]


NAMES = {"n-trees": "n_estimators", "class-weight": "class_weight", "bootstrap": "bootstrap",
         "min-samples-leaf": "min_samples_leaf", "criterion": "criterion", "max-features": "max_features",
         "min-impurity-decrease": "min_impurity_decrease"}


def run_peer(data, model, settings, seeds, weights=None):
    """The same of scikit-learn's."""
    train, train_classes, test, _ = data
    translated = {NAMES[key]: value for key, value in settings.items()}
    if translated.get("class_weight") == "balanced-subsample":
        translated["class_weight"] = "balanced_subsample"
    if isinstance(translated.get("class_weight"), list):
        translated["class_weight"] = dict(enumerate(translated["class_weight"]))
    score = translated.get("bootstrap", model == "random-forest")
    said, known = [], []
    for seed in seeds:
        forest = PEERS[model](random_state=seed, n_jobs=-1, oob_score=score, **translated)
        forest.fit(train.astype(np.float32), train_classes, sample_weight=weights)
        said.append(forest.predict_proba(test.astype(np.float32)))
        known.append({"nodes": sum(nodes(tree.tree_) for tree in forest.estimators_),
                      "importances": forest.feature_importances_.tolist(),
                      "out_of_bag_accuracy": forest.oob_score_ if score else None})
    return np.stack(said), known


def nodes(tree):
    """The nodes of a tree, but those below a node of one class.

    With weights that are not whole, the impurity of such a node can be a little above zero by rounding, and scikit-learn
    splits it further: a tenth of the nodes in `weights`. Tesela counts exactly.
    """
    inner = tree.children_left >= 0
    pure = (tree.value[:, 0, :] > 0).sum(1) == 1
    return tree.node_count - 2 * int((inner & pure).sum())


def error(said, classes):
    return np.mean(said.argmax(-1) != classes, axis=-1)


def log_loss(said, classes):
    own = said[:, np.arange(len(classes)), classes]
    return -np.mean(np.log(np.clip(own, 1e-3, 1 - 1e-3)), axis=-1)


# ---- comparison -----------------------------------------------------------------------------------------------------

class Lines:
    """The table: one line for each quantity that is compared."""

    def __init__(self):
        self.of_part = {}
        print(f"{'part':12}{'set':15}{'model':28}{'quantity':14}{'tesela':>10}{'sklearn':>10}{'difference':>12}{'t':>7}")

    def add(self, part, name, model, quantity, own, peer):
        own, peer = np.asarray(own, float), np.asarray(peer, float)
        difference = own.mean() - peer.mean()
        spread = np.sqrt(own.var(ddof=1) / len(own) + peer.var(ddof=1) / len(peer))
        t = 0.0 if difference == 0 else difference / spread if spread else np.inf
        print(f"{part:12}{name:15}{model:28}{quantity:14}{own.mean():10.5f}{peer.mean():10.5f}{difference:12.5f}{t:7.2f}",
              flush=True)
        self.of_part.setdefault(part, []).append((quantity, model, abs(t)))


def bars(lines, program, options):
    """Errors on small sets: each seed grows a forest on every split."""
    for name in options.sets or SHIPPED + MADE:
        for model in options.models:
            seeds = range(options.seeds)
            settings = {"n-trees": options.trees}
            errors, losses = ([], []), ([], [])
            for data in splits(name):
                for side, said in enumerate([run_own(program, data, model, settings, seeds)[0],
                                             run_peer(data, model, settings, [1000 + seed for seed in seeds])[0]]):
                    errors[side].append(error(said, data[3]))
                    losses[side].append(log_loss(said, data[3]))
            lines.add("bars", name, model, "error %", *(100 * np.mean(side, axis=0) for side in errors))
            lines.add("bars", name, model, "log-loss", *(np.mean(side, axis=0) for side in losses))


def parity(lines, program, options):
    """The distribution of whole forests and of single trees."""
    sets = options.sets or ["synthetic", "digits", "waveform"]
    for name in sets:
        data = task(name, options)
        for model in options.models:
            for trees in [1, options.trees]:
                seeds, others = range(options.parity_seeds), range(1000, 1000 + options.parity_seeds)
                own, own_known = run_own(program, data, model, {"n-trees": trees}, seeds)
                peer, peer_known = run_peer(data, model, {"n-trees": trees}, others)
                label = f"{model}, {trees} tree{'s' * (trees > 1)}"
                lines.add("parity", name, label, "accuracy", 1 - error(own, data[3]), 1 - error(peer, data[3]))
                lines.add("parity", name, label, "log-loss", log_loss(own, data[3]), log_loss(peer, data[3]))
                lines.add("parity", name, label, "nodes/tree", *([known["nodes"] / trees for known in side]
                                                                 for side in (own_known, peer_known)))


def task(name, options):
    """One set, split once."""
    if name != "synthetic":
        return next(splits(name))
    import trees
    rows = options.rows
    numbers, classes = trees.make(rows + rows // 2)
    return numbers[:rows], classes[:rows].astype(int), numbers[rows:], classes[rows:].astype(int)


def weights(lines, program, options):
    """Weighted classes and rows on a set with few rows of one class.

    With weights that are not whole scikit-learn is half a point worse than with whole ones of the same ratio (`balanced`
    against `balanced, whole`), because sums that should be equal differ by rounding. Tesela's sums are exact.
    """
    numbers, classes = two_norm(np.random.default_rng(5), 6000)
    keep = (classes == 0) | (np.arange(6000) % 8 == 0)
    numbers, classes = numbers[keep], classes[keep]
    data = numbers[:600], classes[:600], numbers[600:], classes[600:]
    of_rows = np.random.default_rng(6).random(600) * 3 * (1 + 4 * data[1])
    whole = [int(count) for count in np.bincount(data[1])[::-1]]  # two classes: the other one's count
    cases = [("balanced", {"class-weight": "balanced"}, None),
             ("balanced, whole", {"class-weight": whole}, None),
             ("given", {"class-weight": [1.0, 6.0]}, None),
             ("balanced, boot", {"class-weight": "balanced", "bootstrap": True}, None),
             ("subsample, boot", {"class-weight": "balanced-subsample", "bootstrap": True}, None),
             ("rows", {}, of_rows), ("rows, boot", {"bootstrap": True}, of_rows),
             ("rows, balanced", {"class-weight": "balanced"}, of_rows),
             ("entropy, leaf 5", {"criterion": "entropy", "min-samples-leaf": 5}, of_rows),
             ("decrease", {"min-impurity-decrease": 0.002}, of_rows)]
    for name, settings, weight in cases:
        for model in options.models:
            settings = {"bootstrap": False, **settings, "n-trees": options.trees}
            compare(lines, program, options, "weights", name, model, settings, data, weight)


def missing(lines, program, options):
    """A fifth of the numbers is missing; of one column more often in one class."""
    rng = np.random.default_rng(7)
    numbers, classes = waveform(rng, 3000)
    numbers[rng.random(numbers.shape) < 0.2] = np.nan
    numbers[(rng.random(3000) < 0.5) & (classes == 1), 3] = np.nan
    data = numbers[:600], classes[:600], numbers[600:], classes[600:]
    present = np.nan_to_num(numbers[:600]), classes[:600], numbers[600:], classes[600:]
    for model in options.models:
        settings = {"n-trees": options.trees}
        compare(lines, program, options, "missing", "in both", model, settings, data, None)
        compare(lines, program, options, "missing", "when predicting", model, settings, present, None)


def compare(lines, program, options, part, name, model, settings, data, weight):
    seeds = range(options.parity_seeds)
    own, own_known = run_own(program, data, model, settings, seeds, weight)
    peer, peer_known = run_peer(data, model, settings, [1000 + seed for seed in seeds], weight)
    lines.add(part, name, model, "error %", 100 * error(own, data[3]), 100 * error(peer, data[3]))
    lines.add(part, name, model, "log-loss", log_loss(own, data[3]), log_loss(peer, data[3]))
    lines.add(part, name, model, "nodes/tree", *([known["nodes"] / settings["n-trees"] for known in side]
                                                 for side in (own_known, peer_known)))
    if own_known[0]["out_of_bag_accuracy"] is not None:
        lines.add(part, name, model, "out-of-bag", *([known["out_of_bag_accuracy"] for known in side]
                                                     for side in (own_known, peer_known)))


def importances(lines, program, options):
    """Rank correlation of mean importances; the lowest is reported."""
    lowest = 1.0
    for name in options.sets or ["digits", "breast_cancer", "waveform"]:
        data = next(splits(name))
        for model in options.models:
            settings = {"n-trees": options.trees}
            seeds = range(options.parity_seeds)
            own = run_own(program, data, model, settings, seeds)[1]
            peer = run_peer(data, model, settings, [1000 + seed for seed in seeds])[1]
            own, peer = (np.mean([known["importances"] for known in side], axis=0) for side in (own, peer))
            rank = spearmanr(own, peer).statistic
            lowest = min(lowest, rank)
            print(f"{'importances':12}{name:15}{model:28}{'rank corr.':14}{rank:10.5f}{'':10}{abs(own - peer).max():12.5f}")
    return lowest


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in [("seeds", 10), ("parity-seeds", 30), ("trees", 100), ("rows", 40_000)]:
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--sets", nargs="+")
    parser.add_argument("--models", nargs="+", choices=sorted(PEERS), default=list(PEERS))
    options = parser.parse_args()
    program = os.environ.get("FIT_FORESTS") or environment.build("tesela-models", "fit_forests")
    lines, lowest = Lines(), None
    for part in options.parts:
        if part == "importances":
            lowest = importances(lines, program, options)
        else:
            globals()[part](lines, program, options)
    result = {"bench": "trees_quality", **vars(options),
              "largest_t": {part: round(max(t for *_, t in of), 2) for part, of in lines.of_part.items()},
              "lowest_rank_correlation": lowest}
    if "bars" in lines.of_part:
        errors = [t for quantity, model, t in lines.of_part["bars"] if quantity == "error %" and model == "extra-trees"]
        result["bars_within_two_standard_errors"] = all(t <= 2 for t in errors)
    print(json.dumps(result))


if __name__ == "__main__":
    sys.exit(main())
