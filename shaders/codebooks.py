"""Writes shaders/lib/codebooks: the codebooks of GGUF's IQ formats, as the `gguf` package has them.

python shaders/codebooks.py           # writes them
python shaders/codebooks.py --check   # names those that are not up to date, and fails
"""

from __future__ import annotations

import sys
from pathlib import Path

import gguf.quants
import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).resolve().parent / "lib/codebooks"
EACH_LINE = 8

# By file: the formats, the constant's name. Where an entry is eight weights, the package's values
# become their rank among the format's three (lib/codebook.metal).
CODEBOOKS = {
    "iq1": ("IQ1_S", "IQ1_S and IQ1_M", "kIq1Codebook"),
    "iq2_s": ("IQ2_S", "IQ2_S", "kIq2SCodebook"),
    "iq2_xs": ("IQ2_XS", "IQ2_XS", "kIq2XsCodebook"),
    "iq2_xxs": ("IQ2_XXS", "IQ2_XXS", "kIq2XxsCodebook"),
    "iq3_s": ("IQ3_S", "IQ3_S", "kIq3SCodebook"),
    "iq3_xxs": ("IQ3_XXS", "IQ3_XXS", "kIq3XxsCodebook"),
}


def entries(name: str) -> NDArray[np.uint32]:
    """The codebook as words: eight weights in nibbles, or four in bytes."""
    kind = getattr(gguf.quants, name)
    kind.init_grid()
    values = kind.grid.reshape(kind.grid_shape).astype(np.int64)
    if values.shape[1] == 4:
        shifts = np.arange(4) * 8
    else:
        values = np.searchsorted(np.unique(values), values)
        shifts = np.r_[np.arange(4) * 8, np.arange(4) * 8 + 4]
    words: NDArray[np.uint32] = (values << shifts).sum(axis=1).astype(np.uint32)
    return words


def text(name: str, formats: str, constant: str) -> str:
    words = entries(name)
    kind = getattr(gguf.quants, name)
    what = "of four magnitudes" if kind.grid_shape[1] == 4 else "of eight (lib/codebook.metal)"
    rows = [words[i : i + EACH_LINE] for i in range(0, len(words), EACH_LINE)]
    lines = ["    " + ", ".join(f"0x{word:08x}" for word in row) + ",\n" for row in rows]
    return (
        f"// The codebook of GGUF's {formats}: entries {what}.\n"
        "// Written by shaders/codebooks.py from the tables of the `gguf` package.\n"
        "#pragma once\n"
        '#include "lib/common.metal"\n'
        "\n"
        f"FOUNDRY_GLOBAL uint {constant}[{len(words)}] = {{\n{''.join(lines)}}};\n"
    )


def main(words: list[str]) -> int:
    stale = []
    for file, book in CODEBOOKS.items():
        path, fresh = FOLDER / f"{file}.metal", text(*book)
        if path.is_file() and path.read_text() == fresh:
            continue
        stale.append(path.name)
        if "--check" not in words:
            path.parent.mkdir(exist_ok=True)
            path.write_text(fresh)
    if "--check" in words and stale:
        print(f"not up to date: {', '.join(stale)}; run `python shaders/codebooks.py`")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
