"""Lists, a page at a time, by cursor (WorkOS, reference of pagination)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from flask import Response, jsonify, request

from sandbox.workos.api.errors import invalid
from sandbox.workos.authkit import authkit
from sandbox.workos.directory.entities import Entity

E = TypeVar("E", bound=Entity)

_LONGEST: Final = 100
_DEFAULT: Final = 10
_NUMBER: Final = re.compile(r"[0-9]{1,6}")


def page(entities: Sequence[E], shown: Callable[[E], dict[str, Any]] = lambda one: one.shown()) -> Response:
    """Answer with the page that the query asks for: `limit` (10, at most 100), `order` (desc), `before`, `after`.

    `entities` are oldest first. Raise ApiError 422 for a limit, an order or a cursor that is none.
    """
    limit, order = _limit(), request.args.get("order", "desc")
    if order not in {"asc", "desc", "normal"}:
        raise invalid("order", "invalid", "The order must be 'asc' or 'desc'.")
    ordered = list(reversed(entities)) if order == "desc" else list(entities)
    before, after = request.args.get("before"), request.args.get("after")
    if before and after:
        raise invalid("before", "invalid", "Only one of 'before' and 'after' can be asked for.")
    if after:
        _, start = _place(ordered, "after", after, order)
        end = start + limit
    elif before:
        end, _ = _place(ordered, "before", before, order)
        start = max(0, end - limit)
    else:
        start, end = 0, limit
    chosen = ordered[start:end]
    metadata = {
        "before": chosen[0].id if chosen and start > 0 else None,
        "after": chosen[-1].id if chosen and end < len(ordered) else None,
    }
    return jsonify({"object": "list", "data": [shown(one) for one in chosen], "list_metadata": metadata})


def _limit() -> int:
    text = request.args.get("limit", str(_DEFAULT))
    if _NUMBER.fullmatch(text) is None or not 1 <= int(text) <= _LONGEST:
        raise invalid("limit", "invalid", f"The limit must be a number from 1 to {_LONGEST}.")
    return int(text)


def _place(ordered: Sequence[Entity], name: str, cursor: str, order: str) -> tuple[int, int]:
    """Give where the page before a cursor ends, and where the one after it begins.

    What was deleted a while ago keeps its place, so that who deletes what is listed gets to the end; what is as old as
    it is given again. That WorkOS does so is UNCERTAIN.
    """
    place = next((index for index, one in enumerate(ordered) if one.id == cursor), None)
    if place is not None:
        return place, place + 1
    created_at = authkit().directory.removed(cursor)
    if created_at is None or not all(cursor.startswith(f"{one.PREFIX}_") for one in ordered[:1]):
        raise invalid(name, "invalid", f"There is nothing of the id '{cursor}' in this list.")
    sides = sum(one.created_at < created_at for one in ordered), sum(one.created_at > created_at for one in ordered)
    behind, ahead = sides if order == "desc" else reversed(sides)
    return len(ordered) - behind, ahead
