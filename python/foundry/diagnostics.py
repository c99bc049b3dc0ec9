"""What the compiler says, taken apart: place, severity and message of each diagnostic."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

SEVERITIES = ("error", "warning", "note")


@dataclass(frozen=True)
class Diagnostic:
    file: str
    line: int | None  # from 1; None: of the whole file
    column: int | None  # characters, from 1
    severity: str  # one of SEVERITIES
    message: str
    option: str | None = None  # "unused-variable", of "[-Wunused-variable]"
    excerpt: str = ""  # the source line, and the line with the caret

    def __str__(self) -> str:
        """In the compiler's form."""
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        option = f" [-W{self.option}]" if self.option else ""
        excerpt = f"\n{self.excerpt}" if self.excerpt else ""
        return f"{place}: {self.severity}: {self.message}{option}{excerpt}"


# "file:12:7: error: message"; Foundry's and the device's own words may stand before it.
_PLACED = re.compile(
    r"(?:^|(?<=: ))(?P<file>[^:\n]+):(?P<line>\d+)(?::(?P<column>\d+))?: "
    r"(?P<severity>fatal error|error|warning|note|remark): (?P<message>.*)$"
)
_PLACELESS = re.compile(r"(?:^|: )(?P<severity>fatal error|error|warning): (?P<message>.*)$")
_OPTION = re.compile(r" \[-W(?P<option>[^\]]+)\]$")
_KINDS = {"fatal error": "error", "remark": "note"}


def diagnostics_of(log: str, file: str) -> Iterator[Diagnostic]:
    """Those of a compiler's log; `file` is what it compiled, for what has no place."""
    lines = log.splitlines()
    found = False
    for i, line in enumerate(lines):
        match = _PLACED.search(line)
        if match is not None:
            found = True
            yield _placed(match, lines[i + 1 : i + 3])
        elif (match := _PLACELESS.search(line)) is not None:
            found = True
            severity = _KINDS.get(match["severity"], match["severity"])
            yield Diagnostic(file, None, None, severity, match["message"])
    if not found and log.strip():
        yield Diagnostic(file, None, None, "error", log.strip())


def _placed(match: re.Match[str], after: list[str]) -> Diagnostic:
    message, option = match["message"], _OPTION.search(match["message"])
    if option is not None:
        message = message[: option.start()]
    excerpt = ""
    column = int(match["column"]) if match["column"] else None
    if len(after) == 2 and after[1].strip() == "^":
        excerpt = "\n".join(after)
        if column is not None:  # the compiler counts bytes
            before = after[0].encode("utf-8", "surrogateescape")[: column - 1]
            column = len(before.decode("utf-8", "replace")) + 1
    return Diagnostic(
        match["file"].strip(),
        int(match["line"]),
        column,
        _KINDS.get(match["severity"], match["severity"]),
        message,
        option["option"] if option else None,
        excerpt,
    )
