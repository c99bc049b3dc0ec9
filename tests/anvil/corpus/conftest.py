"""Runs the corpus' cases beside each other: nearly all of the time goes into the compiler."""

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from corpus import Case, Outcome, Sources, fetch_headers, run_case

pool = ThreadPoolExecutor(os.cpu_count())
outcomes: dict[str, Future[Outcome]] = {}


def pytest_collection_finish(session: pytest.Session) -> None:
    """Starts every selected case; the tests then wait for their own."""
    if session.config.option.collectonly:
        return
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


def pytest_sessionfinish() -> None:
    pool.shutdown(cancel_futures=True)
