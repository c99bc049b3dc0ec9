"""Chat templates: as transformers renders them, and what callers give them."""

# ruff: noqa: E501 - templates keep the lines that they have
from __future__ import annotations

from itertools import product
from typing import Any

import jinja2
import numpy as np
import pytest
from hypothesis import given, settings

import foundry as fd
from foundry.generation.chat_template import ChatTemplate
from foundry.generation.chat_templates import ChatTemplates
from foundry.generation.tokenizer import Tokenizer
from reference_chats import CHATS, TOOLS
from reference_environment import transformers_environment
from reference_templates import TEMPLATES
from test_chat_limits import EXPRESSIONS

USER = [{"role": "user", "content": "hi"}]
TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}
DOCUMENTS = [{"title": "On <b>", "text": "Line\nline"}]


def test_the_demo_models_template(
    oracle_metadata: dict[str, Any], greedy_records: list[dict[str, Any]]
) -> None:
    template = ChatTemplate(oracle_metadata["tokenizer.chat_template"])
    (record,) = (record for record in greedy_records if record["kind"] == "chat")
    text = template.render([{"role": "user", "content": record["prompt"]}])
    assert text == record["templated_text"]


@pytest.mark.parametrize("name", TEMPLATES)
def test_published_formats_render_as_transformers_renders_them(name: str) -> None:
    oracle = transformers_environment().from_string(TEMPLATES[name])
    template = ChatTemplate(TEMPLATES[name], **TOKENS)
    chats = [chat for title, chat in CHATS.items() if title != "parts"]
    rendered = 0
    for chat, tools, documents, opens, extra in product(
        chats, (None, TOOLS), (None, DOCUMENTS), (True, False), ({}, {"enable_thinking": False})
    ):
        given = {"tools": tools, "documents": documents, "add_generation_prompt": opens, **extra}
        try:
            expected = oracle.render(messages=chat, **given, **TOKENS)
        except (jinja2.TemplateError, TypeError):
            with pytest.raises(fd.ChatTemplateError):
                template.render(chat, **given)
            continue
        assert template.render(chat, **given) == expected
        rendered += 1
    assert rendered >= 16


CHAT = [
    {"role": "user", "content": " Hello World, <b>&amp;</b>\n\n* \u00dcber\n"},
    {"role": "assistant", "content": "one two  two", "n": 3, "tags": ["b", "A", "c", "A"]},
]


@settings(max_examples=300)
@given(one=EXPRESSIONS, other=EXPRESSIONS)
def test_any_expression_prints_what_jinja_prints(one: str, other: str) -> None:
    """Never another text than Jinja's, whose addresses are left out."""
    sources = [f"{{% set x = {one} %}}{{{{ x }}}}", f"{{{{ {other} }}}}"]
    environment = transformers_environment()
    for source in sources:
        if "99999" in source or "10**9" in source:  # left to the test of limits
            continue
        try:
            expected = environment.from_string(source).render(messages=CHAT, x=CHAT[1])
        except Exception:
            continue
        try:
            found = ChatTemplate(source).render(CHAT, x=CHAT[1])  # type: ignore[arg-type]
        except fd.ChatTemplateError:  # refuses more: what works is in the tests around this one
            continue
        if "object at 0x" not in expected and "<" not in expected:
            assert found == expected, source


