"""Each rule of the step `authorization` fires on what it is about, and not on what only looks like it."""

from __future__ import annotations

import pytest

from sandbox.wire.exchange import Exchange
from tests.diagnosis.sign_ins import (
    CALLBACK,
    ISSUER,
    authorize,
    back,
    discovery,
    failed,
    found,
    members,
    refused,
    signed_in,
    token,
    used,
    visit,
)
from tests.exchanges import exchange

DOCUMENT = "https://client.example/metadata.json"
ERROR_PAGE = f"{ISSUER}/error?error="
PROMISE = {"authorization_response_iss_parameter_supported": True}

OPENING = token(answer=members(access_token="‹access_token 01020304›"))
"""The answer that brings the token which is used."""

Trace = list[Exchange]


def page(text: str, status: int = 400) -> Exchange:
    """Make an authorization request that is answered with a page."""
    return authorize(location=None, status=status, response_body=f"<style>p {{}}</style><p>{text}</p>")


def error_page(code: str, **asked: str) -> Trace:
    """Make a sign-in that is led to a page of the server with an error code in its address."""
    return [authorize(location=ERROR_PAGE + code, asked=asked), visit(5, ERROR_PAGE + code)]


def step_up() -> Trace:
    """Make a first sign-in that works, a 403 that asks for a scope, and a second one that is refused."""
    forbidden = exchange(
        9,
        step="messages",
        status=403,
        response_headers=[("www-authenticate", 'Bearer error="insufficient_scope", scope="logs:read"')],
    )
    return [*discovery(), *signed_in(), token(), used()[0], forbidden, failed("invalid_scope", number=10, state="b")]


def again(number: int) -> Exchange:
    """Make the redirect that ends a second sign-in, with a code of its own."""
    return back(number, code="b-code", state="b")


def unknown(why: str) -> Exchange:
    """Make a token request with a secret, refused as that of a client that is not known, or for what is said."""
    answer = {"error": "invalid_client", "error_description": why}
    return token(status=401, answer=answer, form={"client_secret": "‹client_secret 0a0a0a0a›"})


BROKEN = [
    pytest.param("access-denied", [*discovery(), failed("access_denied")], id="access_denied"),
    pytest.param("authorize-server-error", [*discovery(), failed("server_error")], id="server_error"),
    pytest.param("authorize-server-error", [*discovery(), failed("temporarily_unavailable")], id="unavailable"),
    pytest.param("resource-refused", [*discovery(), failed("invalid_target")], id="invalid_target"),
    pytest.param("scope-refused", [*discovery(), failed("invalid_scope")], id="invalid_scope"),
    pytest.param("authorization-refused", [*discovery(), failed("unauthorized_client")], id="another error"),
    pytest.param("redirect-uri-mismatch", [*discovery(), *error_page("invalid_redirect_uri")], id="code of a page"),
    pytest.param("redirect-uri-mismatch", [*discovery(), page("Invalid parameter: redirect_uri")], id="text of a page"),
    pytest.param(
        "redirect-uri-mismatch",
        [*discovery(registration={"redirect_uris": ["http://localhost:1/callback"]}), page("Bad request")],
        id="not registered",
    ),
    pytest.param(
        "redirect-uri-mismatch", [*discovery(), failed("redirect_uri_mismatch")], id="redirect_uri_mismatch sent back"
    ),
    pytest.param(
        "cimd-unreadable",
        [*discovery(registration=False), *error_page("invalid_client_metadata", client_id=DOCUMENT)],
        id="document unreadable",
    ),
    pytest.param(
        "cimd-unreadable",
        [*discovery(registration=False), *error_page("invalid_client", client_id=DOCUMENT)],
        id="document unknown",
    ),
    pytest.param("client-forgotten", [*discovery(), *error_page("application_not_found")], id="unknown client, page"),
    pytest.param("client-forgotten", [*discovery(), page("Client not found.")], id="unknown client, text"),
    pytest.param(
        "client-forgotten",
        [*discovery(registration={"redirect_uris": ["http://localhost:1/callback"]}), page("Client not found.")],
        id="unknown client, another port",
    ),
    pytest.param(
        "client-forgotten", [*discovery(), *signed_in(), refused("invalid_client", status=401)], id="at the token"
    ),
    pytest.param("authorize-error-page", [*discovery(), page("Something went wrong", 500)], id="500"),
    pytest.param("authorize-error-page", [*discovery(), page("Bad request", 400)], id="400 that says nothing"),
    pytest.param("state-mismatch", [*discovery(), authorize(), back(state="another")], id="another state"),
    pytest.param("state-mismatch", [*discovery(), authorize(), back(state=None)], id="no state"),
    pytest.param("iss-mismatch", [*discovery(), authorize(), back(iss="https://evil.example")], id="another iss"),
    pytest.param("iss-mismatch", [*discovery(), authorize(), back(iss=f"{ISSUER}/")], id="a slash more"),
    pytest.param("iss-missing", [*discovery(PROMISE), authorize(), back()], id="iss missing"),
    pytest.param("callback-unreachable", [*discovery(), *signed_in()], id="code not exchanged"),
    pytest.param(
        "callback-unreachable",
        [*discovery(), authorize(), back(to="http://127.0.0.2:5000/callback")],
        id="sent to another address",
    ),
    pytest.param(
        "callback-unreachable",
        [*discovery(), authorize(asked={"state": None}), back(to="http://[::1]:5000/callback", state=None)],
        id="sent to another address, without a state",
    ),
    pytest.param(
        "callback-unreachable",
        [*discovery(), *signed_in(), OPENING, *used(), authorize(10, asked={"state": "b"}), again(11)],
        id="a second code not exchanged, where the first token worked",
    ),
    *(
        pytest.param("client-forgotten", [*discovery(), *signed_in(), unknown(why)], id=why)
        for why in ("Application not found.", "No such client", "Client with id 'c' does not exist", "unknown client")
    ),
]

