"""What can be wrong at `messages`: tokens that run out or change hands, sessions that get lost, and the stream."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from sandbox.diagnosis.access_tokens import Use, has_expired, time_of, uses
from sandbox.diagnosis.evidence import Evidence, is_success
from sandbox.diagnosis.finding import Proof, rule
from sandbox.diagnosis.rpc import answers, error_of
from sandbox.wire.exchange import Exchange
from sandbox.wire.json_text import as_json

_UNAUTHORIZED: Final = 401
_NOT_FOUND: Final = 404
_WRONG_FOR_EXPIRED: Final = frozenset({400, 403, 500})
_WRONG_FOR_LOST: Final = frozenset({400, 409, 410, 500, 502, 503, 504})
_STREAM_REFUSED: Final = frozenset({400, 403, 404, 406, 500, 501, 502, 503})
_SESSION: Final = "mcp-session-id"
_NOT_SIGNED_IN: Final = re.compile(
    r"\bunauthori[sz]ed\b|\bunauthenticated\b|\bnot authenticated\b|\binvalid[ _]token\b|\btoken (has )?expired\b"
    r"|\bexpired token\b|\bauthentication (required|failed)\b",
    re.IGNORECASE,
)
_MAY_FAIL: Final = re.compile(r'"(error|isError)"')
"""What an answer holds that is worth reading."""
_LOST: Final = re.compile(
    r"\bnot initialized\b|\b(session|mcp-session-id)\b.*\b(not found|unknown|invalid|expired|terminated|no longer)\b"
    r"|\b(unknown|invalid|no valid|no such|expired)\b.*\bsession\b",
    re.IGNORECASE,
)
_TEXT_LIMIT: Final = 300
"""Letters up to which the text of a tool's error is a message, and not content."""
_NOT_ABOUT_TOKENS: Final = frozenset({-32700, -32600, -32601, -32602})
"""Codes of JSON-RPC for a message that is wrong itself."""


def _what(exchange: Exchange) -> str:
    return " and ".join(exchange.mcp_methods) or exchange.method


@rule(
    "bad-token-wrong-status",
    step="messages",
    side="server",
    title="A token that has expired is not answered with 401",
    why="An access token is good for a short time, and 401 is the one status that tells a client to fetch the next "
    "one. Any other says something else: 403 that a permission is missing, 500 that the server is out of order. The "
    "refresh token that the client holds stays unused.",
    change="In the MCP server: check signature and expiry first, and answer a token that has expired, is revoked or is "
    'otherwise not good with 401, `WWW-Authenticate: Bearer error="invalid_token"` and `resource_metadata`, as a '
    "request without a token gets it. 403 with `insufficient_scope` is for a good token that lacks a scope.",
    references=("RFC 6750 section 3.1", "MCP 2025-11-25 authorization, error handling"),
)
def bad_token_wrong_status(seen: Evidence) -> Proof | None:
    """Look for a token that was over when it was answered, with another refusal than 401."""
    for use in uses(seen):
        one = use.exchange
        if one.status in _WRONG_FOR_EXPIRED and has_expired(use) and not _LOST.search(one.response_body):
            late = use.answered_at - (time_of(use.claims, "exp") or 0.0)
            said = one.response_header("www-authenticate")
            told = f", with WWW-Authenticate: {said}" if said else ", without `WWW-Authenticate`"
            return Proof(f"{_what(one)} with a token that had expired {late:.0f} s ago got {one.status}{told}.", (one,))
    return None


@rule(
    "error-inside-200",
    step="messages",
    side="server",
    title="A refused token comes back as a success",
    why="The answer has the status 200, and says inside that nobody is signed in. Clients fetch a new token, or sign "
    "in anew, when the status is 401. An error inside of a 200 is for the person who reads it, so nothing is mended.",
    change="In the MCP server: check the token before the message is read, and answer 401 with the challenge. Do so "
    "too when what was made of the token for another service behind, the upstream, is not good any more.",
    references=("RFC 6750 section 3.1", "MCP 2025-11-25 authorization, error handling"),
)
def error_inside_200(seen: Evidence) -> Proof | None:
    """Look for an error or a failed tool that speaks of a missing sign-in, in an answer with status 200."""
    for use in uses(seen):
        one = use.exchange
        if not is_success(one) or one.step != "messages" or not _MAY_FAIL.search(one.response_body):
            continue
        for answer in answers(one):
            text = _error_text(answer)
            if text and _NOT_SIGNED_IN.search(text):
                said = f"{_what(one)} was answered {one.status}, and inside it says: {text}."
                # What a tool says may be its upstream's words; an error of the protocol is the server's own.
                is_tools = error_of(answer) is None
                return Proof(said, (one,), went_on=is_tools, risky=is_tools)
    return None


