"""What the tokens of a vocabulary are: of which kind, and which of them end a text.

GGUF names a kind for each token; what it leaves out llama.cpp finds by the tokens' texts, and so
does this file (src/llama-vocab.cpp, `llama_vocab::impl::load`).
"""

# ruff: noqa: RUF001 - the bars of DeepSeek's tokens are wide ones
from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

# Values of tokenizer.ggml.token_type (GGUF specification, "tokenizer.ggml.token_type").
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = 1, 2, 3, 4, 5, 6

Flags = NDArray[np.uint8]
"""For each token one bit, `1 << kind`, for each kind that it is of."""

_IS_NORMAL, _IS_CONTROL, _IS_DEFINED = 1 << NORMAL, 1 << CONTROL, 1 << USER_DEFINED

# Of a key that a file leaves out, the first of these that is a token.
_NAMED: Mapping[str, tuple[str, ...]] = {
    "eot": (
        *("<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>"),
        *("<|end_of_text|>", "<EOT>", "_<EOT>", "[EOT]", "<｜end▁of▁sentence｜>"),
        "<end_of_utterance>",
    ),
    "eom": ("<|eom_id|>",),
    "fim_pre": (
        *("<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>", "<｜fim▁begin｜>", "<PRE>"),
        *("▁<PRE>", "<|code_prefix|>", "<|prefix|>"),
    ),
    "fim_suf": (
        *("<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>", "<｜fim▁hole｜>", "<SUF>"),
        *("▁<SUF>", "<|code_suffix|>", "<|suffix|>"),
    ),
    "fim_mid": (
        *("<|fim_middle|>", "<fim-middle>", "<fim_middle>", "<｜fim▁end｜>", "<MID>"),
        *("▁<MID>", "<|code_middle|>", "<|middle|>"),
    ),
    "fim_pad": ("<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"),
    "fim_rep": ("<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>"),
    "fim_sep": ("<|file_sep|>",),
}
_ENDS = (
    *("<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>", "<|calls|>"),
    *("<end_of_turn>", "<|endoftext|>", "</s>", "<|eom_id|>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]"),
    *("<|end_of_text|>", "<end_of_utterance>", "<eos>", "<turn|>", "<|tool_response>"),
    *("<｜end▁of▁sentence｜>", "[e~["),
)
_SHOWN = ("<|channel|>", "<|message|>", "<|start|>", "<|constrain|>")
"""Control tokens of gpt-oss that are part of its answers."""


def flags_of(types: NDArray[np.int64]) -> Flags:
    return np.left_shift(1, types).astype(np.uint8)


def end_tokens(
    ids: Mapping[str, int], flags: Flags, given: Mapping[str, int | None], eos_id: int | None
) -> frozenset[int]:
    """The tokens that end a text; what is a control token by its text becomes one in `flags`.

    `given` are the ids that the file names, by the names of their keys.
    """
    special = dict(given)
    for name, texts in _NAMED.items():
        if special.get(name) is None:
            special[name] = next((ids[text] for text in texts if text in ids), None)
            if special[name] is not None:
                flags[special[name]] |= _IS_CONTROL
    by_text = {ids[text] for text in _ENDS if text in ids}
    flags[list(by_text)] |= _IS_CONTROL
    for text in _SHOWN:
        if text in ids:
            flags[ids[text]] = _IS_DEFINED
    names = ("fim_pad", "fim_rep", "fim_sep", "eot", "eom")
    named = (eos_id, *(special[name] for name in names))
    ends = by_text | {one for one in named if one is not None}

    def ending(text: str) -> bool:
        return ids.get(text) in ends

    # "<|end|>" ends a message of several there, not the answer.
    harmony = ending("<|return|>") and (ending("<|call|>") or ending("<|calls|>"))
    solar = ending("<|flush|>") and (ending("<|call|>") or ending("<|calls|>"))
    if ending("<|end|>") and (harmony or solar):
        ends.discard(ids["<|end|>"])
        flags[ids["<|end|>"]] = _IS_DEFINED
    if ending("</s>") and (ending("<|tool_response>") or ending("<|plamo:eos|>")):
        ends.discard(ids["</s>"])
        flags[ids["</s>"]] = _IS_NORMAL
    return frozenset(ends)


def stripping_tokens(
    ids: Mapping[str, int], flags: Flags, values: Mapping[str, object]
) -> tuple[frozenset[int], frozenset[int]]:
    """The special tokens that take the white space before them along, and those that take what is
    after them: files do not say it, so it goes by the model's name."""
    pre = str(values.get("tokenizer.ggml.pre", ""))
    architecture = str(values.get("general.architecture", ""))
    name = str(values.get("general.name", "")).lower()
    if any(one in pre for one in ("jina-v2-de", "jina-v2-es", "jina-v2-code")) or any(
        one in architecture for one in ("nomic-bert-moe", "jina-bert-v3")
    ):
        return frozenset(ids[one] for one in ("<mask>",) if one in ids), frozenset()
    if "phi-3" in name or "phi3" in name:
        special = np.flatnonzero(flags & (_IS_CONTROL | _IS_DEFINED | 1 << UNKNOWN)).tolist()
        ends = {ids[one] for one in ("</s>",) if one in ids}
        kept = {ids[one] for one in ("<unk>", "<s>", "<|endoftext|>") if one in ids}
        return frozenset(), (frozenset(special) | ends) - kept
    if "modern-bert" in name:
        return frozenset(ids[one] for one in ("[MASK]",) if one in ids), frozenset()
    return frozenset(), frozenset()
