"""Other people's Metal programs on Anvil: a sample in CI, everything by `./dev test peers`."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--sample", type=int, default=1, help="run every n-th test of each file")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "whole: takes too long to build for a sample")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    step = config.getoption("--sample")
    kept: dict[str, int] = {}
    chosen, left = [], []
    for item in items:
        # Tests that are not of a table are few, and always run.
        place = kept.get(name := item.originalname, 0)  # type: ignore[attr-defined]
        kept[name] = place + 1
        whole = step > 1 and item.get_closest_marker("whole")
        (left if place % step or whole else chosen).append(item)
    config.hook.pytest_deselected(items=left)
    items[:] = chosen
