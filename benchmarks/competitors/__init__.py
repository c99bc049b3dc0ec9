"""Who Foundry is compared with. What cannot be had here becomes a row that says why."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CACHE = Path("build/competitors")
"""Downloads and builds; made once, `./dev clean` removes it."""


class Missing(Exception):
    """A competitor is not there; the message is the reason, in a few words."""


def run_json(
    command: Sequence[str | Path],
    environment: dict[str, str] | None = None,
    timeout: float = 600,
) -> Any:
    """What a program prints, read as JSON. `Missing` with its last words if it fails."""
    try:
        finished = subprocess.run(
            [str(word) for word in command],
            capture_output=True,
            text=True,
            env={**os.environ, **(environment or {})},
            timeout=timeout,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(str(error)) from error
    if finished.returncode != 0:
        words = finished.stderr.strip().splitlines()
        raise Missing(words[-1][:90] if words else f"exit status {finished.returncode}")
    return json.loads(finished.stdout.splitlines()[-1])
