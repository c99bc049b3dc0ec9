"""Folders of models that embed texts: `transformers` in float64, and what is around them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tokenizers
from test_embeddings import of_llama_cpp
from test_folders import run_transformers, write_safetensors
from tokenizers import models, normalizers, pre_tokenizers, processors
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


def write_bert(folder: Path) -> None:
    """RoBERTa's names and positions, WordPiece, and what sentence-transformers adds."""
    random, hidden, inner, layers, positions = np.random.default_rng(8), 96, 136, 2, 64
    names = ["[CLS]", "[PAD]", "[SEP]", "[UNK]"]
    letters = [chr(0x61 + i) for i in range(26)]
    tokens = [*names, *letters, *(f"##{letter}" for letter in letters)]
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings": (len(tokens), hidden),
        "embeddings.position_embeddings": (positions + 2, hidden),
        "embeddings.token_type_embeddings": (1, hidden),
        "embeddings.LayerNorm": (hidden,),
    }
    for layer in range(layers):
        at = f"encoder.layer.{layer}"
        shapes |= {
            f"{at}.attention.self.{name}": (hidden, hidden) for name in ("query", "key", "value")
        }
        shapes |= {
            f"{at}.attention.output.dense": (hidden, hidden),
            f"{at}.intermediate.dense": (inner, hidden),
            f"{at}.output.dense": (hidden, inner),
            f"{at}.attention.output.LayerNorm": (hidden,),
            f"{at}.output.LayerNorm": (hidden,),
        }
    tensors = {}
    for name, shape in shapes.items():
        values = random.standard_normal(shape)
        is_norm = len(shape) == 1
        tensors[f"roberta.{name}.weight"] = (
            values * 0.2 + 1 if is_norm else values / np.sqrt(hidden)
        )
        if "embeddings." not in name or is_norm:
            tensors[f"roberta.{name}.bias"] = 0.2 * random.standard_normal(shape[:1])
    tensors["roberta.pooler.dense.weight"] = np.zeros((hidden, hidden))  # passed over
    write_safetensors(
        folder / "model.safetensors",
        {name: values.astype(np.float32) for name, values in tensors.items()},
    )
    configuration = {
        "architectures": ["XLMRobertaModel"],
        "hidden_size": hidden,
        "intermediate_size": inner,
        "num_hidden_layers": layers,
        "num_attention_heads": 6,
        "max_position_embeddings": positions + 2,
        "layer_norm_eps": 1e-5,
        "pad_token_id": 1,
        "hidden_act": "gelu_new",
        "vocab_size": len(tokens),
    }
    (folder / "config.json").write_text(json.dumps(configuration))
    vocabulary = {token: index for index, token in enumerate(tokens)}
    backend = tokenizers.Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer()
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.add_special_tokens(names)
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[("[CLS]", 0), ("[SEP]", 2)],
    )
    backend.save(str(folder / "tokenizer.json"))
    modules = [
        {"type": "sentence_transformers.models.Transformer", "path": ""},
        {"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"},
        {"type": "sentence_transformers.models.Dense", "path": "2_Dense"},
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    for name, settings in (("1_Pooling", {"pooling_mode_cls_token": True}), ("2_Dense", {})):
        (folder / name).mkdir()
        (folder / name / "config.json").write_text(json.dumps(settings))
    dense = {"linear.weight": random.standard_normal((40, hidden)).astype(np.float32)}
    write_safetensors(folder / "2_Dense" / "model.safetensors", dense)
    prompts = {"prompts": {"query": "find "}, "default_prompt_name": "query"}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts))


def test_a_folder_is_read_as_its_file_is(tmp_path: Path) -> None:
    folder, file = tmp_path / "folder", tmp_path / "model.gguf"
    folder.mkdir()
    write_bert(folder)
    convert(folder, file, type="f32")
    model, again = load(folder), load(file)
    assert model.context_length == 64 and model.prompts == {"query": "find "}
    text = "a quick brown fox"
    found = model.embed(text)  # after the default prompt
    assert found.shape == (40,)
    np.testing.assert_allclose(found, again.embed(f"find {text}"), atol=1e-6)
    tokens = again.tokenizer.encode(text, add_end=True)
    assert tokens == model.tokenizer.encode(text, add_end=True)
    assert again.token_embeddings(text).shape == (len(tokens), 40)


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
