"""What can be wrong at `session` besides the token: who stands before the MCP server, and what it expects."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from sandbox.diagnosis.access_tokens import has_expired, refused_at_once
from sandbox.diagnosis.edge import is_from_edge, speaks_of_host
from sandbox.diagnosis.evidence import Evidence, is_success
from sandbox.diagnosis.finding import Proof, rule
from sandbox.diagnosis.rpc import answers, error_of
from sandbox.wire.exchange import Exchange
from sandbox.wire.json_text import as_json

_FORBIDDEN: Final = 403
_MISDIRECTED: Final = 421
_INTERNAL: Final = 500
_HEADER: Final = "mcp-protocol-version"
_VERSION: Final = re.compile(r"protocol[ _-]?version", re.IGNORECASE)
_DEMANDED: Final = re.compile(r"mcp-protocol-version", re.IGNORECASE)


def _short(exchange: Exchange) -> str:
    return " ".join(exchange.response_body.split())[:160]


@rule(
    "blocked-at-edge",
    step="session",
    side="network",
    title="The edge blocks the client before the MCP server sees it",
    why="A content delivery network or firewall stands in front of the MCP server and has a rule against some "
    "programs, by their name or address. The sign-in passes, as a browser makes it. The first request with the token "
    "is refused by a machine that is not the server, and the server's own log shows nothing.",
    change="At the edge: allow the client's `User-Agent` and addresses for the path of the MCP server. Cloudflare: "
    'Security, AI Crawl Control and "Block AI bots", or a WAF rule that skips this path. The edge\'s own log of events '
    "names the rule that refused.",
    references=("RFC 9110 section 15.5.4", "RFC 6750 section 3.1"),
)
def blocked_at_edge(seen: Evidence) -> Proof | None:
    """Look for a request with a token that got 403 with the page of an edge."""
    for use in refused_at_once(seen, _FORBIDDEN):
        if is_from_edge(use.exchange):
            agent = use.exchange.request_header("user-agent") or "a client without `User-Agent`"
            happened = f"The first request with a token, by {agent}, got 403 and the text: {_short(use.exchange)}."
            return Proof(happened, (use.exchange,), step=use.exchange.step)
    return None


@rule(
    "host-refused",
    step="session",
    side="server",
    title="The MCP server refuses its own public host name",
    why="Servers guard themselves against web pages that trick a browser into asking localhost: they answer only for "
    "host names on a list. The public name of this server is not on its list, so every call is turned away, whatever "
    "the token.",
    change="In the MCP server: put the public host name on the list of allowed hosts. Python SDK: "
    'TransportSecuritySettings(allowed_hosts=["mcp.your-host.example", "mcp.your-host.example:*"]). Or let the proxy '
    "in "
    "front check the host, and pass on one that the server knows.",
    references=("RFC 9110 section 15.5.20", "RFC 9110 section 7.2"),
)
def host_refused(seen: Evidence) -> Proof | None:
    """Look for an MCP request that got 421, or a refusal that speaks of the host."""
    for one in seen.mcp_requests:
        speaks = one.status in {400, _FORBIDDEN} and speaks_of_host(one)
        if one.status == _MISDIRECTED or speaks:
            happened = f"A request for host {one.request_header('host')} got {one.status}: {_short(one)}."
            return Proof(happened, (one,), step=one.step)
    return None


@rule(
    "service-crashes",
    step="session",
    side="server",
    title="The MCP server falls over a good token",
    why="Without a token the MCP server answers as it should; with one it fails. The code that reads the token, or "
    "what comes right after it, breaks. Nothing about the sign-in is wrong, and no client can mend it.",
    change="In the MCP server: look for the exception in the log at this time. Often a field of the token is `null` or "
    "absent, such as a name or a picture: read every field that the standard does not demand as one that may be "
    "missing.",
    references=("RFC 9110 section 15.6.1", "RFC 7519 section 4"),
)
def service_crashes(seen: Evidence) -> Proof | None:
    """Look for a new token that got 500, where requests without one are answered."""
    answered = [one for one in seen.at("challenge") if one.status is not None and one.status < _INTERNAL]
    for use in refused_at_once(seen, _INTERNAL):
        if answered and use.exchange.step == "session" and not has_expired(use):
            what = " and ".join(use.exchange.mcp_methods)
            happened = f"{what} with a token got 500: {_short(use.exchange)}. Without one the server said"
            return Proof(f"{happened} {answered[0].status}.", (answered[0], use.exchange))
    return None


def _refused_initialize(seen: Evidence) -> list[tuple[Exchange, str]]:
    """Give the `initialize` requests that ended in an error, with what the error says."""
    found = []
    for one in seen.mcp_requests:
        if "initialize" not in one.mcp_methods or one.status in {401, _FORBIDDEN}:
            continue
        errors = [error for answer in answers(one) if (error := error_of(answer))]
        if errors or not is_success(one):
            found.append((one, json.dumps(errors) if errors else one.response_body))
    return found


@rule(
    "protocol-version-refused",
    step="session",
    side="server",
    title="The MCP server refuses a client that speaks a newer version of MCP",
    why="`protocolVersion` of `initialize` is a proposal. A server that does not know the version answers with one "
    "that it speaks, and the client decides whether it can go along. A refusal ends what could have worked, often on "
    "the day the client is updated.",
    change="In the MCP server: answer `initialize` with 200 and a `protocolVersion` of its own when it does not know "
    "the client's, or update the MCP library that it is built with.",
    references=("MCP 2025-11-25 lifecycle, version negotiation",),
)
def protocol_version_refused(seen: Evidence) -> Proof | None:
    """Look for an `initialize` that was refused for the version that it proposes."""
    for one, said in _refused_initialize(seen):
        if _VERSION.search(said) and not _demands_header(one, said):
            request = as_json(one.request_body)
            params = request.get("params") if isinstance(request, dict) else None
            version: Any = params.get("protocolVersion") if isinstance(params, dict) else None
            return Proof(
                f"`initialize` proposed version {version} and got {one.status}: {_short(one)}.", (one,), one.step
            )
    return None


@rule(
    "protocol-version-header-demanded",
    step="session",
    side="server",
    title="The MCP server wants a header before anybody could know what to put into it",
    why="The header `MCP-Protocol-Version` carries the version that client and server agreed on, and `initialize` is "
    "the request that agrees on it. A server that demands the header there turns away every client that keeps to the "
    "order.",
    change="In the MCP server, or the gateway before it: do not look at `MCP-Protocol-Version` on `initialize`. Where "
    "it is missing later, take it for 2025-03-26.",
    references=("MCP 2025-11-25 transports, protocol version header",),
)
def protocol_version_header_demanded(seen: Evidence) -> Proof | None:
    """Look for an `initialize` without the header, refused for want of it."""
    for one, said in _refused_initialize(seen):
        if _demands_header(one, said):
            happened = f"`initialize`, without the header `MCP-Protocol-Version`, got {one.status}: {_short(one)}."
            return Proof(happened, (one,), one.step)
    return None


def _demands_header(one: Exchange, said: str) -> bool:
    return one.request_header(_HEADER) is None and _DEMANDED.search(said) is not None
