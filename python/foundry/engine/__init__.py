"""What evaluates a model: cache, steps, the decode loop, and the engine that takes turns."""

from __future__ import annotations
