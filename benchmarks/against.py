"""`./dev bench --against REVISION`: this tree's own figures beside another revision's, by turns.

The other revision is checked out and built, by its own `./dev build`, in build/against: minutes of
all processors, once. Both run on the same machine within the same minute, `--rounds` times by
turns; the best of each counts.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.competitors import Missing, run_json
from benchmarks.options import OPTIONS
from benchmarks.table import Table

SECTIONS = ("host", "dispatch", "kernels", "gemv", "model")
FOLDER = Path("build/against")
PROGRAM = Path(__file__).with_name("own_figures.py")

Readings = dict[str, list[float]]


def git(*words: str) -> str:
    finished = subprocess.run(["git", *words], capture_output=True, text=True, check=False)
    if finished.returncode:
        sys.exit(f"bench: git {' '.join(words)}: {finished.stderr.strip()}")
    return finished.stdout.strip()


@functools.cache
def checkout(revision: str) -> Path:
    """The folder of the revision, built."""
    commit = git("rev-parse", "--verify", f"{revision}^{{commit}}")
    folder = FOLDER / commit[:12]
    if not folder.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        git("clone", "--quiet", "--no-checkout", str(Path.cwd()), str(folder))
        git("-C", str(folder), "checkout", "--quiet", commit)
    try:
        subprocess.run(["./dev", "build"], cwd=folder, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        shutil.rmtree(folder)
        sys.exit(f"bench: {revision} does not build: {error}")
    return folder


def measure_one(folder: Path, section: str, readings: Readings) -> None:
    # Kernels are compiled by whoever is measured, and cached apart.
    cache = {"FOUNDRY_CACHE_DIR": str((folder / "build/against-cache").resolve())}
    python = folder.resolve() / ".venv/bin/python"
    command: list[str | Path] = [python, PROGRAM.resolve(), folder, section]
    try:
        figures: dict[str, float] = run_json(command, cache, timeout=1800)
    except Missing as reason:
        sys.exit(f"bench: {section} of {folder}: {reason}")
    for name, figure in figures.items():
        readings.setdefault(name, []).append(figure)


def compare(title: str, before: Readings, after: Readings) -> Table:
    table = Table(title, ["", "before", "after", "speed, of before"])
    for name in [name for name in after if name in before]:
        is_rate = name.endswith("/s")
        best = max if is_rate else min
        old, new = best(before[name]), best(after[name])
        table.add(name, old, new, f"{new / old if is_rate else old / new:.2f}")
    return table


def measure(revision: str, section: str) -> Table:
    folder = checkout(revision)
    before: Readings = {}
    after: Readings = {}
    for _ in range(OPTIONS.rounds):
        measure_one(folder, section, before)
        measure_one(Path(), section, after)
    return compare(f"{section}: {revision} and this tree", before, after)
