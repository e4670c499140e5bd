"""How a program leaves: with which exit code, and at Ctrl-C and SIGTERM, be there something to close or not yet."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

DONE, FOUND, BAD_INPUT = 0, 1, 2
"""Exit codes: done; findings, or not connected; usage or bad input."""

INTERRUPTED: Final = 130
"""The exit code of a program that Ctrl-C ended, as shells have it: 128 and the number of the signal."""

_BEHIND_MAKE: Final = 0.05
"""Seconds to let pass before leaving: GNU make, which gets the same Ctrl-C, complains of a child that is quicker."""


@contextmanager
def leaving_at_once(code: int = INTERRUPTED) -> Iterator[None]:
    """Let SIGINT and SIGTERM end the process with an exit code, without a word.

    While modules are imported, a KeyboardInterrupt comes out as a traceback, or as any error an import makes of it.
    """
    numbers = (signal.SIGINT, signal.SIGTERM)

    def leave(*_: Any) -> None:
        time.sleep(_BEHIND_MAKE)
        os._exit(code)

    before = {number: signal.signal(number, leave) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def as_ctrl_c() -> Iterator[None]:
    """Let SIGTERM and SIGHUP do what Ctrl-C does, so that whoever waits for a program ends it as well.

    A shell has what it starts in the background ignore Ctrl-C; SIGTERM has to end that too.
    """
    hang_up = () if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN else (signal.SIGHUP,)  # nohup means it
    before = {signal.SIGINT: signal.signal(signal.SIGINT, signal.default_int_handler)}
    for number in (signal.SIGTERM, *hang_up):
        before[number] = signal.signal(number, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
