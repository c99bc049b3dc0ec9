"""SmolLM2: prefill, decode, time to first token, and the fraction of the memory floor."""

from __future__ import annotations

import os
import statistics

import foundry as fd
from benchmarks.machine import read_bandwidth
from benchmarks.table import Table
from foundry.cli.demo import find_model
from foundry.generation.statistics import peak_memory

REPEATS = 3


def measure() -> list[Table]:
    path = find_model()
    model = fd.models.load(path)
    vocabulary = len(model.tokenizer)

    def runs(prompt_tokens: int, new_tokens: int) -> list[fd.models.Statistics]:
        """Another prompt for each run, so that no prefix is reused; the first warms up."""
        found = []
        for run in range(REPEATS + 1):
            prompt = [(1000 + 7 * i + 911 * run) % vocabulary for i in range(prompt_tokens)]
            generation = model.generate(prompt, max_tokens=new_tokens, ignore_end=True)
            for _ in generation:
                pass
            if run:
                found.append(generation.statistics)
        return found

    table = Table(
        f"{model.name}, {len(os.sched_getaffinity(0))} threads", ["", "best", "median", "unit"]
    )
    decode = [run.tokens_per_second for run in runs(16, 128)]
    table.add(
        "decode, 128 after a 16-token prompt", max(decode), statistics.median(decode), "tok/s"
    )
    deep = [run.tokens_per_second for run in runs(512, 32)]
    table.add("decode at context 512", max(deep), statistics.median(deep), "tok/s")
    prefill_runs = runs(512, 1)
    prefill = [run.prompt_tokens_per_second for run in prefill_runs]
    table.add("prefill 512", max(prefill), statistics.median(prefill), "tok/s")
    first = [run.time_to_first_token * 1000 for run in runs(16, 1)]
    table.add("time to first token, 16-token prompt", min(first), statistics.median(first), "ms")
    last = runs(16, 8)[-1]
    table.add("dispatches per token", last.dispatches_per_token, last.dispatches_per_token, "")
    table.add("peak memory of this process", peak_memory() / 2**20, "", "MiB")

    # Every weight is read once per token: the file's size over the bandwidth is the floor.
    threads = len(os.sched_getaffinity(0))
    floor = path.stat().st_size / (read_bandwidth(threads) * 1e9)
    table.add("decode, fraction of the memory floor", max(decode) * floor, "", "")
    return [table]
