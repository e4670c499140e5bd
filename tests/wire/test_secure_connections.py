"""Broken connections below TLS: what breaks is the TCP connection, as when a proxy or a firewall breaks it."""

from __future__ import annotations

import asyncio

import pytest

from sandbox.scenario.model import When
from sandbox.wire.tls import Certificates
from tests.cli.process import PATIENCE
from tests.wire.conftest import Serve
from tests.wire.raw import until
from tests.wire.samples import fault


@pytest.fixture(scope="module")
def certificates() -> Certificates:
    """Give the sandbox's certificates."""
    return Certificates()


async def test_a_secure_connection_is_served_and_recorded(serve: Serve, certificates: Certificates) -> None:
    """Over HTTPS a request is answered as ever, and its URL says https."""
    served = await serve(context=certificates.server_context("on"))
    async with await served.connect("localhost", certificates.client_context()) as client:
        assert (await client.ask("/x")).status == 200
    assert [exchange.url for exchange in served.wire.trace] == [f"https://localhost:{served.port.number}/x"]


async def test_a_dropped_secure_connection(serve: Serve, certificates: Certificates) -> None:
    """`close: before` resets the connection below TLS, without a closing word."""
    served = await serve(context=certificates.server_context("on"))
    served.break_with(fault("api", close="before"))
    client = await served.connect("localhost", certificates.client_context())
    client.send("/x")
    with pytest.raises(ConnectionResetError):
        await client.rest()
    await until(lambda: served.busy == 0)
    assert [exchange.ended for exchange in served.wire.trace] == ["dropped"]


async def test_a_cut_secure_answer(serve: Serve, certificates: Certificates) -> None:
    """`close: N` sends so many bytes of the body and closes."""
    served = await serve(context=certificates.server_context("on"))
    served.break_with(fault("api", close=10))
    client = await served.connect("localhost", certificates.client_context())
    client.send("/x")
    assert int((await client.head()).headers["content-length"]) > 10
    assert len(await client.rest()) == 10
    await until(lambda: served.busy == 0)


async def test_a_hanging_secure_exchange(serve: Serve, certificates: Certificates) -> None:
    """`hang` ends when the client leaves, and when the port stops, over TLS as well."""
    served = await serve(context=certificates.server_context("on"))
    served.break_with(fault("api", when=When(path="/hang"), hang=True))
    clients = [await served.connect("localhost", certificates.client_context()) for _ in range(2)]
    for client in clients:
        client.send("/hang")
    await until(lambda: served.busy == 2)
    clients[0].writer.transport.abort()
    await until(lambda: served.busy == 1)
    async with asyncio.timeout(PATIENCE):
        await served.port.stop()
    assert served.busy == 0
