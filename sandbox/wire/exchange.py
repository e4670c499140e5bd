"""An exchange as it is remembered, and the trace: the exchanges of a run, in order."""

from __future__ import annotations

import logging
import secrets
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Final, Literal

from msgspec import Struct, field

from sandbox.flow import Asker, Step, System

Ended = Literal["answered", "open", "cut", "dropped", "unanswered", "unasked"]
"""How an exchange ended: answered, still streaming, cut within the body, dropped before an answer, nobody waited; or
never begun, as a connection over TLS was given up before a request, which is what a client does that does not trust the
certificate.
"""

BODY_LIMIT: Final = 64 * 1024
"""How many bytes of a body are remembered."""


class Answer(Struct, kw_only=True):
    """A response as it is remembered, without its secrets."""

    status: int
    headers: list[tuple[str, str]]
    body: str
    held: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What its tokens say, by fingerprint."""


class Exchange(Struct, kw_only=True):
    """One HTTP request and its response, secrets taken out unless the sandbox reveals them."""

    number: int
    at: float
    """When the request arrived, in seconds since the epoch, by the sandbox's clock."""
    seconds: float = 0.0
    step: Step
    system: System
    asker: Asker
    method: str
    url: str
    request_headers: list[tuple[str, str]]
    request_body: str
    status: int | None = None
    response_headers: list[tuple[str, str]] = field(default_factory=list)
    response_body: str = ""
    ended: Ended = "unanswered"
    faults: list[str] = field(default_factory=list)
    """The faults that acted on it, in a few words each."""
    healthy: Answer | None = None
    """What the application had answered, where faults edited it. It is for people; a diagnosis reads what went out."""
    held: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What its tokens and verifiers say, by fingerprint."""
    client_id: str | None = None
    mcp_methods: list[str] = field(default_factory=list)

    def request_header(self, name: str) -> str | None:
        """Give the first request header of that name, written in small letters."""
        return next((value for key, value in self.request_headers if key == name), None)

    def response_header(self, name: str) -> str | None:
        """Give the first response header of that name, written in small letters."""
        return next((value for key, value in self.response_headers if key == name), None)


Listener = Callable[[Exchange], None]

_log = logging.getLogger("sandbox")


class Trace:
    """The last exchanges of a run: a ring, so that memory stays flat."""

    def __init__(self, size: int = 10_000) -> None:
        self._ring: deque[Exchange] = deque(maxlen=size)
        self._listeners: list[Listener] = []
        self._number = 0
        self.run = _new_run()
        """Its name, which no other run has, here or in another process. Clearing begins another; an exchange that began
        before that belongs to the earlier one.
        """

    def number(self) -> int:
        """Give the number of an exchange that begins."""
        self._number += 1
        return self._number

    def add(self, exchange: Exchange) -> None:
        """Remember an exchange and tell the listeners."""
        self._ring.append(exchange)
        self.tell(exchange)

    def tell(self, exchange: Exchange) -> None:
        """Tell the listeners about an exchange, also when an open one has ended; one that fails stops nobody."""
        for listener in tuple(self._listeners):
            try:
                listener(exchange)
            except Exception:  # noqa: BLE001 - it is somebody else's, whatever it is
                _log.exception("a listener failed at exchange %d", exchange.number)

    def clear(self) -> None:
        """Forget all exchanges and count from one again; listeners stay."""
        self._ring.clear()
        self._number = 0
        self.run = _new_run()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Have a listener called with every exchange; the answer ends that."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            with suppress(ValueError):
                self._listeners.remove(listener)

        return unsubscribe

    def __iter__(self) -> Iterator[Exchange]:
        # Copied in one step, so that another thread may read while exchanges come.
        return iter(sorted(self._ring.copy(), key=lambda exchange: exchange.number))

    def __len__(self) -> int:
        return len(self._ring)


def _new_run() -> str:
    return secrets.token_hex(8)
