"""A whole sign-in over HTTP against a sandbox that signs in automatically, as a program would do it."""

from __future__ import annotations

import base64
import hashlib
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

import httpx2

CALLBACK: Final = "http://localhost:9/callback"
VERIFIER: Final = "a-code-verifier-that-is-always-the-same-0123456789"
INITIALIZE: Final = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}


class SignedIn(NamedTuple):
    """What a client has after a sign-in."""

    client_id: str
    code: str
    tokens: dict[str, Any]

    @property
    def bearer(self) -> dict[str, str]:
        """The header that carries the access token, and what MCP asks for besides."""
        return {
            "authorization": f"Bearer {self.tokens['access_token']}",
            "accept": "application/json, text/event-stream",
        }


def http() -> httpx2.Client:
    """Give a client that knows no proxy."""
    return httpx2.Client(trust_env=False, timeout=60)


def registered(client: httpx2.Client, workos: str) -> str:
    """Register, and give the client_id."""
    body = {
        "client_name": "test",
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
    }
    answer = client.post(f"{workos}/oauth2/register", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["client_id"])


def authorized(client: httpx2.Client, ready: dict[str, Any], client_id: str) -> dict[str, str]:
    """Ask for a code, and give the fields of the redirect."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": CALLBACK,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "scope": "openid profile email offline_access",
        "resource": ready["mcp"],
        "state": "a-state",
    }
    answer = client.get(f"{ready['workos']}/oauth2/authorize", params=query)
    assert answer.status_code == 302, answer.text
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def signed_in(client: httpx2.Client, ready: dict[str, Any]) -> SignedIn:
    """Register, authorize and exchange the code."""
    client_id = registered(client, ready["workos"])
    code = authorized(client, ready, client_id)["code"]
    form = {
        "grant_type": "authorization_code",
        "client_id": client_id,
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
        "resource": ready["mcp"],
    }
    answer = client.post(f"{ready['workos']}/oauth2/token", data=form)
    assert answer.status_code == 200, answer.text
    return SignedIn(client_id, code, answer.json())
