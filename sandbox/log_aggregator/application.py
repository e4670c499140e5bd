"""The life of the MCP applications: imported while the ports are open already, and then run."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from sandbox import __version__
from sandbox.log_aggregator.logs import Logs
from sandbox.settings import Features
from sandbox.wire.asgi import Application

_MODULES: Final[dict[Features, str]] = {
    "logs": "sandbox.log_aggregator.server",
    "conformance": "sandbox.log_aggregator.conformance",
}
"""Which module builds the application with which features."""


class McpApplications:
    """The MCP applications of log-aggregator, one for each set of features that was asked for."""

    def __init__(self, logs: Logs, explain: Callable[[Mapping[str, Any]], str]) -> None:
        self._logs = logs
        self._explain = explain
        self._begun: dict[Features, _McpApplication] = {}

    def begin(self, features: Features) -> None:
        """Import and start an application in the background, unless it was begun before."""
        if features not in self._begun:
            self._begun[features] = _McpApplication(_MODULES[features], self._logs, self._explain)

    async def get(self, features: Features) -> Application:
        """Give the application, waiting until it is there."""
        self.begin(features)
        return await self._begun[features].get()

    def forget_sessions(self) -> None:
        """Forget every MCP session, so that its id answers 404."""
        for application in self._begun.values():
            application.forget_sessions()

    async def end(self) -> None:
        """Stop the applications."""
        for application in self._begun.values():
            await application.end()


class _McpApplication:
    """One application: imported in a thread, since that takes a second, and then run."""

    def __init__(self, module: str, logs: Logs, explain: Callable[[Mapping[str, Any]], str]) -> None:
        self._module = module
        self._logs = logs
        self._explain = explain
        self._ready: asyncio.Future[Application] = asyncio.get_running_loop().create_future()
        self._stop = asyncio.Event()
        self._running = asyncio.create_task(self._run())

    async def get(self) -> Application:
        return await asyncio.shield(self._ready)

    async def _run(self) -> None:
        try:
            await self._serve()
        except Exception as error:
            if self._ready.done():
                raise
            self._ready.set_exception(error)  # whoever waits for the application learns why it never comes

    async def _serve(self) -> None:
        module = await _imported(self._module)
        self._server = module.build(self._logs, self._explain, version=__version__)
        async with module.running(self._server) as application:
            self._forget = module.forget_sessions
            self._ready.set_result(application)
            await self._stop.wait()

    def forget_sessions(self) -> None:
        if self._ready.done() and self._ready.exception() is None:
            self._forget(self._server)

    async def end(self) -> None:
        self._stop.set()
        if not self._ready.done():
            self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)
        self._ready.cancel()
        await asyncio.gather(self._ready, return_exceptions=True)


async def _imported(name: str) -> Any:
    """Import a module in a thread that does not keep the process alive."""
    import importlib

    loop = asyncio.get_running_loop()
    done: asyncio.Future[Any] = loop.create_future()

    def work() -> None:
        try:
            outcome, result = done.set_result, importlib.import_module(name)
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is awaited
            outcome, result = done.set_exception, error  # type: ignore[assignment]
        with suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(lambda: None if done.done() else outcome(result))

    threading.Thread(target=work, name="import mcp", daemon=True).start()
    return await done
