"""Runs the corpus' cases beside each other: nearly all of the time goes into the compiler."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from corpus import Case, Outcome, Sources, fetch_headers, run_case

pool = ThreadPoolExecutor(os.cpu_count())
outcomes = {}


def pytest_collection_finish(session):
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
def run():
    """The outcome of a case: agreement with the interpreter is checked here."""

    def outcome_of(case: Case) -> Outcome:
        outcome = outcomes[case.name].result()
        assert outcome.difference == "", f"{case.name}: {outcome.difference}"
        return outcome

    return outcome_of


def pytest_sessionfinish():
    pool.shutdown(cancel_futures=True)
