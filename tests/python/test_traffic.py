"""What operations state about themselves: dispatches of a layer, and bytes of a token."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import foundry as fd
from every_operation import CASES
from foundry._foundry import describe_operations


def put(rt: fd.Foundry, *shape: int, dtype: fd.DType = fd.f32) -> fd.Tensor:
    return rt.tensor(np.random.default_rng(len(shape)).standard_normal(shape), dtype)


@pytest.mark.parametrize("qwen", [None, "biases", "norms"], ids=["llama", "qwen2", "qwen3"])
def test_a_layer_takes_five_dispatches(rt: fd.Foundry, qwen: str | None) -> None:
    hidden, inner, heads, kv_heads, dim = 64, 96, 4, 2, 32
    x, norm = put(rt, hidden), put(rt, hidden)
    q, mixed = rt.empty((1, heads, dim), fd.f32), rt.empty((heads * dim,), fd.f32)
    keys, values = put(rt, 8, kv_heads, dim, dtype=fd.f16), put(rt, 8, kv_heads, dim, dtype=fd.f16)
    up = rt.empty((inner,), fd.f32)
    # Mixed formats, as files have them, stay fused.
    qkv = fd.ops.QkvLinear(
        query=put(rt, heads * dim, hidden, dtype=fd.f16),
        key=put(rt, kv_heads * dim, hidden, dtype=fd.bf16),
        value=put(rt, kv_heads * dim, hidden),
        x=x,
        q=q,
        k_cache=keys,
        v_cache=values,
        start=7,
        interleaved=qwen is None,
        prologue=fd.ops.RmsNorm(weight=norm),
        query_bias=put(rt, heads * dim) if qwen == "biases" else None,
        key_bias=put(rt, kv_heads * dim) if qwen == "biases" else None,
        value_bias=put(rt, kv_heads * dim) if qwen == "biases" else None,
        query_norm=put(rt, dim) if qwen == "norms" else None,
        key_norm=put(rt, dim) if qwen == "norms" else None,
    )
    layer: list[fd.ops.Operation] = [
        qkv,
        fd.ops.Attention(q=q, k_cache=keys, v_cache=values, y=mixed, start=7),
        fd.ops.Linear(
            weights=put(rt, hidden, heads * dim), x=mixed, y=x, epilogue=fd.ops.Residual(x)
        ),
        fd.ops.GatedLinear(
            gate=put(rt, inner, hidden, dtype=fd.f16),
            up=put(rt, inner, hidden),
            x=x,
            y=up,
            prologue=fd.ops.RmsNorm(weight=norm),
        ),
        fd.ops.Linear(weights=put(rt, hidden, inner), x=up, y=x, epilogue=fd.ops.Residual(x)),
    ]
    before = rt.statistics["dispatches"]
    for operation in layer:
        rt.run(operation)
    assert rt.statistics["dispatches"] - before == 5
    assert np.isfinite(np.asarray(x)).all()


def test_every_operation_states_its_traffic(rt: fd.Foundry) -> None:
    for name, described in describe_operations().items():
        operation = CASES[name].operation(rt)
        if described["runs"]:
            traffic = operation.traffic
            assert (traffic.reads, traffic.writes) == CASES[name].traffic(), name
            continue
        with pytest.raises(
            fd.ArgumentError, match=f"{name} is a stage: the fused kernel states its traffic"
        ):
            _ = operation.traffic
    x, y = rt.empty((1000,), fd.f16), rt.empty((1000,), fd.f32)
    assert fd.ops.Copy(x=x, y=y).traffic == fd.ops.Copy(x=x, y=y).traffic
    assert fd.ops.Copy(x=x, y=y).traffic.total == 2000 + 4000
    product = fd.ops.Gemv(weights=put(rt, 8, 1000), x=x, y=rt.empty((8,), fd.f32))
    assert product.traffic.total == 8 * 1000 * 4 + 2000 + 8 * 4


def test_attention_counts_the_positions_that_it_sees(rt: fd.Foundry) -> None:
    q = rt.empty((1, 4, 32), fd.f32)
    cache = rt.empty((100, 2, 32), fd.f16)

    def reads(start: int, window: int) -> int:
        operation = fd.ops.Attention(q, cache, cache, q, start=start, window=window)
        return int(operation.traffic.reads) - 4 * 32 * 4

    position = 2 * 2 * 32 * 2  # K and V, two heads, in f16
    assert reads(0, 0) == position
    assert reads(59, 0) == 60 * position
    assert reads(59, 16) == 16 * position
    assert reads(5, 16) == 6 * position


@pytest.mark.parametrize("position", [0, 200])
def test_a_token_moves_weights_cache_and_activations(
    model: fd.models.LanguageModel, model_path: Path, position: int
) -> None:
    """The bytes stated for a token of SmolLM2, against the file's own figures."""
    config = model.config
    tensors = fd.Gguf(model_path).tensors
    # The embedding is the output matrix too, and read once as such; of the table, one row.
    weights = sum(tensor.nbytes for tensor in tensors.values())
    layer = config.of_layers[0]
    kv = layer.key_columns * 2  # bytes of one position of K or of V, f16
    cache = config.layers * 2 * kv * (position + 2)  # up to the position read, one written
    # f32: each is written by one kernel and read by the next; x also as a residual.
    vectors = 5 * config.hidden + 4 * layer.query_columns + 2 * layer.feed_forward
    activations = 4 * (config.layers * vectors + len(model.tokenizer))

    stated = 0
    for operation in model.engine.forward.step(1).operations:
        if hasattr(operation, "start"):
            operation.start = position
        stated += operation.traffic.total
    assert stated == pytest.approx(weights + cache + activations, rel=0.05)


def test_a_token_of_the_model_takes_five_dispatches_a_layer(model: fd.models.LanguageModel) -> None:
    generation = model.generate("The capital of France is", raw=True, max_tokens=4, ignore_end=True)
    for _ in generation:
        pass
    # Beside the layers: the embedding, the output product, the choice of the token, and its way to
    # the next step's input and to the host (AppendToken).
    assert generation.statistics.dispatches_per_token <= 5 * model.config.layers + 4


def test_kernels_of_ones_own_count_their_tensors(rt: fd.Foundry) -> None:
    @fd.kernel(dispatch=fd.per_element("y"))
    def axpy(x: fd.In[fd.f16], y: fd.InOut[fd.f16], a: fd.f32) -> None:
        """
        if (gid < y_size) y[gid] = half(a * float(x[gid]) + float(y[gid]));
        """

    x: NDArray[np.float16] = np.ones(100, np.float16)
    call = axpy(x=rt.tensor(x), y=rt.tensor(x), a=2.0)
    assert repr(call.traffic) == "Traffic(reads=400, writes=200)"
