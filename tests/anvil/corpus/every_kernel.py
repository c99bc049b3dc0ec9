"""Runs every operation, and every product with every policy, once on tiny tensors.

Nothing is checked here: test_shaders.py runs this program with ANVIL_CAPTURE and compares what it
dispatched.
"""

import re
import sys
from pathlib import Path
from typing import Any

import numpy as np

import foundry as fd
from foundry import ops
from foundry._foundry import weight_formats
from foundry.convert.block_encoder import K_BLOCK, K_BLOCKS, SMALL_BLOCKS, BlockEncoder

sys.path.insert(0, str(Path(__file__).parents[2] / "python"))
from every_operation import CASES

COLUMNS = 288  # a step of 256 and a remainder; quantised rows are whole blocks
BIG_COLUMNS = 512  # of formats with larger blocks than 32
ROWS, TOKENS = 5, 3
HEADS, KV_HEADS, HEAD_DIM = 4, 2, 64
GROUPED = (ops.LinearForm.gemm, ops.LinearForm.gemm_lanes, ops.LinearForm.gemm_matrices)

# What the formats of lib/fours.metal have of their own, their codes and scales, is in two kernels;
# the others are those of one of them.
FOURS = {
    fd.DType[path.stem]
    for path in (Path(__file__).parents[3] / "shaders/policies").glob("*.metal")
    if '"lib/fours.metal"' in path.read_text() and path.stem != "q2_k"
}

rt = fd.Foundry()
rng = np.random.default_rng(0)


def floats(*shape: int, dtype: fd.DType = fd.f32) -> fd.Tensor:
    return rt.tensor(rng.standard_normal(shape).astype(np.float32), dtype)


def weights(dtype: fd.DType, rows: int, columns: int) -> fd.Tensor:
    tensor = rt.dedicated((rows, columns), dtype)
    if dtype in (fd.f32, fd.f16, fd.bf16):
        tensor.copy_from(rng.standard_normal((rows, columns)).astype(np.float32))
        return tensor
    # Any bytes are codes; as halves, bytes without bit 6 stay below 2.
    blocks = rng.integers(0, 256, tensor.nbytes, dtype=np.uint8) & 0xBF
    tensor.copy_from(blocks.reshape(rows, -1, dtype.block_bytes))
    return tensor


def products(dtype: fd.DType) -> None:
    columns = BIG_COLUMNS if dtype.block_elements > 32 else COLUMNS
    w, x = weights(dtype, ROWS, columns), floats(columns)
    rt.run(ops.Linear(weights=w, x=x, y=rt.empty((ROWS,), fd.f32)))
    ids = rt.tensor(np.array([4, 0, 2], np.int32))
    rt.run(ops.Embedding(table=w, ids=ids, y=rt.empty((TOKENS, columns), fd.f32)))
    if dtype in FOURS:
        return
    norm = ops.RmsNorm(weight=floats(columns))
    rt.run(ops.Linear(weights=w, x=x, y=rt.empty((ROWS,), fd.f32), prologue=norm))
    # The interpreter takes seconds for a product of matrices: fewer columns.
    inner = 256 if columns == BIG_COLUMNS else 96
    small, many = weights(dtype, ROWS, inner), floats(TOKENS, inner)
    for form in (ops.LinearForm.gemm_lanes, ops.LinearForm.gemm_matrices):
        rt.run(ops.Gemm(weights=small, x=many, y=rt.empty((TOKENS, ROWS), fd.f32), form=form))
    if dtype in (fd.q4_1, fd.bf16):  # by tiles with and without low halves; others decode alike
        planes = rt.empty((ops.linear_scratch(TOKENS, inner),), fd.bf16)
        y, form = rt.empty((TOKENS, ROWS), fd.f32), ops.LinearForm.gemm_tiles
        rt.run(ops.Gemm(weights=small, x=many, y=y, form=form, scratch=planes))
    rt.run(ops.GatedLinear(gate=w, up=w, x=x, y=rt.empty((ROWS,), fd.f32)))
    rt.run(ops.GemvColumns(weights=w, x=floats(ROWS), y=rt.empty((columns,), fd.f32)))
    tiles = rt.empty((1, columns, 32), fd.f16)
    rt.run(ops.TileWeights(weights=w, y=tiles))
    rt.run(ops.GemvTiled(weights=tiles, x=x, y=rt.empty((ROWS,), fd.f32)))


