"""Servers that are not there, or fail, and failures that no other rule knows."""

from __future__ import annotations

from typing import Final

from sandbox.diagnosis.evidence import Evidence, is_success
from sandbox.diagnosis.finding import Proof, Rule, rule
from sandbox.diagnosis.messages import bad_token_wrong_status, session_wrong_status
from sandbox.diagnosis.network import is_disturbed
from sandbox.wire.exchange import Exchange

_NOT_THERE: Final = frozenset({404, 405, 410})
_FAILURES: Final = range(500, 600)
_ERRORS: Final = range(400, 600)
_UNAUTHORIZED: Final = 401
_SEARCHES: Final = frozenset({"resource-metadata", "server-metadata", "jwks"})
"""Steps at which clients look in several places, and an error means no more than: not here."""


@rule(
    "endpoint-missing",
    step="challenge",
    side="configuration",
    title="There is no MCP server at this URL",
    why="A server answers, and it knows no such path. So nothing asks for a sign-in, and a client has nobody to talk "
    "to. Some clients look for metadata all the same and then report that something else failed.",
    change="Look at the path of the URL that you gave to the client: many servers are at /mcp, Raindrop serves at the "
    "root, and a slash at the end can matter. Then give it anew: claude mcp remove NAME, and claude mcp add "
    "--transport http NAME URL. If the path is right, the server was moved, or the proxy before it does not pass this "
    "path on.",
    references=("MCP 2025-11-25 transports, Streamable HTTP", "RFC 9110 section 15.5.5"),
)
def endpoint_missing(seen: Evidence) -> Proof | None:
    """See that every MCP request to a URL, by which no session was named, was answered that nothing is there."""
    asked = [one for one in seen.mcp_requests if one.method == "POST" and one.request_header("mcp-session-id") is None]
    if not asked or any(one.status not in _NOT_THERE or seen.fields(one).get("jsonrpc") for one in asked):
        return None
    if not seen.had_time_after(asked[-1]):
        return None
    return Proof(f"{asked[0].method} {asked[0].url} was answered {asked[0].status}.", (asked[0],), asked[0].step)


@rule(
    "service-unavailable",
    step="challenge",
    side="server",
    title="The MCP server fails before anybody signs in",
    why="The first request, which carries no token, should be answered 401 with the way to sign in. The server, or the "
    "gateway before it, answers that it is out of order. A client learns nothing from that about where to sign in.",
    change="Look at the log of the MCP server, and at the gateway before it: which of the two answers? A server that "
    "starts slowly, a health check that takes it out, or an exception before the check of the token leave this trace. "
    "To try: curl -i -X POST with the URL.",
    references=("RFC 9110 section 15.6", "RFC 9728 section 5.1"),
)
def service_unavailable(seen: Evidence) -> Proof | None:
    """Look for MCP requests without a token that all fail on the server's side."""
    asked = [one for one in seen.at("challenge") if one.asker == "client" and one.method == "POST"]
    if not asked or any(one.status not in _FAILURES or is_disturbed(one) for one in asked):
        return None
    went_on = any(is_success(one) for one in seen.after(asked[-1], "session", "messages"))
    return Proof(_answered(asked[-1]), (asked[-1],), went_on=went_on) if seen.had_time_after(asked[-1]) else None


@rule(
    "token-unavailable",
    step="token",
    side="authorization server",
    title="The token endpoint fails when the code is exchanged",
    why="The person has signed in and the client holds a code. The authorization server, or a gateway before it, "
    "answers the exchange with an error of its own. A code is good once and for some minutes, so most clients give up, "
    "and the person has to sign in again.",
    change="Sign in once more: often it was a moment. If it stays, look at the log of the authorization server and of "
    "the gateway before it at that time. In the client: repeat a request that was answered 502, 503 or 504 once, after "
    "the time that `Retry-After` says.",
    references=("RFC 9110 section 15.6", "RFC 6749 section 5.2"),
)
def token_unavailable(seen: Evidence) -> Proof | None:
    """Look for a failure of the server at the exchange of a code, which no later exchange mended."""
    failed = [one for one in seen.at("token") if one.status in _FAILURES and not is_disturbed(one)]
    if not failed:
        return None
    went_on = any(is_success(one) for one in seen.after(failed[-1], "token"))
    return Proof(_answered(failed[-1]), (failed[-1],), went_on=went_on)


@rule(
    "service-unavailable",
    step="messages",
    side="server",
    title="The MCP server fails at a request of a client that it has let in",
    why="Requests of this client had been answered well. This one, with the same token, got an error of the server or "
    "of a gateway before it, and the client stopped there. The error says: try the same again later. Where the request "
    "belongs to a session, and the machine that held the session is gone, that can never succeed, and only 404 would "
    "have told the client to begin a new one.",
    change="Look at the log of the MCP server, and of the gateway before it, at that time: which of the two answered? "
    "At the load balancer: when the machine of a session is gone, pass the request on to any other. In the client: "
    "repeat what was answered 503 after a while, and begin a new session when that does not help.",
    references=("RFC 9110 section 15.6", "MCP 2025-11-25 transports, session management"),
)
def service_unavailable_later(seen: Evidence) -> Proof | None:
    """Look for a last MCP message that failed on the server's side, where others had worked and no rule knows why."""
    asked = [one for one in seen.mcp_requests if one.method == "POST"]
    last = asked[-1] if asked else None
    if last is None or last.step != "messages" or last.status not in _FAILURES or is_disturbed(last):
        return None
    goes_on = any(one.asker in {"client", "browser"} and one not in seen.mcp_requests for one in seen.after(last))
    if goes_on or not seen.had_time_after(last) or not any(seen.worked(one) for one in asked):
        return None
    if session_wrong_status(seen) is not None or bad_token_wrong_status(seen) is not None:
        return None
    in_session = " It belonged to a session." if last.request_header("mcp-session-id") else ""
    return Proof(f"{_answered(last)}{in_session} Requests before it were answered well.", (last,))


def _unnamed(seen: Evidence) -> Proof | None:
    """See that a client's last request failed, and that it did not go on."""
    asked = [one for one in seen.exchanges if one.asker == "client" and _matters(one)]
    last = asked[-1] if asked else None
    if last is None or last.status not in _ERRORS or last.step in _SEARCHES or not seen.had_time_after(last):
        return None
    if last.step == "challenge" and last.status == _UNAUTHORIZED:
        return None  # it waits for a person to sign in
    return Proof(f"{_answered(last)} The client did not go on.", (last,), last.step, seen.got_past("session"))


def _matters(exchange: Exchange) -> bool:
    is_optional = exchange.method in {"GET", "DELETE", "OPTIONS"} and exchange.step in {
        "challenge",
        "session",
        "messages",
    }
    return exchange.method != "OPTIONS" and not is_optional


def _answered(exchange: Exchange) -> str:
    return f"{exchange.method} {exchange.url.partition('?')[0]} was answered {exchange.status}."


UNNAMED: Final = Rule(
    id="failure-without-a-name",
    step="messages",
    side="server",
    title="The last request failed, and the client did not go on",
    why="No rule knows this failure. What is certain is that the answer was an error and that nothing came after it.",
    change="Look at the answer below, its status and its text, and at the log of the server that gave it, at that "
    "time. Then ask the same with curl -v.",
    references=("RFC 9110 section 15",),
    look=_unnamed,
)
"""What is said when a client stopped at an error that no rule names."""
