"""ASGI messages (ASGI 3.0, HTTP) to and from values."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import replace
from email.utils import formatdate
from typing import Any, Final

from sandbox.wire.message import Request, Response

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


REQUEST_LIMIT: Final = 4 * 1024 * 1024
"""How many bytes a request body may have."""


class LeftError(Exception):
    """The asker hung up before the answer."""


async def read_request(scope: Scope, receive: Receive) -> Request:
    """Read a whole request; raise LeftError when the asker hangs up first, OverflowError over the limit.

    What is over the limit is read all the same, and thrown away, since an asker who still writes hears no answer.
    """
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise LeftError
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > REQUEST_LIMIT:
            chunks.clear()
        else:
            chunks.append(chunk)
        more = message.get("more_body", False)
    if size > REQUEST_LIMIT:
        raise OverflowError
    return request_of(scope, b"".join(chunks))


def request_of(scope: Scope, body: bytes = b"") -> Request:
    """Give the request that a scope announces."""
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
    path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
    return Request(scope["method"], path, query, headers, body)


def replayed(request: Request, receive: Receive) -> Receive:
    """Give a receive that yields the body which was read already, then whatever comes."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": request.body, "more_body": False}

    return again


class Collected:
    """A response put together from ASGI messages; with a `limit`, only about so many bytes of its body."""

    def __init__(self) -> None:
        self.start: Message | None = None
        self.chunks: list[bytes] = []
        self.size = 0
        self.limit: int | None = None
        self.ended = False

    def take(self, message: Message) -> None:
        """Take in a message of the application."""
        if message["type"] == "http.response.start":
            self.start = message
        elif message["type"] == "http.response.body":
            body = message.get("body", b"")
            if self.limit is None or self.size < self.limit:
                self.chunks.append(body)
                self.size += len(body)
            self.ended = not message.get("more_body", False)

    def response(self) -> Response:
        """Give the response as far as it has come."""
        head = response_of(self.start) if self.start else Response(500)
        return replace(head, body=b"".join(self.chunks))


def response_of(start: Message) -> Response:
    """Give the status and headers that a start message announces."""
    headers = tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in start["headers"])
    return Response(start["status"], headers)


def start_of(response: Response) -> Message:
    """Give the message that announces a response."""
    headers = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in response.headers]
    return {"type": "http.response.start", "status": response.status, "headers": headers}


async def send_response(response: Response, send: Send) -> None:
    """Send a whole response."""
    await send(start_of(response))
    await send({"type": "http.response.body", "body": response.body, "more_body": False})


def dated(application: Application, now: Callable[[], float]) -> Application:
    """Have answers say when they were made, by a clock of seconds since the epoch (RFC 9110, section 6.6.1)."""

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start" and not any(name == b"date" for name, _ in message["headers"]):
                date = formatdate(now(), usegmt=True).encode()
                message = {**message, "headers": [*message["headers"], (b"date", date)]}
            await send(message)

        await application(scope, receive, stamped)

    return asgi


def answering(response: Response) -> Application:
    """Make an application that always answers the same."""

    async def asgi(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send_response(response, send)

    return asgi
