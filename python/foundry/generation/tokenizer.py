"""Text to token ids and back: a byte-level BPE tokenizer built from GGUF metadata."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Mapping
from functools import cached_property

from foundry.call_errors import typed_calls
from foundry.errors import ArgumentTypeError, TokenizerError
from foundry.generation.arguments import checked_integer, checked_text, shown
from foundry.generation.control_tokens import ControlTokens
from foundry.generation.templates.text import TemplateText, own_spans
from foundry.generation.vocabulary import Vocabulary

# Tokens that end a turn whatever the metadata names as the end-of-sequence token.
_END_OF_TURN = ("<|endoftext|>", "<|im_end|>", "<|eot_id|>", "<|end|>", "</s>")


def _byte_alphabet() -> dict[str, int]:
    """Byte of each printable stand-in (`bytes_to_unicode` of GPT-2, Radford et al. 2019)."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    alphabet = {chr(byte): byte for byte in printable}
    others = (byte for byte in range(256) if byte not in printable)
    return alphabet | {chr(256 + index): byte for index, byte in enumerate(others)}


_BYTES = _byte_alphabet()


@typed_calls
class Tokenizer:
    """Byte-level BPE (GGUF's tokenizer model "gpt2"). Safe to use from several threads.

    Built from the metadata of a GGUF file. Raises `UnsupportedModelError` for another tokenizer
    model or pre-tokenizer, `TokenizerError` where the vocabulary is incomplete.
    """

    def __init__(self, metadata: Mapping[str, object]) -> None:
        vocabulary = Vocabulary.from_metadata(metadata)
        self.pre_tokenizer = vocabulary.pre_tokenizer
        self._tokens = vocabulary.tokens
        self._backend = vocabulary.backend()
        self._special = frozenset(vocabulary.special)
        self._literal = self._special | frozenset(vocabulary.whole)
        self._backend.encode_special_tokens = True  # as text: encode() finds control tokens itself
        self.control = ControlTokens({self._tokens[index]: index for index in vocabulary.special})
        """The tokens that are no text."""
        self.bos_id = vocabulary.bos_id
        self.eos_id = vocabulary.eos_id
        self.adds_bos = vocabulary.adds_bos
        named = {index for index in vocabulary.special if self._tokens[index] in _END_OF_TURN}
        self.end_ids = vocabulary.end_ids | named
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
        plain = checked_text(text, "encode: text")
        spans = own_spans(text) if isinstance(text, TemplateText) else ((0, len(plain)),)
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
        """Text of token ids. Bytes that are not UTF-8 become U+FFFD. `TokenizerError` for a token
        that is not there."""
        if not isinstance(ids, Iterable):
            raise ArgumentTypeError(f"decode: ids is {shown(ids)}; expected token ids")
        stream = self.stream(skip_special=skip_special)
        return "".join(map(stream.push, ids)) + stream.finish()

    def stream(self, *, skip_special: bool = True) -> StreamDecoder:
        """A decoder for tokens that arrive one at a time."""
        return StreamDecoder(self, skip_special)

    def is_special(self, token: int) -> bool:
        """Whether `token` is a control token, not text."""
        return checked_integer(token, "token") in self._special

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


@typed_calls
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
