"""Models from one file to another."""

from __future__ import annotations

from foundry.convert.conversion import convert
from foundry.convert.formats import TYPES

__all__ = ["TYPES", "convert"]
