"""Who may ask: only what is on this machine, by its own names."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from sandbox.sandbox import Sandbox
from sandbox.serving import _host
from sandbox.wire.hosts import base_of, guarded, own_names_only
from sandbox.wire.port import LOOPBACK, Port, bind
from tests.conftest import Start
from tests.wire.conftest import echo, parsed
from tests.wire.raw import Raw

PORT = 4100


def scope(*headers: tuple[str, str]) -> dict[str, Any]:
    """Make the scope of a request with these headers."""
    return {"scheme": "http", "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers]}


def status(*headers: tuple[str, str], own_origin: bool = False) -> int:
    """Give the status of the refusal; 200 when there is none."""
    refusal = own_names_only(PORT, own_origin=own_origin)(scope(*headers))
    return 200 if refusal is None else refusal.status


@pytest.mark.parametrize("host", ["localhost:4100", "127.0.0.1:4100", "[::1]:4100", "LocalHost:4100"])
def test_loopback_names_with_the_right_port(host: str) -> None:
    """The machine's own names pass, whatever their case."""
    assert status(("host", host)) == 200


@pytest.mark.parametrize(
    "hosts",
    [
        [],
        [""],
        ["evil.example"],
        ["evil.example:4100"],
        ["localhost"],
        ["localhost:4101"],
        ["localhost:4100 "],
        ["localhost.evil.example:4100"],
        ["127.0.0.1.nip.io:4100"],
        ["127.0.0.2:4100"],
        ["0.0.0.0:4100"],
        ["user@localhost:4100"],
        ["[::1]:4101"],
        ["::1:4100"],
        ["localhost:4100", "localhost:4100"],
        ["evil.example", "localhost:4100"],
        ["localhost:4100", "evil.example"],
    ],
)
@pytest.mark.parametrize("own_origin", [False, True])
def test_other_hosts_are_refused(hosts: list[str], *, own_origin: bool) -> None:
    """Any other Host is a request for somebody else, and none or two are for nobody (RFC 9110, section 15.5.20)."""
    assert status(*(("host", host) for host in hosts), own_origin=own_origin) == 421


GOOD = ("host", "localhost:4100")


@pytest.mark.parametrize(
    ("origin", "any_loopback", "own"),
    [
        ("http://localhost:4100", 200, 200),
        ("http://LOCALHOST:4100", 200, 200),
        ("http://127.0.0.1:4100", 200, 200),
        ("http://[::1]:4100", 200, 200),
        ("http://localhost:3000", 200, 403),
        ("http://localhost", 200, 403),
        ("https://localhost:4100", 200, 403),
        ("null", 403, 403),
        ("", 403, 403),
        ("https://evil.example", 403, 403),
        ("https://evil.example:4100", 403, 403),
        ("http://localhost.evil.example:4100", 403, 403),
        ("http://evil.example/http://localhost:4100", 403, 403),
        ("http://localhost:4100@evil.example", 403, 403),
        ("http://[", 403, 403),
        ("http://[::1", 403, 403),
        ("file://", 403, 403),
    ],
)
def test_origins(origin: str, any_loopback: int, own: int) -> None:
    """A page of another machine is refused, and the console refuses pages of this machine's other programs too."""
    assert status(GOOD, ("origin", origin)) == any_loopback
    assert status(GOOD, ("origin", origin), own_origin=True) == own


def test_a_second_origin_does_not_hide() -> None:
    """Of two Origin headers both must be good."""
    own, foreign = ("origin", "http://localhost:4100"), ("origin", "https://evil.example")
    assert status(GOOD, own, foreign) == status(GOOD, foreign, own) == 403


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("localhost:4100", "http://localhost:4100"),
        ("127.0.0.1:4100", "http://127.0.0.1:4100"),
        ("[::1]:4100", "http://[::1]:4100"),
        ("my-machine.local", "http://my-machine.local"),
        ("", "http://localhost"),
        ("a b", "http://localhost"),
        ("evil/\r\n", "http://localhost"),
        ("x:99999", "http://localhost"),
        ("x:abc", "http://localhost"),
        ("[1.2]:80", "http://localhost"),
        ("user@x", "http://localhost"),
        ("é.example", "http://localhost"),
    ],
)
def test_the_base_of_urls_is_always_a_url(host: str, base: str) -> None:
    """The address by which one was asked is taken from the Host only when it could be one."""
    assert base_of(scope(("host", host)) if host else scope()) == base


# --- on the sockets ----------------------------------------------------------------------------------------------


async def test_every_port_checks(sandbox: Sandbox) -> None:
    """All ports refuse a rebound name, and the refusals of both systems are on the record."""
    for url in sandbox.addresses:
        port = int(url.rpartition(":")[2])
        async with await Raw.to(port) as client:
            assert (await client.ask("/health", host=f"evil.example:{port}")).status == 421
            assert (await client.ask("/health", origin="https://evil.example")).status == 403
            assert (await client.ask("/health", origin="null")).status == 403
            assert (await client.ask("/health", method="POST", body=b"{}", origin="null")).status == 403
    assert {exchange.status for exchange in sandbox.trace} <= {403, 421}


