"""Small models of every architecture, spoiled: loading ends in one of Foundry's errors or in a
model that evaluates, and nothing else."""

from __future__ import annotations

import contextlib
import random
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cases import EVERY_CASE
from embedding_cases import EMBEDDING_CASES
from writer import Model

import foundry as fd

MODELS = [case.model for case in EVERY_CASE] + [case.model for case in EMBEDDING_CASES]
VALUES: tuple[Any, ...] = (
    *(0, 1, 2, 3, 5, 7, 63, 64, 255, 256, 1023, 2**31 - 1, 2**31, 2**32 - 1),
    *(0.0, -1.0, 0.5, 1e-40, 1e30, float("nan"), float("inf"), True, False),
    *("", "x", "yarn", "none", [1, 2], [0, 0, 0], [0.5, -1.0], [True, False, True], ["a"]),
)
SIZES = (
    *("context_length", "embedding_length", "block_count", "feed_forward_length"),
    *("attention.head_count", "attention.head_count_kv", "attention.key_length"),
    *("attention.value_length", "rope.dimension_count", "rope.freq_base", "rope.scaling.type"),
    *("rope.scaling.factor", "vocab_size", "expert_count", "expert_used_count"),
    *("attention.causal", "pooling_type", "hidden_activation", "classifier.output_labels"),
    *("attention.sliding_window", "attention.sliding_window_pattern", "leading_dense_block_count"),
    *("shortconv.l_cache", "ssm.conv_kernel", "ssm.inner_size", "ssm.state_size"),
    *("ssm.time_step_rank", "ssm.group_count"),
)
FORMATS = ("f32", "f16", "bf16", "q8_0", "q4_0", "q6_k")


def spoiled(model: Model, chance: random.Random) -> Model:
    """One or two things about it are others. Tensors have as many experts as before: those of 2^31
    that a key tells of would be terabytes."""
    model = replace(model, experts=model.metadata.get("expert_count", 0))
    for _ in range(chance.randint(1, 2)):
        tensors, outside = model.tensors.split(), model.outside.split()
        kind = chance.randrange(6)
        if kind == 0:  # a key has another value
            key = chance.choice([*model.metadata, *SIZES])
            model = replace(model, metadata={**model.metadata, key: chance.choice(VALUES)})
        elif kind == 1:  # a key is missing
            kept = dict(model.metadata)
            kept.pop(chance.choice([*kept, ""]), None)
            model = replace(model, metadata=kept)
        elif kind == 2:  # a tensor is missing
            chosen = chance.choice([*tensors, *outside])
            model = replace(
                model,
                tensors=" ".join(name for name in tensors if name != chosen),
                outside=" ".join(name for name in outside if name != chosen),
            )
        elif kind == 3:  # one too many
            chosen = chance.choice(["attn_q_norm", "ffn_gate", "attn_qkv", "attn_sinks", "x.bias"])
            model = replace(model, tensors=" ".join(dict.fromkeys([*tensors, chosen])))
        elif kind == 4:  # another shape
            chosen = chance.choice([*tensors, *outside])
            shape = tuple(chance.choice((1, 2, 16, 96, 97)) for _ in range(chance.randint(1, 3)))
            model = replace(model, shapes={**model.shapes, chosen: shape})
        else:
            model = replace(model, formats=(chance.choice(FORMATS),))
    return model


@contextlib.contextmanager
def only_own_errors(seed: int) -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fd.ModelWarning)
        try:
            yield
        except fd.Error as error:
            text = str(error)
            assert text and text.isprintable() and len(text) < 2000, (seed, text)


def attempt(seed: int, path: Path, runtime: fd.Foundry) -> None:
    chance = random.Random(seed)
    model = spoiled(chance.choice(MODELS), chance)
    path.unlink(missing_ok=True)  # what was loaded before may still be read
    try:
        model.write(path)
    except Exception:  # the writer refuses what no file can say
        return
    with only_own_errors(seed):
        loaded: object = fd.models.load(path, runtime=runtime)
        if isinstance(loaded, fd.models.EmbeddingModel):
            loaded.embed("cab", truncate=True)
        elif isinstance(loaded, fd.models.LanguageModel):
            loaded.logits([1, 5, 9][: loaded.context_length])


@pytest.mark.parametrize("part", range(5))
def test_a_spoiled_file_is_refused_or_evaluated(tmp_path: Path, part: int) -> None:
    runtime = fd.Foundry()
    for seed in range(part * 100, part * 100 + 100):
        attempt(seed, tmp_path / "model.gguf", runtime)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(195))
def test_many_spoiled_files(tmp_path: Path, part: int) -> None:
    runtime = fd.Foundry()
    for seed in range(500 + part * 100, 600 + part * 100):
        attempt(seed, tmp_path / "model.gguf", runtime)