SOUND = [
    pytest.param("access-denied", [*discovery(), failed("server_error")], id="another error"),
    pytest.param("authorize-server-error", [*discovery(), failed("access_denied")], id="nobody failed"),
    pytest.param("resource-refused", [*discovery(), failed("invalid_scope")], id="the scope"),
    pytest.param("scope-refused", step_up(), id="asked for by a 403"),
    pytest.param("authorization-refused", [*discovery(), failed("access_denied")], id="explained"),
    pytest.param(
        "authorization-refused",
        [*discovery(), authorize(location="https://other.example/sign-in?error=retry")],
        id="an error that goes elsewhere",
    ),
    pytest.param("redirect-uri-mismatch", [*discovery(), *error_page("application_not_found")], id="the client"),
    pytest.param("redirect-uri-mismatch", [*discovery(), page("Bad request")], id="registered"),
    pytest.param(
        "redirect-uri-mismatch",
        [*discovery(registration={"redirect_uris": ["http://localhost:1/callback"]}), page("Oops", 500)],
        id="not registered, but the server failed",
    ),
    pytest.param(
        "redirect-uri-mismatch",
        [*discovery(registration={"redirect_uris": ["http://localhost/callback"]}), *signed_in(), token()],
        id="another port, accepted",
    ),
    pytest.param("cimd-unreadable", [*discovery(), *error_page("invalid_client")], id="no document"),
    pytest.param(
        "cimd-unreadable",
        [*discovery(registration=False), *error_page("invalid_redirect_uri", client_id=DOCUMENT)],
        id="the redirect URI of a document",
    ),
    pytest.param(
        "client-forgotten",
        [*discovery(), *signed_in(), refused("invalid_client", form={"client_secret": "‹client_secret 0a0a0a0a›"})],
        id="a secret is refused",
    ),
    *(
        pytest.param("client-forgotten", [*discovery(), *signed_in(), unknown(why)], id=why)
        for why in (
            "Invalid client secret.",
            "The client secret was not found.",
            "Client authentication failed (e.g., unknown client, no client authentication included)",
        )
    ),
    pytest.param("client-forgotten", [*discovery(), *signed_in(), refused("invalid_grant")], id="the code is refused"),
    pytest.param(
        "client-forgotten",
        [*discovery(), *signed_in(), refused("invalid_client"), authorize(8, asked={"state": "b"}), back(9, state="b")],
        id="known later",
    ),
    pytest.param("authorize-error-page", [*discovery(), *error_page("invalid_redirect_uri")], id="explained page"),
    pytest.param("authorize-error-page", [*discovery(), authorize(), visit(5, f"{ISSUER}/sign-in")], id="still there"),
    pytest.param(
        "authorize-error-page",
        [*discovery(), page("Wait", 503), authorize(5), back(6), token()],
        id="the same request again, and well",
    ),
    pytest.param(
        "authorize-error-page", [*discovery(), authorize(location=None, status=None, ended="dropped")], id="no answer"
    ),
    pytest.param(
        "state-mismatch", [*discovery(), authorize(asked={"state": None}), back(state=None)], id="no state was sent"
    ),
    pytest.param("iss-mismatch", [*discovery(), authorize(), back(iss=ISSUER)], id="the same iss"),
    pytest.param("iss-mismatch", [authorize(), back(iss=ISSUER)], id="no metadata to compare with"),
    pytest.param("iss-missing", [*discovery(), authorize(), back()], id="not promised"),
    pytest.param("iss-missing", [*discovery(PROMISE), authorize(), back(iss=ISSUER)], id="kept"),
    pytest.param("consent-skipped", [*discovery(), *signed_in(), token()], id="a page was shown"),
    pytest.param(
        "consent-skipped",
        [*discovery(registration=False), authorize(location=f"{CALLBACK}?code=a-code&state=a-state"), token()],
        id="not a new client",
    ),
    pytest.param(
        "consent-skipped",
        [
            *discovery(),
            *signed_in(),
            token(),
            authorize(8, f"{CALLBACK}?code=b-code&state=b", {"state": "b"}),
            token(9, {"code": "b-code"}),
        ],
        id="asked at the first time",
    ),
    pytest.param("callback-unreachable", [*discovery(), *signed_in(), token()], id="exchanged"),
    pytest.param(
        "callback-unreachable",
        [*discovery(), *signed_in(), token(status=None, ended="dropped")],
        id="exchanged, and dropped",
    ),
    pytest.param(
        "callback-unreachable", [*discovery(), authorize(), back(state="another")], id="refused for its state"
    ),
    pytest.param("callback-unreachable", [*discovery(PROMISE), authorize(), back()], id="refused for want of iss"),
    pytest.param("callback-unreachable", signed_in(), id="only the browser was recorded"),
    pytest.param(
        "callback-unreachable",
        [*discovery(), *signed_in(), OPENING, *used(status=401), authorize(10, asked={"state": "b"}), again(11)],
        id="asked once more after a token was refused",
    ),
    *(
        pytest.param(
            "callback-unreachable",
            [*discovery(), authorize(asked={"state": None}), back(to=there, state=state)],
            id=f"another's way back: {there} {state}",
        )
        for there, state in (("http://localhost:7000/callback", None), ("http://127.0.0.1:5000/callback", "its own"))
    ),
    pytest.param(
        "callback-unreachable",
        [*discovery({"token_endpoint": "https://tokens.example/token"}), *signed_in()],
        id="the token endpoint was not recorded",
    ),
]


