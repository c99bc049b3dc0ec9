"""Language models: `load` a GGUF file, `generate` text."""

from __future__ import annotations

from foundry.generation.statistics import Statistics
from foundry.models.architectures import ARCHITECTURES, Architecture
from foundry.models.config import ModelConfig
from foundry.models.generation import Generation
from foundry.models.language_model import LanguageModel
from foundry.models.loading import load

__all__ = [
    "ARCHITECTURES",
    "Architecture",
    "Generation",
    "LanguageModel",
    "ModelConfig",
    "Statistics",
    "load",
]
