"""A namespace has one type of a name: of two, a program that links both may get either."""

import re

from rooms import ROOT, sources

OPENED = re.compile(r"^namespace ([\w:]*) ?\{$")
CLOSED = re.compile(r"^\}  // namespace")
DECLARATIONS = re.compile(r"^namespace [\w:]+ \{\n[^{}]*\n\}$", re.MULTILINE)
# Not members that are defined outside of their class, nor specialisations.
DEFINED = re.compile(
    r"^(?:struct|class|enum|enum class) (?:alignas\(\w+\) )?(\w+)( final| : | \{|$)"
)


def definitions() -> dict[str, list[str]]:
    """Types that other files can see, with their namespaces, and the files that define them."""
    found: dict[str, list[str]] = {}
    for path in sources(ROOT / "cpp", ROOT / "bindings"):
        around: list[str] = []
        for line in DECLARATIONS.sub("", path.read_text()).splitlines():
            if opened := OPENED.match(line):
                around.append(opened[1])
            elif CLOSED.match(line):
                around.pop()
            elif (defined := DEFINED.match(line)) and all(around):
                name = "::".join([*around, defined[1]])
                found.setdefault(name, []).append(str(path.relative_to(ROOT)))
    return found


def test_no_type_is_defined_twice() -> None:
    found = definitions()
    assert {"anvil::compiler::Target", "anvil::service::Target", "foundry::Device"} <= found.keys()
    assert {name: files for name, files in found.items() if len(files) > 1} == {}
