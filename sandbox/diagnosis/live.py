"""Findings while a client is at work: each told once, as soon as the silence after it makes it certain."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from sandbox.diagnosis import diagnose
from sandbox.diagnosis.finding import Finding
from sandbox.wire.exchange import Exchange

QUIET: Final = 1.0
"""Seconds without a request after which a client has gone as far as it goes for now."""

_WINDOW: Final = 500
"""How many of the last exchanges are looked at."""

Listener = Callable[[Finding], None]


class Watch:
    """Looks at the wire whenever it falls silent, and tells its listeners what they were not told before.

    A client that still waits for an answer is not silent: `is_busy` says so.
    """

    def __init__(self, is_busy: Callable[[], bool], quiet: float = QUIET) -> None:
        self._is_busy = is_busy
        self._quiet = quiet
        self._listeners: list[Listener] = []
        self._seen: dict[int, Exchange] = {}
        self._told: set[tuple[str, str]] = set()
        self._alarm: asyncio.TimerHandle | None = None

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Have a listener called with every finding from now on; the answer ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def see(self, exchange: Exchange) -> None:
        """Take note of an exchange; an open stream is told of again when it ends."""
        self._seen[exchange.number] = exchange
        if len(self._seen) > _WINDOW:
            del self._seen[next(iter(self._seen))]
        self._wait()

    def forget(self) -> None:
        """Begin anew: nothing seen, nothing told."""
        self._seen.clear()
        self._told.clear()
        if self._alarm is not None:
            self._alarm.cancel()

    def _wait(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = asyncio.get_running_loop().call_later(self._quiet, self._look)

    def _look(self) -> None:
        if self._is_busy():
            self._wait()
        else:
            self.settle()

    def settle(self) -> None:
        """Tell what can be said by now, as nothing more is going to come."""
        for finding in diagnose(self._seen.values()) if self._listeners else ():
            key = finding.client, finding.id
            if key not in self._told:
                self._told.add(key)
                for listener in tuple(self._listeners):
                    listener(finding)
