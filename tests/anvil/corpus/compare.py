"""MLX's compiled library beside the same instances of MLX's headers, on the same inputs.

Safe math: equal bit for bit, save that a NaN equals a NaN, and the same told of the arguments. A
program of its own for as many functions as are wanted:
`python tests/anvil/corpus/compare.py [EVERY_NTH] [PATTERN]`; with 0, one of each family.
"""

import dataclasses
import functools
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from compiled import CORPUS, case_of
from corpus import (
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


def cases(library: Metallib, wanted: Callable[[str], object]) -> Iterator[Case]:
    """Of the wanted functions that have one, named as the library names them."""
    by_name = {case.name: case for case in all_cases()}
    taken = set()
    for name, function in CORPUS.items():
        if function not in taken and wanted(function):
            yield dataclasses.replace(by_name[name], name=function)
        taken.add(function)
    for function in library:
        if function not in taken and wanted(function) and (case := case_of(function)):
            yield case


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
            env={**ENVIRONMENT, "ANVIL_THREADS": "1"},  # atomic sums in one order
        )
        failures = [line for line in (done.stdout + done.stderr).splitlines() if line]
        for i, case in enumerate(chosen):
            ours, theirs = (Path(folder, f"{i}-{kind}") for kind in ("source", "air"))
            said = [line for line in failures if f"/{i}-air/" in line or f"/{i}-source/" in line]
            results.append(Result(case, "; ".join(said)[:600] or difference(case, ours, theirs)))
    return results


def difference(case: Case, ours: Path, theirs: Path) -> str:
    if not (theirs / "reflection").exists():
        return "not run: the program ended before"
    # Apple names an instance of a template without its arguments, and leaves out the constants that
    # an optimised function does not need.
    told, read = (re.sub("<.*?>", "", (place / "reflection").read_text()).splitlines()
                  for place in (ours, theirs))  # fmt: skip
    told = [line for line in told if line in read or not line.startswith("constant ")]
    for a, b in zip_longest(told, read):
        if a != b:
            return f"from source '{a}', compiled by Apple '{b}'"
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


def chosen_names(library: Metallib, every: int, pattern: str) -> set[str]:
    """Every n-th; with 0, one of each family."""
    matching = [name for name in library if re.search(pattern, name)]
    if every:
        return {*matching[::every]}
    return {*{family(name): name for name in matching}.values()}


def main(every: int, pattern: str) -> None:
    library = fetch_library()
    chosen = chosen_names(library, every, pattern)
    compared: Counter[str] = Counter()
    equal: Counter[str] = Counter()
    for result in compare_all(list(cases(library, chosen.__contains__))):
        header = result.case.headers[-1]
        compared[header] += 1
        equal[header] += not result.difference
        if result.difference:
            print(f"{result.case.name}: {result.difference}")
    for header in sorted(compared):
        print(f"{header}: {equal[header]} of {compared[header]} equal")
    print(f"{equal.total()} of {compared.total()} equal; asked for were {len(chosen)} functions")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1, sys.argv[2] if len(sys.argv) > 2 else "")
