"""MLX's compiled library beside the same instances of MLX's headers, on the same inputs.

Safe math: equal bit for bit, save that a NaN equals a NaN. A program of its own for as many
functions as are wanted: `python tests/anvil/corpus/compare.py [EVERY_NTH] [PATTERN]`.
"""

import dataclasses
import functools
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from cases.attention import flash
from cases.gemm import gemm
from compiled import CORPUS, case_of
from corpus import (
    BF16,
    BUILD,
    ENVIRONMENT,
    ROOT,
    Case,
    Sources,
    all_cases,
    fetch_headers,
    write_case,
)
from metallib import Metallib
from numpy.typing import NDArray

LIBRARY = "mlx/lib/mlx.metallib"


@functools.cache
def fetch_library() -> Metallib:
    """The compiled library of the pinned wheel."""
    requirement = ROOT / "cmake/metal-cpp.txt"
    pin = re.sub(r"\W+", "-", requirement.read_text().split()[0])
    file = BUILD / "mlx-library" / pin / "mlx.metallib"
    if not file.exists():
        fetch = ROOT / "cmake/fetch_metal_cpp.py"
        subprocess.run([sys.executable, fetch, requirement, file, LIBRARY], check=True)
    return Metallib(file)


def cases(library: Metallib) -> Iterator[Case]:
    """Of every function that has one, named as the library names it."""
    by_name = {case.name: case for case in all_cases()}
    taken = set()
    for name, function in CORPUS.items():
        if function not in taken:
            yield dataclasses.replace(by_name[name], name=function)
        taken.add(function)
    for function in library:
        if function not in taken and (case := case_of(function)):
            yield case
    yield from other_tiles()


def other_tiles() -> Iterator[Case]:
    """Matrix products and attention in tiles that the corpus has no case of."""
    shape, tile, simdgroups = (1, 70, 45, 37), (32, 32, 16), (2, 2)
    end = "bm32_bn32_bk16_wm2_wn2"
    for dtype, name in ((np.float32, "float32"), (BF16, "bfloat16")):
        for transpose, letters in (((True, False), "tn"), ((True, True), "tt")):
            case = gemm(np.dtype(dtype), shape, tile, simdgroups, transpose)
            function = f"steel_gemm_fused_{letters}_{name}_{name}_{end}"
            yield dataclasses.replace(case, name=function)
    case = flash(45, 77, causal=True, bk=32)
    for mask, name in (("bool", "bool_"), ("half", "float16")):
        yield dataclasses.replace(
            case,
            name=f"steel_attention_float16_bq32_bk32_bd64_bv64_wm4_wn1_mask{name}",
            instance=f"attention<half, 32, 32, 64, 64, 4, 1, {mask}, float>",
        )


@dataclasses.dataclass(frozen=True)
class Result:
    case: Case
    difference: str  # empty: there is none


def compare(chosen: Sequence[Case], library: Metallib, sources: Sources) -> list[Result]:
    """One source for all of them: its syntax tree is made once."""
    results = []
    with tempfile.TemporaryDirectory(prefix="anvil-compared-") as folder:
        places = []
        for i, case in enumerate(chosen):
            code = Path(folder, f"{i}.air")
            code.write_bytes(library[case.name])
            for place, source in ((Path(folder, f"{i}-source"), sources.path(case.headers)),
                                  (Path(folder, f"{i}-air"), code)):  # fmt: skip
                place.mkdir()
                places.append(write_case(case, place, source, air=source == code))
        done = subprocess.run(
            [BUILD / "bin/anvil_oracle_tool", "--anvil", *places],
            capture_output=True,
            text=True,
            env=ENVIRONMENT,
        )
        failures = [line for line in (done.stdout + done.stderr).splitlines() if line]
        for i, case in enumerate(chosen):
            ours, theirs = (Path(folder, f"{i}-{kind}") for kind in ("source", "air"))
            said = [line for line in failures if f"/{i}-air/" in line or f"/{i}-source/" in line]
            results.append(Result(case, "; ".join(said)[:600] or difference(case, ours, theirs)))
    return results


def difference(case: Case, ours: Path, theirs: Path) -> str:
    for i, buffer in enumerate(case.buffers):
        if buffer is None:
            continue
        a, b = (np.fromfile(place / str(i), buffer.dtype) for place in (ours, theirs))
        differ = ~same(a, b)
        if differ.any():
            at = int(np.argmax(differ))
            return (f"buffer {i}[{at}]: from source {a[at]!r}, compiled by Apple {b[at]!r}; "
                    f"{differ.sum()} of {a.size} differ")  # fmt: skip
    return ""


def same(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.bool_]:
    if a.dtype.kind == "c":
        a, b = a.view(np.float32), b.view(np.float32)
    bits = f"u{a.dtype.itemsize}"
    equal: NDArray[np.bool_] = a.view(bits) == b.view(bits)
    if a.dtype.kind in "fV":
        equal |= np.isnan(a.astype(np.float64)) & np.isnan(b.astype(np.float64))
    return equal


def family(name: str) -> str:
    kinds = r"(b?float(16|32)(_t)?|complex64|bool_|u?int(8|16|32|64)|float)"
    return re.sub(r"\d+", "N", re.sub(kinds, "T", name))


def compare_all(chosen: Sequence[Case]) -> list[Result]:
    library = fetch_library()
    sources = Sources(fetch_headers(), chosen)
    by_headers: dict[tuple[str, ...], list[Case]] = {}
    for case in chosen:
        by_headers.setdefault(case.headers, []).append(case)
    # A text of so many instances is parsed in a second.
    batches = [list(group[i : i + 100]) for group in by_headers.values()
               for i in range(0, len(group), 100)]  # fmt: skip
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda batch: compare(batch, library, sources), batches)
        return [result for results in found for result in results]


def main(every: int, pattern: str) -> None:
    """The corpus' cases, and of those that follow from names every n-th."""
    library = fetch_library()
    listed = set(CORPUS.values())
    matching = [case for case in cases(library) if re.search(pattern, case.name)]
    chosen = [case for case in matching if case.name in listed]
    chosen += [case for case in matching if case.name not in listed][::every]
    compared: Counter[str] = Counter()
    equal: Counter[str] = Counter()
    for result in compare_all(chosen):
        header = result.case.headers[-1]
        compared[header] += 1
        equal[header] += not result.difference
        if result.difference:
            print(f"{result.case.name}: {result.difference}")
    for header in sorted(compared):
        print(f"{header}: {equal[header]} of {compared[header]} equal")
    print(f"{equal.total()} of {compared.total()} equal; the library has {len(library)}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1, sys.argv[2] if len(sys.argv) > 2 else "")
