"""How byte pair encoding cuts a text into words: a row for each pre-tokenizer of llama.cpp.

The names are values of `tokenizer.ggml.pre`, the rules those of llama.cpp's src/llama-vocab.cpp and
src/unicode.cpp in Oniguruma's syntax: each pattern cuts what those before it left, and what lies
between its matches is a word, too. Where llama.cpp is not what a model's own tokenizer does, it is
llama.cpp's rule that stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tokenizers import pre_tokenizers

from foundry.generation.segmentation.characters import pattern, ranges


@dataclass(frozen=True)
class Rule:
    """A pre-tokenizer, and what goes with it."""

    patterns: tuple[str, ...]
    whole_words: bool = False
    """A word that is a token is that token, whatever the merges say."""
    adds_bos: bool = False
    """Unless the file says otherwise."""
    insists_on_bos: bool = False
    """Whatever the file says."""
    bytewise: bool = True
    """Tokens are spelled in GPT-2's byte alphabet; else as text, with U+2581 for spaces."""
    whole_newlines: bool = False
    """A run of newlines that is a token is that token."""

    def split(self) -> pre_tokenizers.PreTokenizer:
        steps: list[pre_tokenizers.PreTokenizer] = [
            pre_tokenizers.Split(pattern(text), "isolated") for text in self.patterns
        ]
        if self.bytewise:
            steps.append(pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False))
        return pre_tokenizers.Sequence(steps)


_SHORT = r"'(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL])"
_WORD = r"[^\r\n\p{L}\p{N}]?\p{L}+"
_REST = r" ?[^\s\p{L}\p{N}]+"
_SPACES = r"\s+(?!\S)|\s+"
_BLANK_LINES = r"\s*[\r\n]+"
_LINES = r"[^\n]+|\n+"
_LETTER = r"[\p{L}\p{M}]"

_GPT2 = rf"'s|'t|'re|'ve|'m|'ll|'d| ?\p{{L}}+| ?\p{{N}}+|{_REST}|{_SPACES}"


def _words(start: str, numbers: str, *, spaces: str = _SPACES) -> str:
    """Llama 3's pattern and its relatives."""
    return rf"{start}|{numbers}|{_REST}[\r\n]*|{_BLANK_LINES}|{spaces}"


def _cased(upper: str, lower: str, end: str, numbers: str) -> str:
    """Words in which small letters follow capitals."""
    first = r"[^\r\n\p{L}\p{N}]?"
    words = rf"{first}{upper}*{lower}+{end}|{first}{upper}+{lower}*{end}"
    return rf"{words}|{numbers}|{_REST}[\r\n/]*|{_BLANK_LINES}|{_SPACES}"


def _capitals(letter: str, end: str, numbers: str) -> str:
    """Only ASCII's letters have a case; any other is both."""
    return _cased(rf"[{letter}&&[^a-z]]", rf"[{letter}&&[^A-Z]]", end, numbers)


def _rest_of_threes(digit: str, at_least: str) -> str:
    """One or two digits before groups of three, looked at once for each number."""
    return rf"{digit}{{1,2}}(?=(?:{digit}{{3}}){at_least}(?!{digit}))"


def _ends_of_threes(digit: str, other: str) -> str:
    """Cuts after groups of three, counted from a number's end: what is before a number stays with
    its first group."""
    rest = _rest_of_threes(digit, "*")
    before = rf"(?<!{other}){other}++"
    return rf"{before}{rest}|{before}{digit}{{3}}|(?<!{digit}){rest}|{digit}{{3}}"


def _starts_of_threes(digit: str, other: str) -> str:
    """Cuts before groups of three, counted from a number's end: what is after a number stays with
    its last group."""
    after = rf"{other}+(?:{_rest_of_threes(digit, '*')})?"
    return rf"\A{after}|\A{_rest_of_threes(digit, '+')}|{digit}{{3}}(?:{after})?"


