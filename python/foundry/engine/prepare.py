"""Compiles the kernels of a model side by side, before it runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from foundry import ops, processors
from foundry._foundry import Foundry

Progress = Callable[[str, int, int], None]
"""Called with a stage, what is done of it and all there is: bytes of "reading weights", the kernels
of "preparing kernels"."""


def prepare(
    runtime: Foundry, operations: Sequence[ops.Operation], progress: Progress | None
) -> None:
    """Returns when every kernel of `operations` is there; raises the first failure.

    As many are compiled at once as there are processors for it: a compiler is a process of its own.
    """
    pool = ThreadPoolExecutor(processors.usable(), thread_name_prefix="foundry-compile")
    try:
        prepared = [pool.submit(runtime.prepare, operation) for operation in operations]
        for done, future in enumerate(as_completed(prepared), 1):
            future.result()
            if progress is not None:
                progress("preparing kernels", done, len(operations))
    finally:
        pool.shutdown(cancel_futures=True)
