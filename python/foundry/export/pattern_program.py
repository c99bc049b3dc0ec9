"""A pre-tokenizer's pattern as instructions for `cpp/foundry/generation/word_cutter.hpp`.

A program is what Pike's construction makes of a regular expression (Thompson 1968, Pike 1987): each
thread is at an instruction, of two ways the first is preferred, so the match is the one that a
backtracking engine finds.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import IntEnum

from foundry.errors import UnsupportedModelError

Instruction = tuple[int, int, int]


class Op(IntEnum):
    """What an instruction does with its two operands."""

    MATCH = 0
    TAKE = 1  # a character of class x
    SPLIT = 2  # goes on at x, else at y
    JUMP = 3  # goes on at x
    AHEAD = 4  # there is a next character and it is of class x: true is y
    BEHIND = 5  # the same of the character before
    LOOK = 6  # what begins at x matches from here: true is y
    BEGIN = 7  # of the piece
    END = 8


_CLASS = re.compile(r"\\p\{\w+\}|\\[sS]|\\x\{[0-9A-Fa-f]+\}|\\.|[^\\]", re.DOTALL)
_QUANTIFIER = re.compile(r"\*|\+\+|\+|\?|\{(\d+)(?:(,)(\d*))?\}")
_LOOKS = {
    "(?=": (Op.AHEAD, 1),
    "(?!": (Op.AHEAD, 0),
    "(?<!": (Op.BEHIND, 0),
    "(?<=": (Op.BEHIND, 1),
}


class PatternCompiler:
    """Compiles patterns whose classes are numbered by `class_of`, which is given their text."""

    def __init__(self, text: str, class_of: Callable[[str], int]) -> None:
        self._text = text
        self._at = 0
        self._class_of = class_of
        self._code: list[Instruction] = []

    def compile(self) -> list[Instruction]:
        """`UnsupportedModelError` for what no pre-tokenizer has so far."""
        self._alternatives()
        if self._at < len(self._text):
            raise self._unsupported()
        self._code.append((Op.MATCH, 0, 0))
        return self._code

    def _alternatives(self) -> None:
        ends = []
        while True:
            start = len(self._code)
            self._sequence()
            if not self._accept("|"):
                break
            self._code[start:] = [_moved(one, start, 1) for one in self._code[start:]]
            self._code.insert(start, (Op.SPLIT, start + 1, len(self._code) + 2))
            ends.append(len(self._code))
            self._code.append((Op.JUMP, 0, 0))
        for end in ends:
            self._code[end] = (Op.JUMP, len(self._code), 0)

    def _sequence(self) -> None:
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            start = len(self._code)
            taken = self._atom()
            found = _QUANTIFIER.match(self._text, self._at)
            if found:
                self._at = found.end()
                self._repeat(start, found, taken)

    def _atom(self) -> int | None:
        """Compiles one; its class, where it is a character."""
        look = next((look for look in _LOOKS if self._accept(look)), None)
        if look is not None:
            self._look(*_LOOKS[look])
            return None
        if self._accept("(?:"):
            self._alternatives()
            self._expect(")")
            return None
        for text, op in ((r"\A", Op.BEGIN), (r"\z", Op.END)):
            if self._accept(text):
                self._code.append((op, 0, 0))
                return None
        taken = self._class()
        self._code.append((Op.TAKE, taken, 0))
        return taken

    def _class(self) -> int:
        start = self._at
        if self._text[start] == "[":
            depth = 0
            while True:
                if self._text[self._at] == "\\":
                    self._at += 1
                else:
                    depth += {"[": 1, "]": -1}.get(self._text[self._at], 0)
                self._at += 1
                if depth == 0:
                    break
        else:
            found = _CLASS.match(self._text, start)
            if found is None or found[0] in ("(", ")", ".", "^", "$", "*", "+", "?"):
                raise self._unsupported()
            self._at = found.end()
        return self._class_of(self._text[start : self._at])

    def _look(self, op: Op, wanted: int) -> None:
        start = len(self._code)
        self._alternatives()
        self._expect(")")
        body = self._code[start:]
        del self._code[start:]
        if len(body) == 1 and body[0][0] == Op.TAKE:
            self._code.append((op, body[0][1], wanted))
            return
        if op is Op.BEHIND:
            raise self._unsupported()
        self._code += [(Op.LOOK, start + 2, wanted), (Op.JUMP, start + 3 + len(body), 0)]
        self._code += [_moved(one, start, 2) for one in body]
        self._code.append((Op.MATCH, 0, 0))

    def _repeat(self, start: int, found: re.Match[str], taken: int | None) -> None:
        body = self._code[start:]
        del self._code[start:]
        least, most = {"*": (0, None), "?": (0, 1)}.get(found[0], (1, None))
        if found[0][0] == "{":
            least = int(found[1])
            most = least if not found[2] else int(found[3]) if found[3] else None
        for _ in range(least - (most is None and least > 0)):
            self._append(body, start)
        if most is None and least > 0:
            again = len(self._code)
            self._append(body, start)
            self._code.append((Op.SPLIT, again, len(self._code) + 1))
        elif most is None:
            again = len(self._code)
            self._code.append((Op.SPLIT, again + 1, again + len(body) + 2))
            self._append(body, start)
            self._code.append((Op.JUMP, again, 0))
        else:
            end = len(self._code) + (most - least) * (len(body) + 1)
            for _ in range(most - least):
                self._code.append((Op.SPLIT, len(self._code) + 1, end))
                self._append(body, start)
        if found[0] == "++":
            if taken is None:
                raise self._unsupported()
            # Of one class, to give nothing back is to leave none behind.
            self._code.append((Op.AHEAD, taken, 0))

    def _append(self, body: list[Instruction], start: int) -> None:
        self._code += [_moved(one, 0, len(self._code) - start) for one in body]

    def _accept(self, text: str) -> bool:
        if not self._text.startswith(text, self._at):
            return False
        self._at += len(text)
        return True

    def _expect(self, text: str) -> None:
        if not self._accept(text):
            raise self._unsupported()

    def _unsupported(self) -> UnsupportedModelError:
        return UnsupportedModelError(
            f"export: unsupported pattern {self._text!r} at character {self._at}; supported: "
            "classes, groups, alternatives, quantifiers, looks ahead, and behind at one character"
        )


def _moved(instruction: Instruction, start: int, by: int) -> Instruction:
    """With its targets from `start` on moved."""
    op, x, y = instruction
    if op in (Op.SPLIT, Op.JUMP, Op.LOOK) and x >= start:
        x += by
    if op == Op.SPLIT and y >= start:
        y += by
    return op, x, y
