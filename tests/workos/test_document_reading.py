"""Reading the documents of clients, on real sockets: the fetch, its bounds, its record, and the faults that hit it."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any, cast
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import httpx2
import pytest

from sandbox.export import FORMATS
from sandbox.sandbox import Sandbox
from sandbox.scenario import Expect, Scenario
from sandbox.scenario.model import Fault
from sandbox.sources import Sources
from sandbox.wire.exchange import Exchange
from sandbox.wire.place import TokenTools
from sandbox.wire.wire import Wire
from sandbox.workos import document_reading
from sandbox.workos.document_reading import DocumentReading
from tests.conftest import Start
from tests.python_client import Habits, connected
from tests.wire.raw import until
from tests.workos.driver import CHALLENGE, Workos
from tests.workos.hosting import CALLBACK, Host

CIMD = {"workos": {"client_id_metadata_document": True}}
StartHost = Callable[..., Awaitable[Host]]


def broken(*faults: Fault) -> Scenario:
    """Make a scenario of these faults, where documents are taken."""
    return Scenario(title="x", story="x", expect=Expect(connects=True), world=CIMD, faults=faults, name="broken")


@pytest.fixture
async def start_host() -> AsyncIterator[StartHost]:
    """Give a function that serves a document."""
    async with AsyncExitStack() as stack:

        async def started(context: Any = None) -> Host:
            host, server = await Host.start(context)
            stack.callback(server.close)
            stack.callback(host.leave)
            return host

        yield started


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    """Give an HTTP client that follows nothing."""
    async with httpx2.AsyncClient(trust_env=False, timeout=10) as client:
        yield client


async def authorize(sandbox: Sandbox, http: httpx2.AsyncClient, client_id: str) -> httpx2.Response:
    """Ask for authorization."""
    asked = {"response_type": "code", "client_id": client_id, "redirect_uri": CALLBACK, "scope": "openid"}
    query = urlencode(asked | {"code_challenge": CHALLENGE, "code_challenge_method": "S256"})
    return await http.get(f"{sandbox.addresses.workos}/oauth2/authorize?{query}")


def is_let_in(response: httpx2.Response) -> bool:
    """Say whether a person is asked to sign in."""
    return urlsplit(response.headers["location"]).path == "/oauth2/sign-in"


def why_not(response: httpx2.Response) -> str:
    """Give what the error page says of a document that cannot be used."""
    parts = urlsplit(response.headers["location"])
    fields = parse_qs(parts.query)
    assert (parts.path, fields["error"]) == ("/oauth2/error", ["invalid_client_metadata"])
    return fields["error_description"][0]


def fetched(sandbox: Sandbox) -> list[Exchange]:
    """Give the exchanges in which WorkOS asked for documents."""
    return [exchange for exchange in sandbox.trace if exchange.step == "client-metadata"]


# --- the good way ------------------------------------------------------------------------------------------------


async def test_a_document_on_this_machine_is_read(start: Start, start_host: StartHost, http: Any) -> None:
    """A client that names its document signs in without having registered."""
    sandbox, host = await start(world=CIMD), await start_host()
    assert is_let_in(await authorize(sandbox, http, host.url))
    assert len(host.asked) == 1
    head = host.asked[0].lower()
    assert head.startswith("get /client.json http/1.1")
    assert f"host: localhost:{host.port}" in head
    assert "accept: application/json" in head


async def test_the_fetch_is_recorded(start: Start, start_host: StartHost, http: Any) -> None:
    """The trace has what WorkOS asked and what came, before the answer to the client, in every form."""
    sandbox, host = await start(world=CIMD), await start_host()
    await authorize(sandbox, http, host.url)
    asked, read = list(sandbox.trace)
    assert (read.step, read.asker, read.system) == ("client-metadata", "workos", "client")
    assert (read.method, read.url, read.status, read.ended) == ("GET", host.url, 200, "answered")
    assert "An app of mine" in read.response_body
    assert read.client_id == host.url
    assert (asked.step, asked.status) == ("authorization", 302)
    for name in FORMATS:
        text = (await http.get(f"{sandbox.addresses.console}/api/trace?format={name}")).text
        assert "client.json" in text


async def test_a_client_of_the_sdk_connects_by_its_own_document(start: Start, start_host: StartHost) -> None:
    """The SDK's client brings an https document of this machine, registers nothing, and calls a tool."""
    sandbox = await start(world=CIMD)
    host = await start_host(sandbox.certificates.server_context("on", "document"))
    async with connected(sandbox, habits=Habits(client_metadata_url=host.url)) as client:
        assert "search_logs" in [tool.name for tool in (await client.client.list_tools()).tools]
    steps = [exchange.step for exchange in sandbox.trace]
    assert "registration" not in steps
    assert steps.count("client-metadata") == len(host.asked) == 1
    assert sandbox.findings == []


