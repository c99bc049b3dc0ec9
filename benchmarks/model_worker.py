"""Times Foundry's SmolLM2 in a process of its own, on $ANVIL_THREADS threads; prints JSON.

usage: python -m benchmarks.model_worker MODEL REPEATS
"""

from __future__ import annotations

import json
import sys

import foundry as fd
from foundry.generation.statistics import peak_memory


def main(path: str, repeats: int) -> None:
    model = fd.models.load(path)
    vocabulary = len(model.tokenizer)
    loaded = peak_memory()

    def run(prompt_tokens: int, new_tokens: int, which: int) -> fd.models.Statistics:
        """Another prompt for each `which`, so that no prefix is reused."""
        prompt = [(1000 + 7 * i + 911 * which) % vocabulary for i in range(prompt_tokens)]
        generation = model.generate(prompt, max_tokens=new_tokens, ignore_end=True)
        for _ in generation:
            pass
        return generation.statistics

    found: dict[str, list[float]] = {
        name: [] for name in ("decode", "prefill", "decode at 512", "decode at 4096", "first token")
    }
    for repeat in range(repeats + 1):
        decode = run(16, 128 if repeat else 8, repeat)
        deep = run(512, 33 if repeat else 2, repeat + 100)
        if repeat == 0:
            continue  # warms up
        found["decode"].append(decode.tokens_per_second)
        found["first token"].append(decode.time_to_first_token * 1000)
        found["prefill"].append(deep.prompt_tokens_per_second)
        found["decode at 512"].append(deep.tokens_per_second)
        found["dispatches"] = [decode.dispatches_per_token]
    peak = peak_memory()
    for repeat in range(repeats + 1):  # the same prompt: the first run evaluates it
        deepest = run(4096, 33 if repeat else 2, 999)
        if repeat:
            found["decode at 4096"].append(deepest.tokens_per_second)
    found["loaded, bytes"] = [loaded]
    found["peak, bytes"] = [peak]
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
