"""llama.cpp's Metal backend on Anvil beside Foundry: SmolLM2's decode, user time of a token.

Both run the same kernels' compiler and the same processor, on one thread, by turns; so what is
between them is the kernels. The tokens are compared with those of llama.cpp's CPU backend on
weights of 32 bits.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from benchmarks.competitors import run_json
from benchmarks.options import OPTIONS
from benchmarks.table import Table, ratio
from foundry.cli.demo import find_model

ROOT = Path(__file__).resolve().parents[1]
TOKENS = 64


def best(runs: list[Any]) -> float:
    """Milliseconds of a token."""
    return min(float(prompt["ms"]) for run in runs for prompt in run)


def measure() -> list[Table]:
    sys.path.insert(0, str(ROOT / "tests/peers/llama"))
    llama = importlib.import_module("llama_on_anvil")
    model = find_model()
    reference = llama.decode(llama.widened(model), "cpu", "products", TOKENS, threads=1)
    prompts = [",".join(map(str, prompt["prompt"])) for prompt in reference]
    worker: list[str | Path] = [
        sys.executable,
        "-m",
        "benchmarks.llama_metal_worker",
        model,
        str(TOKENS),
        *prompts,
    ]
    found: dict[str, list[Any]] = {"Foundry": [], "products": [], "flash": []}
    for _ in range(max(2, OPTIONS.rounds)):
        found["Foundry"].append(run_json(worker, {"ANVIL_THREADS": "1"}))
        for attention in ("products", "flash"):
            found[attention].append(llama.decode(model, "metal", attention, TOKENS, threads=1))
    table = Table(
        "SmolLM2-135M Q4_1, decode, one thread, user ms of a token, best",
        ["", "ms", "of Foundry's", "tokens other than llama.cpp's CPU backend's, of 32 bits"],
    )
    own = best(found["Foundry"])
    table.add("Foundry", own, None, None)
    for key, name in {"products": "llama.cpp's Metal backend", "flash": "flash attention"}.items():
        pairs = [
            (a, b)
            for mine, other in zip(found[key][0], reference, strict=True)
            for a, b in zip(mine["tokens"], other["tokens"], strict=True)
        ]
        others = f"{sum(a != b for a, b in pairs)} of {len(pairs)}"
        table.add(name, best(found[key]), ratio(best(found[key]), own), others)
    return [table]
