"""What of metal-cpp's classes and selectors Anvil has: writes docs/metal_api.md.

    python tests/house/metal_api.py

The one side is metal-cpp's headers, the other what the sources of cpp/anvil register. A method is
*answered* where its function says by its name that it is what a device without the feature has
(`no`, `no_...`, `zero`, `answers::yes`, ...), *implemented* otherwise, and what is not registered
is *refused*: an error that names class and selector. A class's *test* is the program that names it
most often.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/metal_api.md"
METAL_CPP = ROOT / ".venv/metal-cpp"
UNTESTED = "none"

sys.path.insert(0, str(ROOT / "cmake"))
objective_c_headers: Any = importlib.import_module("objective_c_headers")

DEFINITION = re.compile(r'ANVIL_OBJC_CLASS_DEFINITION<([\w:<>]+)>\s+\w+\{\s*"(\w+)",\s*\{')
CATEGORY = re.compile(r"ANVIL_OBJC_CATEGORY<([\w:]+)>\s*\w+\{\s*\{")
SUPER = re.compile(r"struct (\w+)(?: final)? : [^{;]*\{\s*(?:public:\s*)?using Super = (\w+);")
ALIAS = re.compile(r"^using (\w+) = (\w+);", re.MULTILINE)
GROUP = re.compile(r"objc::MethodGroup (\w+)\(\) \{")
METHOD = re.compile(r"objc::(\w+)<(.*?)>\(\s*((?:\"[^\"]*\"\s*,?\s*)+)\)", re.DOTALL)
NAMED = re.compile(r"\b(MTL4?)(?:::)?([A-Z]\w+)\b")
WITHOUT = re.compile(r"(?:\w+::)*(?:no|no_\w+|zero\w*|yes|supports_one\w*)\b")
# Every object's, which no class registers for itself.
COMMON = {"init", "alloc", "copy", "retain", "release", "description", "debugDescription", "hash"}


@dataclass
class Registered:
    """A class of Anvil's: which selectors it has, and whether each is only answered."""

    base: str
    selectors: dict[str, bool] = field(default_factory=dict)


def block(text: str, start: int) -> str:
    """From behind an opening brace to its closing one."""
    depth, position = 1, start
    while depth:
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        position += 1
    return text[start : position - 1]


def methods(text: str) -> Iterator[tuple[str, bool]]:
    for match in METHOD.finditer(text):
        function = match[2].strip().removeprefix("&")
        answered = match[1] in ("function", "method") and bool(
            WITHOUT.fullmatch(function.split("<")[0])
        )
        for selector in re.findall(r'"([^"]+)"', re.sub(r'"\s+"', "", match[3])):
            yield selector, answered


def with_groups(text: str) -> str:
    """With what a function gives several classes in the place of its calls."""
    for name in GROUP.findall(text):
        head = f"objc::MethodGroup {name}() {{"
        body = block(text, text.index(head) + len(head))
        text = body.join(re.split(rf"(?<!Group ){name}\(\)", text))
    return text


def registered() -> dict[str, Registered]:
    """By Objective-C's names."""
    sources = [
        path.read_text()
        for room in ("metal", "foundation")
        for path in sorted((ROOT / "cpp/anvil" / room).iterdir())
        if path.suffix in (".cpp", ".hpp")
    ]
    bases = {match[1]: match[2] for text in sources for match in SUPER.finditer(text)}
    names: dict[str, str] = {}  # of structs
    classes: dict[str, Registered] = {}
    categories: list[tuple[str, str]] = []
    for source in sources:
        text = with_groups(source)
        aliases = dict(ALIAS.findall(text))
        for match in DEFINITION.finditer(text):
            struct = aliases.get(str(match[1]), str(match[1]))
            names[struct] = match[2]
            selectors = dict(methods(block(text, match.end())))
            classes[match[2]] = Registered(bases.get(struct, ""), selectors)
        categories += [
            (aliases.get(str(match[1]), str(match[1])), block(text, match.end()))
            for match in CATEGORY.finditer(text)
        ]
    for struct, text in categories:
        classes[names[struct]].selectors |= dict(methods(text))
    for each in classes.values():
        each.base = names.get(each.base, "")
    return classes


def selectors_of(classes: dict[str, Registered], name: str) -> dict[str, bool]:
    known = classes.get(name)
    return {} if known is None else selectors_of(classes, known.base) | known.selectors


def tests() -> dict[str, str]:
    """By a class's name: the test that names it most, in C++ or Objective-C."""
    named: dict[str, list[tuple[int, str]]] = {}
    for path in sorted((ROOT / "tests/anvil").rglob("*")):
        if path.suffix in (".cpp", ".m"):
            for name, count in Counter(NAMED.findall(path.read_text())).items():
                named.setdefault("".join(name), []).append((count, path.stem))
    return {name: max(found, key=lambda each: each[0])[1] for name, found in named.items()}


def page(folder: Path) -> str:
    frameworks = objective_c_headers.Frameworks(folder)
    classes, tested = registered(), tests()
    rows, counts = [], [0, 0, 0]
    for cls in sorted(frameworks.ordered(), key=lambda each: each.full):
        if cls.space not in ("MTL", "MTL4"):
            continue
        wanted = sorted({selector for _, selector in cls.functions} - COMMON)
        has = selectors_of(classes, cls.full)
        refused = [selector for selector in wanted if selector not in has]
        answered = sum(has.get(selector, False) for selector in wanted)
        implemented = len(wanted) - len(refused) - answered
        for i, count in enumerate((implemented, answered, len(refused))):
            counts[i] += count
        names = ", ".join(f"`{selector}`" for selector in refused)
        if cls.full not in classes:
            names = "the class" if refused else ""
        test = tested.get(cls.full, UNTESTED) if implemented else ""
        counted = f"{implemented} | {answered} | {len(refused)}"
        rows.append(f"| `{cls.full}` | {counted} | {test} | {names} |")
    return (
        f"""# Metal's classes and selectors

What Anvil has of every class in metal-cpp's headers, written by `tests/house/metal_api.py` from
those and from what `cpp/anvil` registers; a test holds it. *Answered* is what a device without the
feature says: no, none or nil. *Refused* is an error, when it is sent, that names class and
selector. The test is the program of `tests/anvil` that names the class most often; what is left
alive is counted there too. Of {sum(counts)} selectors {counts[0]} are implemented, {counts[1]}
answered and {counts[2]} refused.

| class | implemented | answered | refused | test | which |
|---|---:|---:|---:|---|---|
"""
        + "\n".join(rows)
        + "\n"
    )


if __name__ == "__main__":
    PAGE.write_text(page(METAL_CPP))
