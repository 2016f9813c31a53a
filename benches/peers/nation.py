"""The nation: from a mosaic to a map, on this machine, and what it would take for a whole country.

    python benches/peers/nation.py [--shares 1,3,10] [--model extra-trees] [--folder FOLDER] [--threads N] [--plain] [--forms]

Simulates a country (six bands of 16 bits at 30 m, cells of 1 km), trains on it, and predicts 1, 3 and 10 per cent of the
1,975,719 cells of the pilot's nation from mosaics of that size. Says for each share the seconds, processor seconds, cells a
second and peak memory, how far from linear the growth is, and what the largest share means for the whole. For networks it
also measures the bare inference throughput of the same model on patches in a store, in turns with the map of the largest
share, and says how far the map is from it: the median of `--turns` pairs. With `--plain` the mosaic is not compressed, as
35 GB for a nation are; it is compressed with Zstandard and a predictor otherwise. With `--forms` the map of the largest share is
also written in each of its other forms: the seconds that one takes longer than the table alone, and the peak memory. There is no peer: the pilot took hours.
Ends with one line of JSON.
"""
from __future__ import annotations

import argparse
import json
import math
import os
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import environment

NATION = 1_975_719
EXPERIMENT = """seed = 1
[data]
store = "store"
[data.sample]
per-class = {per_class}
[validation]
folds = 2
target-prevalence = {{ urban = 0.0211 }}
[model.{model}]
{settings}
"""
SETTINGS = {
    "extra-trees": "n-trees = 100",
    "lenet": "epochs = 2",
}


