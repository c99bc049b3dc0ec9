"""Quantised folders: matrices as codes and scales, by what `config.json` calls their method.

Where a format of GGUF's holds the very same numbers they stay quantised; where none does they
become halves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

from foundry._foundry import DType
from foundry.errors import ModelError, UnsupportedModelError
from foundry.huggingface import blocks
from foundry.huggingface.derived import DerivedTensor, Stored
from foundry.huggingface.weights import StoredTensor
from foundry.metadata import shown

Values = NDArray[Any]

_AWQ_PLACES = [0, 4, 1, 5, 2, 6, 3, 7]
"""Which nibble of a word has the code of which column, in Lin et al. 2024's kernels."""


@dataclass(frozen=True)
class Packed:
    """A matrix as a folder has it."""

    name: str
    """What the names of its tensors begin with."""
    tensors: Mapping[str, StoredTensor]
    """By what they end with."""
    settings: Mapping[str, Any]

    def __getitem__(self, end: str) -> StoredTensor:
        if end not in self.tensors:
            raise ModelError(f"tensor {shown(self.name + end)} is missing")
        return self.tensors[end]

    def setting(self, name: str, *supported: Any) -> Any:
        """`UnsupportedModelError` for another value."""
        value = self.settings.get(name)
        if value not in supported:
            raise UnsupportedModelError(
                f"unsupported {name} {shown(value)} of quantization_config in config.json; "
                f"supported: {', '.join(map(str, supported))}"
            )
        return value

    def made(
        self, shape: tuple[int, ...], dtype: DType, make: Callable[..., Values], *ends: str
    ) -> DerivedTensor:
        """The matrix, of the tensors that end so."""
        if dtype.is_block and shape[-1] % blocks.BLOCK:
            raise UnsupportedModelError(
                f"unsupported rows of {shape[-1]} elements of {shown(self.name)}; supported: a "
                f"whole number of {blocks.BLOCK}"
            )
        parts = tuple(self[end] for end in ends)
        return DerivedTensor(f"{self.name}.weight", shape, dtype, parts, make)


@dataclass(frozen=True)
class _Method:
    mark: str
    """What the name of one tensor of every quantised matrix ends with."""
    ends: tuple[str, ...]
    """The others'."""
    matrix: Callable[[Packed], DerivedTensor]
    passed_over: tuple[str, ...] = ()
    """Of activations and caches, which are not quantised here."""


def unpacked(
    stored: Mapping[str, StoredTensor], configuration: Mapping[str, Any]
) -> dict[str, Stored]:
    """A folder's tensors with each quantised matrix as one. `UnsupportedModelError` for a method or
    a setting of one that is not there."""
    settings = configuration.get("quantization_config", configuration.get("quantization"))
    if settings is None:
        return dict(stored)
    name = settings.get("quant_method", "mlx") if isinstance(settings, Mapping) else settings
    method = _METHODS.get(name) if isinstance(name, str) else None
    if method is None:
        raise UnsupportedModelError(
            f"unsupported quantization_config {shown(name)} in config.json; supported: "
            f"{', '.join(_METHODS)}, and weights in f32, f16 and bf16"
        )
    bases = {n.removesuffix(method.mark) for n in stored if n.endswith(method.mark)}
    found: dict[str, Stored] = {}
    taken = set()
    for base in sorted(bases):
        tensors = {
            end: stored[base + end] for end in (method.mark, *method.ends) if base + end in stored
        }
        taken |= {base + end for end in tensors}
        matrix = method.matrix(Packed(base, tensors, settings))
        found[matrix.name] = matrix
    for each, tensor in stored.items():
        if each not in taken and not each.endswith(method.passed_over or "\0"):
            found[each] = tensor
    return found


