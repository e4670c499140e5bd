"""What a page of another origin may read, with the headers of a browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx2
import pytest

from tests.cli.process import up
from tests.conftest import Start

if TYPE_CHECKING:
    from playwright.sync_api import Browser

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


READ: Final = """async ([mcp, workos]) => {
  const read = async (url, options, name) => {
    try { return (await fetch(url, options)).headers.get(name) } catch (error) { return String(error) }
  };
  const headers = {"content-type": "application/json", "mcp-protocol-version": "2025-11-25"};
  return [
    await read(mcp, {method: "POST", headers, body: "{}"}, "www-authenticate"),
    await read(`${workos}/.well-known/oauth-authorization-server`, {}, "content-type"),
  ];
}"""
"""A page that asks the MCP server as MCP Inspector does, and then the authorization server for its metadata."""
BLOCKED: Final = "TypeError: Failed to fetch"


@pytest.mark.parametrize(
    ("scenario", "challenge", "metadata"),
    [
        ("healthy", "Bearer ", "application/json"),
        ("net-cors", BLOCKED, BLOCKED),
        ("net-cors-not-exposed", None, "application/json"),
        ("net-cors-authorization-server", "Bearer ", BLOCKED),
    ],
)
def test_what_a_page_in_chromium_reads(
    chromium: Browser, tmp_path: Path, scenario: str, challenge: str | None, metadata: str
) -> None:
    """A page of another origin reads the challenge and the metadata, or the browser keeps them from it."""
    with up(tmp_path, scenario) as world:
        page = chromium.new_page()
        page.goto(f"{world.ready['console']}/health")
        read: list[Any] = page.evaluate(READ, [world.ready["mcp"], world.ready["workos"]])
        page.close()
    assert read[1] == metadata
    assert read[0] == challenge or (challenge is not None and str(read[0]).startswith(challenge))
