"""The compiler is a process of its own: it ends with its host, a wait for it can be left, and
kernels are made in whatever environment the host has."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import foundry

if sys.platform == "darwin":
    pytest.skip("Metal's own compiler service", allow_module_level=True)

RUN = """
import numpy as np, foundry as fd

@fd.kernel(dispatch=fd.per_element("y"))
def doubled(x: fd.In[fd.f32], y: fd.Out[fd.f32]):
    \"\"\"
    if (gid < y_size) y[gid] = 2.0f * x[gid];
    \"\"\"

def run():
    rt = fd.Foundry()
    y = rt.empty((100,), fd.f32)
    rt.run(doubled(x=rt.tensor(np.arange(100, dtype=np.float32)), y=y))
    np.testing.assert_array_equal(np.asarray(y), 2 * np.arange(100))
    return rt
"""


def environment(cache: Path, **variables: str) -> dict[str, str]:
    return {**os.environ, "FOUNDRY_CACHE_DIR": str(cache), **variables}


def run(script: str, env: dict[str, str], **arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", RUN + script],
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
        **arguments,  # type: ignore[call-overload]
    )


def fails(script: str, env: dict[str, str]) -> str:
    """The last line of the error."""
    result = run(script, env)
    assert result.returncode == 1, result.stderr
    return result.stderr


@pytest.mark.parametrize(
    "before",
    [
        pytest.param("pass", id="nothing"),
        pytest.param(
            "import tempfile, os; d = tempfile.mkdtemp(); os.chdir(d); os.rmdir(d)", id="no folder"
        ),
        pytest.param("import os; os.close(0); os.close(1)", id="closed descriptors"),
        pytest.param("import os; os.umask(0o777)", id="umask 777"),
        pytest.param("import os; os.umask(0)", id="umask 0"),
        pytest.param(
            "import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN)", id="no SIGCHLD"
        ),
        pytest.param(
            "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))",
            id="blocked signals",
        ),
        pytest.param(
            "import os; os.environ.pop('HOME', 0); os.environ['TMPDIR'] = '/nowhere'", id="no home"
        ),
        pytest.param(
            "import resource as r; r.setrlimit(r.RLIMIT_CORE, (0, 0));"
            "r.setrlimit(r.RLIMIT_STACK, (1 << 20, 1 << 20))",
            id="small stack",
        ),
        pytest.param("import locale; locale.setlocale(locale.LC_ALL, '')", id="locale"),
        pytest.param(
            "import resource as r; r.setrlimit(r.RLIMIT_NOFILE, (40, 40))", id="few descriptors"
        ),
    ],
)
def test_kernels_are_made_whatever_the_state_of_the_process(before: str, tmp_path: Path) -> None:
    result = run(f"{before}\nrun()\nfd.Foundry()", environment(tmp_path / "cache"))
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("folder", ["/proc/nowhere", "/dev/null/cache", "relative\n"])
def test_a_folder_that_keeps_nothing_is_a_warning(folder: str, tmp_path: Path) -> None:
    result = run(
        "run(); run()",
        environment(tmp_path, FOUNDRY_CACHE_DIR=folder, TMPDIR=str(tmp_path)),
        cwd=tmp_path,
    )
    assert result.returncode == 0, result.stderr
    if folder.startswith("/"):
        assert result.stderr.startswith(f"foundry: warning: cache folder {folder} cannot be used (")
        assert result.stderr.count("\n") == 1


@pytest.fixture
def mounted(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A small file system with the options that the test asks for."""
    folder = tmp_path / "mounted"
    folder.mkdir(mode=0o700)
    options = f"mode=700,{request.param}"
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("mounting takes privileges that this user does not have")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("mounted", ["noexec"], indirect=True)
def test_nothing_is_executed_from_the_cache_folder(mounted: Path) -> None:
    for _ in range(2):
        result = run("run()", environment(mounted))
        assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("mounted", ["size=12k"], indirect=True)
def test_a_full_disk_is_a_warning(mounted: Path) -> None:
    result = run("run(); run()", environment(mounted))
    assert (result.returncode, result.stderr) == (
        0,
        f"foundry: warning: compiled kernels are not kept: cache folder {mounted}/anvil: "
        "No space left on device; FOUNDRY_CACHE_DIR names another\n",
    )


def test_a_limit_on_files_is_an_error_only_where_something_is_compiled(tmp_path: Path) -> None:
    script = "import resource as r; r.setrlimit(r.RLIMIT_FSIZE, (0, -1))\nrun()"
    error = fails(script, environment(tmp_path / "cache"))
    assert "KernelCompileError" in error
    assert "a file in memory: File too large" in error
    run("run()", environment(tmp_path / "cache"))  # fills the cache: nothing has to be written then
    assert run(script, environment(tmp_path / "cache")).returncode == 0


def test_limits_are_named_in_the_error(tmp_path: Path) -> None:
    error = fails("run()", environment(tmp_path, ANVIL_COMPILER_MEMORY_MB="lots"))
    assert (
        "ANVIL_COMPILER_MEMORY_MB is 'lots'; accepted: a number of megabytes, 512 at least" in error
    )


