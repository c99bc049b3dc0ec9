"""The sampling parameters as options of a command, by llama.cpp's names and mlx-lm's."""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any

from foundry.cli.options import option, stands_for
from foundry.errors import ArgumentError
from foundry.generation.sampling import FILTERS, SamplingOptions, SamplingParameters

# Each parameter's other names, and what it does.
_OPTIONS: dict[str, tuple[tuple[str, ...], str]] = {
    "temperature": (("--temp",), "0: the likeliest token."),
    "top_k": ((), "Keep the k likeliest tokens; 0: all."),
    "top_p": ((), "Keep the likeliest tokens up to this probability."),
    "min_p": ((), "Keep tokens this likely relative to the likeliest."),
    "repetition_penalty": (("--repeat-penalty",), "Above 1: repeat less."),
    "frequency_penalty": ((), "Off a recent token's logit, each time it occurred."),
    "presence_penalty": ((), "Off a recent token's logit, once."),
    "penalty_window": (("--repeat-last-n",), "Recent tokens that penalties look at."),
    "typical_p": (("--typical",), "Keep tokens about as surprising as expected; 1: all."),
    "top_n_sigma": (("--top-nsigma",), "Keep logits so many deviations below the highest; 0: all."),
    "xtc_probability": ((), "How often top choices are left out."),
    "xtc_threshold": ((), "The probability of a top choice."),
    "dynatemp_range": ((), "How far the temperature moves with the entropy."),
    "dynatemp_exponent": (("--dynatemp-exp",), "Of the entropy."),
    "mirostat": ((), "2: mirostat 2 in place of filters."),
    "mirostat_tau": (("--mirostat-ent",), "The surprise in bits that it keeps to."),
    "mirostat_eta": (("--mirostat-lr",), "How fast it does."),
    "dry_multiplier": ((), "The penalty for a repetition; 0: none."),
    "dry_base": ((), "It grows by this factor with each token."),
    "dry_allowed_length": ((), "Shorter repetitions go free."),
    "dry_penalty_last_n": ((), "Recent tokens that repetitions are looked for in."),
    "dry_sequence_breakers": (
        ("--dry-sequence-breaker",),
        "Nothing repeats across this text; may be repeated; 'none': nothing breaks.",
    ),
    "logit_bias": (("-l",), "ID+BIAS or ID-BIAS, -inf bans the token; may be repeated."),
    "banned_tokens": (("--ban",), "Never draw this token's id; may be repeated."),
}
_ROWS: dict[str, type] = {
    "dry_sequence_breakers": str,
    "logit_bias": str,
    "banned_tokens": int,
}
_GROUP = "Sampling"


def takes_sampling(**defaults: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A command's `sampling` becomes an option for each parameter, with these defaults."""

    def make(given: dict[str, Any]) -> SamplingParameters:
        chosen = {name: given.pop(name) for name in _OPTIONS}
        if chosen["mirostat"]:  # in place of the command's own filters
            own = {name for name in FILTERS if name in defaults}
            chosen = {n: v for n, v in chosen.items() if n not in own or v != defaults[n]}
        return parameters(chosen)

    return stands_for("sampling", [_option(name, defaults) for name in _OPTIONS], make)


def _option(name: str, defaults: dict[str, Any]) -> inspect.Parameter:
    names, what = _OPTIONS[name]
    kind: Any = typing.get_type_hints(SamplingOptions)[name]
    default = next(item.default for item in fields(SamplingParameters) if item.name == name)
    if name in _ROWS:
        kind, default = list[_ROWS[name]] | None, None  # type: ignore[valid-type]
    assert default is not MISSING
    return option(
        name,
        kind,
        defaults.get(name, default),
        f"--{name.replace('_', '-')}",
        *names,
        help=what,
        group=_GROUP,
    )


def parameters(options: dict[str, Any]) -> SamplingParameters:
    """Of what the command line says; `ArgumentError` for a bias that is none."""
    given = {name: value for name, value in options.items() if value is not None}
    if "logit_bias" in given:
        given["logit_bias"] = dict(map(_bias, given["logit_bias"]))
    if given.get("dry_sequence_breakers") == ["none"]:
        given["dry_sequence_breakers"] = ()
    return SamplingParameters(**given)


def _bias(text: str) -> tuple[int, float]:
    match = re.fullmatch(r"(\d+)([+-].+)", text)
    try:
        if match is not None:
            return int(match[1]), float(match[2])
    except ValueError:
        pass
    raise ArgumentError(
        f"--logit-bias: unsupported {text!r}; supported: a token's id, then + or - and a number, "
        "such as 28-2.5 or 28-inf"
    )
