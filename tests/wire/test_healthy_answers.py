"""The answer before a fault edited it is remembered beside the one that left, without its secrets."""

from __future__ import annotations

from typing import Any

import httpx2
import msgspec
import pytest

from sandbox.wire.exchange import BODY_LIMIT, Exchange
from tests.conftest import Start
from tests.wire.signing_in import CALLBACK, VERIFIER, SigningIn

METADATA = "/.well-known/oauth-protected-resource/mcp"


def faulty(*faults: dict[str, Any]) -> dict[str, Any]:
    """Give a scenario with faults."""
    return {"title": "x", "story": "x", "step": "token", "expect": {"connects": True}, "faults": list(faults)}


async def asked(start: Start, *faults: dict[str, Any]) -> Exchange:
    """Ask for the resource metadata, and give the exchange."""
    sandbox = await start()
    async with httpx2.AsyncClient(trust_env=False, timeout=60) as http:
        await http.put(sandbox.addresses.console + "/api/scenario", json=faulty(*faults))
        await http.get(sandbox.addresses.mcp + METADATA)
    (exchange,) = sandbox.trace
    return exchange


async def test_an_edited_answer_keeps_the_healthy_one(start: Start) -> None:
    """Status, headers and body are those that the application answered, whatever the faults made of them."""
    edits: list[dict[str, Any]] = [
        {"set": {"resource": "http://elsewhere"}},
        {"status": 203},
        {"headers": {"x-odd": "1"}},
    ]
    exchange = await asked(start, *({"at": "resource-metadata", **edit} for edit in edits))
    assert exchange.healthy is not None
    assert (exchange.status, exchange.healthy.status) == (203, 200)
    assert "http://elsewhere" in exchange.response_body
    assert msgspec.json.decode(exchange.healthy.body)["resource"].endswith("/mcp")
    assert "x-odd" in dict(exchange.response_headers)
    assert "x-odd" not in dict(exchange.healthy.headers)


async def test_an_answer_that_is_cut_keeps_the_whole_one(start: Start) -> None:
    """Of an answer that a fault cuts short, the whole one is kept."""
    sandbox = await start()
    async with httpx2.AsyncClient(trust_env=False, timeout=60) as http:
        cut = faulty({"at": "resource-metadata", "close": 5})
        await http.put(sandbox.addresses.console + "/api/scenario", json=cut)
        with pytest.raises(httpx2.RemoteProtocolError):
            await http.get(sandbox.addresses.mcp + METADATA)
    (exchange,) = sandbox.trace
    assert exchange.healthy is not None
    assert len(exchange.response_body) == 5
    assert msgspec.json.decode(exchange.healthy.body)["resource"]


@pytest.mark.parametrize(
    "fault", [{"status": 503}, {"error": "temporarily_unavailable"}, {"delay": "1ms"}, {"remove": ["no_such_field"]}]
)
async def test_where_nothing_was_edited_none_is_kept(fault: dict[str, Any], start: Start) -> None:
    """A fault that answers by itself, that only waits, or that found nothing to edit leaves no other answer."""
    exchange = await asked(start, {"at": "resource-metadata", **fault})
    assert exchange.healthy is None


async def test_what_answers_in_front_is_not_called_healthy(start: Start) -> None:
    """Where one fault answers and another edits that, the application was never asked."""
    edits: list[dict[str, Any]] = [{"error": "temporarily_unavailable"}, {"headers": {"x-odd": "1"}}]
    exchange = await asked(start, *({"at": "resource-metadata", **edit} for edit in edits))
    assert len(exchange.faults) == 2
    assert exchange.healthy is None


async def test_a_large_answer_is_cut(start: Start) -> None:
    """No more of it is kept than of any body."""
    sandbox = await start()
    edit = faulty({"at": "resource-metadata", "status": 203})
    async with httpx2.AsyncClient(trust_env=False, timeout=60) as http:
        await http.put(sandbox.addresses.console + "/api/scenario", json=edit)
        sandbox.change({"service": {"scopes": ["x" * BODY_LIMIT]}})
        await http.get(sandbox.addresses.mcp + METADATA)
    (exchange,) = sandbox.trace
    assert exchange.healthy is not None
    assert len(exchange.healthy.body) == BODY_LIMIT


async def test_the_healthy_token_is_a_fingerprint(start: Start) -> None:
    """Of the token before a fault made it anew, what it says is kept beside what the other says, and neither whole."""
    sandbox = await start()
    edit = faulty({"at": "token", "claims": {"aud": "http://elsewhere"}})
    async with httpx2.AsyncClient(trust_env=False, timeout=60) as http:
        await http.put(sandbox.addresses.console + "/api/scenario", json=edit)
        person = SigningIn(sandbox, http)
        await person.register()
        grant = {"grant_type": "authorization_code", "code": await person.authorize(), "redirect_uri": CALLBACK}
        await person.token(**grant, code_verifier=VERIFIER, resource=sandbox.mcp_url)
    exchange = list(sandbox.trace)[-1]
    assert exchange.healthy is not None
    audiences = [
        {said["claims"]["aud"] for said in held.values() if "client_id" in said.get("claims", {})}
        for held in (exchange.held, exchange.healthy.held)
    ]
    assert audiences == [{"http://elsewhere"}, {sandbox.mcp_url}]
    text = msgspec.json.encode(exchange).decode()
    assert exchange.healthy.body.count("‹") >= 3
    assert "eyJ" not in text
    assert [secret for secret in person.secrets if secret in text] == []
