"""One running world: it starts, switches scenarios, resets and stops."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import msgspec

from sandbox.console import create_console
from sandbox.diagnosis import Finding, diagnose
from sandbox.diagnosis.live import Watch
from sandbox.durations import seconds
from sandbox.errors import SandboxError
from sandbox.flow import Step, System
from sandbox.log_aggregator import LogAggregator, fetching
from sandbox.log_aggregator.application import McpApplications
from sandbox.log_aggregator.guard import named_metadata_paths, resource_metadata_url
from sandbox.log_aggregator.logs import Level, Logs
from sandbox.log_aggregator.verification import KeyCache
from sandbox.scenario import Fault, Scenario, find
from sandbox.sources import Sources
from sandbox.state import SIGNING_KEY, open_store
from sandbox.timeline import odd, story
from sandbox.wire import wsgi
from sandbox.wire.asgi import Application
from sandbox.wire.exchange import Exchange, Trace
from sandbox.wire.hosts import guarded, own_names_only
from sandbox.wire.port import LOOPBACK, Port, bind
from sandbox.wire.tls import Certificates
from sandbox.wire.wire import Wire
from sandbox.workos import AuthKit, create_app
from sandbox.workos.keys import Keys
from sandbox.workos.metadata import authorization_server
from sandbox.workos.records import Code
from sandbox.workos.store import Store
from sandbox.world import Addresses, World, expand, merged, overlay, placed, placeholder_values


class Ports(NamedTuple):
    """The port numbers to listen on; 0 is any free one."""

    workos: int = 4100
    mcp: int = 4101
    console: int = 4102
    other: int = 4103


_LOOKED_AT: Final = 2000
"""Of how many of the last exchanges findings are made."""
_FIRST_STEP: Final[dict[str, tuple[System, Step]]] = {
    "workos": ("workos", "server-metadata"),
    "mcp": ("log-aggregator", "challenge"),
}
"""The step at which a client comes to a port for the first time."""
ANY_PORTS: Final = Ports(0, 0, 0, 0)


class Sandbox:
    """The whole world on this machine: WorkOS, log-aggregator, the wire before both, and the console.

    Use it as an asynchronous context manager. `scenario` is a Scenario, a name of the library or a path; `world` is
    laid over every scenario's world; with a `state_dir`, clients, grants and the signing key outlive it, and `fresh`
    forgets those that are there. Raise SandboxError from `start` when a port or the state directory cannot be used.
    """

    def __init__(
        self,
        scenario: Scenario | str = "healthy",
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

    # --- life -----------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Open the ports and serve; the MCP application is imported meanwhile, in a thread.

        What a start that fails has opened is closed again.
        """
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> None:
        sockets = {name: self._bound(name, number) for name, number in self._ports._asdict().items()}
        host = _host(self._listen)
        self._numbers = {name: opened[0].getsockname()[1] for name, opened in sockets.items()}
        self.addresses = Addresses(**{name: f"http://{host}:{number}" for name, number in self._numbers.items()})
        self.certificates = Certificates()
        self.store = open_store(self._state_dir, self.sources.now, fresh=self._fresh)
        self._open.callback(self.store.close)
        world = placed(merged(self.scenario.built(), self._given), self.addresses)
        keys = Keys(self.sources, self._state_dir / SIGNING_KEY if self._state_dir else None)
        origin, sources = self.addresses.workos, self.sources.shifted(lambda: seconds(self.world.clock.workos))
        self.authkit = AuthKit(world.workos, origin, origin, sources, self.store, keys)
        self.other = self._other_authkit(world)
        flask = create_app(self.authkit)
        self.logs = Logs(self.sources)
        self._open.callback(self.logs.clear)
        self._mcp = McpApplications(self.logs, self.explain)
        self.service = LogAggregator(
            settings=world.service,
            addresses=self.addresses,
            resource="",
            logs=self.logs,
            now=self.sources.shifted(lambda: seconds(self.world.clock.service)).now,
            mcp=self._mcp.get,
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
            is_resource_metadata=self._is_resource_metadata,
            reveal=self._reveal,
        )
        self.wire.trace.subscribe(self._log)
        self.watch = Watch(lambda: self.wire.unanswered > 0)
        self.wire.trace.subscribe(self.watch.see)
        self._open.callback(self.watch.forget)
        self._served: dict[str, Port] = {}
        self._switching: set[asyncio.Task[None]] = set()
        self._apply(self.scenario, self._given)
        checks = {
            name: own_names_only(number, host, own_origin=name == "console") for name, number in self._numbers.items()
        }
        wire, checked = self.wire, checks.get
        applications: dict[str, Application] = {
            "workos": wire.around(
                "workos", wsgi.application(flask), checked("workos"), self._workos_shares, sources.now
            ),
            "mcp": wire.around(
                "log-aggregator", self.service, checked("mcp"), lambda: self.world.service.cors, self.service.now
            ),
            "console": guarded(create_console(self), checked("console")),
            "other": wire.around(
                "workos", wsgi.application(create_app(self.other)), checked("other"), self._workos_shares, sources.now
            ),
        }
        for name, application in applications.items():
            port = Port(name, application, sockets[name], partial(self._unasked, name))
            self._open.push_async_callback(port.stop)
            await port.start(self._context(name))
            self._served[name] = port
        self._mcp.begin(self.world.service.features)
        self._open.push_async_callback(self._mcp.end)

    def _workos_shares(self) -> bool:
        return self.world.workos.cors

    def _is_resource_metadata(self, system: System, path: str) -> bool:
        """Say whether the resource metadata is at a path, or is said to be by an answer that keeps a client out."""
        service, addresses = self.world.service, self.addresses
        own = {"workos": addresses.workos, "log-aggregator": addresses.mcp}[system]
        return path in named_metadata_paths(service, addresses, own)

    def _other_authkit(self, world: World) -> AuthKit:
        """Give a second authorization server, which knows nothing of the first and keeps nothing."""
        store = Store(self.sources.now)
        self._open.callback(store.close)
        origin = self.addresses.other
        return AuthKit(world.workos, origin, origin, self.sources, store, Keys(self.sources, spare="other"))

    def _bound(self, name: str, number: int) -> list[socket.socket]:
        sockets = bind(name, number, self._listen)
        for listener in sockets:
            self._open.callback(listener.close)
        return sockets

    async def ready(self) -> None:
        """Wait until the MCP application is there; the ports answer before."""
        await self._mcp.get(self.world.service.features)

    async def stop(self) -> None:
        """Close the ports, let go what hangs, and close the state."""
        if hasattr(self, "wire"):
            self.wire.load(())
            await asyncio.gather(*getattr(self, "_switching", ()), return_exceptions=True)
        await self._open.aclose()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    # --- steering -------------------------------------------------------------------------------------------------

    def use(self, scenario: Scenario | str) -> None:
        """Switch to another scenario: its world, its faults, and an empty trace. Clients and connections stay."""
        used = _scenario(scenario)
        self._apply(used, self._given)
        self._undo_effects()
        self._begun = used
        self.wire.trace.clear()
        self.watch.forget()

    def fix(self) -> None:
        """Apply the scenario's fix; the trace goes on, and log-aggregator reads the keys anew."""
        self.service.keys.clear()
        self._apply(self.scenario.healed(), self._overrides)

    def change(self, world: Mapping[str, Any]) -> None:
        """Change settings of the world; raise msgspec.ValidationError, and change none, when they are none."""
        changed = msgspec.structs.replace(self.scenario, world=overlay(self.scenario.world, world))
        self._apply(changed, _without(self._overrides, world), keep_faults=True)

    def reset(self) -> None:
        """Restore everything as it was at the start of the scenario: no clients, no sessions, no trace.

        What `fix` and `change` did is undone, and every fault takes its turns anew.
        """
        self.store.clear()
        self.other.store.clear()
        self._undo_effects()
        self.wire.identities.clear()
        self._mcp.forget_sessions()
        self.logs.clear()
        self.wire.trace.clear()
        self.watch.forget()
        self._apply(self._begun, self._given)

    def _undo_effects(self) -> None:
        """Take back what effects did to both systems, but for what they made it forget."""
        self.sources.restore()
        self.authkit.withdrawn_until = ""
        self.authkit.keys.restore()
        self.service.keys.clear()

    def effect(self, action: str, what: Any) -> None:
        """Change state, as a fault or the control API asks.

        Raise SandboxError for an effect that there is not, msgspec.ValidationError for settings that are none.
        """
        if action == "advance":
            self.sources.advance(_forward(str(what)))
            return
        if action == "change" and isinstance(what, Mapping) and what:
            self.change(what)
            return
        effect = self._effects().get((action, str(what)))
        if effect is None:
            known = ", ".join(
                [*(f"{verb} {thing}" for verb, thing in self._effects()), "advance 10m", "change {settings}"]
            )
            raise SandboxError(f"There is no effect {action!r} of {what!r}; there are: {known}.")
        effect()

    def _effects(self) -> dict[tuple[str, str], Callable[[], Any]]:
        return {
            ("forget", "clients"): self.authkit.forget_clients,
            ("forget", "sessions"): self._mcp.forget_sessions,
            ("rotate", "signing-key"): self.authkit.keys.rotate,
            ("revoke", "refresh-tokens"): self.authkit.revoke_refresh_tokens,
            ("revoke", "access-tokens"): self.authkit.withdraw_access_tokens,
            ("expire", "access-tokens"): self.authkit.withdraw_access_tokens,
            ("expire", "refresh-tokens"): self.authkit.revoke_refresh_tokens,
            ("expire", "codes"): lambda: self.store.forget(Code) and None,
        }

    # --- what it knows --------------------------------------------------------------------------------------------

    @property
    def mcp_url(self) -> str:
        """The URL that a client is given."""
        return self.world.service.given_url

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return set(self._listen) <= set(LOOPBACK)

    @property
    def is_secure(self) -> bool:
        """Whether a port speaks HTTPS."""
        return any(setting != "off" for setting in (self.world.tls.workos, self.world.tls.mcp))

    def findings(self) -> list[Finding]:
        """Say what is wrong with the last exchanges, from the wire alone: what broke first of all."""
        return diagnose(list(self.trace)[-_LOOKED_AT:])

    @property
    def trace(self) -> Trace:
        """The exchanges of this run."""
        return self.wire.trace

    def unfired(self) -> list[str]:
        """Say of each fault that never acted, why."""
        return self.wire.faults.unfired()

    def explain(self, claims: Mapping[str, Any]) -> str:
        """Tell a connected client how it got here."""
        client_id = claims.get("client_id")
        told = story(self.trace, client_id if isinstance(client_id, str) else None)
        theirs = [exchange for exchange in self.trace if client_id is None or exchange.client_id in {client_id, None}]
        found = [f"{finding.severity}: {finding.happened} {finding.change}" for finding in diagnose(theirs)]
        return "\n".join([told, "", "What is wrong, read from these exchanges:", *(found or ["nothing"])])

    def _apply(self, scenario: Scenario, overrides: dict[str, Any], *, keep_faults: bool = False) -> None:
        """Put a scenario to work; raise msgspec.ValidationError, and leave all as it was, when its world is none."""
        world = merged(scenario.built(), overrides)
        addresses = self.addresses.over(world.tls)
        self.world, self.addresses = placed(world, addresses), addresses
        self.scenario, self._overrides = scenario, overrides
        values = placeholder_values(self.world, self.addresses)
        self.authkit.settings, self.authkit.origin = self.world.workos, addresses.workos
        self.authkit.issuer = values["issuer"]
        self.other.settings = msgspec.structs.replace(World().workos, sign_in=self.world.workos.sign_in)
        self.service.settings, self.service.addresses = self.world.service, addresses
        self.service.resource = values["resource"]
        if not keep_faults:
            self.wire.load(tuple(_placed(fault, values) for fault in scenario.faults))

        self._speak()

    def _speak(self) -> None:
        """Have the ports speak HTTP or HTTPS as the world says; whoever connects meanwhile waits for the new one."""
        for name, port in self._served.items():
            context = self._context(name)
            if context is not port.context:
                task = asyncio.ensure_future(port.speak(context))
                self._switching.add(task)
                task.add_done_callback(self._switching.discard)

    def _context(self, name: str) -> ssl.SSLContext | None:
        return self.certificates.server_context(getattr(self.world.tls, name, "off"), name)

    def _unasked(self, name: str) -> None:
        """Record that a client gave a connection up before it asked anything; what it was to be, nobody knows."""
        system, step = _FIRST_STEP[name]
        url = getattr(self.addresses, name) + "/"
        unasked = Exchange(
            number=self.trace.number(),
            at=self.sources.now(),
            step=step,
            system=system,
            asker="client",
            method="",
            url=url,
            request_headers=[],
            request_body="",
            ended="unasked",
        )
        self.trace.add(unasked)

    def _log(self, exchange: Exchange) -> None:
        """Let the log hold the sandbox's own exchanges, so that a connected client can read how it connected."""
        failed = exchange.status is None or exchange.status >= 400  # noqa: PLR2004
        level: Level = "warning" if failed and exchange.step != "challenge" else "info"
        self.logs.add_exchange(exchange, level, odd(exchange))


