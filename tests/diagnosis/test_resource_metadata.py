"""Each rule of the step resource-metadata sees its own failure, and not what only resembles it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.diagnosis import diagnose
from sandbox.diagnosis import resource_metadata as at_place
from sandbox.diagnosis import resource_metadata_document as in_document
from sandbox.diagnosis.evidence import Evidence
from sandbox.diagnosis.finding import Proof
from sandbox.diagnosis.places import Relation, relation, well_known
from sandbox.wire.exchange import Exchange
from tests.diagnosis.exchanges import (
    ISSUER,
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

API = "https://mcp.example/.well-known/oauth-protected-resource/api/mcp"
OWN = "https://mcp.example/about.json"
INNER = "http://169.254.169.254/latest/meta-data/"
REGISTER = "https://mcp.example/register"


def names(url: str) -> Exchange:
    """Give a 401 that names a metadata URL."""
    return post(401, f'Bearer resource_metadata="{url}"')


def answered(status: int, url: str = PRM, **more: Any) -> Exchange:
    """Give an answer where the metadata was asked."""
    return exchange("resource-metadata", url, status, **more)


SOUND_401 = post(401, SOUND)
PAGE = answered(200, body="<!doctype html>", headers={"content-type": "text/html"})
LOST = exchange("registration", REGISTER, 404, method="POST")

ELSEWHERE = server_metadata("https://other.example/.well-known/oauth-authorization-server", 404)
"""A sign that the recording holds what other servers were asked, too."""

SEEN: list[tuple[Look, list[Exchange]]] = [
    (at_place.prm_missing, [SOUND_401, answered(404), LOST]),
    (at_place.prm_missing, [post(401, "Bearer"), answered(404), answered(404, PRM_ROOT)]),
    (at_place.prm_missing, [SOUND_401, PAGE]),
    (at_place.prm_missing, [names(API), answered(404, API), answered(404)]),
    (at_place.challenge_metadata_dead, [names(API), answered(404, API), prm()]),
    (at_place.challenge_metadata_dead, [names(API), answered(404, API), LOST]),
    (at_place.challenge_metadata_dead, [SOUND_401, answered(404), prm(PRM_ROOT)]),
    (at_place.metadata_url_foreign, [names(INNER), answered(404, INNER)]),
    (at_place.metadata_url_foreign, [names(INNER), answered(200, INNER, body={"resource": "https://else.example"})]),
    (at_place.prm_custom_location, [names(OWN), prm(OWN)]),
    (at_place.prm_requires_auth, [SOUND_401, answered(401)]),
    (at_place.prm_requires_auth, [SOUND_401, answered(403), prm(PRM_ROOT)]),
    (at_place.prm_unavailable, [SOUND_401, answered(503)]),
    (at_place.metadata_redirected, [SOUND_401, answered(302, headers={"location": INNER})]),
    (in_document.prm_without_resource, [SOUND_401, prm(resource=None)]),
    (in_document.prm_without_authorization_servers, [SOUND_401, prm(authorization_servers=None)]),
    (in_document.prm_without_authorization_servers, [SOUND_401, prm(authorization_servers=[])]),
    (in_document.resource_trailing_slash, [SOUND_401, prm(resource=f"{MCP}/")]),
    (in_document.resource_http_scheme, [SOUND_401, prm(resource="http://mcp.example/mcp")]),
    (
        in_document.resource_loopback_alias,
        [post(401, "Bearer", url="http://localhost:80/mcp"), prm(resource="http://127.0.0.1/mcp")],
    ),
    (in_document.resource_is_origin, [SOUND_401, prm(resource="https://mcp.example")]),
    (in_document.resource_mismatch, [SOUND_401, prm(resource="https://old.example/mcp")]),
    (in_document.resource_mismatch, [SOUND_401, prm(resource="urn:mcp")]),
    (in_document.scope_list_empty, [SOUND_401, prm(scopes_supported=[])]),
    (in_document.authorization_server_unreached, [SOUND_401, prm(), ELSEWHERE]),
    (in_document.authorization_server_unreached, [SOUND_401, prm(), ELSEWHERE, LOST]),
]

NOT_SEEN: list[tuple[Look, list[Exchange]]] = [
    (at_place.prm_missing, [SOUND_401, prm()]),
    (at_place.prm_missing, [post(401, "Bearer"), answered(404), prm(PRM_ROOT)]),
    (at_place.prm_missing, [SOUND_401, answered(404), answered(401, PRM_ROOT)]),
    (at_place.prm_missing, [names(API), answered(404, API), LOST]),
    (at_place.prm_missing, [names(INNER), answered(404, INNER)]),
    (at_place.prm_missing, [SOUND_401, LOST]),
    (at_place.challenge_metadata_dead, [SOUND_401, answered(404), LOST]),
    (at_place.challenge_metadata_dead, [names(API), prm(API)]),
    (at_place.challenge_metadata_dead, [names(API), answered(404, API), answered(404)]),
    (at_place.challenge_metadata_dead, [names(API), names(OWN), answered(404, API), prm()]),
    (at_place.metadata_url_foreign, [SOUND_401, answered(404)]),
    (at_place.metadata_url_foreign, [names(INNER), answered(200, INNER, body={"resource": MCP})]),
    (at_place.metadata_url_foreign, [names(INNER), prm()]),
    (at_place.prm_custom_location, [SOUND_401, prm()]),
    (at_place.prm_custom_location, [names(PRM_ROOT), prm(PRM_ROOT)]),
    (at_place.prm_custom_location, [names(OWN), answered(404, OWN), prm()]),
    (at_place.prm_requires_auth, [SOUND_401, answered(404)]),
    (at_place.prm_unavailable, [SOUND_401, answered(404)]),
    (at_place.metadata_redirected, [SOUND_401, answered(304)]),
    (at_place.metadata_redirected, [SOUND_401, server_metadata(status=302)]),
    (in_document.prm_without_resource, [SOUND_401, prm()]),
    (in_document.prm_without_resource, [SOUND_401, prm(resource=None, authorization_servers=None)]),
    (in_document.prm_without_authorization_servers, [SOUND_401, prm(authorization_servers=None), prm(PRM_ROOT)]),
    (in_document.resource_trailing_slash, [SOUND_401, prm()]),
    (in_document.resource_trailing_slash, [post(307), post(401, SOUND, url=f"{MCP}/"), prm(resource=f"{MCP}/")]),
    (
        in_document.resource_trailing_slash,
        [post(401, "Bearer", url="https://a.example/"), prm(resource="https://a.example")],
    ),
    (in_document.resource_http_scheme, [SOUND_401, prm(resource="http://mcp.example:8080/mcp")]),
    (in_document.resource_http_scheme, [post(401, url="http://a.example/mcp"), prm(resource="https://a.example/mcp")]),
    (in_document.resource_loopback_alias, [post(401, url="http://localhost:1/"), prm(resource="http://127.0.0.1:2/")]),
    (in_document.resource_is_origin, [post(401, url="https://a.example/"), prm(resource="https://a.example")]),
    (in_document.resource_is_origin, [SOUND_401, prm(resource="https://other.example")]),
    (in_document.resource_mismatch, [SOUND_401, prm(resource="https://MCP.example:443/mcp")]),
    (in_document.resource_mismatch, [post(401, SOUND, url=f"{MCP}?team=7"), prm()]),
    (in_document.resource_mismatch, [SOUND_401, prm(resource=None)]),
    (in_document.scope_list_empty, [SOUND_401, prm()]),
    (in_document.authorization_server_unreached, [SOUND_401, prm(), server_metadata(status=404)]),
    (in_document.authorization_server_unreached, [SOUND_401, prm(authorization_servers=["http://auth.example"])]),
    (in_document.authorization_server_unreached, [SOUND_401, prm(resource="https://old.example/mcp")]),
    (in_document.authorization_server_unreached, [SOUND_401, prm(), ELSEWHERE, session()]),
    (in_document.authorization_server_unreached, [SOUND_401, prm()]),  # the recording holds one side alone
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


@pytest.mark.parametrize(
    ("resource", "url", "expected"),
    [
        (MCP, MCP, "same"),
        ("https://mcp.example:443/mcp", MCP, "same"),
        (MCP, f"{MCP}?a=b", "same"),
        ("https://mcp.example", "https://mcp.example/", "same"),
        (f"{MCP}/", MCP, "trailing-slash"),
        ("https://mcp.example/", MCP, "origin"),
        ("http://mcp.example/mcp/", MCP, "http-scheme"),
        ("http://[::1]:1/mcp", "http://localhost:1/mcp", "loopback-alias"),
        ("https://mcp.example/api", MCP, "other"),
        ("https://mcp.example:99999/mcp", MCP, "other"),
        ("http://[", MCP, "other"),
        ("mcp.example/mcp", MCP, "other"),
    ],
)
def test_a_resource_is_compared_as_urls_are(resource: str, url: str, expected: Relation) -> None:
    """Letters of the host and the scheme's own port mean nothing; all else does."""
    assert relation(resource, url) == expected


