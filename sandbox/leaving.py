"""Ctrl-C and SIGTERM while there is nothing to close yet."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

INTERRUPTED: Final = 130
"""The exit code of a program that Ctrl-C ended, as shells have it: 128 and the number of the signal."""


@contextmanager
def leaving_at_once() -> Iterator[None]:
    """Let SIGINT and SIGTERM end the process without a word.

    While modules are imported, a KeyboardInterrupt comes out as a traceback, or as any error an import makes of it.
    """
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, _leave) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(_number: int, _frame: FrameType | None) -> None:
    os._exit(INTERRUPTED)
