"""A whole sign-in over real sockets, after which no form of the trace holds a secret."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from urllib.parse import quote, quote_plus

import httpx2
import msgspec
import pytest

from sandbox.export import FORMATS
from sandbox.sandbox import Sandbox
from sandbox.timeline import line, odd, story
from sandbox.wire.exchange import Exchange
from sandbox.wire.redaction import fingerprint
from tests.conftest import Start
from tests.wire.signing_in import VERIFIER, SigningIn


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    """Give an HTTP client."""
    async with httpx2.AsyncClient(trust_env=False, timeout=60) as client:
        yield client


def spellings(secret: str) -> set[str]:
    """Give every way in which a secret could be read off: plain, encoded, and in base64 at any offset."""
    found = {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]}
    for offset in range(3):
        encoded = base64.b64encode(b"x" * offset + secret.encode()).decode().rstrip("=")
        found.add(encoded[4 if offset else 0 : -4])
    return found


def leaked(secrets: set[str], text: str) -> list[str]:
    """Give the secrets that can be read off a text, and JSON texts within it."""
    texts = [text, text.replace('\\"', '"')]
    return [secret for secret in secrets if any(spelled in each for spelled in spellings(secret) for each in texts)]


async def test_no_form_of_the_trace_holds_a_secret(start: Start, http: httpx2.AsyncClient) -> None:
    """Of tokens, codes, verifiers, client secrets and cookies the trace has fingerprints and nothing more."""
    sandbox = await start()
    await sandbox.ready()
    told: list[bytes] = []
    heard: list[Exchange] = []
    sandbox.trace.subscribe(lambda exchange: told.append(msgspec.json.encode(exchange)))
    sandbox.trace.subscribe(heard.append)
    console = sandbox.addresses.console
    async with http.stream("GET", console + "/api/events") as events:
        person = SigningIn(sandbox, http)
        explained = await person.everything()
        streamed = b""
        async for chunk in events.aiter_raw():
            streamed += chunk
            if streamed.count(b"event: exchange") >= len(heard):
                break
    assert len(person.secrets) > 15
    assert all(len(secret) >= 8 for secret in person.secrets)
    shown = {name: (await http.get(f"{console}/api/trace?format={name}")).text for name in FORMATS}
    for path in ("/api/state", "/api/scenario", "/api/world", "/health"):
        shown[path] = (await http.get(console + path)).text
    shown["events"] = streamed.decode()
    shown["listeners"] = b"".join(told).decode()
    shown["timeline"] = "\n".join(map(line, heard)) + "\n".join(map(odd, heard))
    shown["story"] = story(sandbox.trace, person.client["client_id"]) + story(sandbox.trace, None)
    shown["tools"] = explained
    assert {name: leaked(person.secrets, text) for name, text in shown.items() if leaked(person.secrets, text)} == {}
    assert "How client_" in explained
    assert {exchange.step for exchange in heard} >= {
        "token",
        "refresh",
        "introspection",
        "userinfo",
        "device",
        "session",
    }


async def test_a_secret_can_be_followed(start: Start, http: httpx2.AsyncClient) -> None:
    """The code of the redirect and that of the token request have one fingerprint; tokens and verifiers are decoded."""
    sandbox = await start()
    person = SigningIn(sandbox, http)
    await person.register()
    code = await person.authorize()
    grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": "http://localhost:9/callback"}
    token = (await person.token(**grant, code_verifier=VERIFIER))["access_token"]
    back, exchanged = list(sandbox.trace)[-2:]
    assert f"code=‹code {fingerprint(code)}›" in (back.response_header("location") or "")
    assert f"code=‹code {fingerprint(code)}›" in exchanged.request_body
    assert exchanged.held[fingerprint(token)]["claims"]["client_id"] == person.client["client_id"]
    challenge = exchanged.held[fingerprint(VERIFIER)]["S256"]
    authorize = next(exchange for exchange in sandbox.trace if "/oauth2/authorize?" in exchange.url)
    assert f"code_challenge={challenge}" in authorize.url


async def test_revealing_shows_secrets_whole(start: Start, http: httpx2.AsyncClient) -> None:
    """Who starts the sandbox with `reveal` sees everything, in every form."""
    sandbox = await start(reveal=True)
    person = SigningIn(sandbox, http)
    await person.register()
    code = await person.authorize()
    await person.token(grant_type="authorization_code", code=code, redirect_uri="x", code_verifier=VERIFIER)
    for name in ("json", "har", "curl"):
        text = (await http.get(f"{sandbox.addresses.console}/api/trace?format={name}")).text
        assert code in text
        assert VERIFIER in text
        assert "‹code" not in text
    state = (await http.get(f"{sandbox.addresses.console}/api/state")).json()
    assert person.client["client_secret"] in [client["client_secret"] for client in state["clients"]]


async def test_the_dashboard_hides_its_secrets(start: Start, http: httpx2.AsyncClient) -> None:
    """A client secret that a scenario or the dashboard holds is shown as a fingerprint, the same everywhere."""
    application = {
        "client_id": "client_1",
        "name": "x",
        "token_endpoint_auth_method": "client_secret_post",
        "client_secret": "a-known-secret",
    }
    sandbox: Sandbox = await start()
    sandbox.change({"workos": {"applications": [application]}})
    for path in ("/api/world", "/api/scenario", "/api/state"):
        text = (await http.get(sandbox.addresses.console + path)).text
        assert "a-known-secret" not in text
        assert f"‹client_secret {fingerprint('a-known-secret')}›" in text


async def test_the_reason_of_an_unfired_fault_holds_no_secret(start: Start, http: httpx2.AsyncClient) -> None:
    """Why a fault did not fire is told without the values that it was held against."""
    sandbox = await start()
    scenario = {
        "title": "x",
        "story": "x",
        "expect": {"connects": True},
        "faults": [{"at": "token", "when": {"form": {"code": "never"}}, "status": 503}],
    }
    await http.put(sandbox.addresses.console + "/api/scenario", json=scenario)
    await http.post(sandbox.addresses.workos + "/oauth2/token", data={"code": "a-secret-code"})
    text = (await http.get(sandbox.addresses.console + "/api/scenario")).text
    assert "a-secret-code" not in text
    assert fingerprint("a-secret-code") in text
    await asyncio.sleep(0)
