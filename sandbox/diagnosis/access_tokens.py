"""Access tokens, followed from the answer that brought them to the requests that carry them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final, NamedTuple

from sandbox.diagnosis.challenges import challenges
from sandbox.diagnosis.evidence import Evidence, is_success, origin
from sandbox.wire.exchange import Exchange
from sandbox.wire.redaction import fingerprint

_MARK: Final = re.compile(r"‹\S+ ([0-9a-f]{8})›")
_UNAUTHORIZED: Final = 401
_ANSWERED_LATE: Final = 1.0
"""Seconds by which a whole-second time of a token may seem ahead of the clock of the trace."""


class Use(NamedTuple):
    """An MCP request that carries an access token."""

    exchange: Exchange
    scheme: str
    """The word before the token, as it is written."""
    token: str
    """The token's fingerprint."""
    header: dict[str, Any]
    claims: dict[str, Any] | None
    """What the token says; None when it is no JWT."""
    issued: Exchange | None
    """The answer that brought it; None when the client had it before the trace began."""
    answered_at: float
    """When it was answered, in seconds since the epoch, as far as the trace tells."""


def fingerprint_of(shown: object) -> str:
    """Give the fingerprint of a secret, whether it is shown or taken out."""
    text = str(shown)
    mark = _MARK.search(text)
    return mark[1] if mark else fingerprint(text)


def answered_at(seen: Evidence, exchange: Exchange) -> float:
    """Give when an exchange was answered: not before what the service asked others in the course of it."""
    return max(exchange.at + exchange.seconds, *(later.at for later in _meanwhile(seen, exchange)), exchange.at)


@lru_cache(maxsize=1)
def _places(seen: Evidence) -> dict[int, int]:
    return {one.number: place for place, one in enumerate(seen.exchanges)}


def _meanwhile(seen: Evidence, exchange: Exchange) -> Iterator[Exchange]:
    """Give what the servers asked each other right after a request, which is in the course of it."""
    for place in range(_places(seen)[exchange.number] + 1, len(seen.exchanges)):
        if seen.exchanges[place].asker in {"client", "browser"}:
            return
        yield seen.exchanges[place]


@lru_cache(maxsize=1)
def uses(seen: Evidence) -> tuple[Use, ...]:
    """Give the MCP requests that carry a token, in order."""
    issued = {
        fingerprint_of(token): one
        for one in seen.at("token", "refresh", "device")
        if is_success(one) and isinstance(token := seen.fields(one).get("access_token"), str)
    }
    found = []
    for one in seen.mcp_requests:
        scheme, _, credentials = (one.request_header("authorization") or "").partition(" ")
        if scheme.lower() != "bearer" or not credentials.strip():
            continue
        token = fingerprint_of(credentials.strip())
        said = one.held.get(token, {})
        header, claims = said.get("header"), said.get("claims")
        found.append(
            Use(
                one,
                scheme,
                token,
                header if isinstance(header, dict) else {},
                claims if isinstance(claims, dict) else None,
                issued.get(token),
                answered_at(seen, one),
            )
        )
    return tuple(found)


@lru_cache(maxsize=1)
def accepted(seen: Evidence) -> frozenset[str]:
    """Give the tokens that opened the service at least once, be it for less than was asked."""
    return frozenset(use.token for use in uses(seen) if is_success(use.exchange) or lacks_scope(use.exchange))


def lacks_scope(exchange: Exchange) -> bool:
    """Say whether an answer asks for more scopes (RFC 6750, section 3.1)."""
    said = challenges(exchange.response_header("www-authenticate") or "")
    return exchange.status == 403 and any(one.get("error") == "insufficient_scope" for one in said)  # noqa: PLR2004


def refused_at_once(seen: Evidence, status: int) -> list[Use]:
    """Give the uses of tokens that never opened anything, answered with a status; the optional GET stream aside.

    What was refused while the service moved to another authorization server, or of the old one since, does not count.
    """
    move, keys = moved(seen), keys_moved(seen)
    return [
        use
        for use in uses(seen)
        if use.exchange.status == status
        and use.exchange.method == "POST"
        and use.token not in accepted(seen)
        and not (move and move[0].number < use.exchange.number < move[1].number)
        and not (keys and keys.refused.exchange.number < use.exchange.number and _issuer(use) == _issuer(keys.refused))
    ]


def _issuer(use: Use) -> object:
    return (use.claims or {}).get("iss")


