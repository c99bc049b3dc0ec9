"""How many processors there are to share work among."""

from __future__ import annotations

import os


def usable() -> int:
    """Those that this process may run on, where the system tells; or else all of them."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
