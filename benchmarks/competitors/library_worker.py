"""Times one library; runs in the competitors' environment. Prints one JSON object.

usage: library_worker.py LIBRARY gemv THREADS FORMAT ROWS COLUMNS
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

COLD_BYTES = 1 << 30


def best(call: Callable[[], object], calls: int, seconds: float) -> dict[str, float]:
    """Seconds per call: `call` makes `calls` of them."""
    call()
    times: list[float] = []
    while len(times) < 3 or sum(times) < seconds:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return {"best": min(times) / calls, "median": statistics.median(times) / calls}


class Numpy:
    formats = ("f32",)

    def __init__(self, threads: int) -> None:
        import numpy

        self.np = numpy
        self.name = f"numpy {numpy.__version__}"

    def array(self, shape: tuple[int, ...], _format: str) -> Any:
        return self.np.random.default_rng(1).standard_normal(shape, self.np.float32)

    def copy(self, array: Any) -> Any:
        return array.copy()

    def product(self, weights: Any, x: Any) -> Any:
        return weights @ x

    def finish(self, results: list[Any]) -> None:
        pass


class Torch:
    formats = ("f32", "f16", "bf16")

    def __init__(self, threads: int) -> None:
        import torch

        torch.set_num_threads(threads)
        torch.set_grad_enabled(False)
        self.torch = torch
        self.types = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}
        self.name = f"torch {torch.__version__}"

    def array(self, shape: tuple[int, ...], format: str) -> Any:
        return self.torch.randn(shape).to(self.types[format])

    def copy(self, array: Any) -> Any:
        return array.clone()

    def product(self, weights: Any, x: Any) -> Any:
        return self.torch.mv(weights, x)

    def finish(self, results: list[Any]) -> None:
        pass


class Mlx:
    formats = ("f32", "f16", "bf16")

    def __init__(self, threads: int) -> None:
        import mlx.core as mx

        mx.set_default_device(mx.cpu)
        self.mx = mx
        self.types = {"f32": mx.float32, "f16": mx.float16, "bf16": mx.bfloat16}
        self.name = f"mlx {mx.__version__}"

    def array(self, shape: tuple[int, ...], format: str) -> Any:
        array = self.mx.random.normal(shape).astype(self.types[format])
        self.mx.eval(array)
        return array

    def copy(self, array: Any) -> Any:
        copy = self.mx.array(array)
        self.mx.eval(copy)
        return copy

    def product(self, weights: Any, x: Any) -> Any:
        return weights @ x

    def finish(self, results: list[Any]) -> None:
        self.mx.eval(results)


LIBRARIES: dict[str, Callable[[int], Any]] = {"numpy": Numpy, "torch": Torch, "mlx": Mlx}


def gemv(library: Any, format: str, rows: int, columns: int) -> dict[str, Any]:
    if format not in library.formats:
        sys.exit(f"has no {format}")
    size = {"f32": 4}.get(format, 2) * rows * columns
    one = library.array((rows, columns), format)
    copies = max(-(-COLD_BYTES // size), 2)
    weights = [one] + [library.copy(one) for _ in range(copies - 1)]
    x = library.array((columns,), format)

    def round_of(arrays: list[Any]) -> Callable[[], None]:
        return lambda: library.finish([library.product(array, x) for array in arrays])

    cold = best(round_of(weights), copies, 0.5)
    calls = min(max(int(0.01 / cold["best"]), 4), 2000)
    warm = best(round_of([one] * calls), calls, 0.2)
    return {"ran": library.name, "bytes": size, "cold": cold, "warm": warm}


def main(words: list[str]) -> None:
    name, task, threads, *arguments = words
    library = LIBRARIES[name](int(threads))
    if task != "gemv":
        sys.exit(f"no task {task}")
    format, rows, columns = arguments
    print(json.dumps(gemv(library, format, int(rows), int(columns))))


if __name__ == "__main__":
    main(sys.argv[1:])
