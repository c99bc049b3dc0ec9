"""A Llama-family forward pass as a list of fused kernels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from foundry import ops
from foundry._foundry import DType, Foundry, FusedKernelBuilder, Parameter, Tensor
from foundry.models.config import LlamaConfig
from foundry.models.kv_cache import KvCache
from foundry.models.weights import LayerWeights, LlamaWeights

ACTIVATIONS = "activations"
"""The arena of what a step computes."""
_PROMPT = 32  # tokens of prompt_step(): every prompt of 5 and more takes the same kernels


class Forward:
    """Evaluates batches of tokens against the KV cache. Activations are f32."""

    def __init__(
        self, runtime: Foundry, config: LlamaConfig, weights: LlamaWeights, cache: KvCache
    ) -> None:
        self._runtime = runtime
        self._config = config
        self._weights = weights
        self._cache = cache
        self._decode: Step | None = None
        self._decode_generation = 0  # of the cache, when that step was made

    def run(self, tokens: Sequence[int], rows: int) -> Tensor:
        """Appends `tokens` to the cache; logits, f32 (rows, vocabulary), of the last `rows`.

        The result is valid until the next call.
        """
        start = len(self._cache.tokens)
        self._cache.reserve(start + len(tokens))
        if len(tokens) == 1:
            step = self.decode_step()
        else:
            with self._runtime.scope(ACTIVATIONS):
                step = self._step(len(tokens), rows)
        step.run(tokens, start)
        self._cache.tokens.extend(tokens)
        return step.logits

    def decode_step(self) -> Step:
        """The kernels for one token: always the same, on the same buffers and the cache of now."""
        self._cache.reserve(1)
        if self._decode is None or self._decode_generation != self._cache.generation:
            self._decode = None  # its memory first
            self._decode = self._step(1, 1)
            self._decode_generation = self._cache.generation
        return self._decode

    def prompt_step(self) -> Step:
        """The kernels for a prompt of any length, bound to memory of the scope."""
        tokens = min(_PROMPT, self._cache.limit)
        self._cache.reserve(tokens)
        return self._step(tokens, 1)

    def step(self, tokens: int) -> Step:
        """The kernels for so many tokens, bound to memory of the scope."""
        self._cache.reserve(len(self._cache.tokens) + tokens)
        return self._step(tokens, 1)

    def _step(self, tokens: int, rows: int) -> Step:
        return Step(self._runtime, self._config, self._weights, self._cache, tokens, rows)


class Step:
    """The kernels for a number of tokens, bound to buffers of their own."""

    def __init__(
        self,
        runtime: Foundry,
        config: LlamaConfig,
        weights: LlamaWeights,
        cache: KvCache,
        tokens: int,
        rows: int,
    ) -> None:
        self._runtime = runtime
        self._config = config
        self._tokens = tokens
        self._positional: list[ops.QkvLinear | ops.RopeKvWrite | ops.Attention] = []

        def buffer(columns: int, name: str, count: int = tokens) -> Tensor:
            return runtime.empty((count, columns), DType.f32, name=name, arena=ACTIVATIONS)

        self.ids = runtime.empty((tokens,), DType.i32, name="ids", arena=ACTIVATIONS)
        """i32 (tokens,): what encode() evaluates."""
        self._x = buffer(config.hidden, "x")
        self._q = buffer(config.query_size, "q")
        if tokens > 1:
            self._k = buffer(config.kv_size, "k")
            self._v = buffer(config.kv_size, "v")
        # A long context is read by more threadgroups than there are heads, for one token.
        self._parts: Tensor | None = None
        if tokens == 1:
            parts = ops.attention_scratch(1, config.heads, config.head_dim)
            self._parts = runtime.empty((parts,), DType.f32, name="parts", arena=ACTIVATIONS)
        self._mixed = buffer(config.query_size, "mixed")
        self._inner = buffer(config.feed_forward, "inner")
        self._up: Tensor | None = None  # for products with biases
        self.logits = buffer(weights.output.shape[0], "logits", rows)
        """f32 (rows, vocabulary)."""

        self.operations: list[ops.Operation] = [
            ops.Embedding(table=weights.embedding, ids=self.ids, y=self._x)
        ]
        for layer, keys, values in zip(weights.layers, cache.keys, cache.values, strict=True):
            self._add_layer(layer, keys, values, weights.rope_factors)
        self.operations.append(
            ops.Linear(
                weights=weights.output,
                x=self._x[tokens - rows :],
                y=self.logits,
                prologue=ops.RmsNorm(weight=weights.output_norm, epsilon=config.rms_epsilon),
            )
        )

    def _add_layer(
        self, layer: LayerWeights, keys: Tensor, values: Tensor, factors: Tensor | None
    ) -> None:
        config = self._config
        attention = ops.Attention(
            q=self._q,
            k_cache=keys,
            v_cache=values,
            y=self._mixed,
            scale=config.score_scale,
            window=config.window,
            scratch=self._parts,
        )
        self._add_attention_input(layer, keys, values, factors)
        self._positional.append(attention)
        self.operations += [
            attention,
            ops.Linear(
                weights=layer.attention_output,
                x=self._mixed,
                y=self._x,
                epilogue=[*_bias(layer.attention_output_bias), ops.Residual(self._x)],
            ),
            *self._gated(layer),
            ops.Linear(
                weights=layer.down,
                x=self._inner,
                y=self._x,
                epilogue=[*_bias(layer.down_bias), ops.Residual(self._x)],
            ),
        ]

    def _gated(self, layer: LayerWeights) -> list[ops.Operation]:
        """The input half of the gated MLP: one kernel, or two where its products have biases."""
        norm = ops.RmsNorm(weight=layer.feed_forward_norm, epsilon=self._config.rms_epsilon)
        if layer.gate_bias is None and layer.up_bias is None:
            return [
                ops.GatedLinear(
                    gate=layer.gate, up=layer.up, x=self._x, y=self._inner, prologue=norm
                )
            ]
        if self._up is None:
            self._up = self._runtime.empty(
                self._inner.shape, DType.f32, name="up", arena=ACTIVATIONS
            )
        return [
            _products(
                "gate_up", norm, [(layer.gate, layer.gate_bias), (layer.up, layer.up_bias)]
            ).build(x=self._x, y=[self._inner, self._up]),
            ops.SwiGlu(gate=self._inner, up=self._up, y=self._inner),
        ]

    def _add_attention_input(
        self, layer: LayerWeights, keys: Tensor, values: Tensor, factors: Tensor | None
    ) -> None:
        """Normalised input to turned queries, and turned keys and values in the cache: one kernel
        for one token, two for more."""
        config = self._config
        norm = ops.RmsNorm(weight=layer.attention_norm, epsilon=config.rms_epsilon)
        if self._tokens == 1:
            qkv = ops.QkvLinear(
                query=layer.query,
                key=layer.key,
                value=layer.value,
                x=self._x,
                q=self._q.reshape(1, config.heads, config.head_dim),
                k_cache=keys,
                v_cache=values,
                base=config.rope_base,
                interleaved=True,
                factors=factors,
                prologue=norm,
                query_bias=layer.query_bias,
                key_bias=layer.key_bias,
                value_bias=layer.value_bias,
            )
            self._positional.append(qkv)
            self.operations.append(qkv)
            return
        rope = ops.RopeKvWrite(
            q=self._q,
            k=self._k,
            v=self._v,
            k_cache=keys,
            v_cache=values,
            base=config.rope_base,
            interleaved=True,
            factors=factors,
        )
        self._positional.append(rope)
        self.operations += [
            _products(
                "qkv",
                norm,
                [
                    (layer.query, layer.query_bias),
                    (layer.key, layer.key_bias),
                    (layer.value, layer.value_bias),
                ],
            ).build(x=self._x, y=[self._q, self._k, self._v]),
            rope,
        ]

    def run(self, tokens: Sequence[int], start: int) -> None:
        """Encodes everything for `tokens` at positions `start` and on; does not wait."""
        self.begin(tokens, start)
        self._run_all()

    def encode(self, start: int | Parameter) -> None:
        """Encodes everything for the tokens in `ids`."""
        self._place(start)
        self._run_all()

    def begin(self, tokens: Sequence[int], start: int) -> None:
        """Readies `operations` for `tokens` at positions `start` and on."""
        self.ids.copy_from(np.asarray(tokens, np.int32))
        self._place(start)

    @property
    def activations(self) -> dict[str, Tensor]:
        """By name, what `operations` compute, but for the cache; f32, a row for each token."""
        found = {"hidden state": self._x, "queries": self._q}
        if self._tokens > 1:
            found |= {"keys": self._k, "values": self._v}
        return found | {
            "attention output": self._mixed,
            "feed-forward output": self._inner,
            "logits": self.logits,
        }

    def _place(self, start: int | Parameter) -> None:
        for positional in self._positional:
            positional.start = start

    def _run_all(self) -> None:
        for operation in self.operations:
            self._runtime.run(operation)


def _bias(bias: Tensor | None) -> list[ops.Operation]:
    return [] if bias is None else [ops.Bias(bias)]


def _products(
    name: str, prologue: ops.Operation, parts: Sequence[tuple[Tensor, Tensor | None]]
) -> FusedKernelBuilder:
    """Products of one input in one kernel, each with its bias."""
    kernel = FusedKernelBuilder(name).prologue(prologue)
    for weights, bias in parts:
        kernel = kernel.main(ops.Linear(weights=weights))
        for stage in _bias(bias):
            kernel = kernel.epilogue(stage)
    return kernel