def _mxfp4(packed: Packed) -> DerivedTensor:
    """gpt-oss': (experts, rows, blocks, 16) bytes of two neighbours each, and their exponents."""
    codes = packed["_blocks"]
    if len(codes.shape) != 4 or codes.shape[-1] != 16:
        raise ModelError(f"tensor {shown(codes.name)} has shape {codes.shape}; expected 16 bytes")

    def make(codes: Values, exponents: Values) -> Values:
        elements = blocks.nibbles(codes).reshape(*codes.shape[:-2], -1)
        return blocks.mxfp4(elements, exponents)

    shape = (*codes.shape[:-2], codes.shape[-2] * blocks.BLOCK)
    return packed.made(shape, DType.mxfp4, make, "_blocks", "_scales")


def _fp8(packed: Packed) -> DerivedTensor:
    """E4M3 times a scale of all, or of blocks of rows and columns."""
    weight = packed[".weight"]
    sizes = packed.settings.get("weight_block_size") or weight.shape

    def make(weight: Values, scales: Values) -> Values:
        rows, columns = weight.shape
        if scales.size > 1:
            scales = np.repeat(np.repeat(scales, sizes[0], 0), sizes[1], 1)[:rows, :columns]
        return _floats(packed, weight.view(ml_dtypes.float8_e4m3fn), scales)

    return packed.made(weight.shape, DType.f16, make, ".weight", ".weight_scale_inv")


def _gptq(packed: Packed) -> DerivedTensor:
    """Frantar et al. 2023, as their kernels have it: codes (columns packed, rows), of groups of
    columns a scale and a zero, which is stored less one."""
    bits = packed.setting("bits", 4, 8)
    less = 0 if packed.settings.get("checkpoint_format") == "gptq_v2" else 1
    words, rows = packed[".qweight"].shape
    columns = words * 32 // bits
    middle = 1 << bits - 1

    def codes_of(words: Values) -> Values:
        """Along the last axis."""
        return blocks.nibbles(words) if bits == 4 else np.ascontiguousarray(words).view(np.uint8)

    def zeros_of(zeros: Values) -> Values:
        return np.asarray((codes_of(zeros).astype(np.int32) + less) & ((1 << bits) - 1))

    if packed.settings.get("sym") and not packed.settings.get("desc_act"):

        def in_blocks(words: Values, zeros: Values, scales: Values) -> Values:
            if (zeros_of(zeros) != middle).any():
                raise ModelError(f"tensor {shown(packed.name)}.qzeros: expected {middle} alone")
            codes = codes_of(words.T)
            if bits == 4:
                return blocks.q4_0(packed.name, codes, scales.T)
            return blocks.q8_0(packed.name, codes.astype(np.int16) - middle, scales.T)

        dtype = DType.q4_0 if bits == 4 else DType.q8_0
        return packed.made((rows, columns), dtype, in_blocks, ".qweight", ".qzeros", ".scales")

    def as_floats(words: Values, zeros: Values, scales: Values, groups: Values) -> Values:
        codes = codes_of(words.T).astype(np.int32)
        return _floats(packed, codes - zeros_of(zeros)[groups].T, scales[groups].T)

    ends = (".qweight", ".qzeros", ".scales", ".g_idx")
    return packed.made((rows, columns), DType.f16, as_floats, *ends)


def _awq(packed: Packed) -> DerivedTensor:
    """Lin et al. 2024: codes (columns, rows packed), of groups of columns a scale and a zero."""
    packed.setting("bits", 4)
    packed.setting("version", "gemm", None)
    columns, words = packed[".qweight"].shape

    def codes_of(words: Values) -> Values:
        found = blocks.nibbles(words)
        places = found.reshape(*found.shape[:-1], -1, 8)[..., _AWQ_PLACES]
        return places.reshape(found.shape).astype(np.int32)

    def make(words: Values, zeros: Values, scales: Values) -> Values:
        group = columns // len(scales)
        offsets = np.repeat(codes_of(zeros), group, axis=0)
        return _floats(packed, (codes_of(words) - offsets).T, np.repeat(scales, group, axis=0).T)

    ends = (".qweight", ".qzeros", ".scales")
    return packed.made((words * 8, columns), DType.f16, make, *ends)


