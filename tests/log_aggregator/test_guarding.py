"""Who is let in, over real sockets."""

from __future__ import annotations

import asyncio
import base64
import json
from contextlib import nullcontext
from typing import Any

import httpx2
import pytest

from sandbox.sandbox import Sandbox
from sandbox.scenario import read_value
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


async def test_a_bad_token_may_get_an_answer_of_its_own(start: Start) -> None:
    """With `refusal` a token that is not good is answered otherwise than none; without a scheme there is no header."""
    body = {"error": "server_error"}
    world = {"service": {"refusal": {"status": 500, "scheme": None, "body": body}}}
    sandbox = await start(world=world)
    async with httpx2.AsyncClient() as http:
        bad = await http.post(sandbox.mcp_url, headers={"authorization": "Bearer x"})
        none = await http.post(sandbox.mcp_url)
    assert (bad.status_code, bad.json(), bad.headers.get("www-authenticate")) == (500, body, None)
    assert none.status_code == 401
    assert "resource_metadata=" in none.headers["www-authenticate"]


async def test_the_metadata_may_be_anywhere(start: Start) -> None:
    """The resource metadata is served where the settings say, and the wire knows it by the challenge that names it."""
    place = "/about/this-resource.json"
    world = {"service": {"metadata_at": [place], "challenge": {"resource_metadata": "{mcp}" + place}}}
    sandbox = await start(world=world)
    async with httpx2.AsyncClient(base_url=sandbox.addresses.mcp) as http:
        assert (await http.get(place)).json()["resource"] == sandbox.mcp_url
        assert (await http.get("/.well-known/oauth-protected-resource")).status_code == 404
    assert [exchange.step for exchange in sandbox.trace] == ["resource-metadata", "resource-metadata"]


async def test_a_service_that_keeps_its_keys_refuses_new_ones(start: Start) -> None:
    """With `keys_read: once` a token of a new key is refused until somebody has the service read the keys anew."""
    sandbox = await start(world={"service": {"keys_read": "once"}})
    async with connected(sandbox):
        pass
    sandbox.effect("rotate", "signing-key")
    with pytest.raises(ExceptionGroup):
        async with connected(sandbox):
            pass
    sandbox.fix()
    async with connected(sandbox):
        pass


async def test_no_audience_lets_every_audience_in(start: Start) -> None:
    """A service that does not look at `aud` takes tokens that were made for another."""
    other = "https://other.example/mcp"
    sandbox = await start(world={"workos": {"access_token": {"audience": other}}, "service": {"audience": None}})
    async with connected(sandbox):
        pass


@pytest.mark.parametrize(("ahead", "connects"), [("29s", True), ("40s", False)])
async def test_a_token_from_the_future_is_refused(start: Start, ahead: str, *, connects: bool) -> None:
    """`iat` may be ahead by the tolerance, and no more."""
    sandbox = await start(world={"clock": {"workos": ahead}})
    with nullcontext() if connects else pytest.raises(ExceptionGroup):
        async with connected(sandbox):
            pass


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


async def test_keys_that_cannot_be_had_are_not_asked_for_by_every_request(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A JWKS that fails is asked for once a second, however many tokens are shown meanwhile."""
    fault = {"at": "jwks", "status": 503}
    scenario = {"title": "t", "story": "s", "step": "jwks", "faults": [fault], "expect": {"connects": True}}
    sandbox = await start(read_value(scenario))
    monkeypatch.setattr(sandbox.service.keys, "_clock", lambda: 0.0)  # the second lasts as long as the test
    headers = {"authorization": f"Bearer {token({'alg': 'RS256', 'kid': 'x'}, {'iss': 'y'})}"}
    async with httpx2.AsyncClient() as http:
        for _ in range(8):
            assert (await http.post(sandbox.mcp_url, headers=headers)).status_code == 401
    assert len([exchange for exchange in sandbox.trace if exchange.step == "jwks"]) == 1


async def test_a_seeded_service_reads_new_keys(start: Start) -> None:
    """Though the clock of a seeded sandbox hardly moves, an unknown key is looked for after a second."""
    sandbox = await start(seed=1)
    async with connected(sandbox):
        pass
    sandbox.effect("rotate", "signing-key")
    await asyncio.sleep(1.1)
    async with connected(sandbox):
        pass


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_the_metadata_is_only_read(sandbox: Sandbox, method: str) -> None:
    """Another method is answered 405, with those that there are."""
    async with httpx2.AsyncClient(base_url=sandbox.addresses.mcp) as http:
        answer = await http.request(method, "/.well-known/oauth-protected-resource")
    assert (answer.status_code, "GET" in answer.headers["allow"]) == (405, True)
