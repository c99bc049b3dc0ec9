"""Unpack metal-cpp from the pinned mlx-metal wheel.

usage: fetch_metal_cpp.py REQUIREMENT_FILE DIRECTORY

The wheel is downloaded by pip with its hash checked; only `mlx/include/metal_cpp/` is kept.
The folder appears whole or not at all.
"""

import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PREFIX = "mlx/include/metal_cpp/"


def main(requirement: Path, directory: Path) -> None:
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory.parent) as scratch:
        subprocess.run(
            [
                sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
                "--require-hashes", "--only-binary=:all:", "--platform", "macosx_15_0_arm64",
                "--python-version", "3.11", "--dest", scratch, "--requirement", str(requirement),
            ],
            check=True,
        )  # fmt: skip
        wheel = next(Path(scratch).glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if name.startswith(PREFIX)]
            archive.extractall(scratch, names)
        shutil.rmtree(directory, ignore_errors=True)
        Path(scratch, PREFIX).rename(directory)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
