"""Language models: `load` a GGUF file, `generate` text."""

from __future__ import annotations

from foundry.generation.statistics import Statistics
from foundry.models.config import LlamaConfig
from foundry.models.generation import Generation
from foundry.models.llama import Llama, load

__all__ = ["Generation", "Llama", "LlamaConfig", "Statistics", "load"]
