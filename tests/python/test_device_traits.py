"""A device says what it is, and plans of kernels follow it: threads, vector registers, caches."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import foundry as fd

X86, ARM = "x86_64-linux-gnu", "aarch64-linux-gnu"

PRINTED = """
import foundry as fd
traits = fd.devices()[0].traits
print(traits.lanes, traits.register_bytes, traits.threads)
"""

# A product of several tokens: how many rows its sums take together follows the registers.
GEMM = """
import foundry as fd
rt = fd.Foundry()
w, x, y = (rt.empty(shape, fd.f32) for shape in [(64, 256), (8, 256), (8, 64)])
print(fd.ops.Gemm(weights=w, x=x, y=y).source(rt.device))
"""


def run(program: str, *, processors: set[int] | None = None, **variables: str) -> str:
    inherited = {
        k: v for k, v in os.environ.items() if not k.startswith(("ANVIL_CPU", "ANVIL_M", "ANVIL_T"))
    }
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**inherited, **variables},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        preexec_fn=(lambda: os.sched_setaffinity(0, processors)) if processors else None,
    ).stdout


def vector_extensions() -> set[str]:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith(("flags", "Features")):
            return set(line.split(":")[1].split())
    return set()


def own_register_bytes() -> int:
    """Of the processor that runs the tests, as Linux says."""
    extensions = vector_extensions()
    return 64 if "avx512f" in extensions else 32 if "avx2" in extensions else 16


anvil = pytest.mark.skipif(
    not fd.devices()[0].name.startswith("Anvil CPU"), reason="asks Anvil's processor"
)


@anvil
def test_the_processor_says_what_its_registers_threads_and_caches_are() -> None:
    processors = os.sched_getaffinity(0)
    assert run(PRINTED) == f"registers {own_register_bytes()} {len(processors)}\n"
    traits = fd.devices()[0].traits
    assert traits.architecture == "anvil_cpu"
    assert traits.has_unified_memory
    # What Linux says of the first processor: "48K" of data.
    for folder in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*"):
        if (folder / "type").read_text() == "Instruction\n":
            continue
        level = int((folder / "level").read_text())
        kib = int((folder / "size").read_text().removesuffix("K\n"))
        assert traits.cache_bytes[level - 1] == 1024 * kib


@anvil
def test_threads_are_those_that_the_environment_or_the_affinity_mask_says() -> None:
    one = {min(os.sched_getaffinity(0))}
    assert run(PRINTED, ANVIL_THREADS="3").split()[2] == "3"
    assert run(PRINTED, processors=one).split()[2] == "1"
    assert run(PRINTED, processors=one, ANVIL_THREADS="5").split()[2] == "5"


@anvil
@pytest.mark.parametrize(
    ("cpu", "register_bytes"),
    [("x86-64-v3", 32), ("haswell", 32), ("x86-64-v4", 64), ("skylake-avx512", 64), ("znver4", 64)],
)
def test_registers_are_those_of_the_processor_to_compile_for(cpu: str, register_bytes: int) -> None:
    printed = run(PRINTED, ANVIL_CPU=cpu, ANVIL_TARGET=X86)
    assert printed.split()[:2] == ["registers", str(register_bytes)]


@anvil
def test_another_architecture_has_its_own_registers() -> None:
    assert run(PRINTED, ANVIL_TARGET=ARM).split()[:2] == ["registers", "16"]


@anvil
def test_a_processor_that_the_compiler_does_not_know_leaves_the_device_usable() -> None:
    assert run(PRINTED, ANVIL_CPU="nonesuch").startswith("registers ")


@anvil
def test_products_are_planned_for_the_processor_to_compile_for() -> None:
    """Sums of eight rows fill AVX-512's registers; AVX2 and NEON have room for those of two."""
    wide = run(GEMM, ANVIL_CPU="x86-64-v4", ANVIL_TARGET=X86)
    avx2 = run(GEMM, ANVIL_CPU="x86-64-v3", ANVIL_TARGET=X86)
    assert wide != avx2
    assert avx2 == run(GEMM, ANVIL_TARGET=ARM)


@anvil
def test_many_tokens_are_planned_for_matrix_units_where_the_environment_says_so() -> None:
    program = """
import foundry as fd
rt = fd.Foundry()
w, x, y = (rt.empty(shape, fd.f32) for shape in [(64, 256), (40, 256), (40, 64)])
scratch = rt.empty((fd.ops.linear_scratch(40, 256),), fd.bf16)
print(rt.device.traits.has_matrix_units)
print(fd.ops.Gemm(weights=w, x=x, y=y, scratch=scratch).source(rt.device))
"""
    for said, has in (("1", True), ("0", False)):
        units, source = run(program, ANVIL_MATRIX_UNITS=said).split("\n", 1)
        assert units == str(has)
        assert ("gemm_tiles" in source) == has
