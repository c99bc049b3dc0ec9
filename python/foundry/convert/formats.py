"""Which format a tensor of a converted model gets, and its bytes in it."""

from __future__ import annotations

import numpy as np

from foundry._foundry import DType, Tensor
from foundry.convert.block_encoder import K_BLOCK, K_BLOCKS, SMALL_BLOCKS, BlockEncoder
from foundry.errors import ArgumentError, ModelError

PLAIN = ("f32", "f16", "bf16")
BLOCKS = (*SMALL_BLOCKS, *K_BLOCKS)
TYPES = (*PLAIN, *BLOCKS)
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

_ADDED = ("position_embd.weight", "token_types.weight")
"""To the embeddings of tokens."""


def checked_type(name: str, supported: tuple[str, ...] = TYPES) -> str:
    """`ArgumentError` for what nothing can be converted to."""
    if name.lower() not in supported:
        raise ArgumentError(f"unsupported type '{name}'; supported: {', '.join(supported)}")
    return name.lower()


_KEPT = ("_norm", "ffn_gate_inp", "ssm_conv1d", "shortconv.conv")
_NO_MATRICES = (".ssm_a", ".ssm_d")


def format_of(name: str, shape: tuple[int, ...], wanted: str) -> str:
    """The format of a tensor in a file of that type. Norms, biases, what chooses experts, what is
    added to embeddings and what is no matrix in recurrent layers stay f32; matrices whose rows are
    no whole blocks take a format of smaller ones, or f16."""
    is_kept = any(part in name for part in _KEPT) or name.endswith(_NO_MATRICES)
    if len(shape) < 2 or wanted == "f32" or is_kept:
        return "f32"
    if name in _ADDED:
        return "f32"
    if wanted in PLAIN:
        return wanted
    if name in _FINE and wanted in ("q2_k", "q3_k", "q4_k", "q5_k"):
        wanted = "q6_k"
    if wanted in K_BLOCKS and shape[-1] % K_BLOCK:
        wanted = _SMALLER_BLOCK[wanted]
    return "f16" if wanted in SMALL_BLOCKS and shape[-1] % 32 else wanted


def in_format(encoder: BlockEncoder, name: str, weights: Tensor, format: str) -> Tensor:
    """The plain tensor `name` in a format of `TYPES`; itself where it has it.

    `ModelError` for elements that are not finite, or that the format does not hold.
    """
    if format == weights.dtype.name:
        return weights
    if format in BLOCKS:
        return encoder.encode(name, weights, format)
    values = weights.copy_to_host().astype(np.float32)
    if not np.all(np.isfinite(values)):
        raise ModelError(f"tensor '{name}' has elements that are not finite")
    return encoder.runtime.tensor(values, DType[format], name=name)