def compiler() -> str:
    return os.environ.get("ANVIL_COMPILER") or str(
        next(Path(foundry.__file__).parent.rglob("anvil-compiler"))
    )


def test_the_compiler_says_that_memory_is_out(tmp_path: Path) -> None:
    """A program whose native code would hold 400 MB of data."""
    (tmp_path / "source").write_text(
        "struct Table { char c[400000000]; constexpr Table() : c{} { c[399999999] = 1; } };\n"
        "constant Table table{};\n"
        "kernel void f(device int* x [[buffer(0)]]) { x[0] = table.c[3]; }\n"
    )

    def run_compiler(*arguments: str) -> subprocess.CompletedProcess[str]:
        limited = ["sh", "-c", 'ulimit -v 800000; exec "$0" "$@"', compiler(), *arguments]
        return subprocess.run(limited, cwd=tmp_path, capture_output=True, text=True)

    made = run_compiler("library", "--source", "source", "--output", "library")
    assert made.returncode == 0, made.stderr
    failed = run_compiler("kernel", "--library", "library", "--function", "f", "--output", "code")
    assert (failed.returncode, failed.stderr) == (71, "anvil-compiler: out of memory\n")


def started(folder: Path) -> int:
    """The process id of the compiler, once it runs."""
    for _ in range(600):
        text = (folder / "started").read_text() if (folder / "started").exists() else ""
        if text.endswith("\n"):
            return int(text)
        time.sleep(0.05)
    raise AssertionError("the compiler was not started")


def ends(process: int) -> bool:
    for _ in range(200):
        try:
            state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def hanging(tmp_path: Path) -> dict[str, str]:
    """An environment whose compiler is the real one, and waits for its source for ever."""
    script = tmp_path / "compiler.sh"
    script.write_text(
        f'#!/bin/sh\n[ "$1" != serve ] || exit 64\necho $$ > "{tmp_path}/started.new"\n'
        f'mv "{tmp_path}/started.new" "{tmp_path}/started"\n'
        # A pipe that nobody writes to takes the source's place.
        f'exec "{compiler()}" "$1" --source "{tmp_path}/pipe" --output /dev/null --host 5\n'
    )
    script.chmod(0o755)
    os.mkfifo(tmp_path / "pipe")
    return environment(tmp_path / "cache", ANVIL_COMPILER=str(script))


def test_the_compiler_ends_with_its_host(hanging: dict[str, str], tmp_path: Path) -> None:
    host = subprocess.Popen([sys.executable, "-c", RUN + "run()"], env=hanging)
    process = started(tmp_path)
    assert not (host.poll() or 0)
    host.kill()
    host.wait()
    assert ends(process), "the compiler outlives its host"


@pytest.mark.parametrize("others", [0, 1])
def test_the_compiler_ends_with_the_last_wait_for_it(
    hanging: dict[str, str], tmp_path: Path, others: int
) -> None:
    script = """
import sys, threading
rt = fd.Foundry()
x, y = rt.empty((100,), fd.f32), rt.empty((100,), fd.f32)
wait = lambda: rt.run(doubled(x=x, y=y))
for _ in range(int(sys.argv[1])):
    threading.Thread(target=wait, daemon=True).start()
try:
    wait()
except KeyboardInterrupt:
    print("left", flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", RUN + script, str(others)],
        env=hanging, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as host:  # fmt: skip
        assert host.stdin and host.stdout
        process = started(tmp_path)
        time.sleep(1)
        host.send_signal(signal.SIGINT)
        assert host.stdout.readline() == "left\n"
        if others:
            time.sleep(0.5)
            assert Path(f"/proc/{process}/stat").exists(), "another thread waits for it"
        else:
            assert ends(process), "nobody waits for it"
        assert host.poll() is None
        host.kill()


def test_a_wait_for_the_compiler_can_be_left(hanging: dict[str, str], tmp_path: Path) -> None:
    host = subprocess.Popen(
        [sys.executable, "-c", RUN + "run()"], env=hanging, stderr=subprocess.PIPE, text=True
    )
    process = started(tmp_path)
    time.sleep(0.2)
    host.send_signal(signal.SIGINT)
    _, errors = host.communicate(timeout=60)
    assert "KeyboardInterrupt" in errors
    assert host.returncode == -signal.SIGINT
    assert ends(process)


def test_after_a_wait_was_left_the_next_call_works(tmp_path: Path) -> None:
    script = """
import signal, threading, os, time
def alarm(*_): raise TimeoutError("enough")
signal.signal(signal.SIGALRM, alarm)
signal.setitimer(signal.ITIMER_REAL, 0.02)
try:
    run()
except TimeoutError as error:
    print(error)
signal.setitimer(signal.ITIMER_REAL, 0)
run()
print("done")
"""
    result = run(script, environment(tmp_path / "cache"))
    assert result.returncode == 0, result.stderr
    assert result.stdout.endswith("done\n")
