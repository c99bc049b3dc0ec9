"""Unpack metal-cpp, or another folder, from the pinned mlx-metal wheel.

usage: fetch_metal_cpp.py REQUIREMENT_FILE DIRECTORY [FOLDER_IN_WHEEL]

The wheel is downloaded by pip with its hash checked; only `mlx/include/metal_cpp/`, or the folder
named, is kept. The directory appears whole or not at all.
"""

import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

METAL_CPP = "mlx/include/metal_cpp/"


def main(requirement: Path, directory: Path, prefix: str = METAL_CPP) -> None:
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
            names = [name for name in archive.namelist() if name.startswith(prefix)]
            archive.extractall(scratch, names)
        shutil.rmtree(directory, ignore_errors=True)
        Path(scratch, prefix).rename(directory)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
