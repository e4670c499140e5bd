"""The ports of one world: bound at the start, and served over HTTP or HTTPS as the world says."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Final, NamedTuple, Protocol

from sandbox.flow import Step, System
from sandbox.settings import Tls
from sandbox.sources import Sources
from sandbox.wire.asgi import Application
from sandbox.wire.exchange import Exchange, Trace
from sandbox.wire.hosts import HostCheck, own_names_only
from sandbox.wire.port import LOOPBACK, Port, bind
from sandbox.wire.tls import Certificates
from sandbox.world import Addresses


class Ports(NamedTuple):
    """The port numbers to listen on; 0 is any free one."""

    workos: int = 4100
    mcp: int = 4101
    console: int = 4102
    other: int = 4103


ANY_PORTS: Final = Ports(0, 0, 0, 0)
_FIRST_STEP: Final[dict[str, tuple[System, Step]]] = {
    "workos": ("workos", "server-metadata"),
    "mcp": ("log-aggregator", "challenge"),
}
"""The step at which a client comes to a port for the first time."""


class Serving:
    """The ports of one world.

    What it opens is closed by `stack`. Raise SandboxError when a port cannot be had.
    """

    def __init__(self, ports: Ports, listen: Sequence[str], certificates: Certificates, stack: AsyncExitStack) -> None:
        self._listen = listen
        self._certificates = certificates
        self._stack = stack
        self._sockets = {}
        for name, number in ports._asdict().items():
            self._sockets[name] = bind(name, number, listen)
            for listener in self._sockets[name]:
                stack.callback(listener.close)
        self._numbers = {name: opened[0].getsockname()[1] for name, opened in self._sockets.items()}
        self._ports: dict[str, Port] = {}
        self._switching: set[asyncio.Task[None]] = set()

    def addresses(self) -> Addresses:
        """Give where the ports are, while they speak HTTP."""
        host = _host(self._listen)
        return Addresses(**{name: f"http://{host}:{number}" for name, number in self._numbers.items()})

    def check(self, name: str) -> HostCheck:
        """Give what a port checks of Host and Origin."""
        return own_names_only(self._numbers[name], _host(self._listen), own_origin=name == "console")

    async def serve(self, applications: Mapping[str, Application], tls: Tls, unasked: Callable[[str], None]) -> None:
        """Serve an application on each port; `unasked` is told the port of a connection that was given up at once."""
        for name, application in applications.items():
            port = Port(name, application, self._sockets[name], partial(unasked, name))
            self._stack.push_async_callback(port.stop)
            await port.start(self._context(name, tls))
            self._ports[name] = port

    def speak(self, tls: Tls) -> None:
        """Have the ports speak HTTP or HTTPS as the world says; whoever connects meanwhile waits for the new one."""
        for name, port in self._ports.items():
            context = self._context(name, tls)
            if context is not port.context:
                task = asyncio.ensure_future(port.speak(context))
                self._switching.add(task)
                task.add_done_callback(self._switching.discard)

    async def settled(self) -> None:
        """Wait until every port speaks what it should."""
        await asyncio.gather(*self._switching, return_exceptions=True)

    def _context(self, name: str, tls: Tls) -> ssl.SSLContext | None:
        return self._certificates.server_context(getattr(tls, name, "off"), name)


def is_loopback(addresses: Sequence[str]) -> bool:
    """Say whether only this machine can reach what listens there."""
    return set(addresses) <= set(LOOPBACK)


class Recording(Protocol):
    """A world that has addresses and a trace."""

    addresses: Addresses
    sources: Sources

    @property
    def trace(self) -> Trace:
        """What went over the wire."""


def add_unasked(world: Recording, name: str) -> None:
    """Record that a client gave a connection up before it asked anything; what it was to be, nobody knows."""
    system, step = _FIRST_STEP[name]
    unasked = Exchange(
        number=world.trace.number(),
        at=world.sources.now(),
        step=step,
        system=system,
        asker="client",
        method="",
        url=f"{getattr(world.addresses, name)}/",
        request_headers=[],
        request_body="",
        ended="unasked",
    )
    world.trace.add(unasked)


def _host(addresses: Sequence[str]) -> str:
    """Give the name by which URLs call this machine: localhost, unless that is not where the ports are."""
    if set(addresses) & {*LOOPBACK, "0.0.0.0", "::"}:
        return "localhost"
    address = ipaddress.ip_address(addresses[0])  # written as every client writes it
    return f"[{address}]" if address.version == 6 else str(address)  # noqa: PLR2004
