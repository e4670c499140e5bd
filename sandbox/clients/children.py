"""The processes of a program that somebody else wrote: found wherever they went, counted, and ended."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psutil

MARK: Final = "SANDBOX_RUN"
"""The variable by which the children of a program are found, wherever they went."""
_ROUNDS: Final = 5
"""How often to look again for children of a program that is being ended."""
_LEAVE: Final = 0.5
"""Seconds in which children may end by themselves after the program, as the browser it opened does."""


def running(mark: str, session: int) -> list[psutil.Process]:
    """Find the processes that carry a mark or are of a session, and their children, which may be of neither."""
    import psutil

    marked = [
        process
        for process in psutil.process_iter(["environ"])
        if (process.info["environ"] or {}).get(MARK) == mark or _session_of(process.pid) == session
    ]
    found = {process.pid: process for process in marked}
    for process in marked:
        with suppress(psutil.Error):
            found |= {child.pid: child for child in process.children(recursive=True)}
    return [process for process in found.values() if _lives(process)]


def _session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:  # it has ended, or is somebody else's
        return None


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let a second Ctrl-C wait until what has to be ended is ended."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _lives(process: psutil.Process) -> bool:
    import psutil

    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


async def left_behind(mark: str, session: int) -> int:
    """Count the processes that are still there, a little after the program has ended."""
    left = await asyncio.to_thread(running, mark, session)
    if left:
        await asyncio.to_thread(_gone, left)
        left = await asyncio.to_thread(running, mark, session)
    return len(left)


def _gone(processes: list[psutil.Process]) -> None:
    """Wait a little for processes to end by themselves."""
    import psutil

    psutil.wait_procs(processes, timeout=_LEAVE)


def end(mark: str, session: int) -> None:
    """End all processes that carry a mark or are of a session, and those that they start meanwhile."""
    import psutil

    for _ in range(_ROUNDS):
        processes = running(mark, session)
        for process in processes:
            with suppress(psutil.Error):
                process.kill()
        if not processes:
            break
