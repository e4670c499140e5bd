"""Where a URL leads, and whether a stranger's may lead there.

A name in a stranger's text may lead into the network that the sandbox runs in. So each name is resolved once, the
addresses are judged, and the connection goes to an address that was judged: DNS cannot change in between.
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
        self.addresses = tuple(addresses)[:_ADDRESSES]

    @property
    def base(self) -> str:
        """The scheme and the authority, as they are in the URL."""
        return f"{self.scheme}://{self.authority}"

    def at(self, address: Address) -> str:
        """Give the URL with an address instead of the name."""
        host = f"[{address}]" if address.version == 6 else str(address)  # noqa: PLR2004
        query = f"?{self.query}" if self.query else ""
        return f"{self.scheme}://{host}:{self.port}{self.path}{query}"


async def resolved(host: str) -> list[str]:
    """Give the addresses of a name; none when there are none, or none in time."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_SECONDS):
            found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError):
        return []
    return [str(entry[4][0]) for entry in found]


async def addresses_of(host: str, resolve: Resolve = resolved) -> tuple[Address, ...]:
    """Give the addresses of a host, which may be one itself; none where there are none."""
    try:
        return (_address(host),)
    except ValueError:
        return tuple(dict.fromkeys(map(_address, await resolve(host))))


def objection(host: str, addresses: Iterable[Address], *, at_home: bool) -> str | None:
    """Say why a stranger's host is not asked, whose addresses these are; None when it may be.

    Only addresses of the public internet may be (RFC 6890), and `at_home` those of this machine.
    """
    for address in map(_meant, addresses):
        if address.is_loopback and at_home:
            continue
        if not address.is_global or address.is_multicast:
            lead = "is" if host == str(address) else f"leads to {address},"
            return f"{host} {lead} {_kind(address)}"
    return None


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
