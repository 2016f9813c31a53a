"""LeNet and the residual network against PyTorch on a graphics processor: the same networks, the same batch, in turn.

    python benches/peers/network_gpu.py [--device vulkan:0] [--features vulkan,autotune] [--patches 65536] [--batch 1024]

Patches of 33 x 33 pixels and 28 planes. Tesela reads them from a store, sends them, and makes the planes on the device;
PyTorch gets finished planes that lie on the device already, so the comparison favours it. PyTorch runs eagerly as it
does by default (its convolutions may round to TF32), eagerly in full single precision, and with `torch.compile`.

`busy` is the share of Tesela's training that is not spent waiting for patches: how much of the throughput with data on
the device the input pipeline allows. Ends with one line of JSON: ratios above 1 mean that Tesela is faster.

Without a graphics processor the script can be tried: `--device flex --features "" --patches 64 --batch 16 --rounds 1`.
"""
from __future__ import annotations

import argparse
import json
import subprocess
import time

import environment
import network


# How PyTorch runs: whether compiled, and whether convolutions may round to TF32.
MANNERS = {"eager": (False, True), "eager, float32": (False, False), "compiled": (True, True)}


def peer(model: str, compiled: bool, tf32: bool, device: str, patches: int, batch: int, epochs: int) -> dict[str, float]:
    """Patches per second of PyTorch: of the best epoch, and of the best of three predictions."""
    import torch

    torch.manual_seed(1)
    torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cudnn.benchmark = True
    twin = network.twin(model, 28, 33, 2).to(device)
    optimizer = torch.optim.AdamW(twin.parameters(), lr=1e-3)
    loss = torch.nn.CrossEntropyLoss()
    forward = torch.compile(twin) if compiled else twin
    planes = torch.randn(patches, 28, 33, 33, device=device)
    labels = torch.arange(patches, device=device) % 2
    # The last batch of an epoch may be short: a compiled network would be compiled again for it.
    starts = range(0, patches - patches % batch, batch)

    def train() -> None:
        twin.train()
        for at in starts:
            optimizer.zero_grad()
            loss(forward(planes[at:at + batch]), labels[at:at + batch]).backward()
            optimizer.step()

    def predict() -> None:
        twin.eval()
        with torch.inference_mode():
            for at in starts:
                forward(planes[at:at + batch]).softmax(1)

    result = {}
    for name, work, turns in (("train", train, epochs), ("predict", predict, 3)):
        work()  # compiles, and chooses the kernels
        best = 0.0
        for _ in range(turns):
            wait(device)
            started = time.perf_counter()
            work()
            wait(device)
            best = max(best, len(starts) * batch / (time.perf_counter() - started))
        result[name] = best
    return result


def wait(device: str) -> None:
    """Waits until the device has done everything."""
    import torch

    if device.startswith("cuda"):
        torch.cuda.synchronize()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="vulkan:0", help="as `tesela devices` names it")
    parser.add_argument("--features", default="vulkan,autotune", help="cargo features of the build")
    parser.add_argument("--peer-device", help="as PyTorch names it; cuda where there is one")
    parser.add_argument("--models", nargs="+", choices=list(network.SETTINGS), default=list(network.SETTINGS))
    parser.add_argument("--manners", nargs="+", choices=list(MANNERS), default=list(MANNERS))
    for name, default in (("patches", 65536), ("batch", 1024), ("epochs", 5), ("rounds", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    found = parser.parse_args()
    if found.patches < found.batch:
        parser.error(f"--patches is {found.patches}; expected at least a batch, {found.batch}")
    return found


def main() -> None:
    options = arguments()
    environment.restart_inside([network.TORCH, environment.NUMPY])
    import torch

    theirs = options.peer_device or ("cuda" if torch.cuda.is_available() else "cpu")
    sizes = (options.patches, options.batch)
    program = environment.build("tesela-models", "network_speed", options.features)
    ratios = {}
    for model in options.models:
        difference = network.check(program, model)
        print(f"{model}: largest difference from the twin in PyTorch {difference:.1e}")
        command = [program, model, options.device, *map(str, sizes), "0", str(options.epochs)]
        best: dict[str, dict[str, float]] = {}
        for _ in range(options.rounds):
            said = subprocess.run(command, check=True, capture_output=True).stdout
            found = {"Tesela": json.loads(said)}
            for manner in options.manners:
                found[manner] = peer(model, *MANNERS[manner], theirs, *sizes, options.epochs)
            for name, figures in found.items():
                own = best.setdefault(name, {})
                for figure, value in figures.items():
                    own[figure] = max(own.get(figure, 0.0), value)
        print(f"{model}, patches per second: Tesela on {options.device}, PyTorch on {theirs}")
        for name, figures in best.items():
            print(f"{name:20} {figures['train']:12.0f} trained {figures['predict']:12.0f} predicted")
        ratios[model] = {"busy": round(best["Tesela"]["busy"], 3)} | {
            f"{figure}: {manner}": round(best["Tesela"][figure] / best[manner][figure], 3)
            for manner in options.manners for figure in ("train", "predict")}
    print(json.dumps(ratios))


if __name__ == "__main__":
    main()
