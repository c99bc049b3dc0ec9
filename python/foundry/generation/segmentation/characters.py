"""Classes of characters as llama.cpp's tables have them: those of Unicode 15.1."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from tokenizers import Regex, pre_tokenizers


def ranges(codes: str) -> str:
    """The inside of a class: code points and ranges of them, in hexadecimal digits."""
    return re.sub(r"[0-9A-F]+", lambda found: rf"\x{{{found[0]}}}", codes).replace(" ", "")


# Characters that the regular expressions of the `tokenizers` package know and the tables do not.
_LATER = ranges(
    "897 1B4E-1B4F 1B7F 1C89-1C8A 2427-2429 31E4-31E5 A7CB-A7CD A7DA-A7DC 105C0-105F3 10D40-10D8F "
    "10EC2-10EFC 11380-113E2 116D0-116E3 11BC0-11BF9 11F5A 13460-143FA 16100-16139 16D40-16D79 "
    "18CFF 1CC00-1CEB3 1E5D0-1E5FF 1F8B2-1F8C1 1FA89-1FA8F 1FABE 1FAC6 1FADC-1FADF 1FAE9 "
    "1FBCB-1FBEF"
)


def pattern(text: str) -> Regex:
    """A regular expression of Oniguruma's syntax whose properties are those of the tables."""
    return Regex(re.sub(r"\\p\{\w+\}", lambda found: rf"[{found[0]}&&[^{_LATER}]]", text))


def member_of(text: str) -> Callable[[str], bool]:
    """Whether a character is in a class."""
    split = pre_tokenizers.Split(pattern(text), "removed")

    @lru_cache(maxsize=1 << 14)
    def is_member(character: str) -> bool:
        return not split.pre_tokenize_str(character)

    return is_member
