"""Whether a redirect URI may be registered, and whether a requested one is a registered one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, Literal
from urllib.parse import SplitResult, urlsplit

LOOPBACK_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})

_DANGEROUS: Final = frozenset({"javascript", "data", "file", "vbscript", "about", "blob", "view-source"})
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*")


def _split(uri: str) -> SplitResult | None:
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return None
    return parts


def is_loopback(uri: str) -> bool:
    """Say whether the URI leads to this machine."""
    parts = _split(uri)
    return parts is not None and parts.hostname in LOOPBACK_HOSTS


def why_not_registrable(uri: object) -> str | None:
    """Say why a redirect URI may not be registered; None when it may.

    HTTPS, loopback HTTP (RFC 8252, section 7.3) and private-use schemes (7.1) may; no fragment (RFC 6749, 3.1.2).
    """
    if not isinstance(uri, str) or not uri or any(character.isspace() for character in uri):
        return "is not a URI"
    parts = _split(uri)
    if parts is None or not _SCHEME.fullmatch(parts.scheme):
        return "is not an absolute URI"
    web = parts.scheme in {"http", "https"}
    objections = (
        (parts.fragment or uri.endswith("#"), "must have no fragment"),
        (parts.scheme in _DANGEROUS, f"must not use the scheme {parts.scheme}"),
        (web and not parts.hostname, "has no host"),
        (parts.username is not None or parts.password is not None, "must hold no credentials"),
        (parts.scheme == "http" and not is_loopback(uri), "must use https, unless it leads to this machine"),
    )
    return next((why for objected, why in objections if objected), None)


def allowed(requested: str, registered: Iterable[str], loopback_ports: Literal["any", "exact"]) -> bool:
    """Say whether the requested redirect URI is a registered one.

    Byte for byte (RFC 9700, section 2.1), but for the port of a loopback URI where `any` may be used (RFC 8252, 7.3).
    """
    return any(
        requested == known or (loopback_ports == "any" and _same_but_port(requested, known)) for known in registered
    )


def _same_but_port(requested: str, known: str) -> bool:
    one, other = _split(requested), _split(known)
    if one is None or other is None or one.scheme != "http" or one.hostname not in LOOPBACK_HOSTS:
        return False
    if one.username is not None or one.password is not None:
        return False
    return (one.scheme, one.hostname, one.path, one.query, one.fragment) == (
        other.scheme,
        other.hostname,
        other.path,
        other.query,
        other.fragment,
    )
