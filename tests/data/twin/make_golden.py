"""Makes `golden.json`: what `twin.py` of exported networks makes of patches, in PyTorch.

usage: make_golden.py FOLDER > golden.json

FOLDER holds, for each network, a bundle and patches, as the test `the_twin_of_each_network_says_the_same_in_pytorch` (of
`tesela-models`) leaves them. Needs `torch==2.9.1` and `numpy==2.2.6`.
"""
import hashlib
import importlib.util
import json
import sys
from pathlib import Path

import numpy
import torch

FILES = ["bundle/twin.py", "bundle/weights.safetensors", "bundle/normalisation.json", "bands.i16", "used.u8"]


def twin_of(bundle: Path):
    specification = importlib.util.spec_from_file_location("twin", bundle / "twin.py")
    twin = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(twin)
    return twin.load(bundle)


def numbers(rows: torch.Tensor) -> list:
    return [[float(f"{value:.9g}") for value in row] for row in rows.double().tolist()]


def case(folder: Path) -> dict:
    shape = json.loads((folder / "bundle/bundle.json").read_text())["input"]["shape"]
    size = (shape["height"], shape["width"])
    bands = numpy.fromfile(folder / "bands.i16", "<i2").reshape(-1, shape["bands"], *size)
    used = numpy.fromfile(folder / "used.u8", "?").reshape(-1, *size)
    network = twin_of(folder / "bundle")
    arguments = torch.from_numpy(bands), torch.from_numpy(used)
    with torch.inference_mode():
        found = {"probabilities": numbers(network.probabilities(*arguments))}
        # The mean over several ways to look at a patch is taken of probabilities.
        found["logits"] = None if network.augments else numbers(network(*arguments))
    digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES}
    return {"files": digests, **found}


folders = sorted(path for path in Path(sys.argv[1]).iterdir() if path.is_dir())
print(json.dumps({folder.name: case(folder) for folder in folders}, indent=1))
