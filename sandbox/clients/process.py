"""A program of somebody else's, run without a person: apart from this one, bounded, and gone when it is over."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import secrets
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from sandbox.clients.children import MARK, end, left_behind, running, undisturbed
from sandbox.clients.waiting import wait_for_input
from sandbox.errors import SandboxError

if TYPE_CHECKING:
    from collections.abc import Iterator

Ended = Literal["exited", "crashed", "silent", "waiting for input", "too long", "flooded", "not driven"]
"""How a program ended: by itself, by a signal that nobody here sent, cut off for one of the other reasons; or it never
began.
"""

_CODES: Final = re.compile(r"\x1b(\[[0-9;?<>=]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[()][0-9A-Za-z]|[=>78cDEHMNOZ])")
_ROWS, _COLUMNS = 40, 200
"""The size of the terminal, wide enough for a line of words and a URL."""
_PIECE: Final = 64 * 1024
_DRAIN: Final = 0.2
"""Seconds to wait for what a program that has ended still had to say; a child may hold its output open."""


class Limits(NamedTuple):
    """How long a program may take, in seconds, and how much it may print, in bytes."""

    seconds: float = 60.0
    silence: float = 6.0
    """Without a word on its screen or a request on the wire."""
    output: int = 1024 * 1024


USUAL: Final = Limits()


class Printed(NamedTuple):
    """What a program did."""

    text: str
    """All that it printed, without the codes that move a cursor or colour a word."""
    ended: Ended
    exit_status: int | None
    """None when it was cut off."""
    seconds: float
    left: int
    """How many processes it left behind; they have been ended."""


async def run(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path,
    limits: Limits = USUAL,
    heard: Callable[[], float] = lambda: 0.0,
    terminal: bool = False,
) -> Printed:
    """Run a program until it ends, is silent for too long, or goes beyond another limit; leave nothing of it behind.

    It sees `environment` and nothing else, and is given an input on which nobody ever types: a pipe, or a terminal.
    `heard` gives the time of its last request, by `time.monotonic`. Raise SandboxError when it cannot be started.
    """
    mark = secrets.token_hex(8)
    began = time.monotonic()
    with _ends(terminal=terminal) as (inner, outer):
        output = _Output(outer, limits.output)
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                env={**environment, MARK: mark},
                cwd=folder,
                stdin=inner.stdin,
                stdout=inner.stdout,
                stderr=inner.stdout,
                start_new_session=True,
            )
        except OSError as error:
            output.close()
            raise SandboxError(f"{command[0]}: {error.strerror}, so this client cannot be run.") from error
        inner.close()
        try:
            exited = asyncio.ensure_future(process.wait())
            ended = await _watched(exited, output, limits, lambda: max(began, heard()), began)
            if ended is None:
                await asyncio.wait({output.closed}, timeout=_DRAIN)
                left = await left_behind(mark, process.pid)
                ended = "crashed" if process.returncode is not None and process.returncode < 0 else "exited"
                return Printed(output.text, ended, process.returncode, time.monotonic() - began, left)
            if ended == "silent" and wait_for_input(
                one.pid for one in await asyncio.to_thread(running, mark, process.pid)
            ):
                ended = "waiting for input"
            return Printed(output.text, ended, None, time.monotonic() - began, 0)
        finally:
            with undisturbed():
                end(mark, process.pid)
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
            output.close()


async def _watched(
    exited: asyncio.Future[int], output: _Output, limits: Limits, heard: Callable[[], float], began: float
) -> Ended | None:
    """Wait until the program has exited, which gives None, or goes beyond a limit."""
    while True:
        last = began + limits.seconds
        quiet = max(output.at, heard()) + limits.silence
        due = min(last, quiet) - time.monotonic()
        if due <= 0:
            return "too long" if last < quiet else "silent"
        both: set[asyncio.Future[Any]] = {exited, output.full}
        await asyncio.wait(both, timeout=due, return_when=asyncio.FIRST_COMPLETED)
        if exited.done():
            return None
        if output.full.done():
            return "flooded"


class _Output:
    """What is read from a program, up to so many bytes."""

    def __init__(self, descriptor: int, limit: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._descriptor = descriptor
        self._limit = limit
        self._said = bytearray()
        self._reads = True
        self.at = time.monotonic()
        self.closed: asyncio.Future[None] = self._loop.create_future()
        self.full: asyncio.Future[None] = self._loop.create_future()
        os.set_blocking(descriptor, False)
        self._loop.add_reader(descriptor, self._read)

    def _read(self) -> None:
        try:
            piece = os.read(self._descriptor, _PIECE)
        except BlockingIOError:
            return
        except OSError:  # how a terminal tells that the last program has left it
            piece = b""
        self.at = time.monotonic()
        room = self._limit - len(self._said)
        self._said += piece[:room]
        if not piece:
            self.close()
        elif len(piece) > room:
            self.close()
            self.full.set_result(None)

    def close(self) -> None:
        """Read no further."""
        if self._reads:
            self._reads = False
            self._loop.remove_reader(self._descriptor)
            self.closed.set_result(None)

    @property
    def text(self) -> str:
        """What was read, as a person sees it."""
        return plain(self._said.decode(errors="replace"))


def plain(text: str) -> str:
    """Take the codes of a terminal out of a text; a line that was written over keeps what it said last."""
    lines = _CODES.sub("", text).replace("\r\n", "\n").split("\n")
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines)


# --- its ends of the pipes -----------------------------------------------------------------------------------------


class _Inner:
    """The ends that the program holds, until it has them."""

    def __init__(self, stdin: int, stdout: int) -> None:
        self.stdin = stdin
        self.stdout = stdout
        self._open = {stdin, stdout}

    def close(self) -> None:
        """Close them here, once; the program has its own."""
        while self._open:
            os.close(self._open.pop())


@contextmanager
def _ends(*, terminal: bool) -> Iterator[tuple[_Inner, int]]:
    """Give the program's ends of its input and output, and the end from which its output is read."""
    if terminal:
        outer, inner = pty.openpty()
        _set_size(outer)
        ends, kept = _Inner(inner, inner), [outer]
    else:
        stdin, typist = os.pipe()
        outer, stdout = os.pipe()
        ends, kept = _Inner(stdin, stdout), [typist, outer]
    try:
        yield ends, outer
    finally:
        ends.close()
        for descriptor in kept:
            os.close(descriptor)


def _set_size(descriptor: int) -> None:
    import fcntl
    import termios

    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
