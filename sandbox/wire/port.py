"""A port: loopback sockets, and uvicorn serving one application on them."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
import struct
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from sandbox.errors import SandboxError

LOOPBACK = ("127.0.0.1", "::1")

_TRIES: Final = 10
"""How often any free port is looked for that is free at every address."""

_LAST_WORDS: Final = 0.05
"""Seconds that a request gets to end by itself when the port stops."""

_HANDSHAKE: Final = 0.3
"""Seconds that the handshake of TLS may take on one machine."""

_RESET: Final = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: closing the socket sends a reset."""


def reset(transport: asyncio.Transport) -> None:
    """Drop a connection with a TCP reset (RFC 9293, section 3.10.5), where there is a socket behind it."""
    opened = transport.get_extra_info("socket")
    if opened is not None:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()


def bind(name: str, port: int, addresses: Sequence[str] = LOOPBACK) -> list[socket.socket]:
    """Listen on the port at every address, 0 being any free port, the same on all.

    Raise SandboxError, naming the port and the flag to change it, when it is taken or may not be had. An IPv6
    address is left out on a machine without IPv6.
    """
    for _ in range(_TRIES if port == 0 else 0):
        with suppress(SandboxError):
            return _bound(name, port, addresses)
    return _bound(name, port, addresses)


def _bound(name: str, port: int, addresses: Sequence[str]) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    for address in addresses:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            # Named by its protocol, else asyncio leaves Nagle's algorithm on, and each answer waits 40 ms.
            listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            sockets.append(listener)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.bind((address, port))
            listener.listen(2048)
            listener.setblocking(False)
        except (OSError, OverflowError) as error:
            code = error.errno if isinstance(error, OSError) else None
            if family == socket.AF_INET6 and code in {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL} and len(sockets) > 1:
                sockets.pop().close()
                continue
            for opened in sockets:
                opened.close()
            raise SandboxError(_why_not(name, port, code)) from error
        port = listener.getsockname()[1]
    return sockets


def _why_not(name: str, port: int, code: int | None) -> str:
    reasons = {
        errno.EADDRINUSE: "is in use, perhaps by another sandbox",
        errno.EACCES: "needs more rights than you have",
    }
    reason = reasons.get(code or 0, "cannot be opened")
    return f"Port {port} ({name}) {reason}. Choose another with --{name}-port N; 0 takes any free one."


_Http: Any = AutoHTTPProtocol


class _Protocol(_Http):  # type: ignore[misc]
    """uvicorn's HTTP protocol, handing its transport to the application, so that a fault can drop the connection."""

    _answering: Any = None
    _unasked = False

    def connection_made(self, transport: asyncio.Transport) -> None:
        self.app_state: dict[str, Any] = {**self.app_state, "transport": transport}
        secured = transport.get_extra_info("ssl_object")
        if secured is not None:
            self.app_state["port"].secured(secured)
            self._unasked = True
        super().connection_made(transport)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Leave out the whitespace around a header's value (RFC 9110, section 5.5); httptools keeps what is behind."""
        super().on_header(name, value.strip(b" \t"))

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._answering = cycle
        self._unasked = False
        super()._start_asgi_task(cycle, app)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the request being answered too; uvicorn only tells the last, which may wait behind it (pipelining)."""
        super().connection_lost(exc)
        if self._unasked:
            self.app_state["port"].unasked()
        if self._answering is not None and not self._answering.response_complete:
            self._answering.disconnected = True
            self._answering.message_event.set()


class Port:
    """One of the sandbox's ports, being served."""

    def __init__(
        self, name: str, application: Any, sockets: list[socket.socket], unasked: Callable[[], None] = lambda: None
    ) -> None:
        """Serve on the sockets; `unasked` is called when a connection over TLS was given up before a request."""
        self.name = name
        self.unasked = unasked
        self._greetings: dict[int, asyncio.TimerHandle] = {}
        self.sockets = sockets
        config = uvicorn.Config(
            application,
            http=_Protocol,
            ws="none",
            lifespan="off",
            interface="asgi3",
            access_log=False,
            log_config=None,
            server_header=False,
            date_header=False,  # the wire says it, by the clock of the system that answers
            proxy_headers=False,
            timeout_keep_alive=75,
        )
        self._server = uvicorn.Server(config)
        self._listening = asyncio.Lock()
        self._ticker: asyncio.Task[None] | None = None

    @property
    def number(self) -> int:
        """The port number."""
        number: int = self.sockets[0].getsockname()[1]
        return number

    @property
    def context(self) -> ssl.SSLContext | None:
        """What it needs to speak HTTPS; None while it speaks HTTP."""
        return self._server.config.ssl

    async def start(self, context: ssl.SSLContext | None = None) -> None:
        """Serve, over HTTPS with a context."""
        self._server.config.load()
        self._server.lifespan = self._server.config.lifespan_class(self._server.config)
        await self._server.on_tick(0)
        self._server.lifespan.state["port"] = self
        await self.speak(context)
        self._ticker = asyncio.ensure_future(self._tick())

    def speak(self, context: ssl.SSLContext | None) -> Coroutine[Any, Any, None]:
        """Speak HTTPS, or HTTP without a context, on every connection from now on; the others go on as they are.

        From the call on nobody is let in; once what it gives was awaited, everybody is.
        """
        self._server.config.ssl = context
        if context is not None:
            context.sni_callback = self._greeted
        self._shut()
        return self._listen()

    async def _listen(self) -> None:
        async with self._listening:
            self._shut()  # what another call has opened meanwhile
            opened = [listener.dup() for listener in self.sockets]
            try:
                await self._server.startup(sockets=opened)
            except BaseException:  # whoever gave up on the start is not left with half of it
                self._shut()
                for listener in opened:
                    listener.close()
                raise

    def _greeted(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        """Take note of a connection that begins with TLS; the ClientHello has come."""
        alarm = asyncio.get_running_loop().call_later(_HANDSHAKE, self._given_up, id(connection))
        self._greetings[id(connection)] = alarm

    @property
    def greets(self) -> bool:
        """Whether a handshake of TLS is under way."""
        return bool(self._greetings)

    def secured(self, connection: ssl.SSLObject) -> None:
        """Take note that a connection speaks TLS now."""
        alarm = self._greetings.pop(id(connection), None)
        if alarm is not None:
            alarm.cancel()

    def _given_up(self, connection: int) -> None:
        if self._greetings.pop(connection, None) is not None:
            self.unasked()

    def _shut(self) -> None:
        for server in getattr(self._server, "servers", ()):  # there are none before it has started
            server.close()

    async def _tick(self) -> None:
        """Keep the Date header true."""
        while True:
            await asyncio.sleep(1)
            await self._server.on_tick(0)

    async def stop(self) -> None:
        """Stop at once: close the sockets, drop open streams, and let no task of a request live on."""
        if self._ticker is not None:
            self._ticker.cancel()
        for alarm in self._greetings.values():
            alarm.cancel()
        state = self._server.server_state
        self._shut()
        # Whoever still answers hears that the asker is gone, and ends by itself; what then still runs is cancelled.
        connections = list(state.connections)
        for how in ("close", "abort"):
            for connection in connections:
                getattr(connection.transport, how)()
            if state.tasks:
                await asyncio.wait(state.tasks, timeout=_LAST_WORDS)
        tasks = list(state.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for listener in self.sockets:
            listener.close()
