"""Whether two faults can take the same exchange: their conditions, and their turns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from sandbox.scenario.model import When

_WILD: Final = re.compile(r"[*?[]")


def can_both_hold(one: When, other: When) -> bool:
    """Say whether some request could satisfy both conditions; in doubt it could.

    They exclude each other only when both ask the same field for texts that no text can be at once.
    """
    theirs = dict(_conditions(other))
    return all(
        (_json_agrees if name[0] == "json" else _agree)(wanted, theirs[name])
        for name, wanted in _conditions(one)
        if name in theirs
    )


def coincide(one: str | None, other: str | None) -> bool:
    """Say whether two turns take a common exchange, when both count the same exchanges."""
    if one is None or other is None:
        return True
    (word, number), (other_word, other_number) = _read(one), _read(other)
    if word == "nth":
        return _takes(other_word, other_number, number)
    if other_word == "nth":
        return _takes(word, number, other_number)
    if "first" in {word, other_word}:
        # The other turn is met when it begins early enough.
        ends, begins = (number, (other_word, other_number)) if word == "first" else (other_number, (word, number))
        return {"first": 1, "after": begins[1] + 1, "every": begins[1]}[begins[0]] <= ends
    return True


def _read(turn: str) -> tuple[str, int]:
    word, number = turn.split()
    return word, int(number)


def _takes(word: str, number: int, count: int) -> bool:
    return {"first": count <= number, "nth": count == number, "after": count > number, "every": count % number == 0}[
        word
    ]


def _conditions(when: When) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Give every condition by the path of what it looks at."""
    for name in ("method", "path", "grant_type", "mcp_method", "client"):
        if getattr(when, name) is not None:
            yield (name,), getattr(when, name)
    for name, wanted in when.header.items():
        yield ("header", name.lower()), wanted
    for name, wanted in when.form.items():
        yield ("form", name), wanted
    yield from _json_conditions(when.json, ("json",))


def _json_conditions(fields: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, wanted in fields.items():
        if isinstance(wanted, Mapping):
            yield from _json_conditions(wanted, (*path, name))
        else:
            yield (*path, name), wanted


def _json_agrees(one: Any, other: Any) -> bool:
    """Say whether a single JSON value can be what both want: a list can hold two texts, but none that is forbidden."""
    if isinstance(one, str) and isinstance(other, str):
        return one not in {f"!{other}", "!*"} and other not in {f"!{one}", "!*"}
    return _agree(one, other)


def _agree(one: Any, other: Any) -> bool:
    """Say whether a single value can be what both want; a text may hold wildcards."""
    if isinstance(one, str) and isinstance(other, str):
        return _texts_agree(one, other)
    return bool(one == other) or isinstance(one, list) or isinstance(other, list)


def _texts_agree(one: str, other: str) -> bool:
    if one.startswith("!") or other.startswith("!"):
        return one != f"!{other}" and other != f"!{one}"
    if not _WILD.search(one):
        return fnmatchcase(one, other)
    if not _WILD.search(other):
        return fnmatchcase(other, one)
    starts = _WILD.split(one, maxsplit=1)[0], _WILD.split(other, maxsplit=1)[0]
    return starts[0].startswith(starts[1]) or starts[1].startswith(starts[0])
