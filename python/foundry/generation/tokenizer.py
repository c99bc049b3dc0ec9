"""Text to token ids and back: a byte-level BPE tokenizer built from GGUF metadata."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TypeVar, cast

import tokenizers
from tokenizers import AddedToken, decoders, models, pre_tokenizers

from foundry.errors import TokenizerError, UnsupportedModelError
from foundry.generation.arguments import checked_integer, checked_text
from foundry.generation.control_tokens import ControlTokens
from foundry.generation.templates.text import TemplateText, own_spans

# Values of tokenizer.ggml.token_type (GGUF specification, "tokenizer.ggml.token_type").
_UNKNOWN, _CONTROL, _USER_DEFINED = 2, 3, 4

# Tokens that end a turn whatever the metadata names as the end-of-sequence token.
_END_OF_TURN = ("<|endoftext|>", "<|im_end|>", "<|eot_id|>", "<|end|>", "</s>")

_T = TypeVar("_T")


def _smollm() -> pre_tokenizers.PreTokenizer:
    """Every digit by itself, then GPT-2's word pattern."""
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )


def _gpt2() -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)


_PRE_TOKENIZERS = {"gpt-2": _gpt2, "smollm": _smollm}


def _byte_alphabet() -> dict[str, int]:
    """Byte of each printable stand-in (`bytes_to_unicode` of GPT-2, Radford et al. 2019)."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    alphabet = {chr(byte): byte for byte in printable}
    others = (byte for byte in range(256) if byte not in printable)
    return alphabet | {chr(256 + index): byte for index, byte in enumerate(others)}


_BYTES = _byte_alphabet()


class Tokenizer:
    """Byte-level BPE (GGUF's tokenizer model "gpt2"). Safe to use from several threads.

    Built from the metadata of a GGUF file. Raises `UnsupportedModelError` for another tokenizer
    model or pre-tokenizer, `TokenizerError` where the vocabulary is incomplete.
    """

    def __init__(self, metadata: Mapping[str, object]) -> None:
        def field(key: str, kind: type[_T], default: _T | None = None) -> _T:
            value = metadata.get(f"tokenizer.ggml.{key}", default)
            if not isinstance(value, kind):
                found = "is missing" if value is None else f"is a {type(value).__name__}"
                raise TokenizerError(f"tokenizer.ggml.{key} {found}; expected a {kind.__name__}")
            return value

        model = field("model", str)
        if model != "gpt2":
            raise UnsupportedModelError(f"tokenizer model '{model}': there is only 'gpt2'")
        self.pre_tokenizer = field("pre", str, "gpt-2")
        if self.pre_tokenizer not in _PRE_TOKENIZERS:
            known = ", ".join(f"'{name}'" for name in sorted(_PRE_TOKENIZERS))
            raise UnsupportedModelError(
                f"pre-tokenizer '{self.pre_tokenizer}' is not there; there are {known}"
            )

        self._tokens = cast("list[str]", field("tokens", list))
        merges = cast("list[str]", field("merges", list))
        types = cast("list[int]", field("token_type", list, [1] * len(self._tokens)))
        if len(types) != len(self._tokens):
            raise TokenizerError(
                f"tokenizer.ggml.token_type has {len(types)} entries for {len(self._tokens)} tokens"
            )
        vocabulary = {token: index for index, token in enumerate(self._tokens)}
        pairs = [(left, right) for left, _, right in (merge.partition(" ") for merge in merges)]
        try:
            self._backend = tokenizers.Tokenizer(models.BPE(vocab=vocabulary, merges=pairs))
        except Exception as error:  # the package raises bare Exceptions
            raise TokenizerError(
                f"tokenizer.ggml.merges do not fit the vocabulary: {error}"
            ) from error
        self._backend.pre_tokenizer = _PRE_TOKENIZERS[self.pre_tokenizer]()
        self._backend.decoder = decoders.ByteLevel()
        special = [i for i, kind in enumerate(types) if kind in (_CONTROL, _UNKNOWN)]
        whole = [i for i, kind in enumerate(types) if kind == _USER_DEFINED]
        self._special = frozenset(special)
        self._literal = self._special | frozenset(whole)
        self._backend.add_special_tokens(
            [AddedToken(self._tokens[i], normalized=False, special=True) for i in special]
        )
        self._backend.add_tokens([AddedToken(self._tokens[i], normalized=False) for i in whole])
        self._backend.encode_special_tokens = True  # as text: encode() finds control tokens itself
        self.control = ControlTokens({self._tokens[i]: i for i in sorted(self._special)})
        """The tokens that are no text."""

        def token_id(key: str) -> int | None:
            value = metadata.get(f"tokenizer.ggml.{key}_token_id")
            if isinstance(value, int) and not 0 <= value < len(self._tokens):
                raise TokenizerError(
                    f"tokenizer.ggml.{key}_token_id is {value}, the vocabulary has "
                    f"{len(self._tokens)} tokens"
                )
            return value if isinstance(value, int) else None

        self.bos_id = token_id("bos")
        self.eos_id = token_id("eos")
        self.adds_bos = bool(metadata.get("tokenizer.ggml.add_bos_token", False))
        if self.adds_bos and self.bos_id is None:
            raise TokenizerError("tokenizer.ggml.add_bos_token is set, bos_token_id is missing")
        named = {vocabulary[text] for text in _END_OF_TURN if text in vocabulary}
        given = {i for i in (self.eos_id, token_id("eot"), token_id("eom")) if i is not None}
        self.end_ids = frozenset(given | (named & self._special))
        """Tokens that end a generation."""

    def __len__(self) -> int:
        return len(self._tokens)

    def __repr__(self) -> str:
        return f"Tokenizer({len(self)} tokens, pre-tokenizer '{self.pre_tokenizer}')"

    def encode(self, text: str, *, parse_special: bool = True) -> list[int]:
        """Token ids of `text`.

        With `parse_special` the text of a control token such as `<|im_end|>` becomes that token;
        without it, plain characters (what untrusted text should be). In a prompt that
        `ChatTemplate.render` made, only what the template itself wrote can be a control token. A
        beginning-of-sequence token comes first where the model asks for one and the text does not
        start with it.
        """
        spans = own_spans(text) if isinstance(text, TemplateText) else ((0, len(text)),)
        plain = checked_text(text, "encode: text")
        ids: list[int] = []
        for piece in self.control.split(plain, spans if parse_special else ()):
            if isinstance(piece, int):
                ids.append(piece)
            else:
                ids += self._backend.encode(piece, add_special_tokens=False).ids
        if self.adds_bos and ids[:1] != [self.bos_id]:
            assert self.bos_id is not None
            ids.insert(0, self.bos_id)
        return ids

    def decode(self, ids: Iterable[int], *, skip_special: bool = True) -> str:
        """Text of token ids. Bytes that are not UTF-8 become U+FFFD."""
        stream = self.stream(skip_special=skip_special)
        return "".join(map(stream.push, ids)) + stream.finish()

    def stream(self, *, skip_special: bool = True) -> StreamDecoder:
        """A decoder for tokens that arrive one at a time."""
        return StreamDecoder(self, skip_special)

    def is_special(self, token: int) -> bool:
        """Whether `token` is a control token, not text."""
        return token in self._special

    def bytes_of(self, token: int) -> bytes:
        """The bytes that `token` stands for. `TokenizerError` where there is no such token."""
        token = checked_integer(token, "token")
        if not 0 <= token < len(self._tokens):
            raise TokenizerError(f"token {token}: the vocabulary has {len(self._tokens)} tokens")
        text = self._tokens[token]
        if token in self._literal:
            return text.encode()
        try:
            return bytes(_BYTES[character] for character in text)
        except KeyError:
            return text.encode()

    @cached_property
    def vocabulary(self) -> Mapping[str, int]:
        """Token id of each token, spelled in GPT-2's byte alphabet."""
        return {token: index for index, token in enumerate(self._tokens)}


class StreamDecoder:
    """Turns tokens into text as they come, never cutting a character in two."""

    def __init__(self, tokenizer: Tokenizer, skip_special: bool) -> None:
        self._tokenizer = tokenizer
        self._skip_special = skip_special
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")

    def push(self, token: int) -> str:
        """The text that `token` completes; empty while a character is still open."""
        if self._skip_special and self._tokenizer.is_special(token):
            return ""
        return self._utf8.decode(self._tokenizer.bytes_of(token))

    def finish(self) -> str:
        """What is still open, as U+FFFD."""
        return self._utf8.decode(b"", final=True)
