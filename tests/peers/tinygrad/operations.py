"""tinygrad's operations as a table: each a function of tensors, to be run on two devices.

A case is made from a generator of random numbers and the device's name: both see the same input.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from tinygrad import Tensor, dtypes

Generator = np.random.Generator


@dataclass(frozen=True)
class Case:
    name: str
    # Gives a tensor, or several, of the device.
    run: Callable[[Generator, str], Any]
    # Relative to the result's largest magnitude: roundings of one element's sum, which the two
    # devices order differently, and of functions that the two have of their own.
    tolerance: float = 2e-5


CASES: list[Case] = []


def floats(rng: Generator, device: str, *shape: int, low: float = -2, high: float = 2) -> Tensor:
    return Tensor(rng.uniform(low, high, shape).astype(np.float32), device=device)


def integers(rng: Generator, device: str, *shape: int, low: int = -50, high: int = 50) -> Tensor:
    return Tensor(rng.integers(low, high, shape, dtype=np.int32), device=device)


def case(name: str, tolerance: float = 2e-5) -> Callable[[Callable[[Generator, str], Any]], Any]:
    def add(run: Callable[[Generator, str], Any]) -> Any:
        CASES.append(Case(name, run, tolerance))
        return run

    return add


def unary(name: str, apply: Callable[[Tensor], Any], low: float = -2, high: float = 2) -> None:
    CASES.append(
        Case(name, lambda rng, device: apply(floats(rng, device, 45, 65, low=low, high=high)))
    )
    CASES.append(
        Case(
            f"{name}-half",
            lambda rng, device: apply(floats(rng, device, 7, 33, low=low, high=high).half()),
            # Half has eleven bits, and the two devices round at other places of a fused expression.
            4e-3,
        )
    )


# fmt: off
METHODS: dict[str, tuple[float, ...]] = dict.fromkeys((
    "relu", "sigmoid", "relu6", "hardswish", "hardsigmoid", "hardtanh", "leaky_relu", "tanh",
    "quick_gelu", "gelu", "swish", "silu", "square", "round", "ceil", "floor", "trunc", "sign",
    "abs", "neg", "elu", "celu", "selu", "softplus", "mish", "logsigmoid", "sinh", "cosh",
    "erf", "softsign", "atan", "asinh", "exp", "exp2", "sin", "cos", "reciprocal", "isnan",
    "isinf", "isfinite", "logical_not", "softmax", "log_softmax", "logsumexp", "sum", "max",
    "min", "mean", "var", "std", "argmax", "argmin", "cumsum", "layernorm", "normalize",
    "contiguous", "softmin", "logcumsumexp",
), ()) | {
    # where they are defined
    "log": (0.01, 50),
    "log2": (0.01, 50),
    "log10": (0.01, 50),
    "sqrt": (0, 50),
    "rsqrt": (0.01, 50),
    "asin": (-1, 1),
    "acos": (-1, 1),
    "atanh": (-0.9, 0.9),
    "acosh": (1, 50),
    "tan": (-1.2, 1.2),
}
# fmt: on
for method, bounds in METHODS.items():
    unary(method, lambda x, method=method: getattr(x, method)(), *bounds)

BINARY: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / (b.abs() + 0.5),
    "maximum": Tensor.maximum,
    "minimum": Tensor.minimum,
    "pow": lambda a, b: a.abs().pow(b),
    "lt": lambda a, b: a < b,
    "ge": lambda a, b: a >= b,
    "eq": lambda a, b: a.round() == b.round(),
    "ne": lambda a, b: a.round() != b.round(),
    "copysign": Tensor.copysign,
    "logaddexp": Tensor.logaddexp,
    "fmod": lambda a, b: a.fmod(b.abs() + 0.5),
    "where": lambda a, b: (a > 0).where(a, b),
    "lerp": lambda a, b: a.lerp(b, 0.3),
    "isclose": lambda a, b: a.isclose(b),
}
for binary, operation in BINARY.items():
    CASES.append(
        Case(
            binary,
            lambda rng, device, operation=operation: operation(
                floats(rng, device, 45, 65), floats(rng, device, 45, 65)
            ),
        )
    )
    CASES.append(
        Case(
            f"{binary}-broadcast",
            lambda rng, device, operation=operation: operation(
                floats(rng, device, 4, 1, 65), floats(rng, device, 13, 1)
            ),
        )
    )

INTEGER: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
    "not": lambda a, b: ~a,
    "shift-left": lambda a, b: a.cast("uint32") << 3,
    "shift-right": lambda a, b: a.cast("uint32") >> 3,
    "mod": lambda a, b: a % (b % 7 + 1),
    "floor-div": lambda a, b: a // (b % 7 + 1),
    "trunc-div": lambda a, b: a.div(b % 7 + 1, rounding_mode="trunc"),
    "multiply": lambda a, b: a * b,
    "sum": lambda a, b: a.sum(axis=0),
    "prod": lambda a, b: (a % 3).prod(axis=1),
    "sort": lambda a, b: a.sort()[0],
    "cumsum": lambda a, b: a.cumsum(axis=1),
}
for integer, operation in INTEGER.items():
    for kind in ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"):
        CASES.append(
            Case(
                f"{integer}-{kind}",
                lambda rng, device, operation=operation, kind=kind: operation(
                    integers(rng, device, 9, 37).cast(kind), integers(rng, device, 9, 37).cast(kind)
                ),
                0,
            )
        )

KINDS = (
    "bool",
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "half",
    "float",
)
for source in KINDS:
    for target in KINDS:
        # A float that the target does not hold is undefined: both are kept within every type.
        CASES.append(
            Case(
                f"cast-{source}-{target}",
                lambda rng, device, source=source, target=target: (
                    integers(rng, device, 35, low=0).cast(source).cast(target)
                ),
                0,
            )
        )
for target in ("half", "float", "int32"):
    CASES.append(
        Case(
            f"cast-bfloat16-{target}",
            lambda rng, device, target=target: (
                floats(rng, device, 65).cast("bfloat16").cast(target)
            ),
            0,
        )
    )

PRODUCTS: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "vector-matrix": ((65,), (65, 45)),
    "matrix-vector": ((45, 65), (65,)),
    "small": ((3, 5), (5, 7)),
    "64": ((64, 64), (64, 64)),
    "ragged": ((33, 129), (129, 70)),
    "batched": ((3, 17, 33), (3, 33, 20)),
    "long": ((4, 1000), (1000, 4)),
}
for product, (left, right) in PRODUCTS.items():
    for kind, tolerance in (("float", 2e-5), ("half", 4e-3)):
        CASES.append(
            Case(
                f"matmul-{product}-{kind}",
                lambda rng, device, left=left, right=right, kind=kind: (
                    floats(rng, device, *left)
                    .cast(kind)
                    .matmul(floats(rng, device, *right).cast(kind))
                ),
                tolerance,
            )
        )

for axes in (None, 0, 1, 2, (0, 2), (1, 2)):
    for reduction in ("sum", "max", "min", "mean", "var", "argmax"):
        if reduction == "argmax" and isinstance(axes, tuple):
            continue
        CASES.append(
            Case(
                f"{reduction}-axis-{axes}",
                lambda rng, device, axes=axes, reduction=reduction: getattr(
                    floats(rng, device, 6, 35, 17), reduction
                )(axis=axes),
            )
        )

MOVEMENTS: dict[str, Callable[[Tensor], Tensor]] = {
    "permute": lambda x: x.permute(2, 0, 1) * 1,
    "flip": lambda x: x.flip(0, 2) * 1,
    "pad": lambda x: x.pad(((1, 2), (0, 3), (2, 0))),
    "pad-reflect": lambda x: x.pad((2, 1), mode="reflect"),
    "pad-replicate": lambda x: x.pad((2, 1), mode="replicate"),
    "pad-circular": lambda x: x.pad((2, 1), mode="circular"),
    "shrink": lambda x: x.shrink(((1, 4), (0, 9), (3, 8))) * 1,
    "stride": lambda x: x[::2, 1::3, ::-1] * 1,
    "index": lambda x: x[2, :, 3:] + 1,
    "roll": lambda x: x.roll((1, 2), (0, 1)) * 1,
    "repeat": lambda x: x.repeat((2, 1, 3)) * 1,
    "repeat-interleave": lambda x: x.repeat_interleave(3, 1) * 1,
    "unfold": lambda x: x.unfold(1, 4, 2) * 1,
    "diagonal": lambda x: x.diagonal(0, 1, 2) * 1,
    "triu": lambda x: x.triu(1),
    "tril": lambda x: x.tril(-1),
    "cat": lambda x: x.cat(x * 2, dim=1),
    "stack": lambda x: x.stack(x + 1, dim=2),
    "split": lambda x: x.split(4, dim=1)[1] * 1,
    "expand": lambda x: x.unsqueeze(1).expand(6, 5, 13, 11) + 0.5,
    "einsum": lambda x: Tensor.einsum("abc,adc->bd", x, x + 1),
    "interpolate": lambda x: x.unsqueeze(0).interpolate((20, 30)),
    "interpolate-nearest": lambda x: x.unsqueeze(0).interpolate((20, 30), mode="nearest"),
}
for movement, move in MOVEMENTS.items():
    CASES.append(
        Case(movement, lambda rng, device, move=move: move(floats(rng, device, 6, 13, 11)))
    )


@case("gather", 0)
def gather(rng: Generator, device: str) -> Tensor:
    return floats(rng, device, 8, 30).gather(1, integers(rng, device, 8, 12, low=0, high=30))


@case("index-tensor", 0)
def index_tensor(rng: Generator, device: str) -> Tensor:
    return floats(rng, device, 30, 9)[integers(rng, device, 4, 6, low=-30, high=30)]


@case("scatter-add")
def scatter(rng: Generator, device: str) -> Tensor:
    index = integers(rng, device, 8, 12, low=0, high=30)
    return floats(rng, device, 8, 30).scatter_reduce(1, index, floats(rng, device, 8, 12), "sum")


@case("one-hot", 0)
def one_hot(rng: Generator, device: str) -> Tensor:
    return integers(rng, device, 20, low=0, high=9).one_hot(9)


@case("topk", 0)
def topk(rng: Generator, device: str) -> Any:
    return floats(rng, device, 5, 40).topk(4)


@case("sort", 0)
def sort(rng: Generator, device: str) -> Any:
    return floats(rng, device, 3, 70).sort(descending=True)


@case("masked-fill", 0)
def masked_fill(rng: Generator, device: str) -> Tensor:
    x = floats(rng, device, 20, 31)
    return x.masked_fill(x > 0.5, -1e9)


@case("cummax", 0)
def cummax(rng: Generator, device: str) -> Any:
    return floats(rng, device, 5, 70).cummax(1)


@case("arange-eye-linspace")
def creation(rng: Generator, device: str) -> Any:
    return (
        Tensor.arange(3, 300, 7).to(device) + 1,
        Tensor.eye(13, 9).to(device) * 2,
        Tensor.linspace(-3, 4, 50).to(device) * 2,
    )


for name, arguments in {
    "3x3": {},
    "stride": {"stride": 2, "padding": 1},
    "dilated": {"dilation": 2},
    "groups": {"groups": 4, "padding": 1},
}.items():

    @case(f"conv2d-{name}")
    def convolution(rng: Generator, device: str, arguments: Any = arguments) -> Tensor:
        x, bias = floats(rng, device, 2, 8, 14, 15), floats(rng, device, 12)
        weight = floats(rng, device, 12, 8 // arguments.get("groups", 1), 3, 3)
        return x.conv2d(weight, bias, **arguments)


@case("conv-transpose2d")
def transposed(rng: Generator, device: str) -> Tensor:
    return floats(rng, device, 2, 4, 9, 8).conv_transpose2d(
        floats(rng, device, 4, 6, 3, 3), stride=2
    )


@case("avg-pool2d")
def average_pool(rng: Generator, device: str) -> Tensor:
    return floats(rng, device, 2, 3, 14, 15).avg_pool2d((3, 3), stride=2, padding=1)


@case("max-pool2d", 0)
def max_pool(rng: Generator, device: str) -> Tensor:
    return floats(rng, device, 2, 3, 14, 15).max_pool2d((3, 3), stride=2)


for causal in (False, True):

    @case(f"attention-causal-{causal}")
    def attention(rng: Generator, device: str, causal: bool = causal) -> Tensor:
        query, key, value = (floats(rng, device, 2, 3, 33, 16) for _ in range(3))
        return query.scaled_dot_product_attention(key, value, is_causal=causal)


@case("cross-entropy")
def cross_entropy(rng: Generator, device: str) -> Tensor:
    return floats(rng, device, 32, 10).cross_entropy(integers(rng, device, 32, low=0, high=10))


@case("binary-cross-entropy")
def binary_cross_entropy(rng: Generator, device: str) -> Tensor:
    return floats(rng, device, 32, 10).binary_crossentropy_logits(
        floats(rng, device, 32, 10, low=0, high=1)
    )


@case("batchnorm")
def batchnorm(rng: Generator, device: str) -> Tensor:
    x = floats(rng, device, 2, 6, 9, 8)
    ones = [floats(rng, device, 6, low=0.5, high=1.5) for _ in range(4)]
    return x.batchnorm(*ones)


@case("qr", 2e-4)
def qr(rng: Generator, device: str) -> Any:
    q, r = floats(rng, device, 6, 5).qr()
    return q @ r


@case("backward", 1e-4)
def backward(rng: Generator, device: str) -> Any:
    weight, x = floats(rng, device, 17, 9), floats(rng, device, 31, 17)
    loss = (x @ weight).gelu().softmax().square().sum()
    return loss.gradient(weight, x)


@case("random-bits", 0)
def random_bits(rng: Generator, device: str) -> Tensor:
    key = Tensor(rng.integers(0, 2**32, 77, dtype=np.uint64), device=device)
    return key.threefry(Tensor(rng.integers(0, 2**32, 77, dtype=np.uint64), device=device))


@case("bitcast", 0)
def bitcast(rng: Generator, device: str) -> Any:
    x = floats(rng, device, 64)
    return x.bitcast(dtypes.int32), x.half().bitcast(dtypes.uint16), x.bitcast(dtypes.uint8)


@case("keccak", 0)
def keccak(rng: Generator, device: str) -> Tensor:
    return Tensor(rng.integers(0, 256, (2, 200), dtype=np.uint8), device=device).keccak()