STATEMENTS = [
    "{% set ns = namespace(x=none) %}{{ ns.x is none }}{{ ns.x }}{{ ns['x'] }}{{ ns.y is defined }}",
    "{% for i in [none, 1] %}{{ loop.previtem is defined }}{{ loop.previtem }}{% endfor %}",
    "{{ '<'|safe + '<\"' }}{{ '&' + '<'|safe }}{{ '<'|e|e }}{{ ('<'|safe) is escaped }}"
    "{{ '<'|safe ~ '<' }}{{ '<' is escaped }}{{ ('<'|safe + '>') + '>' }}",
    "{% for m in messages if m.role != 'tool' %}{{ loop.index }}{{ loop.revindex0 }}{{ m.role }}"
    "{% else %}none{% endfor %}",
    "{% for i in range(5) %}{% if i == 1 %}{% continue %}{% elif i == 3 %}{% break %}{% endif %}"
    "{{ i }}{{ loop.previtem }}{{ loop.nextitem }}{% endfor %}",
    "{% set x = 1 %}{% for i in [1, 2] %}{{ x }}{% set x = i * 10 %}{{ x }}{% endfor %}{{ x }}",
    "{% set ns = namespace(x=1) %}{% for i in [1, 2] %}{% set ns.x = ns.x + i %}{% endfor %}"
    "{{ ns.x }}{{ ns.y is defined }}",
    "{% macro f(a, b=2) %}{{ a }}-{{ b }}{{ varargs }}{{ kwargs }}{% endmacro %}"
    "{{ f(1) }}{{ f(1, 3, 4) }}{{ f(b=1, a=2, c=3) }}{{ f() }}",
    "{% macro f(x) %}<{{ caller(x) }}>{% endmacro %}{% call(y) f(3) %}{{ y }}{% endcall %}",
    "{% macro f() %}{{ later }}{% endmacro %}{% set later = 5 %}{{ f() }}",
    "{% set x %}a{{ 1 }}b{% endset %}{{ x | upper }}{% set y | upper | trim %} q {% endset %}{{ y }}",
    "{% filter upper | replace('A', 'b') %}a{{ 'x' }}{% endfilter %}",
    "{% with a = 1, b = 2 %}{{ a + b }}{% set a = 9 %}{% endwith %}{{ a is defined }}",
    "{% for a, (b, c) in [(1, (2, 3))] %}{{ a + b + c }}{% endfor %}",
    "{% for x in [[1, [2]], 3] recursive %}{{ loop.depth }}"
    "{{ loop(x) if x is iterable else x }}{% endfor %}",
    "{% for i in 'ab' %}{{ loop.cycle('x', 'y') }}{{ loop.changed(i) }}{{ loop.length }}{% endfor %}",
    "{% if messages | selectattr('n', 'defined') %}generator{% endif %}"
    "{% set g = [1, 2] | map('string') %}{{ g | join }}{{ g | join }}|",
    "{{ messages | map(attribute='content') | map('length') | list }}"
    "{{ messages | selectattr('role', 'in', ['user']) | map(attribute='role') | join(',') }}",
    "{{ messages[1].tags | sort }}{{ messages[1].tags | unique | list }}"
    "{{ messages | groupby('role') | map('first') | list }}{{ messages[1] | dictsort | first }}",
    "{{ 'a\nb\n\nc' | indent(2) }}|{{ 'a\nb' | indent('> ', true) }}|{{ 'a b c' | truncate(4) }}",
    "{{ '%s is %d, %.2f %05d%%' % ('a', 3, 1.5, 7) }}{{ '%(a)s' % {'a': 1} }}"
    "{{ '{} {} {x:>5}|{y:.1f}'.format('p', 'q', x='r', y=2.55) }}",
    "{{ [1, 2, 3, 4, 5] | batch(2, 0) | list }}{{ [1, 2, 3, 4, 5] | slice(2, 0) | list }}",
    "{{ 7 // 2 }}{{ -7 % 3 }}{{ 2 ** 10 }}{{ 2 ** -1 }}{{ 7 / 2 }}{{ 1e3 }}{{ true + 1 }}"
    "{{ 3.7 | int }}{{ '12' | int + 1 }}{{ 'x' | int(5) }}{{ '1.5' | float }}{{ 2.5 | round }}",
    "{{ none }}{{ [none, true, 'a\\'b'] }}{{ {'a': (1,)} }}{{ undefined }}{{ 1 < 2 < 3 }}",
    "{{ ' a  b '.split() }}{{ 'a,b,c'.split(',', 1) }}{{ 'a,b,c'.rsplit(',', 1) }}"
    "{{ ' a b c '.rsplit(none, 1) }}{{ 'a\nb\r\nc'.splitlines() }}{{ 'x'.center(4, '*') }}"
    "{{ 'abc'.partition('b') }}{{ 'aXbXc'.rpartition('X') }}{{ 'x'.zfill(3) }}{{ 'xab'.center(6) }}",
    "{{ {'b': 1, 'a': '<é>'} | tojson(sort_keys=true, indent=2, separators=(',', ':')) }}"
    "{{ 'é' | tojson(ensure_ascii=true) }}{{ [1, [2]] | tojson(indent=4) }}",
    "{{ ['a', 1] | join(d='-') }}{{ messages | join(attribute='role', d='+') }}",
    "{{ messages[0].content[1:-2] }}{{ 'abc'[::-1] }}{{ [1, 2, 3][-2:] }}{{ 'abc'[5] }}{{ [][0] }}",
    "{{ ''.join(['a', 'b']) ~ 1 ~ none }}{{ 'ab' * 2 }}{{ [1] * 2 + [3] }}{{ (1,) + (2,) }}",
    "{% set c = cycler(1, 2) %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}"
    "{% set j = joiner('|') %}{{ j() }}{{ j() }}{{ dict(a=1, b=2) }}",
    "{{ 'q' if false }}{{ messages[0].y | default('d') }}{{ '' | d('e', true) }}{{ messages[7] is defined }}",
    "{% raw %}{{ a }}{% endraw %}{# note #}\n  {% if true %}\n  a\n  {% endif %}\nb {%- if 1 -%} c {% endif %}",
    "{{ messages is sequence }}{{ messages[0] is mapping }}{{ 'A' is upper }}{{ 4 is divisibleby 2 }}"
    "{{ 3 is odd }}{{ 'x' is in 'xy' }}{{ none is none }}{{ 1 is sameas 1 }}{{ f is undefined }}",
    "{{ 'hello wOrld' | title }}{{ 'hELLO' | capitalize }}{{ 'a b' | wordcount }}{{ '<&' | e }}"
    "{{ -3 | abs }}{{ [1, 2] | sum }}{{ [3, 1] | min }}{{ 'ab' | reverse }}{{ [1, 2] | last }}",
    "{% generation %}{{ messages[1].content }}{% endgeneration %}",
]  # fmt: skip


