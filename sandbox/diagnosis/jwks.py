"""What can be wrong at `jwks`."""

from __future__ import annotations

from sandbox.diagnosis.evidence import Evidence, is_success
from sandbox.diagnosis.finding import Proof, rule
from sandbox.wire.exchange import Exchange

_SERVER_ERROR = 500
_GONE = frozenset({400, 401, 403, 404, 405, 410})


def _and_refusal(seen: Evidence, jwks: Exchange) -> tuple[str, tuple[Exchange, ...]]:
    """Give what became of the request in whose course the keys were read, in words, and both exchanges."""
    earlier = [one for one in seen.before(jwks, "session", "messages") if one.asker == "client"]
    if not earlier or earlier[-1].status is None:
        return "", (jwks,)
    return f" The request of the client that was waiting for it got {earlier[-1].status}.", (earlier[-1], jwks)


@rule(
    "jwks-missing",
    step="jwks",
    side="configuration",
    title="There are no keys where the MCP server looks for them",
    why="Access tokens are signed, and the MCP server checks the signature with public keys that the authorization "
    "server publishes as a list. Without that list it can check no token, so it refuses all of them. Signing in again "
    "changes nothing.",
    change="In the MCP server: take the URL of the keys from `jwks_uri` of the authorization server's metadata; for "
    "AuthKit it is https://YOUR-AUTHKIT-DOMAIN/oauth2/jwks. A URL with /sso/jwks/client_… belongs to one client of one "
    "environment, and is gone when that client is deleted. Read the keys when the server starts, and do not start "
    "without them.",
    references=("RFC 8414 section 2", "RFC 7517 section 5"),
)
def jwks_missing(seen: Evidence) -> Proof | None:
    """Look for keys that were asked for at a URL that has none."""
    for one in seen.at("jwks"):
        is_odd = is_success(one) and not isinstance(seen.fields(one).get("keys"), list)
        if one.method == "GET" and one.ended == "answered" and (one.status in _GONE or is_odd):
            said = f"answered {one.status}" if one.status in _GONE else "answered 200 without a list `keys`"
            became, exchanges = _and_refusal(seen, one)
            document = seen.server_metadata.fields if seen.server_metadata else {}
            uri = document.get("jwks_uri")
            elsewhere = f" The metadata of the authorization server names {uri}." if uri and uri != one.url else ""
            return Proof(f"{one.url}, where the keys were looked for, {said}.{became}{elsewhere}", exchanges)
    return None


@rule(
    "jwks-unavailable",
    step="jwks",
    side="server",
    title="The MCP server cannot reach the keys, and blames the token",
    why="The MCP server could not get the keys with which it checks tokens, so it does not know whether the token is "
    "good. A 401 says that the token is bad: clients throw a good token away and send the person to sign in again.",
    change="In the MCP server: when the keys cannot be had, answer 503 with `Retry-After` and not 401, and go on using "
    "the keys that were read before. In the authorization server, or at the network between: find out why the list of "
    "keys fails.",
    references=("RFC 9110 section 15.6.4", "RFC 6750 section 3.1"),
)
def jwks_unavailable(seen: Evidence) -> Proof | None:
    """Look for keys that were asked for, where a server error or no answer came."""
    for one in seen.at("jwks"):
        failed = one.status is not None and one.status >= _SERVER_ERROR
        if failed or (one.status is None and one.ended in {"dropped", "cut", "unanswered"}):
            said = f"answered {one.status}" if failed else "gave no answer"
            became, exchanges = _and_refusal(seen, one)
            return Proof(f"{one.url}, the list of keys, {said}.{became}", exchanges)
    return None
