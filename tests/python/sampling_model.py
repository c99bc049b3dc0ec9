"""Sampling in float64, as llama.cpp defines its samplers: the oracle of `ops.Sample`.

Where llama.cpp's sorting decides between equal logits, equal logits stay or go together here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]


def philox(step: int, seed: int) -> tuple[float, float]:
    """The first two of Philox4x32-10's numbers, as fractions of 24 bits."""
    counter, key = [step, 0, 0, 0], [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(10):
        a, b = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
        counter = [
            (b >> 32) ^ counter[1] ^ key[0],
            b & 0xFFFFFFFF,
            (a >> 32) ^ counter[3] ^ key[1],
            a & 0xFFFFFFFF,
        ]
        key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return (counter[0] >> 8) * 2.0**-24, (counter[1] >> 8) * 2.0**-24


def penalised(
    logits: F64,
    counts: NDArray[Any],
    repetition_penalty: float = 1.0,
    frequency_penalty: float = 0.0,
    presence_penalty: float = 0.0,
) -> F64:
    """The logits of tokens that occurred `counts` times."""
    scaled = np.where(logits > 0, logits / repetition_penalty, logits * repetition_penalty)
    return np.where(counts > 0, scaled - counts * frequency_penalty - presence_penalty, logits)


def dry_penalties(
    columns: int,
    tokens: Sequence[int],
    breakers: Sequence[int] = (),
    dry_multiplier: float = 0.0,
    dry_base: float = 1.75,
    dry_allowed_length: int = 2,
    dry_last_n: int = 64,
) -> F64:
    """What DRY subtracts after `tokens`: for every earlier place that what came last repeats, from
    the token that came next there."""
    recent = list(tokens)[max(len(tokens) - dry_last_n, 0) :]
    penalties = np.zeros(columns)
    unbroken = 0
    while unbroken < len(recent) and recent[-1 - unbroken] not in breakers:
        unbroken += 1
    steps = int(88.7228391 / np.log(dry_base)) if dry_base > 1.000001 else 0
    for end in range(1, len(recent)):  # recent[:end] ends as recent does; recent[end] came next
        length = 0
        while length < min(end, unbroken) and recent[end - 1 - length] == recent[-1 - length]:
            length += 1
        if length < dry_allowed_length or recent[end] in breakers:
            continue
        exponent = length - dry_allowed_length
        exponent = min(exponent, steps) if steps > 0 else exponent
        penalty = dry_multiplier * float(dry_base) ** exponent
        penalties[recent[end]] = max(penalties[recent[end]], penalty)
    return penalties


def probabilities(logits: F64, kept: NDArray[np.bool_], temperature: float = 1.0) -> F64:
    """Of the kept tokens; at 0 of the first of the likeliest."""
    if temperature == 0:
        first = np.where(kept, logits, -np.inf).argmax()
        return np.asarray(np.arange(len(logits)) == first, np.float64)
    weights = np.where(kept, np.exp((logits - logits[kept].max()) / temperature), 0)
    return np.asarray(weights / weights.sum())


def entropy(p: F64) -> float:
    return float(-(p[p > 0] * np.log(p[p > 0])).sum())


def typical(logits: F64, kept: NDArray[np.bool_], typical_p: float) -> NDArray[np.bool_]:
    p = probabilities(logits, kept)
    with np.errstate(divide="ignore"):
        distance = np.abs(-np.log(p) - entropy(p))
    order = np.argsort(distance, kind="stable")
    last = order[np.argmax(np.cumsum(p[order]) > typical_p)]
    return np.asarray(kept & (distance <= distance[last]), np.bool_)


def mirostat(logits: F64, temperature: float, mu: float) -> NDArray[np.bool_]:
    """The tokens whose surprise is at most `mu` bits, the likeliest ones in any case."""
    p = probabilities(logits, logits > -np.inf, temperature)
    with np.errstate(divide="ignore"):
        return np.asarray(-np.log2(p) <= max(mu, -np.log2(p.max())))


def distribution(
    logits: F64,
    *,
    xtc: bool = False,
    top_n_sigma: float = 0.0,
    top_k: int = 0,
    typical_p: float = 1.0,
    top_p: float = 1.0,
    min_p: float = 0.0,
    xtc_threshold: float = 0.1,
    temperature: float = 1.0,
    dynatemp_range: float = 0.0,
    dynatemp_exponent: float = 1.0,
) -> F64:
    """The probability of every token, in the order of llama.cpp's default chain. `xtc`: whether the
    draw of XTC's probability says that it acts."""
    finite = logits > -np.inf
    kept = finite.copy()
    counted = np.ones(len(logits), np.bool_)  # llama.cpp's candidates, those of -inf too
    if top_n_sigma > 0:
        kept &= logits >= logits.max() - top_n_sigma * logits[finite].std()
    if 0 < top_k < len(logits):
        counted = logits >= np.sort(logits)[-top_k]
        kept &= counted
    if typical_p < 1:
        kept = counted = typical(logits, kept, typical_p)
    if top_p < 1:
        p = probabilities(logits, kept)
        order = np.argsort(-p, kind="stable")
        last = order[np.argmax(np.cumsum(p[order]) >= top_p)]
        kept = counted = kept & (p >= p[last])
    if min_p > 0:
        kept = counted = kept & (logits >= logits[kept].max() + np.log(min_p))
    if xtc:
        p = probabilities(logits, kept)
        top = kept & (p >= xtc_threshold)
        if top.any():
            kept = kept & (logits <= logits[top].min())
            counted = counted & (logits <= logits[top].min())
    if dynatemp_range > 0 and counted.sum() > 1:
        relative = entropy(probabilities(logits, kept)) / np.log(counted.sum())
        low, high = max(temperature - dynatemp_range, 0), temperature + dynatemp_range
        temperature = low + (high - low) * relative**dynatemp_exponent
    return probabilities(logits, kept, temperature)
