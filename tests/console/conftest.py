"""What the tests of the console share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import httpx2
import pytest

from sandbox.sandbox import Sandbox

Ask = Callable[..., Coroutine[Any, Any, httpx2.Response]]


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    """Give an HTTP client."""
    async with httpx2.AsyncClient(trust_env=False, timeout=60) as client:
        yield client


@pytest.fixture
def ask(sandbox: Sandbox, http: httpx2.AsyncClient) -> Ask:
    """Give a function that asks the console."""

    async def asked(method: str, path: str, body: Any = None, **options: Any) -> httpx2.Response:
        return await http.request(method, sandbox.addresses.console + path, json=body, **options)

    return asked