_LLAMA3 = _words(rf"{_SHORT}|{_WORD}", r"\p{N}{1,3}")
_QWEN2 = _words(rf"{_SHORT}|{_WORD}", r"\p{N}")
_ASCII_PUNCTUATION = r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]"
_DEEPSEEK = rf"{_ASCII_PUNCTUATION}[A-Za-z]+|[^\r\n\p{{L}}\p{{P}}\p{{S}}]?{_LETTER}+"
_CJK = f"[{ranges('4E00-9FA5 3040-309F 30A0-30FF')}]+"
_CJK_WIDE = rf"[{ranges('4E00-9FA5 800-4E00 AC00-D7FF')}&&\S]+"
_HAN = ranges(
    "4E00-9FFF 3400-4DBF 20000-2A6DF 2A700-2B73F 2B740-2B81F 2B820-2CEAF 2CEB0-2EBEF F900-FAFF "
    "2F800-2FA1F"
)
_CASED_SCRIPTS = ranges(
    "41-5A 61-7A B5 C0-D6 D8-F6 F8-1BA 1BC-1BF 1C4-293 295-2AF 370-373 376 377 37B-37D 37F 386 "
    "388-38A 38C 38E-3A1 3A3-3F5 3F7-481 48A-52F 531-556 10A0-10C5 13A0-13F5 13F8-13FD 1C90-1CBA "
    "1CBD-1CBF 1D00-1D2B 1D6B-1D77 1D79-1D9A 1E00-1F15 1F18-1F1D 1F20-1F45 1F48-1F4D 1F50-1F57 "
    "1F59 1F5B 1F5D 1F5F-1F7D 1F80-1FB4 1FB6-1FBC 1FBE 1FC2-1FC4 1FC6-1FCC 1FD0-1FD3 1FD6-1FDB "
    "1FE0-1FEC 1FF2-1FF4 1FF6-1FFC 2102 2107 210A-2113 2115 2119-211D 2124 2126 2128 212A-212D "
    "212F-2134 2139 213C-213F 2145-2149 214E 2183 2184 2C00-2C7B 2C7E-2CE4 2CEB-2CEE 2CF2 2CF3 "
    "A640-A66D A680-A69B A722-A76F A771-A787 A78B-A78E AB70-ABBF FB00-FB06 FB13-FB17 FF21-FF3A "
    "FF41-FF5A 10400-1044F 104B0-104D3 104D8-104FB 10C80-10CB2 10CC0-10CF2 118A0-118DF 1E900-1E943"
)
_NOT_PUNCTUATION = rf" ?[^(\s|.,!?{ranges('2026 3002 FF0C 3001 964 6D4 60C')})]+"

_DIGITS_THEN_GPT2 = Rule((r"\p{N}", _GPT2))
_LINES_OF_TEXT = Rule((_LINES,), bytewise=False)
_WORDS_OF_LLAMA3 = Rule((_LLAMA3,), whole_words=True, adds_bos=True)
_DEEPSEEK3 = Rule(
    (
        r"\p{N}{1,3}",
        _CJK,
        rf"{_DEEPSEEK}| ?[\p{{P}}\p{{S}}]+[\r\n]*|{_BLANK_LINES}|{_SPACES}",
    )
)

