"""Every policy: bit-exact dequantisation, and products, against the `gguf` package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import foundry as fd
import quantised
from foundry._foundry import numpy_dtype
from quantised import FORMATS
from test_ops import INTEGER_FORMATS, put
from values import rng


def dequantised(rt: fd.Foundry, blocks: quantised.Bytes, name: str) -> quantised.F32:
    """Each block's values as a kernel reads them, by Policy::value: rows of an embedding table."""
    count, columns = len(blocks), quantised.block_of(name)[0]
    table = rt.dedicated((count, columns), fd.DType[name])
    table.copy_from(blocks.view(numpy_dtype(table.dtype)))
    y = rt.empty((count, columns), fd.f32)
    ids = rt.tensor(np.arange(count, dtype=np.int32))
    rt.run(fd.ops.Embedding(table=table, ids=ids, y=y))
    return y.copy_to_host()


@pytest.mark.parametrize("name", FORMATS)
def test_dequantisation_is_exact(rt: fd.Foundry, name: str) -> None:
    blocks = quantised.adversarial(name, rng("adversarial", name))
    found = dequantised(rt, blocks, name)
    with np.errstate(invalid="ignore", over="ignore"):  # infinity times zero, on purpose
        expected = quantised.unpack(blocks, name)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    # Equal numbers have equal bits, but for the sign of zero, which fast math leaves open.
    np.testing.assert_array_equal(found, expected)


def test_codebooks_are_those_of_the_package() -> None:
    script = Path(__file__).parents[2] / "shaders/codebooks.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["q4_k", "q5_k", "q6_k"])
def test_the_k_quantisers_of_these_tests_are_close(name: str) -> None:
    """Half a step of the block's coarsest run, and what the rounded scales add."""
    values = rng("k", name).standard_normal((16, 512)).astype(np.float32)
    error = np.abs(quantised.unpack(quantised.pack(values, name), name) - values)
    levels = {"q4_k": 15, "q5_k": 31, "q6_k": 63}[name]
    assert error.max() <= 2 * np.abs(values).max() / levels


@pytest.mark.parametrize("name", FORMATS)
def test_a_product_with_a_unit_vector_is_a_column(rt: fd.Foundry, name: str) -> None:
    """Exact: one product is not zero, and a code times a scale fits f32. Where a CPU makes inputs
    16-bit multiples of a step, 1 is that of 32767 steps, rounded."""
    random = rng("unit", name)
    values = random.standard_normal((5, 512)).astype(np.float32)
    packed = quantised.pack(values, name)
    expected = quantised.unpack(packed, name)
    w = rt.dedicated((5, 512), fd.DType[name])
    w.copy_from(expected if name in quantised.PLAIN else packed.reshape(-1))
    for column in [0, 1, 15, 16, 31, 32, 100, 255, 256, 511]:
        x = np.zeros(512, np.float32)
        x[column] = 1
        y = rt.empty((5,), fd.f32)
        rt.run(fd.ops.Gemv(weights=w, x=rt.tensor(x), y=y))
        error = 2.0**-19 if name in INTEGER_FORMATS else 0.0  # of values up to 8
        np.testing.assert_allclose(np.asarray(y), expected[:, column], rtol=error, atol=error)
        two = rt.empty((2, 5), fd.f32)
        rt.run(fd.ops.Gemm(weights=w, x=rt.tensor(np.stack([0 * x, x])), y=two))
        np.testing.assert_array_equal(np.asarray(two)[1], expected[:, column])


@pytest.mark.parametrize("byte", [0x00, 0x7F, 0x80, 0xFF])
@pytest.mark.parametrize("name", FORMATS[3:])
def test_the_largest_sums_of_codes_fit(rt: fd.Foundry, name: str, byte: int) -> None:
    """Equal codes and equal inputs: every partial sum has the sign of the whole."""
    count, size = quantised.block_of(name)
    blocks = np.full((3, 512 // count, size), byte, np.uint8)
    quantised.set_scales(blocks.reshape(-1, size), name, 1)
    expected = quantised.unpack(blocks.reshape(3, -1), name).astype(np.float64)
    w = rt.dedicated((3, 512), fd.DType[name])
    w.copy_from(blocks)
    y = rt.empty((3,), fd.f32)
    for value in (1.0, -1.0):
        rt.run(fd.ops.Gemv(weights=w, x=rt.tensor(np.full(512, value, np.float32)), y=y))
        # Sixteen roundings of f32, of terms whose parts may be larger than they.
        bound = 16 * 2.0**-24 * 512 * max(np.abs(expected).max(), 64 * 63)
        np.testing.assert_allclose(np.asarray(y), value * expected.sum(axis=1), atol=bound)


@pytest.mark.parametrize("name", FORMATS[3:])
def test_columns_are_whole_blocks(rt: fd.Foundry, name: str) -> None:
    block = quantised.block_of(name)[0]
    with pytest.raises(
        fd.DTypeError,
        match=rf"\(4, 336\) of {name}: the inner size 336 is not a multiple of its block of "
        rf"{block}",
    ):
        rt.dedicated((4, 336), fd.DType[name], name="w")
    x, _ = put(rt, np.zeros(block * 2))
    w = rt.dedicated((4, block), fd.DType[name])
    with pytest.raises(fd.ShapeError, match=f"inner sizes {block} and {block * 2} differ"):
        rt.run(fd.ops.Gemv(weights=w, x=x, y=rt.empty((4,), fd.f32)))
