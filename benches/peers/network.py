"""LeNet or the residual network against PyTorch on the processor: the same network, the same batch, in turn.

    python benches/peers/network.py [--model lenet|resnet] [--patches 2048] [--batch 128] [--threads 2] [--rounds 3]

Patches of 33 x 33 pixels and 28 planes: 27 channels and the mask. PyTorch always gets finished planes in memory.

* `train`: Tesela reads patches from a store, computes their channels, normalises and augments them, so the comparison
  favours PyTorch.
* `network`: inference by the network alone. Tesela gets finished planes in memory as well.
* `predict`: inference as a user has it. Tesela reads patches from a store and computes their channels; PyTorch's figure
  is that of the network alone.

Ends with one line of JSON: ratios of the best figures of all rounds, and the medians of the ratios of each round. Above 1
means that Tesela is faster.
"""
from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import environment

TORCH = "torch==2.9.1"
# Tesela's figures, and the figure of PyTorch that each is compared with.
FIGURES = {"train": "train", "network": "network", "predict": "network"}


# The settings that a twin takes, as the networks have them by default.
SETTINGS = {"lenet": {"batch-norm": False}, "resnet": {"width": 16, "blocks": [2, 2, 2]}}


def twin(model: str, planes: int, side: int, classes: int):
    """PyTorch's twin of a network with its default settings: the one that `tesela export` writes."""
    from torch import nn

    path = Path(__file__).parents[2] / "models" / "src" / model / "twin.py"
    module = {"nn": nn}
    exec(compile(path.read_text(), path, "exec"), module)
    return module["Network"](SETTINGS[model], planes, {"height": side, "width": side}, classes)


def tensors(path: Path) -> dict:
    """The tensors of a safetensors file."""
    import numpy
    import torch

    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    return {
        name: torch.from_numpy(numpy.frombuffer(
            data[start + entry["data_offsets"][0]:start + entry["data_offsets"][1]],
            dtype="<f4").reshape(entry["shape"]).copy())
        for name, entry in header.items() if name != "__metadata__"}


def check(program: Path, model: str) -> float:
    """The largest difference between the probabilities of a fitted network and those of its twin in PyTorch, which
    takes 4 planes of 33 x 33 pixels and tells 2 classes apart."""
    import numpy
    import torch

    peer = twin(model, 4, 33, 2)
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        subprocess.run([program, "check", model, directory], check=True)
        missing, unknown = peer.load_state_dict(tensors(directory / "weights.safetensors"), strict=False)
        missing = [name for name in missing if not name.endswith(".num_batches_tracked")]
        if missing or unknown:
            raise SystemExit(f"{model}: the twin in PyTorch lacks {unknown} and has {missing} instead")
        bands = numpy.fromfile(directory / "patches.f32", "<f4").reshape(-1, 3, 33, 33)
        planes = numpy.ones((len(bands), 4, 33, 33), "f4")
        scales = json.loads((directory / "normalisation.json").read_text())
        for plane, scale in enumerate(scales):
            value = numpy.clip(bands[:, plane] / 10000, scale["low"], scale["high"])
            planes[:, plane] = (value - scale["mean"]) / scale["deviation"]
        with torch.inference_mode():
            expected = peer.eval()(torch.from_numpy(planes)).softmax(1).numpy()
        own = numpy.fromfile(directory / "probabilities.f32", "<f4").reshape(-1, 2)
    difference = float(numpy.abs(own - expected).max())
    if difference > 1e-5:
        raise SystemExit(f"{model}: the twin in PyTorch differs by {difference}; expected at most 1e-5")
    return difference


def peer(model: str, patches: int, batch: int, threads: int) -> dict[str, float]:
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(1)
    network = twin(model, 28, 33, 2)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3)
    loss = torch.nn.CrossEntropyLoss()
    planes, labels = torch.randn(patches, 28, 33, 33), torch.arange(patches) % 2
    result = {}
    for name in ("train", "network"):
        network.train(name == "train")
        best = 0.0
        for _ in range(3):
            started = time.perf_counter()
            for at in range(0, patches, batch):
                x, y = planes[at:at + batch], labels[at:at + batch]
                if name == "train":
                    optimizer.zero_grad()
                    loss(network(x), y).backward()
                    optimizer.step()
                else:
                    with torch.inference_mode():
                        network(x)
            best = max(best, patches / (time.perf_counter() - started))
        result[name] = best
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("patches", 2048), ("batch", 128), ("threads", os.cpu_count()), ("rounds", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--model", default="lenet", choices=sorted(SETTINGS))
    arguments = parser.parse_args()
    environment.restart_inside([TORCH, environment.NUMPY])
    sizes = (arguments.patches, arguments.batch, arguments.threads)
    program = environment.build("tesela-models", "network_speed")
    print(f"largest difference from the twin in PyTorch: {check(program, arguments.model):.1e}")
    command = [program, arguments.model, "flex", *map(str, sizes), "3"]
    rounds: list[dict[str, tuple[float, float]]] = []
    for _ in range(arguments.rounds):
        ours = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        theirs = peer(arguments.model, *sizes)
        rounds.append({name: (ours[name], theirs[other]) for name, other in FIGURES.items()})
    print(f"{'patches per second':20} {'Tesela':>10} {'PyTorch':>10}")
    ratios = {}
    for name in FIGURES:
        own, other = (max(figures[name][side] for figures in rounds) for side in (0, 1))
        print(f"{name:20} {own:10.0f} {other:10.0f}")
        ratios[name] = round(own / other, 3)
        ratios[f"{name}: median"] = round(statistics.median(a / b for a, b in (figures[name] for figures in rounds)), 3)
    print(json.dumps(ratios))


if __name__ == "__main__":
    main()
