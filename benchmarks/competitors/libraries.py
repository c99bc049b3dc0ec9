"""numpy, torch and MLX as their CPU wheels come, in an environment of their own."""

from __future__ import annotations

import functools
import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.competitors import CACHE, Missing, run_json

REQUIREMENTS = {"numpy": "numpy", "torch": "torch==2.13.0", "mlx": "mlx[cpu]"}
_WORKER = Path(__file__).parent / "library_worker.py"


@functools.cache
def _install(library: str) -> Path:
    """The interpreter that has the library; `Missing` with pip's last words."""
    python = CACHE / "venv/bin/python"
    if not python.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-m", "venv", CACHE / "venv"], check=True)
    found = subprocess.run([python, "-c", f"import {library}"], capture_output=True, check=False)
    if found.returncode != 0:
        print(f"installing {REQUIREMENTS[library]} in {CACHE}", file=sys.stderr)
        command: list[str | Path] = [
            python,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]
        finished = subprocess.run(
            [*command, REQUIREMENTS[library]], capture_output=True, text=True, check=False
        )
        if finished.returncode != 0:
            lines = finished.stderr.strip().splitlines()
            raise Missing(f"{library}: {lines[-1][:80] if lines else 'pip failed'}")
    return python


def load(library: str) -> Any:
    """The library's module, in this process: to share memory with what it is compared with."""
    script = f"import {library}, pathlib; print(pathlib.Path({library}.__file__).parents[1])"
    command: list[str | Path] = [_install(library), "-c", script]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    if found not in sys.path:
        sys.path.append(found)
    return importlib.import_module(library)


def measure(library: str, task: str, *arguments: object, threads: int) -> Any:
    """Runs a task of library_worker.py on so many threads; its JSON."""
    count = str(threads)
    environment = dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "MLX_NUM_THREADS"), count
    )
    return run_json(
        [_install(library), _WORKER, library, task, count, *map(str, arguments)], environment
    )