def measured(command: list, cwd: Path) -> dict[str, float]:
    """Wall and processor seconds and the peak memory in MB of `command`."""
    started = time.perf_counter()
    process = subprocess.Popen([str(part) for part in command], cwd=cwd, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{command} ended with {os.waitstatus_to_exitcode(status)}")
    return {
        "seconds": time.perf_counter() - started,
        "cpu": usage.ru_utime + usage.ru_stime,
        "memory": usage.ru_maxrss / 1024,
    }


def side(share: float) -> int:
    """Cells along the edge of a square country of `share` per cent of the nation."""
    return round(math.sqrt(NATION * share / 100))


def plain(mosaic: Path) -> Path:
    """The same mosaic without compression, in blocks of the same size."""
    copy = mosaic.with_name("plain.tif")
    if not copy.exists():
        options = ["TILED=YES", "BLOCKXSIZE=256", "BLOCKYSIZE=256", "INTERLEAVE=BAND", "BIGTIFF=YES"]
        options = [part for option in options for part in ("-co", option)]
        subprocess.run(["gdal_translate", "-q", *options, mosaic, copy], check=True)
    return copy


def measure_forms(program: Path, run: Path, state: Path, folder: Path, threads: list) -> dict[str, dict[str, float]]:
    """Seconds that each form of a map takes longer than its table alone, and the peak memory; all are made of one part."""
    out = folder / "forms"
    out.mkdir(exist_ok=True)
    measured([program, "predict", run, "--mosaic", state / "mosaic.tif", "--grid", state / "grid.parquet", "--part", "1/1",
              "--out", out / "map.parquet", *threads], folder)
    parts = out / "map.parquet.parts"

    def make(*names: str) -> dict[str, float]:
        outs = [word for name in names for word in ("--out", out / name)]
        return measured([program, "merge", parts, *outs, *threads], folder)

    table = make("map.parquet")
    found = {"parquet": {"seconds": round(table["seconds"], 2), "memory": round(table["memory"])}}
    for form in ("tif", "gpkg", "csv", "png"):
        both = make("map.parquet", f"map.{form}")
        found[form] = {"seconds": round(both["seconds"] - table["seconds"], 2), "memory": round(both["memory"])}
    shutil.rmtree(out)
    return found


def bare_throughput(threads: int) -> float:
    """Patches a second that LeNet predicts from a store, network and channels."""
    speed = environment.build("tesela-models", "network_speed")
    said = subprocess.run([speed, "lenet", "flex", "4096", "64", str(threads), "3"], check=True, capture_output=True).stdout
    return json.loads(said)["predict"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shares", default="1,3,10")
    parser.add_argument("--model", default="extra-trees", choices=sorted(SETTINGS))
    parser.add_argument("--folder", type=Path, help="where to keep the countries between runs")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--turns", type=int, default=3, help="maps and bare predictions that are compared")
    parser.add_argument("--plain", action="store_true", help="a mosaic without compression")
    parser.add_argument("--forms", action="store_true", help="write the largest map in all its forms, too")
    arguments = parser.parse_args()
    program = environment.program()
    kept = arguments.folder is not None
    folder = (arguments.folder or Path(tempfile.mkdtemp())).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    threads = ["--threads", arguments.threads, "--quiet"]
    shares = [float(share) for share in arguments.shares.split(",")]
    try:
        for share in shares:
            if not (folder / f"state-{share}").exists():
                size = side(share)
                subprocess.run([program, "simulate", "--size", str(size), "--seed", "7", "--quiet", "--out",
                                folder / f"state-{share}"], check=True, stdout=subprocess.DEVNULL)
        first = folder / f"state-{shares[0]}"
        if not (folder / "store").exists():
            subprocess.run([program, "prepare", "simulated", "--mosaic", first / "mosaic.tif", "--grid",
                            first / "grid.parquet", "--out", folder / "store", "--quiet"],
                           check=True, stdout=subprocess.DEVNULL)
        text = EXPERIMENT.format(model=arguments.model, settings=SETTINGS[arguments.model], per_class=300)
        experiment = folder / f"{arguments.model}.toml"
        experiment.write_text(text)
        run = folder / f"run-{arguments.model}"
        subprocess.run([program, "train", experiment, "--out", run, "--quiet"], check=True,
                       cwd=folder, stdout=subprocess.DEVNULL)
        rows = []
        print(f"{'share':>6} {'cells':>9} {'seconds':>8} {'CPU-s':>8} {'cells/s':>8} {'us CPU/cell':>12} {'MB':>6}")

        def predict(share: float) -> dict[str, float]:
            state = folder / f"state-{share}"
            mosaic = plain(state / "mosaic.tif") if arguments.plain else state / "mosaic.tif"
            return measured([program, "predict", run, "--mosaic", mosaic, "--grid", state / "grid.parquet",
                             "--out", folder / "map.parquet", *threads], folder)

        for share in shares:
            found = predict(share)
            cells = side(share) ** 2
            row = {"share": share, "cells": cells, **found}
            rows.append(row)
            print(f"{share:6.1f} {cells:9d} {found['seconds']:8.1f} {found['cpu']:8.1f} "
                  f"{cells / found['seconds']:8.0f} {found['cpu'] / cells * 1e6:12.1f} {found['memory']:6.0f}")
        last, small = rows[-1], rows[0]
        whole = last["seconds"] / last["cells"] * NATION
        growth = (last["cpu"] / last["cells"]) / (small["cpu"] / small["cells"])
        print(f"the nation would take {whole / 60:.1f} minutes; a cell costs {growth:.2f} times as much as at "
              f"{small['share']:g} per cent")
        result = {
            "minutes_for_the_nation": round(whole / 60, 2),
            "fifteen_minutes_over_these": round(15 * 60 / whole, 2),
            "cost_of_a_cell_against_the_smallest": round(growth, 3),
            "peak_memory_mb": round(max(row["memory"] for row in rows)),
        }
        if arguments.model == "lenet":
            pairs = [(predict(last["share"])["seconds"] / last["cells"], bare_throughput(arguments.threads))
                     for _ in range(arguments.turns)]
            ratios = [seconds * bare for seconds, bare in pairs]
            result["bare_patches_a_second"] = round(statistics.median(bare for _, bare in pairs))
            result["map_over_bare"] = round(statistics.median(ratios), 3)
            print(f"inference alone, from a store: {result['bare_patches_a_second']} patches a second; the map takes "
                  f"{', '.join(f'{ratio:.2f}' for ratio in ratios)} times as long")
        if arguments.forms:
            state = folder / f"state-{last['share']}"
            result["forms"] = measure_forms(program, run, state, folder, threads)
            for form, values in result["forms"].items():
                print(f"{form:>8}: {values['seconds']:6.1f} s, {values['memory']:5.0f} MB")
        print(json.dumps(result))
    finally:
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
