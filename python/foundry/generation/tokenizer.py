"""Text to token ids and back, as the metadata of a GGUF file says."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Mapping

from foundry.call_errors import typed_calls
from foundry.errors import ArgumentTypeError, TokenizerError
from foundry.generation.arguments import checked_integer, checked_text, shown
from foundry.generation.segmentation.byte_alphabet import BYTES
from foundry.generation.segmentation.models import segmenter
from foundry.generation.segmentation.packaged import packaged
from foundry.generation.special_tokens import SpecialTokens
from foundry.generation.templates.text import TemplateText, own_spans
from foundry.generation.token_kinds import BYTE, NORMAL
from foundry.generation.vocabulary import SPACE, Vocabulary


@typed_calls
class Tokenizer:
    """Made from the metadata of a GGUF file. Safe to use from several threads. With the text of a
    `tokenizer.json` the `tokenizers` package cuts texts, as that says.

    Raises `UnsupportedModelError` for another tokenizer model or pre-tokenizer, `TokenizerError`
    where the vocabulary does not fit together.
    """

    def __init__(self, metadata: Mapping[str, object], description: str | None = None) -> None:
        vocabulary = Vocabulary.from_metadata(metadata)
        self.model = vocabulary.model
        """The kind of tokenizer, in GGUF's words."""
        self.pre_tokenizer = vocabulary.pre_tokenizer
        """How BPE cuts words; empty for other models."""
        self._vocabulary = vocabulary
        self._segment = segmenter(vocabulary) if description is None else packaged(description)
        self.control = SpecialTokens(
            {vocabulary.tokens[index]: index for index in vocabulary.special},
            {vocabulary.tokens[index]: index for index in vocabulary.defined},
            strips_left=vocabulary.strips_left,
            strips_right=vocabulary.strips_right,
        )
        """The tokens that are found in a text before it is cut."""
        self.bos_id = vocabulary.bos_id
        self.eos_id = vocabulary.eos_id
        self.sep_id = vocabulary.sep_id
        self.adds_bos = vocabulary.adds_bos
        self.adds_eos = vocabulary.adds_eos
        self.adds_sep = vocabulary.adds_sep
        self.end_ids = vocabulary.end_ids
        """Tokens that end a generation."""
        self.suppressed_ids = vocabulary.suppressed
        """Tokens that are never drawn."""

    def __len__(self) -> int:
        return len(self._vocabulary.tokens)

    def __repr__(self) -> str:
        cut = f", pre-tokenizer '{self.pre_tokenizer}'" if self.pre_tokenizer else ""
        return f"Tokenizer({len(self)} tokens, '{self.model}'{cut})"

    def encode(self, text: str, *, parse_special: bool = True, add_end: bool = False) -> list[int]:
        """Token ids of `text`.

        With `parse_special` the text of a control token such as `<|im_end|>` becomes that token;
        without it, plain characters (what untrusted text should be). In a prompt that
        `ChatTemplate.render` made, only what the template itself wrote can be a control token. A
        beginning-of-sequence token comes first where the model asks for one and the text does not
        start with it; with `add_end`, which is for texts that are not continued, the tokens come
        last that the model asks for there.
        """
        checked_text(text, "encode: text")
        ids = self._begun(self._cut(text, parse_special))
        return [*ids, *self.ends] if add_end else ids

    def join(self, texts: Iterable[str], between: Iterable[int]) -> list[int]:
        """Token ids of texts with tokens between them, none of which is continued: a query and a
        document. What they spell is text."""
        ids: list[int] = []
        for index, text in enumerate(texts):
            ids += [*(between if index else ()), *self._cut(text, False)]
        return [*self._begun(ids), *self.ends]

    @property
    def ends(self) -> tuple[int, ...]:
        """The tokens that come after a text that is not continued: WordPiece's separator, of other
        models the end of the sequence, where they ask for it."""
        end = self.sep_id if self.model == "bert" else self.eos_id if self.adds_eos else None
        return () if end is None else (end,)

    def _begun(self, ids: list[int]) -> list[int]:
        begins = self.adds_bos or self.model == "bert"
        if begins and self.bos_id is not None and ids[:1] != [self.bos_id]:
            return [self.bos_id, *ids]
        return ids

    def _cut(self, text: str, parse_special: bool) -> list[int]:
        plain = str.__str__(text)
        spans = own_spans(text) if isinstance(text, TemplateText) else ((0, len(plain)),)
        ids: list[int] = []
        begins = True
        for piece in self.control.split(plain, spans if parse_special else ()):
            if isinstance(piece, int):
                ids.append(piece)
            else:
                ids += self._segment(piece, begins)
            begins = isinstance(piece, int)
        return ids

    def decode(self, ids: Iterable[int], *, skip_special: bool = True) -> str:
        """Text of token ids. Bytes that are not UTF-8 become U+FFFD. `TokenizerError` for a token
        that is not there."""
        if not isinstance(ids, Iterable):
            raise ArgumentTypeError(f"decode: ids is {shown(ids)}; expected token ids")
        stream = StreamDecoder(self, skip_special, begins=True)
        return "".join(map(stream.push, ids)) + stream.finish()

    def stream(self, *, skip_special: bool = True) -> StreamDecoder:
        """A decoder for tokens that go on after others, one at a time."""
        return StreamDecoder(self, skip_special)

    def is_special(self, token: int) -> bool:
        """Whether `token` is a control token, not text."""
        return checked_integer(token, "token") in self._vocabulary.special

    def bytes_of(self, token: int) -> bytes:
        """The bytes that `token` stands for. `TokenizerError` where there is no such token."""
        token = checked_integer(token, "token")
        vocabulary = self._vocabulary
        if not 0 <= token < len(self):
            raise TokenizerError(f"token {token}: the vocabulary has {len(self)} tokens")
        text = vocabulary.tokens[token]
        if token in vocabulary.special or token in vocabulary.defined:
            return text.encode()
        if vocabulary.flags[token] >> BYTE & 1:
            return bytes([int(text[3:5], 16)])
        if not vocabulary.flags[token] >> NORMAL & 1:
            return b""
        if not vocabulary.bytewise:
            return text.replace(SPACE, " ").encode()
        try:
            return bytes(BYTES[character] for character in text)
        except KeyError:
            return text.encode()

    def begins_text(self, token: int) -> bool:
        """Whether the text after `token` is cut as if it were the first."""
        return token in self._vocabulary.special or token in self._vocabulary.defined

    @property
    def rules(self) -> Vocabulary:
        """All that it goes by."""
        return self._vocabulary

    @property
    def vocabulary(self) -> Mapping[str, int]:
        """Token id of each token, spelled as in the file."""
        return self._vocabulary.ids

    @property
    def space_prefix(self) -> bool:
        """Whether a text's first token has a space that is not the text's."""
        return self._vocabulary.space_prefix


@typed_calls
class StreamDecoder:
    """Turns tokens into text as they come, never cutting a character in two.

    What `begins` is a text of its own: without the space that the model put before it.
    """

    def __init__(self, tokenizer: Tokenizer, skip_special: bool, begins: bool = False) -> None:
        self._tokenizer = tokenizer
        self._skip_special = skip_special
        self._whole = begins and tokenizer.space_prefix
        self._begins = self._whole
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")

    def push(self, token: int) -> str:
        """The text that `token` completes; empty while a character is still open."""
        data = self._tokenizer.bytes_of(token)
        special = self._tokenizer.begins_text(token)
        if self._skip_special and self._tokenizer.is_special(token):
            data = b""
        if self._begins and not special:
            data = data.removeprefix(b" ")
        self._begins = self._whole and special
        return self._utf8.decode(data)

    def finish(self) -> str:
        """What is still open, as U+FFFD."""
        return self._utf8.decode(b"", final=True)
