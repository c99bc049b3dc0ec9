"""Templates that mean harm: each is a typed error, in bounded time and memory."""

# ruff: noqa: E501 - templates keep the lines that they have
from __future__ import annotations

import json
import resource
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import foundry as fd
from foundry.generation.chat_template import ChatTemplate
from foundry.generation.templates.budget import MAX_BYTES, MAX_SECONDS
from foundry.generation.templates.filters import FILTERS
from foundry.generation.templates.methods import _DICT, _LIST, _STR
from foundry.generation.templates.predicates import TESTS

USER = [{"role": "user", "content": "hi"}]

# Processor seconds of one template: the limit, the parsing of the longest source, and a slow machine.
SECONDS = 4 * MAX_SECONDS
# What a rendering may allocate, and as much again for what Python and the allocator keep.
GROWTH = 2 * MAX_BYTES

DOUBLING = "{% set n = namespace(x='x') %}{% for i in range(99) %}"

ATTACKS = [
    # one call that fills memory
    "{{ [1] | slice(10**9) | list | length }}",
    "{{ 'a'.encode().ljust(2000000000) | length }}",
    "{{ 'x' * 999999999999 }}",
    "{{ 999999999999 * 'x' }}",
    "{{ [0] * 10**9 }}",
    "{{ (0,) * 10**9 }}",
    "{{ 'x'.ljust(999999999) }}",
    "{{ 'x'.rjust(10**18) }}",
    "{{ 'x'.center(10**9) }}",
    "{{ 'x'.zfill(10**9) }}",
    "{{ '\t'.expandtabs(10**9) }}",
    "{{ 'x' | center(999999999) }}",
    "{{ 'x\n' * 9999 | indent(10**9) }}",
    "{{ [1] | batch(10**9, 0) | list }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '%.1000000000f' % 1 }}",
    "{{ '%*d' % (10**9, 1) }}",
    "{{ '%1000000000d' | format(1) }}",
    "{{ '{:>1000000000}'.format(1) }}",
    "{{ '{:{}}'.format(1, 10**9) }}",
    "{{ '{0:>{1}}'.format(1, 10**9) }}",
    "{{ '{x}'.format_map({'x': 1}) }}",
    "{{ '{0.__class__}'.format(1) }}",
    "{{ {'a': [1] * 9999} | tojson(indent=10**9) }}",
    "{{ [1] | tojson(separators=('x' * 10**6, ':')) }}",
    "{{ 'x' | truncate(10**9) | wordwrap(1) | urlize }}",
    "{{ strftime_now('%999999999d') }}",
    "{{ strftime_now('%c' * 1000) }}",
    "{{ range(10**12) | list }}",
    "{{ range(0, 10**9, 1) | sum }}",
    "{{ 10**10**10 }}",
    "{{ 9 ** 999999999 }}",
    "{{ 2**63 * 2**63 }}",
    "{{ ('9' * 8000000) | int }}",
    "{{ 0x" + "f" * 60000 + " * 2 }}",
    "{{ lipsum(10**6) }}",
    "{{ 'x' | random }}{{ cycler(*range(10**9)).next() }}",
    # growth by repetition
    DOUBLING + "{% set n.x = n.x ~ n.x %}{% endfor %}",
    DOUBLING + "{% set n.x = n.x + n.x %}{% endfor %}",
    DOUBLING + "{% set n.x = n.x.replace('x', 'xx') %}{% endfor %}",
    DOUBLING + "{% set n.x = n.x | replace('x', 'xx') %}{% endfor %}",
    DOUBLING + "{% set n.x = n.x.join([n.x, n.x, n.x]) %}{% endfor %}",
    DOUBLING + "{% set n.x = [n.x, n.x] | join(n.x) %}{% endfor %}",
    DOUBLING + "{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x }}",
    DOUBLING + "{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x | tojson }}",
    DOUBLING + "{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x == n.x }}",
    DOUBLING + "{% set n.x = (n.x, n.x) %}{% endfor %}{{ {n.x: 1} }}",
    DOUBLING + "{% set n.x = (n.x, n.x) %}{% endfor %}{{ {}[n.x] }}{{ {}.get(n.x) }}",
    DOUBLING + "{% set n.x = (n.x, n.x) %}{% endfor %}{{ messages[n.x].y }}",
    DOUBLING + "{% set n.x = {'a': n.x, 'b': n.x} %}{% endfor %}{{ n.x | string | length }}",
    DOUBLING + "{% set n.x = [n.x, n.x] %}{% endfor %}{{ [1] | map(n.x) | list }}",
    DOUBLING + "{% set n.x = [n.x, n.x] %}{% endfor %}{{ raise_exception(n.x) }}",
    DOUBLING + "{% set n.x = [n.x, n.x] %}{% endfor %}{{ [n.x, n.x] | unique | sort | list }}",
    DOUBLING + "{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x in [n.x] }}{{ '%s' % [n.x] }}",
    DOUBLING + "{% set n.x = n.x + n.x %}{{ n.x }}{% endfor %}",
    "{% set n = namespace(x=[]) %}{% for i in range(99999) %}{% set n.x = [n.x] %}{% endfor %}"
    "{{ n.x }}",
    "{% set n = namespace(x=[]) %}{% for i in range(99999) %}{% set n.x = n.x + [i] %}{% endfor %}",
    "{% set b = 'x' * 8000000 %}{{ [b, b, b, b, b, b, b, b, b, b] | map('upper') | list | length }}",
    "{% set n = namespace(x=[]) %}{% for i in range(99) %}{% set n.x = n.x + ['\U0001f600' * 8000000] %}"
    "{% endfor %}",
    "{% set b = 'x' * 8000000 %}{% for i in range(999) %}{{ b.upper() | length }}{% endfor %}",
    "{% set b = 'x' * 8000000 %}{{ ([b] * 99999) | sort | length }}",
    "{% set b = 'x' * 8000000 %}{{ ([b] * 99999) | unique | list | length }}",
    "{% set b = 'x' * 8000000 %}{{ ([b] * 99999) | max | length }}",
    "{% set b = 'x ' * 4000000 %}{{ b.split() | length }}{{ b | title }}{{ b | wordcount }}",
    "{% set b = 'x' * 8000000 %}{{ b | list | length }}{{ b | sort | length }}",
    "{% set b = '\n' * 8000000 %}{{ b.splitlines() | length }}{{ b | indent(16) }}",
    "{% set b = ' ' * 8000000 %}{% for i in range(99999) %}{{ b.lstrip() }}{% endfor %}",
    "{% set b = 'ab' * 4000000 %}{{ b.strip('ba' * 4000000) }}",
    "{% set b = 'a' * 4000000 %}{% for i in range(99999) %}{{ b.find('a' * 9999 + 'b') }}{% endfor %}",
    "{{ [range(99999)] * 999 | map('list') | list | length }}",
    "{{ (['x'] * 99999) | map('center', 99999) | list | length }}",
    # loops and recursion
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "{% for a in range(9999) %}{% for b in range(9999) if 0 %}{% endfor %}{% endfor %}",
    "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
    "{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}",
    "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(40) }}",
    "{% macro f() %}{{ caller() }}{% endmacro %}{% for i in range(99999) %}{% for j in range(999) %}"
    "{% call f() %}x{% endcall %}{% endfor %}{% endfor %}",
    "{% for x in [1] recursive %}{{ loop([1]) }}{{ loop([1]) }}{% endfor %}",
    # the source itself
    "{{ " + "(" * 90000 + " }}",
    "{{ " + "[" * 90000 + " }}",
    "{{ " + "not " * 60000 + "a }}",
    "{{ " + "-" * 200000 + "1 }}",
    "{% if a %}" * 25000,
    "{{ a" + "+a" * 120000 + " }}",
    "{{ a" + ".a" * 120000 + " }}",
    "{{ a" + "|e" * 120000 + " }}",
    "{{ " + "1" * 200000 + " }}",
    "x" * 300_000,
    # ways out
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ messages.__class__ }}{{ (messages | attr('__class__')).x }}",
    "{{ [''] | map(attribute='__class__.__mro__') | list | first | first }}{{ x.y }}",
    "{{ messages.append(1) }}",
    "{{ messages[0].update({'a': 1}) }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ raise_exception.call(1) }}",
    "{{ self._TemplateReference__context }}",
    "{% include 'x' %}",
    "{% import 'x' as y %}",
    "{% extends 'x' %}",
]  # fmt: skip

