"""Folders of models that embed texts: `transformers` in float64, and what is around them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from test_embeddings import of_llama_cpp
from test_folders import run_transformers
from transformers_embeddings import CASES, MODULES, TEXT

import foundry as fd
from foundry.convert import convert
from foundry.models import Embeds
from test_model_numbers import cosines

# transformers computes in float64 with RoPE's angles of 32 bits; Foundry in f32.
NEAR = 1 - 1e-6
LABELLED = [case for case in CASES if "classifier" in case]


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    run_transformers("transformers_embeddings.py", folder)
    return folder


def load(folder: Path) -> Embeds:
    return fd.models.load(folder, cache_dtype=fd.f32)


@pytest.mark.slow
@pytest.mark.parametrize("case", [case for case in CASES if case not in LABELLED])
def test_states_are_those_of_transformers(saved: Path, case: str) -> None:
    model = load(saved / case)
    expected = np.load(saved / case / "states.npy")
    found = model.token_embeddings(TEXT, normalize=False)
    assert found.shape == expected.shape
    assert cosines(found, expected).min() >= NEAR
    np.testing.assert_allclose(np.linalg.norm(found), np.linalg.norm(expected), rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("case", LABELLED)
def test_scores_are_those_of_transformers(saved: Path, case: str) -> None:
    expected = np.load(saved / case / "scores.npy")
    np.testing.assert_allclose(load(saved / case).embed(TEXT), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("case", MODULES)
def test_sentence_transformers_settings_are_followed(saved: Path, case: str) -> None:
    model = load(saved / case)
    states = np.load(saved / case / "states.npy")
    expected = states[-1] if case == "qwen3" else states.mean(axis=0)
    found = model.embed(TEXT)
    assert found @ expected / np.linalg.norm(expected) >= NEAR
    assert model.prompts == {"query": "the quick "}
    rest = TEXT.removeprefix("the quick ")
    np.testing.assert_array_equal(model.embed(rest, prompt_name="query"), found)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_llama_cpp_embeds_alike_by_the_converted_file(
    embed: Path, saved: Path, tmp_path: Path, case: str
) -> None:
    file = tmp_path / "model.gguf"
    convert(saved / case, file, type="f32")
    model: Embeds = fd.models.load(file, cache_dtype=fd.f32)
    tokens = np.load(saved / case / "ids.npy").tolist()
    assert model.tokenizer.encode(TEXT, add_end=True) == tokens
    pooling = 4 if case in LABELLED else 0
    expected = of_llama_cpp(embed, file, pooling, [tokens], tmp_path / "result")
    if case in LABELLED:
        np.testing.assert_allclose(model.embed(TEXT), expected, rtol=1e-3, atol=1e-3)
        return
    found = model.token_embeddings(TEXT, normalize=False)
    assert cosines(found, expected.reshape(found.shape)).min() >= NEAR
    # A file has GELU's tanh form.
    assert cosines(found, np.load(saved / case / "states.npy")).min() >= 1 - 1e-5


def test_a_name_beside_the_folder_is_refused(tmp_path: Path) -> None:
    from foundry.huggingface.sentences import dense_layers, pooling_of

    modules = [{"type": "sentence_transformers.models.Pooling", "path": "../x"}]
    (tmp_path / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(fd.ModelError, match=r"'\.\./x' is no name of a folder beside it"):
        pooling_of(tmp_path)
    assert dense_layers(tmp_path) == {}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"pooling_mode_max_tokens": True}, "unsupported pooling 'pooling_mode_max_tokens'; supp"),
        ({"pooling_mode": "weightedmean"}, "unsupported pooling 'weightedmean'; supported: mean"),
    ],
)
def test_a_pooling_that_is_not_there(
    tmp_path: Path, settings: dict[str, object], message: str
) -> None:
    from foundry.huggingface.sentences import pooling_of

    modules = [{"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"}]
    (tmp_path / "modules.json").write_text(json.dumps(modules))
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text(json.dumps(settings))
    with pytest.raises(fd.UnsupportedModelError, match=message):
        pooling_of(tmp_path)
