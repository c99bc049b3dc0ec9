"""The architectures, each as the files that people have of it differ."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import pytest
from _pytest.mark import ParameterSet
from case import Case
from llama_like_cases import LLAMA_LIKE_CASES
from mixture_cases import MIXTURE_CASES
from recurrent_cases import RECURRENT_CASES
from varied_cases import VARIED_CASES
from writer import Model

CASES = (*LLAMA_LIKE_CASES, *MIXTURE_CASES, *VARIED_CASES)
EVERY_CASE = (*CASES, *RECURRENT_CASES)


def model_of(architecture: str) -> Model:
    """The first that is compared."""
    return next(case.model for case in EVERY_CASE if case.model.architecture == architecture)


def parameters(cases: Iterable[Case], fast: Collection[str] | None = None) -> list[ParameterSet]:
    """For tests of `cases`; CI runs those of these names, or all of them."""
    named = {case.name: case for case in cases}
    assert not fast or named.keys() >= set(fast)
    return [
        pytest.param(
            case, id=name, marks=[] if fast is None or name in fast else [pytest.mark.slow]
        )
        for name, case in named.items()
    ]
