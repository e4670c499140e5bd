"""The events of streams that a client may come back to (MCP 2025-11-25, Streamable HTTP, resumability)."""

from __future__ import annotations

from collections import deque
from itertools import count
from typing import Final, NamedTuple

from mcp.server.streamable_http import EventCallback, EventMessage, EventStore
from mcp.types import JSONRPCMessage

_KEPT: Final = 1000
"""How many events are kept, of all streams together."""


class _Event(NamedTuple):
    id: str
    stream: str
    message: JSONRPCMessage | None
    """None for the event that only gives a stream its first id."""


class Events(EventStore):
    """The last events, in the order in which they were sent."""

    def __init__(self) -> None:
        self._events: deque[_Event] = deque(maxlen=_KEPT)
        self._ids = count(1)

    async def store_event(self, stream_id: str, message: JSONRPCMessage | None) -> str:
        """Keep an event; give its id, which no other event has."""
        event = _Event(str(next(self._ids)), stream_id, message)
        self._events.append(event)
        return event.id

    async def replay_events_after(self, last_event_id: str, send_callback: EventCallback) -> str | None:
        """Send again what came after an event on its stream; give the stream, or None when the event is not known."""
        kept = list(self._events)
        seen = next((index for index, event in enumerate(kept) if event.id == last_event_id), None)
        if seen is None:
            return None
        stream = kept[seen].stream
        for event in kept[seen + 1 :]:
            if event.stream == stream and event.message is not None:
                await send_callback(EventMessage(event.message, event.id))
        return stream
