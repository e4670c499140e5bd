"""The proxy that carries a token for the suite, and hides nothing."""

from __future__ import annotations

import httpx2

from sandbox.clients.journeys.python_sdk import Storage
from sandbox.sandbox import Sandbox
from tests.conformance.bearer import carrying, rewritten
from tests.python_client import connected

HEADERS = {"accept": "application/json, text/event-stream", "mcp-protocol-version": "2025-11-25"}
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}


def test_a_request_goes_on_as_it_came() -> None:
    """Order, spelling and whitespace stay; the token is added, and the proxy's own address is the server's."""
    head = b"POST /mcp HTTP/1.1\r\nHOST: localhost:1\r\nmcp-NAME:  a \r\nConnection: keep-alive\r\n\r\n"
    on = b"POST /mcp HTTP/1.1\r\nHOST: localhost:2\r\nmcp-NAME:  a \r\n"
    assert rewritten(head, 1, 2, "t") == on + b"Authorization: Bearer t\r\nConnection: close\r\n\r\n"


def test_a_foreign_host_is_not_hidden() -> None:
    """A Host that is not the proxy's own is left for the server to refuse."""
    assert b"\r\nHost: evil.example\r\n" in rewritten(b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 1, 2, "t")


async def test_a_session_through_the_proxy(sandbox: Sandbox) -> None:
    """Without the proxy the guard refuses; through it a session begins, streams, and ends."""
    storage = Storage()
    async with connected(sandbox, storage=storage):
        assert storage.tokens is not None
    async with (
        carrying(storage.tokens.access_token, sandbox.mcp_url) as url,
        httpx2.AsyncClient(trust_env=False) as http,
    ):
        assert (await http.post(sandbox.mcp_url, json=INITIALIZE, headers=HEADERS)).status_code == 401
        begun = await http.post(url, json=INITIALIZE, headers=HEADERS)
        assert begun.status_code == 200
        session = HEADERS | {"mcp-session-id": begun.headers["mcp-session-id"]}
        async with http.stream("GET", url, headers=session) as stream:
            assert stream.status_code == 200
            assert stream.headers["content-type"].startswith("text/event-stream")
        assert (await http.delete(url, headers=session)).status_code == 200
        assert (await http.post(url, json=INITIALIZE | {"method": "ping"}, headers=session)).status_code == 404
