"""Where clients look for metadata: every well-known URL, in the order in which the specifications name them."""

from __future__ import annotations

from typing import Final, NamedTuple
from urllib.parse import urlsplit

RESOURCE: Final = "/.well-known/oauth-protected-resource"
OAUTH: Final = "/.well-known/oauth-authorization-server"
OPENID: Final = "/.well-known/openid-configuration"


class Place(NamedTuple):
    """A URL where a document may be, and what the place is called."""

    name: str
    url: str


def _parts(url: str) -> tuple[str, str]:
    """Give the origin of a URL as it is written, and its path without a slash at the end."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")


def _unique(places: list[Place]) -> list[Place]:
    return list({place.url: place for place in reversed(places)}.values())[::-1]


def resource_places(url: str, named: str | None) -> list[Place]:
    """Give where a client looks for the resource's metadata (RFC 9728, sections 3.1 and 5.1; MCP 2025-11-25)."""
    origin, path = _parts(url)
    places = [
        *([Place("named by the challenge", named)] if named else []),
        Place("path inserted", origin + RESOURCE + path),
        Place("root", origin + RESOURCE),
    ]
    return _unique(places)


def server_places(issuer: str) -> list[Place]:
    """Give where a client looks for the metadata of an authorization server (MCP 2025-11-25; RFC 8414, section 3.1)."""
    origin, path = _parts(issuer)
    places = [
        Place("RFC 8414, path inserted", origin + OAUTH + path),
        Place("OpenID, path inserted", origin + OPENID + path),
    ]
    if path:
        places.append(Place("OpenID, appended", origin + path + OPENID))
    return _unique(places)


def issuer_places(issuer: str) -> list[Place]:
    """Give the places of an issuer's metadata; for what is no URL, the text itself, which nobody asks."""
    try:
        return server_places(issuer) if "://" in issuer else [Place("not a URL", issuer)]
    except ValueError:
        return [Place("not a URL", issuer)]


def more_server_places(issuer: str) -> list[Place]:
    """Give where only some clients look: without the path, or RFC 8414's appended."""
    origin, path = _parts(issuer)
    if not path:
        return []
    return [
        Place("RFC 8414, root", origin + OAUTH),
        Place("OpenID, root", origin + OPENID),
        Place("RFC 8414, appended", origin + path + OAUTH),
    ]


def old_server_place(url: str) -> Place:
    """Give where MCP 2025-03-26 has the authorization server's metadata: on the MCP server itself."""
    return Place("RFC 8414, on the MCP server", _parts(url)[0] + OAUTH)


def old_endpoints(url: str) -> dict[str, str]:
    """Give the endpoints that MCP 2025-03-26 assumes where there is no metadata at all."""
    origin, _ = _parts(url)
    return {
        "issuer": origin,
        "authorization_endpoint": f"{origin}/authorize",
        "token_endpoint": f"{origin}/token",
        "registration_endpoint": f"{origin}/register",
    }
