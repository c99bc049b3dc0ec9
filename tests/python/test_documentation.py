"""The documentation's Python blocks and commands run as they are printed."""

from __future__ import annotations

import re
import runpy
import subprocess
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


def test_the_commands_of_the_readme_run_as_written(model_path: Path, tmp_path: Path) -> None:
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", PAGES[0].read_text(), re.MULTILINE | re.DOTALL)
    commands = "".join(text for language, text in blocks if not language)
    lines = [line for line in commands.splitlines() if not line.startswith("./dev ")]
    assert any(line.startswith("foundry ") for line in lines)
    assert (ROOT / ".venv/bin/foundry").exists(), "./dev build makes it"
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    (tmp_path / "model.gguf").symlink_to(model_path)
    done = subprocess.run(
        ["bash", "-euc", "\n".join(lines)],
        cwd=tmp_path,
        input="Say hello.\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    assert "arena" in done.stdout.lower()


def test_dev_knows_every_command_that_a_page_gives_it() -> None:
    help_text = subprocess.run(
        [str(ROOT / "dev"), "help"], capture_output=True, text=True, check=False
    ).stdout
    known = set(re.findall(r"^  (\w+)", help_text, re.MULTILINE))
    parts = set(re.findall(r"^ {18}(native .*)", help_text, re.MULTILINE)[0].split())
    for page in PAGES:
        for command, rest in re.findall(r"\./dev (\w+)((?: \w+)*)", page.read_text()):
            assert command in known, f"{page.name}: ./dev {command}"
            if command == "test" and rest:
                assert rest.split()[0] in parts, f"{page.name}: ./dev test{rest}"


def test_links_between_pages_lead_somewhere() -> None:
    broken = [
        f"{page.name}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert not broken
