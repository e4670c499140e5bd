"""One world in this process: its life, its steering, its effects, and where it listens."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final, get_args

import httpx2
import msgspec
import pytest

from sandbox.errors import SandboxError
from sandbox.log_aggregator import application
from sandbox.sandbox import ANY_PORTS, Ports, Sandbox
from sandbox.scenario import Scenario, find, read_value
from sandbox.scenario.model import EFFECTS, Fault
from sandbox.wire.port import Port, bind
from tests.cli.process import PATIENCE, polled
from tests.cli.sign_in import INITIALIZE, SignedIn, authorized, registered, signed_in
from tests.cli.sign_in import http as sync_http
from tests.conftest import Start
from tests.python_client import connected

AUTOMATIC: Final = {"workos": {"sign_in": "automatic"}}


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    """Give a client that knows no proxy."""
    async with httpx2.AsyncClient(trust_env=False, timeout=60) as client:
        yield client


def addresses(sandbox: Sandbox) -> dict[str, Any]:
    """Give where a world is, as `sandbox up --json` says it."""
    return {"workos": sandbox.addresses.workos, "mcp": sandbox.mcp_url}


async def sign_in(sandbox: Sandbox) -> SignedIn:
    """Register and sign in, beside the loop that the world runs on."""

    def act() -> SignedIn:
        with sync_http() as client:
            return signed_in(client, addresses(sandbox))

    return await asyncio.to_thread(act)


async def returned(sandbox: Sandbox, client_id: str) -> dict[str, str]:
    """Ask for a code, and give the fields of the redirect."""

    def act() -> dict[str, str]:
        with sync_http() as client:
            return authorized(client, addresses(sandbox), client_id)

    return await asyncio.to_thread(act)


async def initialized(sandbox: Sandbox, http: httpx2.AsyncClient, signed: SignedIn) -> httpx2.Response:
    """Begin an MCP session."""
    return await http.post(sandbox.mcp_url, json=INITIALIZE, headers=signed.bearer)


def listening() -> set[tuple[str, int]]:
    """Give every address on which this process listens, from the kernel's tables; none where there are no such."""
    if not Path("/proc/net/tcp6").exists():
        return set()
    links = {str(fd.readlink()) for fd in Path("/proc/self/fd").iterdir() if fd.is_symlink()}
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in links:
                address, _, port = fields[1].partition(":")
                words = [
                    bytes.fromhex(address[i : i + 8])[:: 1 if sys.byteorder == "big" else -1]
                    for i in range(0, len(address), 8)
                ]
                family = socket.AF_INET if table == "tcp" else socket.AF_INET6
                found.add((socket.inet_ntop(family, b"".join(words)), int(port, 16)))
    return found


# --- life --------------------------------------------------------------------------------------------------------


async def test_starts_again_after_a_stop(http: httpx2.AsyncClient) -> None:
    """A world that was stopped starts again, elsewhere and empty; stopping it twice does no harm."""
    sandbox = Sandbox(world=AUTOMATIC)
    await sandbox.start()
    signed = await sign_in(sandbox)
    first = sandbox.addresses.console
    await sandbox.stop()
    await sandbox.stop()
    with pytest.raises(httpx2.ConnectError):
        await http.get(f"{first}/health")
    await sandbox.start()
    assert len(sandbox.trace) == 0
    assert (await http.get(f"{sandbox.addresses.console}/health")).status_code == 200
    assert (await returned(sandbox, signed.client_id))["error"] == "application_not_found"
    assert (await initialized(sandbox, http, await sign_in(sandbox))).status_code == 200
    await sandbox.stop()


async def test_stop_without_a_start() -> None:
    """A world that never started can be stopped."""
    await Sandbox().stop()


async def test_stops_while_it_imports(monkeypatch: pytest.MonkeyPatch) -> None:
    """A world is stopped at once, also when its MCP application has not come."""

    async def never(_name: str) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(application, "_imported", never)
    async with asyncio.timeout(PATIENCE), Sandbox():
        pass


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[socket.socket]:
    """Give the sockets that worlds listen on."""
    sockets: list[socket.socket] = []

    def recorded(*arguments: Any) -> list[socket.socket]:
        found = bind(*arguments)
        sockets.extend(found)
        return found

    monkeypatch.setattr("sandbox.serving.bind", recorded)
    return sockets


