#!/usr/bin/env python3
"""What the thresholds and the number of columns tried change, at equal time.

Trains Extra Trees by cross-validation on stores that exist, once per variant, with as many trees as take about
the time of the plain forest, and prints accuracy, log-loss and CPU seconds. Needs the built program only.

    python3 benches/trees_ablation.py STORE [STORE ...] [--tesela PROGRAM] [--folds 5] [--trees 100] [--seeds 3] [--per-class N]
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

VARIANTS = [
    (threshold, features)
    for features in ['"sqrt"', "0.1", "0.2", "0.4"]
    for threshold in ["uniform", "quantile-uniform", "log-uniform"]
]


def train(program, store, folder, trees, features, threshold, folds, per_class, seed):
    """Cross-validates one forest; returns accuracy, log-loss and CPU seconds."""
    experiment = folder / "ablation.toml"
    sample = f"[data.sample]\nper-class = {per_class}\n" if per_class else ""
    experiment.write_text(
        f"seed = {seed}\nfinal-model = false\n[data]\nstore = {json.dumps(str(store))}\n{sample}"
        f"[validation]\nfolds = {folds}\n"
        f"[model.extra-trees]\nn-trees = {trees}\nmax-features = {features}\nthreshold = \"{threshold}\"\n"
    )
    run = folder / f"run-{threshold}-{features.strip(chr(34))}-{trees}-{seed}"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([program, "train", str(experiment), "--out", str(run), "--quiet"], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    metrics = json.loads((run / "metrics.json").read_text())
    pooled = metrics["partitions"][0]["sample"]["pooled"]
    return pooled["accuracy"], pooled["log_loss"], after.ru_utime - before.ru_utime


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stores", nargs="+", type=Path)
    target = os.environ.get("CARGO_TARGET_DIR", "target")
    parser.add_argument("--tesela", default=f"{target}/release/tesela")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--trees", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--per-class", type=int, help="a balanced sample of so many cells of each class")
    args = parser.parse_args()
    rows = []
    for store in args.stores:
        print(f"\n{store}: {args.folds} folds, {args.seeds} seeds")
        print(f"{'max-features':>12} {'threshold':>17} {'trees':>6} {'accuracy':>9} {'log-loss':>9} {'CPU-s':>7}")
        plain = None
        for threshold, features in VARIANTS:
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)

                def once(trees, seed):
                    return train(args.tesela, store.resolve(), folder, trees, features, threshold, args.folds, args.per_class, seed)

                trees = args.trees
                first = once(trees, 0)
                if plain is None:
                    plain = first[2]
                else:
                    trees = max(10, round(trees * plain / first[2]))
                results = [once(trees, seed) for seed in range(1, args.seeds + 1)]
            accuracy, loss, seconds = (statistics.mean(column) for column in zip(*results))
            print(f"{features:>12} {threshold:>17} {trees:>6} {accuracy:>9.4f} {loss:>9.4f} {seconds:>7.1f}", flush=True)
            rows.append(
                {"store": store.name, "max_features": features, "threshold": threshold, "trees": trees,
                 "accuracy": accuracy, "log_loss": loss, "cpu_seconds": seconds}
            )
    print(json.dumps(rows))


if __name__ == "__main__":
    sys.exit(main())
