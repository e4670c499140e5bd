"""The users, organizations and connections of the environment: those of the settings, and what the API made of them.

The settings stay below: what the API never touched follows every change of the world, field by field, and a reset
brings all back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec

from sandbox.settings import Application, WorkOS
from sandbox.sources import Sources
from sandbox.workos.directory.entities import Entity, Membership, Organization, User
from sandbox.workos.directory.seeds import seeds
from sandbox.workos.records import Record, Secret
from sandbox.workos.store import Store

E = TypeVar("E", bound=Entity)


class Gone(Record, frozen=True, kw_only=True):
    """That the API removed what the settings name."""


class Changed(Record, frozen=True, kw_only=True):
    """What became of the fields of something that the settings name; those that are not here follow the settings."""

    fields: dict[str, Any]


class Removed(Record, frozen=True, kw_only=True):
    """What the API removed a while ago: where it stood in the lists."""

    created_at: str


_KEEPS_PLACE: Final = 3600
"""Seconds for which what was removed keeps its place in the lists."""


class Directory:
    """Entities by type and id, oldest first. Raise sqlite3.Error where the disk is full or gone, as the store does."""

    def __init__(self, settings: Callable[[], WorkOS], store: Store, sources: Sources) -> None:
        self._settings = settings
        self._store = store
        self._sources = sources
        self._seeded: tuple[WorkOS | None, dict[str, Entity]] = (None, {})

    def _seeds(self) -> dict[str, Entity]:
        settings = self._settings()
        if self._seeded[0] is not settings:
            self._seeded = (settings, {entity.id: entity for entity in seeds(settings, self.secret_of)})
        return self._seeded[1]

    def secret_of(self, application: Application) -> str | None:
        """Give the secret of an application of the settings, made at first start; None for a public one."""
        if application.token_endpoint_auth_method == "none":  # noqa: S105 - the name of a method
            return None
        if application.client_secret is not None:
            return application.client_secret
        kept = self._store.get(Secret, application.client_id)
        if kept is None:
            kept = Secret(value=self._sources.secret(48))
            self._store.put(application.client_id, kept)
        return kept.value

    # --- reading --------------------------------------------------------------------------------------------------

    def get(self, kind: type[E], entity_id: str | None) -> E | None:
        """Give the entity of that type and id; None where there is none."""
        if not entity_id:
            return None
        kept = self._store.get(kind, entity_id)
        if kept is not None:
            return kept
        seed = self._seeds().get(entity_id)
        if not isinstance(seed, kind) or self._store.get(Gone, entity_id) is not None:
            return None
        return _with(seed, self._store.get(Changed, entity_id))

    def all(self, kind: type[E], **having: Any) -> list[E]:
        """Give every entity of a type whose fields have these values, oldest first."""
        gone, changed = {key for key, _ in self._store.all(Gone)}, dict(self._store.all(Changed))
        seeded = {key: seed for key, seed in self._seeds().items() if isinstance(seed, kind) and key not in gone}
        found = {key: _with(seed, changed.get(key)) for key, seed in seeded.items()}
        found |= dict(self._store.all(kind))
        matching = [one for one in found.values() if all(getattr(one, name) == value for name, value in having.items())]
        return sorted(matching, key=lambda entity: entity.created_at)

    def first(self, kind: type[E], **having: Any) -> E | None:
        """Give the oldest entity whose fields have these values; None where there is none."""
        return next(iter(self.all(kind, **having)), None)

    def organizations_of(self, user: User) -> list[Organization]:
        """Give the organizations that a user is an active member of."""
        joined = self.all(Membership, user_id=user.id, status="active")
        return [one for member in joined if (one := self.get(Organization, member.organization_id)) is not None]

    def removed(self, entity_id: str) -> str | None:
        """Give when an entity was made that was removed within the last hour; None for any other id."""
        removed = self._store.get(Removed, entity_id)
        return None if removed is None else removed.created_at

    # --- changing -------------------------------------------------------------------------------------------------

    def make(self, kind: type[E], **fields: Any) -> E:
        """Make an entity, with an id and the time."""
        now = self.time()
        entity = kind(id=f"{kind.PREFIX}_{self._sources.ulid()}", created_at=now, updated_at=now, **fields)
        self._store.put(entity.id, entity)
        return entity

    def change(self, entity: E, **fields: Any) -> E:
        """Give other values to fields of an entity, and keep it so; of a seed, those that are other than before."""
        fields["updated_at"] = self.time()
        changed = msgspec.structs.replace(entity, **fields)
        if entity.id in self._seeds() and self._store.get(type(entity), entity.id) is None:
            other = {name: value for name, value in fields.items() if getattr(entity, name) != value}
            before = self._store.get(Changed, entity.id)
            kept = (before.fields if before else {}) | msgspec.to_builtins(other)
            self._store.put(entity.id, Changed(fields=kept))
        else:
            self._store.put(changed.id, changed)
        return changed

    def remove(self, entity: Entity) -> None:
        """Remove an entity; who removes it also removes what hangs on it."""
        self._store.drop(type(entity), entity.id)
        left = Removed(created_at=entity.created_at, expires=self._sources.now() + _KEEPS_PLACE)
        self._store.put(entity.id, left)
        if entity.id in self._seeds():
            self._store.put(entity.id, Gone())

    def time(self, ahead: float = 0.0) -> str:
        """Give the sandbox's time, or that many seconds later, as the API writes it."""
        return written(self._sources.now() + ahead)


def _with(seed: E, changed: Changed | None) -> E:
    """Give a seed with what became of it, unless that is nothing which the present version can read."""
    if changed is None:
        return seed
    try:
        return msgspec.convert(msgspec.to_builtins(seed) | changed.fields, type(seed))
    except msgspec.ValidationError:
        return seed


def written(at: float) -> str:
    """Write seconds since the epoch as the API does: RFC 3339, UTC, milliseconds."""
    return dt.datetime.fromtimestamp(at, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