async def test_a_document_is_read_once_while_it_is_fresh(start: Start, start_host: StartHost, http: Any) -> None:
    """What Cache-Control allows to keep is not asked for again; after that it is."""
    sandbox, host = await start(world=CIMD), await start_host()
    host.headers["cache-control"] = "max-age=60"
    for _ in range(3):
        assert is_let_in(await authorize(sandbox, http, host.url))
    assert len(host.asked) == 1
    sandbox.effect("advance", "61s")
    assert is_let_in(await authorize(sandbox, http, host.url))
    assert len(host.asked) == 2


async def test_many_at_once_read_it_once(start: Start, start_host: StartHost, http: Any) -> None:
    """Who asks while a document is being read waits for that."""
    sandbox, host = await start(world=CIMD), await start_host()
    answers = await asyncio.gather(*(authorize(sandbox, http, host.url) for _ in range(8)))
    assert all(map(is_let_in, answers))
    assert len(host.asked) == 1


async def test_a_reset_forgets_documents(start: Start, start_host: StartHost, http: Any) -> None:
    """After a reset a document is read anew."""
    sandbox, host = await start(world=CIMD), await start_host()
    await authorize(sandbox, http, host.url)
    sandbox.reset()
    await authorize(sandbox, http, host.url)
    assert len(host.asked) == 2


@pytest.mark.parametrize("path", ["/oauth2/error", "/oauth2/authorize/", "/oauth2/jwks", "/sso/authorize"])
async def test_only_where_clients_say_who_they_are(start: Start, start_host: StartHost, http: Any, path: str) -> None:
    """A URL in the query of any other endpoint is not fetched."""
    sandbox, host = await start(world=CIMD), await start_host()
    await http.get(f"{sandbox.addresses.workos}{path}?{urlencode({'client_id': host.url})}")
    assert host.asked == []


async def test_where_documents_are_not_taken_none_is_read(start: Start, start_host: StartHost, http: Any) -> None:
    """With the switch off, as it is at first, nothing is asked."""
    sandbox, host = await start(), await start_host()
    response = await authorize(sandbox, http, host.url)
    assert response.headers["location"] == "/oauth2/error?error=application_not_found"
    assert host.asked == []


async def test_a_token_request_reads_it_too(start: Start, start_host: StartHost, http: Any) -> None:
    """A client that comes back after WorkOS forgot its document is known again by its form, and by HTTP Basic."""
    sandbox, host = await start(world=CIMD), await start_host()
    token = f"{sandbox.addresses.workos}/oauth2/token"
    asked = {"grant_type": "refresh_token", "refresh_token": "none"}
    ways: list[dict[str, Any]] = [
        {"data": asked | {"client_id": host.url}},
        {"data": asked, "auth": (quote(host.url, safe=""), "")},
    ]
    for number, way in enumerate(ways, 1):
        answer = await http.post(token, **way)
        assert answer.json()["error"] == "invalid_grant"
        assert len(host.asked) == number
        sandbox.effect("forget", "clients")


