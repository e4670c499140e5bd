"""The ASGI middleware in front of both systems.

It names the step, lets the healthy application answer, applies the faults that are due, and records what really left.
The applications know nothing of faults, and faults know nothing of applications.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.flow import LOOKS, System
from sandbox.scenario.model import Fault
from sandbox.sources import Sources
from sandbox.wire.active import ActiveFaults
from sandbox.wire.asgi import Application, Receive, Scope, Send, dated
from sandbox.wire.cors import shared
from sandbox.wire.exchange import Trace
from sandbox.wire.hold import Hold
from sandbox.wire.hosts import HostCheck, base_of
from sandbox.wire.identity import Identities
from sandbox.wire.issued import Issued
from sandbox.wire.passage import Passage
from sandbox.wire.place import TokenTools


@dataclass(kw_only=True)
class Wire:
    """What both systems' wires share: the trace, the faults at work, and what faults may touch."""

    sources: Sources
    tokens: TokenTools
    effect: Callable[[str, Any], None]
    """Changes state: ("forget", "clients") and the like."""
    resource_metadata: Callable[[], str]
    """Gives the URL that a challenge names."""
    is_resource_metadata: Callable[[System, str], bool]
    """Says whether the resource metadata is at this path of a system, or is said to be."""
    trace: Trace = field(default_factory=Trace)
    faults: ActiveFaults = field(default_factory=ActiveFaults)
    identities: Identities = field(default_factory=Identities)
    issued: Issued = field(default_factory=Issued)
    hold: Hold = field(default_factory=Hold)
    reveal: bool = False
    unanswered: int = 0
    """How many exchanges have begun and not ended; a stream has ended once it is open."""
    quiet: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while there is none, so that all that was answered has been recorded."""
    released: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when hanging exchanges may go: the scenario changed, or the sandbox stops."""

    def __post_init__(self) -> None:
        """Begin in silence."""
        self.count(0)

    def count(self, more: int) -> None:
        """Count exchanges that have begun, or, below zero, that have ended."""
        self.unanswered += more
        if self.unanswered:
            self.quiet.clear()
        else:
            self.quiet.set()

    def load(self, faults: tuple[Fault, ...]) -> None:
        """Put other faults to work, their turns uncounted, and let go what hangs."""
        self.faults = ActiveFaults(faults, reveal=self.reveal)
        self.released.set()
        self.released = asyncio.Event()

    def around(
        self,
        system: System,
        application: Application,
        check: HostCheck | None = None,
        shares: Callable[[str], bool] = lambda _: False,
        now: Callable[[], float] = time.time,
    ) -> Application:
        """Put the wire in front of a system; what the check refuses is recorded too, and no fault acts on it.

        `shares` says whether pages of an origin may read the answers, `now` is the system's clock.
        """

        def dressed(application: Application) -> Application:
            return dated(shared(application, shares), now)

        answering = dressed(application)

        async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                return
            refusal = check(scope) if check else None
            if refusal is None and _is_look(scope):
                await answering(scope, receive, send)
            else:
                await Passage(self, system, base_of(scope), (scope, receive, send), dressed).run(answering, refusal)

        return asgi


def _is_look(scope: Scope) -> bool:
    """Say whether a browser asks how a page looks, which is no part of the flow and is not recorded."""
    return bool(scope["method"] == "GET" and scope["path"].startswith(LOOKS))