_WORKER = """
import json, resource, sys
from foundry.generation.chat_template import ChatTemplate
import foundry as fd

def usage():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime, used.ru_maxrss * 1024

for line in sys.stdin:
    seconds, _ = usage()
    try:
        what = f"{len(ChatTemplate(json.loads(line)).render([{'role': 'user', 'content': 'hi'}]))}"
    except fd.ChatTemplateError as error:
        what = "ChatTemplateError"
        assert len(str(error)) < 2000, len(str(error))
    after, peak = usage()
    print(json.dumps([what, after - seconds, peak]), flush=True)
"""


def test_no_template_takes_more_time_or_memory_than_stated() -> None:
    """One process renders all, so its peak is that of the worst."""
    sources = ["hi", *ATTACKS]
    done = subprocess.run(
        [sys.executable, "-c", _WORKER],
        input="".join(json.dumps(source) + "\n" for source in sources),
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(results) == len(sources), done.stderr
    _, _, before = results[0]
    for source, (what, seconds, peak) in zip(sources, results, strict=True):
        assert seconds < SECONDS, source[:200]
        assert peak - before < GROWTH, source[:200]
        assert what.isdecimal() or what == "ChatTemplateError", source[:200]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (ATTACKS[0], "ran more than 4000000 steps"),
        ("{{ [0] * 3000000 }}", "takes more than 256 MiB"),
        ("{{ 'a'.encode() }}", "access to attribute 'encode' of 'str' object is unsafe; supported"),
        ("{{ ''.__class__.__mro__ }}", "access to attribute '__class__' of 'str' object is unsafe"),
        ("{{ messages.append(1) }}", "access to attribute 'append' of 'list' object is unsafe"),
        ("{{ 'x' * 999999999999 }}", "makes 999999999999 characters, the limit is 8388608"),
        ("{{ 9 ** 999999999 }}", "computes a number of 3999999996 bits, the limit is 64"),
        ("{{ '%999999999d' % 1 }}", "line 1: unsupported format '%999'; supported: %s"),
        ("{{ 'x' | urlize }}", "line 1: unsupported filter 'urlize'; supported: abs, attr"),
        ("{{ 'x' is odious }}", "line 1: unsupported test 'odious'; supported: !=, <"),
        ("{{ 10**6 is in range(10**6) }}", "range of 1000000 numbers, the limit is 100000"),
        ("{{ strftime_now('%999999999d') }}", "too long or has a width"),
        ("\n\n{{ 1 / 0 }}", "line 3: division by zero"),
        ("\n{% for %}", "line 2: "),
        ("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
         "ran more than|ran longer than"),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "nests deeper than 256 levels"),
        ("{{ " + "(" * 999 + " }}", "nested deeper than 100 levels"),
        ("{% include 'x' %}", "unsupported {% include %} in a chat template"),
        ("x" * 300_000, "300000 characters, the limit is 262144"),
    ],
)  # fmt: skip
def test_a_refused_template_says_why(source: str, message: str) -> None:
    with pytest.raises(fd.ChatTemplateError, match=message):
        ChatTemplate(source).render(USER)


