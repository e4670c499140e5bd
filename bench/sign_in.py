"""A whole sign-in, from the 401 to tools/list, and the processor time that the server spends on it."""

from __future__ import annotations

import base64
import hashlib
import statistics
import time

import httpx2

from sandbox.sandbox import Sandbox

_VERIFIER = "a-code-verifier-for-the-benchmark-0123456789-0123456789"


async def sign_in(sandbox: Sandbox, http: httpx2.AsyncClient) -> None:
    """Connect as a client does."""
    headers = {"accept": "application/json, text/event-stream"}
    discover = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "bench", "version": "1"},
        },
    }
    await http.post(sandbox.mcp_url, json=discover, headers=headers)
    resource = (await http.get(sandbox.addresses.mcp + "/.well-known/oauth-protected-resource/mcp")).json()
    issuer = resource["authorization_servers"][0]
    metadata = (await http.get(issuer + "/.well-known/oauth-authorization-server")).json()
    redirect_uri = "http://localhost:9/callback"
    registration = {"redirect_uris": [redirect_uri], "token_endpoint_auth_method": "none"}
    client_id = (await http.post(metadata["registration_endpoint"], json=registration)).json()["client_id"]
    challenge = base64.urlsafe_b64encode(hashlib.sha256(_VERIFIER.encode()).digest()).rstrip(b"=").decode()
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "scope": "openid profile email offline_access",
        "resource": resource["resource"],
    }
    location = (await http.get(metadata["authorization_endpoint"], params=query)).headers["location"]
    form = {
        "grant_type": "authorization_code",
        "code": httpx2.URL(location).params["code"],
        "redirect_uri": redirect_uri,
        "client_id": client_id,
        "code_verifier": _VERIFIER,
        "resource": resource["resource"],
    }
    token = (await http.post(metadata["token_endpoint"], data=form)).json()["access_token"]
    headers["authorization"] = f"Bearer {token}"
    answer = await http.post(sandbox.mcp_url, json=discover, headers=headers)
    answer.raise_for_status()
    headers |= {"mcp-session-id": answer.headers["mcp-session-id"], "mcp-protocol-version": "2025-11-25"}
    await http.post(sandbox.mcp_url, json={"jsonrpc": "2.0", "method": "notifications/initialized"}, headers=headers)
    listed = await http.post(sandbox.mcp_url, json={"jsonrpc": "2.0", "id": 2, "method": "tools/list"}, headers=headers)
    listed.raise_for_status()


async def sign_in_seconds() -> tuple[float, int]:
    """Give the median of the seconds that the exchanges of a sign-in take, and how many they are."""
    totals: list[float] = []
    async with Sandbox(world={"workos": {"sign_in": "automatic"}}) as sandbox, httpx2.AsyncClient() as http:
        await sandbox.ready()
        for _ in range(10):
            sandbox.trace.clear()
            began = time.process_time()
            await sign_in(sandbox, http)
            totals.append(min(sum(exchange.seconds for exchange in sandbox.trace), time.process_time() - began))
            count = len(sandbox.trace)
    return statistics.median(totals), count
