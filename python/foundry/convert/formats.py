"""Which format a tensor of a converted file gets, and its bytes in it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from foundry.convert import k_quants
from foundry.errors import ArgumentError

_PLAIN = ("f32", "f16", "bf16")
_BLOCKS = ("q8_0", "q4_0", "q4_1", "q5_0", "q5_1")
TYPES = (*_PLAIN, *_BLOCKS, *k_quants.ENCODERS)
"""What a file can be converted to."""

# Where a row is no whole number of the format's blocks: llama.cpp's choices.
_SMALLER_BLOCK = {
    "q2_k": "q4_0",
    "q3_k": "q4_0",
    "q4_k": "q5_0",
    "q5_k": "q5_1",
    "q6_k": "q8_0",
}
_FINE = {"output.weight", "token_embd.weight", "per_layer_token_embd.weight"}
"""Which take at least six bits in the formats of five and fewer: every token's logit needs them."""


def checked_type(name: str) -> str:
    """`ArgumentError` for what no file can be converted to."""
    if name.lower() not in TYPES:
        raise ArgumentError(f"unsupported type '{name}'; supported: {', '.join(TYPES)}")
    return name.lower()


def format_of(name: str, shape: tuple[int, ...], wanted: str) -> str:
    """The format of a tensor in a file of that type. Norms, biases and what chooses experts stay
    f32; matrices whose rows are no whole blocks take a format of smaller ones, or f16."""
    if len(shape) < 2 or "ffn_gate_inp" in name or "_norm" in name or wanted == "f32":
        return "f32"
    if wanted in _PLAIN:
        return wanted
    if name in _FINE and wanted in ("q2_k", "q3_k", "q4_k", "q5_k"):
        wanted = "q6_k"
    if wanted in k_quants.ENCODERS and shape[-1] % k_quants.BLOCK:
        wanted = _SMALLER_BLOCK[wanted]
    return "f16" if wanted in _BLOCKS and shape[-1] % 32 else wanted


def bytes_in(values: NDArray[Any], name: str) -> NDArray[np.uint8]:
    """The values as the format has them: uint8 (..., bytes of a row)."""
    import gguf

    if name in k_quants.ENCODERS:
        return k_quants.encode(values.astype(np.float32, copy=False), name)
    kind = gguf.GGMLQuantizationType[name.upper()]
    packed = gguf.quants.quantize(values.astype(np.float32, copy=False), kind)
    return np.ascontiguousarray(packed).view(np.uint8)
