"""Whether a fault is due: its conditions and its turn. A miss carries its reason."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from sandbox.scenario.model import When
from sandbox.wire.message import Request


class Answer(NamedTuple):
    """Whether it matched and, when not, why."""

    ok: bool
    reason: str = ""


Show = Callable[[str, str], str]
"""Writes the value of a field, by the field's name, for people to read."""


def matches(when: When, request: Request, client_names: Iterable[str], show: Show = lambda _, value: value) -> Answer:
    """Hold a request against the conditions of a fault; `show` writes what the reason tells of the request."""
    wanted: list[tuple[str, str, str | None, list[str]]] = [
        ("", "method", when.method, [request.method]),
        ("", "path", when.path, [request.path]),
        ("", "grant_type", when.grant_type, _texts(request.parameters.get("grant_type"))),
        ("", "mcp_method", when.mcp_method, sorted(request.mcp_methods)),
        ("", "client", when.client, list(client_names)),
        *(("header ", name, pattern, _texts(request.header(name))) for name, pattern in when.header.items()),
        *(("form ", name, pattern, _texts(request.form.get(name))) for name, pattern in when.form.items()),
    ]
    for kind, name, pattern, values in wanted:
        if pattern is not None and not _fits(pattern, values):
            found = " or ".join(show(name, value) for value in values)
            return Answer(ok=False, reason=f"{kind}{name} was {found or 'absent'}, not {pattern}")
    return _json_matches(when.json, request.json, "", show)


def _fits(pattern: str, values: Iterable[str]) -> bool:
    """Say whether a value fits a wildcard; with a leading `!`, whether none does."""
    if pattern.startswith("!"):
        return not _fits(pattern[1:], values)
    return any(fnmatchcase(value, pattern) for value in values)


def _texts(value: Any) -> list[str]:
    return [] if value is None else [value if isinstance(value, str) else str(value)]


def _json_matches(wanted: Mapping[str, Any], found: Any, path: str, show: Show) -> Answer:
    for name, pattern in wanted.items():
        value = found.get(name) if isinstance(found, Mapping) else None
        place = f"{path}.{name}" if path else name
        if isinstance(pattern, Mapping) and not isinstance(value, list):
            answer = _json_matches(pattern, value, place, show)
            if not answer.ok:
                return answer
        elif not _is(pattern, value):
            said = show(name, value if isinstance(value, str) else json.dumps(value))
            return Answer(ok=False, reason=f"json {place} was {said}, not {json.dumps(pattern)}")
    return Answer(ok=True)


def _is(pattern: Any, value: Any) -> bool:
    """Say whether a JSON value, or an item of a list, is the wanted one; a text may hold wildcards."""
    if isinstance(pattern, str) and pattern.startswith("!") and isinstance(value, (str, list)):
        return not _is(pattern[1:], value)
    if isinstance(value, list) and not isinstance(pattern, list):
        return any(_is(pattern, item) for item in value)
    if isinstance(pattern, Mapping):
        return _json_matches(pattern, value, "", lambda _, text: text).ok
    if isinstance(pattern, str) and isinstance(value, str):
        return _fits(pattern, [value])
    return bool(value == pattern)


def its_turn(on: str | None, count: int) -> bool:
    """Say whether the `count`-th matching exchange, from 1, is one that `on` names."""
    if on is None:
        return True
    word, number = on.split()
    n = int(number)
    return {"first": count <= n, "nth": count == n, "after": count > n, "every": count % n == 0}[word]
