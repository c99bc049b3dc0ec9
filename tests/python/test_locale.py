"""A process's locale changes neither what is read nor what is generated."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# Decimal commas and points between thousands; letters beyond ASCII in one byte; a dotless i.
LOCALES = {
    "de_DE.UTF-8": ("de_DE", "UTF-8"),
    "de_DE.ISO-8859-1": ("de_DE", "ISO-8859-1"),
    "tr_TR.ISO-8859-9": ("tr_TR", "ISO-8859-9"),
}

SCRIPT = """
import locale, os, sys
name = sys.argv[1]
locale.setlocale(locale.LC_ALL, name)
import numpy as np
import foundry as fd
from foundry import ops
if "de" in name:
    import ctypes
    text = ctypes.create_string_buffer(32)
    ctypes.CDLL(None).snprintf(text, 32, b"%.1f", ctypes.c_double(1.5))
    assert text.value == b"1,5", "the locale is set"

@fd.kernel(dispatch=fd.per_element("y"))
def scaled(y: fd.Out[fd.f32], a: fd.f32, big: fd.Constant[fd.u32], small: fd.Constant[fd.f32]):
    '''if (gid < y_size) y[gid] = a * 0.25f + 1e-3f + float(big) + small;'''

rt = fd.Foundry()
y = rt.empty((4,), fd.f32)
call = scaled(y=y, a=1.5, big=1234567, small=0.0625)
rt.run(call)
print(np.asarray(y).tolist())
print(scaled.source)
x = rt.tensor(np.linspace(-1, 1, 64, dtype=np.float32))
out = rt.empty((64,), fd.f32)
w = rt.tensor(np.ones((64, 64), np.float32), fd.f16)
for op in (
    ops.Gemv(weights=w, x=x, y=out),
    ops.RmsNorm(x=x, weight=x, y=out, epsilon=1.5e-5),
    ops.Fill(y=out, value=1234567.875),
    ops.Arange(y=out, start=0.5, step=0.125),
):
    rt.run(op)
    print(op, np.asarray(out)[:4].tolist(), op.source() if hasattr(op, "source") else "")
print(rt.alloc((3_000_000,), fd.f32), rt.device, fd.parse_dtype("Q4_K"), fd.parse_dtype("iq2_XXS"))
for use in (lambda: fd.parse_dtype("F" + chr(0x131)), lambda: rt.alloc((1 << 50,), fd.f32)):
    try:
        use()
    except fd.Error as error:
        print(error)
"""


@pytest.fixture(scope="module")
def locales(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not shutil.which("localedef"):
        pytest.skip("localedef is not there to make locales with")
    folder = tmp_path_factory.mktemp("locales")
    for name, (source, charmap) in LOCALES.items():
        done = subprocess.run(
            ["localedef", "-i", source, "-f", charmap, folder / name], capture_output=True
        )
        if not (folder / name).is_dir():
            pytest.skip(f"localedef cannot make {name}: {done.stderr.decode()}")
    return folder


def printed(locale: str, folder: Path, cache: Path) -> str:
    environment = {
        **os.environ,
        "LOCPATH": str(folder), "LC_ALL": locale, "PYTHONIOENCODING": "utf-8",
        "FOUNDRY_CACHE_DIR": str(cache),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, locale], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_locale_changes_neither_parsing_nor_sources_nor_messages(
    locales: Path, tmp_path: Path
) -> None:
    """Each with a cache of its own: the compiler is started in it too."""
    expected = printed("C", locales, tmp_path / "C")
    assert "float(big) + small" in expected and "1.5" in expected
    for name in LOCALES:
        assert printed(name, locales, tmp_path / name) == expected