# --- what goes wrong ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"status": 404}, "it answered 404"),
        ({"status": 302, "headers": {"location": "/other"}}, "redirects are not followed"),
        ({"headers": {"content-type": "text/html"}}, "its content type is text/html"),
        ({"body": b"not json"}, "no JSON object"),
        ({"body": b'{"x": "' + b"x" * 6000 + b'"}'}, "more than 5 KiB"),
        ({"body": b'{"client_id": "https://claude.ai/oauth/claude-code-client-metadata"}'}, "not its own URL"),
        ({"headers": {"content-type": "application/json", "content-length": "99999"}}, "broke off"),
    ],
)
async def test_a_failure_is_told_to_the_person_and_tried_again(
    start: Start, start_host: StartHost, http: Any, change: dict[str, Any], why: str
) -> None:
    """The error page says what is wrong with the document; the next attempt asks for it again, and may succeed."""
    sandbox, host = await start(world=CIMD), await start_host()
    for name, value in change.items():
        setattr(host, name, value)
    assert why in why_not(await authorize(sandbox, http, host.url))
    assert [head.split()[1] for head in host.asked] == ["/client.json"]
    assert len(fetched(sandbox)) == 1
    host.status, host.headers, host.body = 200, {"content-type": "application/json"}, None
    assert is_let_in(await authorize(sandbox, http, host.url))


async def test_nobody_there(start: Start, start_host: StartHost, http: Any) -> None:
    """A host that takes no connection is told as such, and recorded as unanswered."""
    sandbox, host = await start(world=CIMD), await start_host()
    host.port = int(sandbox.addresses.console.rpartition(":")[2])
    host.secure = True  # the console speaks no TLS
    assert "no TLS there" in why_not(await authorize(sandbox, http, host.url))
    assert [exchange.ended for exchange in fetched(sandbox)] == ["unanswered"]


