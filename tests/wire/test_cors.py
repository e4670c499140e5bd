"""What a page of another origin may read, with the headers of a browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx2
import pytest

from sandbox.scenario import read_value
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
        assert answer.headers.get("access-control-allow-origin") == (ORIGIN["origin"] if shares else None)
    assert challenge.status_code == 401
    for answer in preflights:
        assert ("authorization" in answer.headers.get("access-control-allow-headers", "")) is shares
    assert ("WWW-Authenticate" in challenge.headers.get("access-control-expose-headers", "")) is shares
    assert "access-control-allow-credentials" not in challenge.headers


async def test_an_origin_that_the_api_added_may_read(start: Start) -> None:
    """Where answers are not shared, pages of an origin that an app added by the API may read them all the same."""
    sandbox = await start(world={"workos": {"cors": False}})
    key, added = {"authorization": "Bearer sk_test_sandbox"}, sandbox.addresses.workos + "/user_management/cors_origins"
    async with httpx2.AsyncClient(trust_env=False) as http:
        made = await http.post(added, headers=key, json={"origin": ORIGIN["origin"]})
        assert made.status_code == 201
        for origin, allowed in ((ORIGIN["origin"], ORIGIN["origin"]), ("http://localhost:1", None)):
            answer = await http.get(f"{sandbox.addresses.workos}/oauth2/jwks", headers={"origin": origin})
            assert answer.headers.get("access-control-allow-origin") == allowed


async def test_who_is_no_browser_sees_nothing_of_it(start: Start) -> None:
    """Without an Origin the answers hold no header of CORS."""
    sandbox = await start()
    async with httpx2.AsyncClient() as http:
        answer = await http.post(sandbox.mcp_url)
    assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_errors_of_an_endpoint_are_shared_and_preflights_are_left_alone(start: Start) -> None:
    """A fault that answers as the endpoint would is readable for a page, and takes its turn at the page's request."""
    fault = {"at": "token", "on": "first 1", "error": "invalid_grant"}
    scenario = {"title": "t", "story": "s", "step": "token", "faults": [fault], "expect": {"connects": True}}
    sandbox = await start(read_value(scenario))
    async with httpx2.AsyncClient(base_url=sandbox.addresses.workos) as http:
        preflight = await http.options("/oauth2/token", headers=PREFLIGHT)
        refused = await http.post("/oauth2/token", headers=ORIGIN)
    assert (preflight.status_code, refused.status_code) == (200, 400)
    assert refused.headers["access-control-allow-origin"] == ORIGIN["origin"]
    assert sandbox.unfired() == []


async def test_the_second_server_is_shared_and_pages_for_people_are_not(start: Start) -> None:
    """A page may read the second authorization server's metadata, and nobody's sign-in page."""
    sandbox = await start()
    async with httpx2.AsyncClient() as http:
        metadata = await http.get(f"{sandbox.addresses.other}/.well-known/oauth-authorization-server", headers=ORIGIN)
        paths = ("/oauth2/authorize", "/invite", "/reset-password")
        pages = [await http.get(sandbox.addresses.workos + path, headers=ORIGIN) for path in paths]
    assert metadata.headers["access-control-allow-origin"] == ORIGIN["origin"]
    assert [page.url for page in pages if "access-control-allow-origin" in page.headers] == []


async def test_websites_read_nothing_wherever_the_sandbox_listens(start: Start) -> None:
    """On another address too, only pages of this machine may read."""
    sandbox = await start(addresses=("0.0.0.0",))
    async with httpx2.AsyncClient() as http:
        url = f"{sandbox.addresses.workos}/.well-known/oauth-authorization-server"
        answer = await http.get(url, headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


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
