"""What the tests of models share: llama.cpp's program, and the files of other folders."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "python"), str(TESTS / "peers" / "llama")]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fast", action="store_true", help="only what CI runs")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: not in CI")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--fast"):
        slow = [item for item in items if item.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]


@pytest.fixture(scope="session")
def program() -> Path:
    import reference

    return reference.build()


@pytest.fixture(scope="session")
def embed() -> Path:
    import llama_cpp

    return llama_cpp.build("embed", "cpu", "-DMETAL=OFF")
