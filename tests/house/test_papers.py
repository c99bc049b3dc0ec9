"""What stands beside the code says what the code does: the picture, versions, examples, presets."""

import json
import re
import subprocess

import picture
import pytest
from rooms import ROOT

CONTRIBUTING = (ROOT / "docs" / "contributing.md").read_text()


def git(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False
    )


def test_the_picture_shows_the_arrows() -> None:
    assert picture.PICTURE.read_text() == picture.picture(), "./dev picture draws it anew"


def test_every_place_states_one_version() -> None:
    places = {
        "CMakeLists.txt": r"project\(Foundry VERSION ([\d.]+)",
        "pyproject.toml": r'(?m)^version = "([\d.]+)"',
        "python/foundry/__init__.py": r'__version__ = "([\d.]+)"',
        "CHANGELOG.md": r"(?m)^## ([\d.]+)",
    }
    found = {}
    for name, pattern in places.items():
        match = re.search(pattern, (ROOT / name).read_text())
        assert match, name
        found[name] = match[1]
    assert len(set(found.values())) == 1, found


def test_the_examples_of_contributing_are_commits() -> None:
    commits = re.findall(r"`([0-9a-f]{7})`", CONTRIBUTING)
    assert commits
    if git("rev-parse", "--is-shallow-repository").stdout.strip() != "false":
        pytest.skip("no history: a shallow clone, or none")
    assert [
        commit for commit in commits if git("cat-file", "-e", f"{commit}^{{commit}}").returncode
    ] == []


def test_no_merge_is_half_done() -> None:
    found = git("grep", "-lE", "^(<{7}|>{7}) ")
    if found.returncode > 1:
        pytest.skip("no repository")
    assert found.stdout == ""


def test_the_parts_of_the_tests_are_those_that_dev_has() -> None:
    dev = (ROOT / "dev").read_text()
    parts = re.search(r"^all_parts=\((.*)\)$", dev, re.MULTILINE)
    assert parts
    assert re.findall(r"^\| `(\w+)` \|", CONTRIBUTING, re.MULTILINE) == parts[1].split()


def test_dev_configures_presets_that_are_there() -> None:
    presets = json.loads((ROOT / "CMakePresets.json").read_text())
    named = {preset["name"] for preset in presets["configurePresets"]}
    dev = (ROOT / "dev").read_text()
    used = set(re.findall(r"^  (?:configure|sanitized) (\w+)", dev, re.MULTILINE))
    assert used and used <= named
    json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