def epilogues() -> None:
    w, x, y = weights(fd.f16, ROWS, COLUMNS), floats(COLUMNS), floats(ROWS)
    stages = [ops.Bias(floats(ROWS)), ops.Silu(), ops.Gelu(), ops.Multiply(floats(ROWS))]
    rt.run(ops.Linear(weights=w, x=x, y=y, epilogue=[*stages, ops.Residual(floats(ROWS))]))
    activations = [ops.GeluErf(), ops.GeluQuick(), ops.Sigmoid(), ops.Relu(), ops.ReluSquared()]
    others = [*activations, ops.Xielu(), ops.Scale(0.5), ops.TokenScale(floats(1)), ops.SoftCap(30)]
    rt.run(ops.Linear(weights=w, x=x, y=y, epilogue=others))
    gains = floats(COLUMNS)
    stored = rt.empty((COLUMNS,), fd.f32)
    for norm in (
        ops.LayerNorm(weight=gains, bias=floats(COLUMNS)),
        ops.SandwichNorm(floats(COLUMNS), gains, gains, stored),
    ):
        rt.run(ops.Linear(weights=w, x=x, y=y, prologue=norm))


def attention() -> None:
    def cache() -> fd.Tensor:
        return floats(300, KV_HEADS, HEAD_DIM, dtype=fd.f16)

    keys, values = cache(), cache()
    for tokens, start in ((1, 40), (1, 290), (9, 3)):  # the last by the form of prompts
        q = floats(tokens, HEADS, HEAD_DIM)
        k, v = floats(tokens, KV_HEADS, HEAD_DIM), floats(tokens, KV_HEADS, HEAD_DIM)
        y = rt.empty((tokens, HEADS, HEAD_DIM), fd.f32)
        rt.run(ops.RopeKvWrite(q=q, k=k, v=v, k_cache=keys, v_cache=values, start=start))
        rt.run(ops.KvWrite(k=k, v=v, k_cache=keys, v_cache=values, start=start))
        rt.run(ops.Rope(x=q, y=q, start=start, interleaved=False))
        rt.run(ops.Attention(q=q, k_cache=keys, v_cache=values, y=y, start=start, window=20))
        mask = floats(tokens, start + tokens)
        rt.run(ops.Attention(q=q, k_cache=keys, v_cache=values, y=y, start=start, mask=mask))
    scratch = rt.empty((ops.attention_scratch(HEADS, 1, HEAD_DIM, 4),), fd.f32)
    rt.run(
        ops.Attention(
            q=floats(1, HEADS, HEAD_DIM),
            k_cache=keys,
            v_cache=values,
            y=rt.empty((1, HEADS, HEAD_DIM), fd.f32),
            start=290,
            scratch=scratch,
            splits=4,
        )
    )
    rt.run(ops.KvRearrange(x=floats(6, KV_HEADS, 32), y=rt.empty((KV_HEADS, 6, 32), fd.f32)))
    rt.run(ops.RepeatKv(x=floats(6, KV_HEADS, 32), y=rt.empty((6, HEADS, 32), fd.f32)))
    rt.run(
        ops.LatentWrite(
            q=floats(2, 3, 12),
            kv=floats(2, 20),
            norm=floats(16),
            y=floats(2, 3, 4),
            cache=floats(8, 1, 20, dtype=fd.f16),
            start=2,
        )
    )
    gains = floats(HEAD_DIM)
    q, k, v = (floats(2, count, HEAD_DIM) for count in (HEADS, KV_HEADS, KV_HEADS))
    rt.run(ops.RopeKvWrite(q, k, v, keys, values, start=2, query_norm=gains, key_norm=gains))
    every = floats(HEADS * HEAD_DIM), floats(KV_HEADS * HEAD_DIM)
    for query_norm, key_norm, kind in (
        (None, None, ops.QkNorm.head),
        (gains, gains, ops.QkNorm.head),
        (*every, ops.QkNorm.head_layer),
    ):
        rt.run(
            ops.QkvLinear(
                query=weights(fd.q4_1, HEADS * HEAD_DIM, COLUMNS),
                key=weights(fd.q8_0, KV_HEADS * HEAD_DIM, COLUMNS),
                value=weights(fd.bf16, KV_HEADS * HEAD_DIM, COLUMNS),
                x=floats(COLUMNS),
                q=rt.empty((1, HEADS, HEAD_DIM), fd.f32),
                k_cache=keys,
                v_cache=values,
                start=7,
                prologue=ops.RmsNorm(weight=floats(COLUMNS)),
                query_norm=query_norm,
                key_norm=key_norm,
                norm=kind,
            )
        )