async def test_start_that_fails_at_a_port_closes_the_others(opened: list[socket.socket]) -> None:
    """When the last port is taken, those before it are free again."""
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(SandboxError, match="is in use"):
        await Sandbox(ports=Ports(0, 0, 0, taken.getsockname()[1])).start()
    assert len(opened) >= 3
    assert {listener.fileno() for listener in opened} == {-1}


async def test_start_that_fails_later_closes_what_it_opened(opened: list[socket.socket], tmp_path: Path) -> None:
    """When the signing key is none, or the world is none, or a port does not serve, nothing stays open."""
    (tmp_path / "signing-key.pem").write_text("no key")
    with pytest.raises(SandboxError, match="signing-key"):
        await Sandbox(state_dir=tmp_path).start()
    with pytest.raises(msgspec.ValidationError):
        await Sandbox(world={"workos": {"mode": "neither"}}).start()
    assert opened
    assert {listener.fileno() for listener in opened} == {-1}


async def test_start_that_is_cancelled_closes_what_it_opened(
    opened: list[socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start that is cancelled between two ports leaves none of them open."""
    second = asyncio.Event()

    class Slow(Port):
        async def start(self, *context: Any) -> None:
            await super().start(*context)
            if self.name == "mcp":
                second.set()
                await asyncio.Event().wait()

    monkeypatch.setattr("sandbox.serving.Port", Slow)
    before = listening()
    starting = asyncio.ensure_future(Sandbox().start())
    await second.wait()
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert listening() == before
    assert {listener.fileno() for listener in opened} == {-1}


async def test_world_costs_little() -> None:
    """Twenty worlds one after the other take seconds of work at the very most."""
    async with Sandbox():
        pass
    began = time.process_time()
    for _ in range(20):
        async with Sandbox():
            pass
    assert time.process_time() - began < 10


async def test_stops_while_exchanges_hang(http: httpx2.AsyncClient) -> None:
    """Exchanges that hang, wait or stream end with the world, and do not hold it up."""
    hanging = {
        "title": "Everything hangs",
        "story": "It does.",
        "step": "jwks",
        "expect": {"reaches": "token"},
        "faults": [{"at": "jwks", "hang": True}, {"at": "server-metadata", "delay": "1h"}],
        "cause": "Faults.",
        "fix": "None.",
    }
    async with asyncio.timeout(PATIENCE):
        async with Sandbox(read_value(hanging)) as sandbox:
            workos = sandbox.addresses.workos
            urls = (f"{workos}/oauth2/jwks", f"{workos}/.well-known/oauth-authorization-server")
            hung, slow = ([asyncio.ensure_future(http.get(url)) for _ in range(3)] for url in urls)
            await asyncio.to_thread(polled, lambda: sandbox.unfired() == [])
        ended = await asyncio.gather(*hung, return_exceptions=True)
        await asyncio.gather(*slow, return_exceptions=True)
    assert all(isinstance(answer, httpx2.TransportError) for answer in ended)


async def test_mcp_that_cannot_be_imported_is_said(
    monkeypatch: pytest.MonkeyPatch, start: Start, http: httpx2.AsyncClient
) -> None:
    """When the MCP application cannot be had, whoever asks for it is told; the rest of the world goes on."""

    async def broken(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(application, "_imported", broken)
    sandbox = await start(world=AUTOMATIC)
    with pytest.raises(ImportError):
        await sandbox.ready()
    assert (await initialized(sandbox, http, await sign_in(sandbox))).status_code == 500
    sandbox.reset()
    assert (await http.get(f"{sandbox.addresses.mcp}/health")).status_code == 200


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Give an event that a module called `slow_to_import` waits for in its middle."""
    event = threading.Event()
    (tmp_path / "slow_to_import.py").write_text("import gate_of_the_test\ngate_of_the_test.wait(20)\nwhole = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "gate_of_the_test", event)
    yield event
    sys.modules.pop("slow_to_import", None)


async def test_second_world_waits_for_the_import_of_the_first(gate: threading.Event) -> None:
    """A world that starts while the one before it still imports gets the whole module."""
    first = asyncio.ensure_future(application._imported("slow_to_import"))
    await asyncio.sleep(0)
    await asyncio.to_thread(polled, lambda: "slow_to_import" in sys.modules)
    first.cancel()
    second = asyncio.ensure_future(application._imported("slow_to_import"))
    await asyncio.sleep(0)
    gate.set()
    assert (await second).whole


# --- where it listens --------------------------------------------------------------------------------------------


@pytest.mark.skipif(not Path("/proc/net/tcp6").exists(), reason="needs the kernel's tables")
async def test_listens_on_loopback_only(start: Start) -> None:
    """A world listens on 127.0.0.1 and ::1, the same ports on both, and nowhere else."""
    before = listening()
    await start()
    now = listening() - before
    assert {address for address, _ in now} == {"127.0.0.1", "::1"}
    assert len(now) == 2 * len(ANY_PORTS)
    assert len({port for _, port in now}) == len(ANY_PORTS)


# --- steering ----------------------------------------------------------------------------------------------------


async def test_use_switches_the_world_and_clears_the_trace(start: Start, http: httpx2.AsyncClient) -> None:
    """Another scenario takes its place at once, with its world and faults and an empty trace."""
    sandbox = await start()
    register = f"{sandbox.addresses.workos}/oauth2/register"
    assert (await http.post(register, json={"redirect_uris": ["http://localhost/"]})).status_code == 201
    sandbox.use("missing-registration")
    assert len(sandbox.trace) == 0
    assert sandbox.scenario == find("missing-registration")
    assert (await http.post(register, json={"redirect_uris": ["http://localhost/"]})).status_code >= 400


async def test_use_keeps_clients_and_sessions(start: Start, http: httpx2.AsyncClient) -> None:
    """A client that is connected stays so when the scenario changes."""
    sandbox = await start(world=AUTOMATIC)
    signed = await sign_in(sandbox)
    session = (await initialized(sandbox, http, signed)).headers["mcp-session-id"]
    sandbox.use("missing-registration")
    listed = await http.post(
        sandbox.mcp_url,
        json={"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
        headers={**signed.bearer, "mcp-session-id": session},
    )
    assert listed.status_code == 200
    assert (await returned(sandbox, signed.client_id))["code"]


async def test_use_of_what_is_none_changes_nothing(start: Start) -> None:
    """A scenario that there is not, or whose world does not fit what was given, leaves all as it was."""
    sandbox = await start("slow-token", world=AUTOMATIC)
    before = (sandbox.scenario, sandbox.world, sandbox.unfired())
    with pytest.raises(SandboxError, match="Did you mean"):
        sandbox.use("slow-tokn")
    with pytest.raises(msgspec.ValidationError):
        sandbox.use(msgspec.structs.replace(find("healthy"), world={"workos": {"mode": "neither"}}))
    assert (sandbox.scenario, sandbox.world, sandbox.unfired()) == before
    sandbox.reset()
    assert sandbox.scenario == before[0]


async def test_fix_takes_the_faults_away_and_keeps_the_trace(start: Start, http: httpx2.AsyncClient) -> None:
    """The fix ends the faults, lays over what is fixed, and the trace goes on; a second fix changes nothing."""
    sandbox = await start("server-metadata-html")
    url = f"{sandbox.addresses.workos}/.well-known/oauth-authorization-server"
    assert "html" in (await http.get(url)).headers["content-type"]
    sandbox.fix()
    assert "json" in (await http.get(url)).headers["content-type"]
    assert len(sandbox.trace) == 2
    healed = sandbox.world
    sandbox.fix()
    assert sandbox.world == healed


async def test_change_is_seen_by_the_next_request_and_keeps_the_faults(start: Start, http: httpx2.AsyncClient) -> None:
    """A setting that is changed counts at once, and faults keep their turns."""
    sandbox = await start("refresh-fails")
    sandbox.change({"workos": {"dynamic_client_registration": False}})
    answer = await http.post(
        f"{sandbox.addresses.workos}/oauth2/register", json={"redirect_uris": ["http://localhost/"]}
    )
    assert answer.status_code >= 400
    assert len(sandbox.unfired()) == len(find("refresh-fails").faults)


@pytest.mark.parametrize(
    "change",
    [
        {"workos": {"dynamic_client_registration": "off"}},
        {"workos": {"no_such_setting": True}},
        {"nothing": {}},
        {"workos": {"dynamic_client_registration": False}, "service": {"path": "no-slash"}},
    ],
)
async def test_bad_change_changes_nothing(change: dict[str, Any], start: Start) -> None:
    """A change of which any part is no setting is refused as a whole."""
    sandbox = await start()
    before = (sandbox.scenario, sandbox.world)
    with pytest.raises(msgspec.ValidationError):
        sandbox.change(change)
    assert (sandbox.scenario, sandbox.world) == before
    assert sandbox.authkit.settings == sandbox.world.workos
    assert sandbox.service.settings == sandbox.world.service


async def test_change_wins_over_what_was_given(start: Start) -> None:
    """A change counts also for what the start laid over every scenario; the next scenario has that again."""
    sandbox = await start(world={"workos": {"sign_in": "automatic", "mode": "production"}})
    sandbox.change({"workos": {"sign_in": "deny"}})
    settings = sandbox.world.workos
    assert (settings.sign_in, settings.mode) == ("deny", "production")
    sandbox.fix()
    assert str(sandbox.world.workos.sign_in) == "deny"
    sandbox.use("slow-token")
    assert str(sandbox.world.workos.sign_in) == "automatic"


async def test_reset_restores_everything(start: Start, http: httpx2.AsyncClient) -> None:
    """After a reset no client, session, log entry, exchange or changed setting is left, and faults begin anew."""
    sandbox = await start("slow-token", world=AUTOMATIC)
    scenario, world, unfired = sandbox.scenario, sandbox.world, sandbox.unfired()
    sandbox.fix()
    signed = await sign_in(sandbox)
    session = (await initialized(sandbox, http, signed)).headers["mcp-session-id"]
    logs = f"{sandbox.addresses.mcp}/logs"
    entry = {"service": "test", "message": "of-this-test-alone"}
    assert (await http.post(logs, json=entry, headers=signed.bearer)).status_code == 201
    sandbox.change({"workos": {"dynamic_client_registration": False}})
    sandbox.effect("expire", "access-tokens")
    sandbox.reset()
    assert (sandbox.scenario, sandbox.world, sandbox.unfired()) == (scenario, world, unfired)
    assert list(sandbox.trace) == []
    assert (await returned(sandbox, signed.client_id))["error"] == "application_not_found"
    sandbox.fix()
    again = await sign_in(sandbox)
    assert again.client_id != signed.client_id
    headers = {**again.bearer, "mcp-session-id": session}
    gone = await http.post(sandbox.mcp_url, json={"jsonrpc": "2.0", "id": 2, "method": "tools/list"}, headers=headers)
    assert gone.status_code == 404
    found = await http.get(logs, params={"q": "of-this-test-alone"}, headers=again.bearer)
    assert found.json()["logs"] == []
    assert min(exchange.number for exchange in sandbox.trace) == 1


async def test_reset_gives_faults_their_turns_again(start: Start, http: httpx2.AsyncClient) -> None:
    """A fault that had fired as often as it may fires again after a reset."""
    once: Scenario = msgspec.structs.replace(find("healthy"), faults=(Fault(at="jwks", status=503, on="first 1"),))
    sandbox = await start(once)
    url = f"{sandbox.addresses.workos}/oauth2/jwks"
    for _ in range(2):
        assert [(await http.get(url)).status_code for _ in range(2)] == [503, 200]
        sandbox.reset()


# --- effects -----------------------------------------------------------------------------------------------------


def _texts(kind: Any) -> Iterator[str]:
    for part in get_args(kind):
        if isinstance(part, str):
            yield part
        else:
            yield from _texts(part)


async def refreshed(sandbox: Sandbox, http: httpx2.AsyncClient, signed: SignedIn) -> httpx2.Response:
    """Use the refresh token."""
    form = {
        "grant_type": "refresh_token",
        "client_id": signed.client_id,
        "refresh_token": signed.tokens["refresh_token"],
    }
    return await http.post(f"{sandbox.addresses.workos}/oauth2/token", data=form)


async def test_forget_clients(start: Start) -> None:
    """After `forget clients` WorkOS does not know who asks."""
    sandbox = await start(world=AUTOMATIC)
    signed = await sign_in(sandbox)
    sandbox.effect("forget", "clients")
    assert (await returned(sandbox, signed.client_id))["error"] == "application_not_found"


async def test_forget_sessions(start: Start, http: httpx2.AsyncClient) -> None:
    """After `forget sessions` the session id answers 404, and the token is still good (MCP, Streamable HTTP)."""
    sandbox = await start(world=AUTOMATIC)
    signed = await sign_in(sandbox)
    session = (await initialized(sandbox, http, signed)).headers["mcp-session-id"]
    sandbox.effect("forget", "sessions")
    headers = {**signed.bearer, "mcp-session-id": session}
    answer = await http.post(sandbox.mcp_url, json={"jsonrpc": "2.0", "id": 2, "method": "tools/list"}, headers=headers)
    assert answer.status_code == 404
    assert (await initialized(sandbox, http, signed)).status_code == 200


async def test_rotate_signing_key(start: Start, http: httpx2.AsyncClient) -> None:
    """After `rotate signing-key` another key is published, and new tokens are good."""
    sandbox = await start(world=AUTOMATIC)
    jwks = f"{sandbox.addresses.workos}/oauth2/jwks"
    before = (await http.get(jwks)).json()["keys"][0]["kid"]
    sandbox.effect("rotate", "signing-key")
    assert (await http.get(jwks)).json()["keys"][0]["kid"] != before
    assert (await initialized(sandbox, http, await sign_in(sandbox))).status_code == 200


@pytest.mark.parametrize("verb", ["revoke", "expire"])
async def test_end_of_access_tokens(verb: str, start: Start, http: httpx2.AsyncClient) -> None:
    """After `revoke` or `expire access-tokens` the token is refused, and a refreshed one is good."""
    sandbox = await start(world=AUTOMATIC)
    signed = await sign_in(sandbox)
    assert (await initialized(sandbox, http, signed)).status_code == 200
    sandbox.effect(verb, "access-tokens")
    assert (await initialized(sandbox, http, signed)).status_code == 401
    answer = await refreshed(sandbox, http, signed)
    assert answer.status_code == 200


@pytest.mark.parametrize("verb", ["revoke", "expire"])
async def test_end_of_refresh_tokens(verb: str, start: Start, http: httpx2.AsyncClient) -> None:
    """After `revoke` or `expire refresh-tokens` refreshing is refused with invalid_grant (RFC 6749, section 5.2)."""
    sandbox = await start(world=AUTOMATIC)
    signed = await sign_in(sandbox)
    sandbox.effect(verb, "refresh-tokens")
    answer = await refreshed(sandbox, http, signed)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


async def test_expire_codes(start: Start, http: httpx2.AsyncClient) -> None:
    """After `expire codes` a code that was just handed out is refused with invalid_grant."""
    sandbox = await start(world=AUTOMATIC)
    client_id = await asyncio.to_thread(_registered, sandbox)
    code = (await returned(sandbox, client_id))["code"]
    sandbox.effect("expire", "codes")
    form = {"grant_type": "authorization_code", "client_id": client_id, "code": code}
    answer = await http.post(f"{sandbox.addresses.workos}/oauth2/token", data=form)
    assert answer.json()["error"] in {"invalid_grant", "invalid_request"}


def _registered(sandbox: Sandbox) -> str:
    with sync_http() as client:
        return registered(client, sandbox.addresses.workos)


async def test_change_settings(start: Start) -> None:
    """A `change` holds from there on, until the scenario begins anew; one of a setting that there is not, never."""
    sandbox = await start()
    sandbox.effect("change", {"service": {"authorization_server": "{other}"}})
    assert sandbox.world.service.authorization_server == sandbox.addresses.other
    with pytest.raises(msgspec.ValidationError):
        sandbox.effect("change", {"service": {"authorisation_server": "{other}"}})
    assert sandbox.world.service.authorization_server == sandbox.addresses.other
    sandbox.reset()
    assert sandbox.world.service.authorization_server == sandbox.addresses.workos


async def test_a_fault_changes_settings_while_a_client_connects(start: Start) -> None:
    """From the exchange on that a fault names, the world is another one, and the other faults go on."""
    faults = [
        {"at": "resource-metadata", "change": {"workos": {"dynamic_client_registration": False}}},
        {"at": "server-metadata", "set": {"scopes_supported": ["openid"]}},
    ]
    expect = {"connects": True}
    sandbox = await start(read_value({"title": "t", "story": "s", "step": "token", "faults": faults, "expect": expect}))
    with pytest.raises(ExceptionGroup):
        async with connected(sandbox):
            pass
    assert sandbox.unfired() == []
    assert [exchange.status for exchange in sandbox.trace if exchange.step == "registration"] == [404]


async def test_placeholders_of_a_change_are_filled_in_when_it_acts(start: Start, http: httpx2.AsyncClient) -> None:
    """What `{mcp_url}` and `{issuer}` mean is what they mean after the change."""
    change = {"service": {"path": "/v2", "given_url": "{mcp_url}"}, "workos": {"issuer": "custom"}}
    fault = {"at": "challenge", "on": "first 1", "change": change}
    scenario = {"title": "t", "story": "s", "step": "token", "faults": [fault], "expect": {"connects": True}}
    sandbox = await start(read_value(scenario))
    await http.post(sandbox.mcp_url)
    assert sandbox.mcp_url == f"{sandbox.addresses.mcp}/v2"
    assert sandbox.world.service.issuers == (sandbox.addresses.workos.replace("localhost", "127.0.0.1"),)


async def test_a_fix_undoes_what_a_fault_changed(start: Start, http: httpx2.AsyncClient) -> None:
    """`fixed` is laid over what a `change` has made of the world."""
    fault = {"at": "challenge", "on": "first 1", "change": {"service": {"cors": False, "protocol": "legacy"}}}
    scenario = {"title": "t", "story": "s", "step": "token", "faults": [fault], "expect": {"connects": True}}
    sandbox = await start(read_value(scenario | {"fixed": {"service": {"cors": True}}}))
    await http.post(sandbox.mcp_url)
    assert (sandbox.world.service.cors, sandbox.world.service.protocol) == (False, "legacy")
    sandbox.fix()
    assert (sandbox.world.service.cors, sandbox.world.service.protocol) == (True, "legacy")


async def test_a_fault_at_several_steps_counts_them_together(start: Start) -> None:
    """A fault that names two steps acts at both, and its turns count both."""
    fault = {"at": ["token", "refresh"], "on": "nth 2", "status": 503}
    scenario = {"title": "t", "story": "s", "step": "refresh", "faults": [fault], "expect": {"connects": True}}
    sandbox = await start(read_value(scenario), world=AUTOMATIC)
    assert sandbox.unfired() == [
        "at token and refresh: status 503 (nth 2) never fired: no exchanges at token and refresh"
    ]
    signed = await sign_in(sandbox)
    async with httpx2.AsyncClient() as http:
        assert [(await refreshed(sandbox, http, signed)).status_code for _ in range(2)] == [503, 200]


async def test_effects_are_those_of_the_scenario_language(start: Start) -> None:
    """Every effect that a fault can name is there, and an unknown one is refused with the list of them."""
    sandbox = await start()
    types = {field.name: field.type for field in msgspec.structs.fields(Fault)}
    named = [(verb, thing) for verb in EFFECTS if verb != "change" for thing in _texts(types[verb])]
    with pytest.raises(SandboxError, match="There is no effect 'forget' of 'everything'; there are: ") as refusal:
        sandbox.effect("forget", "everything")
    listed = str(refusal.value).partition("there are: ")[2].rstrip(".").split(", ")
    assert {f"{verb} {thing}" for verb, thing in named} <= set(listed)
    for verb, thing in named:
        sandbox.effect(verb, thing)


# --- what it serves ----------------------------------------------------------------------------------------------


async def test_both_eras_connect_at_once(start: Start) -> None:
    """A client of MCP 2025-11-25 and one of 2026-07-28 connect at the same time and call a tool."""
    sandbox = await start(world=AUTOMATIC)

    async def used(mode: Any) -> str:
        async with connected(sandbox, mode=mode) as client:
            return await client.call("search_logs", query="call-me-back")

    answers = await asyncio.gather(used("auto"), used("legacy"), used("auto"), used("legacy"))
    assert all("call-me-back" in answer for answer in answers)
    asked = {method for exchange in sandbox.trace for method in exchange.mcp_methods}
    assert {"initialize", "server/discover"} <= asked


async def test_health_is_open_and_logs_are_not(start: Start, http: httpx2.AsyncClient) -> None:
    """GET /health answers anybody; GET /logs wants a token, and challenges who has none or a wrong one."""
    sandbox = await start(world=AUTOMATIC)
    bearer = (await sign_in(sandbox)).bearer
    health, logs = f"{sandbox.addresses.mcp}/health", f"{sandbox.addresses.mcp}/logs"
    wrong = {"authorization": "Bearer wrong"}
    for headers in ({}, bearer, wrong):
        assert (await http.get(health, headers=headers)).status_code == 200
    for headers in ({}, wrong):
        answer = await http.get(logs, headers=headers)
        assert answer.status_code == 401
        assert "resource_metadata=" in answer.headers["www-authenticate"]
    answer = await http.get(logs, headers=bearer)
    assert answer.status_code == 200
    assert len(answer.json()["logs"]) > 0
