"""Values held against their types, and a mismatch said in human words, at its place in the file.

msgspec decides; its error names a path, and the type at that path says what is allowed there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec

from sandbox.scenario.document import Document
from sandbox.scenario.errors import ScenarioError
from sandbox.scenario.wording import Path, choice, quoted, spelled, written

_PLACE: Final = re.compile(r" - at `\$((?:\.\w+|\[\d+\]|\[\.\.\.\])*)`$")
_STEP: Final = re.compile(r"\.(?P<name>\w+)|\[(?P<index>\d+)\]|\[\.\.\.\]")
_MISSING: Final = re.compile(r"Object missing required field `(\w+)`")
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)


class Shape(NamedTuple):
    """How to build a value from plain data, and the model that names its types."""

    build: Callable[[Any], Any]
    model: type


def shaped(document: Document, base: Path, value: Any, shape: Shape) -> Any:
    """Build a value from `value`, which is the part of the document at `base`.

    Raise ScenarioError where the builder raises msgspec.ValidationError.
    """
    try:
        return shape.build(value)
    except msgspec.ValidationError as error:
        raise _explained(document, base, value, shape, str(error)) from None


def allowed_at(model: type, path: Path, value: Any) -> str:
    """Say what a model allows at a path, instead of the value that is there."""
    from sandbox.scenario.allowed import expectation, kinds_at

    return expectation(value, kinds_at(model, path))


def _explained(document: Document, base: Path, value: Any, shape: Shape, error: str) -> ScenarioError:
    from sandbox.scenario.allowed import fields_of, holder_of, kinds_at

    place = _PLACE.search(error)
    message = error[: place.start()] if place else error
    path = _concrete(place[1] if place else "", value, shape, error)
    full = base + path
    within = f"`{spelled(full)}`" if full else "a scenario"
    if (missing := _MISSING.fullmatch(message)) is not None:
        said = fields_of(kinds_at(shape.model, path))[missing[1]]
        return document.wrong(full, f"{within} lacks `{missing[1]}`{f', {said}' if said else ''}.")
    if (unknown := _UNKNOWN.fullmatch(message)) is not None:
        kinds = kinds_at(shape.model, path)
        key, holder = unknown[1], holder_of(kinds, unknown[1])
        hint = f" It belongs under `{holder}`." if holder else ""
        text = f"unknown key {quoted(key)} in {within}.{hint}{choice(key, list(fields_of(kinds)))}"
        return document.wrong((*full, key), text, key=True)
    here = at(value, path)
    return document.wrong(full, f"{within} cannot be {written(here)}.{allowed_at(shape.model, path, here)}")


def at(value: Any, path: Path) -> Any:
    """Give the part of a value at a path."""
    for step in path:
        value = value[step]
    return value


def _concrete(text: str, value: Any, shape: Shape, error: str) -> Path:
    """Read msgspec's path. It hides the key of an open mapping: the key that fails alone is the one."""
    path: Path = ()
    for step in _STEP.finditer(text):
        if step["name"] or step["index"]:
            path = (*path, step["name"] or int(step["index"]))
        else:
            keys = list(at(value, path))
            alone = (key for key in keys if _refusal(shape, _with_only(value, path, key)) == error)
            path = (*path, next(alone, keys[0]))
    return path


def _refusal(shape: Shape, value: Any) -> str | None:
    try:
        shape.build(value)
    except msgspec.ValidationError as error:
        return str(error)
    return None


def _with_only(value: Any, path: Path, key: str) -> Any:
    """Give the value with a single key left in the mapping at a path."""
    if not path:
        return {key: value[key]}
    changed: Any = list(value) if isinstance(value, list) else dict(value)
    changed[path[0]] = _with_only(value[path[0]], path[1:], key)
    return changed
