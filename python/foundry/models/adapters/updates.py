"""What adapters add to products: of one input it is one pair of matrices, however many adapters
there are: their low-rank inputs one below the other, and what goes back to the products' rows as
blocks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from foundry._foundry import Foundry, Tensor
from foundry.errors import UnsupportedModelError
from foundry.metadata import warn
from foundry.models.adapters.adapter import Adapter
from foundry.models.products import LowRank, Product

if TYPE_CHECKING:
    from foundry.huggingface.adapters import LowRankUpdate

_SUPPORTED = (
    "attn_q, attn_k, attn_v, attn_qkv, attn_output, attn_q_a, attn_q_b, attn_kv_a_mqa, ffn_gate, "
    "ffn_up, ffn_down, those of a shared expert, the router, the shared expert's share, inp_gate, "
    "proj, per_layer_model_proj, output; of recurrent layers ssm_in, ssm_out, attn_gate, ssm_ba, "
    "ssm_alpha, ssm_beta, shortconv.in_proj, shortconv.out_proj"
)


@dataclass(frozen=True)
class Part:
    """A product, and where its rows begin in the matrix that the file calls `name`."""

    name: str
    product: Product
    row: int = 0

    @property
    def rows(self) -> int:
        return self.product.weight.shape[-2]


def fused(name: str, products: Iterable[Product]) -> list[Part]:
    """Of one matrix, its rows one product after the other."""
    parts: list[Part] = []
    for product in products:
        row = parts[-1].row + parts[-1].rows if parts else 0
        parts.append(Part(name, product, row))
    return parts


class Updates:
    """Takes updates out of the adapters."""

    def __init__(self, adapters: Sequence[Adapter], runtime: Foundry) -> None:
        self._adapters = adapters
        self._runtime = runtime
        self._taken: set[str] = set()
        self._unused: set[str] = set()

    def product(self, name: str, product: Product) -> Product:
        return replace(product, low_rank=self.of([Part(name, product)]))

    def of(self, parts: Sequence[Part]) -> LowRank | None:
        """Of products of one input, several of which may have rows of one matrix."""
        names = dict.fromkeys(f"{part.name}.weight" for part in parts)
        self._taken.update(names)
        placed = [
            (name, adapter.updates[name], adapter.scale)
            for name in names
            for adapter in self._adapters
            if name in adapter.updates
        ]
        return self._low_rank(parts, placed) if placed else None

    def pass_over(self, names: Iterable[str]) -> None:
        """Of tensors that the file has and the model does not use."""
        self._unused.update(names)

    def check_all_taken(self) -> None:
        """`UnsupportedModelError` for an update that would not count, a `ModelWarning` for those of
        tensors that do not count themselves."""
        for adapter in self._adapters:
            left = [name for name in adapter.updates if name not in self._taken]
            for name in left:
                if name not in self._unused:
                    raise UnsupportedModelError(
                        f"adapter {adapter.path}: unsupported update of '{name}'; supported: "
                        f"{_SUPPORTED}"
                    )
            if left:
                warn(
                    f"adapter {adapter.path}: {len(left)} of {len(adapter.updates)} updates are "
                    f"of tensors that the model does not use, '{left[0]}' first"
                )

    def _low_rank(
        self, parts: Sequence[Part], placed: Sequence[tuple[str, LowRankUpdate, float]]
    ) -> LowRank:
        down = np.concatenate([update.down for _, update, _ in placed], dtype=np.float32)
        up = np.zeros((sum(part.rows for part in parts), len(down)), np.float32)
        rank = 0
        for name, update, scale in placed:
            end, first = rank + len(update.down), 0
            for part in parts:
                if f"{part.name}.weight" == name:
                    own = update.up[part.row : part.row + part.rows]
                    up[first : first + part.rows, rank:end] = own * np.float32(scale)
                first += part.rows
            rank = end
        name = f"{parts[0].name}, adapted"
        bias = _bias(parts)
        return LowRank(
            down=self._runtime.tensor(down, name=name),
            up=self._runtime.tensor(up, name=name),
            bias=None if bias is None else self._runtime.tensor(bias),
            sizes=tuple(part.rows for part in parts),
        )


def _bias(parts: Sequence[Part]) -> np.ndarray[tuple[int], np.dtype[np.float32]] | None:
    biases: list[Tensor | None] = [part.product.bias for part in parts]
    if all(bias is None for bias in biases):
        return None
    values = [
        np.zeros(part.rows, np.float32)
        if bias is None
        else np.asarray(bias.copy_to_host(), np.float32)
        for bias, part in zip(biases, parts, strict=True)
    ]
    return np.concatenate(values)
