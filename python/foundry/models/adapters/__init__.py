"""Adapters of low rank (LoRA): read, checked, and put beside a model's weights."""

from __future__ import annotations

from foundry.models.adapters.adapter import Adapter, AdapterSource, read_adapters
from foundry.models.adapters.applied import apply

__all__ = ["Adapter", "AdapterSource", "apply", "read_adapters"]