def test_numbers_that_are_given_are_paid_by_their_digits() -> None:
    template = ChatTemplate("{{ [x] * 200000 }}")
    assert len(template.render(USER, x=7)) == 3 * 200000
    with pytest.raises(fd.ChatTemplateError, match="makes 269000002 characters, the limit is"):
        template.render(USER, x=1 << 4000)


ATOMS = st.sampled_from(
    ["messages", "x", "none", "true", "1", "-3", "99999", "2.5", "10**9", "'a b'", "'%5d%s'",
     "'{}{x}'", "''", "'x' * 9999", "[1, 2, 'q']", "[[1], [1]]", "{'a': 1, 'b': [2]}", "(1, 'z')",
     "range(9)", "range(99999)", "namespace(a=1)", "cycler", "messages[0]", "undefined_name"]
)  # fmt: skip
WORDS = sorted({*FILTERS, *TESTS, *_STR, *_LIST, *_DICT, "__class__", "wordwrap", "encode"})
WORD = st.sampled_from([word for word in WORDS if word.isidentifier()])


def _compose(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    arguments = st.lists(inner, max_size=3).map(", ".join)
    operator = st.sampled_from(["+", "-", "*", "/", "//", "%", "**", "~", "==", "<", "in", "and"])
    return st.one_of(
        st.builds("({} | {}({}))".format, inner, WORD, arguments),
        st.builds("({} is {}({}))".format, inner, WORD, arguments),
        st.builds("({}.{}({}))".format, inner, WORD, arguments),
        st.builds("({} {} {})".format, inner, operator, inner),
        st.builds("({}[{}])".format, inner, inner),
        st.builds("({}[{}:{}])".format, inner, inner, inner),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("({} | map('{}', {}) | list)".format, inner, WORD, inner),
    )


EXPRESSIONS = st.recursive(ATOMS, _compose, max_leaves=8)


@settings(max_examples=300)
@given(one=EXPRESSIONS, other=EXPRESSIONS)
def test_any_template_prints_or_is_a_typed_error(one: str, other: str) -> None:
    source = (
        f"{{% set x = {one} %}}{{% for i in range(3) %}}{{% set x = [x, {other}] %}}{{{{ x }}}}"
        f"{{% endfor %}}{{{{ {other} }}}}"
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    try:
        assert isinstance(ChatTemplate(source).render(USER), str)
    except fd.ChatTemplateError as error:
        assert str(error).startswith(("chat template", "strftime_now", "unsupported", "the chat"))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < SECONDS, source
