"""The page's tables are those of the entries and of what is compared."""

from __future__ import annotations

from cases import EVERY_CASE
from embedding_cases import EMBEDDING_CASES
from page import PAGE, with_tables
from transformers_embeddings import CASES as EMBEDDING_FOLDERS
from transformers_reference import CASES as FOLDERS

from foundry.huggingface.table import MODELS
from foundry.models import ARCHITECTURES


def test_the_page_has_the_tables() -> None:
    page = PAGE.read_text()
    assert with_tables(page) == page, "run python tests/models/page.py"


def test_every_architecture_is_compared() -> None:
    compared = {case.model.architecture for case in EVERY_CASE}
    compared |= {case.model.architecture for case in EMBEDDING_CASES}
    assert compared == set(ARCHITECTURES)


def test_every_class_is_compared() -> None:
    suffixes = ("", "ForCausalLM", "LMHeadModel")
    compared = {name + suffix for name, _ in FOLDERS.values() for suffix in suffixes}
    compared |= {name for name, *_ in EMBEDDING_FOLDERS.values()}
    compared |= {"BertForMaskedLM", "ModernBertForMaskedLM"}  # with heads that are passed over
    assert set(MODELS) <= compared
    assert {model.architecture for model in MODELS.values()} <= set(ARCHITECTURES)
