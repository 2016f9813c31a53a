"""Channels and features of a patch: Tesela against the numpy reference, on one core.

Both work through the five ordinary golden patches (urban core, forest, arid soil, urban fringe, coast;
820 to 1,089 used pixels) in turns; the figures are processor seconds, the
median of five turns. Run `python3 benches/peers/features.py`; it sets up its own environment.
The last line is JSON: ratios, above 1 = Tesela is faster.
"""
from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time

import environment

environment.restart_inside([environment.NUMPY, environment.SCIPY])
# One thread for each contestant.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

GOLDEN = environment.repository() / "tests" / "data" / "golden"
sys.path.insert(0, str(GOLDEN))
sys.dont_write_bytecode = True

import numpy as np  # noqa: E402
import features as reference  # noqa: E402

TURNS = 5
ORDINARY = 5  # the first golden patches are ordinary land of Collection 1, the others edge cases
OURS = {"channels": 4000, "features": 800}  # times each patch, a turn
THEIRS = {"channels": 40, "features": 8}
WORK = {"channels": reference.patch_tensor, "features": reference.patch_features}


def patches() -> list[tuple[np.ndarray, np.ndarray]]:
    """Integers and in-cell mask of the ordinary patches."""
    numbers = np.load(GOLDEN / "golden_patches_dn.npy")
    inside = np.load(GOLDEN / "golden_patches_inside.npy").astype(bool)
    return list(zip(numbers, inside))[:ORDINARY]


def ours(program, what: str) -> float:
    """Processor seconds a patch."""
    arguments = [GOLDEN / "golden_patches_dn.npy", GOLDEN / "golden_patches_inside.npy"]
    done = subprocess.run([program, what, str(OURS[what]), *arguments], check=True,
                          capture_output=True, text=True)
    count, seconds = done.stdout.split()
    return float(seconds) / int(count)


def theirs(items, what: str) -> float:
    """Processor seconds a patch."""
    work = WORK[what]
    before = time.process_time()
    for _ in range(THEIRS[what]):
        for numbers, inside in items:
            work(numbers, inside, "c1")
    return (time.process_time() - before) / (THEIRS[what] * len(items))


def main() -> None:
    program = environment.build("tesela-datasets", "time_features")
    items = patches()
    seconds = {(what, who): [] for what in WORK for who in ("tesela", "numpy")}
    for _ in range(TURNS):
        for what in WORK:
            seconds[what, "tesela"].append(ours(program, what))
            seconds[what, "numpy"].append(theirs(items, what))
    median = {key: statistics.median(values) for key, values in seconds.items()}
    print(f"{'':10s} {'tesela':>14s} {'numpy ' + np.__version__:>14s}   ratio   (patches a second, one core)")
    ratios = {}
    for what in WORK:
        mine, peer = median[what, "tesela"], median[what, "numpy"]
        ratios[what] = round(peer / mine, 1)
        print(f"{what:10s} {1 / mine:14,.0f} {1 / peer:14,.0f} {ratios[what]:7.0f}")
    print(json.dumps(ratios))


if __name__ == "__main__":
    main()
