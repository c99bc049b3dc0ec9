"""One function of a compiled library through Anvil's compiler."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

from corpus import BUILD

COMPILER = BUILD / "bin/anvil-compiler"


def compiled(name: str, bitcode: bytes) -> str:
    """What the compiler says of the function; nothing if it is compiled."""
    with tempfile.TemporaryDirectory(prefix="anvil-mlx-") as folder:
        air, library, constants, code = (
            Path(folder, n) for n in ("air", "library", "values", "so")
        )
        air.write_bytes(bitcode)
        first: list[str | Path] = [
            COMPILER,
            "library",
            "--air",
            air,
            "--name",
            name,
            "--output",
            library,
        ]
        done = subprocess.run(first, capture_output=True, text=True)
        if done.returncode != 0:
            return f"{name}: {done.returncode}: {done.stderr}"
        index = json.loads(library.read_bytes().partition(b"\n")[0])
        values = [
            {**constant, "data": {"bool": "01", "short": "0200"}.get(constant["type"], "02000000")}
            for constant in index["constants"]
        ]
        constants.write_text(json.dumps(values))
        second: list[str | Path] = [
            COMPILER,
            "kernel",
            "--library",
            library,
            "--function",
            name,
            "--output",
            code,
        ]
        done = subprocess.run([*second, "--constants", constants], capture_output=True, text=True)
        return "" if done.returncode == 0 else f"{name}: {done.returncode}: {done.stderr}"
