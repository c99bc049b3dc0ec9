"""Every kernel of the corpus gives what the interpreter gives, bit by bit, and what numpy gives."""

from collections.abc import Callable

import pytest
from corpus import Case, Outcome, all_cases


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.name)
def test_kernel(case: Case, run: Callable[[Case], Outcome]) -> None:
    run(case).check()
