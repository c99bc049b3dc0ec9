"""The architectures that models are of, as data."""

from __future__ import annotations

from foundry.models.architectures.architecture import (
    Architecture,
    HeadNorm,
    Mixture,
    Norms,
    Pairing,
    Recurrence,
)
from foundry.models.architectures.table import ARCHITECTURES

__all__ = ["ARCHITECTURES", "Architecture", "HeadNorm", "Mixture", "Norms", "Pairing", "Recurrence"]
