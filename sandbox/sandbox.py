"""One running world: it starts, switches scenarios, resets and stops."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any, Self

import msgspec

from sandbox import effects
from sandbox.console import create_console
from sandbox.console.own_client import OwnClient
from sandbox.diagnosis.live import Watch
from sandbox.durations import seconds
from sandbox.errors import SandboxError
from sandbox.holding import Holding
from sandbox.log_aggregator import LogAggregator, fetching
from sandbox.log_aggregator.application import McpApplications
from sandbox.log_aggregator.guard import is_resource_metadata, resource_metadata_url
from sandbox.log_aggregator.logs import Level, Logs
from sandbox.log_aggregator.verification import KeyCache
from sandbox.scenario import Scenario, find
from sandbox.serving import ANY_PORTS, Ports, Serving, add_unasked, is_loopback
from sandbox.sources import Sources
from sandbox.state import SIGNING_KEY, open_store
from sandbox.threads import Background, Home, steers
from sandbox.timeline import odd
from sandbox.wire import wsgi
from sandbox.wire.asgi import Application
from sandbox.wire.exchange import Exchange
from sandbox.wire.hosts import guarded
from sandbox.wire.port import LOOPBACK
from sandbox.wire.tls import Certificates
from sandbox.wire.wire import Wire
from sandbox.witness import Witness
from sandbox.workos import AuthKit, create_app
from sandbox.workos.document_reading import DocumentReading
from sandbox.workos.environment import shares_with
from sandbox.workos.keys import Keys
from sandbox.workos.metadata import authorization_server
from sandbox.workos.store import Store
from sandbox.world import World, merged, overlay, placed, placeholder_values, without

__all__ = ["ANY_PORTS", "Ports", "Sandbox"]


class Sandbox(Witness, Holding):
    """The whole world on this machine: WorkOS, log-aggregator, the wire before both, and the console.

    `async with` runs it on the loop that is there, `with` on a thread of its own; either way it may be steered and
    asked from any thread. `scenario` is a Scenario, a name of the library or a path; `world` is laid over every
    scenario's world; with a `state_dir`, clients, grants and the signing key outlive it, and `fresh` forgets those that
    are there. Raise SandboxError at the start when a port or the state directory cannot be used.
    """

    def __init__(
        self,
        scenario: Scenario | str | os.PathLike[str] = "healthy",
        *,
        ports: Ports = ANY_PORTS,
        addresses: Sequence[str] = LOOPBACK,
        world: Mapping[str, Any] | None = None,
        state_dir: Path | None = None,
        fresh: bool = False,
        seed: int | None = None,
        reveal: bool = False,
    ) -> None:
        self.scenario = self._begun = _scenario(scenario)
        self._given = dict(world or {})
        self._overrides = self._given
        self._ports = ports
        self._listen = addresses
        self._state_dir = state_dir
        self._fresh = fresh
        self.sources = Sources(seed)
        self._reveal = reveal
        self._open = AsyncExitStack()
        self.home = Home()
        self.own_client = OwnClient()

    # --- life -----------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Open the ports and serve; the MCP application is imported meanwhile, in a thread.

        What a start that fails has opened is closed again. Raise SandboxError when it runs already.
        """
        self._check_idle()
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> None:
        self.home.move_in()
        self.certificates = Certificates()
        self._open.callback(self.certificates.close)
        self._serving = Serving(self._ports, self._listen, self.certificates, self._open)
        self.addresses = self._serving.addresses()
        self.store = open_store(self._state_dir, self.sources.now, fresh=self._fresh)
        self._open.callback(self.store.close)
        world = placed(merged(self.scenario.built(), self._given), self.addresses)
        keys = Keys(self.sources, self._state_dir / SIGNING_KEY if self._state_dir else None)
        origin, sources = self.addresses.workos, self.sources.shifted(lambda: seconds(self.world.clock.workos))
        self.authkit = AuthKit(world.workos, origin, origin, sources, self.store, keys)
        self.other = self._other_authkit(world)
        self.authkit.console = self.other.console = self.addresses.console
        flask = create_app(self.authkit)
        self.logs = Logs(self.sources)
        self._open.callback(self.logs.clear)
        self.mcp = McpApplications(self.logs, self.explain)
        self.service = LogAggregator(
            settings=world.service,
            addresses=self.addresses,
            resource="",
            logs=self.logs,
            now=self.sources.shifted(lambda: seconds(self.world.clock.service)).now,
            mcp=self.mcp.get,
            workos=lambda request, base: wsgi.call(flask, request, base),
            withdrawn=self.authkit.withdrawn,
            server_metadata=lambda: authorization_server(self.authkit),
            keys=KeyCache(fetching(self.certificates.client_context), self.sources.elapsed),
        )
        self.wire = Wire(
            sources=self.sources,
            tokens=self.authkit,
            effect=self.effect,
            resource_metadata=lambda: resource_metadata_url(self.world.service, self.addresses) or "",
            is_resource_metadata=lambda *at: is_resource_metadata(self.world.service, self.addresses, *at),
            reveal=self._reveal,
        )
        self.wire.trace.subscribe(self._log)
        self.watch = Watch(lambda: self.wire.unanswered > 0)
        self.wire.trace.subscribe(self.watch.see)
        self._open.callback(self.watch.forget)
        self._open.push_async_callback(self.own_client.end)
        self._apply(self.scenario, self._given)
        wire, check = self.wire, self._serving.check
        documents = DocumentReading(
            self.authkit, wire, self.certificates.client_context_apart, is_at_home=self.is_loopback
        )
        self._open.push_async_callback(documents.stop)
        shares, unasked = partial(shares_with, self.authkit), partial(add_unasked, self)
        applications: dict[str, Application] = {
            "workos": wire.around(
                "workos",
                documents.before(wsgi.application(flask)),
                check("workos"),
                shares,
                sources.now,
            ),
            "mcp": wire.around(
                "log-aggregator", self.service, check("mcp"), lambda _: self.world.service.cors, self.service.now
            ),
            "console": guarded(create_console(self), check("console")),
            "other": wire.around(
                "workos", wsgi.application(create_app(self.other)), check("other"), shares, sources.now
            ),
        }
        await self._serving.serve(applications, self.world.tls, unasked)
        self.mcp.begin(self.world.service.features)
        self._open.push_async_callback(self.mcp.end)

    def _other_authkit(self, world: World) -> AuthKit:
        """Give a second authorization server, which knows nothing of the first and keeps nothing."""
        store = Store(self.sources.now)
        self._open.callback(store.close)
        origin = self.addresses.other
        return AuthKit(world.workos, origin, origin, self.sources, store, Keys(self.sources, spare="other"))

    async def ready(self) -> None:
        """Wait until the MCP application is there; the ports answer before."""
        await self.mcp.get(self.world.service.features)

    async def stop(self) -> None:
        """Close the ports, let go what hangs, and close the state."""
        if hasattr(self, "wire"):
            self.wire.load(())
            self.wire.hold.stop_before(())
            await self._serving.settled()
        await self._open.aclose()
        self.home.move_out()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def _check_idle(self) -> None:
        if self.home.is_inhabited:
            raise SandboxError("This sandbox runs already. Make another one to have two worlds.")

    def __enter__(self) -> Self:
        self._check_idle()
        self._background = Background(self)
        self._background.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._background.stop()

    # --- steering -------------------------------------------------------------------------------------------------

    @steers
    def use(self, scenario: Scenario | str | os.PathLike[str], *, world: Mapping[str, Any] | None = None) -> None:
        """Switch to another scenario: its world, its faults, and an empty trace. Clients and connections stay.

        `world` is from now on laid over every scenario's world, in place of what was; None leaves that as it is.
        """
        used, given = _scenario(scenario), self._given if world is None else dict(world)
        self._apply(used, given)
        effects.undo(self)
        self._begun, self._given = used, given
        self.wire.hold.let_go()
        self._forget_what_was_seen()

    @steers
    def fix(self) -> None:
        """Apply the scenario's fix; the trace goes on, and log-aggregator reads the keys anew."""
        self.service.keys.clear()
        self._apply(self.scenario.healed(), self._overrides)

    @steers
    def change(self, world: Mapping[str, Any]) -> None:
        """Change settings of the world; raise msgspec.ValidationError, and change none, when they are none."""
        changed = msgspec.structs.replace(self.scenario, world=overlay(self.scenario.world, world))
        self._apply(changed, without(self._overrides, world), keep_faults=True)

    @steers
    def reset(self) -> None:
        """Restore everything as it was at the start of the scenario: no clients, no sessions, no trace.

        What `fix` and `change` did is undone, every fault takes its turns anew, and nothing is held.
        """
        self.wire.hold.stop_before(())
        self.store.clear()
        self.authkit.documents.clear()
        self.other.store.clear()
        effects.undo(self)
        self.wire.identities.clear()
        self.wire.issued.clear()
        self.mcp.forget_sessions()
        self.logs.clear()
        self._forget_what_was_seen()
        self._apply(self._begun, self._given)

    def _forget_what_was_seen(self) -> None:
        self.wire.trace.clear()
        self.watch.forget()
        self.own_client.forget()

    @steers
    def effect(self, action: str, what: Any) -> None:
        """Change state, as a fault or the control API asks.

        Raise SandboxError for an effect that there is not, msgspec.ValidationError for settings that are none.
        """
        effects.act(self, action, what)

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return is_loopback(self._listen)

    def _apply(self, scenario: Scenario, overrides: dict[str, Any], *, keep_faults: bool = False) -> None:
        """Put a scenario to work; raise msgspec.ValidationError, and leave all as it was, when its world is none.

        `written` is the world as people write it, `world` the one with its placeholders filled in.
        """
        world = merged(scenario.built(), overrides)
        addresses = self.addresses.over(world.tls)
        self.written, self.world, self.addresses = world, placed(world, addresses), addresses
        self.scenario, self._overrides = scenario, overrides
        values = placeholder_values(self.world, self.addresses)
        self.authkit.settings, self.authkit.origin = self.world.workos, addresses.workos
        self.authkit.issuer = values["issuer"]
        self.other.settings = msgspec.structs.replace(World().workos, sign_in=self.world.workos.sign_in)
        self.service.settings, self.service.addresses = self.world.service, addresses
        self.service.resource = values["resource"]
        if not keep_faults:
            self.wire.load(tuple(fault.placed(values) for fault in scenario.faults))
        self._serving.speak(self.world.tls)

    def _log(self, exchange: Exchange) -> None:
        """Let the log hold the sandbox's own exchanges, so that a connected client can read how it connected."""
        failed = exchange.status is None or exchange.status >= 400  # noqa: PLR2004
        level: Level = "warning" if failed and exchange.step != "challenge" else "info"
        self.logs.add_exchange(exchange, level, odd(exchange))


def _scenario(scenario: Scenario | str | os.PathLike[str]) -> Scenario:
    return scenario if isinstance(scenario, Scenario) else find(scenario)
