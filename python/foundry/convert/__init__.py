"""Models from one file to another."""

from __future__ import annotations

from foundry.convert.block_encoder import BlockEncoder
from foundry.convert.conversion import convert
from foundry.convert.formats import BLOCKS, TYPES, checked_type, format_of, in_format

__all__ = ["BLOCKS", "TYPES", "BlockEncoder", "checked_type", "convert", "format_of", "in_format"]
