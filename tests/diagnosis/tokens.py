"""A connection with tokens, built by hand, and which rules of its later steps fire on it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import msgspec

from sandbox.diagnosis import (
    cors,
    jwks,
    messages,
    messages_moved,
    messages_scopes,
    refresh,
    refresh_answers,
    session,
    session_checks,
    session_tokens,
)
from sandbox.diagnosis.evidence import Evidence
from sandbox.diagnosis.finding import RULES, Proof
from sandbox.flow import Step
from sandbox.wire.exchange import Exchange
from tests.diagnosis.exchanges import ISSUER, MCP, SOUND, exchange, post, prm, server_metadata, trace

MODULES = {
    module.__name__
    for module in (
        cors,
        jwks,
        messages,
        messages_moved,
        messages_scopes,
        refresh,
        refresh_answers,
        session,
        session_checks,
        session_tokens,
    )
}
ONE, TWO = "‹access_token 11111111›", "‹access_token 22222222›"
FIRST, SECOND = "‹refresh_token aaaaaaaa›", "‹refresh_token bbbbbbbb›"
TOKEN_URL = f"{ISSUER}/token"
JWKS_URL = f"{ISSUER}/jwks"


def claims(**changed: Any) -> dict[str, Any]:
    """Give what a sound token says, good from 0 to 300 s; None takes a claim away."""
    said = {"iss": ISSUER, "aud": MCP, "sub": "user_1", "iat": 0, "exp": 300, **changed}
    return {name: value for name, value in said.items() if value is not None}


def held(token: str = ONE, kid: str = "key-1", **changed: Any) -> dict[str, dict[str, Any]]:
    """Give what is held of an access token."""
    return {token[-9:-1]: {"header": {"alg": "RS256", "kid": kid}, "claims": claims(**changed)}}


def issued(token: str = ONE, step: Step = "token", *, said: dict[str, Any] | None = None, **members: Any) -> Exchange:
    """Give the answer that brings a token; None takes a member of it away."""
    body = {"access_token": token, "token_type": "Bearer", "expires_in": 300, "refresh_token": FIRST, **members}
    body = {name: value for name, value in body.items() if value is not None}
    return form(exchange(step, TOKEN_URL, method="POST", body=body, held=held(token) if said is None else said))


def form(one: Exchange, **fields: str) -> Exchange:
    """Give an exchange with a form as its request."""
    headers = [*one.request_headers, ("content-type", "application/x-www-form-urlencoded")]
    return msgspec.structs.replace(one, request_headers=headers, request_body=urlencode(fields))


def refreshed(status: int | None = 400, sent: str = FIRST, body: Any = "", **fields: str) -> Exchange:
    """Give a refresh of a client without a secret."""
    request = {"grant_type": "refresh_token", "refresh_token": sent, "client_id": "client_1", "resource": MCP, **fields}
    return form(
        exchange("refresh", TOKEN_URL, status, method="POST", body=body),
        **{name: value for name, value in request.items() if value},
    )


def used(status: int = 200, token: str = ONE, method: str = "initialize", **more: Any) -> Exchange:
    """Give an MCP request with a token, answered with a result, or with the challenge when the status is 401."""
    step: Step = more.pop("step", "session" if method == "initialize" else "messages")
    asked = {"authorization": f"{more.pop('scheme', 'Bearer')} {token}", **more.pop("asked", {})}
    request = more.pop("request", {"jsonrpc": "2.0", "id": 1, "method": method})
    body = more.pop("body", {"jsonrpc": "2.0", "id": 1, "result": {}} if status == 200 else "")
    headers = {"content-type": "application/json", **more.pop("headers", {})}
    if status == 401:
        headers = {"www-authenticate": SOUND, **headers}
    verb = more.pop("verb", "POST")
    said = more.pop("said", None)
    one = exchange(
        step,
        more.pop("url", MCP),
        status,
        method=verb,
        asked=asked,
        headers=headers,
        body=body,
        held=held(token) if said is None else said,
        methods=[method] if verb == "POST" else [],
        **more,
    )
    return msgspec.structs.replace(one, request_body=json.dumps(request))


def keys(*kids: str, url: str = JWKS_URL, status: int = 200, body: Any = None, **more: Any) -> Exchange:
    """Give the reading of the keys by the MCP server."""
    answered = {"keys": [{"kid": kid} for kid in kids]} if body is None else body
    asker = more.pop("asker", "log-aggregator")
    return exchange("jwks", url, status, asker=asker, body=answered if status == 200 else "", **more)


def authorize(
    scope: str = "openid", location: str = "https://client.example/callback?code=1", **fields: str
) -> Exchange:
    """Give an authorization request, as the browser brings it, and where it sends the browser back."""
    query = urlencode({"response_type": "code", "scope": scope, **fields})
    url = f"{ISSUER}/authorize?{query}"
    return exchange("authorization", url, 302, asker="browser", headers={"location": location})


def before(**members: Any) -> list[Exchange]:
    """Give all that comes before the token."""
    return [post(401, SOUND), prm(), server_metadata(jwks_uri=JWKS_URL, **members), authorize()]


def at(seconds: float, one: Exchange) -> Exchange:
    """Give an exchange at a time of its own."""
    return msgspec.structs.replace(one, at=seconds)


def timed(*exchanges: Exchange) -> list[Exchange]:
    """Give exchanges their numbers and times, a tenth of a second apart unless they have a time of their own."""
    numbered = trace(*exchanges)
    return [
        msgspec.structs.replace(one, at=own.at) if own.at else one for one, own in zip(numbered, exchanges, strict=True)
    ]


def proofs(*exchanges: Exchange) -> dict[str, Proof]:
    """Give what the rules of the later steps find."""
    seen = Evidence(timed(*exchanges))
    looks = [each for each in RULES if each.look.__module__ in MODULES]
    return {each.id: proof for each in looks if (proof := each.look(seen)) is not None}


def fired(*exchanges: Exchange) -> set[str]:
    """Give the ids of the rules of the later steps that fire."""
    return set(proofs(*exchanges))
