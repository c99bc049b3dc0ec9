"""A Llama-family language model: logits and generation."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from foundry import ops
from foundry._foundry import Device, DType, Foundry, Gguf
from foundry.call_errors import typed_call, typed_calls
from foundry.errors import (
    ArgumentError,
    ArgumentTypeError,
    ContextLengthError,
    DTypeError,
    ModelError,
)
from foundry.generation.arguments import checked_flag, checked_integer, checked_tokens, shown
from foundry.generation.chat_template import ChatTemplate
from foundry.generation.chat_templates import ChatTemplates
from foundry.generation.messages import Message
from foundry.generation.sampling import SamplingParameters
from foundry.generation.stopping import Stop
from foundry.generation.tokenizer import Tokenizer
from foundry.models.config import LlamaConfig
from foundry.models.decode import Decoder, DecodeRun, draw, write_counts
from foundry.models.forward import ACTIVATIONS, Forward, Step
from foundry.models.generation import Generation
from foundry.models.kv_cache import CACHE_DTYPES, KvCache
from foundry.models.prepare import prepare
from foundry.models.weights import LlamaWeights, Progress

PREFILL_BATCH = 256
"""Tokens of a prompt that are evaluated at once, unless asked otherwise."""


@dataclass(frozen=True)
class StepCost:
    """What choosing one token took."""

    dispatches: int
    reused_tokens: int


@typed_calls
class Llama:
    """A model from a GGUF file. Calls from several threads take turns.

    Made by `foundry.models.load`.
    """

    def __init__(
        self,
        path: Path,
        *,
        runtime: Foundry,
        context_length: int | None = None,
        cache_dtype: DType = DType.f16,
        progress: Progress | None = None,
    ) -> None:
        file = self._file = Gguf(path)
        metadata = file.metadata
        self.path = path
        self.runtime = runtime
        self.config = LlamaConfig.from_metadata(metadata)
        self.name = self.config.name
        self.tokenizer = Tokenizer(metadata)
        self.chat_templates = ChatTemplates(metadata, self.tokenizer)
        self.context_length = _context_length(self.config, context_length)
        self._check_vocabulary(file)
        weights = LlamaWeights.bind(file, self.config, self.context_length, runtime, progress)
        self._cache = KvCache(runtime, self.config, self.context_length, cache_dtype)
        self._forward = Forward(runtime, self.config, weights, self._cache)
        vocabulary = len(self.tokenizer)
        self._decoder = Decoder(runtime, self._forward, self._cache, vocabulary)
        self._token = runtime.dedicated((1,), DType.i32, name="token")
        self._scratch = runtime.dedicated((vocabulary,), DType.f32, name="sampling scratch")
        self._counts = runtime.dedicated((vocabulary,), DType.u32, name="token counts")
        self._lock = threading.Lock()
        one = self._forward.decode_step()  # kept; the rest is only there to be compiled
        with runtime.scope(ACTIVATIONS):
            prepare(runtime, [*one.operations, *self._other_kernels(one)], progress)

    @property
    def chat_template(self) -> ChatTemplate | None:
        """The default of `chat_templates`, where there is one."""
        return self.chat_templates.get("default")

    def __repr__(self) -> str:
        return (
            f"Llama({self.name!r}, {self.config.layers} layers, context {self.context_length}, "
            f"on '{self.runtime.device.name}')"
        )

    def _check_vocabulary(self, file: Gguf) -> None:
        """`ModelError` unless embedding, vocabulary and metadata are of one size."""
        tokens = len(self.tokenizer)
        embedding = file.tensors.get("token_embd.weight")
        if embedding is not None and embedding.shape[:1] != (tokens,):
            raise ModelError(
                f"token_embd.weight has shape {embedding.shape}, the vocabulary {tokens} tokens"
            )
        size = self.config.vocabulary
        if size not in (None, tokens):
            raise ModelError(f"llama.vocab_size is {size}, the vocabulary has {tokens} tokens")

    def _other_kernels(self, one: Step) -> list[ops.Operation]:
        """What greedy generation runs besides the step of one token, on memory of the scope."""
        greedy = draw(
            one.logits.reshape(len(self.tokenizer)),
            self._token,
            SamplingParameters(),
            scratch=None,
            counts=None,
            seed=0,
            step=0,
        )
        ring = self.runtime.empty((1,), DType.i32, arena=ACTIVATIONS)
        append = ops.AppendToken(token=self._token, ring=ring)
        return [*self._forward.prompt_step().operations, greedy, append]

    def logits(
        self, token_ids: Sequence[int] | NDArray[np.integer], *, batch: int | None = None
    ) -> NDArray[np.float32]:
        """Logits, float32 (len(token_ids), vocabulary): row i follows tokens 0 to i.

        `batch` tokens are evaluated at once; 1 takes the kernels of decoding. Raises
        `ContextLengthError` for more tokens than the context holds, `ArgumentError` for no tokens
        or one outside the vocabulary.
        """
        tokens = self._checked(token_ids, "logits")
        if batch is not None and checked_integer(batch, "logits: batch") < 1:
            raise ArgumentError(f"logits: batch is {batch}, it must be positive")
        size = batch or PREFILL_BATCH
        result = np.empty((len(tokens), len(self.tokenizer)), np.float32)
        with self._lock, _ForgetOnError(self._cache):
            self._file.require_whole()
            self._decoder.release()
            self._cache.tokens.clear()
            for start in range(0, len(tokens), size):
                part = tokens[start : start + size]
                result[start : start + len(part)] = np.asarray(
                    self._forward.run(part, rows=len(part))
                )
        return result

    def generate(
        self,
        prompt: str | Sequence[int] | Sequence[Message],
        *,
        max_tokens: int = 256,
        temperature: float = 0.0,
        top_k: int = 0,
        top_p: float = 1.0,
        min_p: float = 0.0,
        repetition_penalty: float = 1.0,
        frequency_penalty: float = 0.0,
        presence_penalty: float = 0.0,
        penalty_window: int = 64,
        sampling: SamplingParameters | None = None,
        seed: int | None = None,
        stop: Stop | Sequence[Stop] = (),
        include_stop: bool = False,
        ignore_end: bool = False,
        parse_special: bool = True,
        tools: Sequence[Mapping[str, Any]] | None = None,
        documents: Sequence[Mapping[str, Any]] | None = None,
        continue_final_message: bool = False,
        template: str | None = None,
        template_arguments: Mapping[str, object] | None = None,
    ) -> Generation:
        """Continues `prompt`, piece by piece.

        A text or token ids are continued as they are. A text is the caller's own and may spell
        control tokens, unless `parse_special` is False. Messages
        (`{"role": ..., "content": ...}`) go through the model's chat template, and their contents
        are text, whatever they spell; `tools`, `documents`, `continue_final_message` and the
        variables `template_arguments` go with them, as `ChatTemplate.render` explains, and
        `template` names one of several templates.

        `sampling` replaces the single sampling parameters, which `SamplingParameters` explains;
        without a `seed` every call draws anew, and of a seed the last 64 bits count. `stop` ends
        the text before a text, at a token id, or at a control token by its text; `include_stop`
        shows what ended it. `ignore_end` goes on past the tokens that end a turn, unless `stop`
        names them.

        Raises `ContextLengthError` where the prompt leaves no room in the context, `ArgumentError`
        for an empty prompt or a parameter out of its range, `ArgumentTypeError` for one of a wrong
        type, `ChatTemplateError`. Iterating raises `ModelError` where the logits are not finite,
        with the first layer whose output is not.
        """
        if sampling is not None and not isinstance(sampling, SamplingParameters):
            raise ArgumentTypeError(
                f"generate: sampling is a {type(sampling).__name__}; expected SamplingParameters"
            )
        parameters = sampling or SamplingParameters(
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            min_p=min_p,
            repetition_penalty=repetition_penalty,
            frequency_penalty=frequency_penalty,
            presence_penalty=presence_penalty,
            penalty_window=penalty_window,
        )
        if parameters.penalty_window > self.context_length:
            parameters = replace(parameters, penalty_window=self.context_length)
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
        tokens = self._prompt_tokens(prompt, chat, parse_special)
        if not tokens:
            raise ArgumentError("generate: the prompt has no tokens")
        if len(tokens) >= self.context_length:
            raise ContextLengthError(
                f"prompt of {len(tokens)} tokens; the context holds {self.context_length}, and the "
                f"answer needs one at least"
            )
        return Generation(
            self,
            tokens,
            max_tokens=max_tokens,
            sampling=parameters,
            seed=draws % 2**64,
            stop=stop,
            include_stop=checked_flag(include_stop, "generate: include_stop"),
            ignore_end=checked_flag(ignore_end, "generate: ignore_end"),
        )

    def export(
        self,
        path: str | Path,
        *,
        context_length: int | None = None,
        sampling: SamplingParameters | None = None,
    ) -> None:
        """Writes one decode step as a program that C++ runs without Python.

        The weights stay in the GGUF file. The program's tensors `ids` (the token to evaluate) and
        `tokens` (a ring of the tokens drawn, by position) and its parameters `position` and, unless
        sampling is greedy, `seed` are all there is to it: docs/programs.md. `context_length`
        positions fit, as many as the model's own cache has now at least. Raises `ArgumentError` for
        sampling with penalties, whose state a prompt would not set up, and for a context that the
        model has not.
        """
        parameters = sampling or SamplingParameters()
        if parameters.penalises:
            raise ArgumentError("export: a program does not penalise recent tokens")
        positions = self._cache.capacity
        if context_length is not None:
            positions = checked_integer(context_length, "export: context_length")
        if not 1 < positions <= self.context_length:
            raise ArgumentError(
                f"export: context_length is {positions}; the model has {self.context_length}"
            )
        with self._lock:
            self._decoder.release()
            self._cache.reserve(positions)
            program = self._decoder.record(parameters)
            program.export(path, weights=[self._file])

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

    def _next_token(self, run: DecodeRun, index: int) -> tuple[int, StepCost]:
        """The token at `index` of the run, at most one past those it has."""
        with self._lock:
            cost = StepCost(self._decoder.dispatches, 0)
            if index == len(run.tokens):
                if self._decoder.is_at(run):
                    try:
                        self._decoder.next(run)
                    except Exception:
                        self._decoder.abandon()
                        self._cache.forget()
                        raise
                else:
                    cost = self._evaluate(run)
            return run.tokens[index], cost

    def _evaluate(self, run: DecodeRun) -> StepCost:
        """Evaluates what the cache does not hold of the run's tokens, and draws the next."""
        before = self.runtime.statistics["dispatches"]
        with _ForgetOnError(self._cache):
            self._file.require_whole()
            self._decoder.release()
            tokens = run.tokens
            reused = min(self._cache.shared_prefix(tokens), len(tokens) - 1)
            self._cache.tokens = tokens[:reused]
            for start in range(reused, len(tokens), PREFILL_BATCH):
                logits = self._forward.run(tokens[start : start + PREFILL_BATCH], rows=1)
            if run.sampling.penalises:
                write_counts(self._counts, tokens, run.sampling.penalty_window)
            self.runtime.run(
                draw(
                    logits.reshape(len(self.tokenizer)),
                    self._token,
                    run.sampling,
                    scratch=self._scratch,
                    counts=self._counts,
                    seed=run.seed,
                    step=len(tokens),
                )
            )
            token = int(np.asarray(self._token)[0])
            self._decoder.check(tokens, token)
            dispatches = self.runtime.statistics["dispatches"] - before
        run.tokens.append(token)
        if len(run.tokens) < run.limit:
            self._decoder.begin(run)
        return StepCost(dispatches, reused)


