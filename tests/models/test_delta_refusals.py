"""Files of delta nets with a value or a tensor that does not fit: named, with what would."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from delta_cases import DELTA_CASES

import foundry as fd

MODEL = DELTA_CASES[1].model  # qwen35


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"ssm.inner_size": 200}, "ssm.inner_size is 200; expected 198, 9 heads of 22 elements"),
        ({"ssm.group_count": 4}, "ssm.group_count is 4; expected a divisor of 9 heads"),
        ({"ssm.state_size": 264}, "unsupported qwen35.ssm.state_size 264; supported: 1 to 256"),
        ({"ssm.conv_kernel": 1}, "qwen35.ssm.conv_kernel is 1; expected 2 to 16"),
        (
            {"attention.recurrent_layers": [True, False]},
            "recurrent_layers is .*; expected true or false for each of 4 layers",
        ),
        ({"full_attention_interval": 1.5}, "full_attention_interval is 1.5; expected an integer"),
        (
            {"rope.dimension_sections": [1, 1, 1, 1]},
            r"unsupported qwen35.rope.dimension_sections \[1, 1, 1, 1\]; supported: sections of "
            "time, height and width that take turns at all 4 pairs of a head",
        ),
        ({"rope.dimension_sections": [0, 0, 0, 0]}, "unsupported qwen35.rope.dimension_sections"),
        ({"nextn_predict_layers": 4}, "qwen35.block_count is 4; expected an integer from 5"),
    ],
)
def test_a_value_that_does_not_fit(tmp_path: Path, metadata: dict[str, Any], message: str) -> None:
    model = replace(MODEL, metadata={**MODEL.metadata, **metadata})
    with pytest.raises(fd.ModelError, match=message):
        fd.models.load(model.write(tmp_path / "model.gguf"))


@pytest.mark.parametrize("missing", ["ssm_conv1d", "ssm_a", "ssm_dt.bias", "ssm_norm", "ssm_beta"])
def test_a_tensor_that_is_missing(tmp_path: Path, missing: str) -> None:
    tensors = " ".join(name for name in MODEL.tensors.split() if name != missing)
    model = replace(MODEL, tensors=tensors)
    with pytest.raises(fd.ModelError, match=f"tensor 'blk.0.{missing}.*' is missing"):
        fd.models.load(model.write(tmp_path / "model.gguf"))


def test_queries_without_their_gates(tmp_path: Path) -> None:
    model = replace(MODEL, shapes={**MODEL.shapes, "attn_q": (96, 96)})
    message = r"tensor 'blk.2.attn_q.weight' has shape \(96, 96\); expected \(192, 96\)"
    with pytest.raises(fd.ModelError, match=message):
        fd.models.load(model.write(tmp_path / "model.gguf"))


def test_the_tensors_of_older_conversions_are_named(tmp_path: Path) -> None:
    model = replace(
        DELTA_CASES[0].model,
        tensors=DELTA_CASES[0].model.tensors.replace("attn_qkv attn_gate", "ssm_in"),
        shapes={**MODEL.shapes, "ssm_in": (528, 96)},
        sizes=MODEL.sizes,
    )
    message = r"unsupported tensor 'blk.0.ssm_in.weight', as older conversions have it; supported"
    with pytest.raises(fd.UnsupportedModelError, match=message):
        fd.models.load(model.write(tmp_path / "model.gguf"))


def test_layers_that_predict_further_tokens_are_passed_over(tmp_path: Path) -> None:
    """One more layer, of which nothing is read."""
    plain = fd.models.load(MODEL.write(tmp_path / "model.gguf"), cache_dtype=fd.f32)
    appended = replace(
        MODEL,
        metadata={**MODEL.metadata, "nextn_predict_layers": 1},
        sizes=replace(MODEL.sizes, layers=5),
        others={**MODEL.others, 4: f"{MODEL.others[2]} nextn.enorm nextn.hnorm"},
    )
    found = fd.models.load(appended.write(tmp_path / "more.gguf"), cache_dtype=fd.f32)
    assert found.config.layers == plain.config.layers == 4
    assert found.logits([1, 2, 3]).shape == (3, 61)
