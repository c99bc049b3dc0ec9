"""A model's file, opened: what its metadata say, before any weight is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from foundry._foundry import Gguf
from foundry.errors import ArgumentError, ModelError
from foundry.generation.arguments import checked_integer
from foundry.generation.tokenizer import Tokenizer
from foundry.huggingface import opened
from foundry.models.architectures import Pairing
from foundry.models.config import ModelConfig

if TYPE_CHECKING:
    from foundry.huggingface import Folder


@dataclass(frozen=True)
class OpenedModel:
    """What there is to know of a model without its weights."""

    path: Path
    file: Folder | Gguf
    config: ModelConfig
    tokenizer: Tokenizer
    context_length: int


def open_model(path: Path, context_length: int | None) -> OpenedModel:
    """Raises `GgufError`, `ModelError` and `ArgumentError` as `load` says."""
    file = opened(path)
    config = ModelConfig.from_metadata(file.metadata)
    if not isinstance(file, Gguf) and file.pairs_halves:
        config = config.with_pairing(Pairing.HALVES)
    if not isinstance(file, Gguf) and file.has_exact_gelu:
        config = config.with_activation("GeluErf")
    if not isinstance(file, Gguf) and file.has_fractional_ramp:
        config = config.with_fractional_ramp()
    description = None if isinstance(file, Gguf) else file.segmentation
    tokenizer = Tokenizer(file.metadata, description)
    _check_vocabulary(file, config, len(tokenizer))
    return OpenedModel(path, file, config, tokenizer, _context_length(config, context_length))


def _check_vocabulary(file: Folder | Gguf, config: ModelConfig, tokens: int) -> None:
    """`ModelError` unless embedding, vocabulary and metadata are of one size."""
    embedding = file.tensors.get("token_embd.weight")
    if embedding is not None and embedding.shape[:1] != (tokens,):
        raise ModelError(
            f"token_embd.weight has shape {embedding.shape}, the vocabulary {tokens} tokens"
        )
    if config.vocabulary not in (None, tokens):
        raise ModelError(
            f"{config.architecture.name}.vocab_size is {config.vocabulary}, the vocabulary has "
            f"{tokens} tokens"
        )


def _context_length(config: ModelConfig, asked: int | None) -> int:
    if asked is None:
        return config.context_length
    asked = checked_integer(asked, "load: context_length")
    if not 1 < asked <= config.context_length:
        raise ArgumentError(
            f"load: context_length is {asked}; the model was made for 2 to {config.context_length}"
        )
    return asked
