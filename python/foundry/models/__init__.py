"""Models: `load` a file, `generate` text, `embed` texts."""

from __future__ import annotations

from foundry.generation.statistics import Statistics
from foundry.huggingface.hub import fetch
from foundry.models.architectures import ARCHITECTURES, Architecture
from foundry.models.batch import Batch, BatchSequence
from foundry.models.config import ModelConfig
from foundry.models.embedding_model import EmbeddingModel
from foundry.models.embeds import Embeds
from foundry.models.generation import Generation
from foundry.models.language_model import LanguageModel
from foundry.models.loading import load

__all__ = [
    "ARCHITECTURES",
    "Architecture",
    "Batch",
    "BatchSequence",
    "EmbeddingModel",
    "Embeds",
    "Generation",
    "LanguageModel",
    "ModelConfig",
    "Statistics",
    "fetch",
    "load",
]