def servers_named(seen: Evidence, exchange: Exchange) -> frozenset[str]:
    """Give the authorization servers that a metadata document names."""
    named = seen.fields(exchange).get("authorization_servers") if is_success(exchange) else None
    return frozenset(one for one in named if isinstance(one, str)) if isinstance(named, list) else frozenset()


def moved(seen: Evidence) -> tuple[Exchange, Exchange] | None:
    """Give two documents in a row that name no authorization server in common, after a token had worked."""
    first = min((use.exchange.number for use in uses(seen) if is_success(use.exchange)), default=None)
    documents = [one for one in seen.at("resource-metadata") if servers_named(seen, one)]
    for earlier, later in pairwise(documents):
        apart = not servers_named(seen, earlier) & servers_named(seen, later)
        if apart and first is not None and first < later.number:
            return earlier, later
    return None


class KeysMoved(NamedTuple):
    """A token that was refused once the service took its keys from another host."""

    before: Exchange
    """The keys with which the token was welcome."""
    refused: Use
    since: Exchange


@lru_cache(maxsize=1)
def keys_moved(seen: Evidence) -> KeysMoved | None:
    """Give the first token that had worked, had not run out, and was refused with the keys of another host."""
    welcome: dict[str, Exchange] = {}
    for use in uses(seen):
        keys = jwks_before(seen, use)
        if keys is None or keys.asker == "client":
            continue
        if is_success(use.exchange):
            welcome[use.token] = keys
        before = welcome.get(use.token)
        is_refused = use.exchange.status == _UNAUTHORIZED and not has_expired(use)
        if before is not None and is_refused and origin(before.url) != origin(keys.url):
            return KeysMoved(before, use, keys)
    return None


def jwks_before(seen: Evidence, use: Use) -> Exchange | None:
    """Give the last reading of the keys up to the answer, those in the course of it included."""
    last = next(reversed(seen.before(use.exchange, "jwks")), None)
    for later in _meanwhile(seen, use.exchange):
        last = later if later.step == "jwks" else last
    return last


def key_ids(seen: Evidence, jwks: Exchange) -> list[str] | None:
    """Give the ids of the keys that were answered; None when there is no list of keys."""
    keys = seen.fields(jwks).get("keys") if is_success(jwks) else None
    return [str(key.get("kid")) for key in keys if isinstance(key, dict)] if isinstance(keys, list) else None


def time_of(claims: dict[str, Any] | None, name: str) -> float | None:
    """Give a time that a token says, in seconds since the epoch."""
    value = (claims or {}).get(name)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def has_expired(use: Use) -> bool:
    """Say whether the token was over when the request was answered."""
    expires = time_of(use.claims, "exp")
    return expires is not None and expires <= use.answered_at


def came_expired(use: Use) -> bool:
    """Say whether the token was over already when it was issued."""
    expires = time_of(use.claims, "exp")
    return use.issued is not None and expires is not None and expires <= use.issued.at


def ahead(use: Use) -> float:
    """Give by how many seconds the token begins after the answer, counted from what a clock could not tell."""
    begins = max(time_of(use.claims, "iat") or 0.0, time_of(use.claims, "nbf") or 0.0)
    return begins - use.answered_at if begins - use.answered_at > _ANSWERED_LATE else 0.0


def audiences(use: Use) -> list[str]:
    """Give whom the token says it is for."""
    audience = (use.claims or {}).get("aud")
    each = audience if isinstance(audience, list) else [audience]
    return [one for one in each if isinstance(one, str)]


def names_of_service(seen: Evidence, use: Use) -> list[str]:
    """Give what the service may be called in a token: the resource of its metadata, and its URL."""
    resource = seen.resource_metadata.fields.get("resource") if seen.resource_metadata else None
    url = use.exchange.url.partition("?")[0]
    return [resource, url] if isinstance(resource, str) else [url]


def is_for_another(seen: Evidence, use: Use) -> bool:
    """Say whether the token is for somebody else; a slash at the end is no other name here."""
    names = {_plain(name) for name in names_of_service(seen, use)}
    return bool(audiences(use)) and not any(_plain(audience) in names for audience in audiences(use))


def _plain(url: str) -> str:
    return url.rstrip("/").lower()


def expected_issuers(seen: Evidence) -> list[str]:
    """Give the issuers that the metadata of both servers name."""
    named = seen.server_metadata.fields.get("issuer") if seen.server_metadata else None
    return [*([named] if isinstance(named, str) else []), *seen.issuers]
