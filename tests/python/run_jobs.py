"""Runs the containers of the jobs for Kubernetes one after the other, as a cluster would run them, without one.

usage: run_jobs.py FILE FOLDER [NAME=VALUE...]

FOLDER stands for the volume at /data; values of the ConfigMap are those of FILE unless others are given. The program is
found in the PATH.
"""

import os
import subprocess
import sys
from pathlib import Path

import yaml


def run(container: dict, settings: dict[str, str], more: dict[str, str]) -> None:
    command = [*container["command"], *container["args"]]
    subprocess.run(command, env={**os.environ, **settings, **more}, check=True, timeout=300)


def main() -> None:
    file, folder = Path(sys.argv[1]), sys.argv[2]
    settings, predict, merge = yaml.safe_load_all(file.read_text())
    given = dict(argument.split("=", 1) for argument in sys.argv[3:])
    values = {**settings["data"], **given}
    values = {name: value.replace("/data/", f"{folder}/") for name, value in values.items()}
    (container,) = predict["spec"]["template"]["spec"]["containers"]
    parts = range(int(values["PARTS"]))
    # Pods come in any order, and a pod may be started again when its part is there.
    for index in [*reversed(parts), 0]:
        run(container, values, {"JOB_COMPLETION_INDEX": str(index)})
    pod = merge["spec"]["template"]["spec"]
    for container in [*pod["initContainers"], *pod["containers"]]:
        run(container, values, {})


main()
