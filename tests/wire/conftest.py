"""What the tests of the wire share."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, suppress
from typing import Any

import pytest

from sandbox.wire.asgi import Application, Receive, Scope, Send, read_request, send_response
from sandbox.wire.message import json_response
from sandbox.workos.authkit import AuthKit
from tests.wire.raw import Served, until
from tests.wire.samples import authkit

Serve = Callable[..., Awaitable[Served]]

ON_EVERY_LOOP = {"test_connections", "test_http", "test_secure_connections", "test_streams", "test_trouble"}
"""The tests that look at what transports do, which differs between the loops that the sandbox runs on."""


def pytest_asyncio_loop_factories(item: pytest.Item) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run a test on asyncio's own loop, and on uvloop where that matters."""
    factories: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    if item.path.stem in ON_EVERY_LOOP:
        with suppress(ImportError):
            import uvloop

            factories["uvloop"] = uvloop.new_event_loop
    return factories


@pytest.fixture(scope="module")
def tokens() -> Iterator[AuthKit]:
    """Give WorkOS's tools for tokens."""
    made = authkit()
    yield made
    made.store.close()


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with what was asked."""
    request = await read_request(scope, receive)
    said = {
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "headers": dict(request.headers),
        "length": len(request.body),
        "body": request.body[:100].decode("latin-1"),
    }
    await send_response(json_response(200, said), send)


@pytest.fixture
async def serve(tokens: AuthKit, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Serve]:
    """Give a function that serves an application behind a wire.

    When the test ends, nothing may have been logged, and no task of a request may live on.
    """
    caplog.set_level(logging.WARNING)
    async with AsyncExitStack() as stack:

        async def served(application: Application = echo, **options: Any) -> Served:
            started = await Served.start(application, tokens, **options)
            stack.push_async_callback(started.stop)
            return started

        yield served
    await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})
    assert [record.getMessage() for record in caplog.records] == []


def parsed(body: bytes) -> dict[str, Any]:
    """Read a JSON object."""
    value: dict[str, Any] = json.loads(body)
    return value
