"""Which hosts may be asked: the one that was given, and of those that documents name only harmless ones.

A document is a stranger's text, and a name in it may lead into the network that the doctor runs in. So each name is
resolved once, the addresses are judged, and the connection goes to an address that was judged: DNS cannot change in
between.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Iterable
from typing import Final
from urllib.parse import urlsplit

from sandbox.plain import one_line

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str], Awaitable[list[str]]]

_SECONDS: Final = 5.0
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_CREDENTIALS: Final = re.compile(r"//[^/]*@")
_PORTS: Final = {"http": 80, "https": 443}
_ADDRESSES: Final = 4
"""How many addresses of a name are tried at most."""


class RefusedError(Exception):
    """A URL that is not asked; the text is the reason."""


class UnresolvedError(Exception):
    """A name that no address was found for; the text says so."""


class Target:
    """A URL that may be asked, and the addresses to connect to."""

    def __init__(self, url: str, addresses: Iterable[Address]) -> None:
        parts = urlsplit(url)
        self.scheme, self.host = parts.scheme, host_of(url)
        self.port = parts.port or _PORTS[parts.scheme]
        self.authority = parts.netloc if parts.netloc.isascii() else ascii_authority(url)
        self.path, self.query = parts.path or "/", parts.query
        self.addresses = tuple(addresses)

    @property
    def base(self) -> str:
        """The scheme and the authority, as they are in the URL."""
        return f"{self.scheme}://{self.authority}"

    def at(self, address: Address) -> str:
        """Give the URL with an address instead of the name."""
        host = f"[{address}]" if address.version == 6 else str(address)  # noqa: PLR2004
        query = f"?{self.query}" if self.query else ""
        return f"{self.scheme}://{host}:{self.port}{self.path}{query}"


class Reach:
    """Judges URLs for one examination.

    `given` is the URL that the person gave, whose host is always asked; `allowed` are hosts that the person allows
    besides, whatever their addresses are.
    """

    def __init__(self, given: str, allowed: Iterable[str] = (), resolve: Resolve | None = None) -> None:
        self._given = host_of(given)
        self._allowed = {host.strip("[]").lower() for host in allowed}
        self._resolve = resolve or resolved
        self._known: dict[str, tuple[Address, ...]] = {}
        self.refused: dict[str, str] = {}
        """Every URL that was refused, and why."""

    async def target(self, url: str) -> Target:
        """Give where a URL leads. Raise RefusedError, or UnresolvedError when the name has no address."""
        try:
            host = checked(url)
            addresses = await self._addresses(host)
            if host != self._given and host not in self._allowed:
                await self._judge(host, addresses)
        except RefusedError as refusal:
            self.refused[shown(url)] = str(refusal)
            raise
        return Target(url, addresses[:_ADDRESSES])

    async def _addresses(self, host: str) -> tuple[Address, ...]:
        if host not in self._known:
            try:
                self._known[host] = (_address(host),)
            except ValueError:
                found = await self._resolve(host)
                self._known[host] = tuple(dict.fromkeys(map(_address, found)))
        if not self._known[host]:
            raise UnresolvedError(f"no address found for {host}")
        return self._known[host]

    async def _judge(self, host: str, addresses: tuple[Address, ...]) -> None:
        at_home = all(address.is_loopback for address in await self._addresses(self._given))
        for address in map(_meant, addresses):
            if address.is_loopback and at_home:
                continue
            if not address.is_global or address.is_multicast:
                kind = _kind(address)
                lead = "is" if host == str(address) else f"leads to {address},"
                raise RefusedError(f"{host} {lead} {kind}; --allow-host {host} has it asked")


async def resolved(host: str) -> list[str]:
    """Give the addresses of a name; none when there are none, or none in time."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_SECONDS):
            found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError):
        return []
    return [str(entry[4][0]) for entry in found]


def checked(url: str) -> str:
    """Give the host of a URL that can be asked. Raise RefusedError for any other."""
    if not url.isprintable() or " " in url or "\\" in url:
        raise RefusedError("not a URL: it holds a space, a backslash or a control character")
    try:
        parts = urlsplit(url)
        host, _ = host_of(url), parts.port
    except ValueError as error:
        raise RefusedError(f"not a URL: {one_line(str(error), 80)}") from None
    if parts.scheme not in _PORTS:
        raise RefusedError(f"only http and https are asked, not {one_line(parts.scheme, 20) or 'a relative URL'}")
    if not host or parts.port == 0:
        raise RefusedError("not a URL: it names no host")
    if "@" in parts.netloc:
        raise RefusedError("the URL holds credentials, which do not belong there")
    return host


def shown(url: str) -> str:
    """Give a URL without its credentials and its query, to be shown."""
    return _CREDENTIALS.sub("//…@", url).partition("?")[0]


def host_of(url: str) -> str:
    """Give the host of a URL, as it is asked for in DNS. Raise ValueError when there is none that is."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    return host if host.isascii() else host.encode("idna").decode()


def ascii_authority(url: str) -> str:
    """Give the authority of a URL whose host has letters outside of ASCII (RFC 5891)."""
    port = urlsplit(url).port
    return host_of(url) + (f":{port}" if port else "")


def _address(text: str) -> Address:
    return ipaddress.ip_address(text.partition("%")[0])


def _meant(address: Address) -> Address:
    """Give the IPv4 address that an IPv6 address stands for, where it stands for one."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo or address


def _kind(address: Address) -> str:
    kinds = {
        "a loopback address": address.is_loopback,
        "a link-local address": address.is_link_local,
        "no address of one host": address.is_multicast or address.is_unspecified,
        "a private address": True,
    }
    return next(name for name, is_it in kinds.items() if is_it)
