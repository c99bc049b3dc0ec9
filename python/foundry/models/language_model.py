"""A language model: text in, logits and text out."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from foundry._foundry import DType, Foundry, Gguf
from foundry.call_errors import typed_calls
from foundry.engine.cache import Cache
from foundry.engine.cache_file import fingerprint
from foundry.engine.decode_run import SharedPrompt
from foundry.engine.engine import Engine
from foundry.engine.kept import PREFILL_BATCH, LayerCaches
from foundry.engine.prepare import Progress
from foundry.engine.step import MakeStep
from foundry.engine.token_source import TokenSource
from foundry.errors import ArgumentError, ArgumentTypeError, ContextLengthError, Error
from foundry.generation.arguments import checked_flag, checked_integer, checked_tokens
from foundry.generation.chat_templates import ChatTemplates
from foundry.generation.constraint import Constraint, ConstraintTokens, grammar_of
from foundry.generation.log_probabilities import checked_top
from foundry.generation.messages import Message
from foundry.generation.sampling import SamplingOptions, SamplingParameters
from foundry.generation.sampling_tokens import for_vocabulary
from foundry.generation.stopping import Stop
from foundry.models.adapters import Adapter, AdapterSource, apply, read_adapters
from foundry.models.batch import Batch, BatchSequence
from foundry.models.embedder import Embedder
from foundry.models.embedding_head import EmbeddingHead
from foundry.models.embeds import Embeds
from foundry.models.encoder_weights import bind_head
from foundry.models.generation import Generation
from foundry.models.opening import OpenedModel
from foundry.models.perplexity import Perplexity, perplexity
from foundry.models.speculation import speculation_of
from foundry.models.tensors import TensorSource
from foundry.models.transformer import transformer
from foundry.models.weights import ModelWeights, bind
from foundry.paths import checked_path

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from foundry.generation.chat_template import ChatTemplate


@typed_calls
class LanguageModel(Embeds):
    """A model from a GGUF file or a Hugging Face folder. Calls from several threads take turns.

    Made by `foundry.models.load`.
    """

    def __init__(
        self,
        opened: OpenedModel,
        *,
        runtime: Foundry,
        cache_dtype: DType = DType.f16,
        progress: Progress | None = None,
        adapters: Sequence[AdapterSource] = (),
        quantize: str | None = None,
    ) -> None:
        file = self._file = opened.file
        self.path = opened.path
        self.runtime = runtime
        config = self.config = opened.config
        self.name = config.name
        self.tokenizer = opened.tokenizer
        self.chat_templates = ChatTemplates(file.metadata, self.tokenizer)
        self._constraint_tokens: ConstraintTokens | None = None  # once a constraint needs it
        self.context_length = opened.context_length
        source = TensorSource(file, config.architecture.name, runtime, progress, quantize)
        head = EmbeddingHead(runtime, config, bind_head(source, config))
        self._weights = bind(source, config, self.context_length, runtime)
        cache = Cache(
            runtime,
            [layer.cache for layer in config.of_layers],
            limit=self.context_length,
            dtype=cache_dtype,
        )
        self._adapters: tuple[Adapter, ...] = read_adapters(adapters, config)
        self._in_use = self._adapted(self._adapters)
        self.engine = Engine(
            runtime,
            cache,
            self._steps(cache, self._in_use),
            len(self.tokenizer),
            file.require_whole,
        )
        """What evaluates its tokens."""
        self.engine.prepare(progress)
        self._embedder = Embedder(opened, self._states, head)

    def _adapted(self, adapters: tuple[Adapter, ...]) -> ModelWeights:
        if not adapters:
            return self._weights
        return apply(self._weights, self.config, self._file.tensors, adapters, self.runtime)

    def _steps(
        self, cache: LayerCaches, weights: ModelWeights, *, states_alone: bool = False
    ) -> MakeStep:
        return transformer(self.runtime, self.config, weights, cache, states_alone=states_alone)

    def _states(self, texts: Sequence[Sequence[int]]) -> list[NDArray[np.float32]]:
        steps = self._steps(self.engine.cache, self._in_use, states_alone=True)
        return [self.engine.states(text, steps) for text in texts]

    @property
    def adapters(self) -> tuple[tuple[Path, float], ...]:
        """Those in use, with their scales."""
        return tuple((adapter.path, adapter.scale) for adapter in self._adapters)

    def set_adapters(self, adapters: Sequence[AdapterSource]) -> None:
        """Uses these adapters (LoRA) from now on, and no others: paths of GGUF files or of folders
        of the `peft` package, or pairs of a path and a scale. What is cached is evaluated anew.

        Raises `ModelError` for an adapter of another model, `UnsupportedModelError` for one that
        changes what is not supported; the adapters in use stay then. A `ModelWarning` counts the
        updates of tensors that the file has and the model does not use.
        """
        found = read_adapters(adapters, self.config)
        weights = self._adapted(found)
        self.engine.replace(self._steps(self.engine.cache, weights))
        self._adapters, self._in_use = found, weights

    @property
    def chat_template(self) -> ChatTemplate | None:
        """The default of `chat_templates`, where there is one."""
        return self.chat_templates.get("default")

    def __repr__(self) -> str:
        return (
            f"LanguageModel({self.name!r}, {self.config.architecture.name}, "
            f"{self.config.layers} layers, context {self.context_length}, "
            f"on '{self.runtime.device.name}')"
        )

    def logits(
        self, token_ids: Sequence[int] | NDArray[np.integer], *, batch: int | None = None
    ) -> NDArray[np.float32]:
        """Logits, float32 (len(token_ids), vocabulary): row i follows tokens 0 to i.

        `batch` tokens are evaluated at once, 256 at most where layers have windows; 1 takes the
        kernels of decoding. Raises
        `ContextLengthError` for more tokens than the context holds, `ArgumentError` for no tokens
        or one outside the vocabulary.
        """
        tokens = self._checked(token_ids, "logits")
        if batch is not None and checked_integer(batch, "logits: batch") < 1:
            raise ArgumentError(f"logits: batch is {batch}, it must be positive")
        return self.engine.logits(tokens, batch or PREFILL_BATCH)

    def perplexity(self, text: str, *, window: int = 512) -> Perplexity:
        """Of a text, in windows of so many tokens, as llama.cpp's tool measures it: of each the
        second half counts. The window is the context length at most.

        Raises `ArgumentError` for a text that fills no window.
        """
        size = min(checked_integer(window, "perplexity: window"), self.context_length)
        first = self.tokenizer.bos_id if self.tokenizer.adds_bos else None
        return perplexity(self.logits, self.tokenizer.encode(text), size, first)

    def generate(
        self,
        prompt: str | Sequence[int] | Sequence[Message],
        *,
        max_tokens: int = 256,
        sampling: SamplingParameters | None = None,
        seed: int | None = None,
        logprobs: int | None = None,
        json_schema: Mapping[str, Any] | str | bool | None = None,
        regex: str | None = None,
        grammar: str | None = None,
        draft: LanguageModel | None = None,
        ngram: int | None = None,
        draft_tokens: int | None = None,
        draft_min: int = 0,
        stop: Stop | Sequence[Stop] = (),
        include_stop: bool = False,
        ignore_end: bool = False,
        raw: bool = False,
        parse_special: bool = True,
        tools: Sequence[Mapping[str, Any]] | None = None,
        documents: Sequence[Mapping[str, Any]] | None = None,
        continue_final_message: bool = False,
        template: str | None = None,
        template_arguments: Mapping[str, object] | None = None,
        _shared: SharedPrompt | None = None,
        _source: TokenSource | None = None,
        **sampling_parameters: Unpack[SamplingOptions],
    ) -> Generation:
        """Answers or continues `prompt`, piece by piece.

        A model with a chat template answers: messages (`{"role": ..., "content": ...}`) and a text,
        which is the only message of a user, go through it, and their contents are text, whatever
        they spell; `tools`, `documents`, `continue_final_message` and the variables
        `template_arguments` go with them, as `ChatTemplate.render` explains, and `template` names
        one of several templates. Token ids are continued as they are, and so is a text with `raw`,
        or of a model without a template; it is the caller's own and may spell control tokens,
        unless `parse_special` is False.

        `sampling` replaces the single sampling parameters (`temperature`, `top_k`, `logit_bias` and
        so on), which `SamplingParameters` explains; without a `seed` every call draws anew, and of
        a seed the last 64 bits count. With `logprobs` the generation's `logprobs` have the
        logarithm of each token's probability and of those of so many likeliest ones. `stop` ends
        the text before a text, at a token id, or at a control token by its text; `include_stop`
        shows what ended it. `ignore_end` goes on past the tokens that end a turn, unless `stop`
        names them.

        With `json_schema` (a dict, or its JSON), `regex` or `grammar` (Lark's notation, as the
        `llguidance` package reads it) only tokens are drawn that the answer may go on with, and it
        ends where nothing may follow; `max_tokens` may cut it short.

        With `draft`, a smaller model with the same vocabulary, or `ngram`, the length of what is
        looked up in the text so far, up to `draft_tokens` tokens are guessed and evaluated at
        once; drafts shorter than `draft_min` are left alone. The text is the same as without.

        Raises `ContextLengthError` where the prompt leaves no room in the context, `ArgumentError`
        for an empty prompt or a parameter out of its range, `ArgumentTypeError` for one of a wrong
        type, `ChatTemplateError`. Iterating raises `ModelError` where the logits are not finite,
        with the first layer whose output is not.
        """
        if sampling is not None and not isinstance(sampling, SamplingParameters):
            raise ArgumentTypeError(
                f"generate: sampling is a {type(sampling).__name__}; expected SamplingParameters"
            )
        parameters = for_vocabulary(
            sampling or SamplingParameters(**sampling_parameters),
            self.tokenizer,
            self.context_length,
        )
        draws = secrets.randbits(64) if seed is None else checked_integer(seed, "generate: seed")
        chat = {
            "tools": tools,
            "documents": documents,
            "continue_final_message": checked_flag(
                continue_final_message, "generate: continue_final_message"
            ),
            "template": template,
            "template_arguments": template_arguments,
        }
        parse_special = checked_flag(parse_special, "generate: parse_special")
        if (
            not checked_flag(raw, "generate: raw")
            and isinstance(prompt, str)
            and self.chat_templates
        ):
            prompt = [{"role": "user", "content": prompt}]
        tokens = self._prompt_tokens(prompt, chat, parse_special)
        if not tokens:
            raise ArgumentError("generate: the prompt has no tokens")
        source = _source or self.engine
        if len(tokens) >= source.limit:
            raise ContextLengthError(
                f"prompt of {len(tokens)} tokens; the context holds {source.limit}, and the "
                f"answer needs one at least"
            )
        return Generation(
            self,
            tokens,
            shared=_shared,
            source=source,
            speculation=speculation_of(self, draft, ngram, draft_tokens, draft_min),
            max_tokens=max_tokens,
            sampling=parameters,
            seed=draws % 2**64,
            stop=stop,
            include_stop=checked_flag(include_stop, "generate: include_stop"),
            ignore_end=checked_flag(ignore_end, "generate: ignore_end"),
            top=checked_top(logprobs, len(self.tokenizer)),
            constraint=self._constraint(json_schema, regex, grammar),
        )

    def generate_many(
        self,
        prompt: str | Sequence[int] | Sequence[Message],
        n: int,
        *,
        seed: int | None = None,
        **options: Any,
    ) -> list[Generation]:
        """`n` answers to one prompt, which is evaluated once; `options` are those of `generate`.

        The first one's seed is `seed`, the second's `seed` + 1 and so on, and each is the text of
        `generate` with that seed. They are for reading one after the other: read by turns, what
        the others generated meanwhile is evaluated again.
        """
        count = checked_integer(n, "generate_many: n")
        if count < 1:
            raise ArgumentError(f"generate_many: n is {count}, it must be positive")
        first = secrets.randbits(64) if seed is None else checked_integer(seed, "generate: seed")
        shared = SharedPrompt()
        return [
            self.generate(prompt, seed=first + index, _shared=shared, **options)
            for index in range(count)
        ]

    def batch(self, sequences: int, *, context_length: int | None = None) -> Batch:
        """Decodes up to `sequences` texts together: one pass over the weights gives each of them
        its next token. They join and leave at any step.

        `context_length` is of each, the model's own by default; their caches grow together, as the
        longest needs. A sequence's tokens are those of `generate` with the same options, bit for
        bit for up to eight sequences, but for some norms (docs/models.md); more take kernels that
        sum in another order. The adapters are those in use now. Raises `ArgumentError` for no
        sequences, or a context that is longer than the model's.
        """
        if checked_integer(sequences, "batch: sequences") < 1:
            raise ArgumentError(f"batch: sequences is {sequences}, it must be positive")
        limit = self.context_length
        if context_length is not None:
            limit = checked_integer(context_length, "batch: context_length")
        if not 1 <= limit <= self.context_length:
            raise ArgumentError(
                f"batch: context_length is {limit}, it lies in [1, {self.context_length}]"
            )
        weights = self._in_use

        def make(caches: LayerCaches, *, of_sequences: bool) -> MakeStep:
            return transformer(
                self.runtime, self.config, weights, caches, of_sequences=of_sequences
            )

        return Batch(self, self.engine.batch(make, sequences, limit), sequences)

    def generate_batch(
        self,
        prompts: Sequence[str | Sequence[int] | Sequence[Message]],
        *,
        sequences: int = 8,
        seed: int | None = None,
        **options: Any,
    ) -> list[BatchSequence]:
        """Answers or continues each of `prompts`, up to `sequences` at once: all texts, in the
        order of the prompts. `options` are those of `generate`; the first one's seed is `seed`, the
        second's `seed` + 1 and so on.

        Raises what `generate` and `batch` raise; the texts of the others are lost then.
        """
        if isinstance(prompts, str):
            raise ArgumentTypeError(
                "generate_batch: prompts is a str; expected a sequence of prompts"
            )
        size = checked_integer(sequences, "batch: sequences")
        found: dict[int, BatchSequence] = {}
        with self.batch(min(size, len(prompts)) or size) as batch:
            for index, answer in batch.answers(prompts, seed=seed, **options):
                if isinstance(answer, Error):
                    raise answer
                found[index] = answer
        return [found[index] for index in range(len(prompts))]

    def _constraint(self, *given: object) -> Constraint | None:
        found = grammar_of(*given)
        if found is None:
            return None
        if self._constraint_tokens is None:
            self._constraint_tokens = ConstraintTokens(self.tokenizer)
        return Constraint(self._constraint_tokens, *found)

    def save_prompt_cache(self, path: str | Path) -> int:
        """Writes the keys and values of the tokens evaluated last, a prompt and what was generated
        after it; returns how many they are.

        Raises `ArgumentError` where the file cannot be written.
        """
        return self.engine.save_cache(
            checked_path(path, "save_prompt_cache: path"), self._fingerprint()
        )

    def load_prompt_cache(self, path: str | Path) -> int:
        """Takes them from the file; a prompt that begins with the same tokens is evaluated from
        there on. Returns how many tokens they are.

        Raises `ModelError` for a file that is no prompt cache, of another model, of another
        `cache_dtype`, or longer than the context; nothing is cached then.
        """
        return self.engine.load_cache(
            checked_path(path, "load_prompt_cache: path"), self._fingerprint()
        )

    def _fingerprint(self) -> str:
        found = self._file_fingerprint
        for adapter in self._adapters:
            found += f" + {adapter.scale} x {fingerprint(adapter.files)}"
        return found

    @cached_property
    def _file_fingerprint(self) -> str:
        return fingerprint([Path(path) for path in self._file.paths])

    def export(self, folder: str | Path) -> None:
        """Writes a folder that C++ generates text from, without Python: `foundry::Generator`,
        docs/programs.md. The weights stay in the GGUF file.

        In it are a program for each of a few numbers of tokens, and the tables of the tokenizer and
        of the chat template, `text.gguf`. Fixed are the context length, the cache's dtype and what
        the default chat template prints between messages, dates included; a template that is no
        such thing leaves raw texts. The folder may be there already: what it has of these names is
        replaced. Raises `ArgumentError` where it cannot be written, and for a model from a Hugging
        Face folder, `UnsupportedModelError` for a tokenizer that C++ has not.
        """
        if not isinstance(self._file, Gguf):
            raise ArgumentError(
                "export: the weights of a program are a GGUF file's; convert the folder"
            )
        # Only who exports pays for it.
        from foundry.export.folder import steps_for, write_text_tables

        target = checked_path(folder, "export: folder")
        try:
            target.mkdir(parents=True, exist_ok=True)
            self.engine.export(target, steps_for(self.context_length), self._file)
            write_text_tables(
                target,
                tokenizer=self.tokenizer,
                templates=self.chat_templates,
                context_length=self.context_length,
                caches=self.engine.cache.grown_names,
                rings=self.engine.cache.ring_windows,
                states=self.engine.cache.state_names,
            )
        except OSError as error:
            raise ArgumentError(
                f"export: '{target}' cannot be written: {error.strerror}"
            ) from error
        self.engine.export(target, steps_for(self.context_length), self._file)

    def _prompt_tokens(
        self, prompt: Any, chat: Mapping[str, Any], parse_special: bool
    ) -> list[int]:
        is_text = isinstance(prompt, str | bytes | bytearray)
        is_row = isinstance(prompt, Sequence | np.ndarray) and not is_text
        if is_row and any(isinstance(item, Mapping) for item in prompt):
            return self.tokenizer.encode(self.chat_templates.render(prompt, **chat))
        for name, value in chat.items():
            if value is not None and value is not False:
                raise ArgumentError(f"generate: {name} goes with messages, the prompt has none")
        if isinstance(prompt, str):
            return self.tokenizer.encode(prompt, parse_special=parse_special)
        if is_row:
            return checked_tokens(prompt, len(self.tokenizer), "generate")
        raise ArgumentTypeError(
            f"generate: unsupported prompt of type {type(prompt).__name__}; supported: a text, "
            "token ids, or a list of messages"
        )

    def _checked(self, token_ids: object, what: str) -> list[int]:
        tokens = checked_tokens(token_ids, len(self.tokenizer), what)
        if not tokens:
            raise ArgumentError(f"{what}: no token ids")
        if len(tokens) > self.context_length:
            raise ContextLengthError(
                f"{what}: {len(tokens)} tokens; the context holds {self.context_length}"
            )
        return tokens