async def test_only_the_console_insists_on_its_own_pages(sandbox: Sandbox) -> None:
    """A local app may call both systems from its page, but not steer the sandbox."""
    refused = {}
    for name in ("workos", "mcp", "console"):
        async with await Raw.to(int(getattr(sandbox.addresses, name).rpartition(":")[2])) as client:
            answer = await client.ask("/api/scenario", origin="http://localhost:3000")
            refused[name] = answer.status == 403
    assert refused == {"workos": False, "mcp": False, "console": True}


async def test_a_request_without_host(sandbox: Sandbox) -> None:
    """HTTP/1.0 without a Host is refused like any other name."""
    async with await Raw.to(int(sandbox.addresses.workos.rpartition(":")[2])) as client:
        client.writer.write(b"GET /oauth2/jwks HTTP/1.0\r\n\r\n")
        assert (await client.answer()).status == 421


def has_ipv6() -> bool:
    """Say whether this machine has an IPv6 loopback."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


async def test_listening_everywhere_is_no_leave_to_rebind(start: Start) -> None:
    """At 0.0.0.0, as in a container, the sandbox still answers to localhost alone, as its URLs do."""
    sandbox = await start(addresses=("0.0.0.0",))
    port = int(sandbox.addresses.console.rpartition(":")[2])
    async with await Raw.to(port) as client:
        assert (await client.ask("/health", host=f"localhost:{port}")).status == 200
        refused = await client.ask("/health", host=f"evil.example:{port}")
        assert refused.status == 421
        assert f"answers to localhost:{port}, not to 'evil.example:{port}'" in parsed(refused.body)["error"]
        assert (await client.ask("/health", origin="https://evil.example")).status == 403


@pytest.mark.parametrize("address", ["127.0.0.2", "[fd00::7]"])
def test_an_address_of_its_own_is_a_name_of_its_own(address: str) -> None:
    """Listening at one address for other machines, it answers to that address as well, and to pages from there."""
    for own_origin in (False, True):
        check = own_names_only(PORT, address, own_origin=own_origin)
        assert check(scope(("host", f"{address}:{PORT}"), ("origin", f"http://{address}:{PORT}"))) is None
        assert check(scope(GOOD)) is None
        for refused in (
            scope(("host", f"127.0.0.3:{PORT}")),
            scope(GOOD, ("origin", f"http://127.0.0.3:{PORT}")),
        ):
            assert check(refused) is not None
    page = scope(GOOD, ("origin", f"https://{address}:3000"))
    assert own_names_only(PORT, address, own_origin=False)(page) is None
    assert own_names_only(PORT, address, own_origin=True)(page) is not None


@pytest.mark.parametrize(
    ("addresses", "host"),
    [
        (LOOPBACK, "localhost"),
        (("0.0.0.0",), "localhost"),
        (("192.0.2.7",), "192.0.2.7"),
        (("FD00:0::7",), "[fd00::7]"),
    ],
)
def test_an_address_is_called_as_clients_write_it(addresses: tuple[str, ...], host: str) -> None:
    """URLs say localhost, or the one address, in the form to which every client shortens it (RFC 5952)."""
    assert _host(addresses) == host


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
async def test_ipv6_is_served_on_the_same_port(sandbox: Sandbox) -> None:
    """The port answers at ::1 as well, and its URLs name the address that was asked."""
    port = int(sandbox.addresses.workos.rpartition(":")[2])
    async with await Raw.to(port, "::1") as client:
        answer = await client.ask("/.well-known/oauth-authorization-server", host=f"[::1]:{port}")
    assert answer.status == 200
    assert [exchange.url for exchange in sandbox.trace] == [
        f"http://[::1]:{port}/.well-known/oauth-authorization-server"
    ]


async def test_a_port_without_a_guard_survives_any_host(sandbox: Sandbox) -> None:
    """A port before which nobody checks serves any Host, and none makes it fail."""
    application = sandbox.wire.around("workos", echo)
    port = Port("test", application, bind("test", 0))
    await port.start()
    async with await Raw.to(port.number) as client:
        for host in ("evil.example", "x:99999", "[", "a b"):
            answer = await client.ask("/x", host=host)
            assert (answer.status, parsed(answer.body)["headers"]["host"]) == (200, host)
    await port.stop()


async def test_what_is_no_http_request_passes_the_guard() -> None:
    """The guard looks at HTTP alone; what else a server may send an application is not its business."""
    seen = []

    async def application(scope_: Any, _receive: object, _send: object) -> None:
        seen.append(scope_["type"])

    async def nothing(*_: object) -> Any:
        return None

    await guarded(application, own_names_only(PORT, own_origin=True))({"type": "lifespan"}, nothing, nothing)
    assert seen == ["lifespan"]


def test_any_port_is_free_at_both_addresses() -> None:
    """Port 0 gives one number at every address, even when the first tried is taken at the other one."""
    taken = [bind("x", 0, LOOPBACK) for _ in range(20)]
    for sockets in taken:
        assert len({listener.getsockname()[1] for listener in sockets}) == 1
        for listener in sockets:
            listener.close()
