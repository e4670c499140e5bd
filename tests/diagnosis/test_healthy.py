"""On a sound world nothing is called broken: every way to register, every protocol, and as far as a client has come."""

from __future__ import annotations

from typing import Any

import pytest
from mcp.shared.auth import OAuthClientInformationFull

from sandbox.clients.journeys.python_sdk import Storage
from sandbox.diagnosis import diagnose
from sandbox.sandbox import Sandbox
from tests.conftest import Start
from tests.python_client import Habits, connected

_DOCUMENT = "https://claude.ai/oauth/claude-code-client-metadata"
_DOCUMENTS = {"workos": {"client_id_metadata_document": True}}


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize(
    ("world", "habits"),
    [
        ({}, Habits()),
        ({}, Habits(token_endpoint_auth_method="client_secret_post")),
        ({}, Habits(token_endpoint_auth_method="client_secret_basic")),
        (_DOCUMENTS, Habits(client_metadata_url=_DOCUMENT)),
        ({"workos": {"issuer": "custom"}}, Habits()),
        ({"service": {"path": "/"}}, Habits()),
        ({"tls": {"workos": "on", "mcp": "on"}}, Habits()),
        ({}, Habits(headers=(("origin", "http://localhost:6274"),))),
    ],
    ids=["public", "post", "basic", "document", "custom domain", "at the root", "https", "page"],
)
async def test_whoever_connects_meets_nothing(start: Start, world: dict[str, Any], habits: Habits, mode: Any) -> None:
    """However a client registers and speaks, a sound world gives no finding."""
    sandbox = await start(world=world)
    async with connected(sandbox, mode=mode, habits=habits) as client:
        await client.call("list_services")
        client.believe_token_expired()
        await client.call("search_logs", query="call-me-back")
    assert sandbox.findings == []


async def test_a_client_that_is_known_already(start: Start) -> None:
    """A client that was registered by hand does not register, and nothing is wrong with that."""
    sandbox = await start(
        world={
            "workos": {
                "dynamic_client_registration": False,
                "loopback_ports": "any",
                "applications": [
                    {"client_id": "client_by_hand", "name": "By hand", "redirect_uris": ["http://localhost/callback"]}
                ],
            }
        }
    )
    known = OAuthClientInformationFull.model_validate(
        {
            "client_id": "client_by_hand",
            "redirect_uris": ["http://localhost/callback"],
            "token_endpoint_auth_method": "none",
        }
    )
    async with connected(sandbox, storage=Storage(client_info=known)) as client:
        await client.call("list_services")
    assert [finding for finding in sandbox.findings if finding.severity == "broken"] == []


async def test_nothing_is_wrong_on_the_way(sandbox: Sandbox) -> None:
    """While a client is at work, nothing of what it has done so far is called broken."""
    async with connected(sandbox) as client:
        await client.call("list_services")
    trace = list(sandbox.trace)
    for end in range(len(trace) + 1):
        seen = trace[:end]
        now = seen[-1].at + seen[-1].seconds + 0.1 if seen else 0.0
        assert diagnose(seen, now) == [], f"after {end} exchanges"


async def test_a_person_may_take_their_time(sandbox: Sandbox) -> None:
    """A trace that ends on a page, or where a client waits to be told to sign in, shows nothing that is broken."""
    async with connected(sandbox) as client:
        await client.call("list_services")
    trace = list(sandbox.trace)
    pages = [one for one in trace if one.step == "authorization" and one.status == 200]
    metadata = next(one for one in trace if one.step == "server-metadata")
    for last in (metadata, *pages):
        assert diagnose(one for one in trace if one.number <= last.number) == [], f"after {last.url}"
