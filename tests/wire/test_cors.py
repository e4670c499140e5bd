"""What a page of another origin may read, with the headers of a browser."""

from __future__ import annotations

import httpx2
import pytest

from tests.conftest import Start

ORIGIN = {"origin": "http://localhost:6274"}
PREFLIGHT = ORIGIN | {
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization, content-type, mcp-protocol-version",
}


@pytest.mark.parametrize("shares", [True, False])
async def test_pages_of_other_origins(start: Start, *, shares: bool) -> None:
    """Where answers are shared, preflights are granted and the challenge is readable; else nothing says so."""
    sandbox = await start(world={"service": {"cors": shares}, "workos": {"cors": shares}})
    async with httpx2.AsyncClient() as http:
        challenge = await http.post(sandbox.mcp_url, headers=ORIGIN)
        metadata = await http.get(f"{sandbox.addresses.workos}/.well-known/oauth-authorization-server", headers=ORIGIN)
        preflights = [
            await http.options(url, headers=PREFLIGHT)
            for url in (sandbox.mcp_url, f"{sandbox.addresses.workos}/oauth2/token")
        ]
    for answer in (challenge, metadata, *preflights):
        assert answer.headers.get("access-control-allow-origin") == ("*" if shares else None)
    assert challenge.status_code == 401
    for answer in preflights:
        assert ("authorization" in answer.headers.get("access-control-allow-headers", "")) is shares
    assert ("WWW-Authenticate" in challenge.headers.get("access-control-expose-headers", "")) is shares
    assert "access-control-allow-credentials" not in challenge.headers


async def test_who_is_no_browser_sees_nothing_of_it(start: Start) -> None:
    """Without an Origin the answers hold no header of CORS."""
    sandbox = await start()
    async with httpx2.AsyncClient() as http:
        answer = await http.post(sandbox.mcp_url)
    assert not [name for name in answer.headers if name.startswith("access-control")]
