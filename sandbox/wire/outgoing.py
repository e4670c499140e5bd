"""An exchange that WorkOS itself begins, on its way through the same wire as those that come to a port.

So faults act on it, it can be held, and it is recorded, as asked by WorkOS.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from sandbox.wire.asgi import Application, Collected, Message, Scope, replayed
from sandbox.wire.message import Request, Response
from sandbox.wire.passage import Passage

if TYPE_CHECKING:
    from sandbox.wire.wire import Wire


class Line:
    """What stands in the place of the connection that an exchange at a port has."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()

    def is_closing(self) -> bool:
        """Say whether it has ended."""
        return self.ended.is_set()

    def close(self) -> None:
        """End it; nobody waits for an answer any more."""
        self.ended.set()

    abort = close

    def get_extra_info(self, _name: str) -> None:
        """Give nothing: there is no socket."""


async def ask(wire: Wire, request: Request, base: str, asking: Application, patience: float) -> Response | None:
    """Ask a client's own host, and give what comes through the wire; None without a whole answer.

    `asking` is an application that gets the answer from there. Who waits gives up after `patience` seconds, in which
    the time that somebody holds the exchange does not count.
    """
    line, collected = Line(), Collected()

    async def left() -> Message:
        await line.ended.wait()
        return {"type": "http.disconnect"}

    async def take(message: Message) -> None:
        collected.take(message)

    passage = Passage(wire, "client", base, (_scope(request, line), replayed(request, left), take), _as_it_is)
    running = asyncio.ensure_future(passage.run(asking))
    try:
        while not (await asyncio.wait({running}, timeout=patience))[0]:
            if not any(exchange.number == passage.recorder.number for exchange in wire.hold.standing):
                line.close()
        await running
    finally:
        running.cancel()
    return collected.response() if collected.ended else None


def _scope(request: Request, line: Line) -> Scope:
    state: dict[str, Any] = {"transport": line}
    return {
        "type": "http",
        "method": request.method,
        "raw_path": request.path.encode(),
        "query_string": request.query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in request.headers],
        "state": state,
    }


def _as_it_is(application: Application) -> Application:
    return application
