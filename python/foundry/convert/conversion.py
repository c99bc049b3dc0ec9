"""Writes a model as a GGUF file of one type, tensor by tensor."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foundry._foundry import Device, Foundry
from foundry.atomic_file import replaced
from foundry.convert.block_encoder import BlockEncoder
from foundry.convert.formats import checked_type, format_of, in_format
from foundry.convert.source import Source, SourceTensor, source_of
from foundry.errors import ArgumentError, ModelError

Progress = Callable[[str, int, int], None]

_FILE_TYPES = {
    "f32": 0, "f16": 1, "q4_0": 2, "q4_1": 3, "q8_0": 7, "q5_0": 8, "q5_1": 9, "q2_k": 10,
    "q3_k": 12, "q4_k": 15, "q5_k": 17, "q6_k": 18, "bf16": 32,
}  # fmt: skip
"""`general.file_type`, as llama.cpp counts."""


def convert(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    type: str = "q8_0",
    device: Device | str | None = None,
    progress: Progress | None = None,
) -> None:
    """Writes `source`, a Hugging Face folder or a GGUF file, as the GGUF file `target`.

    Matrices get the format `type`, one of `foundry.convert.TYPES`; formats.format_of() says which
    of them another. A tensor that has the format already keeps its bytes. `target` is there when it
    is whole, and replaces what had its name. `device` names what encodes. `progress` is called with
    a stage, steps done and in all.

    Raises `ModelError`, `UnsupportedModelError`, `GgufError` for a source that cannot be read,
    `ArgumentError` for another type, a target that is the source, or one that cannot be written.
    """
    wanted = checked_type(type)
    origin, end = Path(source), Path(target)
    if not origin.exists():
        raise ModelError(f"{origin}: there is no such file or folder")
    if end.exists() and end.samefile(origin):
        raise ArgumentError(f"convert: '{end}' is the source itself")
    if end.is_dir():
        raise ArgumentError(f"convert: '{end}' is a folder; expected the name of a file")
    model = source_of(origin)
    try:
        with replaced(end) as part:
            _write(model, part, wanted, BlockEncoder(Foundry(device)), progress)
    except OSError as error:
        raise ArgumentError(f"convert: '{end}' cannot be written: {error.strerror}") from error


def _write(
    model: Source, path: Path, wanted: str, encoder: BlockEncoder, progress: Progress | None
) -> None:
    import gguf

    writer = gguf.GGUFWriter(path, model.architecture)
    for key, value, kind, element in model.metadata:
        if key not in ("general.architecture", "general.file_type", "general.quantization_version"):
            _add(writer, key, value, kind, element)
    writer.add_file_type(_FILE_TYPES[wanted])
    if wanted not in ("f32", "f16", "bf16"):
        writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    formats = [format_of(tensor.name, tensor.shape, wanted) for tensor in model.tensors]
    sizes = []
    for tensor, name in zip(model.tensors, formats, strict=True):
        kind = gguf.GGMLQuantizationType[name.upper()]
        block, block_bytes = gguf.GGML_QUANT_SIZES[kind]
        row = tensor.shape[-1] // block * block_bytes
        shape = (*tensor.shape[:-1], row)
        nbytes = int(np.prod(shape, dtype=np.int64))
        sizes.append(nbytes)
        writer.add_tensor_info(tensor.name, shape, np.dtype(np.uint8), nbytes, raw_dtype=kind)
    try:
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        done = 0
        for tensor, name, nbytes in zip(model.tensors, formats, sizes, strict=True):
            writer.write_tensor_data(_packed(encoder, tensor, name))
            done += nbytes
            if progress is not None:
                progress("converting", done, sum(sizes))
    finally:
        writer.close()


def _packed(encoder: BlockEncoder, tensor: SourceTensor, name: str) -> NDArray[np.uint8]:
    if tensor.stored is not None and tensor.format == name:
        return tensor.stored()
    weights = in_format(encoder, tensor.name, tensor.on_device(encoder.runtime), name)
    return np.ascontiguousarray(weights.copy_to_host()).reshape(-1).view(np.uint8)


def _add(writer: Any, key: str, value: Any, kind: int | None, element: int | None) -> None:
    """With the type that it had, or the one that GGUF's readers expect of such a value."""
    import gguf

    if kind is not None:
        inner = None if element is None else gguf.GGUFValueType(element)
        writer.add_key_value(key, value, gguf.GGUFValueType(kind), inner)
    elif isinstance(value, bool):
        writer.add_bool(key, value)
    elif isinstance(value, str):
        writer.add_string(key, value)
    elif isinstance(value, int):
        writer.add_uint32(key, value)
    elif isinstance(value, float):
        writer.add_float32(key, value)
    else:
        writer.add_array(key, value.tolist() if isinstance(value, np.ndarray) else value)
