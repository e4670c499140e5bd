"""Client secrets in what the console shows: as fingerprints, which stand for them when they come back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sandbox.wire.redaction import marked
from sandbox.world import World

_FIELD: Final = "client_secret"


def without_secrets(value: Any) -> Any:
    """Give a JSON-like value with a fingerprint for every client secret."""
    return _each(value, lambda secret: marked(_FIELD, secret))


def with_secrets(world: World, value: Any) -> Any:
    """Give a JSON-like value with the secrets of the world's applications in the place of their fingerprints."""
    secrets = [one.client_secret for one in world.workos.applications if one.client_secret is not None]
    known = {marked(_FIELD, secret): secret for secret in secrets}
    return _each(value, lambda mark: known.get(mark, mark))


def _each(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {
            key: change(item) if key == _FIELD and isinstance(item, str) else _each(item, change)
            for key, item in value.items()
        }
    return [_each(item, change) for item in value] if isinstance(value, (list, tuple)) else value
