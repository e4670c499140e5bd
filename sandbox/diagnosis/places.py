"""Where the metadata of a protected resource may be, where a client looked, and how two URLs compare (RFC 9728)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Literal

from sandbox.diagnosis import searches
from sandbox.diagnosis.challenges import challenges_of
from sandbox.diagnosis.evidence import Document, Evidence, is_success, urlsplit_or_empty
from sandbox.wire.exchange import Exchange

WELL_KNOWN: Final = "/.well-known/oauth-protected-resource"

_PORTS: Final = {"http": 80, "https": 443}
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})

Relation = Literal["same", "trailing-slash", "http-scheme", "loopback-alias", "origin", "other"]
"""How the `resource` of a metadata document differs from the URL that the client was given."""


@lru_cache(maxsize=1024)
def site(url: str) -> tuple[str, str, int | None]:
    """Give scheme, host and port of a URL, with the scheme's own port where none is written."""
    parts = urlsplit_or_empty(url)
    try:
        port = _PORTS.get(parts.scheme) if parts.port is None else parts.port
    except ValueError:
        port = None
    return parts.scheme, parts.hostname or "", port


def is_absolute(url: str) -> bool:
    """Say whether a URL names scheme and host, so that it can be asked."""
    scheme, host, _ = site(url)
    return scheme in _PORTS and bool(host)


def path_of(url: str) -> str:
    """Give the path of a URL, without slashes at its end."""
    return urlsplit_or_empty(url).path.rstrip("/")


def is_same_place(one: str, other: str) -> bool:
    """Say whether two URLs are the same, but for the query and a slash at the end."""
    return site(one) == site(other) and path_of(one) == path_of(other)


def well_known(url: str, path: str | None = None) -> str:
    """Give the place of a resource's metadata: its path behind the well-known one (RFC 9728, section 3.1)."""
    parts = urlsplit_or_empty(url)
    return f"{parts.scheme}://{parts.netloc}{WELL_KNOWN}{path_of(url) if path is None else path}"


def without_query(url: str) -> str:
    """Give a URL without query and fragment."""
    return url.split("#", 1)[0].split("?", 1)[0]


def is_usual(place: str, url: str) -> bool:
    """Say whether clients look at a place without being told: with the endpoint's path inserted, or at the root."""
    return is_same_place(place, well_known(url)) or is_same_place(place, well_known(url, ""))


def relation(resource: str, url: str) -> Relation:
    """Compare what metadata says the resource is with the URL that the client was given (RFC 9728, section 3.3)."""
    said, given = site(resource), site(url)
    path, given_path = urlsplit_or_empty(resource).path or "/", urlsplit_or_empty(url).path or "/"
    is_path_alike = path.rstrip("/") == given_path.rstrip("/")
    if not is_absolute(resource):
        return "other"
    if said == given:
        if path == given_path:
            return "same"
        return "trailing-slash" if is_path_alike else "origin" if path == "/" else "other"
    is_port_alike = said[2] == given[2] or (said[2], given[2]) == (80, 443)
    if is_path_alike and is_port_alike:
        if (said[0], given[0]) == ("http", "https") and said[1] == given[1]:
            return "http-scheme"
        if said[0] == given[0] and {said[1], given[1]} <= _LOOPBACK:
            return "loopback-alias"
    return "other"


def refusals(seen: Evidence) -> list[Exchange]:
    """Give the answers 401 to MCP requests without a token: what should begin a sign-in."""
    return [one for one in without_token(seen) if one.status == 401]  # noqa: PLR2004 - a status is its own name


def without_token(seen: Evidence) -> list[Exchange]:
    """Give the client's MCP requests without a token, the browser's own questions (preflights) aside."""
    return [one for one in seen.mcp_requests if one.step == "challenge" and one.method != "OPTIONS"]


def named(seen: Evidence) -> list[tuple[list[Exchange], str]]:
    """Give each metadata URL that a 401 names, once, with every 401 that does so."""
    found: dict[str, list[Exchange]] = {}
    for refusal in refusals(seen):
        for url in dict.fromkeys(url for said in challenges_of(refusal) for url in said.values("resource_metadata")):
            found.setdefault(url, []).append(refusal)
    return [(met, url) for url, met in found.items()]


def looked(seen: Evidence) -> list[Exchange]:
    """Give the client's requests for the resource's metadata."""
    return [one for one in seen.at("resource-metadata") if one.asker == "client" and one.method == "GET"]


def looked_at(seen: Evidence, place: str) -> list[Exchange]:
    """Give the client's requests for the metadata at a place."""
    return [one for one in looked(seen) if is_same_place(one.url, place)]


def documents(seen: Evidence) -> list[Document]:
    """Give every JSON object that came for the resource's metadata."""
    return [
        Document(seen.fields(one), one) for one in looked(seen) if is_success(one) and isinstance(seen.json(one), dict)
    ]


def is_usable(document: Document) -> bool:
    """Say whether a document says of which resource it is and where to sign in."""
    servers = document.fields.get("authorization_servers")
    return isinstance(document.fields.get("resource"), str) and isinstance(servers, list) and bool(servers)


def went_on(seen: Evidence, met: Sequence[Exchange]) -> bool:
    """Say whether the client has got past something, in whatever way, given the exchanges in which it met it.

    It has when it found the resource's metadata after the last of them: who comes back to it, finds nothing this time
    and stops, has not. And it has when it went on to register or to sign in where metadata says.
    """
    found = any(is_usable(one) and one.exchange.number > met[-1].number for one in documents(seen))
    return found or searches.signs_in_after(seen, met[0])


def is_over(seen: Evidence, looking: Exchange) -> bool:
    """Say whether the client looks for the resource's metadata no more: it asks for something else, or nothing."""
    later = [one for one in seen.after(looking) if one.asker in {"client", "browser"}]
    return any(one.step not in {"challenge", "resource-metadata"} for one in later) or seen.had_time_after(looking)
