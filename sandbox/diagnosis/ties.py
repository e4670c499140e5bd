"""What ties exchanges to each other: the ids, codes, tokens and sessions that only one client has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from urllib.parse import parse_qsl

from sandbox.diagnosis.evidence import form_of, tokens_in, urlsplit_or_empty
from sandbox.wire.exchange import Exchange
from sandbox.wire.json_text import as_json

Tie = tuple[str, str]
"""What it is, and its value."""

_SECRETS: Final = ("authorization_session_id", "code", "device_code", "refresh_token", "user_code")
_ANSWERED: Final = ("access_token", "refresh_token", "device_code", "user_code")
_GRANTING: Final = frozenset({"token", "refresh", "device"})
_MARK: Final = re.compile(r"‹[\w-]+ ([0-9a-f]{8})›")


def ties_of(exchange: Exchange) -> list[Tie]:
    """Give what ties an exchange to others of the same client; cookies do not, since clients share a browser."""
    return [(name, _plain(value)) for name, value in _ties(exchange) if value]


def tied(ties: Sequence[Iterable[Tie]]) -> list[list[int]]:
    """Give the places that are tied together, directly or by others, each group in order; untied ones in none."""
    parents = list(range(len(ties)))

    def root(place: int) -> int:
        while parents[place] != place:
            parents[place] = parents[parents[place]]
            place = parents[place]
        return place

    first: dict[Tie, int] = {}
    for place, its in enumerate(ties):
        for tie in its:
            one, other = sorted((root(first.setdefault(tie, place)), root(place)))
            parents[other] = one
    groups: dict[int, list[int]] = {}
    for place, its in enumerate(ties):
        if its:
            groups.setdefault(root(place), []).append(place)
    return list(groups.values())


def _ties(exchange: Exchange) -> Iterator[Tie]:
    if exchange.client_id:
        yield "client_id", exchange.client_id
    for said in tokens_in(exchange):
        claims = said["claims"]
        if isinstance(claims, dict) and isinstance(claims.get("client_id"), str):
            yield "client_id", claims["client_id"]
    yield "session", exchange.request_header("mcp-session-id") or exchange.response_header("mcp-session-id") or ""
    scheme, _, token = (exchange.request_header("authorization") or "").partition(" ")
    if scheme.lower() == "bearer":
        yield "access_token", token
    if exchange.step not in {"session", "messages"}:
        yield from _in_fields(form_of(exchange))
    location = exchange.response_header("location")
    if location:
        parts = urlsplit_or_empty(location)
        target = f"{parts.scheme}://{parts.netloc}{parts.path}" if parts.netloc else ""
        yield from _in_fields({"redirect_uri": target, **dict(parse_qsl(parts.query))})
    if exchange.step in _GRANTING:
        document = as_json(exchange.response_body)
        if isinstance(document, dict):
            yield from ((name, value) for name in _ANSWERED if isinstance(value := document.get(name), str))


def _in_fields(fields: dict[str, str]) -> Iterator[Tie]:
    """Give the ties among the fields of a URL or a form; a state counts together with where it returns to."""
    yield from ((name, fields[name]) for name in _SECRETS if name in fields)
    if "state" in fields and fields.get("redirect_uri"):
        yield "state", f"{fields['redirect_uri']} {fields['state']}"


def _plain(value: str) -> str:
    """Give the fingerprint alone of what was taken out, as one secret has several names."""
    mark = _MARK.fullmatch(value)
    return mark[1] if mark else value