class _ForgetOnError:
    """Empties the cache if its block fails: what it holds is not known then."""

    def __init__(self, cache: KvCache) -> None:
        self._cache = cache

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._cache.forget()


def _context_length(config: LlamaConfig, asked: int | None) -> int:
    if asked is None:
        return config.context_length
    asked = checked_integer(asked, "load: context_length")
    if not 1 < asked <= config.context_length:
        raise ArgumentError(
            f"load: context_length is {asked}; the model was made for 2 to {config.context_length}"
        )
    return asked


@typed_call
def load(
    path: str | Path,
    *,
    device: Device | str | None = None,
    runtime: Foundry | None = None,
    context_length: int | None = None,
    cache_dtype: DType = DType.f16,
    progress: Progress | None = None,
) -> Llama:
    """Loads a model from a GGUF file and prepares its kernels.

    Weights stay in the mapped file where device and host share memory. `device` names where it
    runs, or `runtime` is an existing one. `context_length` lowers the model's own limit. Keys and
    values of earlier tokens are kept in `cache_dtype`: f16, bf16, or f32, which takes twice the
    memory and keeps what rounding them loses. `progress` is called with a stage, steps done and
    steps in all.

    Raises `GgufError` for a malformed file, `UnsupportedModelError` (naming it, and what there is)
    for an architecture, format or tokenizer that is not there, `ModelError` for a file whose parts
    do not fit together, `ArgumentError` and `ArgumentTypeError` for what is no path, device,
    runtime, context length or dtype, `DTypeError` for a dtype that caches are not kept in.
    """
    try:
        file = Path(path)
    except TypeError as error:
        raise ArgumentTypeError(
            f"load: path is {shown(path)}; expected a str or an os.PathLike of str"
        ) from error
    if runtime is not None and not isinstance(runtime, Foundry):
        raise ArgumentTypeError(f"load: runtime is {shown(runtime)}; expected a Foundry or None")
    if runtime is not None and device is not None:
        raise ArgumentError("load: a runtime has its device; give one of the two")
    if not isinstance(cache_dtype, DType):
        raise ArgumentTypeError(f"load: cache_dtype is {shown(cache_dtype)}; expected a DType")
    if cache_dtype not in CACHE_DTYPES:
        names = ", ".join(dtype.name for dtype in CACHE_DTYPES)
        raise DTypeError(f"load: unsupported cache_dtype {cache_dtype.name}; supported: {names}")
    if progress is not None and not callable(progress):
        raise ArgumentTypeError(f"load: progress is {shown(progress)}; expected a callable or None")
    return Llama(
        file,
        runtime=runtime or Foundry(device),
        context_length=context_length,
        cache_dtype=cache_dtype,
        progress=progress,
    )