@pytest.mark.parametrize("source", STATEMENTS)
def test_statements_do_what_jinjas_do(source: str) -> None:
    expected = transformers_environment().from_string(source).render(messages=CHAT)
    assert ChatTemplate(source).render(CHAT) == expected  # type: ignore[arg-type]


def test_tools_and_documents_are_none_unless_given() -> None:
    template = ChatTemplate(
        "{{ tools is none }}{{ documents is none }}{{ tools | tojson }}{{ documents | tojson }}"
    )
    assert template.render(USER) == "TrueTruenullnull"
    text = template.render(USER, tools=[{"a": 1}], documents=[{"b": "<é>"}])
    assert text == 'FalseFalse[{"a": 1}][{"b": "<é>"}]'


def test_a_template_that_does_not_parse_fails_when_it_is_used() -> None:
    template = ChatTemplate("{% if %}")
    for _ in range(2):
        with pytest.raises(fd.ChatTemplateError, match="chat template, line 1: Expected an expres"):
            template.render(USER)
    with pytest.raises(fd.ChatTemplateError, match="unsupported source of type int"):
        ChatTemplate(3).render(USER)


def test_a_refusal_is_the_templates_own_words() -> None:
    template = ChatTemplate("{{ raise_exception('roles must alternate') }}")
    with pytest.raises(fd.ChatTemplateError, match="refuses these messages: roles must alternate"):
        template.render(USER)


def test_a_content_in_parts_is_the_templates_to_join_or_one_text() -> None:
    parts = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
    chat = [{"role": "user", "content": parts}]
    itself = "{% for m in messages %}{% for p in m.content %}[{{ p.text }}]{% endfor %}{% endfor %}"
    assert ChatTemplate(itself).render(chat) == "[one][two]"
    plain = ChatTemplate("{% for m in messages %}{{ m.role + ':' + m.content }}{% endfor %}")
    assert plain.render(chat) == "user:one\ntwo"
    prints = ChatTemplate("{% for m in messages %}{{ m.content }}{% endfor %}")
    assert prints.render(chat) == "one\ntwo"
    gemma = ChatTemplate(TEMPLATES["gemma"], **TOKENS)
    oracle = transformers_environment().from_string(TEMPLATES["gemma"])
    assert gemma.render(chat) == oracle.render(messages=chat, add_generation_prompt=True, **TOKENS)


@pytest.mark.parametrize(
    ("content", "expected"),
    [("Sure, ", "<user>hi</user><assistant>Sure,"), (" a", "<user>hi</user><assistant>a")],
)
def test_the_final_message_can_be_continued(content: str, expected: str) -> None:
    template = ChatTemplate(
        "{% for m in messages %}<{{ m.role }}>{{ m.content | trim }}</{{ m.role }}>{% endfor %}"
        "{% if add_generation_prompt %}<assistant>{% endif %}"
    )
    chat = [*USER, {"role": "assistant", "content": content}]
    assert template.render(chat, continue_final_message=True) == expected
    keeps = ChatTemplate(template.source.replace(" | trim", ""))  # type: ignore[attr-defined]
    text = keeps.render(chat, continue_final_message=True)
    assert text == f"<user>hi</user><assistant>{content}"


def test_a_final_message_that_cannot_be_continued_is_an_error() -> None:
    template = ChatTemplate("{% for m in messages %}{{ m.content | upper }}{% endfor %}")
    with pytest.raises(fd.ChatTemplateError, match="does not print the last message as it is"):
        template.render(USER, continue_final_message=True)
    with pytest.raises(fd.ArgumentError, match="give one of them"):
        template.render(USER, continue_final_message=True, add_generation_prompt=True)
    with pytest.raises(fd.ArgumentError, match="the last message has no text to go on with"):
        template.render([{"role": "user"}], continue_final_message=True)


