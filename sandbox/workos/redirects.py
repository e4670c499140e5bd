"""Whether a redirect URI may be registered, and whether a requested one is a registered one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, Literal
from urllib.parse import SplitResult, urlsplit

LOOPBACK_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})

_DANGEROUS: Final = frozenset({"javascript", "data", "file", "vbscript", "about", "blob", "filesystem", "view-source"})
_LONGEST: Final = 2048

# The characters of RFC 3986, section 2, and no others: programs read a backslash, a space or a control differently.
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")

# Both sides of the port, so that the rest is compared as it is written.
_LOOPBACK: Final = re.compile(r"(http://(?:localhost|127\.0\.0\.1|\[::1\]))(?::[0-9]{1,5})?((?:[/?].*)?)")


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


def shown_host(uri: str) -> str:
    """Give what a person should read to know where a redirect URI leads: its host, or the scheme of an app's own."""
    parts = _split(uri)
    return (parts.netloc or f"{parts.scheme}:") if parts else uri


def why_not_registrable(uri: object) -> str | None:
    """Say why a redirect URI may not be registered; None when it may.

    HTTPS, loopback HTTP (RFC 8252, section 7.3) and private-use schemes (7.1) may; no fragment (RFC 6749, 3.1.2).
    """
    if not isinstance(uri, str):
        return "is not text"
    parts = _split(uri) if _URI.fullmatch(uri) else None
    if parts is None:
        return "is not an absolute URI"
    web = parts.scheme in {"http", "https"}
    objections = (
        (len(uri) > _LONGEST, f"is longer than {_LONGEST} characters"),
        ("#" in uri, "must have no fragment"),
        (parts.scheme in _DANGEROUS, f"must not use the scheme {parts.scheme}"),
        (web and not parts.hostname, "has no host"),
        (parts.username is not None or parts.password is not None, "must hold no credentials"),
        (parts.scheme == "http" and not is_loopback(uri), "must use https, unless it leads to this machine"),
    )
    return next((why for objected, why in objections if objected), None)


def why_not_in_production(uri: str) -> str | None:
    """Say why an application of a production environment may not have a redirect URI; None when it may.

    No http:// and no localhost (CONFIRMED: WorkOS, redirect URIs), but for http://127.0.0.1, which a native client
    needs (WorkOS, environments).
    """
    parts = _split(uri)
    if parts is None or (parts.scheme != "http" and parts.hostname != "localhost"):
        return None
    if parts.hostname in {"127.0.0.1", "::1"}:
        return None
    return "must use https and not localhost, as this environment is a production one"


def allowed(requested: str, registered: Iterable[str], loopback_ports: Literal["any", "exact"]) -> bool:
    """Say whether the requested redirect URI is a registered one.

    Byte for byte (RFC 9700, section 2.1), but for the port of a loopback URI where `any` may be used (RFC 8252, 7.3).
    """
    return _URI.fullmatch(requested) is not None and any(
        requested == known or (loopback_ports == "any" and _same_but_port(requested, known)) for known in registered
    )


def _same_but_port(requested: str, known: str) -> bool:
    one, other = _LOOPBACK.fullmatch(requested), _LOOPBACK.fullmatch(known)
    return one is not None and other is not None and one.groups() == other.groups()
