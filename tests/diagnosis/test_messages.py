"""What the diagnosis says of a connection that is up: its tokens, scopes, sessions and stream."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.wire.exchange import Exchange
from tests.diagnosis.exchanges import ISSUER, SOUND, post, prm
from tests.diagnosis.tokens import (
    ONE,
    SECOND,
    TWO,
    at,
    authorize,
    before,
    fired,
    held,
    issued,
    keys,
    proofs,
    used,
)

CALL: dict[str, Any] = {"method": "tools/call", "request": {"method": "tools/call", "params": {"name": "search_logs"}}}
SESSION = {"mcp-session-id": "s1"}


def up(*after: Exchange, **members: Any) -> list[Exchange]:
    """Give a connection that is up, and what comes after."""
    return [*before(), issued(**members), used(headers=SESSION), keys("key-1"), used(method="tools/list"), *after]


def renewed(token: str = TWO, **changed: Any) -> Exchange:
    """Give a refresh that brings a token."""
    return issued(token, "refresh", said=held(token, **changed), refresh_token=SECOND)


# --- another authorization server ---


def test_other_authorization_server() -> None:
    """A 401 after requests that worked, and metadata that names another server since."""
    found = proofs(*up(used(401, **CALL), prm(authorization_servers=["https://new.example"])))
    assert set(found) == {"authorization-server-changed"}
    assert f"named {ISSUER} before, and https://new.example since" in found["authorization-server-changed"].happened


@pytest.mark.parametrize(
    "after",
    [
        [used(401, **CALL), prm()],
        [used(401, **CALL), prm(authorization_servers=["https://new.example", ISSUER])],
        [used(**CALL), prm(authorization_servers=["https://new.example"])],
        [used(401, **CALL), prm(status=404)],
    ],
    ids=["the same", "one more", "no 401", "no document"],
)
def test_same_authorization_server(after: list[Exchange]) -> None:
    """What is refused for other reasons is no move."""
    assert "authorization-server-changed" not in fired(*up(*after))


ELSEWHERE = keys("key-9", url="https://new.example/jwks")
"""The keys that the MCP server reads since it moved, with another key in them."""


@pytest.mark.parametrize(
    "after",
    [
        [],
        [renewed(), used(401, TWO, said=held(TWO), **CALL), ELSEWHERE],
        [renewed(), used(401, TWO, "initialize", said=held(TWO)), ELSEWHERE],
    ],
    ids=["stops", "refreshes at the old one", "and begins a new session"],
)
def test_a_move_is_seen_by_the_keys(after: list[Exchange]) -> None:
    """A client that does not read the metadata again meets the move all the same, and its new tokens are not blamed."""
    found = proofs(*up(used(401, **CALL), ELSEWHERE, *after))
    assert set(found) == {"authorization-server-changed"}
    assert "The client did not look for its metadata again." in found["authorization-server-changed"].happened


@pytest.mark.parametrize(
    "after",
    [
        [used(401, **CALL), keys("key-9")],
        [at(400.0, used(401, **CALL)), ELSEWHERE],
        [used(401, **CALL)],
        [used(**CALL), ELSEWHERE],
        [used(401, **CALL), keys("key-9", url="https://new.example/jwks", asker="client")],
    ],
    ids=["a new key at the same host", "run out", "no new keys", "taken", "the client reads the keys"],
)
def test_other_keys_are_no_move(after: list[Exchange]) -> None:
    """It takes a token that was good, a refusal, and keys that the MCP server reads at another host for it."""
    assert "authorization-server-changed" not in fired(*up(*after))


def test_new_token_while_the_server_moves() -> None:
    """A token that was new when the service moved is not blamed."""
    refused = used(401, TWO, said=held(TWO), **CALL)
    moved = [renewed(), refused, keys("other"), prm(authorization_servers=["https://new.example"])]
    assert fired(*up(*moved)) == {"authorization-server-changed"}


# --- expired tokens ---


@pytest.mark.parametrize(
    ("seconds", "status", "expected"),
    [
        (400.0, 500, {"bad-token-wrong-status"}),
        (400.0, 403, {"bad-token-wrong-status"}),
        (400.0, 400, {"bad-token-wrong-status"}),
        (400.0, 503, set()),
        (400.0, 404, set()),
        (200.0, 500, set()),
        (200.0, 403, set()),
    ],
)
def test_status_of_an_expired_token(seconds: float, status: int, expected: set[str]) -> None:
    """Only a token that is over, and only statuses that are about the request itself."""
    assert fired(*up(at(seconds, used(status, **CALL)))) == expected


def test_clock_of_what_the_server_asks_meanwhile() -> None:
    """What the server asks in the course of a request tells when that is answered."""
    assert fired(*up(used(500, **CALL), at(400.0, keys("key-1")))) == {"bad-token-wrong-status"}
    assert fired(*up(used(500, **CALL), at(400.0, post(401, SOUND)))) == set()


# --- errors inside of a success ---


def rpc(**answer: Any) -> dict[str, Any]:
    """Give a JSON-RPC answer."""
    return {"jsonrpc": "2.0", "id": 1, **answer}


def failed(text: str) -> dict[str, Any]:
    """Give the result of a tool that failed."""
    return rpc(result={"isError": True, "content": [{"type": "text", "text": text}]})


SSE = {"content-type": "text/event-stream"}


@pytest.mark.parametrize(
    ("more", "fires"),
    [
        ({"body": rpc(error={"code": -32603, "message": "upstream: Unauthorized"})}, True),
        ({"body": failed("The access token has expired: token expired")}, True),
        ({"body": 'data: {"error": {"code": 1, "message": "Invalid token"}}\n\n', "headers": SSE}, True),
        ({"body": rpc(error={"code": -32602, "message": "Unknown tool"})}, False),
        ({"body": failed("x" * 400 + " Unauthorized")}, False),
        ({"body": rpc(result={"content": [{"type": "text", "text": "Unauthorized"}]})}, False),
    ],
    ids=["error", "failed tool", "event", "another error", "long text", "content"],
)
def test_errors_inside_of_200(more: dict[str, Any], fires: bool) -> None:  # noqa: FBT001
    """An error that speaks of a missing sign-in is told from other errors, and from what a tool found."""
    assert fired(*up(used(**CALL, **more))) == ({"error-inside-200"} if fires else set())


# --- a late challenge ---


def anonymous(status: int, method: str) -> Exchange:
    """Give a request without a token."""
    return post(status, SOUND if status == 401 else None, methods=[method])


@pytest.mark.parametrize(
    ("exchanges", "fires"),
    [
        ([anonymous(200, "initialize"), anonymous(401, "tools/call")], True),
        ([anonymous(401, "initialize"), anonymous(401, "tools/call")], False),
        ([anonymous(401, "tools/call"), anonymous(200, "initialize")], False),
        ([anonymous(200, "initialize"), anonymous(401, "tools/list")], False),
    ],
)
def test_late_challenge(exchanges: list[Exchange], fires: bool) -> None:  # noqa: FBT001
    """Only a tool that asks, after requests that need not."""
    assert fired(*exchanges) == ({"challenge-only-on-tool-call"} if fires else set())


# --- scopes ---

WANTS = {"www-authenticate": 'Bearer error="insufficient_scope", scope="logs:search"'}
REFUSED_SCOPE = "https://client.example/callback?error=invalid_scope"


def lacking(token: str = ONE, **more: Any) -> Exchange:
    """Give a call that needs another scope."""
    return used(403, token, headers=WANTS, said=held(token), **CALL, **more)


def stepped_up(scope: str | None) -> list[Exchange]:
    """Give a sign-in for the scope, which brings a token."""
    return [authorize("openid logs:search"), issued(TWO, scope=scope, said=held(TWO))]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ([lacking()], {"scope-step-up"}),
        ([lacking(), *stepped_up("openid logs:search"), used(token=TWO, **CALL)], {"scope-step-up"}),
        ([lacking(), renewed(), lacking(TWO)], {"scope-step-up"}),
        ([lacking(), authorize("openid logs:search", REFUSED_SCOPE)], {"scope-never-granted"}),
        ([lacking(), *stepped_up("openid"), lacking(TWO)], {"scope-never-granted"}),
        ([lacking(), *stepped_up("openid logs:search"), lacking(TWO)], {"step-up-loop"}),
        ([lacking(), *stepped_up(None), lacking(TWO)], {"step-up-loop"}),
        ([used(403, headers={"www-authenticate": "Bearer"}, **CALL)], set()),
    ],
    ids=["silent", "granted", "refreshed", "invalid_scope", "less", "loop", "loop without scope", "no scope named"],
)
def test_scopes(after: list[Exchange], expected: set[str]) -> None:
    """What became of a scope that was asked for in the middle."""
    assert fired(*up(*after)) == expected


def test_scope_that_the_401_had_named() -> None:
    """A client that did not read the 401, or did not get one, is not told to step up."""
    told = post(401, 'Bearer scope="openid logs:search"')
    assert fired(told, issued(), used(), lacking()) == set()
    assert fired(issued(), used(), lacking()) == set()
    assert fired(used(), lacking()) == {"scope-step-up"}


# --- sessions ---


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ([used(404, asked=SESSION, **CALL)], {"session-lost"}),
        ([used(404, asked={"mcp-session-id": "s2"}, **CALL)], set()),
        ([used(404, **CALL)], set()),
        ([used(404, asked=SESSION, verb="DELETE")], set()),
        ([used(400, asked=SESSION, body="Server not initialized", **CALL)], {"session-wrong-status"}),
        ([used(503, asked=SESSION, **CALL), used(404, asked=SESSION, verb="DELETE")], {"session-wrong-status"}),
        ([used(503, asked=SESSION, **CALL), used(200, asked=SESSION, verb="DELETE")], set()),
        ([used(400, asked=SESSION, body="Missing argument", **CALL)], set()),
    ],
    ids=["404", "unknown", "none", "end", "400", "503 and gone", "503 and there", "400 of its own"],
)
def test_sessions(after: list[Exchange], expected: set[str]) -> None:
    """A session is lost when it had worked, and is seen to be gone."""
    assert fired(*up(*after)) == expected


# --- the stream ---


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ([used(401, verb="GET", step="messages")], {"sse-get-challenged"}),
        ([used(404, verb="GET", step="messages")], {"sse-get-refused"}),
        ([used(405, verb="GET", step="messages")], set()),
        ([used(200, verb="GET", step="messages")], set()),
        ([renewed(), used(404, TWO, verb="GET", step="messages", asked=SESSION)], {"sse-get-refused"}),
        ([renewed(), used(404, TWO, verb="GET", step="messages")], set()),
        ([used(404, asked=SESSION, **CALL), used(404, verb="GET", step="messages", asked=SESSION)], {"session-lost"}),
        ([at(400.0, used(401, verb="GET", step="messages"))], set()),
    ],
    ids=["401", "404", "405", "open", "new token, same session", "new token", "lost session", "expired"],
)
def test_stream(after: list[Exchange], expected: set[str]) -> None:
    """The optional stream may be refused with 405 alone."""
    assert fired(*up(*after)) == expected


def test_sound_connection() -> None:
    """A sound connection gives nothing, a refresh included."""
    assert fired(*up(renewed(), used(token=TWO, said=held(TWO), **CALL))) == set()
