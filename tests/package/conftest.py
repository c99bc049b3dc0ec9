"""Builds from nothing take minutes: where tables give a share, one of them with each commit."""

from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "from_nothing: builds everything")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    builds = [item for item in items if item.get_closest_marker("from_nothing")]
    if config.getoption("--sample") == 1 or not builds:
        return
    # The first, which is the longer, with odd seeds: they have the shorter of the sanitizers.
    builds.pop((config.getoption("--first") + 1) % len(builds))
    config.hook.pytest_deselected(items=builds)
    items[:] = [item for item in items if item not in builds]
