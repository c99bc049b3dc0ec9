"""What reaches the terminal, and how the command leaves it.

Model files, prompts and answers may hold whatever a terminal takes for a command. Every text
passes `printable`; styles are added to it afterwards, never read from it.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import signal
import sys
from collections.abc import Iterator

INTERRUPTED = 130  # 128 + SIGINT, as shells have it
BROKEN_PIPE = 141  # 128 + SIGPIPE

# Controls (C0, C1), lone surrogates, line and paragraph separators, what reorders text (embeddings,
# overrides, isolates), annotations, and tags, which are not seen at all.
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u202a-\u202e\u2066-\u2069\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)


def printable(text: str, *, lines: bool = False) -> str:
    """`text` with what a terminal would obey spelled as Python does; `lines` keeps line breaks and
    tabs."""

    def spelled(found: re.Match[str]) -> str:
        character = found.group()
        if lines and character in "\n\t":
            return character
        return character.encode("unicode_escape", "surrogatepass").decode()

    return _UNPRINTABLE.sub(spelled, text)


def prepare() -> None:
    """Standard streams that exist and take any character."""
    # A file that is opened later must not get the number of a closed stream.
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: SIM115 - for the rest of the process
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


class Leave(SystemExit):
    """The end of the process, with its exit status."""


@contextlib.contextmanager
def session() -> Iterator[None]:
    """Makes of every way that a command may end an exit status, without a traceback."""
    try:
        yield
        sys.stdout.flush()
    except KeyboardInterrupt:
        _leave(INTERRUPTED)
    except BrokenPipeError:  # the reader of our output has gone
        _leave(BROKEN_PIPE)
    except Exception as error:
        with contextlib.suppress(OSError):  # standard error may be full or closed too
            report(error)
        _leave(int(getattr(error, "exit_code", 1)))


def report(error: BaseException) -> None:
    """Prints an error with the causes behind it to standard error."""
    from foundry.cli import ui

    described = getattr(error, "format_message", None)  # errors of the command line's own parser
    if described is not None:
        if described():
            ui.say(ui.stderr, ("Error", "bold red"), f": {described()}", lines=True)
            context = getattr(error, "ctx", None)
            if context is not None:
                ui.say(ui.stderr, context.get_usage(), lines=True)
        return
    ui.say(ui.stderr, (type(error).__name__, "bold red"), f": {error}", lines=True)
    seen = {id(error)}
    while (cause := error.__cause__) is not None and id(cause) not in seen:
        ui.say(ui.stderr, (f"  because {type(cause).__name__}: {cause}", "dim"), lines=True)
        seen.add(id(cause))
        error = cause


def _leave(status: int) -> None:
    """Leaves; what is still in a buffer may be refused once more, and a Ctrl-C may come once more,
    quietly."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    raise Leave(status)
