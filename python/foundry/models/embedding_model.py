"""An embedding model: text in, numbers out."""

from __future__ import annotations

from typing import NoReturn

from foundry._foundry import Foundry
from foundry.engine.encoder import Encoder
from foundry.engine.prepare import Progress
from foundry.models.embedder import Embedder
from foundry.models.embedding_head import EmbeddingHead
from foundry.models.embeds import Embeds
from foundry.models.encoder import encoder
from foundry.models.encoder_weights import bind_encoder, bind_head
from foundry.models.opening import OpenedModel
from foundry.models.tensors import TensorSource


class EmbeddingModel(Embeds):
    """A model whose tokens attend to those after them, too: it embeds texts and generates none.
    Calls from several threads take turns.

    Made by `foundry.models.load`.
    """

    def __init__(
        self,
        opened: OpenedModel,
        *,
        runtime: Foundry,
        progress: Progress | None = None,
        quantize: str | None = None,
    ) -> None:
        self.path = opened.path
        self.runtime = runtime
        config = self.config = opened.config
        self.name = config.name
        self.tokenizer = opened.tokenizer
        self.context_length = opened.context_length
        source = TensorSource(opened.file, config.architecture.name, runtime, progress, quantize)
        head = EmbeddingHead(runtime, config, bind_head(source, config))
        weights = bind_encoder(source, config, self.context_length, runtime)
        source.check_all_taken()
        self.encoder = Encoder(
            runtime, encoder(runtime, config, weights), opened.file.require_whole
        )
        """What evaluates its texts."""
        self.encoder.prepare(progress, self.context_length)
        self._embedder = Embedder(opened, self.encoder.states, head)

    def __getattr__(self, name: str) -> NoReturn:
        what = self.__dict__.get("name")
        raise AttributeError(
            f"unsupported {name}: '{what}' is an embedding model, which generates no text; "
            "supported: embed, token_embeddings, rank"
        )

    def __repr__(self) -> str:
        return (
            f"EmbeddingModel({self.name!r}, {self.config.architecture.name}, "
            f"{self.config.layers} layers, context {self.context_length}, "
            f"on '{self.runtime.device.name}')"
        )
