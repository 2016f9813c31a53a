"""Runs a model in ONNX Runtime, in batches of 1, of 7, of 64, and of all cells at once.

usage: run_onnx.py MODEL FOLDER
  MODEL   the file
  FOLDER  where `inputs.json` names the inputs, each with `type` and `shape`, whose numbers lie in `NAME.bin`

Writes each output of numbers to `NAME.f32` in the folder. Prints one line of JSON: the names of inputs and outputs with their
types and shapes, the outputs of texts, the facts of the model, and by how much batches differ.
"""

import json
import sys
from pathlib import Path

import numpy
import onnxruntime

model, folder = sys.argv[1], Path(sys.argv[2])
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
described = json.loads((folder / "inputs.json").read_text())
inputs = {
    name: numpy.fromfile(folder / f"{name}.bin", one["type"]).reshape(one["shape"]) for name, one in described.items()
}
count = len(next(iter(inputs.values())))
names = [output.name for output in session.get_outputs()]


def run(batch):
    """All outputs, computed so many cells at a time."""
    parts = [
        session.run(names, {name: value[at : at + batch] for name, value in inputs.items()})
        for at in range(0, count, batch)
    ]
    return [numpy.concatenate(part) for part in zip(*parts)]


whole = run(count)
largest = 0.0
for batch in (1, 7, 64):
    for one, other in zip(whole, run(batch)):
        if one.dtype == numpy.float32:
            assert numpy.array_equal(numpy.isnan(one), numpy.isnan(other))
            largest = max(largest, float(numpy.nanmax(numpy.abs(one - other), initial=0.0)))
        else:
            assert numpy.array_equal(one, other), "texts depend on the batch"
texts = {}
for name, value in zip(names, whole):
    if value.dtype == numpy.float32:
        value.tofile(folder / f"{name}.f32")
    else:
        texts[name] = value.tolist()
about = lambda many: {one.name: [one.type, one.shape] for one in many}
print(
    json.dumps(
        {
            "inputs": about(session.get_inputs()),
            "outputs": about(session.get_outputs()),
            "texts": texts,
            "facts": session.get_modelmeta().custom_metadata_map,
            "batches_differ_by": largest,
        }
    )
)
