"""Times Foundry's batches in a process of its own, on $ANVIL_THREADS threads; prints JSON.

usage: python -m benchmarks.sequences_worker MODEL REPEATS PROMPT TOKENS SIZE...
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence

import foundry as fd


def main(path: str, repeats: int, prompt_tokens: int, tokens: int, sizes: Sequence[int]) -> None:
    model = fd.models.load(path, context_length=256)
    vocabulary = len(model.tokenizer)

    def rate(size: int, steps: int) -> float:
        """Tokens per second of all, after the steps that give the first ones."""
        with model.batch(size) as batch:
            for which in range(size):
                prompt = [(1000 + 7 * i + 911 * which) % vocabulary for i in range(prompt_tokens)]
                batch.add(prompt, max_tokens=steps + 8, ignore_end=True)
            batch.step()
            batch.step()
            begin = time.perf_counter()
            for _ in range(steps):
                batch.step()
            return size * steps / (time.perf_counter() - begin)

    found: dict[str, list[float]] = {}
    for size in sizes:
        rate(size, 4)  # warms up
        found[str(size)] = [rate(size, tokens) for _ in range(repeats)]
    print(json.dumps(found))


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[2:]]
    main(sys.argv[1], numbers[0], numbers[1], numbers[2], numbers[3:])
