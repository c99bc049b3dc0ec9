"""docs/metal_api.md says what the code has."""

from __future__ import annotations

import metal_api
import pytest


def test_the_page_of_classes_and_selectors_is_the_code_s() -> None:
    if not metal_api.METAL_CPP.is_dir():
        pytest.skip("metal-cpp's headers are not in .venv/metal-cpp: ./dev build brings them")
    written = metal_api.page(metal_api.METAL_CPP)
    untested = f" | {metal_api.UNTESTED} | "
    assert [row for row in written.splitlines() if untested in row] == [], "a class needs a test"
    assert metal_api.PAGE.read_text() == written, "run: python tests/house/metal_api.py"
