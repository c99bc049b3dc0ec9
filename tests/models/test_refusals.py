"""Files of an architecture with a value or a tensor that does not fit: named, with what would."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cases import model_of

import foundry as fd


@pytest.mark.parametrize(
    ("architecture", "metadata", "message"),
    [
        ("stablelm", {"rope.dimension_count": 5}, "rope.dimension_count is 5; expected an even "),
        (
            "stablelm",
            {"rope.dimension_count": 18},
            "rope.dimension_count is 18; expected an even number up to 16, the elements of a head",
        ),
        (
            "gemma3",
            {"attention.sliding_window_pattern": [True]},
            r"sliding_window_pattern is \[True\]; expected true or false for each of 7 layers",
        ),
        ("llama", {"block_count": 2**31 - 1}, "is 2147483647; expected 4096 layers at most"),
        ("mamba2", {"ssm.conv_kernel": 17}, "mamba2.ssm.conv_kernel is 17; expected 2 to 16"),
        ("mamba2", {"ssm.group_count": 5}, "group_count is 5; expected a divisor of 12 heads and"),
        (
            "mamba2",
            {"ssm.time_step_rank": 7},
            r"ssm.inner_size 192 is no multiple of 7 heads \(mamba2.ssm.time_step_rank\)",
        ),
        ("gemma3", {"attention.sliding_window": -1.5}, "sliding_window is -1.5; expected an int"),
        ("gemma2", {"attn_logit_softcapping": -1.0}, "softcapping is -1.0; expected a number of 0"),
        ("gptneox", {"use_parallel_residual": 3}, "residual is 3; expected true or false"),
        (
            "qwen3moe",
            {"expert_used_count": 8},
            "qwen3moe.expert_used_count is 8; expected 7 at most, the experts",
        ),
        (
            "deepseek2",
            {"expert_gating_func": 4},
            r"unsupported deepseek2.expert_gating_func 4; supported: 1 \(softmax\), 2 \(sigmoid\)",
        ),
        (
            "bailingmoe2",
            {"expert_group_count": 5},
            "expert_group_count is 5, expert_group_used_count 2; expected equal groups of 12 exp",
        ),
        (
            "deepseek2",
            {"attention.key_length": 8},
            "rope.dimension_count is 8; expected less than 8, the elements of a head",
        ),
        (
            "gemma4",
            {"attention.shared_kv_layers": 6},
            "gemma4.attention.shared_kv_layers is 6; expected 5 at most, of 7 layers",
        ),
        (
            "gemma4",
            {"attention.value_length_swa": 8},
            "unsupported gemma4.attention.value_length_swa 8; supported: 16, the elements of a he",
        ),
        (
            "glm4moe",
            {"nextn_predict_layers": 4},
            "glm4moe.block_count is 4; expected an integer from 5",
        ),
        ("qwen3", {"attn_logit_softcapping": 30.0}, "unsupported qwen3.attn_logit_softcapping 30"),
        ("qwen2", {"attention.scale": 0.25}, "unsupported qwen2.attention.scale 0.25; supported"),
        ("qwen2", {"attention.value_length": 8}, "unsupported qwen2.attention.value_length 8"),
    ],
)
def test_a_value_that_does_not_fit(
    tmp_path: Path, architecture: str, metadata: dict[str, Any], message: str
) -> None:
    model = model_of(architecture)
    path = replace(model, metadata={**model.metadata, **metadata}).write(tmp_path / "model.gguf")
    with pytest.raises(fd.ModelError, match=message):
        fd.models.load(path)


def test_numbers_of_layers_that_are_too_few(tmp_path: Path) -> None:
    model = model_of("apertus")
    keys = {**model.keys, "xielu.beta": [0.5]}
    with pytest.raises(fd.ModelError, match=r"xielu.beta is \[0.5\]; expected a number for each"):
        fd.models.load(replace(model, keys=keys).write(tmp_path / "model.gguf"))


@pytest.mark.parametrize(
    ("architecture", "tensors", "message"),
    [
        ("qwen3", "attn_norm.bias", "unsupported tensor 'blk.0.attn_norm.bias' and 2 more"),
        ("arcee", "ffn_gate", "unsupported tensor 'blk.0.ffn_gate.weight' and 2 more; supported"),
        ("gemma", "attn_q_norm", "supported: those of a gemma model"),
    ],
)
def test_a_tensor_that_it_has_no_use_for(
    tmp_path: Path, architecture: str, tensors: str, message: str
) -> None:
    model = model_of(architecture)
    path = replace(model, tensors=f"{model.tensors} {tensors}").write(tmp_path / "model.gguf")
    with pytest.raises(fd.UnsupportedModelError, match=message):
        fd.models.load(path)


@pytest.mark.parametrize(
    ("architecture", "missing"),
    [
        ("gemma3", "post_ffw_norm"),
        ("qwen3", "attn_k_norm"),
        ("qwen3moe", "ffn_up_exps"),
        ("phi2", "attn_qkv"),
    ],
)
def test_a_tensor_that_is_missing(tmp_path: Path, architecture: str, missing: str) -> None:
    model = model_of(architecture)
    left = " ".join(name for name in model.tensors.split() if name != missing)
    path = replace(model, tensors=left).write(tmp_path / "model.gguf")
    with pytest.raises(fd.ModelError, match=r"tensor 'blk\.0\.\w+\.weight' is missing; expected"):
        fd.models.load(path)


def test_a_window_that_llama_cpp_does_not_have_either_is_warned_of(tmp_path: Path) -> None:
    model = model_of("phi3")
    metadata = {**model.metadata, "attention.sliding_window": 2047}
    path = replace(model, metadata=metadata).write(tmp_path / "model.gguf")
    with pytest.warns(
        fd.ModelWarning, match=r"phi3.attention.sliding_window is 2047, which is not"
    ):
        fd.models.load(path)


def test_a_context_ends_where_scores_would_change_with_the_position(tmp_path: Path) -> None:
    model = model_of("mistral3")
    metadata = {**model.metadata, "attention.temperature_scale": 0.1}
    path = replace(model, metadata=metadata).write(tmp_path / "model.gguf")
    with pytest.warns(fd.ModelWarning, match="the context ends at 64 positions of 512"):
        loaded = fd.models.load(path)
    assert loaded.context_length == 64
