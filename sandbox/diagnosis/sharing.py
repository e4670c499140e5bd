"""Whose the requests are that show nothing of their client, where several are at work."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from sandbox.timeline import path_of
from sandbox.wire.exchange import Exchange

_LOOK_BACK: Final = 50
"""How many exchanges are looked through for what belongs to a registration, so that the time grows with the trace."""
_FIRST_ERROR: Final = 400
_WITH_TOKEN: Final = frozenset({"session", "messages", "refresh"})


@dataclass
class Client:
    """One client: the places of its exchanges in the trace, in order, and what is known of it."""

    places: list[int]
    registered: set[str] = field(default_factory=set)
    """The names under which it registered, or tried to."""
    speaks_as: set[str] = field(default_factory=set)
    """The programs that sent its MCP requests."""
    programs: set[str] = field(default_factory=set)
    """The programs that sent any of its requests; some libraries ask for metadata without a name."""

    def may_be(self, other: Client) -> bool:
        """Say whether nothing speaks against the two being one."""
        pairs = ((self.registered, other.registered), (self.speaks_as, other.speaks_as))
        return not any(mine and theirs and mine.isdisjoint(theirs) for mine, theirs in pairs)

    def take(self, later: Client) -> None:
        """Be the later one as well."""
        self.places += later.places
        self.registered |= later.registered
        self.speaks_as |= later.speaks_as
        self.programs |= later.programs


class _Beginning(NamedTuple):
    """An exchange before which a client has looked for its authorization server."""

    place: int
    client: int
    after: int
    """The place of the client's exchange before that; -1 when there is none."""


def program_of(exchange: Exchange) -> str:
    """Give the program's name from User-Agent, without its version."""
    words = (exchange.request_header("user-agent") or "").split(maxsplit=1)
    return words[0].partition("/")[0].lower() if words else ""


def shared_out(asked: Sequence[Exchange], clients: Sequence[Client]) -> list[list[Exchange]]:
    """Give each of several clients its own exchanges, and those of the others that are likeliest to be its."""
    owner = {place: number for number, client in enumerate(clients) for place in client.places}
    beginnings = sorted(
        beginning for number, client in enumerate(clients) for beginning in _beginnings(number, client, asked)
    )
    sharing = _Sharing(asked, clients, beginnings, owner)
    sharing.go_on()
    sharing.claim()
    sharing.give_the_rest()
    groups: list[list[Exchange]] = [[] for _ in clients]
    for place, exchange in enumerate(asked):
        groups[owner[place]].append(exchange)
    return groups


def _beginnings(number: int, client: Client, asked: Sequence[Exchange]) -> Iterator[_Beginning]:
    """Give the registrations of a client, and the authorizations that no registration preceded."""
    before = -1
    for place in client.places:
        step, path = asked[place].step, path_of(asked[place].url)
        registered = before >= 0 and asked[before].step == "registration"
        if step == "registration" or (step == "authorization" and path.endswith("/authorize") and not registered):
            yield _Beginning(place, number, before)
        before = place


@dataclass
class _Sharing:
    asked: Sequence[Exchange]
    clients: Sequence[Client]
    beginnings: Sequence[_Beginning]
    owner: dict[int, int]
    """The number of the client by the place of the exchange."""

    def __post_init__(self) -> None:
        self.programs = {program for client in self.clients for program in client.programs}

    def go_on(self) -> None:
        """Give a request without a token to the client whose token was just refused, as it is what follows."""
        last: int | None = None
        for place, exchange in enumerate(self.asked):
            if place in self.owner:
                last = place if exchange.asker == "client" else last
            elif exchange.mcp_methods and last is not None and self._was_refused(exchange, last):
                self.owner[place] = self.owner[last]

    def claim(self) -> None:
        """Give each beginning the first request of each kind before it that is free.

        So of clients that ask the same in turns each gets one of each, in the order in which one asks.
        """
        for beginning in self.beginnings:
            kinds: set[tuple[str, str, str, tuple[str, ...]]] = set()
            first = max(beginning.after + 1, beginning.place - _LOOK_BACK, 0)
            for place in range(first, beginning.place):
                exchange = self.asked[place]
                kind = exchange.step, exchange.method, exchange.url, tuple(exchange.mcp_methods)
                if place in self.owner or exchange.asker != "client" or kind in kinds:
                    continue
                if self._fits(exchange, beginning.client):
                    kinds.add(kind)
                    self.owner[place] = beginning.client

    def give_the_rest(self) -> None:
        """Give what is left to who begins next, or was there last; a browser's pages to who is signing in."""
        starts = [beginning.place for beginning in self.beginnings]
        own = {place for client in self.clients for place in client.places}
        latest: dict[str, int] = {}
        for place, exchange in enumerate(self.asked):
            if place in own:
                latest[exchange.asker] = self.owner[place]
            elif place not in self.owner:
                last = latest.get(exchange.asker)
                following = self._following(exchange, bisect_left(starts, place))
                if last is not None and (following is None or exchange.asker == "browser"):
                    following = last
                self.owner[place] = following or 0

    def _following(self, exchange: Exchange, at: int) -> int | None:
        coming = self.beginnings[at : at + _LOOK_BACK]
        return next((one.client for one in coming if self._fits(exchange, one.client)), None)

    def _was_refused(self, exchange: Exchange, last: int) -> bool:
        before = self.asked[last]
        refused = (before.status or 0) >= _FIRST_ERROR and before.step in _WITH_TOKEN
        return refused and self._fits(exchange, self.owner[last])

    def _fits(self, exchange: Exchange, client: int) -> bool:
        """Say whether the program that asks may be the client's; how a client speaks MCP may not be known."""
        its = self.clients[client].speaks_as if exchange.mcp_methods else self.clients[client].programs
        program = program_of(exchange)
        return program in its or not its or program not in self.programs
