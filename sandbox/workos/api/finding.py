"""What a path or a body names by its id."""

from __future__ import annotations

from typing import TypeVar

from sandbox.workos.api.errors import not_found
from sandbox.workos.authkit import authkit
from sandbox.workos.directory.entities import Entity

E = TypeVar("E", bound=Entity)


def found(kind: type[E], entity_id: str) -> E:
    """Give the entity of a type and id; raise ApiError 404 where there is none."""
    entity = authkit().directory.get(kind, entity_id)
    if entity is None:
        raise not_found(kind.OBJECT.replace("_", " ").title(), entity_id)
    return entity