def _error_text(answer: dict[str, Any]) -> str:
    """Give what an error or a failed tool says; nothing when it is neither."""
    if error := error_of(answer):
        return "" if error.get("code") in _NOT_ABOUT_TOKENS else str(error.get("message", ""))[:_TEXT_LIMIT]
    result = answer.get("result")
    if not isinstance(result, dict) or result.get("isError") is not True:
        return ""
    text = json.dumps(result.get("content", ""), ensure_ascii=False)
    return text if len(text) <= _TEXT_LIMIT else ""


@rule(
    "challenge-only-on-tool-call",
    step="messages",
    side="server",
    title="Only a tool asks for a sign-in, and late",
    why="Everybody may connect and list the tools; one tool answers 401 in the middle of the session. That is allowed. "
    "But many clients prepare to sign in only while they connect. When the 401 comes later, they know where to go and "
    "open no browser, and the tool fails.",
    change="In the MCP server, to be usable by all clients: ask at the first request (raindrop.manifest: visibility = "
    '"protected"). In the client: sign in whenever a 401 comes.',
    references=("MCP 2025-11-25 authorization, protocol requirements",),
)
def challenge_only_on_tool_call(seen: Evidence) -> Proof | None:
    """Look for requests without a token that were answered, and a call of a tool without one that got 401."""
    open_ones = [one for one in seen.at("challenge") if is_success(one) and one.mcp_methods]
    for one in seen.at("challenge"):
        if one.status == _UNAUTHORIZED and "tools/call" in one.mcp_methods:
            before = [earlier for earlier in open_ones if earlier.number < one.number and earlier.url == one.url]
            if before:
                name = _tool(one)
                happened = f"{_what(before[-1])} was answered {before[-1].status} without a token; tools/call"
                return Proof(f"{happened}{name} got 401.", (before[-1], one))
    return None


def _tool(exchange: Exchange) -> str:
    request = as_json(exchange.request_body)
    params = request.get("params") if isinstance(request, dict) else None
    return f" of {params['name']}" if isinstance(params, dict) and isinstance(params.get("name"), str) else ""


# --- the session ----------------------------------------------------------------------------------------------------


@rule(
    "session-lost",
    step="messages",
    side="server",
    title="The MCP server has forgotten the session",
    why="The session lived in the memory of the server, and that is gone: it was started anew, or another machine "
    "answers. 404 is the right answer, and asks the client to initialize again. A client that keeps the dead session "
    "gets no further.",
    change="In the client: on 404 to a request with `Mcp-Session-Id`, send `initialize` again without that header. In "
    "the MCP server: keep sessions outside of the process, or serve MCP 2026-07-28, which has none.",
    references=("MCP 2025-11-25 transports, session management",),
)
def session_lost(seen: Evidence) -> Proof | None:
    """Look for a POST in a session that had worked, answered 404."""
    for one in _in_known_session(seen):
        if one.method == "POST" and one.status == _NOT_FOUND:
            happened = f"{_what(one)} in session {one.request_header(_SESSION)}, which had worked, got 404."
            return Proof(happened, (one,))
    return None


