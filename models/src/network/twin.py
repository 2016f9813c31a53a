"""A fitted network in PyTorch: from stored bands to logits and probabilities.

    import twin
    network = twin.load("path/to/bundle")
    probabilities = network(bands, used).softmax(1)

`bands` are numbers as stored, `[batch, band, row, column]`, `used` is `[batch, row, column]`, True where a pixel is used.
Channels, logarithms, clips and normalisation are part of the network. Where the bundle asks for test-time augmentation,
`network.probabilities(bands, used)` is the mean over all symmetries of a patch. Needs PyTorch and nothing else.
"""
from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import nn

BANDS = ["blue", "green", "red", "nir", "swir1", "swir2"]


def difference(a, b):
    """The normalised difference of two bands."""
    return (a - b) / (a + b)


def channels(band: dict, rotation: list) -> dict:
    """All channels by name, of bands that lie between 0.0001 and 1; those whose bands are not there are left out."""
    b, g, r, n, s1, s2 = BANDS
    nd = difference
    formulas = {
        "evi": ((b, r, n), lambda b, r, n: (2.5 * (n - r) / (n + 6 * r - 7.5 * b + 1).clamp(min=0.1)).clamp(-1, 1)),
        "bu": ((r, n, s1), lambda r, n, s1: nd(s1, n) - nd(n, r)),
        "sr": ((r, n), lambda r, n: (n / r).clamp(0, 30)),
        "arvi": ((b, r, n), lambda b, r, n: nd(n, (2 * r - b).clamp(min=1e-4))),
        "ui": ((n, s2), lambda n, s2: nd(s2, n)),
        "ndbi": ((n, s1), lambda n, s1: nd(s1, n)),
        "ibi": ((g, r, n, s1), lambda g, r, n, s1: nd(2 * s1 / (s1 + n), n / (n + r) + g / (g + s1))),
        "ndvi": ((r, n), lambda r, n: nd(n, r)),
        "ndwi": ((g, n), lambda g, n: nd(g, n)),
        "mndwi": ((g, s1), lambda g, s1: nd(g, s1)),
        "nbi": ((r, n, s1), lambda r, n, s1: (r * s1 / n).clamp(0, 2)),
        "brba": ((r, s1), lambda r, s1: (r / s1).clamp(0, 5)),
        "nbai": ((g, s1, s2), lambda g, s1, s2: nd(s2, s1 / g)),
        "baei": ((g, r, s1), lambda g, r, s1: ((r + 0.3) / (g + s1)).clamp(0, 10)),
        "bi": ((b, r, n, s1), lambda b, r, n, s1: nd(s1 + r, n + b)),
    }
    found = dict(band)
    for name, (needed, formula) in formulas.items():
        if all(one in band for one in needed):
            found[name] = formula(*(band[one] for one in needed))
    if len(band) == len(BANDS):
        for name, weights in zip(["tcb", "tcg", "tcw", "tc4", "tc5", "tc6"], rotation):
            found[name] = sum(weight * band[one] for weight, one in zip(weights, BANDS))
    return found


class Planes(nn.Module):
    """From stored bands to what the network sees: normalised channels, and 1 where a pixel is used."""

    def __init__(self, pixel: dict, rotation: list, scales: list):
        super().__init__()
        self.bands, self.scaling, self.rotation, self.scales = pixel["bands"], pixel["scaling"], rotation, scales

    def forward(self, bands, used):
        scaling = self.scaling
        value = (scaling["multiply"] * bands.float() + scaling["add"]) / scaling["divide"]
        value = torch.where(value > 1e-4, value, 1e-4).clamp(max=1.0)
        found = channels({band: value[:, at] for at, band in enumerate(self.bands)}, self.rotation)
        planes = []
        for scale in self.scales:
            plane = found[scale["channel"]]
            if scale["channel"] in ("sr", "brba", "baei"):
                plane = plane.log()
            elif scale["channel"] == "nbi":
                plane = (plane + 0.01).log()
            plane = (plane.clamp(scale["low"], scale["high"]) - scale["mean"]) * (1 / scale["deviation"])
            planes.append(torch.where(used, plane, 0.0))
        return torch.stack([*planes, used.float()], 1)


class Fitted(nn.Module):
    """Planes and network; gives logits."""

    def __init__(self, planes: Planes, network: nn.Module, augments: bool):
        super().__init__()
        self.planes, self.network, self.augments = planes, network, augments

    def forward(self, bands, used):
        return self.network(self.planes(bands, used))

    def probabilities(self, bands, used):
        """The mean over all ways to look at a patch, where the bundle asks for that."""
        planes = self.planes(bands, used)
        ways = [planes]
        if self.augments:
            square = planes.shape[2] == planes.shape[3]
            turned = [planes, planes.transpose(2, 3)] if square else [planes]
            flips = [[], [3], [2], [2, 3]]
            ways = [way.flip(flip) if flip else way for way in turned for flip in flips]
        return torch.stack([self.network(way).softmax(1) for way in ways]).mean(0)


def tensors(path: Path) -> dict:
    """The tensors of a safetensors file."""
    data = bytearray(path.read_bytes())
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    return {
        name: torch.frombuffer(data, dtype=torch.float32, offset=start + entry["data_offsets"][0],
                               count=(entry["data_offsets"][1] - entry["data_offsets"][0]) // 4).reshape(entry["shape"])
        for name, entry in header.items() if name != "__metadata__"}


def load(bundle: str | Path, member: str = "") -> Fitted:
    """The network of a bundle, or of one `member` of an ensemble such as `fold-00`, ready to predict."""
    folder = Path(bundle)
    manifest = json.loads((folder / "bundle.json").read_text())
    definition, (settings,) = manifest["input"], manifest["provenance"]["model"].values()
    scales = json.loads((folder / member / "normalisation.json").read_text())
    network = Network(settings, len(scales) + 1, definition["shape"], len(manifest["classes"]))
    missing, unknown = network.load_state_dict(tensors(folder / member / "weights.safetensors"), strict=False)
    missing = [name for name in missing if not name.endswith(".num_batches_tracked")]
    if missing or unknown:
        raise ValueError(f"{folder}: the weights lack {missing} and have {unknown} instead")
    planes = Planes(definition["pixel"], ROTATION, scales)
    return Fitted(planes, network, settings.get("test-time-augmentation", False)).eval()
