"""What the diagnosis says of refreshing."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.diagnosis import diagnose
from sandbox.wire.exchange import Exchange
from tests.diagnosis.exchanges import MCP, SOUND, exchange, post
from tests.diagnosis.tokens import (
    FIRST,
    SECOND,
    TOKEN_URL,
    TWO,
    at,
    authorize,
    before,
    fired,
    form,
    held,
    issued,
    proofs,
    refreshed,
    timed,
    used,
)

CALL: dict[str, Any] = {"method": "tools/call"}


def up(*after: Exchange, **members: Any) -> list[Exchange]:
    """Give a connection that is up, and what comes after."""
    return [*before(scopes_supported=["openid"]), issued(**members), used(), used(method="tools/list"), *after]


def refused(error: str, status: int = 400, **fields: str) -> Exchange:
    """Give a refresh that is refused with an error code."""
    return refreshed(status, body={"error": error}, **fields)


BACK = "https://client.example/callback"
NEXT = {"access_token": TWO, "refresh_token": SECOND}


def answered(why: str = "", **fields: str) -> Exchange:
    """Give a refresh that is refused as that of a client that is not accepted, with or without the reason."""
    return refreshed(401, SECOND, {"error": "invalid_client", "error_description": why}, **fields)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ([refused("invalid_grant")], {"refresh-refused"}),
        ([refused("invalid_client", 401)], {"client-forgotten"}),
        ([refused("invalid_client", 401, client_secret="s")], set()),
        ([answered("Application not found.", client_secret="s")], {"client-forgotten"}),
        ([answered("Invalid client secret.", client_secret="s")], set()),
        ([refreshed(200, body=NEXT, client_secret="s"), answered(client_secret="s")], {"client-forgotten"}),
        ([refreshed(200, body=NEXT), answered(client_secret="s")], set()),
        ([refused("invalid_target")], {"invalid-target-at-refresh"}),
        ([refused("invalid_request")], {"refresh-wrong-error"}),
        ([refused("unauthorized_client", 401)], {"refresh-wrong-error"}),
        ([refused("invalid_request", client_id="")], set()),
        ([refused("unsupported_grant_type")], set()),
        ([refused("too_many", 429)], set()),
        ([refreshed(400)], set()),
        ([refreshed(502)], {"refresh-server-error"}),
        ([refreshed(None)], set()),
        ([refreshed(200, body={"ok": False, "error": "invalid_refresh_token"})], {"token-error-in-200"}),
        ([refreshed(200, body={"error": "x", "access_token": TWO, "refresh_token": SECOND})], set()),
        ([refreshed(200, body={"access_token": TWO})], {"refresh-token-not-repeated"}),
        ([refreshed(200, body={"access_token": TWO, "refresh_token": FIRST})], set()),
        ([refreshed(200, body={"access_token": TWO, "refresh_token": SECOND})], set()),
    ],
    ids=lambda value: str(value)[-60:],
)
def test_answers(after: list[Exchange], expected: set[str]) -> None:
    """Each answer to a refresh has one meaning."""
    assert fired(*up(*after)) == expected


def test_resource_that_was_sent() -> None:
    """The proof tells which resource was sent, or that none was."""
    assert f"sent `resource` {MCP}" in proofs(*up(refused("invalid_target")))["invalid-target-at-refresh"].happened
    found = proofs(*up(refused("invalid_target", resource="")))["invalid-target-at-refresh"]
    assert "sent no `resource`" in found.happened


def rotated(sent: str = FIRST, brought: str = SECOND) -> Exchange:
    """Give a refresh that brings a new pair."""
    return refreshed(200, sent, {"access_token": TWO, "refresh_token": brought})


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ([rotated(), refused("invalid_grant")], {"refresh-race"}),
        ([rotated(brought=FIRST), refused("invalid_grant")], {"refresh-refused"}),
        ([rotated(), refreshed(400, SECOND, {"error": "invalid_grant"})], {"refresh-refused"}),
        ([rotated(), rotated()], set()),
    ],
    ids=["used twice", "never replaced", "the next one", "taken twice"],
)
def test_race(after: list[Exchange], expected: set[str]) -> None:
    """A race is a second use of a token that was replaced."""
    assert fired(*up(*after)) == expected


@pytest.mark.parametrize(
    ("after", "members", "expected"),
    [
        ([], {"refresh_token": None}, {"refresh-token-missing"}),
        ([], {}, set()),
        ([], {"refresh_token": ""}, {"refresh-token-missing"}),
    ],
)
def test_no_refresh_token(after: list[Exchange], members: dict[str, Any], expected: set[str]) -> None:
    """A token that works and came alone."""
    assert fired(*up(*after, **members)) == expected


def test_no_refresh_token_and_no_use_of_the_token() -> None:
    """As long as the access token opens nothing, another thing is wrong."""
    assert fired(*before(), issued(refresh_token=None)) == set()


def over(status: int = 401, seconds: float = 400.0, **more: Any) -> Exchange:
    """Give a call with a token that is over."""
    return at(seconds, used(status, **{**CALL, **more}))


NEW = [at(401.0, authorize()), at(402.0, issued(TWO, said=held(TWO)))]


@pytest.mark.parametrize(
    ("after", "fires"),
    [
        ([over(), *NEW], True),
        ([over()], True),
        ([over(), at(401.0, rotated()), *NEW], False),
        ([over(), at(401.0, used(token=TWO, said=held(TWO), **CALL))], False),
        ([over(seconds=200.0)], False),
        ([over(verb="GET")], False),
        ([over(403, headers={"www-authenticate": 'Bearer error="insufficient_scope"'})], False),
        ([at(400.0, post(401, SOUND)), *NEW], False),
    ],
    ids=["signs in", "silent", "refreshes", "has another", "not over", "stream", "403", "without token"],
)
def test_refresh_not_attempted(after: list[Exchange], fires: bool) -> None:  # noqa: FBT001
    """A client that has a refresh token, meets a 401 because its token is over, and does not refresh."""
    assert ("refresh-not-attempted" in fired(*up(*after))) is fires
    assert "refresh-not-attempted" not in fired(*up(*after, refresh_token=None))


def severities(*after: Exchange, **members: Any) -> dict[str, str]:
    """Diagnose a connection that is up, and what comes after."""
    return {finding.id: finding.severity for finding in diagnose(timed(*up(*after, **members)))}


@pytest.mark.parametrize(
    ("id", "refusal"),
    [
        ("refresh-refused", refused("invalid_grant")),
        ("invalid-target-at-refresh", refused("invalid_target")),
        ("refresh-wrong-error", refused("invalid_request")),
        ("client-forgotten", refused("invalid_client", 401)),
        ("refresh-server-error", refreshed(502)),
        ("token-error-in-200", refreshed(200, body={"error": "invalid_grant"})),
    ],
)
def test_who_may_go_on_for_a_while_has_not_got_past_a_refusal(id: str, refusal: Exchange) -> None:  # noqa: A002
    """A client that refreshes early works on with the token it has, until that is over and the refusal stops it."""
    assert severities(refusal, used(**CALL), at(400.0, refusal))[id] == "broken"
    assert severities(refusal, used(**CALL))[id] == "harmless"


def test_who_signs_in_anew_does_without_a_refresh_token() -> None:
    """A client that stops when its only token is over is stopped by the missing one; who signs in again is not."""
    again = [
        at(401.0, authorize(location=f"{BACK}?code=2")),
        NEW[1],
        at(403.0, used(token=TWO, said=held(TWO), **CALL)),
    ]
    over_now = [used(**CALL), at(400.0, used(401, **CALL))]
    assert severities(*over_now, refresh_token=None)["refresh-token-missing"] == "broken"
    assert severities(*over_now, *again, refresh_token=None)["refresh-token-missing"] == "harmless"


def test_token_exchange_is_no_refresh() -> None:
    """The rules of refreshing leave the exchange of the code alone."""
    code = form(exchange("token", TOKEN_URL, 400, method="POST", body={"error": "invalid_grant"}), code="‹code 1›")
    assert fired(*before(), code) == set()
