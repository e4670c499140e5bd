"""Clients whose id is the URL of a document that describes them (draft-ietf-oauth-client-id-metadata-document).

Here are the rules, as pure functions, and what is remembered; `document_reading` fetches. What WorkOS itself demands
beyond the draft, and how it fails, is UNCERTAIN.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit

import msgspec

from sandbox.wire.message import Response
from sandbox.workos.records import Client
from sandbox.workos.redirects import why_not_registrable

_LOOPBACK: Final = ("http://localhost/callback", "http://127.0.0.1/callback")

SHIPPED: Final[dict[str, Client]] = {
    client.client_id: client
    for client in (
        Client(
            client_id="https://claude.ai/oauth/claude-code-client-metadata",
            name="Claude Code",
            redirect_uris=_LOOPBACK,
        ),
        Client(
            client_id="https://claude.ai/oauth/mcp-oauth-client-metadata",
            name="Claude",
            redirect_uris=("https://claude.ai/api/mcp/auth_callback", "https://claude.com/api/mcp/auth_callback"),
        ),
        Client(
            client_id="https://vscode.dev/oauth/client-metadata.json",
            name="Visual Studio Code",
            redirect_uris=("http://127.0.0.1/", "http://localhost/", "https://vscode.dev/redirect"),
        ),
        Client(
            client_id="https://zed.dev/oauth/client-metadata.json",
            name="Zed",
            redirect_uris=_LOOPBACK,
        ),
    )
}
"""Copies of known clients' documents, by client id, so that these connect offline; they are never fetched.

