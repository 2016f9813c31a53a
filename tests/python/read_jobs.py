"""Reads the jobs for Kubernetes, and checks that what stands in several places is the same, and that shells understand
the commands.

usage: read_jobs.py FILE
"""

import subprocess
import sys
from pathlib import Path

import yaml


def containers(job: dict) -> list[dict]:
    pod = job["spec"]["template"]["spec"]
    return pod.get("initContainers", []) + pod["containers"]


def check_container(container: dict, settings: str, volumes: set[str]) -> None:
    assert container["command"] == ["/bin/sh", "-euc"], container
    (text,) = container["args"]
    subprocess.run(["sh", "-n", "-c", text], check=True)
    assert container["envFrom"] == [{"configMapRef": {"name": settings}}], container
    assert {mount["name"] for mount in container["volumeMounts"]} <= volumes, container


def main() -> None:
    settings, predict, merge = yaml.safe_load_all(Path(sys.argv[1]).read_text())
    assert [job["kind"] for job in (settings, predict, merge)] == ["ConfigMap", "Job", "Job"]
    data = settings["data"]
    assert all(isinstance(value, str) for value in data.values()), data
    assert predict["spec"]["completionMode"] == "Indexed"
    assert predict["spec"]["completions"] == int(data["PARTS"])
    assert predict["spec"]["parallelism"] <= predict["spec"]["completions"]
    for job in (predict, merge):
        pod = job["spec"]["template"]["spec"]
        assert pod["restartPolicy"] == "Never"
        volumes = {volume["name"] for volume in pod["volumes"]}
        for container in containers(job):
            check_container(container, settings["metadata"]["name"], volumes)


main()
