"""Holding the flow: exchanges stop before a step, and go on when somebody lets them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sandbox.errors import SandboxError
from sandbox.flow import STEPS, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.wire.exchange import Exchange


class Hold:
    """The steps before which exchanges stop, and the exchanges that stand there now, oldest first."""

    def __init__(self) -> None:
        self.before: tuple[Step, ...] = ()
        self._standing: dict[int, tuple[Exchange, asyncio.Event]] = {}
        self._listeners: list[Callable[[], None]] = []

    @property
    def standing(self) -> list[Exchange]:
        """The exchanges that wait to be let go, as far as they have come: nobody has answered them yet."""
        return [exchange for exchange, _ in self._standing.values()]

    def stop_before(self, steps: Iterable[str]) -> None:
        """Stop exchanges before these steps from now on, and let those go that stand before another.

        Raise SandboxError, and change nothing, for what is no step.
        """
        asked = list(steps)
        unknown = [step for step in asked if step not in STEPS]
        if unknown:
            raise SandboxError(f"{unknown[0]!r} is no step; there are: {', '.join(STEPS)}.")
        before = tuple(step for step in STEPS if step in asked)
        if before == self.before:
            return
        self.before = before
        for exchange, go in self._standing.values():
            if exchange.step not in self.before:
                go.set()
        self._tell()

    def step(self, number: int | None = None) -> Exchange | None:
        """Let one exchange go on, and give it: the one of this number, or the oldest; None where nothing stands.

        The next stops as before. Raise SandboxError when the one of this number does not stand.
        """
        waiting = [each for each, (_, go) in self._standing.items() if not go.is_set()]
        if number is not None and number not in waiting:
            raise SandboxError(
                f"Exchange {number} does not stand before a step. Held: {', '.join(self.before) or '–'}."
            )
        if not waiting:
            return None
        exchange, go = self._standing[waiting[0] if number is None else number]
        go.set()
        return exchange

    def let_go(self) -> None:
        """Let everything go that stands here; the steps stay."""
        for _, go in self._standing.values():
            go.set()

    @contextmanager
    def at(self, exchange: Exchange) -> Iterator[asyncio.Event]:
        """Have an exchange stand here as long as this lasts; the event says that it may go on."""
        go = asyncio.Event()
        self._standing[exchange.number] = (exchange, go)
        self._tell()
        try:
            yield go
        finally:
            if self._standing.get(exchange.number, (None, None))[1] is go:
                del self._standing[exchange.number]
            self._tell()

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Have a listener called when an exchange stops or goes on, or the steps change; the answer ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()
