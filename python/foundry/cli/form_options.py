"""What an answer is held to, as options of a command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from foundry.cli import ui
from foundry.cli.options import one_of, option, stands_for

_GROUP = "Form of the answer"
_OPTIONS = [
    option("json_schema", str | None, None, "--json-schema", "-j", metavar="JSON", group=_GROUP,
           help="JSON of this schema."),
    option("json_schema_file", Path | None, None, "--json-schema-file", "-jf", metavar="FILE",
           group=_GROUP, help="JSON of the schema in a file."),
    option("regex", str | None, None, "--regex", metavar="PATTERN", group=_GROUP,
           help="A text that matches it."),
    option("grammar_file", Path | None, None, "--grammar-file", metavar="FILE", group=_GROUP,
           help="A text of a grammar in Lark's notation."),
]  # fmt: skip


def takes_form() -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A command's `form` becomes these options; its value is what `generate` takes of them."""
    return stands_for("form", _OPTIONS, _form)


def _form(given: dict[str, Any]) -> dict[str, Any]:
    schema, file = given.pop("json_schema"), given.pop("json_schema_file")
    if file is not None:
        schema = one_of("the schema", "one of the two", schema, ui.read_text(file))
    grammar = given.pop("grammar_file")
    return {
        "json_schema": schema,
        "regex": given.pop("regex"),
        "grammar": None if grammar is None else ui.read_text(grammar),
    }