def _mlx(packed: Packed) -> DerivedTensor:
    """MLX's: codes (rows, columns packed), of groups of columns a scale and a bias."""
    own = packed.settings.get(packed.name, packed.settings)
    layer = Packed(packed.name, packed.tensors, own if isinstance(own, Mapping) else {})
    bits = layer.setting("bits", 4, 8)
    layer.setting("mode", "affine", None)
    *rows, words = packed[".weight"].shape
    shape = (*rows, words * 32 // bits)

    if bits == 4:

        def in_blocks(words: Values, scales: Values, biases: Values) -> Values:
            return blocks.q4_1(packed.name, blocks.nibbles(words), scales, biases)

        return packed.made(shape, DType.q4_1, in_blocks, ".weight", ".scales", ".biases")

    def as_floats(words: Values, scales: Values, biases: Values) -> Values:
        codes = np.ascontiguousarray(words).view(np.uint8)
        spread = (blocks.spread(packed.name, each, codes.shape) for each in (scales, biases))
        return _floats(packed, codes, *spread)

    return packed.made(shape, DType.f16, as_floats, ".weight", ".scales", ".biases")


def _compressed(packed: Packed) -> DerivedTensor:
    """The compressed-tensors package's: codes (rows, columns, packed where they have four bits),
    of a row, of groups of its columns or of all a scale; or E4M3."""
    ends = (".weight", ".weight_scale")
    if ".weight_packed" in packed.tensors:
        if ".weight_zero_point" in packed.tensors:
            raise UnsupportedModelError(
                f"unsupported zero points of {shown(packed.name)} (compressed-tensors); supported: "
                "symmetric weights"
            )
        rows, words = packed[".weight_packed"].shape
        bits = {group["weights"]["num_bits"] for group in packed.settings["config_groups"].values()}
        if bits != {4}:
            raise UnsupportedModelError(
                f"unsupported num_bits {sorted(bits)} of quantization_config in config.json; "
                "supported: 4"
            )

        def from_words(words: Values, scales: Values) -> Values:
            return blocks.q4_0(packed.name, blocks.nibbles(words), scales)

        return packed.made(
            (rows, words * 8), DType.q4_0, from_words, ".weight_packed", ".weight_scale"
        )
    weight = packed[".weight"]

    def over_rows(scales: Values) -> Values:
        whole = (weight.shape[0], 1)
        return np.broadcast_to(scales, whole) if scales.size == 1 else scales

    if weight.kind == "I8":

        def from_bytes(codes: Values, scales: Values) -> Values:
            return blocks.q8_0(packed.name, codes, over_rows(scales))

        return packed.made(weight.shape, DType.q8_0, from_bytes, *ends)

    def from_floats(codes: Values, scales: Values) -> Values:
        scales = blocks.spread(packed.name, over_rows(scales), codes.shape)
        return _floats(packed, codes.view(ml_dtypes.float8_e4m3fn), scales)

    return packed.made(weight.shape, DType.f16, from_floats, *ends)


def _floats(packed: Packed, codes: Values, scales: Values, biases: Values | None = None) -> Values:
    """scale * code + bias, rounded once, to a half."""
    found = codes.astype(np.float32) * scales.astype(np.float32)
    if biases is not None:
        found += biases.astype(np.float32)
    with np.errstate(over="ignore"):
        halves = found.astype(np.float16)
    if not np.all(np.isfinite(halves)):
        raise ModelError(f"tensor {shown(packed.name)} has elements that a half does not hold")
    return halves


_METHODS: Mapping[str, _Method] = {
    "mxfp4": _Method("_blocks", ("_scales",), _mxfp4),
    "fp8": _Method(".weight_scale_inv", (".weight",), _fp8, (".activation_scale",)),
    "gptq": _Method(".qweight", (".qzeros", ".scales", ".g_idx"), _gptq),
    "awq": _Method(".qweight", (".qzeros", ".scales"), _awq),
    "compressed-tensors": _Method(
        ".weight_scale",
        (".weight", ".weight_packed", ".weight_zero_point", ".weight_shape", ".weight_g_idx"),
        _compressed,
        (".input_scale", ".k_scale", ".v_scale", ".output_scale"),
    ),
    "mlx": _Method(".scales", (".weight", ".biases"), _mlx),
}
