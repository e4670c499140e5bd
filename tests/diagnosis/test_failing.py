"""Servers that fail after they have let a client in."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.diagnosis import diagnose
from sandbox.wire.exchange import Exchange
from tests.diagnosis.tokens import at, authorize, before, issued, keys, timed, used

CALL: dict[str, Any] = {"method": "tools/call"}
SESSION = {"mcp-session-id": "s1"}
UP = [*before(), issued(), used(headers=SESSION), keys("key-1"), used(method="tools/list", asked=SESSION)]
"""A connection that is up, in a session."""


def broken(*after: Exchange, now: float | None = None) -> list[tuple[str, str]]:
    """Give what is called broken of a connection that was up, and where."""
    return [(one.id, one.step) for one in diagnose(timed(*UP, *after), now) if one.severity == "broken"]


@pytest.mark.parametrize("status", [500, 502, 503])
@pytest.mark.parametrize("more", [[], [used(404, verb="GET", asked=SESSION)]], ids=["stops", "asks for the stream"])
def test_a_last_message_that_the_server_fails_at(status: int, more: list[Exchange]) -> None:
    """Nothing shows why, and that the server fails is said, at the step at which it does."""
    assert broken(used(status, **CALL), *more)[0] == ("service-unavailable", "messages")


@pytest.mark.parametrize(
    ("after", "named"),
    [
        ([used(503, **CALL), used(**CALL)], []),
        ([used(503, asked=SESSION, **CALL), used(404, verb="DELETE", asked=SESSION)], ["session-wrong-status"]),
        ([used(400, asked=SESSION, body="Session not found", **CALL)], ["session-wrong-status"]),
        ([at(400.0, used(500, **CALL))], ["bad-token-wrong-status"]),
        ([used(429, **CALL)], ["rate-limited"]),
        ([used(503, **CALL), authorize(location="https://client.example/error")], []),
    ],
    ids=["worked later", "session is gone", "says so", "the token is over", "too many", "signs in"],
)
def test_a_failure_with_a_name_keeps_it(after: list[Exchange], named: list[str]) -> None:
    """What another rule knows is said by that rule alone; what went on is not said."""
    assert [one for one, _ in broken(*after)] == named


def test_a_failure_is_not_told_at_once() -> None:
    """While a trace still grows, the client may repeat its request."""
    failed = [at(10.0, used(503, **CALL))]
    assert broken(*failed, now=10.5) == []
    assert broken(*failed, now=200.0) == [("service-unavailable", "messages")]
