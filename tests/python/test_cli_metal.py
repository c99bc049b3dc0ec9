"""`foundry metal check`: what it prints in each form, and its exit statuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

GOOD = """#include <metal_stdlib>
#include "shared.h"
constant uint n [[function_constant(0)]];
kernel void first(device float* y) { y[n] = SHARED; }
template <typename T> [[kernel]] void fill(device T* y) { y[0] = T(WIDTH); }
template [[host_name("fill_half")]] [[kernel]] void fill<half>(device half* y);
"""
BAD = """kernel void f(device float* y) {
  y[0] = /* caf\u00e9 */ z;
}
kernel void g(device float* y) { y[0] = w; }
"""
# Known only when its code is made.
LATE = """#include <metal_stdlib>
template <typename T> [[kernel]] void fill(device T* y) { static_assert(sizeof(T) == 2, "two"); }
template [[host_name("fill_half")]] [[kernel]] void fill<half>(device half* y);
template [[host_name("fill_float")]] [[kernel]] void fill<float>(device float* y);
"""


def check(
    *arguments: str | Path, stdin: str = "", folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "foundry", "metal", "check", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
        cwd=folder,
        env={**os.environ, "COLUMNS": "80"},
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "include").mkdir()
    (tmp_path / "include" / "shared.h").write_text("#pragma once\n#define SHARED 2.0f\n")
    (tmp_path / "nested").mkdir()
    (tmp_path / "good.metal").write_text(GOOD)
    (tmp_path / "nested" / "bad.metal").write_text(BAD, encoding="utf-8")
    return tmp_path


def test_what_compiles_is_status_0(folder: Path) -> None:
    done = check("good.metal", "-I", "include", "-D", "WIDTH=3", "--math", "safe", folder=folder)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert done.stderr == "1 file, 2 kernels: 0 errors, 0 warnings\n"


def test_folders_and_the_compilers_own_form(folder: Path) -> None:
    done = check(".", "-I", "include", "-DWIDTH=3", folder=folder)
    assert done.returncode == 1
    assert "nested/bad.metal:2:21: error: use of undeclared identifier 'z'\n" in done.stdout
    assert "  y[0] = /* caf\u00e9 */ z;\n" in done.stdout
    assert "nested/bad.metal:4:41: error: use of undeclared identifier 'w'" in done.stdout
    assert done.stderr == "2 files, 2 kernels: 2 errors, 0 warnings\n"


def test_github(folder: Path) -> None:
    done = check("nested", "--format=github", folder=folder)
    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == (
        "::error file=nested/bad.metal,line=2,col=21::use of undeclared identifier 'z'"
    )


def test_sarif(folder: Path) -> None:
    done = check(folder / "nested" / "bad.metal", "--format", "sarif", folder=folder)
    assert done.returncode == 1
    log = json.loads(done.stdout)
    assert log["version"] == "2.1.0" and log["$schema"].endswith("sarif-2.1.0.json")
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "foundry metal check" and run["columnKind"] == "unicodeCodePoints"
    assert len(run["results"]) == 2
    for result in run["results"]:  # what the standard requires of a result, and where it points
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "error"
        assert result["level"] == "error" and result["message"]["text"].startswith("use of")
        (location,) = result["locations"]
        place = location["physicalLocation"]
        assert place["artifactLocation"]["uri"] == (folder / "nested/bad.metal").as_uri()
        assert set(place["region"]) == {"startLine", "startColumn"}
    first = run["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert first == {"startLine": 2, "startColumn": 21}
    clean = json.loads(check("-", "--format=sarif", stdin="kernel void f() {}").stdout)
    assert clean["runs"][0]["results"] == []


def test_standard_input_and_code_generation() -> None:
    done = check("-", stdin=LATE)
    assert done.returncode == 1
    assert "<stdin>:2:" in done.stdout and "static assertion failed" in done.stdout
    assert "'two'" in done.stdout or "two" in done.stdout


def test_warnings_count_where_asked(tmp_path: Path) -> None:
    path = tmp_path / "warned.metal"
    path.write_text("#warning mind this\nkernel void f() {}\n")
    done = check(path)
    assert done.returncode == 0
    assert f"{path}:1:2: warning: mind this [-W#warnings]" in done.stdout
    assert done.stderr == "1 file, 1 kernel: 0 errors, 1 warning\n"
    assert check(path, "--werror").returncode == 1
    assert "::warning file=" in check(path, "--format=github").stdout


def test_files_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "nul.metal").write_bytes(b"kernel void f() {}\n\0")
    done = check("nul.metal", folder=tmp_path)
    assert done.returncode == 1 and "nul.metal:2: byte 0 at offset 19 is a NUL" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing.metal"], "'nothing.metal' is no file or folder"),
        (["empty"], "folder 'empty' has no .metal files"),
        ([], "Missing argument"),
        (["empty", "--format", "xml"], "'xml' is not one of"),
        (["empty", "--math", "exact"], "'exact' is not one of"),
    ],
)
def test_wrong_usage_is_status_2(tmp_path: Path, arguments: list[str], message: str) -> None:
    (tmp_path / "empty").mkdir()
    done = check(*arguments, folder=tmp_path)
    assert done.returncode == 2 and message in done.stderr, done.stderr
