"""SentencePiece's byte pair encoding (`tokenizer.ggml.model` "llama").

Of two neighbours that make a token together, those of the best score do so first, of equals the
leftmost; a character that is no token becomes bytes (Kudo and Richardson 2018, as llama.cpp's
src/llama-vocab.cpp has it). Merges have no ranks, so the `tokenizers` package's model, whose pairs
have, gives other tokens where one can be made in several ways.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

from foundry.errors import TokenizerError
from foundry.generation.segmentation.words import remembered, splitter
from foundry.generation.vocabulary import SPACE, Vocabulary


def sentence_piece(vocabulary: Vocabulary) -> Callable[[str, bool], list[int]]:
    """The ids of a text; of one that is at the start or after a special token with a space before
    it, where the model asks for that."""
    ids = {text: token for text, token in vocabulary.ids.items() if token not in vocabulary.special}
    ranks = dict(zip(vocabulary.tokens, (-vocabulary.scores).tolist(), strict=True))
    ranks = {text: ranks[text] for text in ids}
    bytes_of = byte_tokens(vocabulary)
    cut = splitter(ids)

    @remembered
    def encode_word(word: str) -> list[int]:
        token = ids.get(word)
        if token is not None and len(word) == 1:
            return [token]
        found: list[int] = []
        for piece in _merged(word, ranks):
            token = ids.get(piece)
            if token is None:
                found += [bytes_of[byte] for byte in piece.encode()]
            else:
                found.append(token)
        return found

    def encode(text: str, begins: bool) -> list[int]:
        spelled = text.replace(" ", SPACE)
        if begins and vocabulary.space_prefix:
            spelled = SPACE + spelled
        return [token for word in cut(spelled) if word for token in encode_word(word)]

    return encode


def _merged(word: str, ranks: dict[str, float]) -> list[str]:
    """The pieces of a word: a queue of neighbours, and for each piece the next and the last."""
    pieces = list(word)
    count = len(pieces)
    after, before = list(range(1, count + 1)), list(range(-1, count - 1))
    pairs = map("".join, itertools.pairwise(word))
    queue = [(ranks[text], at, len(text)) for at, text in enumerate(pairs) if text in ranks]
    heapq.heapify(queue)

    def offer(left: int, right: int) -> None:
        text = pieces[left] + pieces[right]
        if text in ranks:
            heapq.heappush(queue, (ranks[text], left, len(text)))

    while queue:
        _, left, length = heapq.heappop(queue)
        right = after[left]
        # What has grown or gone since has another length.
        if right >= count or len(pieces[left]) + len(pieces[right]) != length or not pieces[left]:
            continue
        pieces[left] += pieces[right]
        pieces[right] = ""
        after[left] = after[right]
        if after[right] < count:
            before[after[right]] = left
            offer(left, after[left])
        if before[left] >= 0:
            offer(before[left], left)
    return [piece for piece in pieces if piece]


def byte_tokens(vocabulary: Vocabulary) -> list[int]:
    """The token of each byte: its own, the character's, or the unknown one."""
    found = []
    for byte in range(256):
        token = vocabulary.ids.get(f"<0x{byte:02X}>")
        if token is None and byte < 128:
            token = vocabulary.ids.get(chr(byte))
        if token is None:
            token = vocabulary.unknown_id
        if token is None:
            raise TokenizerError(
                f"tokenizer.ggml.tokens has no '<0x{byte:02X}>', and there is no unknown token; "
                "expected the 256 bytes or tokenizer.ggml.unknown_token_id"
            )
        found.append(token)
    return found
