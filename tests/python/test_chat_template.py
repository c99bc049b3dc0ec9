"""Chat templates: the demo model's own, and templates that mean harm."""

from __future__ import annotations

import time
from typing import Any

import pytest

import foundry as fd
from foundry.generation.chat_template import ChatTemplate

USER = [{"role": "user", "content": "hi"}]


def test_the_demo_models_template(
    oracle_metadata: dict[str, Any], greedy_records: list[dict[str, Any]]
) -> None:
    template = ChatTemplate(oracle_metadata["tokenizer.chat_template"])
    (record,) = (record for record in greedy_records if record["kind"] == "chat")
    text = template.render([{"role": "user", "content": record["prompt"]}])
    assert text == record["templated_text"]


def test_what_templates_use_is_there() -> None:
    template = ChatTemplate(
        "{%- for m in messages if m.role != 'tool' %}\n"
        "    {%- set shown = namespace(text=m['content'] | trim) %}\n"
        "    {{- bos_token ~ m.role ~ ': ' ~ shown.text.upper().replace('H', 'h') + '!' }}\n"
        "    {%- if loop.last %}{% break %}{% endif %}\n"
        "{%- endfor %}{{ ['a', 'b'] | join('-') }}{{ {'k': '<é>'} | tojson }}"
        "{% macro m(x) %}[{{ x }}]{% endmacro %}{{ m(3 * 4) }}{{ extra }}"
    )
    template = ChatTemplate(template.source, bos_token="<s>")
    messages = [{"role": "tool", "content": ""}, *USER]
    assert template.render(messages, extra=1) == '<s>user: hI!a-b{"k": "<é>"}[12]1'


def test_a_refusal_is_the_templates_own_words() -> None:
    template = ChatTemplate("{{ raise_exception('roles must alternate') }}")
    with pytest.raises(fd.ChatTemplateError, match="refuses these messages: roles must alternate"):
        template.render(USER)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "unsafe|undefined"),
        ("{{ messages.append(1) }}", "not safely callable|unsafe"),
        ("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", "ran"),
        ("{% for a in range(9999) %}{% for b in range(9999) if 0 %}{% endfor %}"
         "{% endfor %}", "ran"),
        ("{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}", "ran|recursion"),
        ("{% set n = namespace(x='x') %}{% for i in range(64) %}{% set n.x = n.x ~ n.x %}"
         "{% endfor %}", "limit is 8388608"),
        ("{% set n = namespace(x='x') %}{% for i in range(64) %}{% set n.x = n.x + n.x %}"
         "{% endfor %}", "limit is 8388608"),
        ("{% set n = namespace(x='x') %}{% for i in range(64) %}"
         "{% set n.x = n.x.replace('x', 'xx') %}{% endfor %}", "limit is 8388608"),
        ("{{ 'x' * 999999999999 }}", "makes 999999999999 characters"),
        ("{{ 999999999999 * 'x' }}", "makes 999999999999 characters"),
        ("{{ 9 ** 999999999 }}", "computes a number of 3999999996 bits"),
        ("{{ '%999999999d' % 1 }}", "'%' on a string"),
        ("{{ 'x'.ljust(999999999) }}", "undefined|unsafe"),
        ("{{ '{:>999999999}'.format(1) }}", "undefined|unsafe"),
        ("{{ 'x' | center(999999999) }}", "No filter named 'center'"),
        ("{{ strftime_now('%999999999d') }}", "too long or has a width"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{% for %}", "line 1: "),
        ("x" * 300_000, "300000 characters, the limit is 262144"),
    ],
)  # fmt: skip
def test_a_harmful_template_is_a_typed_error(source: str, message: str) -> None:
    start = time.monotonic()
    with pytest.raises(fd.ChatTemplateError, match=message):
        ChatTemplate(source).render(USER)
    assert time.monotonic() - start < 30, "the time limit is 5 s"
