"""A cache in a file: the tokens and, of each layer, their keys and values; recurrent states.

The file is one of the `safetensors` package's, which anything may read; elements of 16 bits are
stored as integers, blocks as their bytes.
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

from foundry._foundry import DType, Tensor, numpy_dtype
from foundry.atomic_file import replaced
from foundry.engine.cache import Cache
from foundry.engine.recurrent_states import RecurrentStates
from foundry.errors import ArgumentError, ModelError

_SAMPLE = 1 << 20  # bytes of a file's start and end that tell models apart
_KIND = "foundry prompt cache 1"
_STATES = "states."
"""Before the number of tokens that such a state is after."""


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


def write(cache: Cache, path: Path, model: str) -> None:
    """Everything that the cache holds. `ArgumentError` where the file cannot be written."""
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    count = len(cache.tokens)
    arrays: dict[str, NDArray[Any]] = {"tokens": np.asarray(cache.tokens, np.int32)}
    for name, layer, tensor in _positional(cache) if count else ():
        first = min(cache.first_of(layer), count)
        arrays[name] = _stored(tensor, cache.slots(layer, first, count - first))
    for position, state in cache.recurrent.by_position().items():
        if position <= count:
            arrays[f"{_STATES}{position}"] = np.asarray(state)
    described = {"kind": _KIND, "model": model, "dtype": cache.dtype.name}
    try:
        with replaced(path) as part:
            save_file(arrays, part, metadata=described)
    except (OSError, SafetensorError) as error:
        raise ArgumentError(f"prompt cache: '{path}' cannot be written: {error}") from error


def read(cache: Cache, path: Path, model: str, vocabulary: int) -> None:
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
            cache.written = len(tokens)
            for name, layer, tensor in _positional(cache) if len(tokens) else ():
                _fill(path, cache, layer, tensor, file.get_tensor(name), len(tokens), name)
            _read_states(path, cache.recurrent, file, len(tokens))
    except (OSError, SafetensorError) as error:
        cache.forget()
        raise ModelError(f"prompt cache: {path}: {error}") from error
    except ModelError:
        cache.forget()
        raise
    cache.tokens = tokens.tolist()
    cache.keep(len(tokens))  # or fewer, where no state is of all, or a ring has lost some


def _positional(cache: Cache) -> list[tuple[str, int, Tensor]]:
    """What has a row for each token, by its name in a file, and its layer."""
    kinds = (("keys", cache.keys), ("values", cache.values))
    return [
        (f"{kind}.{layer}", layer, tensor) for kind, of in kinds for layer, tensor in of.items()
    ]


def _read_states(path: Path, states: RecurrentStates, file: Any, count: int) -> None:
    """The file's states, each after a number of its tokens."""
    if not states.size:
        return
    saved = {}
    for name in file.keys():  # noqa: SIM118
        if name.startswith(_STATES):
            position, values = name.removeprefix(_STATES), file.get_tensor(name)
            if values.shape != (states.size,) or values.dtype != np.float32:
                raise ModelError(
                    f"prompt cache: {path}: {name} has shape {values.shape}; expected "
                    f"({states.size},)"
                )
            if not (position.isdecimal() and 0 < int(position) <= count):
                raise ModelError(
                    f"prompt cache: {path}: {name} is no state after 1 to {count} tokens"
                )
            saved[int(position)] = values
    states.load(saved)


def _row(tensor: Tensor) -> tuple[tuple[int, ...], type[np.generic]]:
    """Shape and kind of a position in a file."""
    *outer, inner = tensor.shape[1:]
    dtype = tensor.dtype
    if dtype.is_block:
        return (*outer, inner // dtype.block_elements * dtype.block_bytes), np.uint8
    return (*outer, inner), np.float32 if dtype == DType.f32 else np.uint16


def _stored(tensor: Tensor, slots: Sequence[slice]) -> NDArray[Any]:
    shape, kind = _row(tensor)
    parts = [tensor[of].copy_to_host().view(kind) for of in slots if of.start < of.stop]
    return np.concatenate(
        [np.empty((0, *shape), kind), *(part.reshape(-1, *shape) for part in parts)]
    )


def _check(path: Path, described: dict[str, str], cache: Cache, model: str) -> None:
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


def _fill(
    path: Path,
    cache: Cache,
    layer: int,
    tensor: Tensor,
    stored: NDArray[Any],
    count: int,
    name: str,
) -> None:
    """A ring may have the last positions alone, and then no more than it had room for."""
    rows = len(stored) if cache.of(layer).ring and stored.ndim else count
    row, kind = _row(tensor)
    shape = (rows, *row)
    if stored.shape != shape or stored.dtype != kind or rows > count:
        expected = (count, *row)
        raise ModelError(
            f"prompt cache: {path}: {name} has shape {stored.shape}; expected {expected}"
        )
    values = stored[-tensor.shape[0] :]
    first = count - len(values)
    if first:
        cache.written = max(cache.written, first + tensor.shape[0])
    for slots in cache.slots(layer, first, len(values)):
        part = np.ascontiguousarray(values[: slots.stop - slots.start])
        tensor[slots].copy_from(part.view(numpy_dtype(tensor.dtype)))
        values = values[slots.stop - slots.start :]
