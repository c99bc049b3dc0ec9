"""Perplexity against the definition, token by token in float64."""

from __future__ import annotations

import math

import numpy as np
import pytest

import foundry as fd

TEXT = (
    "The capital of France is Paris. The capital of Japan is Tokyo, and that of Italy is Rome. " * 3
)


def test_perplexity_is_that_of_each_windows_second_half(model: fd.models.LanguageModel) -> None:
    tokens = model.tokenizer.encode(TEXT)
    window = 16
    losses = []
    for start in range(0, len(tokens) - window + 1, window):
        part = tokens[start : start + window]
        rows = model.logits(part).astype(np.float64)
        for index in range(window // 2, window):
            row = rows[index - 1]
            losses.append(np.log(np.sum(np.exp(row - row.max()))) + row.max() - row[part[index]])
    found = model.perplexity(TEXT, window=window)
    assert found.tokens == len(losses)
    assert found.value == pytest.approx(math.exp(np.mean(losses)), rel=1e-9)
    error = found.value * np.std(losses) / math.sqrt(len(losses))
    assert found.error == pytest.approx(error, rel=1e-9)
    assert str(found) == f"{found.value:.4f} +- {found.error:.4f} ({len(losses)} tokens)"
    shuffled = " ".join(np.random.default_rng(1).permutation(TEXT.split()))
    assert model.perplexity(shuffled, window=window).value > 2 * found.value


def test_what_has_no_perplexity_says_why(model: fd.models.LanguageModel) -> None:
    with pytest.raises(fd.ArgumentError, match="a text of 1 tokens fills no window of 512"):
        model.perplexity("One")
    with pytest.raises(fd.ArgumentError, match="a window of 2 tokens; expected 4 at least"):
        model.perplexity(TEXT, window=2)
    with pytest.raises(fd.ArgumentTypeError, match="window"):
        model.perplexity(TEXT, window="16")  # type: ignore[arg-type]
