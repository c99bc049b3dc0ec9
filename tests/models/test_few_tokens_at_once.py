"""A few tokens at once have the logits that each has alone, bit for bit: what drafts rely on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from case import Case
from cases import CASES, parameters
from writer import VOCABULARY

import foundry as fd
from foundry.models.architectures import HeadNorm

# Past the windows.
TOKENS = [int(token) for token in np.random.default_rng(3).integers(1, VOCABULARY, 32)]
_FAST = ("llama: plain", "gemma2: windows, soft caps", "gpt-oss: sinks, windows, YaRN")


@pytest.mark.parametrize("case", parameters(CASES, _FAST))
def test_logits_are_those_of_one_by_one(tmp_path: Path, case: Case) -> None:
    for model in (case.model, case.model.with_blocks()):
        loaded = fd.models.load(model.write(tmp_path / "model.gguf"))
        if loaded.config.architecture.head_norm not in (None, HeadNorm.ROW):
            pytest.skip("sums over heads of fewer than 64 elements differ in the last bit")
        alone = loaded.logits(TOKENS, batch=1)
        for batch in (2, 8):
            np.testing.assert_array_equal(loaded.logits(TOKENS, batch=batch), alone)
