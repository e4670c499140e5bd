"""What the tests share: a running world, and the tools that a machine may lack."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from sandbox.sandbox import Sandbox

Start = Callable[..., Awaitable[Sandbox]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Give a function that starts a world, stopped when the test ends."""
    async with AsyncExitStack() as stack:

        async def started(scenario: Any = "healthy", **options: Any) -> Sandbox:
            return await stack.enter_async_context(Sandbox(scenario, **options))

        yield started


@pytest.fixture
async def sandbox(start: Start) -> Sandbox:
    """Give the healthy world."""
    return await start()
