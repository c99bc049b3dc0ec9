"""Times Foundry's model in a process of its own, on $ANVIL_THREADS threads; prints JSON.

usage: python -m benchmarks.model_worker MODEL REPEATS [PROMPT TOKENS DEEP]
"""

from __future__ import annotations

import json
import sys

import foundry as fd
from foundry.generation.statistics import peak_memory


def main(
    path: str, repeats: int, prompt_tokens: int = 512, tokens: int = 128, deep: int = 4096
) -> None:
    """`deep` is a context of several thousand tokens to decode in, or 0."""
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

    at_prompt, at_deep = f"decode at {prompt_tokens}", f"decode at {deep}"
    found: dict[str, list[float]] = {
        name: [] for name in ("decode", "prefill", at_prompt, "first token")
    }
    few = max(tokens // 4, 1) + 1
    for repeat in range(repeats + 1):
        decode = run(16, tokens if repeat else 8, repeat)
        after = run(prompt_tokens, few if repeat else 2, repeat + 100)
        if repeat == 0:
            continue  # warms up
        found["decode"].append(decode.tokens_per_second)
        found["first token"].append(decode.time_to_first_token * 1000)
        found["prefill"].append(after.prompt_tokens_per_second)
        found[at_prompt].append(after.tokens_per_second)
        found["dispatches"] = [decode.dispatches_per_token]
    peak = peak_memory()
    for repeat in range(repeats + 1 if deep else 0):  # the same prompt: the first run evaluates it
        deepest = run(deep, few if repeat else 2, 999)
        if repeat:
            found.setdefault(at_deep, []).append(deepest.tokens_per_second)
    found["loaded, bytes"] = [loaded]
    found["peak, bytes"] = [peak]
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], *(int(word) for word in sys.argv[2:6]))
