"""Every setting of the world by itself: its name, its healthy value, what is allowed, and what it means."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Final, NamedTuple

import msgspec

from sandbox.scenario.allowed import Kind, fields_of, kinds_at
from sandbox.world import World

_MEANING: Final = {
    "workos.applications": "the pre-registered Connect applications",
    "workos.access_token.lifetime": "how long an access token is good",
    "workos.access_token.format": "a signed token, or one that can only be introspected",
    "workos.refresh_token.issue": "for whom there is a refresh token: who asks for the scope, everybody, nobody",
    "workos.refresh_token.rotate": "whether a refresh token is good once",
    "workos.refresh_token.lifetime": "how long a refresh token is good",
    "service.challenge.status": "the status of the answer to a request without a token",
    "service.challenge.scheme": "the scheme of WWW-Authenticate; null leaves the header out",
    "service.challenge.error": "`error` of WWW-Authenticate; null leaves it out",
    "service.challenge.error_description": "`error_description` of WWW-Authenticate; null leaves it out",
    "service.challenge.scope": "`scope` of WWW-Authenticate; null leaves it out",
    "service.challenge.body": "the JSON body of that answer",
}
"""What settings mean that the model leaves without a word."""


class Setting(NamedTuple):
    """One setting."""

    path: tuple[str, ...]
    """The keys that lead to it."""
    healthy: Any
    """Its value in the healthy world, as JSON-like data."""
    kinds: tuple[Kind, ...]
    """The alternatives of its type."""
    meaning: str

    @property
    def name(self) -> str:
        """Its name as one writes it: `workos.access_token.lifetime`."""
        return ".".join(self.path)

    def of(self, settings: Any) -> Any:
        """Give its value in the settings of a world, JSON-like data."""
        for key in self.path:
            settings = settings[key]
        return settings

    def change(self, value: Any) -> dict[str, Any]:
        """Give the change of the world that sets it, nested by mapping."""
        for key in reversed(self.path):
            value = {key: value}
        changed: dict[str, Any] = value
        return changed


@cache
def every_setting() -> tuple[Setting, ...]:
    """Give every setting, in the order of the model."""
    return tuple(_read(path, healthy) for path, healthy in _leaves(World(), ()))


def _read(path: tuple[str, ...], healthy: Any) -> Setting:
    *above, last = path
    meaning = _MEANING.get(".".join(path)) or fields_of(kinds_at(World, tuple(above)))[last]
    return Setting(path, msgspec.to_builtins(healthy), tuple(kinds_at(World, path)), meaning)


def _leaves(value: msgspec.Struct, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name in value.__struct_fields__:
        inner = getattr(value, name)
        if isinstance(inner, msgspec.Struct):
            yield from _leaves(inner, (*path, name))
        else:
            yield (*path, name), inner