def caches_in_blocks() -> None:
    for dtype in (fd.q8_0, fd.q4_0):
        keys, values = (rt.dedicated((40, KV_HEADS, HEAD_DIM), dtype) for _ in range(2))
        for tokens, start in ((1, 30), (9, 3)):  # the last by the form of prompts
            q = floats(tokens, HEADS, HEAD_DIM)
            k, v = floats(tokens, KV_HEADS, HEAD_DIM), floats(tokens, KV_HEADS, HEAD_DIM)
            y = rt.empty((tokens, HEADS, HEAD_DIM), fd.f32)
            every: dict[str, Any] = {"k": k, "v": v, "k_cache": keys, "v_cache": values}
            for begin in range(0, start, tokens):
                rt.run(ops.KvWrite(**every, start=begin))
            rt.run(ops.RopeKvWrite(q=q, **every, start=start))
            rt.run(ops.Attention(q=q, k_cache=keys, v_cache=values, y=y, start=start))
        rt.run(ops.Copy(x=keys, y=values))
    rt.run(
        ops.QkvLinear(
            query=weights(fd.q8_0, HEADS * HEAD_DIM, COLUMNS),
            key=weights(fd.q8_0, KV_HEADS * HEAD_DIM, COLUMNS),
            value=weights(fd.q8_0, KV_HEADS * HEAD_DIM, COLUMNS),
            x=floats(COLUMNS),
            q=rt.empty((1, HEADS, HEAD_DIM), fd.f32),
            k_cache=keys,
            v_cache=values,
        )
    )


def experts() -> None:
    count, inner, used = 3, 64, 2
    x, logits = floats(TOKENS, inner), floats(TOKENS, count)
    ids, shares = rt.empty((TOKENS, used), fd.i32), rt.empty((TOKENS, used), fd.f32)
    rt.run(ops.ChooseExperts(logits, ids, shares, gating=ops.ExpertGating.sigmoid))
    ids = rt.tensor(np.array([[1, 0], [2, 1], [0, count]], np.int32))  # the last is no expert
    groups = rt.empty((ops.expert_groups(TOKENS, used, count),), fd.u32)
    rt.run(ops.GroupExperts(ids, groups))
    w, bias = floats(count, ROWS, inner, dtype=fd.f16), floats(count, ROWS)
    results, sums = rt.empty((TOKENS * used, ROWS), fd.f32), floats(TOKENS, ROWS)
    gating, norm = ops.ClampedSwiGlu(), ops.RmsNorm(weight=floats(inner))
    forms: list[dict[str, Any]] = [{"groups": groups, "form": form} for form in GROUPED]
    for form in ({}, *forms):
        rt.run(
            ops.ExpertGatedLinear(
                w, w, ids, x, results, activation=gating, gate_bias=bias, prologue=norm, **form
            )
        )
        scratch = rt.empty((TOKENS * used, ROWS), fd.f32) if form else None
        sum_of_all: dict[str, Any] = {
            "shares": shares,
            "scratch": scratch,
            "epilogue": ops.Residual(sums),
        }
        rt.run(ops.ExpertLinear(w, ids, x, sums, bias=bias, **sum_of_all, **form))