@pytest.mark.parametrize(("finding", "trace"), BROKEN)
def test_the_failure_is_named_first(finding: str, trace: Trace) -> None:
    """Nothing but the failure is said to be broken, and nothing that follows from it."""
    assert [(one.id, one.severity) for one in found("authorization", trace) if one.severity == "broken"] == [
        (finding, "broken")
    ]


@pytest.mark.parametrize(("finding", "trace"), SOUND)
def test_what_only_looks_like_it_is_not_named(finding: str, trace: Trace) -> None:
    """A rule that does not apply stays silent."""
    assert finding not in {one.id for one in found("authorization", trace)}


def test_a_code_without_a_question_is_risky_where_the_client_is_new() -> None:
    """It works, so it is not broken; and a colleague could be made to click."""
    at_once = authorize(location=f"{CALLBACK}?code=a-code&state=a-state")
    findings = found("authorization", [*discovery(), at_once, token(), *used()])
    assert [(one.id, one.severity) for one in findings] == [("consent-skipped", "risky")]


def test_a_lost_code_takes_time() -> None:
    """While a trace still grows, a code that was just issued is not lost; after some seconds it is."""
    trace = [*discovery(), *signed_in()]
    end = trace[-1].at
    assert not found("authorization", trace, now=end + 1)
    assert [one.id for one in found("authorization", trace, now=end + 60)] == ["callback-unreachable"]


def test_a_refused_scope_is_traced_to_who_lists_it() -> None:
    """The finding names the scope that the authorization server does not have, and the document that has it."""
    trace = [*discovery(), failed("invalid_scope", scope="openid logs:read")]
    assert "lists it" in found("authorization", trace)[0].happened
    assert "logs:read" in found("authorization", trace)[0].happened.rpartition("Not in")[2]


def test_another_port_is_said() -> None:
    """A client that came back on another port is told so."""
    trace = [*discovery(registration={"redirect_uris": ["http://localhost:1/callback"]}), page("redirect_uri")]
    assert "another port" in found("authorization", trace)[0].happened


def test_what_went_well_afterwards_is_harmless() -> None:
    """A refusal after which the client came in is not what broke."""
    again = [authorize(5, asked={"state": "b"}), back(6, state="b"), token(), *used()]
    assert [one.severity for one in found("authorization", [*discovery(), failed("access_denied"), *again])] == [
        "harmless"
    ]


def test_a_sound_sign_in_has_no_finding() -> None:
    """Nothing is wrong, and nothing is said."""
    assert found("authorization", [*discovery(), *signed_in(), token(), *used()]) == []


def test_a_client_that_a_refresh_found_lost_is_told_once() -> None:
    """The error page that follows is the same news; the rule of the refresh tells them."""
    lost = refused("invalid_client", 10, 401, step="refresh", form={"grant_type": "refresh_token"})
    page = authorize(11, f"{ERROR_PAGE}application_not_found", {"state": "b"})
    findings = found("authorization", [*discovery(), *signed_in(), token(), *used(), lost, page])
    assert [one.step for one in findings if one.id == "client-forgotten"] == ["refresh"]


def test_an_error_page_tells_what_a_refresh_left_open() -> None:
    """Where a refused refresh may be about the secret, the page that follows says that the client is not known."""
    secret = {"grant_type": "refresh_token", "client_secret": "‹client_secret 0a0a0a0a›"}
    lost = refused("invalid_client", 10, 401, step="refresh", form=secret)
    page = authorize(11, f"{ERROR_PAGE}application_not_found", {"state": "b"})
    findings = found("authorization", [*discovery(), *signed_in(), token(), *used(), lost, page])
    assert [one.step for one in findings if one.id == "client-forgotten"] == ["authorization"]
