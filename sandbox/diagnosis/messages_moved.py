"""What can be wrong at `messages`: the MCP server moves to another authorization server."""

from __future__ import annotations

from typing import Final

from sandbox.diagnosis.access_tokens import keys_moved, moved, servers_named, uses
from sandbox.diagnosis.evidence import Evidence, is_success
from sandbox.diagnosis.finding import Proof, rule
from sandbox.wire.exchange import Exchange

_UNAUTHORIZED: Final = 401


def _what(exchange: Exchange) -> str:
    return " and ".join(exchange.mcp_methods) or exchange.method


@rule(
    "authorization-server-changed",
    step="messages",
    side="server",
    title="The MCP server has changed to another authorization server",
    why="A `client_id` and tokens belong to the authorization server that issued them. The MCP server now names "
    "another one, so what the client holds is worth nothing there. A client that keeps it by the name of the MCP "
    "server sends it to a server that does not know it, and that should never see it.",
    change="In the client: keep registrations and tokens by the issuer, and when it changes, register and sign in "
    "anew. By hand: claude mcp logout NAME, then sign in again. In the MCP server: accept tokens of both authorization "
    "servers while people move.",
    references=("RFC 9728 section 3.2", "RFC 6749 section 2.2", "MCP 2025-11-25 authorization, authorization server"),
)
def authorization_server_changed(seen: Evidence) -> Proof | None:
    """Look for a 401 after requests that worked, and metadata, or keys, of other authorization servers since."""
    move = moved(seen)
    if move is None:
        return _keys_changed(seen)
    earlier, later = move
    opened = {use.exchange.number for use in uses(seen) if is_success(use.exchange)}
    for use in uses(seen):
        one = use.exchange
        if one.status != _UNAUTHORIZED or not earlier.number < one.number < later.number:
            continue
        if any(number < one.number for number in opened):
            happened = f"{_what(one)} got 401, where such a request had worked. The metadata of the MCP server named "
            before, after = (", ".join(sorted(servers_named(seen, each))) for each in move)
            return Proof(f"{happened}{before} before, and {after} since.", (earlier, one, later))
    return None


def _keys_changed(seen: Evidence) -> Proof | None:
    keys = keys_moved(seen)
    if keys is None:
        return None
    one = keys.refused.exchange
    happened = f"{_what(one)} got 401, where the same token had worked. The MCP server had read its keys at "
    then = f"{keys.before.url}, and read them at {keys.since.url} now. The client did not look for its metadata again."
    return Proof(happened + then, (keys.before, one, keys.since))
