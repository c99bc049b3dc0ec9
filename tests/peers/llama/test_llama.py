"""llama.cpp's Metal backend on Anvil by its own test-backend-ops, against its CPU backend.

The sources are those of the llama-cpp-python package as they are, Objective-C and CMake files too;
the program is built on an installed Anvil. Each operation is one run of the program.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
LLVM = (ROOT / "cmake/llvm-version.txt").read_text().strip()
FOLDER = ROOT / "build" / "peers" / "llama"
# As `test-backend-ops --list-ops` has them, but those without cases; twelve a line, the first of
# which is in CI's sample of every twelfth.
OPERATIONS = Path(__file__).with_name("operations.txt").read_text().split()
REQUIREMENT = ROOT / "requirements" / "llama-cpp.txt"


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


@pytest.fixture(scope="session")
def program() -> Path:
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
    run("cmake", "--build", build, "--target", "test-backend-ops")
    return build / "bin" / "test-backend-ops"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_operation(program: Path, operation: str) -> None:
    done = subprocess.run(
        [program, "test", "-b", "MTL0", "-o", operation],
        env={**os.environ, "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    failures = [line for line in done.stdout.splitlines() if "FAIL" in line]
    assert done.returncode == 0, "\n".join(failures) or done.stdout[-4000:]
    passed = re.search(r"(\d+)/(\d+) tests passed", done.stdout)
    assert passed
    assert passed[1] == passed[2]
