"""Whether a program that says nothing waits for somebody to type."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

_READS: Final = frozenset({"pipe_read", "anon_pipe_read", "n_tty_read", "wait_woken", "tty_read"})
"""Where the kernel has a process sleep that reads from a pipe or a terminal (Linux, /proc/PID/wchan)."""
_INPUT: Final = "0x0"
"""The descriptor of the standard input, as /proc/PID/syscall writes the first argument of a call."""
_WATCHED: Final = "tfd:        0 "
"""How an epoll tells that it watches the standard input (Linux, /proc/PID/fdinfo)."""
_PROC: Final = Path("/proc")


def wait_for_input(pids: Iterable[int]) -> bool:
    """Say whether one of these processes reads from its standard input; on systems other than Linux nobody knows."""
    return any(_reads(_PROC / str(pid)) for pid in pids)


def _reads(process: Path) -> bool:
    with suppress(OSError):  # it may have ended meanwhile
        if (process / "wchan").read_text() in _READS and (process / "syscall").read_text().split()[1:2] == [_INPUT]:
            return True
        return any(_WATCHED in info.read_text() for info in (process / "fdinfo").iterdir())
    return False
