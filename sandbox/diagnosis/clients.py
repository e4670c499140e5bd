"""Which exchanges belong to which client, where several are at work in one trace.

What an exchange shows of itself ties it to others: a client id, a code, a token, a session. What is tied together, and
what follows it without interleaving, is one client, so that a client that registers anew remains the same. Requests
that show nothing, as those of discovery, belong to the client that registers next.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

from sandbox.diagnosis.sharing import Client, program_of, shared_out
from sandbox.diagnosis.ties import tied, ties_of
from sandbox.wire.exchange import Exchange
from sandbox.wire.json_text import as_json

_LOOK_BACK: Final = 50
"""How many clients are looked through for one that goes on, so that the time grows with the trace alone."""
_CLIENT_INFO: Final = "io.modelcontextprotocol/clientInfo"


def told_apart(exchanges: Iterable[Exchange]) -> list[tuple[str, list[Exchange]]]:
    """Give the exchanges of each client, in order, with its name where it gave one.

    What the servers ask each other belongs to every client. Of several clients with one name, the later are counted.
    """
    ordered = sorted(exchanges, key=lambda exchange: exchange.number)
    asked = [exchange for exchange in ordered if exchange.asker in {"client", "browser"}]
    shared = [exchange for exchange in ordered if exchange.asker not in {"client", "browser"}]
    clients = _clients(asked)
    groups = [asked] if len(clients) <= 1 else shared_out(asked, clients)
    names = _counted([_name(group) for group in groups])
    return [
        (name, sorted([*group, *shared], key=lambda exchange: exchange.number))
        for name, group in zip(names, groups, strict=True)
    ]


# --- who is there ------------------------------------------------------------------------------------------------


def _clients(asked: Sequence[Exchange]) -> list[Client]:
    """Give the clients, each with those exchanges that show whose they are."""
    known = [_client(places, asked) for places in tied([ties_of(exchange) for exchange in asked])]
    placed = {place for client in known for place in client.places}
    speakers = {program for client in known for program in client.speaks_as}
    if len({program_of(exchange) for exchange in asked if _speaks(exchange)}) == 1:
        speakers |= {program_of(exchange) for exchange in asked}  # the only one there is tells nobody apart
    alone = [
        _client([place], asked)
        for place, exchange in enumerate(asked)
        if place not in placed and _stands_alone(exchange, speakers)
    ]
    return _one_after_another(sorted([*known, *alone], key=lambda client: client.places[0]))


def _stands_alone(exchange: Exchange, speakers: set[str]) -> bool:
    """Say whether an exchange that is tied to no other tells of a client: it tries to register, or a new one speaks."""
    if exchange.step == "registration":
        return exchange.method == "POST"
    return _speaks(exchange) and program_of(exchange) not in speakers


def _speaks(exchange: Exchange) -> bool:
    """Say whether this is an MCP request of a client."""
    return exchange.asker == "client" and bool(exchange.mcp_methods)


def _client(places: list[int], asked: Sequence[Exchange]) -> Client:
    client = Client(places)
    for place in places:
        exchange = asked[place]
        if exchange.asker == "client":
            client.programs.add(program_of(exchange))
            if exchange.mcp_methods:
                client.speaks_as.add(program_of(exchange))
        if exchange.step == "registration" and (name := _registered_name(exchange)):
            client.registered.add(name)
    return client


def _one_after_another(parts: Iterable[Client]) -> list[Client]:
    """Make one client of parts that do not interleave, the latest that ended before a part being the likeliest."""
    clients: list[Client] = []
    ends: list[tuple[int, int]] = []
    for part in parts:
        before = bisect_left(ends, (part.places[0], 0))
        for at in range(before - 1, max(before - _LOOK_BACK, 0) - 1, -1):
            _, number = ends[at]
            if clients[number].may_be(part):
                del ends[at]
                clients[number].take(part)
                break
        else:
            number = len(clients)
            clients.append(part)
        insort(ends, (clients[number].places[-1], number))
    return clients


# --- what it is called -------------------------------------------------------------------------------------------


def _name(group: Sequence[Exchange]) -> str:
    """Give the last name that a client registered with, or that it gave in its MCP requests."""
    names = [_registered_name(one) for one in reversed(group) if one.step == "registration"]
    return next(filter(None, names), "") or next(
        filter(None, (_own_name(one) for one in group if one.step in {"challenge", "session"})), ""
    )


def _registered_name(exchange: Exchange) -> str:
    return _text(as_json(exchange.request_body), "client_name")


def _own_name(exchange: Exchange) -> str:
    """Give the name in clientInfo: of `initialize`, or of any request since MCP 2026-07-28."""
    params = _member(as_json(exchange.request_body), "params")
    return _text(_member(params, "clientInfo"), "name") or _text(
        _member(_member(params, "_meta"), _CLIENT_INFO), "name"
    )


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _text(value: Any, name: str) -> str:
    text = _member(value, name)
    return text if isinstance(text, str) else ""


def _counted(names: Sequence[str]) -> list[str]:
    """Count the clients that have the same name."""
    seen: Counter[str] = Counter()
    counted = []
    for name in names:
        seen[name] += 1
        counted.append(f"{name} ({seen[name]})" if name and seen[name] > 1 else name)
    return counted