def test_the_path_goes_behind_the_well_known_part() -> None:
    """RFC 9728, section 3.1: without the query and the slash at the end."""
    assert well_known(f"{MCP}/?a=b") == PRM
    assert well_known("https://mcp.example/") == PRM_ROOT


def severity(id: str, *exchanges: Exchange) -> str:  # noqa: A002
    """Diagnose a trace and give how bad a finding is."""
    return next(finding.severity for finding in diagnose(trace(*exchanges)) if finding.id == id)


def test_a_compared_resource_is_broken_when_the_client_stops_before_registering() -> None:
    """Some clients read the authorization server's metadata first, and compare then."""
    seen = [SOUND_401, prm(resource="https://old.example/mcp")]
    registered = exchange("registration", f"{ISSUER}/register", 403, method="POST")
    assert severity("resource-mismatch", *seen) == "broken"
    assert severity("resource-mismatch", *seen, server_metadata()) == "broken"
    assert severity("resource-mismatch", *seen, server_metadata(status=500)) == "harmless"
    assert severity("resource-mismatch", *seen, server_metadata(registration_endpoint=None)) == "harmless"
    assert severity("resource-mismatch", *seen, server_metadata(), registered) == "harmless"
    assert severity("resource-mismatch", *seen, LOST) == "broken"


