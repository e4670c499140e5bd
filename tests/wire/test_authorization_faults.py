"""Faults at the authorization endpoint: its answer is a redirect, and must never become an open one."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from sandbox.scenario.model import ErrorAnswer
from sandbox.wire.faults import edited, stands_in_front
from sandbox.wire.message import Request, Response
from sandbox.workos.authkit import AuthKit
from tests.wire.samples import fault, get, place, redirect

CALLBACK = "http://localhost:5/callback"
UNKNOWN = redirect("/oauth2/error?error=application_not_found")


def at_authorize(target: str = "/oauth2/authorize?redirect_uri=http%3A%2F%2Flocalhost%3A5%2Fcallback&state=s") -> Any:
    """Give the place of an authorization request."""
    return lambda tokens: place("authorization", tokens, get(target))


DENY = fault("authorization", error=ErrorAnswer(code="access_denied", description="No & no."))


def test_an_authorization_error_replaces_the_code(tokens: AuthKit) -> None:
    """Where the client would get its code it gets the error, with its state and nothing else."""
    answer = edited(DENY, redirect(f"{CALLBACK}?code=secret&state=s&iss=x"), at_authorize()(tokens))
    assert answer is not None
    assert answer.header("location") == f"{CALLBACK}?error=access_denied&error_description=No+%26+no.&state=s"
    assert not stands_in_front(DENY, "authorization")


@pytest.mark.parametrize(
    ("redirect_uri", "expected"),
    [
        (CALLBACK, f"{CALLBACK}?error=access_denied"),
        (f"{CALLBACK}?a=1", f"{CALLBACK}?a=1&error=access_denied"),
        ("cursor://anysphere.cursor/callback", "cursor://anysphere.cursor/callback?error=access_denied"),
    ],
)
def test_an_authorization_error_before_the_pages(redirect_uri: str, expected: str, tokens: AuthKit) -> None:
    """Where the person would be sent to sign in, the browser goes back to the client at once."""
    here = place("authorization", tokens, get(f"/oauth2/authorize?redirect_uri={redirect_uri.replace('&', '%26')}"))
    answer = edited(
        fault("authorization", error="access_denied"), redirect("/oauth2/sign-in?authorization_session_id=x"), here
    )
    assert answer is not None
    assert answer.header("location") == expected


def test_an_error_redirect_keeps_the_state(tokens: AuthKit) -> None:
    """The state of the request comes back with the error (RFC 6749, section 4.1.2.1)."""
    answer = edited(DENY, redirect("/oauth2/sign-in?authorization_session_id=x"), at_authorize()(tokens))
    assert answer is not None
    assert parse_qs(urlsplit(answer.header("location") or "").query)["state"] == ["s"]


@pytest.mark.parametrize(
    ("method", "target", "response"),
    [
        ("GET", "/oauth2/authorize?redirect_uri=https://evil.example", UNKNOWN),
        ("GET", "/oauth2/authorize", redirect("/oauth2/sign-in?authorization_session_id=x")),
        ("POST", "/oauth2/sign-in?redirect_uri=https://evil.example", redirect("/oauth2/consent?x=1", status=303)),
        ("GET", "/oauth2/consent?redirect_uri=https://evil.example", redirect("/oauth2/sign-in?x=1")),
        ("POST", "/oauth2/authorize?redirect_uri=https://evil.example", redirect("/oauth2/sign-in?x=1")),
        ("GET", "/oauth2/sign-in", Response(200, (("content-type", "text/html"),), b"<form>")),
        ("GET", "/oauth2/error?redirect_uri=https://evil.example&error=x", Response(200)),
    ],
)
@pytest.mark.parametrize("action", [{"error": "access_denied"}, {"set": {"state": "x"}}, {"remove": ["state"]}])
def test_a_fault_never_makes_an_open_redirect(
    method: str, target: str, response: Response, action: dict[str, Any], tokens: AuthKit
) -> None:
    """Only where the healthy application trusted the redirect URI is there something to edit."""
    request = Request(method, *target.partition("?")[::2])
    assert edited(fault("authorization", **action), response, place("authorization", tokens, request)) is None


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ({"set": {"state": "another", "iss": "http://x"}}, {"code": "c", "state": "another", "iss": "http://x"}),
        ({"remove": ["state"]}, {"code": "c"}),
        ({"remove": ["code"]}, {"state": "s"}),
        ({"set": {"state": None}}, {"code": "c"}),
    ],
)
@pytest.mark.parametrize("callback", [CALLBACK, "http://localhost:5/oauth2/callback", "com.example.app:/callback"])
def test_fields_of_the_redirect_back(
    callback: str, action: dict[str, Any], expected: dict[str, str], tokens: AuthKit
) -> None:
    """At the authorization step fields are those of the redirect's query; its address stays."""
    answer = edited(fault("authorization", **action), redirect(f"{callback}?code=c&state=s"), at_authorize()(tokens))
    assert answer is not None
    location = answer.header("location") or ""
    assert location.startswith(callback + "?")
    assert dict(parse_qsl(urlsplit(location).query)) == expected
