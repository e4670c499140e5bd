"""The JSON Schema of scenario files, made from the model, for editors and for whoever writes scenarios by program."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import msgspec

from sandbox.flow import STEP_MEANING, STEPS
from sandbox.scenario.model import ACTIONS, ErrorAnswer, Expect, Fault, Scenario, When
from sandbox.world import World

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_REF: Final = "#/$defs/"
_NULL: Final = {"type": "null"}

# Where null is only what an absent key means; nobody is to write it.
_NEVER_NULL: Final = tuple(struct.__name__ for struct in (Scenario, Expect, Fault, When, ErrorAnswer))


def json_schema() -> dict[str, Any]:
    """Give the JSON Schema (2020-12) of a scenario file.

    It accepts whatever the reader accepts. The reader refuses more: what one part of a file says of another.
    """
    _, parts = msgspec.json.schema_components([Scenario, World], ref_template=_REF + "{name}")
    parts = {name: _tidy(name, part) for name, part in parts.items()}
    _make_partial(parts, "World", msgspec.to_builtins(World()))
    parts["World"]["description"] = "What differs from the healthy world; what is not named stays as it is there."
    parts["Step"] = {
        "title": "Step",
        "description": "\n".join(f"{step}: {STEP_MEANING[step]}" for step in STEPS),
        "enum": list(STEPS),
    }
    parts["Fault"] |= {
        "oneOf": [{"required": [action]} for action in ACTIONS],
        "dependentRequired": {"content_type": ["body"]},
    }
    fields = parts["Scenario"]["properties"]
    del fields["name"]
    for holder, name in ((fields, "world"), (fields, "fixed"), (parts["Fault"]["properties"], "change")):
        holder[name] = {"$ref": f"{_REF}World", "description": holder[name]["description"]}
    return {"$schema": _DIALECT, "$defs": parts, **parts.pop("Scenario"), **_NEEDS_UNLESS_IT_CONNECTS}


def write_schema(path: str | Path) -> None:
    """Write the schema to a file, keys sorted, as it is committed."""
    Path(path).write_text(schema_text(), encoding="utf-8")


def schema_text() -> str:
    """Give the schema as the text of its file."""
    return json.dumps(json_schema(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


_NEEDS_UNLESS_IT_CONNECTS: Final[dict[str, Any]] = {
    "if": {"properties": {"expect": {"properties": {"connects": {"const": True}}, "required": ["connects"]}}},
    "else": {
        "required": ["step", "cause", "fix"],
        "if": {"properties": {"step": {"const": STEPS[0]}}},
        "else": {"properties": {"expect": {"required": ["reaches"]}}},
    },
}


def _tidy(name: str, part: dict[str, Any]) -> dict[str, Any]:
    """Give the schema of a struct with named steps, and without defaults and nulls that only mean absence."""
    fields = {}
    for key, field in part["properties"].items():
        plain = _with_steps(field)
        if name in _NEVER_NULL:
            plain = _without_null(plain)
            if plain.get("default") is None or "$ref" in plain:
                plain.pop("default", None)
        fields[key] = plain
    kept = {key: value for key, value in part.items() if key != "required" or value}
    return {**kept, "properties": fields}


def _with_steps(field: dict[str, Any]) -> dict[str, Any]:
    if set(field.get("enum", ())) == set(STEPS):
        rest = {key: value for key, value in field.items() if key != "enum"}
        return {"$ref": f"{_REF}Step", **rest}
    named = dict(field)
    if "anyOf" in field:
        named["anyOf"] = [_with_steps(choice) for choice in field["anyOf"]]
    if "items" in field:
        named["items"] = _with_steps(field["items"])
    return named


def _without_null(field: dict[str, Any]) -> dict[str, Any]:
    choices = [choice for choice in field.get("anyOf", ()) if choice != _NULL]
    if not choices:
        return field
    rest = {key: value for key, value in field.items() if key != "anyOf"}
    return {**choices[0], **rest} if len(choices) == 1 else {**rest, "anyOf": choices}


def _make_partial(parts: dict[str, Any], name: str, healthy: dict[str, Any]) -> None:
    """Let every key of a struct be absent, and name its healthy value; so too in the structs under it."""
    parts[name].pop("required", None)
    for key, field in parts[name]["properties"].items():
        field.pop("default", None)
        if "$ref" in field:
            _make_partial(parts, field["$ref"].removeprefix(_REF), healthy[key])
        else:
            field["default"] = healthy[key]
