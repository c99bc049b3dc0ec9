"""What `embed` and `rank` take, give and refuse."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from embedding_cases import EMBEDDING_CASES
from writer import CONTEXT

import foundry as fd
from foundry.models import EmbeddingModel

MODELS = {case.name: case.model for case in EMBEDDING_CASES}


def load(folder: Path, architecture: str, what: str = "plain", **metadata: Any) -> EmbeddingModel:
    model = MODELS[f"{architecture}: {what}"]
    model = replace(model, metadata={**model.metadata, **metadata})
    loaded: object = fd.models.load(model.write(folder / "model.gguf"))
    assert isinstance(loaded, EmbeddingModel)
    return loaded


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> EmbeddingModel:
    return load(tmp_path_factory.mktemp("bert"), "bert")


def test_rows_have_length_one_unless_asked(bert: EmbeddingModel) -> None:
    texts = ["abc", "xyz"]
    rows = bert.embed(texts)
    assert rows.shape == (2, 96) and rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    raw = bert.embed(texts, normalize=False)
    np.testing.assert_allclose(raw / np.linalg.norm(raw, axis=1, keepdims=True), rows, atol=1e-6)


def test_a_text_alone_gives_its_row_and_no_texts_give_none(bert: EmbeddingModel) -> None:
    np.testing.assert_array_equal(bert.embed("abc"), bert.embed(["abc"])[0])
    assert bert.embed([]).shape == (0, 96)


def test_what_is_beside_a_text_does_not_change_its_row(bert: EmbeddingModel) -> None:
    texts = ["abc" * n for n in (1, 40, 2, 90, 3)]
    together = bert.embed(texts)
    alone = np.stack([bert.embed(text) for text in texts])
    # Products of more rows are summed in another order.
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_the_mean_is_that_of_the_tokens(bert: EmbeddingModel) -> None:
    tokens = bert.token_embeddings("abcxyz", normalize=False)
    assert tokens.shape == (len(bert.tokenizer.encode("abcxyz", add_end=True)), 96)
    mean = bert.embed("abcxyz", pooling="mean", normalize=False)
    np.testing.assert_allclose(mean, tokens.mean(axis=0), atol=1e-5)
    np.testing.assert_array_equal(bert.embed("abcxyz", normalize=False), tokens[0])  # cls


def test_a_text_that_is_too_long(bert: EmbeddingModel) -> None:
    text = "q" * (CONTEXT + 3)
    with pytest.raises(
        fd.ContextLengthError,
        match=r"text 1 has 515 tokens; the context holds 512; truncate=True leaves out what is",
    ):
        bert.embed(["a", text])
    np.testing.assert_array_equal(bert.embed(text, truncate=True), bert.embed(text[:CONTEXT]))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"texts": [""]}, fd.ArgumentError, "text 0 has no tokens"),
        ({"texts": 3}, fd.ArgumentTypeError, "embed: texts is 3; expected texts"),
        ({"texts": ["a", 3]}, fd.ArgumentTypeError, r"texts\[1\] is a int; expected a str"),
        ({"texts": "a\ud800"}, fd.ArgumentError, "unsupported lone surrogate"),
        (
            {"texts": "a", "pooling": "max"},
            fd.UnsupportedModelError,
            "unsupported pooling 'max'; supported: none, mean, cls, last, rank",
        ),
        ({"texts": "a", "pooling": "none"}, fd.UnsupportedModelError, r"token_embeddings\(text\)"),
        ({"texts": "a", "pooling": "rank"}, fd.UnsupportedModelError, "has no classifier; supp"),
        (
            {"texts": "a", "prompt_name": "query"},
            fd.ArgumentError,
            "the model has no prompt 'query'; its prompts: none",
        ),
        ({"texts": "a", "normalize": 1}, fd.ArgumentTypeError, "normalize is 1; expected a bool"),
    ],
)
def test_what_is_refused(
    bert: EmbeddingModel, arguments: dict[str, Any], error: type[fd.Error], message: str
) -> None:
    with pytest.raises(error, match=message):
        bert.embed(**arguments)


@pytest.mark.parametrize("name", ["generate", "logits", "perplexity", "chat_templates", "export"])
def test_it_generates_nothing(bert: EmbeddingModel, name: str) -> None:
    assert not hasattr(bert, name)
    with pytest.raises(
        AttributeError, match=f"unsupported {name}: .* is an embedding model, which generates no"
    ):
        getattr(bert, name)


def test_the_command_line_says_what_it_is_for(tmp_path: Path) -> None:
    path = load(tmp_path, "bert").path
    command = [sys.executable, "-m", "foundry"]
    done = subprocess.run(
        [*command, "generate", path, "a"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "unsupported: an embedding model (bert), which generates no text" in done.stderr
    assert "supported: foundry embed" in " ".join(done.stderr.split())
    done = subprocess.run(
        [*command, "embed", path, "a", "-c", "64"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and len(done.stdout.split()) == 96
    done = subprocess.run([*command, "inspect", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "architecture: bidirectional" in done.stdout
    assert "cache:" not in done.stdout


def test_it_may_be_quantised_on_load(tmp_path: Path) -> None:
    path = MODELS["bert: plain"].with_blocks().write(tmp_path / "model.gguf", widened=True)
    plain, texts = fd.models.load(path), ["abc", "xyz"]
    blocks = fd.models.load(path, quantize="q8_0")
    # A weight is off by 1/254 of its block's largest one at most.
    assert (plain.embed(texts) * blocks.embed(texts)).sum(axis=1).min() >= 0.999


def test_several_threads_take_turns(tmp_path: Path) -> None:
    model = load(tmp_path, "gemma-embedding", "windows, dense layers")
    texts = ["abc" * n for n in (1, 30, 90, 4)]
    alone = [model.embed([text]) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            for found, expected in zip(
                pool.map(lambda text: model.embed([text]), texts), alone, strict=True
            ):
                np.testing.assert_array_equal(found, expected)


def test_ranks_are_the_first_labels_scores(tmp_path: Path) -> None:
    model = load(tmp_path, "bert", "fused tensors, a classifier")
    scores = model.rank("abc", ["xyz", "abcabc", ""])
    assert scores.shape == (3,) and len(set(scores.tolist())) == 3
    labels = model.embed(["abcxyz"], pooling="rank")
    assert labels.shape == (1, 3)
    np.testing.assert_allclose(scores[0], labels[0, 0], rtol=1e-5)  # nothing stands between
    assert model.rank("abc", []).shape == (0,)


def test_only_a_classifier_ranks(bert: EmbeddingModel) -> None:
    with pytest.raises(fd.UnsupportedModelError, match="rank: unsupported for 'unnamed model'"):
        bert.rank("a", ["b"])


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"attention.causal": True}, "unsupported bert.attention.causal True; supported: False"),
        ({"pooling_type": 9}, "bert.pooling_type is 9; expected 0 to 4: none, mean, cls, last, r"),
    ],
)
def test_metadata_that_are_refused(tmp_path: Path, metadata: dict[str, Any], message: str) -> None:
    with pytest.raises(fd.ModelError, match=message):
        load(tmp_path, "bert", **metadata)


def test_an_activation_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(
        fd.UnsupportedModelError, match=r"unsupported modern-bert\.hidden_activation 'relu'; supp"
    ):
        load(tmp_path, "modern-bert", "SwiGLU, a classifier", hidden_activation="relu")


def test_states_that_are_not_finite(tmp_path: Path) -> None:
    path = MODELS["eurobert: plain"].write(tmp_path / "model.gguf")
    data = bytearray(path.read_bytes())
    loaded = fd.models.load(path)
    assert np.isfinite(loaded.embed("q")).all()
    data[-4:] = np.float32(np.nan).tobytes()  # of the last layer's last matrix
    path.write_bytes(data)
    with pytest.raises(fd.ModelError, match="text 0: the state of its token 0 has a NaN or an inf"):
        fd.models.load(path).embed("q")