What public reports say of the documents (anthropics/claude-code#42301, #64705, #44378): public clients with portless
loopback redirect URIs.
"""

LIMIT: Final = 5 * 1024
"""How many bytes of a document are read (the draft, section 6.6, recommends 5 kilobytes)."""

SHORTEST, USUAL, LONGEST = 10.0, 600.0, 86_400.0
"""Seconds that a document is kept: at least, when it does not say, and at most (the draft, section 4.4)."""

_MOST: Final = 200
_MOST_REDIRECT_URIS: Final = 50
_LONGEST_NAME: Final = 200
_LONGEST_URL: Final = 2000
_MAX_AGE: Final = re.compile(r'(?:^|,)\s*(?:max-age="?(\d{1,9})"?|(no-store|no-cache))\s*(?=,|$)', re.IGNORECASE)
_OK: Final = 200
_SECRET: Final = ("client_secret", "client_secret_expires_at")


class DocumentError(Exception):
    """A document that cannot be had or is none; the text is the reason."""


class Known(NamedTuple):
    """What a document said, and until when it need not be read again, in seconds since the epoch."""

    client: Client
    until: float


@dataclass
class Documents:
    """What was read of documents, and why others could not be; of each the last 200."""

    known: OrderedDict[str, Known] = field(default_factory=OrderedDict)
    failures: OrderedDict[str, str] = field(default_factory=OrderedDict)

    def is_due(self, url: str, now: float) -> bool:
        """Say whether a document must be read before its client is let in: it is none we have, or too old."""
        return url not in SHIPPED and (url not in self.known or self.known[url].until <= now)

    def client(self, url: str) -> Client | None:
        """Give the client that a document describes, as it was read last; None for one that could not be."""
        kept = self.known.get(url)
        return SHIPPED.get(url) or (kept.client if kept else None)

    def keep(self, url: str, client: Client, until: float) -> None:
        """Remember what a document said."""
        self.failures.pop(url, None)
        self.known[url] = Known(client, until)
        _trim(self.known, url)

    def fail(self, url: str, why: str) -> None:
        """Remember why a document cannot be used, and forget what it said before; it is read again when asked for."""
        self.known.pop(url, None)
        self.failures[url] = why
        _trim(self.failures, url)

    def clear(self) -> None:
        """Forget everything."""
        self.known.clear()
        self.failures.clear()


def _trim(remembered: OrderedDict[str, Any], newest: str) -> None:
    remembered.move_to_end(newest)
    while len(remembered) > _MOST:
        remembered.popitem(last=False)


def looks_like_document(client_id: str) -> bool:
    """Say whether a client id is the URL of a metadata document."""
    return client_id.startswith(("https://", "http://"))


def why_no_client_id(url: str) -> str | None:
    """Say why a URL cannot be a client id (the draft, section 3); None when it can.

    The draft allows https alone. Plain http is for documents on this machine, which the reading makes sure of.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "it is no URL"
    segments = [unquote(segment) for segment in parts.path.split("/")]
    objections = (
        (len(url) > _LONGEST_URL, f"it is longer than {_LONGEST_URL} characters"),
        (not url.isascii() or not url.isprintable() or " " in url or "\\" in url, "it is no URL"),
        (parts.scheme not in {"https", "http"} or not parts.hostname, "it is no https URL"),
        ("@" in parts.netloc, "it holds credentials"),
        ("#" in url, "it has a fragment"),
        (parts.path in {"", "/"}, "it has no path"),
        ("." in segments or ".." in segments, "its path has segments of dots"),
    )
    return next((why for objected, why in objections if objected), None)


def client_of(url: str, response: Response) -> Client:
    """Give the client that an answer describes.

    Raise DocumentError: for a status but 200, also a redirect, which is not followed; a body that is no JSON object by
    its type and its content; a `client_id` but the URL, letter by letter; what the draft forbids (section 4.1), and
    what MCP 2025-11-25 demands (`client_name`, `redirect_uris`).
    """
    if response.status != _OK:
        raise DocumentError(f"it answered {response.status}{_led(response)}")
    content_type = (response.header("content-type") or "no type").partition(";")[0].strip().lower()
    if content_type != "application/json" and not re.fullmatch(r"application/[\w.-]+\+json", content_type):
        raise DocumentError(f"its content type is {content_type[:100]}, not application/json")
    if len(response.body) > LIMIT:
        raise DocumentError(f"it is longer than {LIMIT} bytes")
    try:
        document = msgspec.json.decode(response.body, type=dict[str, Any])
    except (ValueError, RecursionError) as error:
        raise DocumentError("it is no JSON object") from error
    return _described(url, {name: value for name, value in document.items() if value is not None})


def _led(response: Response) -> str:
    return " with a redirect, and redirects are not followed" if 300 <= response.status < 400 else ""  # noqa: PLR2004


def _described(url: str, document: dict[str, Any]) -> Client:
    if document.get("client_id") != url:
        raise DocumentError(f"its client_id is {str(document.get('client_id'))[:200]!r}, not its own URL")
    secret = next((name for name in _SECRET if name in document), None)
    if secret is not None:
        raise DocumentError(f"it holds {secret}, which everybody can read there")
    method = document.get("token_endpoint_auth_method", "none")
    if method != "none":
        said = f"its token_endpoint_auth_method is {str(method)[:100]!r}; here it can only be 'none'"
        raise DocumentError(f"{said}, as nobody shares a secret with a document")
    name = document.get("client_name")
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME:
        raise DocumentError(f"its client_name must be a text of at most {_LONGEST_NAME} characters")
    grant_types = document.get("grant_types", ["authorization_code"])
    if not isinstance(grant_types, list) or "authorization_code" not in grant_types:
        raise DocumentError("its grant_types must hold authorization_code")
    return Client(
        client_id=url,
        name=name,
        redirect_uris=_redirect_uris(document.get("redirect_uris")),
        grant_types=tuple(dict.fromkeys(one for one in grant_types if isinstance(one, str))),
    )


def _redirect_uris(uris: Any) -> tuple[str, ...]:
    if not isinstance(uris, list) or not 0 < len(uris) <= _MOST_REDIRECT_URIS:
        raise DocumentError(f"its redirect_uris must be a list of 1 to {_MOST_REDIRECT_URIS} URIs")
    for uri in uris:
        why = why_not_registrable(uri)
        if why is not None:
            raise DocumentError(f"its redirect URI {str(uri)[:200]!r} {why}")
    return tuple(uris)


def seconds_kept(response: Response) -> float:
    """Give how long an answer may be used, by its Cache-Control (RFC 9111, section 5.2.2), within bounds."""
    said = list(_MAX_AGE.finditer(response.header("cache-control") or ""))
    if not said:
        return USUAL
    if any(found[2] for found in said):
        return SHORTEST
    return min(LONGEST, max(SHORTEST, float(min(int(found[1]) for found in said))))
