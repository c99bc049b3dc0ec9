"""The documentation's Python blocks run as they are printed."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    "page", [page for page in PAGES if BLOCK.search(page.read_text())], ids=lambda page: page.name
)
def test_python_blocks_of_a_page_run_in_order(page: Path, tmp_path: Path) -> None:
    # As a file of its own: kernels find their bodies in the source.
    text = page.read_text()
    script = tmp_path / f"{page.stem}.py"
    script.write_text("\n".join(BLOCK.findall(text)))
    runpy.run_path(str(script), run_name="__main__")


def test_links_between_pages_lead_somewhere() -> None:
    broken = [
        f"{page.name}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert not broken
