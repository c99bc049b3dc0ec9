"""`load`: a model from a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from foundry._foundry import Device, DType, Foundry
from foundry.call_errors import typed_call
from foundry.convert import BLOCKS, checked_type
from foundry.engine.kept import CACHE_DTYPES
from foundry.engine.prepare import Progress
from foundry.errors import ArgumentError, ArgumentTypeError, DTypeError, UnsupportedModelError
from foundry.generation.arguments import shown
from foundry.models.adapters import AdapterSource
from foundry.models.embedding_model import EmbeddingModel
from foundry.models.language_model import LanguageModel
from foundry.models.opening import open_model


@typed_call
def load(
    path: str | Path,
    *,
    device: Device | str | None = None,
    runtime: Foundry | None = None,
    context_length: int | None = None,
    cache_dtype: DType = DType.f16,
    progress: Progress | None = None,
    adapters: Sequence[AdapterSource] = (),
    quantize: str | None = None,
) -> LanguageModel:
    """Loads a model from a GGUF file or a Hugging Face folder and prepares its kernels.

    A model whose tokens attend to those after them (BERT and its kind) is an `EmbeddingModel`,
    which embeds texts and generates none.

    Weights stay in the mapped file where device and host share memory. `device` names where it
    runs, or `runtime` is an existing one. `context_length` lowers the model's own limit. Keys and
    values of earlier tokens are kept in `cache_dtype`: f16, bf16, f32, which takes twice the
    memory and keeps what rounding them loses, or in blocks, q8_0 or q4_0, about half and a quarter
    of it, where heads are whole blocks of 32. `progress` is called with a stage, what is done and
    steps in all. `adapters` (LoRA) are paths of GGUF files or of folders of the `peft` package, or
    pairs of a path and a scale; the weights stay as they are. `quantize`, "q8_0" or another of
    `foundry.convert.BLOCKS`, encodes matrices of f32, f16 and bf16 as `foundry.convert.convert`
    would; what is in blocks already stays.

    Raises `GgufError` for a malformed file, `UnsupportedModelError` (naming it, and what there is)
    for an architecture, format, tokenizer or cache that is not there, `ModelError` for a file whose
    parts
    do not fit together, `ArgumentError` and `ArgumentTypeError` for what is no path, device,
    runtime, context length, type or dtype, `DTypeError` for a dtype that caches are not kept in.
    """
    try:
        file = Path(path)
    except TypeError as error:
        raise ArgumentTypeError(
            f"load: path is {shown(path)}; expected a str or an os.PathLike of str"
        ) from error
    if runtime is not None and not isinstance(runtime, Foundry):
        raise ArgumentTypeError(f"load: runtime is {shown(runtime)}; expected a Foundry or None")
    if runtime is not None and device is not None:
        raise ArgumentError("load: a runtime has its device; give one of the two")
    if not isinstance(cache_dtype, DType):
        raise ArgumentTypeError(f"load: cache_dtype is {shown(cache_dtype)}; expected a DType")
    if cache_dtype not in CACHE_DTYPES:
        names = ", ".join(dtype.name for dtype in CACHE_DTYPES)
        raise DTypeError(f"load: unsupported cache_dtype {cache_dtype.name}; supported: {names}")
    if progress is not None and not callable(progress):
        raise ArgumentTypeError(f"load: progress is {shown(progress)}; expected a callable or None")
    if quantize is not None:
        if not isinstance(quantize, str):
            raise ArgumentTypeError(f"load: quantize is {shown(quantize)}; expected a str or None")
        quantize = checked_type(quantize, BLOCKS)
    found = open_model(file, context_length)
    runtime = runtime or Foundry(device)
    if not found.config.causal:
        if adapters:
            raise UnsupportedModelError(
                f"load: unsupported adapters of '{found.config.name}', an embedding model; "
                "supported: those of models that generate"
            )
        # Declared as what most files are: typed programs that generate need no check.
        embeds = EmbeddingModel(found, runtime=runtime, progress=progress, quantize=quantize)
        return cast("LanguageModel", embeds)
    return LanguageModel(
        found,
        runtime=runtime,
        cache_dtype=cache_dtype,
        progress=progress,
        adapters=adapters,
        quantize=quantize,
    )
