"""A client of the sandbox's own, which connects at a click: for who has no other at hand."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from sandbox.errors import SandboxError
from sandbox.lessons import Journey

if TYPE_CHECKING:
    from sandbox.sandbox import Sandbox

COMMAND: Final = (sys.executable, "-m", "sandbox.clients.journeys.python_sdk")
"""The MCP Python SDK, which signs in by the browser that `$BROWSER` names."""
_PATIENCE: Final = 600.0
"""Seconds after which a client is ended, however long it is held."""
_SILENCE: Final = 10.0
"""Seconds without a word or a request, while nobody answers it, after which it waits for what never comes."""


class Said(NamedTuple):
    """How far it is, and the last words that it printed."""

    running: bool
    words: str


class OwnClient:
    """One client at a time, in a process of its own that is gone when it is over."""

    def __init__(self) -> None:
        self.said: Said | None = None
        self._work: asyncio.Task[None] | None = None
        self._listeners: list[Callable[[], None]] = []

    def begin(self, sandbox: Sandbox, journey: Journey = "connect") -> None:
        """Let it connect; where the scenario is about refreshing, its token runs out and it goes on.

        Raise SandboxError while one is at work.
        """
        if self._work is not None and not self._work.done():
            raise SandboxError("A client of the sandbox is at work already. Wait until it is done.")
        options = ["--race"] if journey == "race" else ["--again"] if sandbox.scenario.step == "refresh" else []
        self._tell(Said(running=True, words=""))
        self._work = asyncio.get_running_loop().create_task(self._go(sandbox, options))

    async def _go(self, sandbox: Sandbox, options: list[str]) -> None:
        from sandbox.clients.connect import HOW_IT_ENDED  # not needed to start
        from sandbox.clients.process import Limits
        from sandbox.clients.run import Run
        from sandbox.clients.words import last_words

        last = [time.monotonic()]
        forget = sandbox.trace.subscribe(lambda _: last.__setitem__(0, time.monotonic()))
        with tempfile.TemporaryDirectory(prefix="sandbox-", ignore_cleanup_errors=True) as home:
            run = Run(
                url=sandbox.mcp_url,
                home=Path(home),
                folder=Path(home),
                refreshes=False,
                expire_tokens=lambda: None,
                heard=lambda: time.monotonic() if sandbox.wire.unanswered else last[0],  # who is held is not silent
                limits=Limits(seconds=_PATIENCE, silence=_SILENCE),
                trusted=sandbox.certificates.file if sandbox.is_secure else None,
            )
            try:
                printed = await run.program(*COMMAND, run.url, *options)
                words = " ".join(last_words(printed)) or f"Nothing more; {HOW_IT_ENDED[printed.ended]}."
            except SandboxError as error:
                words = str(error)
            finally:
                forget()
        self._tell(Said(running=False, words=words))

    async def end(self) -> None:
        """End what is at work."""
        if self._work is not None:
            self._work.cancel()
            with suppress(asyncio.CancelledError):
                await self._work

    def forget(self) -> None:
        """Forget what the last one said, as another scenario begins."""
        if self.said is not None and not self.said.running:
            self._tell(None)

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Have a listener called when one begins and when it is done; the answer ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _tell(self, said: Said | None) -> None:
        self.said = said
        for listener in tuple(self._listeners):
            listener()
