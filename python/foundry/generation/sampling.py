"""How the next token is chosen: the parameters, checked where they are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field, fields
from typing import Any, TypedDict

import numpy as np

from foundry.call_errors import typed_calls
from foundry.errors import ArgumentError, ArgumentTypeError
from foundry.generation.arguments import checked_integer, checked_number, checked_text, shown

_REALS = (
    *("temperature", "top_p", "min_p", "typical_p", "top_n_sigma"),
    *("xtc_probability", "xtc_threshold", "dynatemp_range", "dynatemp_exponent"),
    *("mirostat_tau", "mirostat_eta"),
    *("repetition_penalty", "frequency_penalty", "presence_penalty"),
    *("dry_multiplier", "dry_base"),
)
_COUNTS = (
    *("top_k", "penalty_window", "mirostat"),
    *("dry_allowed_length", "dry_penalty_last_n"),
)
FILTERS = (
    *("top_n_sigma", "top_k", "typical_p", "top_p", "min_p", "xtc_probability"),
    "dynatemp_range",
)
"""What mirostat takes the place of."""
_SMALLEST = float(np.finfo(np.float32).smallest_normal)
"""The device divides by some parameters; by less than this, the quotient would be infinite."""


@typed_calls
@dataclass(frozen=True)
class SamplingParameters:
    """Sampling of one token from logits; the default is greedy.

    The order is that of llama.cpp's default chain: logit bias, penalties, DRY, top-n-sigma, top-k,
    typical-p, top-p, min-p, XTC, then temperature and the draw; docs/ops.md defines each.
    `ArgumentError` where a value is out of its range, `ArgumentTypeError` where it is no number, or
    no int where tokens are counted.
    """

    temperature: float = 0.0
    """0 takes the likeliest token; above, logits are divided by it."""
    top_k: int = 0
    """Keeps the k likeliest tokens (Fan et al. 2018); 0 keeps all."""
    top_p: float = 1.0
    """Keeps the smallest set whose probability reaches p (Holtzman et al. 2020)."""
    min_p: float = 0.0
    """Keeps tokens at least min_p times as likely as the likeliest (Nguyen et al. 2024)."""
    repetition_penalty: float = 1.0
    """Divides positive and multiplies negative logits of recent tokens (Keskar et al. 2019)."""
    frequency_penalty: float = 0.0
    """Subtracted from a recent token's logit once for each occurrence."""
    presence_penalty: float = 0.0
    """Subtracted from a recent token's logit once."""
    penalty_window: int = 64
    """How many recent tokens the penalties look at."""
    typical_p: float = 1.0
    """Keeps the smallest set above p of tokens as surprising as expected (Meister et al. 2022)."""
    top_n_sigma: float = 0.0
    """Keeps logits within n deviations of the highest (Tang et al. 2024); 0 or below: all."""
    xtc_probability: float = 0.0
    """How often the top choices are left out ("exclude top choices")."""
    xtc_threshold: float = 0.1
    """The probability from which on a token is a top choice; the least likely of them stays."""
    dynatemp_range: float = 0.0
    """How far the temperature moves up and down with the entropy."""
    dynatemp_exponent: float = 1.0
    """Of the entropy, relative to the largest."""
    mirostat: int = 0
    """2: mirostat 2 in place of the filters (Basu et al. 2021)."""
    mirostat_tau: float = 5.0
    """The surprise, in bits, that mirostat keeps to."""
    mirostat_eta: float = 0.1
    """How fast it does."""
    dry_multiplier: float = 0.0
    """The penalty for a repetition of `dry_allowed_length` tokens ("don't repeat yourself")."""
    dry_base: float = 1.75
    """The penalty grows by this factor with each token more."""
    dry_allowed_length: int = 2
    """Shorter repetitions go free."""
    dry_penalty_last_n: int = 64
    """How many recent tokens repetitions are looked for in."""
    dry_sequence_breakers: Sequence[str | int] | Set[str | int] = ("\n", ":", '"', "*")
    """Nothing repeats across these: token ids, or texts, which stand for all tokens with them."""
    logit_bias: Mapping[int, float] = field(default_factory=dict, hash=False)
    """Added to the logits of tokens, by their ids; -inf bans one."""
    banned_tokens: Sequence[int] | Set[int] = ()
    """Ids of tokens that are never drawn."""

    def __post_init__(self) -> None:
        for name in _COUNTS:
            self._set(name, checked_integer(getattr(self, name), f"sampling: {name}"))
        for name in _REALS:
            self._set(name, checked_number(getattr(self, name), f"sampling: {name}"))
        self._set("top_n_sigma", max(self.top_n_sigma, 0.0))
        self._set("logit_bias", _checked_bias(self.logit_bias))
        self._set("banned_tokens", _checked_row("banned_tokens", self.banned_tokens, _checked_id))
        self._set(
            "dry_sequence_breakers",
            _checked_row("dry_sequence_breakers", self.dry_sequence_breakers, _checked_breaker),
        )

        def check(name: str, rule: str, is_valid: Callable[[float], bool]) -> None:
            # The device computes with 32 bits: what is rounded has to be valid too.
            value = getattr(self, name)
            single = value if isinstance(value, int) else float(np.float32(value))
            if not (is_valid(value) and is_valid(single)):
                raise ArgumentError(f"sampling: {name} is {shown(value)}, {rule}")

        for name in ("temperature", "dynatemp_range", "dynatemp_exponent", "dry_multiplier"):
            check(name, "it cannot be negative", lambda value: value >= 0)
        for name in ("mirostat_tau", "mirostat_eta"):
            check(name, "it cannot be negative", lambda value: value >= 0)
        check("temperature", f"it is 0 or at least {_SMALLEST:.4g}", _is_zero_or_normal)
        check("top_k", "it cannot be negative (0: all tokens)", lambda value: value >= 0)
        for name in ("top_p", "typical_p"):
            check(name, "it lies in (0, 1]", lambda value: 0 < value <= 1)
        check("min_p", "it lies in [0, 1)", lambda value: 0 <= value < 1)
        for name in ("xtc_probability", "xtc_threshold"):
            check(name, "it lies in [0, 1]", lambda value: 0 <= value <= 1)
        check("repetition_penalty", "it must be positive", lambda value: value > 0)
        check("repetition_penalty", f"it is at least {_SMALLEST:.4g}", _is_zero_or_normal)
        check("dry_base", "it is at least 1", lambda value: value >= 1)
        check("mirostat", "unsupported; supported: 0 (off), 2", lambda value: value in (0, 2))
        for name in ("penalty_window", "dry_allowed_length", "dry_penalty_last_n"):
            check(name, "it cannot be negative", lambda value: value >= 0)
        for name in _COUNTS:
            check(name, "it is below 2^31", lambda value: value < 2**31)
        if self.mirostat:
            self._check_alone()

    def _check_alone(self) -> None:
        """`ArgumentError` for a filter beside mirostat."""
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name in FILTERS and value != item.default:
                raise ArgumentError(
                    f"sampling: unsupported {item.name} {shown(value)} beside mirostat, which "
                    "takes the place of filters; supported: temperature, logit bias, penalties, DRY"
                )

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    @property
    def greedy(self) -> bool:
        """Whether the likeliest token is always taken."""
        return self.top_k == 1 or (
            self.temperature == 0
            and self.dynatemp_range == 0
            and self.typical_p == 1
            and self.xtc_probability == 0
        )

    @property
    def penalises(self) -> bool:
        """Whether recent tokens change the logits."""
        return self.penalty_window > 0 and (
            self.repetition_penalty != 1
            or self.frequency_penalty != 0
            or self.presence_penalty != 0
        )

    @property
    def repels(self) -> bool:
        """Whether repetitions change the logits."""
        return self.dry_multiplier > 0 and self.dry_penalty_last_n > 0

    @property
    def biases(self) -> bool:
        """Whether tokens have a logit bias or are banned."""
        return bool(self.logit_bias or self.banned_tokens)

    @property
    def plain(self) -> bool:
        """Whether the token is that of the largest logit."""
        return self.greedy and not (self.penalises or self.repels or self.biases)