class _Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    ("messages", "error", "message"),
    [
        (None, fd.ArgumentTypeError, "messages is a NoneType; expected a list of"),
        ("hi", fd.ArgumentTypeError, "messages is a str; expected a list of"),
        ({"role": "user"}, fd.ArgumentTypeError, "messages is a dict; expected a list of"),
        ([], fd.ArgumentError, "messages is empty"),
        ([3], fd.ArgumentTypeError, r"messages\[0\] is a int; expected a mapping"),
        ([*USER, {"content": "x"}], fd.ArgumentError, r"messages\[1\] has no 'role'; its keys are"),
        ([{"role": 3}], fd.ArgumentTypeError, r"messages\[0\]\['role'\] is a int; expected a str"),
        ([{"role": "user", "content": b"x"}], fd.ArgumentTypeError,
         r"messages\[0\]\['content'\]: unsupported value of type bytes; supported: str"),
        ([{"role": "user", "content": 3}], fd.ArgumentTypeError, "'content'.* is a int; expected"),
        ([{"role": "user", "content": "\ud800"}], fd.ArgumentError,
         r"messages\[0\]\['content'\]: unsupported lone surrogate '\\ud800' at index 0"),
        ([{"role": "user", "content": [{"type": "image"}]}], fd.ArgumentError,
         r"messages\[0\]\['content'\]\[0\]: unsupported content type 'image'; supported: 'text'"),
        ([{"role": "user", "content": [3]}], fd.ArgumentTypeError, r"\[0\] is a int; expected"),
        ([{"role": "user", "content": [{"type": "text"}]}], fd.ArgumentTypeError,
         r"\['text'\] is a NoneType; expected a str"),
        ([{"role": "user", 3: 4}], fd.ArgumentTypeError, "unsupported key of type int"),
        ([{"role": "user", "x": object()}], fd.ArgumentTypeError, "unsupported value of type obj"),
        ([{"role": "user", "x": 1 << 9999}], fd.ArgumentError, "a number of 10000 bits"),
    ],
)  # fmt: skip
def test_what_is_no_chat_is_a_typed_error(
    messages: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        ChatTemplate("{{ messages }}").render(messages)


def test_a_cycle_and_tools_of_a_wrong_type_are_typed_errors() -> None:
    template = ChatTemplate("{{ messages }}")
    cycle: dict[str, Any] = {"role": "user"}
    cycle["x"] = cycle
    with pytest.raises(fd.ArgumentError, match="nested deeper than 64 levels"):
        template.render([cycle])
    with pytest.raises(fd.ArgumentTypeError, match="tools is a dict; expected a list of mappings"):
        template.render(USER, tools={"a": 1})  # type: ignore[arg-type]
    with pytest.raises(fd.ArgumentTypeError, match=r"tools\[0\]: unsupported function; supported"):
        template.render(USER, tools=[lambda: 1])  # type: ignore[list-item]
    with pytest.raises(fd.ArgumentTypeError, match="documents is a str; expected a list"):
        template.render(USER, documents="x")  # type: ignore[arg-type]
    with pytest.raises(fd.ArgumentTypeError, match="'later': unsupported value of type function"):
        template.render(USER, later=lambda: 1)


def test_numbers_of_numpy_and_classes_of_str_are_plain_values() -> None:
    template = ChatTemplate("{{ messages | tojson }}")
    message = {"role": _Text("user"), "a": np.int64(3), "b": np.float32(0.5), "c": np.bool_(True)}
    assert template.render([message]) == '[{"role": "user", "a": 3, "b": 0.5, "c": true}]'


def test_a_file_has_several_templates_by_name(oracle_metadata: dict[str, Any]) -> None:
    tokenizer = Tokenizer(oracle_metadata)
    metadata = dict(oracle_metadata)
    metadata["tokenizer.chat_template"] = "D{{ bos_token }}{{ tools is none }}"
    metadata["tokenizer.chat_template.rag"] = "R{{ documents | length }}"
    templates = ChatTemplates(metadata, tokenizer)
    assert list(templates) == ["default", "rag"]
    assert templates.render(USER) == "D<|im_start|>True"
    assert templates.render(USER, tools=[]) == "D<|im_start|>False"
    assert templates.render(USER, template="rag", documents=[{}]) == "R1"
    metadata["tokenizer.chat_template.tool_use"] = "T{{ tools | length }}{{ x }}"
    templates = ChatTemplates(metadata, tokenizer)
    assert templates.render(USER, tools=[{}], template_arguments={"x": 5}) == "T15"
    with pytest.raises(fd.ChatTemplateError, match="no chat template 'q'; it has 'default', 'rag'"):
        templates.render(USER, template="q")
    with pytest.raises(fd.ChatTemplateError, match="no chat template 'default'; it has none"):
        ChatTemplates({}, tokenizer).render(USER)
    with pytest.raises(fd.ArgumentTypeError, match="template is 3; expected a name"):
        templates.render(USER, template=3)  # type: ignore[arg-type]
    with pytest.raises(fd.ArgumentError, match="template_arguments: tools has its own argument"):
        templates.render(USER, template_arguments={"tools": []})
