"""Each rule of the step `registration` fires on what it is about, and not on what only looks like it."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.diagnosis import diagnose
from sandbox.wire.exchange import Exchange
from tests.diagnosis.searches import (
    ISSUER,
    METADATA,
    REGISTERED,
    authorize,
    get,
    guess,
    register,
    resource,
    went_on,
    without,
)
from tests.exchanges import exchange

NO_PLACE = without("registration_endpoint")
BASIC_ONLY = METADATA | {"token_endpoint_auth_methods_supported": ["client_secret_basic"]}
HTML = {"response_headers": [("content-type", "text/html")], "response_body": "<html>Back soon.</html>"}

Trace = list[Exchange]


def found(metadata: Any, *later: Exchange) -> Trace:
    """Make a search that finds a document at once."""
    return [*resource(), get(3, answer=metadata), *later]


def refused(status: int, answer: Any = None, **fields: Any) -> Trace:
    """Make a registration that is refused."""
    return found(METADATA, register(4, status, answer or {}, **fields))


def answered(status: int = 201, **changed: Any) -> Trace:
    """Make a registration whose answer has members changed."""
    return found(METADATA, register(4, status, REGISTERED | changed))


def lacking(*names: str) -> Trace:
    """Make a registration whose answer lacks members."""
    return found(METADATA, register(4, answer=without(" ".join(names), REGISTERED)))


BROKEN = [
    pytest.param("dcr-absent", found(NO_PLACE, guess()), id="no place, guessed"),
    pytest.param("dcr-absent", found(NO_PLACE), id="no place, silence"),
    pytest.param("dcr-absent", found(NO_PLACE | {"client_id_metadata_document_supported": True}), id="documents only"),
    pytest.param("dcr-disabled", refused(403, {"error": "dynamic_client_registration_disabled"}), id="off, by code"),
    pytest.param(
        "dcr-disabled",
        refused(400, {"error": "access_denied", "error_description": "Client registration is not enabled"}),
        id="off, by text",
    ),
    pytest.param("dcr-disabled", refused(404, {"message": "Not Found"}), id="not there"),
    pytest.param("dcr-client-refused", refused(403, {"detail": "Approved clients only."}), id="403"),
    pytest.param("dcr-client-refused", refused(401, {"error": "invalid_token"}), id="401"),
    pytest.param("dcr-rejected", refused(400, {"error": "invalid_redirect_uri"}), id="400"),
    pytest.param("dcr-rejected", refused(422, {"error": "invalid_client_metadata"}), id="422"),
    pytest.param("dcr-unavailable", refused(503, **HTML), id="503 with a page"),
    pytest.param("dcr-omits-client-id", lacking("client_id"), id="no client_id"),
    pytest.param("dcr-omits-fields", lacking("grant_types"), id="no grant_types"),
    pytest.param("dcr-null-fields", answered(logo_uri=None), id="null"),
    pytest.param("dcr-empty-fields", answered(client_uri=""), id="empty text"),
]

SOUND = [
    pytest.param(answered(), id="sound"),
    pytest.param(answered(scope="", client_secret_expires_at=0), id="what may be empty"),
    pytest.param(found(METADATA, register(4, request_body='{"redirect_uris": []}')), id="sent little"),
    pytest.param(found(NO_PLACE), id="client_id given by hand"),
    pytest.param(found(METADATA | {"client_id_metadata_document_supported": True}), id="documents"),
]


@pytest.mark.parametrize(("finding", "trace"), BROKEN)
def test_what_stops_a_registration_is_named_first(finding: str, trace: Trace) -> None:
    """The failure is named, at this step, when the client stops."""
    first = diagnose(trace)[0]
    assert (first.id, first.step, first.severity) == (finding, "registration", "broken")


@pytest.mark.parametrize("trace", SOUND)
def test_nothing_is_said_of_a_sound_registration(trace: Trace) -> None:
    """What a sound authorization server may answer gives no finding of this step."""
    assert not [one.id for one in diagnose([*trace, *went_on()]) if one.step == "registration"]


@pytest.mark.parametrize(
    ("finding", "trace"),
    [
        pytest.param("dcr-status-200", answered(200), id="200"),
        pytest.param("dcr-omits-fields", lacking("response_types"), id="lenient on fields"),
        pytest.param("dcr-null-fields", answered(logo_uri=None), id="lenient on null"),
        pytest.param("dcr-empty-fields", answered(client_uri=""), id="lenient on empty texts"),
        pytest.param("dcr-rejected", [*refused(400, {"error": "invalid_redirect_uri"}), register(5)], id="second try"),
    ],
)
def test_an_answer_that_a_client_puts_up_with_is_harmless(finding: str, trace: Trace) -> None:
    """A client that went on to sign in did not stop there, whatever failed later."""
    named = {one.id: one.severity for one in diagnose([*trace, authorize()])}
    assert named[finding] == "harmless"


@pytest.mark.parametrize("odd", [answered(token_endpoint_auth_method=""), lacking("token_endpoint_auth_method")])
def test_a_client_that_could_not_learn_how_to_prove_itself_did_not_get_past_it(odd: Trace) -> None:
    """It went on to sign in, and the token endpoint turned it away; the answer to its registration is why."""
    turned_away = exchange(12, step="token", status=401, answer={"error": "invalid_client"})
    broken = [one for one in diagnose([*odd, authorize(), turned_away]) if one.severity == "broken"]
    assert broken[0].step == "registration"


def test_a_guess_is_no_refusal() -> None:
    """A 404 of /register on the MCP server, where no metadata was found, says nothing about registration."""
    trace = [*resource(), get(3), guess()]
    assert [one.id for one in diagnose(trace)] == ["server-metadata-missing"]


def test_a_method_that_is_not_offered_is_no_fault_of_the_registration() -> None:
    """Who offers one way to authenticate is told so; the refusal only follows from it."""
    trace = found(BASIC_ONLY, register(4, 400, {"error": "invalid_client_metadata"}))
    assert [one.id for one in diagnose(trace)] == ["client-auth-methods"]


def test_a_refusal_tells_what_was_sent_and_what_came() -> None:
    """The person sees the refused redirect URI and the server's own words."""
    finding = diagnose(refused(400, {"error": "invalid_redirect_uri", "error_description": "Must be https."}))[0]
    assert (
        f"POST {ISSUER}/oauth2/register, and was answered 400: invalid_redirect_uri, Must be https. "
        in finding.happened
    )
    assert 'redirect_uris: ["http://localhost:5000/callback"]' in finding.happened
