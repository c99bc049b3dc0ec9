"""A KV cache in a file: the tokens and, of each layer, their keys and values.

The file is one of the `safetensors` package's, which anything may read; elements that numpy has no
name for are stored as 16-bit integers.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foundry._foundry import DType, Tensor
from foundry.atomic_file import replaced
from foundry.engine.cache import KvCache
from foundry.errors import ArgumentError, ModelError

_SAMPLE = 1 << 20  # bytes of a file's start and end that tell models apart
_KIND = "foundry prompt cache 1"


def fingerprint(paths: Sequence[Path]) -> str:
    """Of a model's files: their sizes, and how each begins and ends."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            digest.update(size.to_bytes(8, "little"))
            for start in (0, max(0, size - _SAMPLE)):
                file.seek(start)
                digest.update(file.read(_SAMPLE))
    return digest.hexdigest()


def write(cache: KvCache, path: Path, model: str) -> None:
    """Everything that the cache holds. `ArgumentError` where the file cannot be written."""
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    count = len(cache.tokens)
    arrays: dict[str, NDArray[Any]] = {"tokens": np.asarray(cache.tokens, np.int32)}
    for name, tensors in (("keys", cache.keys), ("values", cache.values)):
        for layer, tensor in enumerate(tensors if count else ()):
            arrays[f"{name}.{layer}"] = _stored(np.asarray(tensor)[:count])
    described = {"kind": _KIND, "model": model, "dtype": cache.dtype.name}
    try:
        with replaced(path) as part:
            save_file(arrays, part, metadata=described)
    except (OSError, SafetensorError) as error:
        raise ArgumentError(f"prompt cache: '{path}' cannot be written: {error}") from error


def read(cache: KvCache, path: Path, model: str, vocabulary: int) -> None:
    """What the file holds, in place of what the cache held. `ModelError` for a file that is none,
    another model's, of another dtype, or longer than the context."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            described = file.metadata() or {}
            _check(path, described, cache, model)
            tokens = file.get_tensor("tokens")
            _check_tokens(path, tokens, cache.limit, vocabulary)
            cache.forget()
            cache.reserve(max(len(tokens), 1))
            for name, tensors in (("keys", cache.keys), ("values", cache.values)):
                for layer, tensor in enumerate(tensors if len(tokens) else ()):
                    stored = file.get_tensor(f"{name}.{layer}")
                    _fill(path, tensor, stored, len(tokens), f"{name}.{layer}")
    except (OSError, SafetensorError) as error:
        cache.forget()
        raise ModelError(f"prompt cache: {path}: {error}") from error
    except ModelError:
        cache.forget()
        raise
    cache.tokens = tokens.tolist()


def _stored(values: NDArray[Any]) -> NDArray[Any]:
    return values if values.dtype == np.float32 else values.view(np.uint16)


def _check(path: Path, described: dict[str, str], cache: KvCache, model: str) -> None:
    if described.get("kind") != _KIND:
        raise ModelError(f"prompt cache: {path}: is none")
    if described.get("model") != model:
        raise ModelError(f"prompt cache: {path}: is another model's")
    if described.get("dtype") != cache.dtype.name:
        raise ModelError(
            f"prompt cache: {path}: holds {json.dumps(described.get('dtype'))}, the model's cache "
            f"{cache.dtype.name}"
        )


def _check_tokens(path: Path, tokens: NDArray[Any], limit: int, vocabulary: int) -> None:
    if tokens.ndim != 1 or tokens.dtype != np.int32 or len(tokens) > limit:
        raise ModelError(
            f"prompt cache: {path}: tokens have shape {tokens.shape}; expected up to {limit}"
        )
    if len(tokens) and not 0 <= tokens.min() <= tokens.max() < vocabulary:
        raise ModelError(f"prompt cache: {path}: has tokens outside of the vocabulary")


def _fill(path: Path, tensor: Tensor, stored: NDArray[Any], count: int, name: str) -> None:
    shape = (count, *tensor.shape[1:])
    kind = np.float32 if tensor.dtype == DType.f32 else np.uint16
    if stored.shape != shape or stored.dtype != kind:
        raise ModelError(f"prompt cache: {path}: {name} has shape {stored.shape}; expected {shape}")
    target = np.asarray(tensor)
    target[:count] = stored.view(target.dtype)
