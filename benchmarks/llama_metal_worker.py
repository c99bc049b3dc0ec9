"""Times Foundry's SmolLM2 in a process of its own; prints prompts and user ms of a token, as JSON.

usage: python -m benchmarks.llama_metal_worker MODEL TOKENS PROMPT...   (prompts: ids, with commas)
"""

from __future__ import annotations

import json
import resource
import sys

import foundry as fd


def user_milliseconds() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime * 1e3


def main(path: str, count: int, prompts: list[list[int]]) -> None:
    model = fd.models.load(path)
    found = []
    for prompt in prompts:
        generation = iter(model.generate(prompt, max_tokens=count, ignore_end=True))
        next(generation), next(generation)
        start = user_milliseconds()
        for _ in generation:
            pass
        found.append({"prompt": prompt, "ms": (user_milliseconds() - start) / (count - 2)})
    print(json.dumps(found))


if __name__ == "__main__":
    main(
        sys.argv[1],
        int(sys.argv[2]),
        [[int(token) for token in prompt.split(",")] for prompt in sys.argv[3:]],
    )
