#!/usr/bin/env python3
"""Extra Trees of Tesela and of scikit-learn, side by side on one synthetic task.

    python3 benches/peers/trees.py [--rows 40000] [--test-rows 20000] [--trees 100] [--threads 1] [--repeats 3]

Makes its own Python environment and its own data, fits and predicts in turns, and prints a table of medians
and a line of JSON with the ratios (above 1: Tesela is better). Times are CPU seconds of user and system
together, so other work on the machine disturbs them little; run it on an idle machine all the same. The full
run takes some five minutes.
"""
from __future__ import annotations

import argparse
import json
import os
import pickle
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import environment

environment.restart_inside([environment.NUMPY, environment.SCIPY, "scikit-learn==1.9.1"])

import numpy as np  # noqa: E402
from sklearn.ensemble import ExtraTreesClassifier  # noqa: E402

LATENTS, BLOCKS, BLOCK_COLUMNS = 12, 54, 9
COLUMNS = BLOCKS * BLOCK_COLUMNS
SHARPNESS = 14.0


def classes_of(latent, rng):
    """A smooth signal in eight of the twelve latent numbers, with noise in the label."""
    signal = (1.2 * latent[:, 0] + 0.8 * latent[:, 1] + 0.5 * np.maximum(latent[:, 2], 0)
              + 0.25 * latent[:, 3] * latent[:, 4] + 0.3 * np.tanh(2 * latent[:, 5])
              + 0.2 * np.abs(latent[:, 6]) + 0.15 * latent[:, 7])
    signal -= np.median(signal)
    probability = 1 / (1 + np.exp(-SHARPNESS * signal / np.std(signal)))
    return (rng.random(len(latent)) < probability).astype(np.uint16)


def block(latent, rng):
    """Nine columns like the statistics of one band: correlated, one skewed, one coarse."""
    count = len(latent)
    chosen = rng.choice(LATENTS, 3, replace=False)
    weights = rng.uniform(0.4, 1.2, 3) * rng.choice([-1, 1], 3)
    base = latent[:, chosen] @ weights / np.linalg.norm(weights) + 0.35 * rng.standard_normal(count)
    spread = np.exp(0.4 * latent[:, rng.integers(LATENTS)] + 0.3 * rng.standard_normal(count))

    def noise(scale):
        return scale * rng.standard_normal(count)

    columns = [base + noise(.1), base + noise(.2), base - 1.3 * spread + noise(.15),
               base + 1.3 * spread + noise(.15), spread * (1 + noise(.1)), base - .8 * spread + noise(.15),
               base + .8 * spread + noise(.15), np.exp(1.2 * base + noise(.2)), np.round((base + noise(.3)) * 4)]
    scale, offset = 10 ** rng.uniform(-1, 3), rng.uniform(-50, 50)
    return [column * scale + (0 if index in (4, 7) else offset) for index, column in enumerate(columns)]


def make(rows, seed=20061):
    """Rows of 486 numbers, of which four are constant and six nearly so, and their classes."""
    rng = np.random.default_rng(seed)
    latent = rng.standard_normal((rows, LATENTS))
    classes = classes_of(latent, rng)
    numbers = np.empty((rows, COLUMNS), np.float32)
    for index in range(BLOCKS):
        for column, values in enumerate(block(latent, rng)):
            numbers[:, index * BLOCK_COLUMNS + column] = values
    dull = rng.choice(COLUMNS, 10, replace=False)
    for column in dull[:4]:
        numbers[:, column] = rng.uniform(-5, 5)
    for column in dull[4:]:
        numbers[:, column] = rng.random(rows) < 0.003
    return np.ascontiguousarray(numbers[:, rng.permutation(COLUMNS)]), classes


def scores(probabilities, classes):
    """Accuracy, and log-loss of probabilities clipped at 0.001."""
    own = np.clip(probabilities[np.arange(len(classes)), classes], 1e-3, 1 - 1e-3)
    accuracy = float(np.mean(probabilities.argmax(1) == classes))
    return {"accuracy": accuracy, "log_loss": float(-np.mean(np.log(own)))}


def timed(work):
    """What `work` returns, and the CPU seconds that it took."""
    before = time.process_time()
    result = work()
    return result, time.process_time() - before


def run_peer(data, options, seed):
    """One fit and one prediction of scikit-learn."""
    train, train_classes, test, test_classes = data
    forest = ExtraTreesClassifier(n_estimators=options.trees, random_state=seed, n_jobs=options.threads)
    _, fit = timed(lambda: forest.fit(train, train_classes))
    probabilities, predict = timed(lambda: forest.predict_proba(test))
    nodes = sum(tree.tree_.node_count for tree in forest.estimators_)
    size = len(pickle.dumps(forest, protocol=5))
    return {"fit_cpu": fit, "predict_cpu": predict, "nodes": nodes, "bytes": size, **scores(probabilities, test_classes)}


def run_own(program, directory, data, options, seed):
    """One fit and one prediction of Tesela."""
    arguments = [directory, len(data[0]), len(data[2]), COLUMNS, options.trees, options.threads, seed]
    done = subprocess.run([program, *map(str, arguments)], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def write(directory, data):
    """The data as the example program reads it."""
    for name, values in zip(["train.f32", "train.u16", "test.f32", "test.u16"], data):
        values.tofile(Path(directory) / name)


def median(runs, key):
    return statistics.median(run[key] for run in runs)


def report(own, peer, options):
    keys = ["fit_cpu", "predict_cpu", "accuracy", "log_loss", "nodes", "bytes"]
    print(f"{'':14}" + "".join(f"{key:>14}" for key in keys))
    for name, runs in [("tesela", own), ("scikit-learn", peer)]:
        print(f"{name:14}" + "".join(f"{median(runs, key):14.5g}" for key in keys))
    ratios = {f"{key}_ratio": round(median(peer, key) / median(own, key), 3)
              for key in ["fit_cpu", "predict_cpu", "bytes"]}
    differences = {f"{key}_difference": round(median(own, key) - median(peer, key), 5)
                   for key in ["accuracy", "log_loss"]}
    print(json.dumps({"bench": "trees", **vars(options), **ratios, **differences}))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in [("rows", 40_000), ("test-rows", 20_000), ("trees", 100), ("threads", 1), ("repeats", 3)]:
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    program = os.environ.get("TIME_TREES") or environment.build("tesela-models", "time_trees")
    numbers, classes = make(options.rows + options.test_rows)
    data = (numbers[:options.rows], classes[:options.rows], numbers[options.rows:], classes[options.rows:])
    own, peer = [], []
    with tempfile.TemporaryDirectory() as directory:
        write(directory, data)
        for seed in range(options.repeats):
            own.append(run_own(program, directory, data, options, seed))
            peer.append(run_peer(data, options, seed))
    report(own, peer, options)


if __name__ == "__main__":
    main()
