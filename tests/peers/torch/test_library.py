"""PyTorch's own kernels for Apple GPUs, as Apple compiled them for its wheel for macOS.

Of each family (names without numbers and types) one function compiles; special functions are
compared with their definitions.
"""

from __future__ import annotations

import math
import random
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import foundry as fd

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/anvil/corpus"))
from compile_function import compiled  # noqa: E402
from corpus import BUILD  # noqa: E402
from metallib import Metallib  # noqa: E402

# Metal 4's tensors, which Anvil's compiler refuses by name.
ABSENT = re.compile(r"'(__tensorops_impl_\w+|air\.\w*tensor\w*[\w.]*)'")
TYPE = r"(?<![a-z])(complex64|(u?int|b?float)\d+|[bu]?(float|char|short|int|long)2?|half2?|bool_?)"


@pytest.fixture(scope="session")
def file() -> Path:
    """The newest of the libraries inside of the wheel's dynamic library."""
    folder = BUILD / "torch-library"
    found = folder / "torch.metallib"
    if not found.exists():
        requirement = ROOT / "requirements/torch-library.txt"
        whole, inside = folder / "libtorch_cpu.dylib", "torch/lib/libtorch_cpu.dylib"
        fetch = ROOT / "cmake/fetch_metal_cpp.py"
        subprocess.run([sys.executable, fetch, requirement, whole, inside], check=True)
        data = whole.read_bytes()
        places = [match.start() for match in re.finditer(b"MTLB", data)]
        sizes = [int.from_bytes(data[at + 16 : at + 24], "little") for at in places]
        libraries = [(data[at + 8 : at + 16], data[at : at + size])
                     for at, size in zip(places, sizes, strict=True)
                     if 1 << 20 < size <= len(data) - at]  # fmt: skip
        part = found.with_suffix(".part")
        part.write_bytes(max(libraries)[1])
        part.rename(found)
        whole.unlink()
    return found


def test_functions_compile(file: Path) -> None:
    library = Metallib(file)
    families: dict[str, list[str]] = {}
    for name in library:
        families.setdefault(re.sub(r"\d+", "N", re.sub(TYPE, "T", name)), []).append(name)
    chosen = [random.Random(name).choice(members) for name, members in sorted(families.items())]
    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(lambda name: compiled(name, library[name]), chosen))
    refused = [text for text in said if text]
    assert [text for text in refused if not ABSENT.search(text)] == []
    assert len(refused) < len(chosen) / 4


def bessel(order: int) -> Callable[[float], float]:
    """By Bessel's integral, of a periodic function: a sum over points is exact to float64."""
    angles = np.arange(256) * (2 * np.pi / 256)
    return lambda x: float(np.mean(np.cos(order * angles - x * np.sin(angles))))


# Relative errors, of the larger of the value and 1: what PyTorch's series and fractions of float32
# have (lgamma cancels near its zeros), with its compiler's fast division and logarithms.
FUNCTIONS: list[tuple[str, Callable[[float], float], float, float, float]] = [
    ("bessel_j0_forward", bessel(0), -20, 20, 1e-5),
    ("bessel_j1_forward", bessel(1), -20, 20, 1e-5),
    ("erf", math.erf, -4, 4, 1e-6),
    ("erfc", math.erfc, -3, 6, 1e-6),
    ("expm1", math.expm1, -3, 3, 1e-6),
    ("exp2", lambda x: 2.0**x, -10, 10, 1e-6),
    ("i0", lambda x: float(np.i0(x)), -8, 8, 1e-6),
    ("lgamma", math.lgamma, 0.05, 40, 1e-5),
    ("lgamma", math.lgamma, -7.9, -7.1, 1e-4),
    ("log1p", math.log1p, -0.9, 30, 1e-6),
    ("sinh", math.sinh, -5, 5, 1e-6),
    ("tan", math.tan, -1.4, 1.4, 1e-6),
]


@pytest.mark.parametrize(("name", "function", "low", "high", "tolerance"), FUNCTIONS)
def test_values(
    file: Path,
    name: str,
    function: Callable[[float], float],
    low: float,
    high: float,
    tolerance: float,
) -> None:
    runtime = fd.Foundry()
    kernel = fd.Library.from_metallib(file)[f"{name}_dense_float_float"]
    numbers = np.random.default_rng(3).uniform(low, high, 1023).astype(np.float32)
    source = runtime.tensor(numbers, name="x")
    result = runtime.tensor(np.full(1023, np.nan, np.float32), name="y")
    given = {"numel": 1023} if any(each.name == "numel" for each in kernel.arguments) else {}
    runtime.run(kernel(result, source, **given, grid=1023))
    expected = np.array([function(float(x)) for x in numbers])
    error = np.abs(np.asarray(result) - expected) / np.maximum(np.abs(expected), 1)
    assert error.max() <= tolerance
