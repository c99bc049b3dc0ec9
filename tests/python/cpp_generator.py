"""An exported model in C++, in a process of its own, and Python that evaluates as it does."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foundry.export.folder import steps_for
from foundry.models import LanguageModel

PROGRAMS = Path(__file__).parents[2] / "build" / "dev" / "bin"


@dataclass
class Answer:
    tokens: list[int]
    reason: str
    prompt_tokens: int
    reused_tokens: int
    pieces: list[str]


class CppGenerator:
    """tests/cpp/generation/generate.cpp with a folder, in a process of its own."""

    def __init__(self, folder: Path, weights: Path) -> None:
        self._process = subprocess.Popen(
            [PROGRAMS / "foundry_generate", folder, weights],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        self._process.communicate()

    def ask(
        self,
        kind: str,
        *texts: str,
        max_tokens: int = 12,
        seed: int = 7,
        stop: str = "",
        **options: Any,
    ) -> Answer:
        names = {"temperature": 0, "top_k": 0, "top_p": 1, "min_p": 0, "repetition_penalty": 1,
                 "frequency_penalty": 0} | options  # fmt: skip
        fields = [kind, max_tokens, seed, *names.values(), stop, *texts]
        line = "\t".join(str(field).replace("\n", "\\n") for field in fields)
        pipe, answer = self._process.stdin, self._process.stdout
        assert pipe and answer
        print(line, file=pipe, flush=True)
        found = answer.readline()
        if found.startswith("!"):
            raise RuntimeError(found[2:].rstrip())
        tokens, figures, pieces = found.split("|")
        reason, prompt_tokens, reused_tokens = figures.split()
        return Answer(
            [int(token) for token in tokens.split()],
            reason,
            int(prompt_tokens),
            int(reused_tokens),
            [bytes.fromhex(piece).decode() for piece in pieces.split()],
        )


def evaluate_as_cpp(model: LanguageModel, tokens: list[int]) -> None:
    """All but the last token, by the steps that C++ takes: in batches of other sizes Python's
    products round otherwise, and a draw may fall on the other side."""
    engine = model.engine
    engine.decoder.release()
    shared = min(engine.cache.shared_prefix(tokens), len(tokens) - 1)
    at = engine.cache.keep(0 if engine.cache.recurrent.size else shared)
    sizes = steps_for(model.context_length)
    while at < len(tokens) - 1:
        left = len(tokens) - 1 - at
        size = max(size for size in sizes if size <= left)
        above = min((size for size in sizes if size > left), default=0)
        has_room = above < 4 * left and above - left <= 32 and at + above <= model.context_length
        if size < left and above and has_room and not engine.cache.recurrent.size:
            size = above
        part = tokens[at : at + min(size, left)]
        engine.forward.run([*part, *[0] * (size - len(part))], rows=1)
        at += len(part)
        del engine.cache.tokens[at:]
