"""What the keys of a GGUF file say, and what is done with each of them."""

from __future__ import annotations

from foundry.metadata.decision import check_keys
from foundry.metadata.keys import KEYS, Key, Treatment
from foundry.metadata.reading import Metadata, shown, warn

__all__ = ["KEYS", "Key", "Metadata", "Treatment", "check_keys", "shown", "warn"]
