"""The configuration of both systems: what the WorkOS dashboard, and the service's manifest and code, would hold.

A `World` is a value. A scenario names what differs from the healthy one, `merged` lays it over, and `placed` fills in
the addresses once the ports are known.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from sandbox.errors import SandboxError
from sandbox.real_keys import ADVICE, path_to_one
from sandbox.settings import Clock, Service, Tls, WorkOS

PLACEHOLDERS: Final = ("workos", "mcp", "mcp_url", "resource", "issuer", "other")
"""The names that `{…}` may hold in a scenario; nothing else is expanded."""


class World(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Both systems. Raise msgspec.ValidationError, by `merged`, for anything that is no world."""

    workos: WorkOS = WorkOS()
    service: Service = Service()
    clock: Clock = Clock()
    tls: Tls = Tls()


class Addresses(NamedTuple):
    """Where the sandbox listens, as clients see it; no trailing slashes."""

    workos: str
    mcp: str
    console: str
    other: str
    """A second authorization server, which knows nothing of the first."""

    def over(self, tls: Tls) -> Addresses:
        """Give the addresses with the schemes that the ports speak."""
        spoken = {"workos": tls.workos, "mcp": tls.mcp}
        schemes = {name: "http" if setting == "off" else "https" for name, setting in spoken.items()}
        changed = {name: f"{scheme}://{getattr(self, name).partition('://')[2]}" for name, scheme in schemes.items()}
        return self._replace(**changed)


def overlay(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one mapping over another: mappings merge, everything else replaces."""
    merged = dict(base)
    for key, value in change.items():
        old = merged.get(key)
        merged[key] = (
            overlay(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else copy.deepcopy(value)
        )
    return merged


def without(settings: Mapping[str, Any], named: Mapping[str, Any]) -> dict[str, Any]:
    """Give the settings but for those that are named, nested by mapping."""
    left = {name: value for name, value in settings.items() if name not in named}
    inner = {name: (settings[name], named[name]) for name in settings if name in named}
    return left | {
        name: without(old, new)
        for name, (old, new) in inner.items()
        if isinstance(old, Mapping) and isinstance(new, Mapping)
    }


def merged(world: World, change: Mapping[str, Any]) -> World:
    """Give the world that differs from `world` in what `change` names.

    Raise msgspec.ValidationError, whose text ends with the path of the offending value, and SandboxError for what
    looks like an API key of the real WorkOS.
    """
    place = path_to_one(change)
    if place is not None:
        raise SandboxError(f"{'.'.join(map(str, place)) or 'The world'}: {ADVICE}")
    return msgspec.convert(overlay(msgspec.to_builtins(world), change), World)


def placeholder_values(world: World, addresses: Addresses) -> dict[str, str]:
    """Give the value of every placeholder.

    `mcp_url` is where the resource is: log-aggregator, or, with `service.url`, somebody's own server. `resource` is
    what it publishes as its identifier: its URL without a trailing slash (RFC 9728, section 2; MCP asks for no
    trailing slash).
    """
    domain = {
        "authkit": addresses.workos,
        "client": f"{addresses.workos}/user_management/{world.workos.client_id}",
        "custom": addresses.workos.replace("://localhost", "://127.0.0.1"),
    }
    mcp_url = world.service.url or f"{addresses.mcp}{world.service.path}"
    return {
        "workos": addresses.workos,
        "mcp": addresses.mcp,
        "mcp_url": mcp_url,
        "resource": mcp_url.rstrip("/"),
        "issuer": domain[world.workos.issuer] + world.workos.issuer_path,
        "other": addresses.other,
    }


def expand(value: Any, values: Mapping[str, str]) -> Any:
    """Fill in the placeholders in every text of a JSON-like value, keys left alone."""
    if isinstance(value, str):
        for name in PLACEHOLDERS:
            value = value.replace("{" + name + "}", values[name])
        return value
    if isinstance(value, Mapping):
        return {key: expand(item, values) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [expand(item, values) for item in value]
    return value


def placed(world: World, addresses: Addresses) -> World:
    """Give the world with its placeholders filled in."""
    values = placeholder_values(world, addresses)
    return msgspec.convert(expand(msgspec.to_builtins(world), values), World)
