"""The JSON Schema of scenario files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.scenario import ScenarioError, json_schema, names, read_value
from sandbox.scenario.document import parsed
from sandbox.scenario.library import folder
from sandbox.scenario.model import ACTIONS
from sandbox.scenario.schema import schema_text, write_schema

from .samples import BROKEN_RULES, BROKEN_SHAPE, BROKEN_WORLD, CONNECTS, EVERYTHING, HEAD, JSON, Broken, changed, places

VALIDATOR = jsonschema.Draft202012Validator(json_schema())
SCHEMA_FILE = Path(__file__).parents[2] / "scenarios" / "schema.json"
NOT_FOR_SCHEMAS = [broken.name for broken in (*BROKEN_SHAPE, *BROKEN_RULES, *BROKEN_WORLD) if not broken.by_schema]


def accepts(value: Any) -> bool:
    """Say whether the schema accepts a value."""
    return bool(VALIDATOR.is_valid(value))


def test_the_committed_schema_is_current() -> None:
    """The file is what the model says; `python -m sandbox.scenario.reference` brings it up to date."""
    assert SCHEMA_FILE.read_text(encoding="utf-8") == schema_text()


def test_a_schema_is_written_as_it_is_committed(tmp_path: Path) -> None:
    """Writing gives the sorted, indented text with a newline at its end."""
    write_schema(tmp_path / "schema.json")
    assert (tmp_path / "schema.json").read_text(encoding="utf-8") == schema_text()
    assert schema_text().endswith("}\n")


def test_the_schema_is_a_schema() -> None:
    """It is valid by the rules of JSON Schema 2020-12."""
    jsonschema.Draft202012Validator.check_schema(json_schema())


def test_every_reference_leads_somewhere() -> None:
    """Each `$ref` names a definition that is there, and each definition is used."""
    text = schema_text()
    defined = set(json_schema()["$defs"])
    assert {part.split('"')[0] for part in text.split("#/$defs/")[1:]} == defined


@pytest.mark.parametrize("name", names())
def test_the_schema_accepts_the_library(name: str) -> None:
    """An editor finds nothing wrong with the scenarios that come along."""
    text = (folder() / f"{name}.yaml").read_text(encoding="utf-8")
    assert list(VALIDATOR.iter_errors(parsed(text, name).value)) == []


@pytest.mark.parametrize("value", [EVERYTHING, parsed(HEAD, "").value, parsed(CONNECTS, "").value])
def test_the_schema_accepts_sound_scenarios(value: dict[str, Any]) -> None:
    """Everything that the language has can be said."""
    assert list(VALIDATOR.iter_errors(value)) == []


@pytest.mark.parametrize("broken", [*BROKEN_SHAPE, *BROKEN_RULES, *BROKEN_WORLD], ids=lambda broken: broken.name)
def test_the_schema_refuses_what_it_can(broken: Broken) -> None:
    """What is broken in shape is refused by the schema too; the rest is left to the reader."""
    assert accepts(parsed(broken.text, "f").value) is not broken.by_schema


@pytest.mark.parametrize("one", ACTIONS)
def test_a_fault_has_exactly_one_action(one: str) -> None:
    """Each action stands alone; none, or one more, is refused."""
    arguments = {action: fault[action] for fault in EVERYTHING["faults"] for action in ACTIONS if action in fault}
    fault: dict[str, Any] = {"at": "token", one: arguments[one]}
    assert accepts({**EVERYTHING, "faults": [fault]})
    assert not accepts({**EVERYTHING, "faults": [{"at": "token"}]})
    for other in set(ACTIONS) - {one}:
        assert not accepts({**EVERYTHING, "faults": [{**fault, other: arguments[other]}]})


def test_a_world_is_partial_but_its_people_are_whole() -> None:
    """No setting is required, an unknown one is refused, and an item of a list is complete."""
    assert accepts({**EVERYTHING, "world": {}, "fixed": {"service": {"challenge": {"scope": "a"}}}})
    assert not accepts({**EVERYTHING, "world": {"service": {"challenge": {"scopes": "a"}}}})
    assert not accepts({**EVERYTHING, "world": {"workos": {"organizations": [{"id": "a"}]}}})


def test_every_setting_has_its_healthy_value_as_default() -> None:
    """An editor can show what a setting is in the healthy world."""
    parts = json_schema()["$defs"]
    assert parts["WorkOS"]["properties"]["dynamic_client_registration"]["default"] is True
    assert parts["Challenge"]["properties"]["body"]["default"] == {"error": "Invalid bearer token."}
    for part in ("WorkOS", "Service", "Challenge", "AccessToken", "RefreshToken", "DisabledRegistration"):
        assert all("default" in field or "$ref" in field for field in parts[part]["properties"].values())


@given(st.sampled_from(places(EVERYTHING)), JSON)
@settings(max_examples=300)
def test_the_schema_accepts_whatever_the_reader_accepts(path: tuple[Any, ...], new: Any) -> None:
    """An editor never underlines a scenario that works."""
    value = changed(path, new)
    try:
        read_value(value)
    except ScenarioError:
        return
    assert accepts(value)