def _without(settings: Mapping[str, Any], named: Mapping[str, Any]) -> dict[str, Any]:
    """Give the settings but for those that are named, nested by mapping."""
    left = {name: value for name, value in settings.items() if name not in named}
    inner = {name: (settings[name], named[name]) for name in settings if name in named}
    return left | {
        name: _without(old, new)
        for name, (old, new) in inner.items()
        if isinstance(old, Mapping) and isinstance(new, Mapping)
    }


def _host(addresses: Sequence[str]) -> str:
    """Give the name by which URLs call this machine: localhost, unless that is not where the ports are."""
    if set(addresses) & {*LOOPBACK, "0.0.0.0", "::"}:
        return "localhost"
    address = ipaddress.ip_address(addresses[0])  # written as every client writes it
    return f"[{address}]" if address.version == 6 else str(address)  # noqa: PLR2004


def _placed(fault: Fault, values: Mapping[str, str]) -> Fault:
    """Give a fault with its placeholders filled in, but for those of a `change`, which are filled in when it acts."""
    expanded = msgspec.convert(expand(msgspec.to_builtins(fault), values), Fault)
    return msgspec.structs.replace(expanded, change=fault.change)


def _forward(duration: str) -> float:
    """Read how far the clock moves ahead; raise SandboxError for what is no duration, or leads back."""
    try:
        ahead = seconds(duration)
    except ValueError as error:
        raise SandboxError(str(error)) from error
    if ahead < 0:
        raise SandboxError(f"{duration!r} leads back, and the clock only moves ahead.")
    return ahead


def _scenario(scenario: Scenario | str) -> Scenario:
    return find(scenario) if isinstance(scenario, str) else scenario
