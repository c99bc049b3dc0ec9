"""`foundry embed`: what it prints, and its errors."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import foundry as fd
from test_cli import foundry

TEXTS = ["Paris is in France.", "one two three"]


def test_a_row_a_text(model_path: Path, model: fd.models.LanguageModel, tmp_path: Path) -> None:
    (tmp_path / "texts").write_text(f"{TEXTS[1]}\n")
    done = foundry(
        *("embed", model_path, TEXTS[0], "--file", tmp_path / "texts", "--pooling", "mean")
    )
    assert done.returncode == 0, done.stderr
    found = np.array([list(map(float, line.split())) for line in done.stdout.splitlines()])
    np.testing.assert_allclose(found, model.embed(TEXTS, pooling="mean"), atol=1e-5)


def test_json(model_path: Path, model: fd.models.LanguageModel) -> None:
    done = foundry(
        *("embed", model_path, "-", "--embd-output-format", "json+", "--embd-normalize", "-1"),
        stdin="\n".join(TEXTS),
    )
    report = json.loads(done.stdout)
    assert [row["index"] for row in report["data"]] == [0, 1]
    rows = np.array([row["embedding"] for row in report["data"]], np.float32)
    np.testing.assert_allclose(rows, model.embed(TEXTS, normalize=False), rtol=1e-3, atol=1e-3)
    unit = model.embed(TEXTS)
    np.testing.assert_allclose(report["cosineSimilarity"], unit @ unit.T, atol=1e-4)


def test_a_row_a_token(model_path: Path, model: fd.models.LanguageModel) -> None:
    done = foundry(
        *("embed", model_path, TEXTS[1], "--pooling", "none", "--embd-output-format", "array"),
        *("--embd-normalize", "0"),
    )
    rows = np.array(json.loads(done.stdout))
    assert rows.shape == model.token_embeddings(TEXTS[1]).shape
    assert (rows == np.rint(rows)).all() and (np.abs(rows).max(axis=1) == 32760).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "no texts; give some, '-' for standard input, or --file"),
        (("a", "--pooling", "rank"), "unsupported for 'Smollm2 135M"),
        (("a", "--prompt-name", "query"), "the model has no prompt 'query'; its prompts: none"),
    ],
)
def test_what_is_refused(model_path: Path, arguments: tuple[str, ...], message: str) -> None:
    done = foundry("embed", model_path, *arguments)
    assert done.returncode == 1 and message in done.stderr and done.stdout == ""
