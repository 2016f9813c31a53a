"""Where the processor's time goes when a map is made.

    python benches/peers/shares.py RUN --mosaic MOSAIC --grid GRID [--threads N] [--frequency HZ]

Runs `tesela predict` under `perf` (Linux) and sorts what was sampled by the innermost function that is known to belong to a
kind of work: model and features, patches (putting them together, used pixels), reading the mosaic, reading the grid and finding
its cells, keeping results and writing the map. Prints the share of each and ends with one line of JSON. The table in
`src/inference/mod.rs` is made with it, on a country that `nation.py --folder` has left.
"""
from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import environment

# From what is most inside to what is around it; the first that matches a frame decides.
KINDS = {
    "model and features": r"tesela_models::|tesela_datasets::(features|channels|pixel)|Samples::copy_to_f32|burn_|flex|gemm",
    "reading the mosaic": r"tesela::raster::mosaic|libgdal|libtiff|libzstd|libdeflate",
    "reading the grid, finding cells": r"tesela::grid|tesela_datasets::cells::(reader|columns|wkb|unique|guard)|GridDigest"
                                       r"|tesela::cutting::(sorter|spool|steps|strips|slabs|row_bands|locate|part|cell_set)",
    "patches": r"tesela::cutting::",
    "results and map": r"ledger|tesela::map|tesela::inference::(merge|deciding|part_set)|cells::writer|Records",
}
# Below these the frames of vectorised features are too large for a sampled stack; no other room has such functions.
UNREACHED = re.compile(r"imp_fastcall|partition_at_index")
STACK_BYTES = 16_384


def stacks(data: Path) -> Iterator[list[str]]:
    """The frames of each sample, the innermost first, with the library that each lies in."""
    command = ["perf", "script", "--no-inline", "-i", str(data), "-F", "ip,sym,dso"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as script:
        frames: list[str] = []
        for line in script.stdout:
            if line.strip():
                frames.append(line.strip())
            elif frames:
                yield frames
                frames = []
        if frames:
            yield frames


def kind_of(frames: list[str], rules: dict[str, re.Pattern[str]]) -> str:
    """What the sample with these frames was work of."""
    for frame in frames:
        for kind, rule in rules.items():
            if rule.search(frame):
                return kind
    return "model and features" if len(frames) < 6 and UNREACHED.search(frames[0]) else "other"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="a run or a bundle")
    parser.add_argument("--mosaic", required=True)
    parser.add_argument("--grid", required=True)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--frequency", type=int, default=499, help="samples a second of each thread")
    arguments = parser.parse_args()
    rules = {kind: re.compile(rule) for kind, rule in KINDS.items()}
    with tempfile.TemporaryDirectory() as folder:
        data, out = Path(folder) / "perf.data", Path(folder) / "map.parquet"
        predict = [environment.program(), "predict", arguments.run, "--mosaic", arguments.mosaic, "--grid",
                   arguments.grid, "--out", out, "--threads", arguments.threads, "--quiet"]
        record = ["perf", "record", "-q", "-F", arguments.frequency, "--call-graph", f"dwarf,{STACK_BYTES}", "-o", data]
        subprocess.run([str(part) for part in [*record, *predict]], check=True, stdout=subprocess.DEVNULL)
        found = Counter(kind_of(frames, rules) for frames in stacks(data))
    total = sum(found.values())
    shares = {kind: round(100 * found[kind] / total, 1) for kind in [*KINDS, "other"]}
    for kind, share in shares.items():
        print(f"{kind:>32} {share:5.1f} %")
    print(json.dumps({"samples": total, **shares}))


if __name__ == "__main__":
    main()
