"""Traces of sign-ins, made by hand: sound ones, with the parts changed that a test is about."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from sandbox.diagnosis import diagnose
from sandbox.diagnosis.finding import RULES, Finding
from sandbox.wire.exchange import Exchange
from tests.exchanges import exchange

MCP = "https://logs.example/mcp"
ISSUER = "https://login.example"
CALLBACK = "http://localhost:5000/callback"
CHALLENGE = "the-challenge"

ASK = {
    "response_type": "code",
    "client_id": "client_1",
    "redirect_uri": CALLBACK,
    "state": "a-state",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
    "resource": MCP,
    "scope": "openid offline_access",
}
BACK = {"code": "a-code", "state": "a-state"}
FORM = {
    "grant_type": "authorization_code",
    "code": "a-code",
    "redirect_uri": CALLBACK,
    "client_id": "client_1",
    "code_verifier": "‹code_verifier 0a0b0c0d›",
    "resource": MCP,
}
GRANT = {
    "access_token": "an-access-token",
    "token_type": "Bearer",
    "expires_in": 300,
    "refresh_token": "a-refresh-token",
}
METADATA = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/oauth2/authorize",
    "token_endpoint": f"{ISSUER}/oauth2/token",
    "scopes_supported": ["openid", "offline_access"],
    "token_endpoint_auth_methods_supported": ["none", "client_secret_basic"],
}
REGISTRATION = {"client_id": "client_1", "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"}


def found(step: str, trace: list[Exchange], now: float | None = None) -> list[Finding]:
    """Give the findings of the rules that stand in the files of a step, in their order."""
    own = {one.id for one in RULES if one.look.__module__.rpartition(".")[2].partition("_")[0] == step}
    return [one for one in diagnose(trace, now) if one.id in own]


def discovery(metadata: Any = None, registration: Any = None, **asked: Any) -> list[Exchange]:
    """Make what comes before a sign-in: 1 and 2 are the metadata, 3 is the registration, unless it is False."""
    resource = {"resource": MCP, "authorization_servers": [ISSUER], "scopes_supported": ["openid", "logs:read"]}
    get: dict[str, Any] = {"method": "GET"}
    found = [
        exchange(1, step="resource-metadata", url="https://logs.example/.well-known/x", answer=resource, **get),
        exchange(2, step="server-metadata", url=f"{ISSUER}/.well-known/x", answer=METADATA | (metadata or {}), **get),
    ]
    if registration is not False:
        answer = REGISTRATION | (registration or {})
        found.append(
            exchange(3, **({"step": "registration", "url": f"{ISSUER}/oauth2/register", "answer": answer} | asked))
        )
    return found


def visit(number: int, url: str, location: str | None = None, **fields: Any) -> Exchange:
    """Make a request of the browser; with a `location` it is redirected."""
    given: dict[str, Any] = {
        "step": "authorization",
        "asker": "browser",
        "method": "GET",
        "url": url,
        "status": 302 if location else 200,
        "response_headers": [("location", location)] if location else [("content-type", "text/html")],
        "response_body": "",
    }
    return exchange(number, **(given | fields))


def authorize(
    number: int = 4, location: str | None = f"{ISSUER}/sign-in", asked: Any = None, **fields: Any
) -> Exchange:
    """Make the authorization request; a field that is None is left out."""
    query = {key: value for key, value in (ASK | (asked or {})).items() if value is not None}
    return visit(number, f"{ISSUER}/oauth2/authorize?{urlencode(query)}", location, **fields)


def back(number: int = 6, to: str = CALLBACK, **fields: Any) -> Exchange:
    """Make the redirect to the client, after a page; fields that are None are left out."""
    given = {key: value for key, value in (BACK | fields).items() if value is not None}
    return visit(number, f"{ISSUER}/consent", f"{to}?{urlencode(given)}", method="POST")


def failed(error: str, description: str = "", number: int = 4, **asked: Any) -> Exchange:
    """Make an authorization request that brings the browser back with an error at once."""
    fields = {"error": error, "state": "a-state"} | ({"error_description": description} if description else {})
    return authorize(number, f"{CALLBACK}?{urlencode(fields)}", asked)


def signed_in() -> list[Exchange]:
    """Make a sign-in with a page and a code: 4, 5 and 6."""
    return [authorize(), visit(5, f"{ISSUER}/sign-in"), back()]


def token(number: int = 7, form: Any = None, **fields: Any) -> Exchange:
    """Make the token request, with its answer; form fields that are None are left out."""
    sent = {key: value for key, value in (FORM | (form or {})).items() if value is not None}
    headers = [("content-type", "application/x-www-form-urlencoded"), *fields.pop("headers", [])]
    given: dict[str, Any] = {
        "url": f"{ISSUER}/oauth2/token",
        "request_headers": headers,
        "request_body": urlencode(sent),
        "answer": GRANT,
        "held": {"0a0b0c0d": {"S256": CHALLENGE}},
    }
    return exchange(number, **(given | fields))


def refused(error: str, number: int = 7, status: int = 400, **fields: Any) -> Exchange:
    """Make a token request that is refused with an OAuth error."""
    return token(number, status=status, answer={"error": error}, **fields)


def used(number: int = 8, status: int = 200) -> list[Exchange]:
    """Make the MCP requests with the token, two of them, answered with a status."""
    mcp: dict[str, Any] = {"system": "log-aggregator", "url": MCP, "status": status}
    bearer = [("authorization", "Bearer ‹access_token 01020304›")]
    return [
        exchange(number, step="session", request_headers=bearer, answer={"result": {}}, **mcp),
        exchange(number + 1, step="messages", request_headers=bearer, answer={"result": {}}, **mcp),
    ]


def members(**changed: Any) -> dict[str, Any]:
    """Make a token answer with members changed; those that are None are left out."""
    return {key: value for key, value in (GRANT | changed).items() if value is not None}
