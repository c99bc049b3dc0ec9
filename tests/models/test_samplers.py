"""The float64 model that `ops.Sample` is held against, held against llama.cpp's own samplers."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np
import pytest
from numpy.typing import NDArray

import sampling_model as model
from values import rng

COLUMNS = 300


@pytest.fixture(scope="module")
def samplers() -> Path:
    return llama_cpp.build("samplers", "cpu", "-DMETAL=OFF")


def left(program: Path, requests: list[dict[str, Any]]) -> list[NDArray[np.float64]]:
    """The probabilities that llama.cpp's samplers leave for each request."""
    lines = []
    for request in requests:
        row = [
            *(request[name] for name in NUMBERS),
            *(len(request["breakers"]), *request["breakers"]),
            *(len(request["tokens"]), *request["tokens"]),
            *(COLUMNS, *request["logits"]),
        ]
        lines.append(" ".join(repr(float(x)) if isinstance(x, float) else str(x) for x in row))
    text = "\n".join(lines) + "\n"
    done = subprocess.run([program], input=text, capture_output=True, text=True, check=True)
    found = []
    for line in done.stdout.splitlines():
        pairs = np.array(line.split(), np.float64).reshape(-1, 2)
        logits = np.full(COLUMNS, -np.inf)
        logits[pairs[:, 0].astype(int)] = pairs[:, 1]
        found.append(model.probabilities(logits, logits > -np.inf))
    return found


NUMBERS: dict[str, list[Any]] = {
    "top_n_sigma": [0.0, 0.0, 0.5, 1.5, 3.0],
    "top_k": [0, 0, 1, 3, 40, 250],
    "typical_p": [1.0, 1.0, 0.3, 0.9],
    "top_p": [1.0, 1.0, 0.2, 0.7, 0.98],
    "min_p": [0.0, 0.0, 0.01, 0.2],
    "xtc_threshold": [2.0, 2.0, 0.02, 0.1, 0.4],
    "temperature": [1.0, 0.0, 0.4, 1.7],
    "dynatemp_range": [0.0, 0.0, 0.3, 1.0],
    "dynatemp_exponent": [1.0, 0.5, 2.0],
    "mu": [0.0],
    "last_n": [64],
    "repetition_penalty": [1.0, 1.3],
    "frequency_penalty": [0.0, 0.2],
    "presence_penalty": [0.0, -0.3],
    "dry_multiplier": [0.0, 0.8],
    "dry_base": [1.75, 1.1],
    "dry_allowed_length": [2, 1, 4],
    "dry_last_n": [64, 10],
}


def request(random: np.random.Generator, **fixed: Any) -> dict[str, Any]:
    chosen: dict[str, Any] = {
        name: values[random.integers(len(values))] for name, values in NUMBERS.items()
    }
    if chosen["typical_p"] < 1:
        chosen["top_n_sigma"] = 0.0  # which leaves -inf, of which llama.cpp's entropy is NaN
    count = int(random.integers(1, 120))
    chosen["tokens"] = random.integers(0, random.choice([3, 30]), count).tolist()
    chosen["breakers"] = random.integers(0, 30, random.integers(0, 3)).tolist()
    logits = random.standard_normal(COLUMNS) * random.choice([0.7, 2, 4])
    chosen["logits"] = [float(logit) for logit in logits.astype(np.float32)]
    return chosen | fixed


def changed_logits(r: dict[str, Any]) -> NDArray[np.float64]:
    counts = np.bincount(r["tokens"][-r["last_n"] :], minlength=COLUMNS)
    penalties = {name: r[name] for name in NUMBERS if name.endswith("_penalty")}
    logits = model.penalised(np.array(r["logits"]), counts, **penalties)
    dry = {name: r[name] for name in NUMBERS if name.startswith("dry_")}
    return logits - model.dry_penalties(COLUMNS, r["tokens"], r["breakers"], **dry)


def test_filters_and_penalties_are_llama_cpps(samplers: Path) -> None:
    random = rng("llama.cpp's samplers")
    requests = [request(random) for _ in range(3000)]
    filters = [*list(NUMBERS)[:5], *list(NUMBERS)[6:9]]
    for r, found in zip(requests, left(samplers, requests), strict=True):
        xtc = r["xtc_threshold"] <= 1
        options = {name: r[name] for name in filters}
        options |= {"xtc": xtc, "xtc_threshold": r["xtc_threshold"]}
        expected = model.distribution(changed_logits(r), **options)
        # f32 against f64; a temperature near 0 takes a logit's rounding times its inverse.
        np.testing.assert_allclose(found, expected, rtol=5e-4, atol=2e-5, err_msg=str(options))


def test_mirostat_is_llama_cpps(samplers: Path) -> None:
    random = rng("llama.cpp's mirostat")
    plain = {"repetition_penalty": 1.0, "frequency_penalty": 0.0, "presence_penalty": 0.0}
    requests = [
        request(
            random,
            **plain,
            dry_multiplier=0.0,
            mu=float(random.choice([0.5, 2, 4, 7, 20])),
            temperature=float(random.choice([0.4, 1, 1.7])),
        )
        for _ in range(500)
    ]
    for r, found in zip(requests, left(samplers, requests), strict=True):
        logits = np.array(r["logits"])
        kept = model.mirostat(logits, r["temperature"], r["mu"])
        expected = model.probabilities(logits, kept, r["temperature"])
        np.testing.assert_allclose(found, expected, rtol=5e-4, atol=2e-5)
