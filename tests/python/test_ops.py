"""Every operation against float64 numpy, on random and ragged shapes.

Tolerances: results are float32 sums, so errors are counted in units of 2^-24 of the sum of
magnitudes that went in (Higham, "Accuracy and Stability of Numerical Algorithms", 3.1: n rounding
errors at worst, about sqrt(n) in practice; 16 covers the sizes here). A result or an input in f16
adds 2^-11 of its own magnitude; polynomials for exp, sin and cos a few units of 2^-22.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import foundry as fd
import quantised
from quantised import FORMATS
from rotation import turned
from values import rng

F64 = NDArray[np.float64]
EPS = 2.0**-24

SHAPES = [(1, 1), (1, 32), (32, 1), (3, 7), (33, 65), (64, 64), (100, 257), (576, 192)]
INTEGER_FORMATS = [
    name for name in FORMATS if name not in quantised.PLAIN
]  # whose codes a CPU multiplies as integers
BLOCK_SHAPES = {
    32: [(1, 32), (3, 64), (33, 96), (65, 576), (200, 1536)],
    64: [(1, 64), (3, 128), (33, 192), (65, 576)],
    256: [(1, 256), (3, 512), (65, 768), (200, 1536)],
}


def weights(
    rt: fd.Foundry, random: np.random.Generator, shape: tuple[int, int], name: str
) -> tuple[fd.Tensor, F64]:
    """Random weights in a format, and the values that they stand for."""
    values = random.standard_normal(shape).astype(np.float32)
    if name in quantised.PLAIN:
        tensor = rt.tensor(values, fd.DType[name], name="weights")
        return tensor, tensor.copy_to_host().astype(np.float64)
    packed = quantised.pack(values, name)
    tensor = rt.dedicated(shape, fd.DType[name], name="weights")
    tensor.copy_from(packed.reshape(-1))
    return tensor, quantised.unpack(packed, name).astype(np.float64)


def put(rt: fd.Foundry, values: Any, dtype: fd.DType = fd.f32) -> tuple[fd.Tensor, F64]:
    """A tensor, and its values after rounding to the dtype."""
    tensor = rt.tensor(values, dtype)
    return tensor, tensor.copy_to_host().astype(np.float64)


def input_rounding(w64: F64, x64: F64) -> F64:
    """What a product with integer codes may lose, per row: eight inputs at a time, four and those
    16 further on, become 16-bit multiples of a step, each but zero off by half a step
    (shaders/lib/gemv_input.metal)."""
    step = np.abs(x64).reshape(-1, 2, 4, 4).max(axis=(1, 3)) / 32767
    sizes = np.where(x64 == 0, 0, np.abs(w64)).reshape(len(w64), -1, 2, 4, 4)
    return np.einsum("rbhqi,bq->r", sizes, step / 2)


def lost(name: str, w64: F64, x64: F64) -> F64 | float:
    """That, where up to eight tokens meet a format with an integer form."""
    tokens = np.atleast_2d(x64)
    if len(tokens) > 8 or name not in INTEGER_FORMATS:
        return 0.0
    of_tokens = np.stack([input_rounding(w64, token) for token in tokens])
    return of_tokens if x64.ndim == 2 else of_tokens[0]


def check(
    result: fd.Tensor,
    expected: F64,
    magnitude: F64,
    units: float = 16,
    absolute: F64 | float = 0.0,
) -> None:
    """`magnitude`: the sum of magnitudes behind each element."""
    found = np.asarray(result).astype(np.float64)
    # Half of f16's last place: relative, and absolute below 2^-14.
    half = np.maximum(2.0**-11 * np.abs(expected), 2.0**-25)
    rounding = half if result.dtype == fd.f16 else 0.0
    bound = units * EPS * magnitude + rounding + absolute + 1e-30
    worst = np.max(np.abs(found - expected) / bound)
    assert worst <= 1, f"{worst:.2f} times the bound"


def shapes_of(name: str) -> list[tuple[int, int]]:
    return BLOCK_SHAPES.get(quantised.block_of(name)[0], SHAPES)


PRODUCTS = [(name, shape) for name in FORMATS for shape in shapes_of(name)]


@pytest.mark.parametrize(("name", "shape"), PRODUCTS)
def test_gemv(rt: fd.Foundry, name: str, shape: tuple[int, int]) -> None:
    random = rng("gemv", name, shape)
    w, w64 = weights(rt, random, shape, name)
    x, x64 = put(rt, random.standard_normal(shape[1]))
    y = rt.empty((shape[0],), fd.f32)
    rt.run(fd.ops.Gemv(weights=w, x=x, y=y))
    check(y, w64 @ x64, np.abs(w64) @ np.abs(x64), absolute=lost(name, w64, x64))


@pytest.mark.parametrize("name", ["q4_1", "q5_1", "q4_k", "q5_k"])
def test_what_inputs_lose_counts_with_the_weight_not_with_its_code(
    rt: fd.Foundry, name: str
) -> None:
    """One weight of 32 is the minimum, the others are near zero: the largest code above it."""
    random = rng("minimum", name)
    values = np.zeros((64, 512), np.float32)
    values[:, ::32] = -8
    packed = quantised.pack(values, name)
    w = rt.dedicated((64, 512), fd.DType[name], name="weights")
    w.copy_from(packed.reshape(-1))
    w64 = quantised.unpack(packed, name).astype(np.float64)
    x, x64 = put(rt, random.standard_normal(512) * (np.arange(512) % 32 != 0))
    y = rt.empty((64,), fd.f32)
    rt.run(fd.ops.Gemv(weights=w, x=x, y=y))
    # Codes are summed exactly; rounded are sums of eight, and minima: 8 times an input of any sign.
    check(y, w64 @ x64, np.full(64, 4 * np.abs(x64).sum()), 1, lost(name, w64, x64))


@pytest.mark.parametrize(("rows", "simdgroups"), [(1, 1), (2, 4), (4, 4), (8, 2)])
def test_gemv_in_every_configuration(rt: fd.Foundry, rows: int, simdgroups: int) -> None:
    random = rng("gemv configuration", rows, simdgroups)
    w, w64 = weights(rt, random, (37, 96), "q4_1")
    x, x64 = put(rt, random.standard_normal(96), fd.f16)
    y = rt.empty((37,), fd.f16)
    op = fd.ops.Gemv(weights=w, x=x, y=y, rows_per_simdgroup=rows, simdgroups=simdgroups)
    rt.run(op)
    check(y, w64 @ x64, np.abs(w64) @ np.abs(x64))


@pytest.mark.parametrize("tokens", [2, 31, 33])
@pytest.mark.parametrize(("name", "shape"), [(n, s) for n, s in PRODUCTS if s[0] not in (1, 32)])
def test_gemm(rt: fd.Foundry, name: str, shape: tuple[int, int], tokens: int) -> None:
    random = rng("gemm", name, shape, tokens)
    w, w64 = weights(rt, random, shape, name)
    x, x64 = put(rt, random.standard_normal((tokens, shape[1])))
    y = rt.empty((tokens, shape[0]), fd.f32)
    rt.run(fd.ops.Gemm(weights=w, x=x, y=y))
    check(y, x64 @ w64.T, np.abs(x64) @ np.abs(w64).T)


@pytest.mark.parametrize("name", quantised.DISTINCT)
@pytest.mark.parametrize("tokens", [1, 5])
def test_linear_with_everything_fused(rt: fd.Foundry, tokens: int, name: str) -> None:
    random = rng("linear", tokens, name)
    w, w64 = weights(rt, random, (70, 256), name)
    x, x64 = put(rt, random.standard_normal((tokens, 256)))
    gamma, gamma64 = put(rt, random.standard_normal(256))
    bias, bias64 = put(rt, random.standard_normal(70))
    factor, factor64 = put(rt, random.standard_normal((tokens, 70)))
    residual, residual64 = put(rt, random.standard_normal((tokens, 70)))
    norm = x64 / np.sqrt((x64**2).mean(axis=1, keepdims=True) + 1e-5) * gamma64
    z = norm @ w64.T + bias64
    expected = z / (1 + np.exp(-z)) * factor64 + residual64
    magnitude = (np.abs(norm) @ np.abs(w64).T + np.abs(bias64)) * 2 * np.abs(factor64) + np.abs(
        residual64
    )
    # Silu's slope stays below 1.1.
    absolute = 1.1 * np.abs(factor64) * lost(name, w64, norm)
    y = rt.empty((tokens, 70), fd.f32)
    stages = [fd.ops.Bias(bias), fd.ops.Silu(), fd.ops.Multiply(factor), fd.ops.Residual(residual)]
    rt.run(
        fd.ops.Linear(weights=w, x=x, y=y, prologue=fd.ops.RmsNorm(gamma, 1e-5), epilogue=stages)
    )
    check(y, expected, magnitude, absolute=absolute)

    # The same by the fusion builder, and unfused: norm, product, then the rest in numpy.
    built = fd.fuse("everything").prologue(fd.ops.RmsNorm(gamma, epsilon=1e-5))
    built = built.main(fd.ops.Linear(weights=w))
    for stage in stages:
        built = built.epilogue(stage)
    again = rt.empty((tokens, 70), fd.f32)
    rt.run(built.build(x=x, y=again))
    np.testing.assert_array_equal(np.asarray(again), np.asarray(y))
    normed, product = rt.empty((tokens, 256), fd.f32), rt.empty((tokens, 70), fd.f32)
    rt.run(fd.ops.RmsNorm(gamma, 1e-5, x=x, y=normed))
    rt.run(fd.ops.Linear(weights=w, x=normed, y=product))
    z32 = np.asarray(product).astype(np.float64) + bias64
    check(
        y, z32 / (1 + np.exp(-z32)) * factor64 + residual64, magnitude, units=32, absolute=absolute
    )


def test_the_generated_kernel_can_be_read(rt: fd.Foundry) -> None:
    w, _ = weights(rt, rng(0), (8, 32), "q4_1")
    x, y = rt.empty((32,), fd.f32), rt.empty((8,), fd.f32)
    kernel = fd.fuse("mlp_in").main(fd.ops.Gemv(weights=w)).epilogue(fd.ops.Silu()).build(x=x, y=y)
    source = kernel.source(rt.device)
    assert "kernel void mlp_in(" in source and "Q4_1" in source and "Silu" in source


@pytest.mark.parametrize(
    "names", [("q4_1", "q8_0", "f16"), ("q4_k", "q5_0", "q6_k"), ("q5_1", "bf16", "q5_k", "f32")]
)
@pytest.mark.parametrize("tokens", [1, 6])
def test_several_products_in_one_dispatch(
    rt: fd.Foundry, tokens: int, names: tuple[str, ...]
) -> None:
    random = rng("qkv", tokens, names)
    x, x64 = put(rt, random.standard_normal((tokens, 256)))
    kernel = fd.fuse("qkv")
    expected, outputs = [], []
    for name, rows in zip(names, (40, 24, 8, 70), strict=False):
        w, w64 = weights(rt, random, (rows, 256), name)
        kernel = kernel.main(fd.ops.Linear(weights=w))
        outputs.append(rt.empty((tokens, rows), fd.f32))
        expected.append((x64 @ w64.T, np.abs(x64) @ np.abs(w64).T, lost(name, w64, x64)))
    before = rt.statistics["dispatches"]
    rt.run(kernel.build(x=x, y=outputs))
    assert rt.statistics["dispatches"] == before + 1
    for output, (value, magnitude, absolute) in zip(outputs, expected, strict=True):
        check(output, value, magnitude, absolute=absolute)


@pytest.mark.parametrize("tokens", [1, 3, 40])
@pytest.mark.parametrize(
    ("activation", "names"),
    [
        ("silu", ("q4_1", "q8_0")),
        ("silu", ("q4_k", "q6_k")),
        ("silu", ("q5_1", "q5_k")),
        ("silu", ("bf16", "q4_0")),
        ("gelu", ("q5_0", "q4_k")),
    ],
)
def test_gated_linear(rt: fd.Foundry, tokens: int, activation: str, names: tuple[str, str]) -> None:
    random = rng("gated", tokens, activation, names)
    gate, gate64 = weights(rt, random, (50, 256), names[0])
    up, up64 = weights(rt, random, (50, 256), names[1])
    x, x64 = put(rt, random.standard_normal((tokens, 256)))
    y = rt.empty((tokens, 50), fd.f32)
    op = fd.ops.Silu() if activation == "silu" else fd.ops.Gelu()
    rt.run(fd.ops.GatedLinear(gate=gate, up=up, x=x, y=y, activation=op))
    g, u = x64 @ gate64.T, x64 @ up64.T
    g_size, u_size = np.abs(x64) @ np.abs(gate64).T, np.abs(x64) @ np.abs(up64).T
    if activation == "silu":
        activated = g / (1 + np.exp(-g))
    else:
        activated = 0.5 * g * (1 + np.tanh(np.sqrt(2 / np.pi) * (g + 0.044715 * g**3)))
    # The activations' slopes stay below 1.13.
    g_lost, u_lost = lost(names[0], gate64, x64), lost(names[1], up64, x64)
    check(
        y,
        activated * u,
        1.2 * (g_size * np.abs(u) + np.abs(activated) * u_size) + g_size * u_size,
        absolute=1.2 * (g_lost * np.abs(u) + np.abs(activated) * u_lost) + g_lost * u_lost,
    )


@pytest.mark.parametrize("shape", [(1, 1), (1, 576), (3, 33), (7, 1000)])
@pytest.mark.parametrize("scale", [1.0, 20_000.0])
def test_rms_norm(rt: fd.Foundry, shape: tuple[int, int], scale: float) -> None:
    random = rng("rms", shape, scale)
    x, x64 = put(rt, random.standard_normal(shape) * scale)
    gamma, gamma64 = put(rt, random.standard_normal(shape[1]))
    y = rt.empty(shape, fd.f32)
    rt.run(fd.ops.RmsNorm(weight=gamma, epsilon=1e-5, x=x, y=y))
    expected = x64 / np.sqrt((x64**2).mean(axis=1, keepdims=True) + 1e-5) * gamma64
    check(y, expected, np.abs(expected))


@pytest.mark.parametrize("interleaved", [True, False])
@pytest.mark.parametrize(
    ("tokens", "heads", "dim", "start"), [(1, 1, 2, 0), (3, 9, 64, 5), (2, 3, 80, 8000)]
)
def test_rope(
    rt: fd.Foundry, tokens: int, heads: int, dim: int, start: int, interleaved: bool
) -> None:
    x, x64 = put(rt, rng("rope", tokens, dim).standard_normal((tokens, heads, dim)))
    y = rt.empty((tokens, heads, dim), fd.f32)
    op = fd.ops.Rope(x=x, y=y, start=start, base=100_000.0, interleaved=interleaved)
    rt.run(op)
    check_rope(y, x64, start, 100_000.0, interleaved)


def check_rope(y: fd.Tensor, x: F64, start: int, base: float, interleaved: bool) -> None:
    expected = turned(x, start, base=base, interleaved=interleaved)
    # An angle of p radians carries an error of p * 2^-24 * a few, from its frequency's rounding.
    last = start + len(x)
    check(y, expected, np.full_like(x, np.abs(x).max()) * (last + 8), units=8)


@pytest.mark.parametrize(("tokens", "start"), [(1, 0), (1, 17), (5, 3)])
def test_rope_and_cache_write(rt: fd.Foundry, tokens: int, start: int) -> None:
    random = rng("rope kv", tokens, start)
    q, q64 = put(rt, random.standard_normal((tokens, 6, 64)))
    k, k64 = put(rt, random.standard_normal((tokens, 2, 64)))
    v, v64 = put(rt, random.standard_normal((tokens, 2, 64)))
    caches = [rt.tensor(np.full((24, 2, 64), 7, np.float16)) for _ in range(2)]
    rt.run(
        fd.ops.RopeKvWrite(
            q=q, k=k, v=v, k_cache=caches[0], v_cache=caches[1], start=start, base=10_000.0
        )
    )
    check_rope(q, q64, start, 10_000.0, True)
    written = np.asarray(caches[0])[start : start + tokens].astype(np.float64)
    # f16 keeps 2^-11; positions below 25 add less than 1e-5 through the angle.
    np.testing.assert_allclose(
        written, turned(k64, start, interleaved=True), rtol=2**-10, atol=1e-4
    )
    np.testing.assert_array_equal(
        np.asarray(caches[1])[start : start + tokens], v64.astype(np.float16)
    )
    for cache in caches:
        rest = np.delete(np.asarray(cache), range(start, start + tokens), axis=0)
        assert (rest == 7).all(), "nothing else of the cache is touched"


@pytest.mark.parametrize("form", ["decode", "prefill", "automatic"])
@pytest.mark.parametrize(
    ("tokens", "start", "heads", "kv_heads", "dim"),
    [(1, 0, 1, 1, 64), (1, 99, 9, 3, 64), (3, 40, 4, 4, 80), (33, 7, 6, 2, 64), (40, 0, 8, 1, 128)],
)
def test_attention(
    rt: fd.Foundry, form: str, tokens: int, start: int, heads: int, kv_heads: int, dim: int
) -> None:
    random = rng("attention", tokens, start, heads, dim)
    capacity = start + tokens + 5
    q, q64 = put(rt, random.standard_normal((tokens, heads, dim)))
    k, k64 = put(rt, random.standard_normal((capacity, kv_heads, dim)), fd.f16)
    v, v64 = put(rt, random.standard_normal((capacity, kv_heads, dim)), fd.f16)
    y = rt.empty((tokens, heads, dim), fd.f32)
    rt.run(
        fd.ops.Attention(
            q=q, k_cache=k, v_cache=v, y=y, start=start, form=fd.ops.AttentionForm[form]
        )
    )
    group = heads // kv_heads
    keys, values = np.repeat(k64, group, axis=1), np.repeat(v64, group, axis=1)
    scores = np.einsum("thd,chd->htc", q64, keys) / np.sqrt(dim)
    allowed = np.arange(capacity)[None, :] <= start + np.arange(tokens)[:, None]
    scores = np.where(allowed, scores, -np.inf)
    weight = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weight /= weight.sum(axis=-1, keepdims=True)
    expected = np.einsum("htc,chd->thd", weight, values)
    # An error in a score, of |q||k| / sqrt(dim) * 2^-24 * a few, is a relative error of a weight.
    magnitude = np.einsum("htc,chd->thd", weight, np.abs(values)) * (4 + np.abs(q64).max() * 8)
    check(y, expected, magnitude, units=64)


@pytest.mark.parametrize("size", [1, 31, 33, 1000])
@pytest.mark.parametrize("dtype", ["f32", "f16"])
def test_elementwise(rt: fd.Foundry, size: int, dtype: str) -> None:
    random = rng("elementwise", size, dtype)
    a, a64 = put(rt, random.standard_normal(size), fd.DType[dtype])
    b, b64 = put(rt, random.standard_normal(size), fd.DType[dtype])
    y = rt.empty((size,), fd.DType[dtype])
    for op, expected in [
        (fd.ops.Add(a=a, b=b, y=y), a64 + b64),
        (fd.ops.Multiply(a=a, b=b, y=y), a64 * b64),
        (fd.ops.SwiGlu(gate=a, up=b, y=y), a64 / (1 + np.exp(-a64)) * b64),
        (fd.ops.Copy(x=a, y=y), a64),
        (fd.ops.Fill(y=y, value=0.5), np.full(size, 0.5)),
    ]:
        rt.run(op)
        check(y, expected, np.abs(expected) + np.abs(a64 * b64))


def test_copy_converts(rt: fd.Foundry) -> None:
    values = rng("copy").standard_normal(100) * 100
    x, _ = put(rt, values)
    for dtype in (fd.f16, fd.bf16):
        y = rt.empty((100,), dtype)
        rt.run(fd.ops.Copy(x=x, y=y))
        np.testing.assert_array_equal(
            np.asarray(y), rt.tensor(values.astype(np.float32), dtype).copy_to_host()
        )


@pytest.mark.parametrize("name", FORMATS)
def test_embedding(rt: fd.Foundry, name: str) -> None:
    table, table64 = weights(rt, rng("embedding", name), (50, 256), name)
    ids = np.array([0, 49, 7, 7, 13], np.int32)
    y = rt.empty((5, 256), fd.f32)
    rt.run(fd.ops.Embedding(table=table, ids=rt.tensor(ids), y=y))
    # One multiplication and one addition.
    check(y, table64[ids], np.abs(table64[ids]) + 1, units=4)
    rt.run(fd.ops.Embedding(table=table, ids=rt.tensor(np.array([0, 50, -1, 1, 2], np.int32)), y=y))
    found = np.asarray(y)
    assert np.isnan(found[1:3]).all() and not np.isnan(found[[0, 3, 4]]).any()


@pytest.mark.parametrize("dtype", [fd.f32, fd.f16, fd.bf16])
def test_embedding_with_positions(rt: fd.Foundry, dtype: fd.DType) -> None:
    random = rng("embedding with positions", dtype.name)
    table, table64 = put(rt, random.standard_normal((50, 33)).astype(np.float32))
    positions = rt.tensor(random.standard_normal((9, 33)).astype(np.float32), dtype)
    positions64 = positions.copy_to_host().astype(np.float64)
    ids = np.array([0, 49, 7, 7], np.int32)
    y = rt.empty((4, 33), fd.f32)
    embedding = fd.ops.Embedding(
        table=table, ids=rt.tensor(ids), y=y, scale=3.5, positions=positions, start=5
    )
    rt.run(embedding)
    scaled = 3.5 * table64[ids]
    check(y, scaled + positions64[5:9], np.abs(scaled) + np.abs(positions64[5:9]), units=2)
    offset, offset64 = put(rt, random.standard_normal(33).astype(np.float32))
    rt.run(
        fd.ops.Embedding(
            table=table,
            ids=rt.tensor(ids),
            y=y,
            scale=3.5,
            positions=positions,
            start=5,
            offset=offset,
        )
    )
    terms = (scaled, positions64[5:9], np.broadcast_to(offset64, scaled.shape))
    check(y, np.sum(terms, axis=0), np.sum(np.abs(terms), axis=0), units=3)
    rt.run(fd.ops.Embedding(table=table, ids=rt.tensor(ids), y=y, scale=3.5))
    check(y, scaled, np.abs(scaled), units=1)
    embedding.start = 6
    with pytest.raises(fd.ShapeError, match="positions 6 to 9, the table of positions has 9"):
        rt.run(embedding)
    narrow = rt.empty((9, 32), fd.f32)
    with pytest.raises(fd.ShapeError, match=r"positions is \(9, 32\), not \(positions, 33\)"):
        rt.run(fd.ops.Embedding(table=table, ids=rt.tensor(ids), y=y, positions=narrow))


@pytest.mark.parametrize("shape", [(1, 1), (1, 33), (3, 1000), (2, 49152)])
def test_argmax(rt: fd.Foundry, shape: tuple[int, int]) -> None:
    values = rng("argmax", shape).standard_normal(shape).astype(np.float32)
    values[:, -1] = values[:, 0]
    y = rt.empty((shape[0],), fd.i32)
    rt.run(fd.ops.Argmax(x=rt.tensor(values), y=y))
    np.testing.assert_array_equal(np.asarray(y), values.argmax(axis=1))


# --- sampling ------------------------------------------------------------------------------------


def draw(rt: fd.Foundry, logits: NDArray[np.float32], draws: int, **settings: Any) -> NDArray[Any]:
    """Frequencies of each token over so many draws."""
    tensor, scratch = rt.tensor(logits), rt.empty(logits.shape, fd.f32)
    tokens = rt.empty((draws,), fd.i32)
    for step in range(draws):
        rt.run(
            fd.ops.Sample(
                logits=tensor, scratch=scratch, token=tokens[step : step + 1], step=step, **settings
            )
        )
    return np.bincount(np.asarray(tokens), minlength=len(logits)) / draws


def softmax(logits: F64) -> F64:
    weight = np.exp(logits - logits.max())
    return weight / weight.sum()


def test_draws_follow_the_distribution(rt: fd.Foundry) -> None:
    logits = np.array([1.0, 2.0, 0.0, -1.0, 1.5], np.float32)
    found = draw(rt, logits, 2000, temperature=0.8, seed=11)
    # Five standard deviations of a frequency over 2000 draws: 0.056 at most.
    np.testing.assert_allclose(found, softmax(logits.astype(np.float64) / 0.8), atol=0.056)


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({"top_k": 1}, {1}),
        ({"top_k": 2}, {1, 4}),
        # Probabilities: 0.183, 0.498, 0.067, 0.025, 0.302 (rounded; token 3 is the last).
        ({"top_p": 0.4}, {1}),
        ({"top_p": 0.7}, {1, 4}),
        ({"min_p": 0.5}, {1, 4}),
        ({"min_p": 0.3}, {0, 1, 4}),
        ({"top_k": 3, "top_p": 0.99, "min_p": 0.5}, {1, 4}),
        ({"temperature": 0.0}, {1}),
    ],
)
def test_filters_keep_what_they_say(
    rt: fd.Foundry, settings: dict[str, Any], kept: set[int]
) -> None:
    logits = np.array([1.0, 2.0, 0.0, -1.0, 1.5], np.float32)
    found = draw(rt, logits, 200, seed=5, **settings)
    assert set(np.flatnonzero(found)) == kept


def test_penalties(rt: fd.Foundry) -> None:
    logits = np.array([2.0, 1.9, -1.0, 1.0], np.float32)
    counts = np.array([3, 0, 1, 0], np.uint32)
    cases = [
        # Greedy after the penalties: positive logits are divided, negative ones multiplied.
        ({}, 0),
        ({"repetition_penalty": 1.2}, 1),
        ({"frequency_penalty": 0.04}, 1),
        ({"frequency_penalty": 0.03}, 0),
        ({"presence_penalty": 0.11}, 1),
    ]
    for settings, expected in cases:
        token = rt.empty((1,), fd.i32)
        counted = rt.tensor(counts)
        rt.run(
            fd.ops.Sample(
                logits=rt.tensor(logits),
                scratch=rt.empty((4,), fd.f32),
                token=token,
                counts=counted,
                temperature=0.0,
                **settings,  # type: ignore[arg-type]
            )
        )
        assert np.asarray(token)[0] == expected, settings
        assert np.asarray(counted)[expected] == counts[expected] + 1


def test_count_tokens(rt: fd.Foundry) -> None:
    counts = rt.tensor(np.zeros(10, np.uint32))
    rt.run(fd.ops.CountTokens(ids=rt.tensor(np.array([1, 9, 1, 50], np.int32)), counts=counts))
    assert np.asarray(counts).tolist() == [0, 2, 0, 0, 0, 0, 0, 0, 0, 1]
