"""One half of the world, and somebody's own other half: an MCP server, or an authorization server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx2
import msgspec
import pytest

from sandbox import Sandbox
from sandbox.scenario import find
from tests.conftest import Start
from tests.examples.server import own_server
from tests.python_client import connected

StartOwn = Callable[..., Awaitable[Sandbox]]


@pytest.fixture
async def start_own(start: Start) -> AsyncIterator[StartOwn]:
    """Give a function that starts a world, and the SDK's MCP server as its resource."""
    async with AsyncExitStack() as stack:

        async def started(scenario: str = "healthy") -> Sandbox:
            sandbox = await start(scenario)
            url = await stack.enter_async_context(own_server(sandbox.issuer))
            sandbox.change({"service": {"url": url}})
            return sandbox

        yield started


async def greeted(sandbox: Sandbox) -> str:
    """Connect to one's own server, and call its tool."""
    async with connected(sandbox) as client:
        return await client.call("greet", name="Ada")


# --- one's own MCP server ----------------------------------------------------------------------------------------


async def test_a_client_connects_to_ones_own_server(start_own: StartOwn) -> None:
    """The SDK's client signs in at the sandbox and calls a tool of somebody's own server; nothing seems wrong."""
    sandbox = await start_own()
    assert await greeted(sandbox) == "Hello Ada"
    assert not [exchange for exchange in sandbox.trace if exchange.system == "log-aggregator"]
    sandbox.assert_connected()
    assert sandbox.findings == []


async def test_tokens_are_for_ones_own_server(start_own: StartOwn) -> None:
    """The audience of the token is the server's URL, which is what `mcp_url`, `{mcp_url}` and `{resource}` are."""
    sandbox = await start_own()
    url = sandbox.world.service.url
    assert sandbox.mcp_url == url
    sandbox.change({"workos": {"resources": ["{resource}"], "not_found_body": {"at": "{mcp_url}"}}})
    assert sandbox.world.workos.resources == (url,)
    assert sandbox.world.workos.not_found_body["at"] == url
    await greeted(sandbox)
    (issued,) = [exchange for exchange in sandbox.trace if exchange.step == "token"]
    assert url in [said["claims"]["aud"] for said in issued.held.values() if "claims" in said]


@pytest.mark.parametrize("path", ["/mcp", "/", "/health", "/logs", "/.well-known/oauth-protected-resource"])
async def test_the_mcp_port_says_where_the_resource_is(path: str, start_own: StartOwn) -> None:
    """Whatever is asked at the sandbox's own MCP port, the answer is where to go instead, as JSON."""
    sandbox = await start_own()
    async with httpx2.AsyncClient(trust_env=False) as client:
        answer = await client.post(f"{sandbox.addresses.mcp}{path}", headers={"authorization": "Bearer x"})
    assert answer.status_code == 404
    assert answer.json()["resource"] == sandbox.mcp_url
    assert sandbox.mcp_url in answer.json()["error"]


async def test_nobody_is_connected_without_a_token(start_own: StartOwn) -> None:
    """Where the resource is elsewhere, a client is connected once a token was handed out, and not before."""
    sandbox = await start_own("missing-registration")
    with pytest.raises(ExceptionGroup):
        await greeted(sandbox)
    with pytest.raises(AssertionError, match="none got a token for http://localhost:"):
        sandbox.assert_connected()


@pytest.mark.parametrize(
    "name",
    [
        "missing-registration",
        "server-metadata-html",
        "server-metadata-missing",
        "server-metadata-down",
        "asmeta-issuer-other-host",
        "asmeta-path-issuer-appended",
        "token-form-encoded",
    ],
)
async def test_what_breaks_at_workos_is_found_without_the_other_half(name: str, start_own: StartOwn) -> None:
    """The finding of a scenario is the first one although nothing of the MCP server was recorded."""
    sandbox = await start_own(name)
    with pytest.raises(ExceptionGroup):
        await greeted(sandbox)
    assert sandbox.findings[0].id == find(name).expect.finding
    assert sandbox.findings[0].severity == "broken"


@pytest.mark.parametrize("name", ["token-type-lowercase", "token-expiry-zero", "token-expires-in-string"])
async def test_what_a_client_got_past_is_not_called_broken(name: str, start_own: StartOwn) -> None:
    """A quirk that harmed nobody is harmless: that the server read the keys shows that the token came there."""
    sandbox = await start_own(name)
    assert await greeted(sandbox) == "Hello Ada"
    assert [(finding.id, finding.severity) for finding in sandbox.findings][:1] == [
        (find(name).expect.finding, "harmless")
    ]


async def test_a_reset_undoes_the_change(start_own: StartOwn) -> None:
    """After a reset the resource is log-aggregator again, and a client connects to it."""
    sandbox = await start_own()
    sandbox.reset()
    assert sandbox.mcp_url == f"{sandbox.addresses.mcp}/mcp"
    async with connected(sandbox) as client:
        assert "search_logs" in [tool.name for tool in (await client.client.list_tools()).tools]


@pytest.mark.parametrize("url", ["", "localhost:9000/mcp", "ftp://localhost/mcp", "http://", "http://localhost/mcp?a"])
async def test_what_is_no_url_of_a_server_is_refused(url: str, start: Start) -> None:
    """The URL is http or https, without a query (RFC 8707, section 2)."""
    sandbox = await start()
    with pytest.raises(msgspec.ValidationError, match=r"service\.url"):
        sandbox.change({"service": {"url": url}})


# --- one's own authorization server ------------------------------------------------------------------------------


def behind(server: Sandbox) -> dict[str, Any]:
    """Give the settings by which somebody else's authorization server stands behind log-aggregator."""
    keys = f"{server.addresses.workos}/oauth2/jwks"
    return {"service": {"authorization_server": server.issuer, "issuers": [server.issuer], "jwks_uri": keys}}


async def test_ones_own_authorization_server_signs_in(start: Start) -> None:
    """A client signs in at a server that the world knows nothing of but its name and keys, and calls a tool."""
    server = await start()
    sandbox = await start(world=behind(server))
    async with connected(sandbox) as client:
        assert "call-me-back" in await client.call("search_logs", query="call-me-back")
    assert not [exchange for exchange in sandbox.trace if exchange.system == "workos"]
    assert {"registration", "authorization", "token", "jwks"} <= {exchange.step for exchange in server.trace}
    sandbox.assert_connected()
    assert sandbox.findings == []


@pytest.mark.parametrize("name", ["wrong-audience", "wrong-audience-absent"])
async def test_a_bad_token_of_ones_own_server_is_found(name: str, start: Start) -> None:
    """What is wrong with a token is read from the request that brings it."""
    sandbox = await start(world=behind(await start(name)))
    with pytest.raises(ExceptionGroup):
        async with connected(sandbox):
            pass
    expected = find(name).expect.finding
    assert expected is not None
    sandbox.assert_finding(expected)


async def test_a_server_that_is_not_named_is_not_trusted(start: Start) -> None:
    """Tokens of an authorization server that is named to clients but not among `issuers` are refused."""
    server = await start()
    world = behind(server)
    world["service"]["issuers"] = ["{issuer}"]
    sandbox = await start(world=world)
    with pytest.raises(ExceptionGroup):
        async with connected(sandbox):
            pass
    with pytest.raises(AssertionError, match="none got an MCP answer with a token"):
        sandbox.assert_connected()
