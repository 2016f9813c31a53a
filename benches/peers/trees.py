#!/usr/bin/env python3
"""Forests of Tesela and of scikit-learn, side by side on one synthetic task.

    python3 benches/peers/trees.py [--model extra-trees|random-forest] [--rows 40000] [--test-rows 20000] [--many-rows 2000000] [--trees 100] [--threads 1] [--repeats 5]

Makes its own Python environment and its own data, fits and predicts in turns, and prints a table of medians
and a line of JSON with the ratios (above 1: Tesela is better). Every turn of either is a process of its own. Times are
CPU seconds of user and system together, so other work on the machine disturbs them little; run it on an idle machine all
the same. `predict_us` is microseconds a row over the test rows, `many_cpu` the seconds for many rows (copies of the test
rows, 100,000 at a time); `fit_peak_mb` is the most memory that the process has had when the fit is done, and
`fit_added_mb` how much of it came after the training data were there. The full run takes some ten minutes.
"""
from __future__ import annotations

import argparse
import json
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import environment

environment.restart_inside([environment.NUMPY, environment.SCIPY, "scikit-learn==1.9.1"])

import numpy as np  # noqa: E402
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier  # noqa: E402

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


PEERS = {"extra-trees": ExtraTreesClassifier, "random-forest": RandomForestClassifier}
TURNS = 5  # how often the test rows are predicted, for times that the clock can tell
MANY_AT_A_TIME = 100_000
FILES = ["train.f32", "train.u16", "test.f32", "test.u16"]


def timed(work):
    """What `work` returns, and the CPU seconds that it took."""
    before = time.process_time()
    result = work()
    return result, time.process_time() - before


def peak_mb():
    """The most memory that this process has had so far."""
    # Not `ru_maxrss`, which begins with the memory of the process that started this one.
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6


def read(directory, name):
    """The numbers of one of the files."""
    values = np.fromfile(directory / name, np.float32 if name.endswith("f32") else np.uint16)
    return values.reshape(-1, COLUMNS) if name.endswith("f32") else values


def peer_turn(options):
    """One fit and the predictions of scikit-learn, as JSON."""
    directory = Path(options.peer)
    numbers, classes = read(directory, "train.f32"), read(directory, "train.u16")
    before_mb = peak_mb()
    forest = PEERS[options.model](n_estimators=options.trees, random_state=options.seed, n_jobs=options.threads)
    _, fit = timed(lambda: forest.fit(numbers, classes))
    fit_mb = peak_mb()
    numbers, classes = read(directory, "test.f32"), read(directory, "test.u16")
    probabilities, predict = timed(lambda: [forest.predict_proba(numbers) for _ in range(TURNS)][-1])
    copies = np.resize(numbers, (min(MANY_AT_A_TIME, options.many_rows), COLUMNS))
    starts = range(0, options.many_rows, MANY_AT_A_TIME)
    _, many = timed(lambda: [forest.predict_proba(copies[:options.many_rows - start]) for start in starts])
    pickled = pickle.dumps(forest, protocol=5)
    _, load = timed(lambda: [pickle.loads(pickled) for _ in range(TURNS)])
    print(json.dumps({
        "load_cpu": load / TURNS, "fit_cpu": fit, "predict_us": predict / TURNS / len(numbers) * 1e6, "many_cpu": many,
        "nodes": sum(tree.tree_.node_count for tree in forest.estimators_),
        "model_mb": len(pickled) / 1e6, "fit_peak_mb": fit_mb,
        "fit_added_mb": fit_mb - before_mb, **scores(probabilities, classes)}))


def run_peer(directory, options, seed):
    """A turn of scikit-learn in a process of its own."""
    arguments = [sys.executable, __file__, "--peer", directory, "--seed", str(seed)]
    for name in ["model", "trees", "threads", "many_rows"]:
        arguments += [f"--{name.replace('_', '-')}", str(getattr(options, name))]
    return json.loads(subprocess.run(arguments, check=True, capture_output=True, text=True).stdout)


def run_own(program, directory, options, seed):
    """One fit and the predictions of Tesela."""
    counts = [options.rows, options.test_rows, options.many_rows, COLUMNS, options.trees, options.threads, seed]
    done = subprocess.run([program, options.model, directory, *map(str, counts)], check=True, capture_output=True, text=True)
    found = json.loads(done.stdout)
    return {**found, "predict_us": found["predict_cpu"] / options.test_rows * 1e6, "model_mb": found["bytes"] / 1e6,
            "fit_peak_mb": found["fit_peak_bytes"] / 1e6,
            "fit_added_mb": (found["fit_peak_bytes"] - found["start_peak_bytes"]) / 1e6}


def median(runs, key):
    return statistics.median(run[key] for run in runs)


def report(own, peer, options):
    keys = ["fit_cpu", "predict_us", "many_cpu", "accuracy", "log_loss", "nodes", "load_cpu", "model_mb", "fit_peak_mb",
            "fit_added_mb"]
    print(f"{'':14}" + "".join(f"{key:>13}" for key in keys))
    for name, runs in [("tesela", own), ("scikit-learn", peer)]:
        print(f"{name:14}" + "".join(f"{median(runs, key):13.5g}" for key in keys))
    costs = ["fit_cpu", "predict_us", "many_cpu", "load_cpu", "model_mb", "fit_peak_mb", "fit_added_mb"]
    ratios = {f"{key}_ratio": round(median(peer, key) / median(own, key), 3) for key in costs if median(own, key)}
    differences = {f"{key}_difference": round(median(own, key) - median(peer, key), 5)
                   for key in ["accuracy", "log_loss"]}
    settings = {key: value for key, value in vars(options).items() if key not in ("peer", "seed")}
    print(json.dumps({"bench": "trees", **settings, "many_cpu": median(own, "many_cpu"), **ratios, **differences}))


def compare(options):
    """Both contestants in turns, on data of this run."""
    program = os.environ.get("TIME_TREES") or environment.build("tesela-models", "time_trees")
    numbers, classes = make(options.rows + options.test_rows)
    own, peer = [], []
    with tempfile.TemporaryDirectory() as directory:
        parts = [numbers[:options.rows], classes[:options.rows], numbers[options.rows:], classes[options.rows:]]
        for name, values in zip(FILES, parts):
            values.tofile(Path(directory) / name)
        del numbers, parts
        for seed in range(options.repeats):
            own.append(run_own(program, directory, options, seed))
            peer.append(run_peer(directory, options, seed))
    report(own, peer, options)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in [("rows", 40_000), ("test-rows", 20_000), ("many-rows", 2_000_000), ("trees", 100),
                          ("threads", 1), ("repeats", 5), ("seed", 0)]:
        parser.add_argument(f"--{name}", type=int, default=default, help=argparse.SUPPRESS if name == "seed" else None)
    parser.add_argument("--model", choices=PEERS, default="extra-trees")
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer:
        peer_turn(options)
    else:
        compare(options)


if __name__ == "__main__":
    main()