_RULES: Mapping[str, Rule] = {
    "default": Rule((r"[\p{P}\$\+<=>\^~\|]+", _GPT2, r"\p{N}+", "[0-9][0-9][0-9]")),
    "gpt-2": Rule((_GPT2,)),
    "smollm": _DIGITS_THEN_GPT2,
    "llama-bpe": _WORDS_OF_LLAMA3,
    "dbrx": Rule((_LLAMA3,)),
    "glm4": Rule((_LLAMA3,), whole_words=True),
    "jais-2": Rule(
        (
            _words(
                rf"{_SHORT}|{_WORD}",
                r"\p{N}{1,3}",
                spaces="|".join(
                    rf"\s{{{n}}}(?!\S)" for n in (512, 256, 128, 64, 32, 16, 8, 4, "1,2")
                )
                + r"|\s",
            ),
        )
    ),
    "qwen2": Rule((_QWEN2,)),
    "qwen35": Rule(
        (
            rf"{_SHORT}|[^\r\n\p{{L}}\p{{N}}]?{_LETTER}+|\p{{N}}"
            rf"| ?[^\s\p{{L}}\p{{M}}\p{{N}}]+[\r\n]*|{_BLANK_LINES}|{_SPACES}",
        )
    ),
    "ufakzeka": Rule((_words(_WORD, r"\p{N}"),)),
    "laguna": Rule((_LINES, _QWEN2)),
    "minicpm5": Rule((r"\p{N}{1,3}", _words(rf"{_SHORT}|{_WORD}", r"\p{N}+")), whole_words=True),
    "seed-coder": Rule((rf"{_SHORT}|{_WORD}|\p{{N}}|{_REST}|{_BLANK_LINES}|{_SPACES}",)),
    "bailingmoe": Rule((rf"{_SHORT}|{_WORD}|\p{{N}}|{_REST}[\r\n]*|\s*[\r\n]|{_SPACES}",)),
    "exaone-moe": Rule(
        (
            rf"{_SHORT}|[^\r\n\p{{L}}\p{{N}}]?(?:\p{{L}}\p{{M}}*(?: \p{{L}}\p{{M}}*)*)+|\p{{N}}"
            rf"|{_REST}[\r\n/]?|\s*[\r\n]|{_SPACES}",
        )
    ),
    "tekken": Rule((_capitals(r"\p{L}", "", r"\p{N}"),), whole_words=True, adds_bos=True),
    "gpt-4o": Rule((_capitals(r"\p{L}", f"(?:{_SHORT})?", r"\p{N}{1,3}"),)),
    "granite-embed-multi-97m": Rule(
        (_capitals(_LETTER, f"(?:{_SHORT})?", r"\p{N}{1,3}"),), whole_words=True
    ),
    "tiny_aya": Rule(
        (
            _ends_of_threes(r"\p{N}", r"[^\p{N}]"),
            _cased(_LETTER, _LETTER, f"(?:{_SHORT})?", r"\p{N}{1,3}"),
        )
    ),
    "youtu": Rule(
        (
            f"[{ranges('AC00-D7A3 3131-318E')}]+"
            f"|[{ranges('FF01 2026 201C 201D 2018 2019 2014 FF1A FF1B FF0C 3001-303F FE30-FE4F')}]+"
            f"|[{ranges('3105-312F')}]+|{_CJK}",
            _cased(_LETTER, _LETTER, f"(?:{_SHORT})?", r"\p{N}"),
        ),
        whole_words=True,
    ),
    "kimi-k2": Rule(
        (
            rf"[{_HAN}]+|[^\r\n\p{{L}}\p{{N}}]?[\p{{L}}&&[^{_HAN}]]+(?:{_SHORT})?|\p{{N}}{{1,3}}"
            rf"|{_REST}[\r\n]*|{_BLANK_LINES}|{_SPACES}",
        )
    ),
    "deepseek-llm": Rule(
        (
            r"[\r\n]",
            rf"\s?[{_CASED_SCRIPTS}]+",
            rf"\s?[!-/:-~{ranges('FF01-FF0F FF1A-FF5E 2018-201F 3001-3002')}]+",
            r"(?<!\s)\s++\z",
            _CJK_WIDE,
            r"\p{N}+",
        )
    ),
    "deepseek-coder": Rule((r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", _CJK_WIDE, r"\p{N}")),
    "deepseek-v3": _DEEPSEEK3,
    "spark2_5": Rule(
        (
            r"\p{N}{1,3}",
            _CJK,
            rf"{_DEEPSEEK}| ?[\p{{P}}\p{{S}}]+|[\r\n]|{_SPACES}",
            r"\p{N}",
        )
    ),
    "afmoe": Rule(
        (
            _ends_of_threes(r"\p{N}", r"[^\p{N}]"),
            "["
            + ranges(
                "4E00-9FFF 3400-4DBF 8C48-FAFF 3040-309F 30A0-30FF FF65-FF9F 2F00-2FDF E40-E7F "
                "E80-EFF 1780-17FF 1000-109F AA60-AA7F A9E0-A9FF AC00-D7AF 1100-11FF"
            )
            + "]+",
            _DEEPSEEK3.patterns[-1],
        )
    ),
    "falcon": Rule((r"[\p{P}\$\+<=>\^~\|`]+", _GPT2, "[0-9][0-9][0-9]")),
    "superbpe": Rule((r"\p{N}+", _starts_of_threes("[0-9]", "[^0-9]"))),
    "bloom": Rule((_NOT_PUNCTUATION,)),
    "viking": Rule((_NOT_PUNCTUATION, r"\p{N}")),
    "chameleon": Rule(
        (
            "<sentinel:[0-9]+>",
            "IMGIMG[A-I]{1,4}Z",
            r"[\t\n]|    |  ",
            r"\p{N}",
            r"[\p{P}!-/:-@\[-`{-~]",
            _GPT2,
        ),
        adds_bos=True,
    ),
    "gemma4": replace(_LINES_OF_TEXT, insists_on_bos=True, whole_newlines=True),
    "sarvam-moe": _LINES_OF_TEXT,
}

_SAME: Mapping[str, str] = {
    "gpt-2": "phi-2 jina-es jina-de gigachat jina-v2-es jina-v2-de a.x-4.0 mellum modern-bert mpt "
    "olmo jais trillion granite-docling exaone4 jina-v1-en jina-v2-code roberta-bpe",
    "smollm": "starcoder refact command-r codeshell exaone minerva-7b mellum2",
    "llama-bpe": "llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano",
    "dbrx": "smaug-bpe chatglm-bpe",
    "glm4": "glm5",
    "qwen2": "deepseek-r1-qwen kormo f2llmv2 stablelm2 megrez hunyuan solar-open grok-2",
    "bailingmoe": "bailingmoe2 llada-moe",
    "gpt-4o": "llama4 kanana2 talkie minimax-m2",
    "tiny_aya": "cohere2moe",
    "deepseek-v3": "hunyuan-dense hy_v4 joyai-llm",
    "bloom": "gpt3-finnish poro-chat",
    "gemma4": "granite-embed-multi-311m",
}

PRE_TOKENIZERS: Mapping[str, Rule] = {
    **_RULES,
    **{name: _RULES[rule] for rule, names in _SAME.items() for name in names.split()},
}
"""By name."""
