"""Who is let in, over real sockets."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx2
import pytest

from sandbox.sandbox import Sandbox
from tests.conftest import Start
from tests.python_client import connected


@pytest.mark.parametrize("path", ["/logs", "/%6cogs", "//logs", "/%2flogs", "/logs/", "/./logs", "/LOGS"])
async def test_no_spelling_of_the_path_gets_past_the_guard(sandbox: Sandbox, path: str) -> None:
    """However the path of the logs is written, nobody reads or writes them without a token."""
    async with httpx2.AsyncClient(base_url=sandbox.addresses.mcp) as http:
        request = http.build_request("GET", path)
        request.url = request.url.copy_with(raw_path=path.encode())
        assert (await http.send(request)).status_code in {401, 404}


def token(header: Any, claims: Any) -> str:
    """Write a JWT that nobody signed."""
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims))
    return ".".join([*parts, "c2lnbmF0dXJl"])


@pytest.mark.parametrize(
    "unreadable",
    ["x", "a.b.c", "é", token({"alg": "RS256", "crit": [1]}, {}), token({"alg": "none"}, {"iat": []}), token([], [])],
)
async def test_a_token_that_is_none_is_refused(sandbox: Sandbox, unreadable: str) -> None:
    """Whatever stands where a token belongs gets the challenge, never a failure of the sandbox."""
    async with httpx2.AsyncClient() as http:
        headers = {b"authorization": b"Bearer " + unreadable.encode()}
        answer = await http.post(sandbox.mcp_url, headers=headers)
    assert answer.status_code == 401
    assert "resource_metadata=" in answer.headers["www-authenticate"]


@pytest.mark.parametrize("effect", ["expire", "revoke"])
async def test_withdrawn_tokens_are_dead_and_new_ones_are_not(sandbox: Sandbox, effect: str) -> None:
    """After the effect the old token is refused, and a sign-in at once gets one that is good."""
    async with connected(sandbox) as client:
        sandbox.effect(effect, "access-tokens")
        assert "call-me-back" in await client.call("list_services")
    statuses = [exchange.status for exchange in sandbox.trace if exchange.step == "messages"]
    assert statuses.count(401) == 1
    assert statuses[-1] == 200


async def test_reset_takes_back_what_effects_did(start: Start) -> None:
    """A reset restores the clock and the signing key; so does another scenario."""
    sandbox = await start()
    kid = sandbox.authkit.keys.current.kid
    for restored in (sandbox.reset, lambda: sandbox.use("healthy")):
        sandbox.effect("rotate", "signing-key")
        sandbox.effect("advance", "10m")
        ahead = sandbox.sources.now()
        restored()
        assert sandbox.authkit.keys.current.kid == kid
        assert sandbox.sources.now() < ahead