def rows_and_elements() -> None:
    x, weight = floats(3, 70), floats(70)
    y, half = rt.empty((3, 70), fd.f32), rt.empty((3, 70), fd.f16)
    rt.run(ops.RmsNorm(weight=weight, x=x, y=y))
    rt.run(ops.LayerNorm(x=x, y=y, weight=weight, bias=weight))
    rt.run(ops.Softmax(x=x, y=half, mask=weight, scale=0.5))
    for elementwise in (ops.Add, ops.Multiply):
        rt.run(elementwise(a=x, b=x, y=half))
    for gated in (ops.SwiGlu, ops.GeGlu):
        rt.run(gated(gate=x, up=x, y=y))
    rt.run(ops.Copy(x=x, y=half))
    rt.run(ops.Copy(x=x.transpose(), y=rt.empty((70, 3), fd.bf16)))
    rt.run(ops.Fill(y=y, value=2.0))
    rt.run(ops.Arange(y=y, start=1.0, step=0.5))
    rt.run(ops.RandomUniform(y=y, seed=3))
    rt.run(ops.RandomNormal(y=half, seed=3))


def choosing_tokens() -> None:
    logits, token = floats(100), rt.tensor(np.zeros(1, np.int32))
    scratch, counts = rt.empty((100,), fd.f32), rt.tensor(np.zeros(100, np.uint32))
    rt.run(ops.Argmax(x=logits.reshape(1, 100), y=token))
    ids = rt.tensor(np.array([3, 3, 9], np.int32))
    rt.run(ops.CountTokens(ids=ids, counts=counts))
    rt.run(
        ops.Sample(
            logits=logits,
            scratch=scratch,
            token=token,
            counts=counts,
            repetition_penalty=1.2,
            top_k=20,
            top_p=0.9,
            min_p=0.01,
            temperature=0.8,
            seed=5,
        )
    )
    ring = rt.tensor(np.array([3, 9, 5, 3, 9, 2, 3, 9], np.int32))
    every = rt.tensor(np.full(4, 0xFFFFFFFF, np.uint32))
    one = rt.tensor(np.array([4, 0, 0, 0], np.uint32))
    rt.run(
        ops.Sample(
            logits, scratch, token, bias=floats(100), mask=every, recent=ring, breakers=one,
            dry_multiplier=0.8, dry_last_n=8, top_n_sigma=2, typical_p=0.9, xtc_probability=1,
            xtc_threshold=0.05, temperature=0.8, dynatemp_range=0.5, seed=5, step=8,
        )
    )  # fmt: skip
    rt.run(ops.Sample(logits, scratch, token, mu=rt.tensor(np.full(2, 4, np.float32)), seed=5))
    rt.run(ops.AppendToken(token=token, ring=ring, counts=counts, position=2, window=4))
    chosen, values = rt.empty((1,), fd.f32), rt.empty((1, 5), fd.f32)
    rt.run(ops.LogProbabilities(logits, token, chosen, rt.empty((1, 5), fd.i32), values))


def encoders() -> None:
    encoder = BlockEncoder(rt)
    for format in (*SMALL_BLOCKS, *K_BLOCKS):
        encoder.encode("weights", floats(1, K_BLOCK), format)


for format in weight_formats():
    products(format)
encoders()
epilogues()
attention()
caches_in_blocks()
experts()
rows_and_elements()
choosing_tokens()
# What has no larger dispatch above.
text = Path(__file__).read_text()
for name, case in CASES.items():
    if case.writes and not re.search(rf"ops\.{name}\b", text):
        rt.run(case.operation(rt))
rt.synchronize()
