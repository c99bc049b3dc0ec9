"""A namespace has one type of a name: of two, a program that links both may get either.

Of what a file keeps to itself a folder has one: packages and sanitizers compile its files as one.
"""

import re

from rooms import ROOT, sources

OPENED = re.compile(r"^namespace ([\w:]*) ?\{$")
CLOSED = re.compile(r"^\}  // namespace")
DECLARATIONS = re.compile(r"^namespace [\w:]+ \{\n[^{}]*\n\}$", re.MULTILINE)
# Not members that are defined outside of their class, nor specialisations.
DEFINED = re.compile(
    r"^(?:struct|class|enum|enum class) (?:alignas\(\w+\) )?(\w+)( final| : | \{|$)"
)
OWN = re.compile(
    r"^(?:using (\w+) =|(?:static )?constexpr [\w:<>, *]*?(\w+)(?:\[\w*\])* ?(?:=|\(|\{)"
    r"|[\w:][\w:<>,&* ]* [*&]?(\w+)\((?=.*\{$)(.*)\))"
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


def own_definitions() -> dict[tuple[str, str], dict[str, str]]:
    """Types, aliases, constants and functions of a file alone, by folder and name: their lines."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for path in sources(ROOT / "cpp", ROOT / "bindings"):
        settings = path.with_name("CMakeLists.txt")
        apart = settings.exists() and "UNITY_BUILD OFF" in settings.read_text()
        if path.suffix != ".cpp" or apart:
            continue
        around: list[str] = []
        for line in DECLARATIONS.sub("", path.read_text()).splitlines():
            if opened := OPENED.match(line):
                around.append(opened[1])
            elif CLOSED.match(line):
                around.pop()
            elif not all(around) and (defined := DEFINED.match(line) or OWN.match(line)):
                name = next(group for group in defined.groups() if group)
                if line.endswith(") {"):  # functions of other parameters are others
                    name += re.sub(r"[ &*]+\w+(?=[,)])", "", line.partition(name)[2][:-2])
                key = (str(path.parent.relative_to(ROOT)), "::".join([*around, name]))
                found.setdefault(key, {})[path.name] = line
    return found


def test_no_file_of_a_folder_has_another_s_own_names() -> None:
    found = own_definitions()
    assert ("cpp/anvil/compiler/air", "anvil::compiler::air::::Call") in found
    clashes = {
        name: files
        for name, files in found.items()
        # One alias may be told twice.
        if len(files) > 1 and not (all(line.startswith("using") for line in files.values())
                                   and len(set(files.values())) == 1)
    }  # fmt: skip
    assert clashes == {}
