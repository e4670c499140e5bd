"""Which hosts the doctor may ask: the one that was given, and of those that documents name only harmless ones."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.outside.addresses import (
    Address,
    RefusedError,
    Resolve,
    Target,
    UnresolvedError,
    addresses_of,
    checked,
    host_of,
    objection,
    resolved,
    shown,
)


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
        return Target(url, addresses)

    async def _addresses(self, host: str) -> tuple[Address, ...]:
        if host not in self._known:
            self._known[host] = await addresses_of(host, self._resolve)
        if not self._known[host]:
            raise UnresolvedError(f"no address found for {host}")
        return self._known[host]

    async def _judge(self, host: str, addresses: tuple[Address, ...]) -> None:
        at_home = all(address.is_loopback for address in await self._addresses(self._given))
        why = objection(host, addresses, at_home=at_home)
        if why is not None:
            raise RefusedError(f"{why}; --allow-host {host} has it asked")