async def test_a_slow_host_holds_nobody_else_up(
    start: Start, start_host: StartHost, http: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a document does not come, others are answered; after the time limit the person is told."""
    monkeypatch.setattr(document_reading, "PATIENCE", 0.3)
    sandbox, host = await start(world=CIMD), await start_host()
    host.silent = True
    waiting = asyncio.ensure_future(authorize(sandbox, http, host.url))
    await until(lambda: host.asked)
    began = time.perf_counter()
    await http.get(f"{sandbox.addresses.workos}/oauth2/jwks")
    assert time.perf_counter() - began < 0.2
    assert not waiting.done()
    assert "whole answer" in why_not(await waiting)
    assert [exchange.ended for exchange in fetched(sandbox)] == ["unanswered"]


async def test_the_sandbox_stops_while_a_document_is_read(start_host: StartHost, http: Any) -> None:
    """A document that does not come keeps no sandbox from stopping."""
    host = await start_host()
    host.silent = True
    async with Sandbox(world=CIMD) as sandbox:
        waiting = asyncio.ensure_future(authorize(sandbox, http, host.url))
        await until(lambda: host.asked)
        began = time.perf_counter()
    assert time.perf_counter() - began < 2
    assert isinstance((await asyncio.gather(waiting, return_exceptions=True))[0], Exception)


# --- where documents may be --------------------------------------------------------------------------------------


@pytest.fixture
def workos() -> Iterator[Workos]:
    """Give a WorkOS that takes documents."""
    made = Workos()
    made.set(client_id_metadata_document=True, documents_fetched="anywhere")
    yield made
    made.authkit.store.close()


async def judged(workos: Workos, url: str, *addresses: str, is_at_home: bool = True) -> tuple[str, int]:
    """Read a document whose host has these addresses; give why it failed, and how many exchanges there were."""

    async def resolve(_host: str) -> list[str]:
        return list(addresses)

    wire = Wire(
        sources=Sources(),
        tokens=cast("TokenTools", workos.authkit),
        effect=lambda _action, _what: None,
        resource_metadata=str,
        is_resource_metadata=lambda _system, _path: False,
    )

    async def trusted() -> ssl.SSLContext:
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    reading = DocumentReading(workos.authkit, wire, trusted, is_at_home=is_at_home, resolve=resolve)
    await reading._read_in_time(url)
    return workos.authkit.documents.failures[url], len(wire.trace)


async def test_another_machine_is_asked_only_where_the_world_says_so(workos: Workos) -> None:
    """By default the sandbox stays on its own machine: it does not even look the name up."""
    workos.set(documents_fetched="local")
    why, exchanges = await judged(workos, "https://app.example/c", "93.184.216.34")
    assert "app.example is another machine" in why
    assert exchanges == 0


@pytest.mark.parametrize(
    ("url", "addresses", "why"),
    [
        ("https://app.example/c", ["10.0.0.1"], "leads to 10.0.0.1, a private address"),
        ("https://app.example/c", ["93.184.216.34", "192.168.1.1"], "a private address"),
        ("https://app.example/c", ["169.254.169.254"], "a link-local address"),
        ("https://app.example/c", ["::ffff:10.0.0.1"], "a private address"),
        ("https://app.example/c", ["fd00::1"], "a private address"),
        ("https://app.example/c", ["0.0.0.0"], "no address of one host"),
        ("https://10.0.0.1/c", [], "10.0.0.1 is a private address"),
        ("https://app.example/c", [], "no address found for app.example"),
        ("http://app.example/c", ["93.184.216.34"], "must be at https"),
        ("http://app.example/c", ["127.0.0.1", "93.184.216.34"], "must be at https"),
        ("https://app.example", ["93.184.216.34"], "no path"),
    ],
)
async def test_a_document_elsewhere_must_be_public(workos: Workos, url: str, addresses: list[str], why: str) -> None:
    """No stranger has WorkOS ask within a private network (RFC 6890); nothing is even sent."""
    said, exchanges = await judged(workos, url, *addresses)
    assert why in said
    assert exchanges == 0


@pytest.mark.parametrize("url", ["http://localhost:9/c", "https://127.0.0.1:9/c", "https://app.example/c"])
async def test_this_machine_is_private_to_a_sandbox_that_others_reach(workos: Workos, url: str) -> None:
    """A sandbox that listens beyond this machine asks nothing on it."""
    said, exchanges = await judged(workos, url, "127.0.0.1", is_at_home=False)
    assert "a loopback address" in said
    assert exchanges == 0


# --- faults and holding ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "why", "ended"),
    [
        (Fault(at="client-metadata", status=403), "it answered 403", "answered"),
        (Fault(at="client-metadata", set={"client_id": "https://other.example/c"}), "not its own URL", "answered"),
        (Fault(at="client-metadata", close="before"), "no whole answer", "dropped"),
        (Fault(at="client-metadata", close=5), "no whole answer", "cut"),
        (Fault(at="client-metadata", hang=True), "no whole answer", "unanswered"),
        (Fault(at="client-metadata", headers={"content-type": "text/plain"}), "text/plain", "answered"),
    ],
)
async def test_faults_act_on_it(
    start: Start,
    start_host: StartHost,
    http: Any,
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
    why: str,
    ended: str,
) -> None:
    """A fault at this step breaks the document on its way, and is recorded with it."""
    monkeypatch.setattr(document_reading, "PATIENCE", 0.3)
    sandbox, host = await start(broken(fault)), await start_host()
    assert why in why_not(await authorize(sandbox, http, host.url))
    (exchange,) = fetched(sandbox)
    assert exchange.ended == ended
    assert exchange.faults


async def test_it_can_be_held(start: Start, start_host: StartHost, http: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before this step the flow can be held for longer than a document may take, and then goes on."""
    monkeypatch.setattr(document_reading, "PATIENCE", 0.1)
    sandbox, host = await start(world=CIMD), await start_host()
    sandbox.hold("client-metadata")
    waiting = asyncio.ensure_future(authorize(sandbox, http, host.url))
    await until(lambda: sandbox.held)
    assert not (await asyncio.wait({waiting}, timeout=0.3))[0]
    assert host.asked == []
    sandbox.step()
    assert is_let_in(await waiting)
