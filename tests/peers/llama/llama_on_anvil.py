"""llama.cpp's Metal backend built on an installed Anvil, from the source package llama-cpp-python.

Sources, Objective-C and CMake files are as they are; CMakeLists.txt beside this file takes them.
"""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
LLVM = (ROOT / "cmake/llvm-version.txt").read_text().strip()
FOLDER = ROOT / "build" / "peers" / "llama"
REQUIREMENT = ROOT / "requirements" / "llama-cpp.txt"

PROMPTS = [
    "The capital of France is",
    "def fibonacci(n):\n",
    "Once upon a time, in a village by the sea,",
    "Water boils at 100 degrees Celsius because",
]
"""What decode() continues."""


def run(*command: object) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:]


def sources() -> Path:
    version = re.match(r"[\w-]+==([\w.]+)", REQUIREMENT.read_text())
    assert version
    name = f"llama_cpp_python-{version[1]}"
    if not (FOLDER / name).exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        run(
            sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
            "--no-binary=llama-cpp-python", "--require-hashes", "--dest", FOLDER,
            "--requirement", REQUIREMENT,
        )  # fmt: skip
        with tarfile.open(FOLDER / f"{name}.tar.gz") as archive:
            archive.extractall(FOLDER, filter="data")
    return FOLDER / name / "vendor" / "llama.cpp"


@functools.cache
def build(target: str) -> Path:
    source, prefix, build = sources(), FOLDER / "prefix", FOLDER / "build"
    cache = shutil.which("ccache")
    for component in ("runtime", "development"):
        run("cmake", "--install", ROOT / "build/dev", "--component", component, "--prefix", prefix)
    run(
        "cmake", "-G", "Ninja", "-S", Path(__file__).parent, "-B", build,
        f"-DLLAMA_CPP={source}", f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_BUILD_TYPE=Release",
        f"-DCMAKE_C_COMPILER=clang-{LLVM}", f"-DCMAKE_CXX_COMPILER=clang++-{LLVM}",
        *(f"-DCMAKE_{language}_COMPILER_LAUNCHER={cache}" for language in ("C", "CXX") if cache),
    )  # fmt: skip
    run("cmake", "--build", build, "--target", target)
    return build / "bin" / target


def widened(model: Path) -> Path:
    """The same weights as numbers of 32 bits."""
    wide = FOLDER / f"{model.stem}.f32.gguf"
    if not wide.exists():
        part = wide.with_suffix(".part")
        run(build("decode"), "widen", model, part)
        part.rename(wide)
    return wide


def decode(model: Path, backend: str, attention: str, tokens: int, threads: int) -> Any:
    """For each of PROMPTS: `prompt`, the `tokens` after it, greedily, and user `ms` of each.

    `backend` is "metal" or "cpu", `attention` "products" or "flash".
    """
    done = subprocess.run(
        [build("decode"), model, backend, attention, str(tokens), str(threads), *PROMPTS],
        env={**os.environ, "ANVIL_THREADS": str(threads)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)