def test_a_slash_that_gets_into_the_token_breaks_the_session() -> None:
    """The token is for the spelling of the metadata, and the server that expects its own refuses it."""
    resource = f"{MCP}/"
    begun = [SOUND_401, prm(resource=resource), server_metadata(), exchange("token", f"{ISSUER}/token", method="POST")]
    for_slash = {"‹access_token 1›": {"header": {}, "claims": {"aud": [resource]}}}
    assert severity("resource-trailing-slash", *begun, session(401, held=for_slash)) == "broken"
    assert severity("resource-trailing-slash", *begun, session(200, held=for_slash)) == "harmless"
    assert severity("resource-trailing-slash", *begun, session(401)) == "harmless"


def test_missing_metadata_is_harmless_for_a_client_of_march_2025() -> None:
    """It found the authorization server on the MCP server's own host, or registered there unasked."""
    seen = [post(401, "Bearer"), answered(404), answered(404, PRM_ROOT)]
    own = server_metadata("https://mcp.example/.well-known/oauth-authorization-server")
    registered = exchange("registration", REGISTER, 201, method="POST", body={"client_id": "1"})
    assert severity("prm-missing", *seen, LOST) == "broken"
    assert severity("prm-missing", *seen, own) == "harmless"
    assert severity("prm-missing", *seen, registered) == "harmless"


def test_a_client_that_may_still_look_elsewhere_is_waited_for() -> None:
    """One 404 just now says nothing yet."""
    exchanges = trace(SOUND_401, answered(404))
    soon, late = exchanges[-1].at + 0.1, exchanges[-1].at + 60
    assert at_place.prm_missing(Evidence(exchanges, now=soon)) is None
    assert at_place.prm_missing(Evidence(exchanges, now=late)) is not None


def test_nothing_is_said_of_a_server_that_was_named_just_now() -> None:
    """The request to the authorization server may be on its way."""
    exchanges = trace(SOUND_401, ELSEWHERE, prm())
    assert in_document.authorization_server_unreached(Evidence(exchanges, now=exchanges[-1].at + 0.1)) is None
