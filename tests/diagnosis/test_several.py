"""Several causes at once, and growing traces: both are named, the first one first, and each is told once."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from sandbox.diagnosis.finding import Finding
from sandbox.scenario import read_value
from tests.conftest import Start
from tests.plays import played
from tests.python_client import connected
from tests.wire.raw import until


def world(**world: Any) -> Any:
    """Give a scenario of settings alone."""
    return read_value({"title": "t", "story": "s", "step": "token", "world": world, "expect": {"connects": True}})


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        (
            {
                "workos": {"issuer": "custom", "dynamic_client_registration": False},
                "service": {"authorization_server": "{workos}/sso/authorize", "challenge": {"resource_metadata": None}},
            },
            [("issuer-is-endpoint", "broken"), ("challenge-without-metadata", "harmless")],
        ),
        (
            {"service": {"challenge": {"scheme": None}}, "workos": {"dynamic_client_registration": False}},
            [("dcr-absent", "broken"), ("challenge-without-header", "harmless")],
        ),
    ],
    ids=["an endpoint as issuer, and a bare challenge", "a bare challenge, and no registration"],
)
async def test_two_causes_are_both_named(start: Start, settings: dict[str, Any], found: list[tuple[str, str]]) -> None:
    """What stopped the client comes first, and what it got past is named as that."""
    sandbox = await start(world(**settings))
    with suppress(Exception):
        await played(sandbox)
    assert [(finding.id, finding.severity) for finding in sandbox.findings][: len(found)] == found


async def test_a_finding_is_told_once_and_only_when_it_is_certain(start: Start) -> None:
    """While a client is at work nothing is told; when it has stopped, what stopped it, and not again."""
    sandbox = await start("missing-registration")
    told: list[Finding] = []
    sandbox.watch.subscribe(told.append)
    for _ in range(2):
        with suppress(Exception):
            await played(sandbox)
        assert len(told) <= 1
        await until(lambda: sandbox.watch._looks)
        assert [finding.id for finding in told] == ["dcr-absent"]
    sandbox.fix()
    async with connected(sandbox):
        pass
    await until(lambda: sandbox.watch._looks)
    assert [finding.id for finding in told] == ["dcr-absent"]
    sandbox.use("resource-mismatch")
    with suppress(Exception):
        await played(sandbox)
    sandbox.watch.settle()
    assert [finding.id for finding in told] == ["dcr-absent", "resource-mismatch"]


async def test_explain_connection_tells_what_is_wrong(start: Start) -> None:
    """A connected client that asks how it got here hears of the quirk that it survived, and what to change."""
    sandbox = await start("token-expires-in-string")
    async with connected(sandbox) as client:
        told = await client.call("explain_connection")
    assert "harmless: " in told
    assert "expires_in" in told


@pytest.mark.parametrize(
    ("fault", "given_url", "found"),
    [
        ({"at": "token", "status": 503}, "{mcp_url}", "token-unavailable"),
        ({"at": "token", "on": "first 2", "status": 500}, "{mcp_url}", "token-unavailable"),
        ({"at": "challenge", "status": 502}, "{mcp_url}", "service-unavailable"),
        ({"at": "challenge", "headers": {"x-a": "b"}}, "{mcp}/mpc", "endpoint-missing"),
        (
            {"at": "messages", "when": {"mcp_method": "tools/list"}, "status": 409},
            "{mcp_url}",
            "failure-without-a-name",
        ),
    ],
)
async def test_a_client_that_stopped_at_an_error_is_never_called_sound(
    start: Start, fault: dict[str, Any], given_url: str, found: str
) -> None:
    """Whatever the error, something is said to be broken; where no rule knows it, that is said."""
    scenario = {"title": "t", "story": "s", "step": "token", "faults": [fault], "expect": {"connects": True}}
    sandbox = await start(read_value(scenario | {"world": {"service": {"given_url": given_url}}}))
    with suppress(Exception):
        await played(sandbox)
    assert [(finding.id, finding.severity) for finding in sandbox.findings][:1] == [(found, "broken")]
