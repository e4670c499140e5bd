"""Who asked, at the other end of the connection: waits for an answer, hangs up, or is hung up on."""

from __future__ import annotations

import asyncio

from sandbox.wire.asgi import LeftError, Receive, Scope
from sandbox.wire.port import reset


class Asker:
    """The asker of one exchange."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._scope, self._receive = scope, receive

    @property
    def has_left(self) -> bool:
        """Whether the connection is closing."""
        return self._transport.is_closing()

    async def waits(self, duration: float | None, until: asyncio.Event) -> None:
        """Let the asker wait so many seconds, or for ever; less when `until` happens. Raise LeftError on hanging up."""
        happened = asyncio.ensure_future(until.wait())
        left = asyncio.ensure_future(self.leaves())
        try:
            await asyncio.wait({happened, left}, timeout=duration, return_when=asyncio.FIRST_COMPLETED)
            if left.done():
                raise LeftError
        finally:
            happened.cancel()
            left.cancel()

    async def leaves(self) -> None:
        """Wait until the asker hangs up."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def drop(self) -> None:
        """Reset the connection, as a server does that dies."""
        reset(self._transport)
        await self.leaves()

    def close(self) -> None:
        """Close the connection once what was written has left."""
        self._transport.close()

    @property
    def _transport(self) -> asyncio.Transport:
        transport: asyncio.Transport = self._scope["state"]["transport"]
        return transport
