"""A Python environment for the scripts that compare Tesela with its peers.

`python(...)` makes a virtual environment with pinned packages, once, and returns its interpreter;
`restart_inside(...)` runs the calling script again in there. Environments live in `~/.cache/tesela` (or
`$TESELA_CACHE`), one for each list of packages, and are used only when complete: a set-up that is cut short is begun again.
"""
from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

NUMPY = "numpy==2.2.6"
SCIPY = "scipy==1.15.3"


def repository() -> Path:
    """The root of the checkout."""
    return Path(__file__).resolve().parents[2]


def cache() -> Path:
    """Where environments are kept between runs."""
    return Path(os.environ.get("TESELA_CACHE", Path.home() / ".cache" / "tesela"))


def python(packages: list[str]) -> Path:
    """The interpreter of an environment with exactly these packages and what they need."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    key = hashlib.sha256("\n".join([version, *sorted(packages)]).encode()).hexdigest()[:16]
    home = cache() / f"python-{key}"
    interpreter = home / "bin" / "python"
    finished = home / "finished"  # a virtual environment knows its own path, so it cannot be renamed
    if finished.exists():
        return interpreter
    print(f"setting up {', '.join(packages)} in {home}", file=sys.stderr)
    venv.EnvBuilder(with_pip=True, clear=True).create(home)
    subprocess.run(
        [interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages],
        check=True)
    finished.touch()
    return interpreter


def restart_inside(packages: list[str]) -> None:
    """Runs the calling script again in an environment with these packages, unless it already does."""
    interpreter = python(packages)
    if Path(sys.prefix).resolve() != interpreter.parents[1].resolve():
        os.execv(interpreter, [str(interpreter), *sys.argv])


def build(package: str, example: str, features: str = "") -> Path:
    """Builds an example program of `package`, with cargo features separated by commas, and returns its path."""
    chosen = ["--features", features] if features else []
    subprocess.run(
        ["cargo", "build", "--release", "--workspace", "--example", example, *chosen],
        cwd=repository(), check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", repository() / "target"))
    return target / "release" / "examples" / example


def program() -> Path:
    """The program itself: `$TESELA`, or built here."""
    if given := os.environ.get("TESELA"):
        return Path(given)
    # As the tests build it, so that neither builds the other's dependencies anew.
    subprocess.run(["cargo", "build", "--release", "--workspace", "--bins", "--tests"], cwd=repository(), check=True)
    return Path(os.environ.get("CARGO_TARGET_DIR", repository() / "target")) / "release" / "tesela"
