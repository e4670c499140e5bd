"""What can be wrong for clients that are pages in a browser, at any step (Fetch Standard, CORS protocol)."""

from __future__ import annotations

from typing import Final

from sandbox.diagnosis.evidence import Evidence, is_success, origin
from sandbox.diagnosis.finding import Proof, rule
from sandbox.flow import Step
from sandbox.wire.exchange import Exchange

_FETCHED: Final[tuple[Step, ...]] = (
    "challenge",
    "resource-metadata",
    "server-metadata",
    "registration",
    "token",
    "session",
    "messages",
    "refresh",
)
"""The steps at which a page asks by itself, and is not sent somewhere."""
_READ: Final = ("www-authenticate", "mcp-session-id")
_UNAUTHORIZED: Final = 401


def _asked_by_page(seen: Evidence) -> list[tuple[Exchange, str]]:
    """Give the requests of pages of another origin that were answered, with that origin."""
    return [
        (one, page)
        for one in seen.at(*_FETCHED)
        if one.asker == "client" and one.status is not None
        if (page := one.request_header("origin") or "").startswith(("http://", "https://"))
        and page.lower() != origin(one.url)
    ]


def _is_shared(exchange: Exchange, page: str) -> bool:
    return (exchange.response_header("access-control-allow-origin") or "").strip() in {"*", page}


@rule(
    "cors-missing",
    step="challenge",
    side="server",
    title="No page in a browser may read the answer",
    why="The client is a page in a browser. Before a page may read an answer of another origin, the browser looks for "
    '`Access-Control-Allow-Origin` in it. It is missing, so the page gets nothing but "Failed to fetch". Programs '
    "that are no pages connect, and so does the address bar.",
    change="In the server that was asked, the MCP server as well as the authorization server: answer OPTIONS before "
    "any token is checked, and send `Access-Control-Allow-Origin` with every answer, the 401 too. Allow the headers "
    "`Authorization`, `Content-Type` and `MCP-Protocol-Version`, and expose `WWW-Authenticate` and `Mcp-Session-Id`. "
    "At the authorization server the metadata, registration and token endpoints need it, /authorize does not. In the "
    "client: ask from a process of its own instead, as the proxy of MCP Inspector does.",
    references=("Fetch Standard, CORS protocol", "RFC 8414 section 3"),
)
def cors_missing(seen: Evidence) -> Proof | None:
    """Look for an answer to a page of another origin that does not allow that origin."""
    for one, page in _asked_by_page(seen):
        if not _is_shared(one, page):
            allowed = one.response_header("access-control-allow-origin")
            has = f"allows only {allowed}" if allowed else "has no `Access-Control-Allow-Origin`"
            happened = f"A page of {page} sent {one.method} {one.url}. The answer, {one.status}, {has}."
            return Proof(happened, (one,), step=one.step)
    return None


@rule(
    "cors-not-exposed",
    step="challenge",
    side="server",
    title="The page may read the answer, and not its headers",
    why="The client is a page in a browser. Of an answer of another origin, a page sees a handful of headers. "
    "`WWW-Authenticate` is not one of them, nor is `Mcp-Session-Id`. The server has to name such a header in "
    "`Access-Control-Expose-Headers`. It is there on the wire, and the page cannot see it.",
    change="In the MCP server: send `Access-Control-Expose-Headers: WWW-Authenticate, Mcp-Session-Id, "
    "Mcp-Protocol-Version` with every answer, and publish the metadata at the well-known places too, where a page "
    "finds it without the header.",
    references=("Fetch Standard, CORS protocol", "RFC 9728 section 5.1"),
)
def cors_not_exposed(seen: Evidence) -> Proof | None:
    """Look for an answer that allows a page of another origin, with a header that the page needs and cannot see."""
    for one, page in _asked_by_page(seen):
        exposed = {
            name.strip().lower() for name in (one.response_header("access-control-expose-headers") or "").split(",")
        }
        if not _is_shared(one, page) or "*" in exposed or not (is_success(one) or one.status == _UNAUTHORIZED):
            continue
        for name in _READ:
            if one.response_header(name) is not None and name not in exposed:
                happened = f"The {one.status} to a page of {page} holds `{name}`, and does not expose it."
                return Proof(happened, (one,), step=one.step)
    return None
