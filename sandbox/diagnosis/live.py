"""Findings while a client is at work: each told when it is certain, and again when it turned out otherwise."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from sandbox.diagnosis import diagnose
from sandbox.diagnosis.finding import Finding, Severity
from sandbox.wire.exchange import Exchange

QUIET: Final = 1.0
"""Least seconds without a request after which a client has gone as far as it goes for now."""
_PACE: Final = 3
"""How many times its longest pause so far a client may pause before that is looked at."""
_LATEST: Final = 5.0
"""Seconds after which a client is looked at that does not pause."""
_LATER: Final = 4.0
"""Seconds after which silence is looked at again: what is not certain yet may be by then."""
_LOOKS: Final = 3
"""How often silence is looked at."""
_WINDOW: Final = 500
"""How many of the last exchanges are looked at."""

Listener = Callable[[Finding], None]

_log = logging.getLogger("sandbox")


class Watch:
    """Looks at the wire whenever it falls silent, and tells its listeners what they were not told before.

    A client that still waits for an answer is not silent: `is_busy` says so. What was told as broken is told again when
    the client went on after all.
    """

    def __init__(self, is_busy: Callable[[], bool], quiet: float = QUIET) -> None:
        self._is_busy = is_busy
        self._quiet = quiet
        self._listeners: list[Listener] = []
        self._seen: dict[int, Exchange] = {}
        self._told: dict[tuple[str, str], Severity] = {}
        self._alarm: asyncio.TimerHandle | None = None
        self._last = self._first_new = 0.0
        self._pause = 0.0
        self._looks = 0

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Have a listener called with every finding from now on; the answer ends that."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            with suppress(ValueError):
                self._listeners.remove(listener)

        return unsubscribe

    def see(self, exchange: Exchange) -> None:
        """Take note of an exchange; an open stream is told of again when it ends."""
        now = asyncio.get_running_loop().time()
        if self._seen and exchange.asker == "client":
            self._pause = min(max(self._pause, now - self._last), _LATEST)
        self._last = now
        self._seen[exchange.number] = exchange
        if len(self._seen) > _WINDOW:
            del self._seen[next(iter(self._seen))]
        if self._looks or not self._first_new:
            self._first_new = now
        self._looks = 0
        self._wait(min(max(self._quiet, _PACE * self._pause), max(self._first_new + _LATEST - now, 0.0)))

    def forget(self) -> None:
        """Begin anew: nothing seen, nothing told."""
        self._seen.clear()
        self._told.clear()
        self._first_new = self._pause = 0.0
        if self._alarm is not None:
            self._alarm.cancel()

    def _wait(self, seconds: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        if self._is_busy():
            self._wait(self._quiet)
            return
        self._looks += 1
        self._tell(self._now())
        if self._looks < _LOOKS:
            self._wait(_LATER * self._looks)

    def found(self) -> list[Finding]:
        """Give what can be said by now of a trace that still grows; who is waited for, or held, is not silent."""
        return diagnose(self._seen.values(), self._now())

    def _now(self) -> float:
        """Give the time of the wire: the end of the last exchange, and the silence since then."""
        silence = 0.0 if self._is_busy() else asyncio.get_running_loop().time() - self._last
        return max((one.at + one.seconds for one in self._seen.values()), default=0.0) + silence

    def settle(self) -> None:
        """Tell what can be said by now, as nothing more is going to come."""
        self._tell(None)

    def _tell(self, now: float | None) -> None:
        for finding in diagnose(self._seen.values(), now) if self._listeners else ():
            key = finding.client, finding.id
            if self._told.get(key) != finding.severity:
                self._told[key] = finding.severity
                for listener in tuple(self._listeners):
                    try:
                        listener(finding)
                    except Exception:  # noqa: BLE001 - it is somebody else's, whatever it is
                        _log.exception("a listener failed at the finding %s", finding.id)
