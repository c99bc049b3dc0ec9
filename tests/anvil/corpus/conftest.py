"""Runs the corpus' cases beside each other: nearly all of the time goes into the compiler."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from corpus import ENVIRONMENT, Case, Outcome, Sources, fetch_headers, run_case

pool = ThreadPoolExecutor(os.cpu_count())
outcomes: dict[str, Future[Outcome]] = {}
captures: list[Future[list[Path]]] = []
captures_folder = tempfile.TemporaryDirectory(prefix="anvil-captured-")


def capture(folder: Path) -> list[Path]:
    """Runs every_kernel.py, which keeps a dispatch of each kernel in a folder of its own."""
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("every_kernel.py")],
        env={**ENVIRONMENT, "ANVIL_CAPTURE": str(folder)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return sorted(folder.iterdir())


def pytest_collection_finish(session: pytest.Session) -> None:
    """Starts all that is selected; the tests then wait for their own."""
    if session.config.option.collectonly:
        return
    if any("captured" in getattr(item, "fixturenames", ()) for item in session.items):
        captures.append(pool.submit(capture, Path(captures_folder.name)))
    parameters = [item.callspec.params for item in session.items if hasattr(item, "callspec")]
    cases = [each["case"] for each in parameters if isinstance(each.get("case"), Case)]
    if not cases:
        return
    sources = Sources(fetch_headers())
    for case in cases:
        outcomes[case.name] = pool.submit(run_case, case, sources)


@pytest.fixture
def run() -> Callable[[Case], Outcome]:
    """The outcome of a case: agreement with the interpreter is checked here."""

    def outcome_of(case: Case) -> Outcome:
        outcome = outcomes[case.name].result()
        assert outcome.difference == "", f"{case.name}: {outcome.difference}"
        return outcome

    return outcome_of


@pytest.fixture
def captured() -> list[Path]:
    return captures[0].result()


def pytest_sessionfinish() -> None:
    pool.shutdown(cancel_futures=True)
    captures_folder.cleanup()
