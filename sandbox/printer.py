"""Lines for standard output, printed by a thread of their own, since a reader who is slow must not stop the loop."""

from __future__ import annotations

import errno
import queue
import threading
from contextlib import suppress
from typing import Final

import click

_WAITING: Final = 16 * 1024 * 1024
"""How many characters may wait for a slow reader; the lines after that are dropped."""

_LEFT: Final = {errno.EPIPE, errno.EIO}
"""The reader closed the pipe, or the terminal."""


class Printer:
    """Prints lines in order, without ever waiting for the reader; one who leaves is no reason to stop.

    `colour` is whether to print colours, None leaving it to whether standard output is a terminal.
    """

    def __init__(self, *, colour: bool | None = None) -> None:
        self._colour = colour
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._said = self._printed = 0
        self._thread = threading.Thread(target=self._print, name="print", daemon=True)
        self._thread.start()

    def say(self, text: str) -> None:
        """Print a line soon."""
        if self._thread.is_alive() and self._said - self._printed < _WAITING:
            self._said += len(text)
            self._lines.put(text)

    def close(self, seconds: float = 0.5) -> None:
        """Wait until all is printed, but no longer than so many seconds."""
        self._lines.put(None)
        self._thread.join(seconds)

    def _print(self) -> None:
        for text in iter(self._lines.get, None):
            try:
                click.echo(text, color=self._colour)
            except OSError as error:
                if error.errno not in _LEFT:
                    with suppress(OSError):
                        click.echo(f"sandbox: cannot print: {error.strerror}. It runs on in silence.", err=True)
                return
            self._printed += len(text)
