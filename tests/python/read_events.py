"""Prints what TensorBoard reads from a folder of events, as JSON: tags of scalars with their points, of images, and of histograms.

usage: read_events.py FOLDER
"""

import json
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "images": 0, "histograms": 0})
events.Reload()
tags = events.Tags()
scalars = {
    tag: [[point.step, point.value] for point in events.Scalars(tag)] for tag in tags["scalars"]
}
images = {
    tag: [
        {"png": point.encoded_image_string[:8] == b"\x89PNG\r\n\x1a\n", "size": [point.width, point.height]}
        for point in events.Images(tag)
    ]
    for tag in tags["images"]
}
histograms = {
    tag: [
        {"step": point.step, "num": point.histogram_value.num, "bins": sum(point.histogram_value.bucket)}
        for point in events.Histograms(tag)
    ]
    for tag in tags["histograms"]
}
print(json.dumps({"scalars": scalars, "images": images, "histograms": histograms}))
