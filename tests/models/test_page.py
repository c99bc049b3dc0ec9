"""The page's table is that of the entries and of what is compared."""

from __future__ import annotations

from cases import CASES
from page import PAGE, with_table

from foundry.models import ARCHITECTURES


def test_the_page_has_the_table() -> None:
    page = PAGE.read_text()
    assert with_table(page) == page, "run python tests/models/page.py"


def test_every_architecture_is_compared() -> None:
    assert {case.model.architecture for case in CASES} == set(ARCHITECTURES)
