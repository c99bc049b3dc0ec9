"""MLX's kernels, unmodified, on Anvil: compared with the interpreter and with float64 numpy.

The headers come from the pinned mlx-metal wheel (Apple's MIT-licensed code, proven on Apple GPUs);
they are unpacked into build/ and never committed. `newLibraryWithSource` has no include paths, so
a kernel's headers are put one after the other into its source, as MLX's own just-in-time compiler
does.
"""

import functools
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import DTypeLike, NDArray

ROOT = Path(__file__).resolve().parents[3]
BUILD = Path(os.environ.get("ANVIL_BUILD_DIR", ROOT / "build/dev"))
# The cache of kernels is that of other tests, which compile some of them too.
ENVIRONMENT = {**os.environ, "FOUNDRY_CACHE_DIR": str(ROOT / "build" / "test-cache")}
KERNELS = "mlx/include/mlx/backend/metal/kernels/"
BF16 = np.dtype(ml_dtypes.bfloat16)

MSL = {
    np.dtype(np.float32): "float",
    np.dtype(np.float16): "half",
    BF16: "bfloat16_t",
    np.dtype(np.complex64): "complex64_t",
    np.dtype(np.bool_): "bool",
    np.dtype(np.uint8): "uint8_t",
    np.dtype(np.int32): "int32_t",
    np.dtype(np.uint32): "uint32_t",
    np.dtype(np.int64): "int64_t",
}
# How the interpreter's buffers are compared: bit by bit, save that a NaN equals a NaN.
ELEMENT = {np.dtype(np.float32): "float32", np.dtype(np.complex64): "float32",
           np.dtype(np.float16): "half", BF16: "bfloat"}  # fmt: skip

# Relative distance of neighbouring numbers.
EPSILON = {np.dtype(np.float32): 2.0**-23, np.dtype(np.complex64): 2.0**-23,
           np.dtype(np.float16): 2.0**-10, BF16: 2.0**-7}  # fmt: skip

Size = tuple[int, int, int]


@dataclass(frozen=True)
class Case:
    """One kernel and what is to be in its buffers after it has run."""

    name: str
    headers: tuple[str, ...]
    instance: str  # the template with its arguments
    buffers: Sequence[np.ndarray | None]  # by index; None: switched off
    grid: Size  # threads
    threadgroup: Size
    expected: Mapping[int, np.ndarray]  # by buffer
    tolerance: Mapping[int, tuple[float, float]] = field(default_factory=dict)  # relative, absolute
    constants: Mapping[int, bool | int] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What Anvil left in the buffers, and where the interpreter's result differs."""

    case: Case
    buffers: Sequence[np.ndarray]
    difference: str

    def check(self) -> None:
        for index, expected in self.case.expected.items():
            got = self.buffers[index]
            wide = np.complex128 if got.dtype.kind == "c" else np.float64
            relative, absolute = self.case.tolerance.get(index, (0, 0))
            if got.dtype.kind in "biu":
                np.testing.assert_array_equal(got.reshape(expected.shape), expected)
            else:
                np.testing.assert_allclose(
                    got.astype(wide).reshape(expected.shape), expected, rtol=relative, atol=absolute
                )


def one(value: float, dtype: DTypeLike) -> NDArray[Any]:
    """A `constant T&` argument."""
    return np.array([value], dtype)


def all_cases() -> list[Case]:
    import cases

    return [case for group in cases.GROUPS for case in group]


@functools.cache
def fetch_headers() -> Path:
    """The kernel headers of the pinned wheel; downloaded by pip, hash checked, once per pin."""
    requirement = ROOT / "cmake/metal-cpp.txt"
    pin = re.sub(r"\W+", "-", requirement.read_text().split()[0])
    folder = BUILD / "mlx-kernels" / pin
    if not folder.exists():
        fetch = ROOT / "cmake/fetch_metal_cpp.py"
        subprocess.run([sys.executable, fetch, requirement, folder, KERNELS], check=True)
    return folder


