"""What a step is built of: attention, the MLP, and what both need."""

from __future__ import annotations
