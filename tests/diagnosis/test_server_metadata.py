"""Each rule of the step `server-metadata` fires on what it is about, and not on what only looks like it."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.diagnosis import diagnose
from sandbox.wire.exchange import Exchange
from tests.diagnosis.searches import (
    ISSUER,
    MCP,
    METADATA,
    OAUTH,
    OPENID,
    OPENID_METADATA,
    authorize,
    get,
    guess,
    page,
    register,
    resource,
    went_on,
    without,
)
from tests.exchanges import exchange

SSO = ISSUER + "/sso/authorize"
TENANT = ISSUER + "/tenant1"
TENANT_METADATA = METADATA | {"issuer": TENANT}
ELSEWHERE: dict[str, Any] = {"status": 301, "response_headers": [("location", "https://new.example" + OAUTH)]}
BOT: dict[str, Any] = {
    "response_headers": [("content-type", "text/html"), ("cf-mitigated", "challenge")],
    "status": 403,
}
INNER = {"registration_endpoint": "http://auth:8080/register", "token_endpoint": "http://auth:8080/token"}

Trace = list[Exchange]


def in_vain(*answers: Exchange, issuer: str = ISSUER) -> Trace:
    """Make a search without a document, and the registration at a guess that follows."""
    return [*resource(issuer), *answers, guess()]


def at_path(issuer: str, status: int = 404) -> Trace:
    """Make a search at the three places of an issuer with a path."""
    path = issuer.removeprefix(ISSUER)
    places = (OAUTH + path, OPENID + path, path + OPENID)
    return in_vain(*(get(3 + n, place, status=status) for n, place in enumerate(places)), issuer=issuer)


def found(metadata: object, *later: Exchange, path: str = OAUTH, issuer: str = ISSUER) -> Trace:
    """Make a search that finds a document at once."""
    return [*resource(issuer), get(3, path, metadata), *later]


def openid(metadata: object = OPENID_METADATA, first: Exchange | None = None, *later: Exchange) -> Trace:
    """Make a search that finds a document of OpenID Connect at the second place."""
    return [*resource(), first or get(3), get(4, OPENID, metadata), *later]


BROKEN = [
    pytest.param("issuer-is-endpoint", at_path(SSO), id="endpoint, 404"),
    pytest.param("issuer-is-endpoint", at_path(ISSUER + "/oauth2/token"), id="token endpoint"),
    pytest.param("issuer-is-endpoint", at_path(ISSUER + OAUTH), id="the metadata's own address"),
    pytest.param("issuer-is-endpoint", at_path(SSO, 500), id="endpoint, 500"),
    pytest.param("issuer-is-endpoint", in_vain(page(3, OAUTH + "/sso/authorize"), issuer=SSO), id="endpoint, page"),
    pytest.param("metadata-wrong-place", at_path(TENANT), id="three places of a path"),
    pytest.param("metadata-inserted-only", in_vain(get(3), get(4, OPENID), issuer=TENANT), id="path left out"),
    pytest.param("server-metadata-missing", in_vain(get(3), get(4, OPENID)), id="404 twice"),
    pytest.param("server-metadata-missing", in_vain(get(3)), id="client of one place"),
    pytest.param("server-metadata-missing", in_vain(get(3), get(4, OPENID), issuer=ISSUER + "/"), id="slash"),
    pytest.param("server-metadata-unavailable", in_vain(get(3, status=502)), id="502"),
    pytest.param("server-metadata-unavailable", in_vain(get(3), get(4, OPENID, status=503)), id="404, then 503"),
    pytest.param("metadata-redirected", in_vain(get(3, **ELSEWHERE)), id="redirect"),
    pytest.param("metadata-not-json", in_vain(page(3), page(4, OPENID)), id="pages"),
    pytest.param("metadata-not-json", [*resource(), page(3)], id="page, and silence"),
    pytest.param("metadata-empty", in_vain(get(3, answer={})), id="empty"),
    pytest.param("metadata-empty", in_vain(get(3, answer={"error": "none here"})), id="another object"),
    pytest.param("hostile-endpoint", found(METADATA | {"authorization_endpoint": "javascript:alert(1)"}), id="script"),
    pytest.param("hostile-endpoint", found(METADATA | {"authorization_endpoint": "a:$(x)"}), id="command"),
    pytest.param("endpoint-internal-host", found(METADATA | INNER), id="name without a dot"),
    pytest.param("issuer-mismatch", found(METADATA | {"issuer": ISSUER + "/"}), id="slash in the document"),
    pytest.param("issuer-mismatch", found(METADATA, issuer=ISSUER + "/"), id="slash in the manifest"),
    pytest.param("issuer-mismatch", found(METADATA | {"issuer": "https://old.example"}), id="other host"),
    pytest.param("metadata-field-missing", found(without("token_endpoint"), guess()), id="no token endpoint"),
    pytest.param("metadata-field-missing", openid(METADATA), id="OAuth document at OpenID's place"),
    pytest.param("metadata-field-missing", found(METADATA | {"token_endpoint": None}), id="required and null"),
    pytest.param("metadata-field-null", found(METADATA | {"jwks_uri": None}), id="null"),
    pytest.param("pkce-plain-only", found(METADATA | {"code_challenge_methods_supported": ["plain"]}), id="plain"),
    pytest.param("pkce-not-advertised", found(without("code_challenge_methods_supported")), id="no PKCE"),
    pytest.param(
        "pkce-not-advertised",
        found(without("code_challenge_methods_supported"), register()),
        id="stops when registered",
    ),
]

HARMLESS = [
    pytest.param("metadata-openid-only", openid(), id="OpenID only"),
    pytest.param("metadata-inserted-only", found(TENANT_METADATA, path=OAUTH + "/tenant1", issuer=TENANT), id="path"),
    pytest.param("metadata-redirected", openid(OPENID_METADATA, get(3, **ELSEWHERE)), id="first one redirects"),
    pytest.param("metadata-not-json", openid(OPENID_METADATA, page(3)), id="first one is a page"),
    pytest.param("issuer-mismatch", found(METADATA | {"issuer": ISSUER + "/"}), id="lenient client"),
    pytest.param("metadata-field-missing", found(without("response_types_supported")), id="lenient on fields"),
    pytest.param("metadata-field-null", found(METADATA | {"logo_uri": None}), id="lenient on null"),
    pytest.param("pkce-plain-only", found(METADATA | {"code_challenge_methods_supported": ["plain"]}), id="plain"),
    pytest.param("pkce-not-advertised", found(without("code_challenge_methods_supported")), id="no PKCE"),
]

SOUND = [
    pytest.param(found(METADATA), id="sound"),
    pytest.param(found(OPENID_METADATA | {"response_modes_supported": ["query.jwt"]}), id="unknown values"),
    pytest.param(found(METADATA | {"issuer": SSO}, path=OAUTH + "/sso/authorize", issuer=SSO), id="a true issuer"),
    pytest.param(found(METADATA | {"code_challenge_methods_supported": ["plain", "S256"]}), id="both forms"),
    pytest.param(
        found(
            METADATA | {"registration_endpoint": "https://register.example/"},
        ),
        id="public host elsewhere",
    ),
    pytest.param([*resource(), get(3), get(4, OPENID), get(5, answer=METADATA)], id="there at last"),
]


@pytest.mark.parametrize(("finding", "trace"), BROKEN)
def test_what_stops_a_client_is_named_first(finding: str, trace: Trace) -> None:
    """The failure is named, before everything that follows from it."""
    first = diagnose(trace)[0]
    assert (first.id, first.severity) == (finding, "broken")


@pytest.mark.parametrize(("finding", "trace"), HARMLESS)
def test_what_a_client_puts_up_with_is_harmless(finding: str, trace: Trace) -> None:
    """The same thing is harmless where the client goes on and connects."""
    named = {one.id: one.severity for one in diagnose([*trace, register(8), *went_on()])}
    assert named[finding] == "harmless"
    assert "broken" not in named.values()


@pytest.mark.parametrize("trace", SOUND)
def test_nothing_is_said_of_sound_metadata(trace: Trace) -> None:
    """What a sound authorization server may publish gives no finding of this step."""
    found_here = [one.id for one in diagnose([*trace, register(8), *went_on()]) if one.step == "server-metadata"]
    assert set(found_here) <= {"metadata-inserted-only"}


def test_a_document_that_was_used_is_not_blamed_for_what_fails_later() -> None:
    """A lenient client that registered with the document stopped for another reason."""
    trace = found(METADATA | {"issuer": ISSUER + "/"}, register(4, 400, {"error": "invalid_redirect_uri"}))
    again = get(5, answer=METADATA | {"issuer": ISSUER + "/"})
    assert [(one.id, one.severity) for one in diagnose([*trace, again])] == [
        ("dcr-rejected", "broken"),
        ("issuer-mismatch", "harmless"),
    ]


@pytest.mark.parametrize(
    "trace",
    [
        pytest.param(in_vain(get(3, **BOT), get(4, OPENID, **BOT)), id="bot check"),
        pytest.param(in_vain(get(3, status=429)), id="limit"),
        pytest.param([*resource(), get(3, status=None, ended="unanswered", seconds=30.0)], id="no answer"),
        pytest.param([*resource(), get(3, status=None, ended="dropped")], id="dropped"),
        pytest.param([exchange(1, step="challenge", status=401, url=MCP), get(3), guess()], id="no resource metadata"),
    ],
)
def test_metadata_is_not_called_missing_when_something_else_answered(trace: Trace) -> None:
    """A bot check, a limit and silence say nothing about the metadata, nor does a search at a guess."""
    assert not [one.id for one in diagnose(trace) if one.id.startswith(("server-metadata", "metadata-"))]


def test_a_search_that_goes_on_is_not_judged() -> None:
    """In a trace that grows, the first 404 is no finding while the client may ask at the next place."""
    trace = [*resource(), get(3)]
    assert not diagnose(trace, now=trace[-1].at + 0.1)
    assert [one.id for one in diagnose(trace, now=trace[-1].at + 60)] == ["server-metadata-missing"]


def test_the_endpoint_that_is_named_as_issuer_is_told_with_what_the_client_reports() -> None:
    """The finding of the connection log names the wrong value, each place that was tried, and the misleading end."""
    finding = diagnose(at_path(SSO))[0]
    assert f'"authorization_servers": ["{SSO}"]' in finding.happened
    assert "POST https://logs.example/register, which nobody had named, and was answered 404" in finding.happened
    assert finding.exchanges == (2, 3, 4, 5)
    assert "raindrop.manifest" in finding.change
    assert "WorkOS dashboard" in finding.change


def test_an_inner_host_that_is_reached_is_none() -> None:
    """Endpoints on localhost are right when requests arrive there."""
    local = METADATA | {"registration_endpoint": "http://localhost:7/register"}
    reached = register(4, url="http://localhost:7/register")
    assert "endpoint-internal-host" not in [one.id for one in diagnose([*found(local, reached), authorize()])]


def test_null_as_the_place_to_register_breaks_the_registration() -> None:
    """The finding is placed on the step that it breaks, and does not say that registration is not offered."""
    named = [(one.id, one.step) for one in diagnose(found(METADATA | {"registration_endpoint": None}, guess()))]
    assert named == [("metadata-field-null", "registration")]
