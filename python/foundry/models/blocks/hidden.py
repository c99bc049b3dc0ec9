"""The hidden state on its way through the layers."""

from __future__ import annotations

from foundry import ops
from foundry._foundry import Tensor
from foundry.engine.step import Step
from foundry.models.architectures import Norms
from foundry.models.blocks.products import added, linear, normalise, scaled
from foundry.models.config import ModelConfig
from foundry.models.products import Norm, Product


class Hidden:
    """What blocks read and add to. A result that is normalised before it is added waits for the
    next product, which does both as it reads: into the other of two buffers."""

    def __init__(self, step: Step, config: ModelConfig) -> None:
        self._step = step
        self._config = config
        self.state = step.buffer("hidden state", config.hidden)
        self._result: Tensor | None = None
        self._after: Norm | None = None
        self._scale = 1.0

    def read(
        self, norm: Norm | None, rows: int | None = None
    ) -> tuple[Tensor, ops.Operation | None]:
        """A product's input, all or the last `rows`, and what is done to it as it is read."""
        first = 0 if rows is None else self.state.shape[0] - rows
        state = self.state[first:] if first else self.state
        if self._result is None or self._after is None:
            return state, normalise(self._config, norm)
        result = self._result[first:] if first else self._result
        names = ("hidden state", "other hidden state")
        other = names[self.state is self._step.activations[names[0]]]
        total = None if rows is not None else self._step.buffer(other, self._config.hidden)
        stage = ops.SandwichNorm(
            residual=state,
            weight=self._after.weight,
            next_weight=None if norm is None else norm.weight,
            y=total,
            epsilon=self._config.norm_epsilon,
            scale=self._scale,
        )
        if total is not None:
            self.state = total
        self._result = self._after = None
        self._scale = 1.0
        return result, stage

    def scale(self, factor: float) -> None:
        """Of the sum with what waits to be normalised and added."""
        assert self._result is not None
        self._scale = factor

    def add(
        self,
        product: Product,
        x: Tensor,
        after: Norm | None,
        share: Tensor | None = None,
        prologue: ops.Operation | None = None,
    ) -> None:
        """It grows by the product of `x`, normalised where the architecture does that; or by each
        token's share of it. `prologue` is done to `x` as it is read."""
        is_sum = self._config.architecture.norms is Norms.SUM
        if after is not None and not is_sum:
            result = self._step.buffer("block output", self._config.hidden)
            own = added(self._step, product, x, prologue)
            self._step.add(
                linear(
                    self._step,
                    weights=product.weight,
                    x=x,
                    y=result,
                    prologue=prologue,
                    epilogue=own,
                )
            )
            self.wait(result, after)
            return
        own = added(self._step, product, x, prologue)
        scale = scaled(self._config.residual_scale)
        if share is not None:
            scale = [ops.TokenScale(share), *scale]
        self._step.add(
            linear(
                self._step,
                weights=product.weight,
                x=x,
                y=self.state,
                prologue=prologue,
                epilogue=[*own, *scale, ops.Residual(self.state)],
            )
        )
        if is_sum:
            self.normalise(after)

    def wait(self, result: Tensor, after: Norm) -> None:
        """It grows by a result, normalised, as the next product reads."""
        self._result = result
        self._after = after

    def normalise(self, norm: Norm | None) -> None:
        """What waits is added, and of the sum comes the norm, if there is one."""
        config = self._config
        if self._result is not None and self._after is not None:
            self._step.add(
                ops.RmsNorm(
                    weight=self._after.weight,
                    epsilon=config.norm_epsilon,
                    x=self._result,
                    y=self.state,
                    residual=self.state,
                )
            )
            self._result = self._after = None
        if norm is None:
            return
        state, epsilon = self.state, config.norm_epsilon
        if config.architecture.has_layer_norm:
            stage: ops.Operation = ops.LayerNorm(
                x=state, y=state, weight=norm.weight, bias=norm.bias, epsilon=epsilon
            )
        else:
            stage = ops.RmsNorm(x=state, y=state, weight=norm.weight, epsilon=epsilon)
        self._step.add(stage)