class SamplingOptions(TypedDict, total=False):
    """SamplingParameters' fields, as keywords of a call."""

    temperature: float
    top_k: int
    top_p: float
    min_p: float
    repetition_penalty: float
    frequency_penalty: float
    presence_penalty: float
    penalty_window: int
    typical_p: float
    top_n_sigma: float
    xtc_probability: float
    xtc_threshold: float
    dynatemp_range: float
    dynatemp_exponent: float
    mirostat: int
    mirostat_tau: float
    mirostat_eta: float
    dry_multiplier: float
    dry_base: float
    dry_allowed_length: int
    dry_penalty_last_n: int
    dry_sequence_breakers: Sequence[str | int] | Set[str | int]
    logit_bias: Mapping[int, float]
    banned_tokens: Sequence[int] | Set[int]


def _is_zero_or_normal(value: float) -> bool:
    return value == 0 or value >= _SMALLEST


def _checked_id(value: object, where: str) -> int:
    token = checked_integer(value, where)
    if token < 0:
        raise ArgumentError(f"{where} is {shown(token)}, token ids are 0 or above")
    return token


def _checked_breaker(value: object, where: str) -> str | int:
    if not isinstance(value, str):
        return _checked_id(value, where)
    if not value:
        raise ArgumentError(f"{where} is '', a text of at least one character is expected")
    return checked_text(value, where)


def _checked_row(name: str, values: Any, check: Callable[[object, str], Any]) -> tuple[Any, ...]:
    where = f"sampling: {name}"
    if isinstance(values, Set):
        values = list(values)
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Sequence | np.ndarray):
        raise ArgumentTypeError(f"{where} is {shown(values)}; expected a list")
    return tuple(check(value, f"{where}[{index}]") for index, value in enumerate(values))


def _checked_bias(values: Any) -> dict[int, float]:
    where = "sampling: logit_bias"
    if not isinstance(values, Mapping):
        raise ArgumentTypeError(f"{where} is {shown(values)}; expected a dict of token ids")
    bias: dict[int, float] = {}
    for token, value in values.items():
        token = _checked_id(token, f"{where}'s token")
        is_ban = isinstance(value, float | np.floating) and value == -np.inf
        bias[token] = -np.inf if is_ban else checked_number(value, f"{where}[{token}]")
    return bias
