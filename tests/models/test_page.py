"""The page's tables are those of the entries and of what is compared."""

from __future__ import annotations

from cases import CASES
from page import PAGE, with_tables
from transformers_reference import CASES as FOLDERS

from foundry.huggingface.table import MODELS
from foundry.models import ARCHITECTURES


def test_the_page_has_the_tables() -> None:
    page = PAGE.read_text()
    assert with_tables(page) == page, "run python tests/models/page.py"


def test_every_architecture_is_compared() -> None:
    assert {case.model.architecture for case in CASES} == set(ARCHITECTURES)


def test_every_class_is_compared() -> None:
    suffixes = ("ForCausalLM", "LMHeadModel")
    compared = {name + suffix for name, _ in FOLDERS.values() for suffix in suffixes}
    assert set(MODELS) <= compared
    assert {model.architecture for model in MODELS.values()} <= set(ARCHITECTURES)