class Sources:
    """Library sources, one for each set of headers: its instances share the compilation."""

    INCLUDE = re.compile(r'^\s*#include "mlx/backend/metal/kernels/(.*)"\s*$', re.MULTILINE)

    def __init__(self, headers: Path, cases: Sequence[Case] | None = None):
        self._headers = headers
        self._folder = tempfile.TemporaryDirectory(prefix="anvil-corpus-")
        self._lock = threading.Lock()
        self._instances: dict[tuple[str, ...], list[Case]] = {}
        for case in all_cases() if cases is None else cases:
            self._instances.setdefault(case.headers, []).append(case)

    def path(self, headers: tuple[str, ...]) -> Path:
        file = Path(self._folder.name, "-".join(headers).replace("/", "_") + ".metal")
        with self._lock:
            if not file.exists():
                file.write_text(self._text(headers))
        return file

    def _text(self, headers: tuple[str, ...]) -> str:
        seen: set[str] = set()
        text = "#include <metal_stdlib>\nusing namespace metal;\n"
        text += "".join(self._flat(header, seen) for header in headers)
        for case in self._instances[headers]:
            text += f'\ntemplate [[host_name("{case.name}")]] [[kernel]] '
            text += f"decltype({case.instance}) {case.instance};"
        return text + "\n"

    def _flat(self, header: str, seen: set[str]) -> str:
        if header in seen:
            return ""
        seen.add(header)
        text = (self._headers / header).read_text()
        text = text.replace("#pragma once", "")  # of an #include, which this is no longer
        return self.INCLUDE.sub(lambda match: self._flat(match[1], seen), text)


def write_case(case: Case, folder: Path, source: Path, air: bool = False) -> Path:
    """What anvil_oracle_tool is to run; buffer i is in file i of the folder."""
    # The interpreter loads what an optimiser leaves out: scalars that are switched off.
    arrays = [np.zeros(64, np.uint8) if b is None else b for b in case.buffers]
    for i, array in enumerate(arrays):
        Path(folder, str(i)).write_bytes(np.ascontiguousarray(array).tobytes())
    description = Path(folder, "case.json")
    description.write_text(
        json.dumps(
            {
                "source": str(source),
                "air": air,
                "reflection": str(folder / "reflection"),
                "function": case.name,
                "math": "safe",
                "grid": case.grid,
                "threadgroup": case.threadgroup,
                "threadgroup_memory": [],
                "constants": [_constant(i, v) for i, v in case.constants.items()],
                "buffers": [
                    {
                        "path": str(folder / str(i)),
                        "element": ELEMENT.get(a.dtype, f"bits{a.itemsize * 8}"),
                        "ulps": 0,
                    }
                    for i, a in enumerate(arrays)
                ],
            }
        )
    )
    return description


def run_case(case: Case, sources: Sources) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="anvil-corpus-") as folder:
        description = write_case(case, Path(folder), sources.path(case.headers))
        done = subprocess.run(
            [BUILD / "bin/anvil_oracle_tool", description],
            capture_output=True,
            text=True,
            env=ENVIRONMENT,
        )
        arrays = [np.zeros(64, np.uint8) if b is None else b for b in case.buffers]
        results = [
            np.frombuffer(Path(folder, str(i)).read_bytes(), a.dtype).reshape(a.shape)
            for i, a in enumerate(arrays)
        ]
    difference = done.stdout
    if done.returncode != 0 and not difference:
        difference = f"anvil_oracle_tool: exit status {done.returncode}: {done.stderr}"
    return Outcome(case, results, difference)


def _constant(index: int, value: bool | int) -> dict[str, Any]:
    kind, dtype = ("bool", np.bool_) if isinstance(value, bool) else ("int", np.int32)
    return {"index": index, "type": kind, "bytes": list(np.array(value, dtype).tobytes())}
