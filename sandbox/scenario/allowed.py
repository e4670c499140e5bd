"""What a type allows, in words. Imported only when something is wrong, as reading the types takes a while."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

from msgspec import inspect

from sandbox import durations
from sandbox.flow import STEPS
from sandbox.scenario.wording import Path, closest, listed, meant

_MODEL: Final = "sandbox.scenario.model"
_TURN: Final = r"^(first|nth|after|every) [1-9][0-9]*$"
_TURNS: Final = ("first", "nth", "after", "every")
_PATTERNS: Final = {
    _TURN: "`first N`, `nth N`, `after N` or `every N`, with N from 1 up",
    durations.PATTERN: durations.ALLOWED,
    "^/": "a text that begins with `/`",
}


class Kind(NamedTuple):
    """One of the alternatives of a type, and what its annotation says of it."""

    type: Any
    description: str = ""


def kinds_at(model: type, path: Path) -> list[Kind]:
    """Give what is allowed at a path of a model, `path` being one that the model knows."""
    kinds = list(_alternatives(_info(model)))
    for step in path:
        kinds = next(inner for kind in kinds if (inner := _inside(kind.type, step)) is not None)
    return kinds


_info = cache(inspect.type_info)
"""Reads a type, which takes milliseconds, once."""


def fields_of(kinds: Sequence[Kind]) -> dict[str, str]:
    """Give the keys of the mapping that is allowed, and what is said of each."""
    struct = next(kind.type for kind in kinds if isinstance(kind.type, inspect.StructType))
    hidden = {"name"} if struct.cls.__name__ == "Scenario" else set()
    return {field.encode_name: _meaning(field.type) for field in struct.fields if field.encode_name not in hidden}


def holder_of(kinds: Sequence[Kind], key: str) -> str | None:
    """Name the key, of the mapping that is allowed, under which another key belongs."""
    struct = next(kind.type for kind in kinds if isinstance(kind.type, inspect.StructType))
    for field in struct.fields:
        for kind in _alternatives(field.type):
            inner = getattr(kind.type, "item_type", kind.type)
            if any(part.encode_name == key for part in getattr(inner, "fields", ())):
                return str(field.encode_name)
    return None


def expectation(value: Any, kinds: Sequence[Kind]) -> str:
    """Say what is allowed instead of a value, and what was probably meant."""
    return f"{_meant(value, kinds)} Allowed: {said(kinds)}.{_about_quotes(value, kinds)}"


def said(kinds: Sequence[Kind]) -> str:
    """Say what is allowed: `a text or null`."""
    return " or ".join(dict.fromkeys(map(_said, kinds)))


def _meant(value: Any, kinds: Sequence[Kind]) -> str:
    if not isinstance(value, str):
        return ""
    if any(getattr(kind.type, "pattern", None) == _TURN for kind in kinds):
        word, _, number = value.strip().partition(" ")
        near = closest(word, _TURNS)
        return f" Did you mean `{near} {number}`?" if near and number.isdecimal() and int(number[:9]) else ""
    words = [word for kind in kinds if isinstance(kind.type, inspect.LiteralType) for word in _words(kind.type.values)]
    return meant(value, words)


def _about_quotes(value: Any, kinds: Sequence[Kind]) -> str:
    kind = {type(kind.type) for kind in kinds if not getattr(kind.type, "pattern", None)}
    if inspect.StrType in kind and isinstance(value, (bool, int, float)):
        return " Put it in quotes to make it a text."
    if inspect.IntType in kind and isinstance(value, str) and value.isdecimal():
        return " Take the quotes away to make it a number."
    return ""


def _alternatives(type_: Any, description: str = "") -> Iterator[Kind]:
    if isinstance(type_, inspect.Metadata):
        yield from _alternatives(type_.type, _description(type_) or description)
    elif isinstance(type_, inspect.UnionType):
        for part in type_.types:
            yield from _alternatives(part, description)
    else:
        yield Kind(type_, description)


def _inside(type_: Any, step: str | int) -> list[Kind] | None:
    if isinstance(type_, inspect.StructType) and isinstance(step, str):
        field = next((field for field in type_.fields if field.encode_name == step), None)
        if field is None:
            return None
        kinds = list(_alternatives(field.type))
        if type_.cls.__module__ == _MODEL and field.default is None:
            # Nothing is what an absent key means; nobody is to write it.
            kinds = [kind for kind in kinds if not isinstance(kind.type, inspect.NoneType)]
        return kinds
    if isinstance(type_, inspect.DictType) and isinstance(step, str):
        return list(_alternatives(type_.value_type))
    if isinstance(type_, (inspect.ListType, inspect.VarTupleType)) and isinstance(step, int):
        return list(_alternatives(type_.item_type))
    return None


def _description(type_: Any) -> str:
    return str((getattr(type_, "extra_json_schema", None) or {}).get("description", ""))


def _meaning(type_: Any) -> str:
    return _description(type_) or next((kind.description for kind in _alternatives(type_) if kind.description), "")


def _words(values: Sequence[Any]) -> list[str]:
    ordered = STEPS if set(values) == set(STEPS) else values
    return ["true" if value is True else str(value) for value in ordered]


def _said(kind: Kind) -> str:
    say = _SAID.get(type(kind.type))
    return say(kind) if say is not None else "anything"


def _said_text(kind: Kind) -> str:
    pattern = kind.type.pattern
    if pattern is None:
        return f"a text of at most {kind.type.max_length} characters" if kind.type.max_length else "a text"
    return _PATTERNS.get(pattern) or kind.description or f"a text that matches {pattern}"


def _said_number(kind: Kind) -> str:
    low, high = kind.type.ge, kind.type.le
    limits = [f" from {low}"] if low is not None else []
    return "a whole number" + "".join([*limits, f" to {high}" if high is not None else " up" if limits else ""])


def _said_list(kind: Kind) -> str:
    inner = Kind(kind.type.item_type)
    if isinstance(inner.type, inspect.StructType):
        return f"a list of mappings with {listed(fields_of([inner]))}"
    return "a list of texts" if isinstance(inner.type, inspect.StrType) else "a list"


_SAID: Final[dict[type, Callable[[Kind], str]]] = {
    inspect.LiteralType: lambda kind: listed(_words(kind.type.values)),
    inspect.StrType: _said_text,
    inspect.IntType: _said_number,
    inspect.BoolType: lambda _: "`true` or `false`",
    inspect.NoneType: lambda _: "`null`",
    inspect.DictType: lambda _: "a mapping",
    inspect.StructType: lambda kind: f"a mapping with {listed(fields_of([kind]))}",
    inspect.ListType: _said_list,
    inspect.VarTupleType: _said_list,
}
