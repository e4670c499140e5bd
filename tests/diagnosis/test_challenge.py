"""Each rule of the step challenge sees its own failure, and not what only resembles it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sandbox.diagnosis import challenge as of_header
from sandbox.diagnosis import challenge_front as in_front
from sandbox.diagnosis import diagnose
from sandbox.diagnosis.evidence import Evidence
from sandbox.diagnosis.finding import Proof
from sandbox.wire.exchange import Exchange
from tests.diagnosis.exchanges import (
    MCP,
    PRM,
    PRM_ROOT,
    SOUND,
    exchange,
    post,
    prm,
    server_metadata,
    session,
    trace,
)

Look = Callable[[Evidence], Proof | None]

RESULT = {"jsonrpc": "2.0", "id": 1, "result": {}}
ERROR = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32601, "message": "no such method"}}
INNER = "http://10.0.0.7:8080/.well-known/oauth-protected-resource/mcp"
PAGE = {"origin": "http://localhost:6274"}


def names(url: str) -> str:
    """Write a challenge with a metadata URL."""
    return f'Bearer resource_metadata="{url}"'


def to(location: str, status: int, url: str = MCP) -> Exchange:
    """Give an MCP request that is redirected."""
    return post(status, headers={"location": location}, url=url)


GUESSES = [
    server_metadata("https://mcp.example/.well-known/oauth-authorization-server", 404),
    exchange("registration", "https://mcp.example/register", 404, method="POST"),
]
"""What a client does that takes the MCP server for the authorization server, in vain."""

SEEN: list[tuple[Look, list[Exchange]]] = [
    (of_header.challenge_inside_200, [post(200, SOUND, {"error": "no token"})]),
    (of_header.challenge_inside_200, [post(200, None, {"error": "unauthorized"})]),
    (of_header.challenge_without_header, [post(401)]),
    (of_header.challenge_malformed, [post(401, f'Bearer resource_metadata="{PRM_ROOT}", resource_metadata="{PRM}"')]),
    (of_header.challenge_malformed, [post(401, f"Bearer resource_metadata='{PRM}'")]),
    (of_header.challenge_malformed, [post(401, f'resource_metadata="{PRM}"')]),
    (of_header.challenge_not_first, [post(401, f"Negotiate, {SOUND}")]),
    (of_header.challenge_without_metadata, [post(401, "Bearer"), prm()]),
    (of_header.challenge_without_metadata, [post(401, "Bearer")]),
    (of_header.challenge_metadata_relative, [post(401, names("/.well-known/oauth-protected-resource/mcp"))]),
    (of_header.challenge_metadata_unreachable, [post(401, names(INNER)), post(401, names(INNER))]),
    (
        of_header.challenge_metadata_unreachable,
        [post(401, names(INNER)), exchange("resource-metadata", INNER, None), server_metadata(status=404)],
    ),
    (of_header.challenge_metadata_unreachable, [post(401, names(INNER)), *GUESSES]),
    (of_header.challenge_metadata_unreachable, [post(401, names(INNER)), prm(), post(401, names(INNER))]),
    (of_header.challenge_metadata_root, [post(401, names(PRM_ROOT)), prm(PRM_ROOT)]),
    (of_header.challenge_metadata_root, [post(401, names(PRM_ROOT))]),
    (in_front.endpoint_redirected, [to(f"{MCP}/", 301)]),
    (in_front.endpoint_redirected, [to("http://mcp.example/mcp", 302)]),
    (in_front.endpoint_redirected, [to("/api/mcp", 308)]),
    (in_front.refused_without_challenge, [post(403, None, {"error": "csrf"})]),
    (in_front.refused_without_challenge, [to("/login?next=/mcp", 302)]),
    (in_front.transient_auth_failure, [post(403), post(401, SOUND)]),
    (in_front.transient_auth_failure, [post(403), post(200, None, RESULT)]),
    (in_front.auth_advertised_not_required, [prm(), post(200, None, RESULT)]),
]

NOT_SEEN: list[tuple[Look, list[Exchange]]] = [
    (of_header.challenge_inside_200, [post(401, SOUND, {"error": "no token"})]),
    (of_header.challenge_inside_200, [post(200, None, ERROR)]),
    (of_header.challenge_inside_200, [session(200)]),
    (of_header.challenge_inside_200, [post(200, None, {"status": "ok"})]),
    (of_header.challenge_without_metadata, [post(401, f'resource_metadata="{PRM}"'), prm()]),
    (of_header.challenge_metadata_unreachable, [post(401, names("/metadata"))]),
    (in_front.endpoint_redirected, [exchange("challenge", MCP, 307, method="OPTIONS", headers={"location": "/mcp/"})]),
    (in_front.refused_without_challenge, [post(403), post(200, None, RESULT)]),
    (in_front.transient_auth_failure, [post(403), post(401, SOUND, url="https://mcp.example/other")]),
    (in_front.auth_advertised_not_required, [prm(), post(200, None, ERROR)]),
    (in_front.auth_advertised_not_required, [prm(), post(200, SOUND, RESULT)]),
    (in_front.auth_advertised_not_required, [exchange("resource-metadata", PRM, body={}), post(200, None, RESULT)]),
    (of_header.challenge_without_header, [post(401, "")]),
    (of_header.challenge_without_header, [session(401)]),
    (of_header.challenge_without_header, [exchange("challenge", MCP, 401, method="OPTIONS", asked=PAGE)]),
    (of_header.challenge_malformed, [post(401, 'Bearer realm="x", error="y", scope="a b"')]),
    (of_header.challenge_malformed, [post(401, f"{SOUND}, Basic realm=x")]),
    (of_header.challenge_not_first, [post(401, f"{SOUND}, Negotiate")]),
    (of_header.challenge_not_first, [post(401, "Negotiate")]),
    (of_header.challenge_without_metadata, [post(401, SOUND), prm()]),
    (of_header.challenge_without_metadata, [post(401), prm()]),
    (of_header.challenge_without_metadata, [post(401, "Bearer"), prm(status=404), prm(PRM_ROOT, status=404)]),
    (of_header.challenge_metadata_relative, [post(401, SOUND)]),
    (of_header.challenge_metadata_unreachable, [post(401, names(INNER)), prm(INNER, status=404)]),
    (of_header.challenge_metadata_unreachable, [post(401, names(INNER)), prm()]),
    (of_header.challenge_metadata_unreachable, [post(401, names(INNER)), GUESSES[0], server_metadata()]),
    (of_header.challenge_metadata_unreachable, [post(401, names(INNER)), server_metadata()]),
    (of_header.challenge_metadata_unreachable, [post(401, SOUND)]),
    (of_header.challenge_metadata_unreachable, [post(401, names(PRM.replace("example/", "example:443/")))]),
    (of_header.challenge_metadata_root, [post(401, SOUND), prm()]),
    (of_header.challenge_metadata_root, [post(401, names(PRM_ROOT)), prm(PRM_ROOT, resource="https://mcp.example")]),
    (of_header.challenge_metadata_root, [post(401, names(PRM_ROOT)), prm(PRM_ROOT, status=404)]),
    (of_header.challenge_metadata_root, [post(401, names(PRM_ROOT), url="https://mcp.example/"), prm(PRM_ROOT)]),
    (in_front.endpoint_redirected, [to("/login", 302)]),
    (in_front.endpoint_redirected, [post(401, SOUND, headers={"location": f"{MCP}/"})]),
    (in_front.refused_without_challenge, [post(403, SOUND)]),
    (in_front.refused_without_challenge, [post(403), post(401, SOUND)]),
    (in_front.refused_without_challenge, [to(f"{MCP}/", 302)]),
    (in_front.refused_without_challenge, [session(403)]),
    (in_front.transient_auth_failure, [post(403), post(403)]),
    (in_front.transient_auth_failure, [post(403, SOUND), post(401, SOUND)]),
    (in_front.transient_auth_failure, [post(401, SOUND), post(403)]),
    (in_front.auth_advertised_not_required, [prm(), post(401, SOUND)]),
    (in_front.auth_advertised_not_required, [prm(), post(200, None, RESULT), post(401, SOUND)]),
    (in_front.auth_advertised_not_required, [prm(status=404), post(200, None, RESULT)]),
    (in_front.auth_advertised_not_required, [server_metadata(), post(200, None, RESULT)]),
]


@pytest.mark.parametrize(("look", "exchanges"), SEEN)
def test_a_rule_sees_its_failure(look: Look, exchanges: list[Exchange]) -> None:
    """The rule finds it, and shows an exchange that proves it."""
    proof = look(Evidence(trace(*exchanges)))
    assert proof is not None
    assert proof.exchanges


@pytest.mark.parametrize(("look", "exchanges"), NOT_SEEN)
def test_a_rule_leaves_alone_what_only_resembles_it(look: Look, exchanges: list[Exchange]) -> None:
    """A near miss gives nothing."""
    assert look(Evidence(trace(*exchanges))) is None


def severities(*exchanges: Exchange) -> dict[str, str]:
    """Diagnose a trace."""
    return {finding.id: finding.severity for finding in diagnose(trace(*exchanges))}


@pytest.mark.parametrize(
    ("id", "broken"),
    [
        ("challenge-without-header", [post(401)]),
        ("challenge-without-metadata", [post(401, "Bearer")]),
        ("challenge-not-first", [post(401, f"Negotiate, {SOUND}")]),
        ("challenge-malformed", [post(401, f"Bearer resource_metadata='{PRM}'")]),
        ("challenge-metadata-relative", [post(401, names("/metadata"))]),
        ("challenge-inside-200", [post(200, SOUND)]),
        ("refused-without-challenge", [post(403)]),
    ],
)
def test_it_is_broken_until_the_client_finds_the_metadata(id: str, broken: list[Exchange]) -> None:  # noqa: A002
    """A client that stops is stopped by it; one that found the metadata fails of something else."""
    assert severities(*broken)[id] == "broken"
    assert severities(*broken, prm(), server_metadata(status=500))[id] == "harmless"


def test_a_followed_redirect_is_harmless() -> None:
    """The client asked the other spelling, and got its 401 there."""
    assert severities(to(f"{MCP}/", 307))["endpoint-redirected"] == "broken"
    assert severities(to(f"{MCP}/", 307), post(401, SOUND, url=f"{MCP}/"))["endpoint-redirected"] == "harmless"
    assert severities(to(f"{MCP}/", 307), post(404, url=f"{MCP}/"))["endpoint-redirected"] == "broken"


def test_a_redirect_from_https_to_http_is_named() -> None:
    """The reader is told what is dangerous about it."""
    proof = in_front.endpoint_redirected(Evidence(trace(to("http://mcp.example/mcp/", 307))))
    assert proof is not None
    assert "from https to http" in proof.happened
    proof = in_front.endpoint_redirected(Evidence(trace(to(f"{MCP}/", 307))))
    assert proof is not None
    assert "from https to http" not in proof.happened


@pytest.mark.parametrize(
    ("look", "exchanges"),
    [
        (in_front.refused_without_challenge, [post(403)]),
        (of_header.challenge_without_metadata, [post(401, "Bearer")]),
        (of_header.challenge_metadata_unreachable, [post(401, names(INNER))]),
    ],
)
def test_what_came_just_now_is_waited_for(look: Look, exchanges: list[Exchange]) -> None:
    """While a trace grows, silence means something only after a while."""
    seen = trace(*exchanges)
    assert look(Evidence(seen, now=seen[-1].at + 0.1)) is None
    assert look(Evidence(seen, now=seen[-1].at + 60)) is not None
