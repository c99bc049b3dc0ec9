"""Makes a staged package importable in this Python's environment, and its command runnable.

usage: install_for_development.py STAGE

The rest of what an editable installation would do: a path file, and the console script `foundry`.
"""

import sys
import sysconfig
from pathlib import Path

# As pip writes one: for an interpreter's path of any length and with spaces.
COMMAND = """#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''
from foundry.cli import main

main()
"""


def main(stage: Path) -> None:
    Path(sysconfig.get_path("purelib"), "foundry-dev.pth").write_text(f"{stage.resolve()}\n")
    command = Path(sysconfig.get_path("scripts"), "foundry")
    command.write_text(COMMAND.format(python=sys.executable))
    command.chmod(0o755)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
