"""What the diagnosis says of the first requests with a token."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.wire.exchange import Exchange
from tests.diagnosis.exchanges import ISSUER, MCP, exchange, post, prm, server_metadata
from tests.diagnosis.tokens import before, fired, held, issued, keys, proofs, used

OTHER = "https://billing.example/mcp"
GONE = {"www-authenticate": 'Bearer error="invalid_token", error_description="The token has expired"'}


def refused(said: dict[str, Any] | None = None, *after: Exchange, status: int = 401, **more: Any) -> list[Exchange]:
    """Give a connection whose first request with a token is refused."""
    given = held() if said is None else said
    return [*before(), issued(said=given), used(status, said=given, **more), *after]


@pytest.mark.parametrize(
    ("said", "after", "expected"),
    [
        (held(exp=-10), [keys("key-1")], "token-expired"),
        (held(iat=20), [keys("key-1")], "token-not-yet-valid"),
        (held(nbf=20), [keys("key-1")], "token-not-yet-valid"),
        (held(aud=None), [keys("key-1")], "audience-missing"),
        (held(aud=OTHER), [keys("key-1")], "wrong-audience"),
        (held(aud=["client_1", OTHER]), [keys("key-1")], "wrong-audience"),
        (held(aud=f"{MCP}/"), [], None),
        (held(kid="key-2"), [keys("key-1")], "unknown-signing-key"),
        (held(kid="key-2"), [keys()], "unknown-signing-key"),
        (held(iss="https://old.example"), [keys("key-1")], "wrong-issuer"),
        (held(), [keys("key-1", url="https://old.example/jwks")], "wrong-issuer"),
        ({}, [], "opaque-token"),
        ({}, [exchange("introspection", f"{ISSUER}/introspection", asker="log-aggregator")], None),
        (held(), [keys("key-1")], "fresh-token-rejected"),
        (held(exp=90_000), [keys("key-1")], "fresh-token-rejected"),
        (held(), [], "fresh-token-rejected"),
    ],
    ids=str,
)
def test_refused_token(said: dict[str, Any], after: list[Exchange], expected: str | None) -> None:
    """Exactly one rule says why a new token got 401."""
    assert fired(*refused(said, *after)) == ({expected} if expected else set())


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (held(iat=1), set()),
        (held(aud=f"{MCP}/"), set()),
        (held(aud=["client_1", MCP]), set()),
        (held(aud=OTHER), {"audience-not-checked"}),
        (held(aud=None), {"audience-not-checked"}),
        ({}, set()),
    ],
    ids=str,
)
def test_accepted_token(said: dict[str, Any], expected: set[str]) -> None:
    """What is taken is only suspicious when it was for somebody else."""
    assert fired(*before(), issued(said=said), used(said=said)) == expected


def test_audience_at_an_open_server() -> None:
    """A server that asks nobody for a token is not blamed for what it takes."""
    assert fired(post(200), prm(), issued(said=held(aud=OTHER)), used(said=held(aud=OTHER))) == set()


def test_token_of_an_earlier_run() -> None:
    """A token that was kept and has run out in the meantime is nothing strange."""
    assert fired(post(401), used(401, said=held(exp=-3600))) == set()


def test_token_that_runs_out_on_the_way() -> None:
    """A token that was good when it was issued has not come expired."""
    assert fired(*refused(held(exp=0.55), keys("key-1"))) == set()


def test_key_known_from_before() -> None:
    """The keys that were read last count, also for a later request."""
    again = used(401, "‹access_token 22222222›", said=held("‹access_token 22222222›", "key-2"), method="tools/list")
    renewed = issued("‹access_token 22222222›", said=held("‹access_token 22222222›", "key-2"))
    found = proofs(*before(), issued(), used(), keys("key-1"), renewed, again)
    assert set(found) == {"unknown-signing-key"}
    assert found["unknown-signing-key"].step == "messages"
    assert "last read in exchange 7" in found["unknown-signing-key"].happened


def test_keys_of_another_host_by_the_metadata() -> None:
    """An authorization server may publish its keys on another host, if its metadata says so."""
    metadata = server_metadata(jwks_uri="https://keys.example/jwks")
    connection = [post(401), prm(), metadata, issued(), used(401), keys("key-1", url="https://keys.example/jwks")]
    assert fired(*connection) == {"fresh-token-rejected"}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"headers": GONE}, {"clock-skew"}),
        ({"headers": {"date": "Thu, 01 Jan 1970 00:10:00 GMT"}}, {"clock-skew"}),
        ({"headers": {"date": "Thu, 01 Jan 1970 00:00:01 GMT"}}, {"fresh-token-rejected"}),
        ({"headers": {"date": "yesterday"}}, {"fresh-token-rejected"}),
        ({"scheme": "bearer"}, {"bearer-case-sensitive"}),
        ({"scheme": "bearer", "said": held(aud=OTHER)}, {"wrong-audience"}),
    ],
    ids=str,
)
def test_how_it_was_refused(more: dict[str, Any], expected: set[str]) -> None:
    """The answer's own words and clock, and how the token was sent, tell refusals of sound tokens apart."""
    said = more.pop("said", held())
    assert fired(*refused(said, **more)) == expected