@rule(
    "session-wrong-status",
    step="messages",
    side="server",
    title="The MCP server has forgotten the session, and says something else",
    why="404 says that the session is over, and only that makes a client begin a new one. 400 says that the request is "
    "bad, 503 that the same request will work later. Neither is true: the same request can never succeed, and a new "
    "session would.",
    change="In the MCP server: answer an `Mcp-Session-Id` that it does not know with 404. At the load balancer: when "
    "the machine of a session is gone, pass the request on to any other. Or serve MCP 2026-07-28, which has no "
    "sessions. In the client, until servers do: on 400 or 503 to a request with a session id, begin a new session "
    "once.",
    references=("MCP 2025-11-25 transports, session management",),
)
def session_wrong_status(seen: Evidence) -> Proof | None:
    """Look for a POST in a session that had worked, refused in other words, where the session is seen to be gone."""
    known = _in_known_session(seen)
    for one in known:
        if one.method != "POST" or one.status not in _WRONG_FOR_LOST:
            continue
        session = one.request_header(_SESSION)
        gone = [
            later
            for later in known
            if later.number > one.number and later.status == _NOT_FOUND and later.request_header(_SESSION) == session
        ]
        if gone or _LOST.search(one.response_body):
            said = " ".join(one.response_body.split())[:160]
            told = f" A later {gone[0].method} in it got 404." if gone else ""
            happened = f"{_what(one)} in session {session}, which had worked, got {one.status}: {said}.{told}"
            return Proof(happened, (one, *gone[:1]))
    return None


def _in_known_session(seen: Evidence) -> list[Exchange]:
    """Give the requests in sessions that had worked before them."""
    worked: set[str] = set()
    found = []
    for one in seen.mcp_requests:
        session = one.request_header(_SESSION)
        if session in worked:
            found.append(one)
        if is_success(one) and (session := one.response_header(_SESSION) or session):
            worked.add(session)
    return found


# --- the stream -----------------------------------------------------------------------------------------------------


def _streams(seen: Evidence) -> list[Use]:
    """Give the requests for the stream in a session, or with a token, that POST had worked in or with before."""
    dead = [one for one in _in_known_session(seen) if one.method == "POST" and one.status == _NOT_FOUND]
    found = []
    worked: set[str] = set()
    for use in uses(seen):
        one = use.exchange
        session = one.request_header(_SESSION) or ""
        is_dead = any(each.number < one.number and each.request_header(_SESSION) == session for each in dead)
        if one.method == "GET" and {use.token, session} & worked and not is_dead:
            found.append(use)
        if one.method == "POST" and is_success(one):
            worked |= {use.token, session, one.response_header(_SESSION) or ""} - {""}
    return found


@rule(
    "sse-get-challenged",
    step="messages",
    side="server",
    title="The stream asks for a sign-in that has just happened",
    why="With a GET a client may ask for a stream of messages from the server. It got 401, which means that the token "
    "is not good and the person has to sign in. But the same token is good for POST. Clients open the browser again, "
    "and once more.",
    change="In the MCP server: guard GET, POST and DELETE of the MCP endpoint with the same check. Where there is no "
    "stream, answer GET with 405 and `Allow: POST, DELETE`.",
    references=("MCP 2025-11-25 transports, listening for messages from the server", "RFC 9110 section 15.5.2"),
)
def sse_get_challenged(seen: Evidence) -> Proof | None:
    """Look for a GET that got 401 with a token that had not run out, where POST had worked."""
    for use in _streams(seen):
        if use.exchange.status == _UNAUTHORIZED and not has_expired(use):
            happened = f"GET {use.exchange.url} got 401, where POST was answered just before."
            return Proof(happened, (use.exchange,))
    return None


@rule(
    "sse-get-refused",
    step="messages",
    side="server",
    title="The stream that nobody has to offer is refused in the wrong words",
    why="With a GET a client may ask for a stream of messages from the server. The stream is optional, and 405 is the "
    "one way to say that there is none. 404 says that the endpoint or the session is gone, and others that something "
    "failed; a client may believe it.",
    change="In the MCP server: answer GET on the MCP endpoint with 405 and `Allow: POST, DELETE`. Express: add "
    '`app.get("/mcp", …)` beside `app.post`. In the client: take every refusal of this GET for "no stream".',
    references=("MCP 2025-11-25 transports, listening for messages from the server", "RFC 9110 section 15.5.6"),
)
def sse_get_refused(seen: Evidence) -> Proof | None:
    """Look for a GET that was refused with something else than 401 and 405, where POST had worked."""
    for use in _streams(seen):
        if use.exchange.status in _STREAM_REFUSED:
            happened = f"GET {use.exchange.url} got {use.exchange.status}, where POST was answered just before."
            return Proof(happened, (use.exchange,))
    return None
