"""Answers that are held to a JSON schema, a regular expression or a grammar.

The `llguidance` package reads them and says, token by token, what may come next.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foundry.errors import ArgumentError, ArgumentTypeError
from foundry.generation.arguments import checked_text, shown
from foundry.generation.tokenizer import Tokenizer

_CALL = "generate: "
_JSON = {"whitespace_pattern": r"\n? {0,8}"}
"""Between the parts of JSON: without a bound a model may go on with spaces for ever."""


class ConstraintTokens:
    """A tokenizer's tokens as `llguidance` reads them, made once for a model."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        import llguidance

        ends = sorted(tokenizer.end_ids)
        if not ends:
            raise ArgumentError(
                "generate: the vocabulary has no token that ends a text, which a constraint needs"
            )
        self.eos_token_id = ends[0]
        self.bos_token_id = tokenizer.bos_id
        self.tokens = [tokenizer.bytes_of(token) for token in range(len(tokenizer))]
        self.special_token_ids = [i for i in range(len(tokenizer)) if tokenizer.is_special(i)]
        self._tokenizer = tokenizer
        wrapped = llguidance.TokenizerWrapper(self)
        self.reader = llguidance.LLTokenizer(wrapped, len(tokenizer), ends)

    def __call__(self, text: str | bytes) -> list[int]:
        if isinstance(text, bytes):
            raise TypeError("text")  # as the package asks whether bytes are taken
        ids = self._tokenizer.encode(text, parse_special=False)
        return ids[1:] if self._tokenizer.adds_bos else ids


class Constraint:
    """What one answer may go on with. Takes its tokens one by one."""

    def __init__(self, tokens: ConstraintTokens, grammar: str, name: str) -> None:
        import llguidance

        self._matcher = llguidance.LLMatcher(tokens.reader, grammar)
        self._name = name
        self._size = len(tokens.tokens)
        self._ends = list(tokens.reader.eos_tokens)
        self._check()

    def bits(self) -> NDArray[np.uint32]:
        """u32 (ceil(vocabulary / 32),): a bit for each token that may come next; after the answer's
        end, those that end a text alone."""
        bits = np.zeros(-(-self._size // 32), np.uint32)
        if self._matcher.is_stopped():
            for end in self._ends:
                bits[end // 32] |= np.uint32(1 << end % 32)
        else:
            found = np.frombuffer(self._matcher.compute_bitmask(), np.uint32)
            bits[: len(found)] = found[: len(bits)]
        self._check()
        return bits

    def take(self, token: int) -> None:
        """The answer goes on with this one."""
        if not self._matcher.is_stopped():
            self._matcher.consume_token(token)
            self._check()

    def _check(self) -> None:
        if self._matcher.is_error():
            lines = self._matcher.get_error().strip().splitlines()
            raise ArgumentError(f"{_CALL}{self._name}: {shown(lines[0] if lines else '')[1:-1]}")


def grammar_of(json_schema: object, regex: object, grammar: object) -> tuple[str, str] | None:
    """What `llguidance` reads, and the argument's name; None where none is given. `ArgumentError`
    for several, `ArgumentTypeError` for what is none."""
    given = {"json_schema": json_schema, "regex": regex, "grammar": grammar}
    names = [name for name, value in given.items() if value is not None]
    if not names:
        return None
    if len(names) > 1:
        raise ArgumentError(f"{_CALL}{' and '.join(names)} are given; an answer is held to one")
    import llguidance  # takes as long as Foundry itself

    name, value = names[0], given[names[0]]
    matcher: Any = llguidance.LLMatcher
    if name == "json_schema":
        try:
            return matcher.grammar_from_json_schema(_schema(value), defaults=_JSON), name
        except ValueError as error:
            raise ArgumentError(f"{_CALL}json_schema: {error}") from error
    text = checked_text(value, f"{_CALL}{name}")
    if name == "regex":
        return matcher.grammar_from_regex(text), name
    return matcher.grammar_from_lark(text), name


def _schema(value: object) -> str:
    """As text, whether it is one or an object."""
    if isinstance(value, str):
        return value
    if not isinstance(value, Mapping | bool):
        raise ArgumentTypeError(
            f"{_CALL}json_schema is a {type(value).__name__}; expected a dict or its JSON"
        )
    try:
        return json.dumps(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise ArgumentTypeError(f"{_CALL}json_schema is no JSON: {error}") from error
