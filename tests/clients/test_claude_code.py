"""What a person with the real Claude Code sees: it connects, it fails as in the connection log, and it is healed."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest

from sandbox.clients.adapter import Adapter
from sandbox.clients.claude_code import NEWEST, OLD, mcp
from sandbox.clients.driving import new_run
from sandbox.diagnosis import diagnose
from sandbox.sandbox import Sandbox
from tests.clients.conftest import PATIENT, STATE_DIR, here
from tests.conftest import Start

pytestmark = pytest.mark.claude_code


class Claude:
    """A Claude Code that was never used; the test is skipped where there is none."""

    def __init__(self, adapter: Adapter, sandbox: Sandbox, home: Path) -> None:
        self.run = new_run(here(adapter), sandbox, home, STATE_DIR, PATIENT)

    async def mcp(self, *arguments: str) -> str:
        return await mcp(self.run, *arguments)

    async def login(self) -> tuple[str, int | None]:
        printed = await mcp(self.run, "login", "logs", terminal=True)
        return printed, self.run.printed[-1].exit_status


async def test_newest_signs_in_and_connects(start: Start, tmp_path: Path) -> None:
    """Claude Code 2.1.332 adds the server, signs in through the pages, and lists it as connected."""
    sandbox = await start()
    client = Claude(NEWEST, sandbox, tmp_path)
    await client.mcp("add", "--transport", "http", "logs", sandbox.mcp_url)
    assert "Needs authentication" in await client.mcp("list")
    assert sandbox.findings == []
    printed, exit_code = await client.login()
    assert 'Authenticated with "logs"' in printed
    assert exit_code == 0
    assert "✔ Connected" in await client.mcp("list")
    steps = [exchange.step for exchange in sandbox.trace]
    assert steps.index("registration") < steps.index("authorization") < steps.index("token") < steps.index("session")
    assert sandbox.findings == []


async def test_newest_names_the_last_step_that_failed(start: Start, tmp_path: Path) -> None:
    """On the log's own failure 2.1.332 speaks only of registration, though the cause lies two steps before."""
    sandbox = await start("authorize-url-as-issuer")
    client = Claude(NEWEST, sandbox, tmp_path)
    await client.mcp("add", "--transport", "http", "logs", sandbox.mcp_url)
    assert "✘ Failed to connect — Dynamic Client Registration rejected (HTTP 404)" in await client.mcp("list")


async def test_newest_connects_once_the_issuer_is_mended(start: Start, tmp_path: Path) -> None:
    """The fix of the log's failure heals it for the same client, while the sandbox runs."""
    sandbox = await start("authorize-url-as-issuer")
    client = Claude(NEWEST, sandbox, tmp_path)
    await client.mcp("add", "--transport", "http", "logs", sandbox.mcp_url)
    assert "Failed to connect" in await client.mcp("list")
    sandbox.fix()
    printed, exit_code = await client.login()
    assert exit_code == 0, printed
    assert "✔ Connected" in await client.mcp("list")


async def test_old_prints_the_line_of_the_log(start: Start, tmp_path: Path) -> None:
    """Claude Code 2.0.44, of the month of the log, prints the log's very line, with no reason."""
    sandbox = await start("authorize-url-as-issuer")
    client = Claude(OLD, sandbox, tmp_path)
    await client.mcp("add", "--transport", "http", "call-me-back-logs", sandbox.mcp_url)
    printed = await client.mcp("list")
    assert f"call-me-back-logs: {sandbox.mcp_url} (HTTP) - ✗ Failed to connect\n" in printed
    asked = [(exchange.method, urlsplit(exchange.url).path, exchange.status) for exchange in sandbox.trace]
    assert asked == [
        ("POST", "/", 401),
        ("GET", "/.well-known/oauth-protected-resource", 200),
        ("GET", "/.well-known/oauth-authorization-server/sso/authorize", 404),
        ("GET", "/.well-known/oauth-authorization-server", 404),
        ("GET", "/.well-known/openid-configuration/sso/authorize", 404),
        ("GET", "/sso/authorize/.well-known/openid-configuration", 404),
        ("POST", "/register", 404),
    ]


async def test_old_asks_for_a_sign_in_where_all_is_well(start: Start, tmp_path: Path) -> None:
    """On a healthy server 2.0.44 says that it needs authentication, so the log's line never meant a missing sign-in."""
    sandbox = await start()
    client = Claude(OLD, sandbox, tmp_path)
    await client.mcp("add", "--transport", "http", "logs", sandbox.mcp_url)
    assert "⚠ Needs authentication" in await client.mcp("list")


@pytest.mark.parametrize("version", [NEWEST, OLD], ids=lambda adapter: adapter.version)
async def test_url_without_a_scheme_fails_everywhere(version: Adapter, start: Start, tmp_path: Path) -> None:
    """The log's command had no https://; such a URL fails even where all is well."""
    sandbox = await start()
    client = Claude(version, sandbox, tmp_path)
    await client.mcp("add", "--transport", "http", "logs", sandbox.mcp_url.removeprefix("http://"))
    assert "Failed to connect" in await client.mcp("list")
    if version is OLD:
        assert [exchange.url for exchange in sandbox.trace] == []


BROKEN = """
missing-registration resource-mismatch prm-requires-auth server-metadata-missing asmeta-issuer-trailing-slash
dcr-metadata-rejected no-pkce-plain authorize-error-redirect iss-trailing-slash invalid-target token-error-in-200
wrong-audience unknown-signing-key refresh-fails session-protocol-version net-private-ca
"""


@pytest.mark.parametrize("name", BROKEN.split())
async def test_newest_is_diagnosed(name: str, start: Start, tmp_path: Path) -> None:
    """Whatever Claude Code 2.1.332 says of a failure, the wire tells the same of it as with any client."""
    sandbox = await start(name)
    client = Claude(NEWEST, sandbox, tmp_path)
    await client.mcp("add", "--transport", "http", "logs", sandbox.mcp_url)
    await client.mcp("list")
    await client.login()
    await client.mcp("list")
    found = diagnose(msgspec.structs.replace(exchange, faults=[]) for exchange in sandbox.trace)
    assert found[0].id == sandbox.scenario.expect.finding


@pytest.mark.parametrize("name", ["authorize-url-as-issuer", "missing-registration", "prm-requires-auth"])
async def test_old_is_diagnosed(name: str, start: Start, tmp_path: Path) -> None:
    """So it is with 2.0.44, of the month of the log."""
    sandbox = await start(name)
    client = Claude(OLD, sandbox, tmp_path)
    await client.mcp("add", "--transport", "http", "logs", sandbox.mcp_url)
    await client.mcp("list")
    assert sandbox.findings[0].id == sandbox.scenario.expect.finding
