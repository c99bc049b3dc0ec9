"""llama.cpp, built for this machine from the source package of `llama-cpp-python`."""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

from benchmarks.competitors import CACHE, Missing

VERSION = "0.3.36"
NAME = f"llama.cpp of llama-cpp-python {VERSION}, built with -DGGML_NATIVE=ON"
_SOURCE = CACHE / "llama.cpp"
_BUILD = CACHE / "llama_cpp"
_PROJECT = Path(__file__).parent / "llama_reference"


@functools.cache
def program() -> Path:
    """The program that times it. The first call takes ten minutes; `Missing` says what failed."""
    built = _BUILD / "llama_reference"
    if not built.exists():
        print(f"building llama.cpp in {_BUILD}, once", file=sys.stderr)
    _fetch()
    if not (_BUILD / "build.ninja").exists():
        _run(
            "cmake", "-G", "Ninja", "-S", _PROJECT, "-B", _BUILD, "-DCMAKE_BUILD_TYPE=Release",
            f"-DLLAMA_CPP_SOURCE={_SOURCE.resolve()}", *_compilers(),
        )  # fmt: skip
    _run("ninja", "-C", _BUILD, "llama_reference")
    return built


def _compilers() -> list[str]:
    """clang: gcc 12's code for AMX crashes at `ldtilecfg`."""
    for suffix in ("-22", "-21", "-20", "-19", ""):
        if shutil.which(f"clang++{suffix}"):
            return [
                f"-DCMAKE_C_COMPILER=clang{suffix}",
                f"-DCMAKE_CXX_COMPILER=clang++{suffix}",
            ]
    return []


def _fetch() -> None:
    if _SOURCE.exists():
        return
    archive = CACHE / f"llama_cpp_python-{VERSION}.tar.gz"
    if not archive.exists():
        _run(
            sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
            "--disable-pip-version-check", "--no-binary", "llama-cpp-python",
            "--dest", CACHE, f"llama-cpp-python=={VERSION}",
        )  # fmt: skip
    prefix = f"llama_cpp_python-{VERSION}/vendor/llama.cpp/"
    unpacked = CACHE / "llama.cpp.part"
    shutil.rmtree(unpacked, ignore_errors=True)
    with tarfile.open(archive) as files:
        wanted = [file for file in files if file.name.startswith(prefix)]
        for file in wanted:
            file.name = file.name.removeprefix(prefix)
        files.extractall(unpacked, wanted, filter="data")
    unpacked.rename(_SOURCE)


def _run(*command: str | Path) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    try:
        finished = subprocess.run(
            [str(word) for word in command], capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise Missing(f"llama.cpp: {error}") from error
    if finished.returncode != 0:
        lines = (finished.stderr.strip() or finished.stdout.strip()).splitlines()
        raise Missing(f"llama.cpp: {command[0]} failed: {lines[-1][:70] if lines else ''}")
