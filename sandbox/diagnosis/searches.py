"""How a client looks for the authorization server's metadata, and what it is given."""

from __future__ import annotations

import re
from typing import Final

from sandbox.diagnosis.evidence import Document, Evidence, is_success, origin, urlsplit_or_empty
from sandbox.wire.exchange import Exchange

OAUTH: Final = "/.well-known/oauth-authorization-server"
OPENID: Final = "/.well-known/openid-configuration"
_ENDPOINT_PATH: Final = re.compile(
    r"/(authorize|authorization|token|register|userinfo|introspect(ion)?|revoke|device_authorization|callback|jwks"
    r"|(oauth2?|openid-connect|v\d)/auth)/?\Z"
    r"|\.json\Z|/\.well-known/",
    re.IGNORECASE,
)
"""Paths that are endpoints by custom, and hardly ever an issuer's."""
_TYPICAL: Final = ("issuer", "authorization_endpoint", "token_endpoint")
_ENDPOINTS: Final = ("registration_endpoint", "authorization_endpoint", "token_endpoint")
_LATER: Final = frozenset({"registration", "authorization", "token", "refresh"})


def places(issuer: str) -> tuple[str, ...]:
    """Give the URLs where the metadata of an issuer may be, in the order in which clients ask (MCP 2025-11-25)."""
    parts = urlsplit_or_empty(issuer)
    base, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    found = (f"{base}{OAUTH}{path}", f"{base}{OPENID}{path}", f"{base}{path}{OPENID}")
    return tuple(dict.fromkeys(found))


def is_oauth_place(url: str) -> bool:
    """Say whether a URL is one for OAuth metadata (RFC 8414), and not for OpenID Connect's."""
    return OAUTH in urlsplit_or_empty(url).path


def issuer_asked(seen: Evidence, exchange: Exchange) -> str | None:
    """Give the issuer, of those that the resource names, whose metadata an exchange asked for."""
    return next((issuer for issuer in seen.issuers if exchange.url in places(issuer)), None)


def search(seen: Evidence) -> list[Exchange]:
    """Give what the client asked, for their metadata, of the hosts that the resource names as authorization servers."""
    hosts = {origin(issuer) for issuer in seen.issuers}
    return [one for one in seen.at("server-metadata") if one.asker == "client" and origin(one.url) in hosts]


def latest(exchanges: list[Exchange]) -> list[Exchange]:
    """Give the last exchange of each URL, in the order in which the URLs were first asked."""
    return list({one.url: one for one in exchanges}.values())


def documents(seen: Evidence) -> list[Document]:
    """Give the last metadata document of each URL, in the order in which the URLs were first asked."""
    asked = search(seen) if seen.issuers else [one for one in seen.at("server-metadata") if one.asker == "client"]
    return [Document(seen.fields(one), one) for one in latest(asked) if is_document(seen, one)]


def document(seen: Evidence) -> Document | None:
    """Give the document that a client takes: the one of the first place that had any."""
    return next(iter(documents(seen)), None)


def is_document(seen: Evidence, exchange: Exchange) -> bool:
    """Say whether an answer is metadata, be it incomplete."""
    fields = seen.fields(exchange)
    return is_success(exchange) and any(name in fields for name in _TYPICAL)


def in_vain(seen: Evidence) -> list[Exchange]:
    """Give the last answer of each URL of a search that ended without any document; none while it may go on."""
    asked = search(seen)
    found = max((one.number for one in asked if is_document(seen, one)), default=0)
    rest = [one for one in asked if one.number > found]
    if not rest or not _is_over(seen, rest[-1]):
        return []
    return latest(rest)


def _is_over(seen: Evidence, last: Exchange) -> bool:
    went_on = any(one.asker in {"client", "browser"} and one.step in _LATER for one in seen.after(last))
    return went_on or seen.had_time_after(last)


def is_used(seen: Evidence, found: Document, *names: str) -> bool:
    """Say whether the client, given a document, went to an endpoint that it names: to one of these, or to any."""
    endpoints = [found.fields.get(name) for name in names or _ENDPOINTS]
    given = next(
        one for one in seen.at("server-metadata") if one.url == found.exchange.url and seen.fields(one) == found.fields
    )
    return any(without_query(one.url) in endpoints for one in seen.after(given))


def signs_in_after(seen: Evidence, exchange: Exchange) -> bool:
    """Say whether the client later went to register or to sign in, or fetched a token, where metadata says."""
    endpoints = {found.fields.get(name) for found in documents(seen) for name in _ENDPOINTS if name in found.fields}
    later = seen.after(exchange, "registration", "authorization", "token")
    return any(without_query(one.url) in endpoints for one in later)


def without_query(url: str) -> str:
    """Give a URL up to its question mark."""
    return url.partition("?")[0]


def told(exchanges: list[Exchange]) -> str:
    """Say in a line what was asked and what came, such as `GET https://… was answered 404`."""
    return "; ".join(f"{one.method} {one.url} was answered {one.status or 'nothing'}" for one in exchanges)


def has_path(issuer: str) -> bool:
    """Say whether an issuer has a path, so that its metadata may be at three places."""
    return bool(urlsplit_or_empty(issuer).path.strip("/"))


def endpoint_named(seen: Evidence) -> str | None:
    """Give the issuer that is none, as its path is that of an endpoint."""
    return next((one for one in seen.issuers if _ENDPOINT_PATH.search(urlsplit_or_empty(one).path)), None)


def fallback(seen: Evidence, asked: list[Exchange]) -> str:
    """Say what the client did next, as that is often what it reports."""
    tried = next((one for one in seen.after(asked[-1], "registration") if one.asker == "client"), None)
    if tried is None or is_success(tried):
        return ""
    return (
        f" Then it tried {tried.method} {tried.url}, which nobody had named, and was answered {tried.status}. "
        "Clients often report only that."
    )
