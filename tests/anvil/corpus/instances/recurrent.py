"""gated_delta_update.h and its derivative: a state that goes through time."""

import numpy as np
from corpus import Case, one

from instances.common import F32, I32, KIND, NAME, NAMED, instance, seeded

HEADERS = ("utils.h", "gated_delta_update.h")
DERIVATIVE = ("utils.h", "atomic.h", "gated_delta_update_vjp.h")
STEPS = 5


def case(name: str, form: str, kind: str, *words: str) -> Case:
    dk, dv, hk, hv, last = map(int, words)
    t, rng = NAMED[kind], seeded(name)
    keys = [(rng.normal(size=(STEPS, hk, dk)) * 0.3).astype(t) for _ in range(2)]
    values, gradient = (rng.normal(size=(STEPS, hv, dv)).astype(t) for _ in range(2))
    decay = rng.uniform(0.5, 1, (STEPS, hv)).astype(t)
    rate = rng.uniform(0, 1, (STEPS, hv)).astype(t)
    state = rng.normal(size=(hv, dv, dk)).astype(F32)
    grid, group = (32, dv, hv), (32, 4, 1)
    if form == "seq_gated_delta_vjp":
        cache = rng.normal(size=(hv, -(-STEPS // last), dv, dk)).astype(F32)
        buffers = [*keys, values, decay, rate, gradient, state, cache, one(STEPS, I32),
                   *(np.zeros(keys[0].shape, F32) for _ in range(2)), np.zeros(values.shape, F32),
                   *(np.zeros(decay.shape, F32) for _ in range(2)),
                   np.zeros_like(state)]  # fmt: skip
        text = instance("gated_delta_vjp_seq", KIND[t], *words)
        return Case(name, DERIVATIVE, text, buffers, grid, group, {})
    buffers = [*keys, values, state, decay, rate, np.zeros_like(values), np.zeros_like(state),
               one(STEPS, I32)]  # fmt: skip
    if form == "gated_delta_fused_chunk":
        text = instance("gated_delta_fused_chunk", KIND[t], *words)
        return Case(name, HEADERS, text, buffers, (32, dv // 8, hv), group, {})
    buffers.append(np.zeros((hv, -(-STEPS // last), dv, dk), F32))
    text = instance("gated_delta_seq", KIND[t], *words)
    return Case(name, HEADERS, text, buffers, grid, group, {}, {}, {200: True})


RULES = [
    (
        rf"(seq_gated_delta|seq_gated_delta_vjp|gated_delta_fused_chunk)_{NAME}" + r"_(\d+)" * 5,
        case,
    ),
]
