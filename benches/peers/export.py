"""Exported networks in ONNX Runtime and in PyTorch: do they say the same, and how fast?

    python benches/peers/export.py [--patches 512] [--threads 2]

Fits small networks (LeNet, LeNet with norms and test-time augmentation, a residual network), exports each, and gives the same
patches, numbers as stored with their masks, to Tesela, to `model.onnx` in ONNX Runtime, and to `twin.py`, which loads
`weights.safetensors` in PyTorch. Fails where a probability differs by more than 1e-5 (PyTorch) or 1e-4 (ONNX Runtime). Ends
with one line of JSON: the largest differences, and the speed of Tesela over that of each peer.
"""
from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path

import environment
from network import TORCH

ONNXRUNTIME = "onnxruntime==1.31.1"
SHORT = {"epochs": 1, "batch-size": 8, "validation-share": 0.0}
NETWORKS = {
    "lenet": {"lenet": SHORT},
    "lenet, norms, all ways": {"lenet": {**SHORT, "batch-norm": True, "test-time-augmentation": True}},
    "resnet": {"resnet": SHORT},
}
BATCH = 64
MOST = {"PyTorch": 1e-5, "ONNX Runtime": 1e-4}


def in_torch(bundle: Path, threads: int):
    """What `twin.py` of the bundle makes of patches."""
    import torch

    torch.set_num_threads(threads)
    specification = importlib.util.spec_from_file_location("twin", bundle / "twin.py")
    twin = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(twin)
    network = twin.load(bundle)

    def predict(bands, used):
        with torch.inference_mode():
            return network.probabilities(torch.from_numpy(bands), torch.from_numpy(used)).numpy()

    return predict


def in_onnx_runtime(bundle: Path, threads: int):
    """What `model.onnx` of the bundle makes of patches."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(bundle / "model.onnx"), options, providers=["CPUExecutionProvider"])
    return lambda bands, used: session.run(["probabilities"], {"bands": bands, "used": used})[0]


def compare(settings: dict, program: Path, patches: int, threads: int) -> dict:
    """Differences and patches per second of each peer, and of Tesela."""
    import numpy

    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        said = subprocess.run([program, json.dumps(settings), directory, str(patches)], check=True, capture_output=True,
                              env={**os.environ, "RAYON_NUM_THREADS": str(threads)}).stdout
        bands = numpy.fromfile(directory / "bands.i16", "<i2").reshape(patches, 6, 33, 33)
        used = numpy.fromfile(directory / "used.u8", "?").reshape(patches, 33, 33)
        own = numpy.fromfile(directory / "probabilities.f32", "<f4").reshape(patches, 2)
        found = {"Tesela": {"differs by": 0.0, "speed": json.loads(said)["predict"]}}
        for name, load in (("PyTorch", in_torch), ("ONNX Runtime", in_onnx_runtime)):
            predict, best, differs = load(directory / "bundle", threads), 0.0, 0.0
            for _ in range(3):
                started = time.perf_counter()
                rows = [predict(bands[at:at + BATCH], used[at:at + BATCH]) for at in range(0, patches, BATCH)]
                best = max(best, patches / (time.perf_counter() - started))
                differs = float(numpy.abs(numpy.concatenate(rows) - own).max())
            if not differs <= MOST[name]:
                raise SystemExit(f"{settings}: {name} differs by {differs}; expected at most {MOST[name]}")
            found[name] = {"differs by": differs, "speed": best}
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patches", type=int, default=512)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    environment.restart_inside([TORCH, ONNXRUNTIME, environment.NUMPY])
    program = environment.build("tesela-models", "export_network")
    print(f"{'network':24} {'':12} {'differs by':>12} {'patches/s':>12}")
    summary: dict = {}
    for name, settings in NETWORKS.items():
        found = compare(settings, program, arguments.patches, arguments.threads)
        for peer, values in found.items():
            print(f"{name:24} {peer:12} {values['differs by']:12.1e} {values['speed']:12.0f}")
            if peer != "Tesela":
                ratio = round(found["Tesela"]["speed"] / values["speed"], 3)
                summary[f"{name}: {peer}"] = {"differs by": values["differs by"], "ratio": ratio}
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
