"""Every kernel of the corpus gives what the interpreter gives, bit by bit, and what numpy gives."""

import pytest
from corpus import all_cases


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.name)
def test_kernel(case, run):
    run(case).check()
