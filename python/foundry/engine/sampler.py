"""The device's half of sampling: what a draw reads besides the logits, and what it leaves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from foundry import ops
from foundry._foundry import DType, Foundry, Parameter, Tensor
from foundry.engine.decode_run import DecodeRun
from foundry.generation.log_probabilities import TokenLogProbability
from foundry.generation.sampling import SamplingParameters

NO_TOKEN = -(2**31)
"""What no draw gives: those below zero say that no token can be drawn (`ops.Argmax`)."""


class Sampler:
    """The state of one run's draws. Rings are by the tokens' positions, so that a draw that is made
    again finds what it found before."""

    def __init__(
        self,
        runtime: Foundry,
        vocabulary: int,
        sampling: SamplingParameters,
        top: int | None,
        most_ahead: int,
        is_constrained: bool = False,
    ) -> None:
        self._sampling = sampling
        self._vocabulary = vocabulary
        self._window = sampling.penalty_window if sampling.penalises else 0
        recent = max(self._window, sampling.dry_penalty_last_n if sampling.repels else 0)
        # Longer than the window and what is encoded ahead of what is read, together.
        capacity = 1 << (recent + most_ahead).bit_length()

        def tensor(name: str, dtype: DType, *shape: int, wanted: bool = True) -> Tensor | None:
            return runtime.dedicated(shape, dtype, name=name) if wanted else None

        self._ring = runtime.dedicated((capacity,), DType.i32, name="tokens")
        self._is_plain = sampling.plain and not is_constrained
        self._scratch = tensor("sampling scratch", DType.f32, vocabulary, wanted=not self._is_plain)
        self._counts = tensor("token counts", DType.u32, vocabulary, wanted=sampling.penalises)
        self._mu = tensor("mu", DType.f32, capacity, wanted=self._has_mu)
        self._bias = tensor("logit bias", DType.f32, vocabulary, wanted=sampling.biases)
        self._breakers = tensor("breakers", DType.u32, -(-vocabulary // 32), wanted=sampling.repels)
        self._chosen = tensor("log-probabilities", DType.f32, capacity, wanted=top is not None)
        self._ids = tensor("likeliest tokens", DType.i32, capacity, top or 1, wanted=bool(top))
        self._values = tensor("their log-probabilities", DType.f32, capacity, top or 1,
                              wanted=bool(top))  # fmt: skip
        self._mask = tensor("mask", DType.u32, -(-vocabulary // 32), wanted=is_constrained)
        if self._bias is not None:
            self._bias.copy_from(_bias(sampling, vocabulary))
        if self._breakers is not None:
            self._breakers.copy_from(_bits(sampling.dry_sequence_breakers, vocabulary))

    @property
    def _has_mu(self) -> bool:
        return self._sampling.mirostat != 0 and not self._sampling.plain

    @property
    def is_seeded(self) -> bool:
        """Whether draws depend on a seed."""
        return not self._is_plain

    def operations(
        self,
        logits: Tensor,
        token: Tensor,
        seed: int | Parameter,
        position: int | Parameter,
    ) -> list[ops.Operation]:
        """Draws `token`, which stands at `position`: it and the seed decide the draw."""
        logits = logits.reshape(self._vocabulary)
        found = [self._draw(logits, token, seed, position)]
        if self._chosen is not None:
            found.append(
                ops.LogProbabilities(
                    logits, token, self._chosen, self._ids, self._values, position=position
                )
            )
        found.append(
            ops.AppendToken(
                token=token,
                ring=self._ring,
                counts=self._counts,
                position=position,
                window=self._window,
            )
        )
        return found

    def _draw(
        self,
        logits: Tensor,
        token: Tensor,
        seed: int | Parameter,
        position: int | Parameter,
    ) -> ops.Operation:
        sampling = self._sampling
        if self._is_plain:
            return ops.Argmax(x=logits.reshape(1, logits.size), y=token, finite_only=True)
        assert self._scratch is not None
        return ops.Sample(
            logits=logits,
            scratch=self._scratch,
            token=token,
            counts=self._counts,
            bias=self._bias,
            mask=self._mask,
            recent=self._ring if sampling.repels else None,
            breakers=self._breakers,
            mu=self._mu,
            repetition_penalty=sampling.repetition_penalty,
            frequency_penalty=sampling.frequency_penalty,
            presence_penalty=sampling.presence_penalty,
            dry_multiplier=sampling.dry_multiplier,
            dry_base=sampling.dry_base,
            dry_allowed_length=sampling.dry_allowed_length,
            dry_last_n=sampling.dry_penalty_last_n if sampling.repels else 0,
            top_n_sigma=sampling.top_n_sigma,
            top_k=sampling.top_k,
            typical_p=sampling.typical_p,
            top_p=sampling.top_p,
            min_p=sampling.min_p,
            xtc_probability=sampling.xtc_probability,
            xtc_threshold=sampling.xtc_threshold,
            temperature=sampling.temperature,
            dynatemp_range=sampling.dynatemp_range,
            dynatemp_exponent=sampling.dynatemp_exponent,
            mirostat_tau=sampling.mirostat_tau,
            mirostat_eta=sampling.mirostat_eta,
            seed=seed,
            step=position,
        )

    def begin(self, run: DecodeRun) -> None:
        """The device's state after the run's tokens. What is encoded is waited for; from now on the
        host reads of the rings what an event or `wait()` told it."""
        tokens = run.tokens
        self._slots = np.asarray(self._ring)
        self._rings = {
            name: np.asarray(tensor)
            for name, tensor in [
                ("mu", self._mu),
                ("chosen", self._chosen),
                ("ids", self._ids),
                ("values", self._values),
            ]
            if tensor is not None
        }
        first = max(len(tokens) - self._slots.size, 0)
        for index, token in enumerate(tokens[first:], first):
            self._slots[index % self._slots.size] = token
        if self._counts is not None:
            self._counts.copy_from(_counts(tokens, self._window, self._vocabulary))
        if self._mu is not None:
            mu = run.mu.get(len(tokens), 2 * self._sampling.mirostat_tau)
            self._rings["mu"][len(tokens) % self._slots.size] = mu

    def allow(self, bits: NDArray[np.uint32]) -> None:
        """What the next draw may give; nothing is in flight."""
        assert self._mask is not None
        self._mask.copy_from(bits)

    def wait(self) -> None:
        """Waits for what is encoded, and raises what it failed with."""
        self._ring.host()

    def expect(self, positions: range) -> None:
        """No token is there yet at these."""
        for index in positions:
            self._slots[index % self._slots.size] = NO_TOKEN

    def read(self, run: DecodeRun, position: int) -> int:
        """The token that was drawn there; what else the draw left is the run's then."""
        slot = position % self._slots.size
        token = int(self._slots[slot])
        rings = self._rings
        if "mu" in rings:
            run.mu[position + 1] = float(rings["mu"][(position + 1) % self._slots.size])
        if "chosen" in rings:
            top: tuple[tuple[int, float], ...] = ()
            if "ids" in rings:
                ids, values = rings["ids"][slot].tolist(), rings["values"][slot].tolist()
                top = tuple(zip(ids, values, strict=True))
            chosen = float(rings["chosen"][slot])
            run.log_probabilities[position] = TokenLogProbability(token, chosen, top)
        return token


def _counts(tokens: Sequence[int], window: int, vocabulary: int) -> NDArray[np.uint32]:
    """How often each token occurs among the last `window` of `tokens`."""
    recent, occurrences = np.unique(tokens[-window:], return_counts=True)
    counts = np.zeros(vocabulary, np.uint32)
    counts[recent] = occurrences
    return counts


def _bias(sampling: SamplingParameters, vocabulary: int) -> NDArray[np.float32]:
    bias = np.zeros(vocabulary, np.float32)
    for token, value in sampling.logit_bias.items():
        bias[token] = value
    bias[np.asarray(sampling.banned_tokens, np.int64)] = -np.inf
    return bias


def _bits(tokens: Iterable[str | int], vocabulary: int) -> NDArray[np.uint32]:
    """A bit for each token of the vocabulary, as `ops.Sample` has its masks."""
    bits = np.zeros(-(-vocabulary // 32) * 32, np.uint8)
    bits[np.asarray(list(tokens), np.int64)] = 1
    return np.packbits(bits, bitorder="little").view("<u4").astype(np.uint32)
