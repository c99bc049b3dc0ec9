"""`foundry metal check`: compiles `.metal` files, every kernel, and prints what is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

import foundry
from foundry import processors
from foundry.cli import terminal, ui
from foundry.cli.metal_inputs import one_of
from foundry.diagnostics import Diagnostic, diagnostics_of

STANDARD_INPUT = "-"


@dataclass
class Options:
    include: Sequence[Path]
    defines: dict[str, str]
    math: str
    device: str | None


@dataclass
class Report:
    files: int = 0
    kernels: int = 0
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def count(self, severity: str) -> int:
        return sum(each.severity == severity for each in self.diagnostics)


def check(files: Sequence[str], options: Options, form: str, werror: bool) -> None:
    """Prints the report; leaves with status 1 where there are errors."""
    report = Report()
    seen: set[Diagnostic] = set()
    for file in sources(files):
        report.files += 1
        for diagnostic in _checked(file, options, report):
            if diagnostic not in seen:
                seen.add(diagnostic)
                report.diagnostics.append(diagnostic)
                if form != "sarif":
                    _say(diagnostic, form)
    if form == "sarif":
        print(json.dumps(sarif(report.diagnostics), indent=2))
    errors, warnings = report.count("error"), report.count("warning")
    summary = (
        f"{_number(report.files, 'file')}, {_number(report.kernels, 'kernel')}: "
        f"{_number(errors, 'error')}, {_number(warnings, 'warning')}"
    )
    ui.say(ui.stderr, (summary, "bold red" if errors else "bold"))
    if errors or (werror and warnings):
        raise terminal.Leave(1)


def parsed_defines(defines: Sequence[str]) -> dict[str, str]:
    """Of NAME and NAME=VALUE; a macro without a value is 1, as in compilers."""
    pairs = (define.partition("=") for define in defines)
    return {name: value if equals else "1" for name, equals, value in pairs}


def sources(files: Sequence[str]) -> Iterator[str]:
    """The files, and of folders every `.metal` file below. A usage error for what is neither."""
    for file in files:
        path = Path(file)
        if file == STANDARD_INPUT or path.is_file():
            yield file
        elif path.is_dir():
            found = sorted(str(each) for each in path.rglob("*.metal") if each.is_file())
            if not found:
                raise click.UsageError(f"folder '{file}' has no .metal files")
            yield from found
        else:
            raise click.UsageError(f"'{file}' is no file or folder")


def _checked(file: str, options: Options, report: Report) -> Iterator[Diagnostic]:
    name = "<stdin>" if file == STANDARD_INPUT else file
    settings: dict[str, Any] = {
        "include": options.include,
        "defines": options.defines,
        "math": options.math,
        "device": options.device,
    }
    try:
        if file == STANDARD_INPUT:
            library = foundry.Library.from_source(ui.read_input(), name=name, **settings)
        else:
            library = foundry.Library.from_file(file, **settings)
    except foundry.KernelCompileError as error:
        yield from diagnostics_of(str(error), name)
        return
    except foundry.ArgumentError as error:  # no text, or a macro that is none
        yield Diagnostic(name, None, None, "error", str(error))
        return
    if library.log:
        yield from diagnostics_of(library.log, name)
    report.kernels += len(library)
    # Each compilation is a process of its own, or the device's service.
    with ThreadPoolExecutor(min(8, processors.usable())) as workers:
        for log in workers.map(_log_of, library.values()):
            if log:
                yield from diagnostics_of(log, name)


def _log_of(kernel: foundry.LibraryKernel) -> str:
    """What is wrong with a kernel's code; constants are 1 where a value is needed."""
    ones = {each.name: one_of(each) for each in kernel.constants if each.required}
    try:
        kernel.specialised(ones).compile()
    except foundry.KernelCompileError as error:
        return str(error)
    return ""


def _say(diagnostic: Diagnostic, form: str) -> None:
    if form == "github":
        print(github(diagnostic))
        return
    style = {"error": "bold red", "warning": "bold magenta"}.get(diagnostic.severity, "bold cyan")
    place, severity, rest = str(diagnostic).partition(f": {diagnostic.severity}: ")
    ui.say(ui.stdout, (place, "bold"), (severity, style), rest, lines=True)


def github(diagnostic: Diagnostic) -> str:
    """A workflow command, which GitHub shows beside the line."""

    def escaped(text: object, more: str = "") -> str:
        for character in "%\r\n" + more:
            text = str(text).replace(character, f"%{ord(character):02X}")
        return str(text)

    kind = {"note": "notice"}.get(diagnostic.severity, diagnostic.severity)
    places = {"file": diagnostic.file, "line": diagnostic.line, "col": diagnostic.column}
    properties = [f"{key}={escaped(value, ':,')}" for key, value in places.items() if value]
    message = diagnostic.message + (f" [-W{diagnostic.option}]" if diagnostic.option else "")
    return f"::{kind} {','.join(properties)}::{escaped(message)}"


def sarif(diagnostics: Sequence[Diagnostic]) -> dict[str, Any]:
    """A log of "Static Analysis Results Interchange Format (SARIF) Version 2.1.0", OASIS."""
    rules = sorted({_rule(each) for each in diagnostics})
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "foundry metal check",
                        "version": foundry.__version__,
                        "rules": [{"id": rule} for rule in rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(each, rules) for each in diagnostics],
            }
        ],
    }


def _rule(diagnostic: Diagnostic) -> str:
    return diagnostic.option or diagnostic.severity


def _result(diagnostic: Diagnostic, rules: Sequence[str]) -> dict[str, Any]:
    path = Path(diagnostic.file)
    uri = path.as_uri() if path.is_absolute() else quote(path.as_posix())
    place: dict[str, Any] = {"artifactLocation": {"uri": uri}}
    if diagnostic.line:
        place["region"] = {"startLine": diagnostic.line}
        if diagnostic.column:
            place["region"]["startColumn"] = diagnostic.column
    return {
        "ruleId": _rule(diagnostic),
        "ruleIndex": rules.index(_rule(diagnostic)),
        "level": diagnostic.severity,
        "message": {"text": diagnostic.message},
        "locations": [{"physicalLocation": place}],
    }


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
