"""Of each table of cases a share, where asked. As tests/cpp/support.hpp does."""

from __future__ import annotations

import os
from collections import Counter, defaultdict

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--sample",
        type=int,
        default=int(os.environ.get("TEST_SAMPLE", "1")),
        help="run every n-th case of each table ($TEST_SAMPLE)",
    )
    parser.addoption(
        "--first",
        type=int,
        default=int(os.environ.get("TEST_SEED", "0")),
        help="which is the first of them, modulo n ($TEST_SEED)",
    )


def _table(item: pytest.Item) -> tuple[str, str]:
    return item.nodeid.partition("::")[0], item.originalname  # type: ignore[attr-defined]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    step, start = config.getoption("--sample"), config.getoption("--first")
    sizes = Counter(map(_table, items))
    cases: dict[tuple[str, str], int] = defaultdict(int)
    chosen: list[pytest.Item] = []
    left: list[pytest.Item] = []
    for item in items:
        size, case = sizes[_table(item)], cases[_table(item)]
        cases[_table(item)] += 1
        # Of the smallest tables one case; what is no table is one.
        (chosen if case % step == start % min(step, size) else left).append(item)
    config.hook.pytest_deselected(items=left)
    items[:] = chosen
