"""What the tests share: a running world, and the tools that a machine may lack."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from httpx2._config import DEFAULT_TIMEOUT_CONFIG
from hypothesis import HealthCheck, settings

from sandbox.sandbox import Sandbox
from tests.cli.process import PATIENCE

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# How long an example takes says more of the machine than of the code; a fixture that examples share is meant to be.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
settings.load_profile("any machine")

# What a test asks the sandbox may take longer than httpx's five seconds where the machine is busy.
DEFAULT_TIMEOUT_CONFIG.connect = DEFAULT_TIMEOUT_CONFIG.read = PATIENCE

Start = Callable[..., Awaitable[Sandbox]]


def missing(tool: str) -> NoReturn:
    """Skip a test for want of a tool; with CI=true that is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{tool} is missing, and CI skips nothing")
    pytest.skip(f"needs {tool}")


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


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Start the system's Chromium, without a window and without its own errands on the network."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium")
    if program is None:
        missing("Chromium")
    quiet = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]
    errands = ["--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=quiet + errands)
        yield browser
        browser.close()
