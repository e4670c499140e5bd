"""A client that comes back to a step and fails at it has not got past it, whatever it found at first."""

from __future__ import annotations

import pytest

from sandbox.diagnosis import diagnose
from sandbox.wire.exchange import Exchange
from tests.diagnosis.exchanges import ISSUER, MCP, PRM, PRM_ROOT, SOUND, exchange, post, prm, server_metadata, trace

ELSEWHERE = "https://mcp.example/.well-known/oauth-protected-resource/old"
FOREIGN = "https://other.example/latest/meta-data"
INNER = "http://10.0.0.7:8080/.well-known/oauth-protected-resource/mcp"


def names(url: str) -> str:
    """Write a challenge with a metadata URL."""
    return f'Bearer resource_metadata="{url}"'


def ask(status: int, challenge: str | None) -> Exchange:
    """Make the request by which some programs find out whether a sign-in is needed."""
    headers = {} if challenge is None else {"www-authenticate": challenge}
    return exchange("challenge", MCP, status, headers=headers)


GUESSES = [
    server_metadata("https://mcp.example/.well-known/oauth-authorization-server", 404),
    exchange("registration", "https://mcp.example/register", 404, method="POST"),
]
"""What a client does at last that takes the MCP server for the authorization server."""

LENIENT = f'Bearer resource_metadata="{ELSEWHERE}", resource_metadata="{PRM}"'
ANONYMOUS = prm(resource=None)

PROBED = [
    pytest.param(
        "challenge-malformed",
        [ask(401, LENIENT), prm()],
        [post(401, LENIENT), prm(ELSEWHERE, 404), *GUESSES],
        id="one part reads a wrong header, the other does not",
    ),
    pytest.param(
        "challenge-metadata-unreachable", [ask(401, names(INNER)), prm()], [post(401, names(INNER))], id="inner host"
    ),
    pytest.param(
        "challenge-metadata-relative",
        [ask(401, names("/prm")), prm()],
        [post(401, names("/prm"))],
        id="relative",
    ),
    pytest.param("challenge-without-header", [ask(401, None), prm()], [post(401)], id="no header"),
    pytest.param("challenge-without-metadata", [ask(401, "Bearer"), prm()], [post(401, "Bearer")], id="no metadata"),
    pytest.param("refused-without-challenge", [ask(403, None), prm()], [post(403)], id="403"),
    pytest.param("challenge-inside-200", [ask(200, SOUND), prm()], [post(200, SOUND)], id="200"),
    pytest.param(
        "metadata-url-foreign",
        [ask(401, names(FOREIGN)), exchange("resource-metadata", FOREIGN, 404), prm()],
        [post(401, names(FOREIGN)), exchange("resource-metadata", FOREIGN, 404), *GUESSES],
        id="another machine",
    ),
    pytest.param(
        "challenge-metadata-dead",
        [ask(401, names(ELSEWHERE)), prm(ELSEWHERE, 404), prm()],
        [post(401, names(ELSEWHERE)), prm(ELSEWHERE, 404), *GUESSES],
        id="nothing there",
    ),
    pytest.param(
        "prm-requires-auth",
        [ask(401, SOUND), prm(PRM, 401), prm(PRM_ROOT)],
        [post(401, SOUND), prm(PRM, 401), *GUESSES],
        id="metadata behind a sign-in",
    ),
    pytest.param(
        "prm-unavailable",
        [ask(401, SOUND), prm(PRM, 503), prm(PRM_ROOT)],
        [post(401, SOUND), prm(PRM, 503), *GUESSES],
        id="metadata out of order",
    ),
    pytest.param(
        "prm-redirected",
        [ask(401, SOUND), exchange("resource-metadata", PRM, 302, headers={"location": "/"}), prm(PRM_ROOT)],
        [post(401, SOUND), exchange("resource-metadata", PRM, 302, headers={"location": "/"}), *GUESSES],
        id="metadata redirected",
    ),
    pytest.param(
        "prm-without-resource", [ask(401, SOUND), ANONYMOUS], [post(401, SOUND), ANONYMOUS, *GUESSES], id="no resource"
    ),
]
"""What a client meets, how its first part gets past it, and how its second part does not."""

FOUND = server_metadata(response_types_supported=["code"])


def first_broken(*exchanges: Exchange) -> str | None:
    """Give what is called broken first."""
    return next((one.id for one in diagnose(trace(*exchanges)) if one.severity == "broken"), None)


@pytest.mark.parametrize(("finding", "probe", "rest"), PROBED)
def test_who_fails_at_it_the_second_time_is_stopped_by_it(
    finding: str, probe: list[Exchange], rest: list[Exchange]
) -> None:
    """A program may look around with one library, and connect with another that knows less."""
    assert first_broken(*probe, FOUND, *rest) == finding


@pytest.mark.parametrize(("finding", "probe", "rest"), PROBED)
def test_who_registered_where_metadata_says_was_not_stopped_by_it(
    finding: str, probe: list[Exchange], rest: list[Exchange]
) -> None:
    """A client that came so far and was refused there asks once more before it gives up; the refusal is why."""
    refusal = exchange("registration", f"{ISSUER}/register", 400, method="POST", body={"error": "invalid_redirect_uri"})
    assert first_broken(*probe, FOUND, refusal, rest[0]) == "dcr-rejected"
    assert finding not in {one.id for one in diagnose(trace(*probe, FOUND, refusal)) if one.severity == "broken"}


@pytest.mark.parametrize(
    ("finding", "met"),
    [
        ("challenge-malformed", [post(401, LENIENT), prm(ELSEWHERE, 404), *GUESSES]),
        ("challenge-metadata-relative", [post(401, names("/prm"))]),
        ("prm-requires-auth", [post(401, SOUND), prm(PRM, 401), *GUESSES]),
        ("prm-without-resource", [post(401, SOUND), ANONYMOUS, *GUESSES]),
    ],
)
def test_who_had_signed_in_before_it_was_there_is_stopped_by_it(finding: str, met: list[Exchange]) -> None:
    """A server that was sound when the client signed in, and is not any more."""
    registered = exchange("registration", f"{ISSUER}/register", 201, method="POST", body={"client_id": "client_1"})
    assert first_broken(post(401, SOUND), prm(), FOUND, registered, *met) == finding