def test_lower_case_that_is_taken() -> None:
    """A server that takes `bearer` is sound."""
    assert fired(*before(), issued(), used(scheme="bearer")) == set()


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"status": 403, "body": "error code: 1010"}, {"blocked-at-edge"}),
        ({"status": 403, "headers": {"cf-mitigated": "block"}}, {"blocked-at-edge"}),
        ({"status": 403, "body": "Audiences in Jwt are not allowed"}, {"fresh-token-forbidden"}),
        ({"status": 403, "headers": {"www-authenticate": 'Bearer error="insufficient_scope"'}}, set()),
        ({"status": 403, "body": "Invalid Host header"}, {"host-refused"}),
        ({"status": 421, "body": "Misdirected"}, {"host-refused"}),
        ({"status": 400, "body": "Bad Request"}, set()),
        ({"status": 500, "body": "Internal Server Error"}, {"service-crashes"}),
        ({"status": 503, "body": "Service Unavailable"}, set()),
    ],
    ids=str,
)
def test_other_refusals(more: dict[str, Any], expected: set[str]) -> None:
    """Who refused is told by the status and the words."""
    assert fired(*refused(**more)) == expected


def test_crash_without_a_token_too() -> None:
    """A server that fails without a token as well does not fall over the token."""
    assert "service-crashes" not in fired(post(500), issued(), used(500))


def error(message: str, code: int = -32602, **data: Any) -> dict[str, Any]:
    """Give a JSON-RPC error."""
    return {"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": message, **data}}


PROPOSED = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-11-25"}}
HEADER = {"mcp-protocol-version": "2025-11-25"}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"status": 400, "body": error("Unsupported protocol version")}, {"protocol-version-refused"}),
        ({"status": 200, "body": error("Unsupported protocolVersion")}, {"protocol-version-refused"}),
        ({"status": 400, "body": error("Missing params")}, set()),
        ({"status": 400, "body": error("Unsupported protocol version"), "method": "server/discover"}, set()),
        ({"status": 400, "body": error("MCP-Protocol-Version is required")}, {"protocol-version-header-demanded"}),
        ({"status": 400, "body": "missing mcp-protocol-version"}, {"protocol-version-header-demanded"}),
        ({"status": 400, "body": error("Bad MCP-Protocol-Version"), "asked": HEADER}, {"protocol-version-refused"}),
    ],
    ids=str,
)
def test_versions(more: dict[str, Any], expected: set[str]) -> None:
    """A refused proposal is told from a demanded header, and both from other refusals of `initialize`."""
    assert fired(*before(), issued(), used(request=PROPOSED, **more)) == expected


def test_version_that_was_proposed() -> None:
    """The proof names the version that the client had proposed."""
    found = proofs(*before(), issued(), used(400, request=PROPOSED, body=error("Unsupported protocol version")))
    assert "version 2025-11-25 and got 400" in found["protocol-version-refused"].happened


def test_shown_secret() -> None:
    """A token that is shown whole is followed like one that is taken out."""
    assert fired(*before(), issued("plain", said={}), used(401, "plain", said={})) == {"opaque-token"}
