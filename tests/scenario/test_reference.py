"""The reference of the language, docs/scenario-language.md, held against the model."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sandbox.flow import STEPS
from sandbox.scenario import Fault, Scenario, ScenarioError, When, read_text
from sandbox.scenario.model import ACTIONS, Expect, Seen
from sandbox.scenario.reference import PLACEHOLDER_MEANING, refreshed, tables
from sandbox.world import PLACEHOLDERS

from .samples import HEAD

PAGE = (Path(__file__).parents[2] / "docs" / "scenario-language.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def rows(name: str) -> dict[str, list[str]]:
    """Give the rows of a table of the page, by their first cell."""
    table = PAGE.split(f"<!-- table: {name} -->")[1].split("<!-- end of table -->")[0]
    lines = [re.split(r"(?<!\\)\|", line)[1:-1] for line in table.strip().splitlines()[2:]]
    return {cells[0].strip(" `"): [cell.strip() for cell in cells[1:]] for cells in lines}


def test_the_tables_are_current() -> None:
    """The tables are what the model says; `python -m sandbox.scenario.reference` brings them up to date."""
    assert refreshed(PAGE) == PAGE


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("keys", set(Scenario.__struct_fields__) - {"name"}),
        ("steps", set(STEPS)),
        ("actions", set(ACTIONS)),
        ("fault", set(Fault.__struct_fields__) - set(ACTIONS)),
        ("when", set(When.__struct_fields__)),
        ("expect", set(Expect.__struct_fields__)),
        ("sees", set(Seen.__struct_fields__)),
        ("placeholders", {f"{{{name}}}" for name in PLACEHOLDERS}),
    ],
)
def test_a_table_is_complete(name: str, expected: set[str]) -> None:
    """Every word of the language is in its table, with its meaning."""
    assert set(rows(name)) == expected
    assert all(all(cells) for cells in rows(name).values())


def test_every_setting_is_in_the_page() -> None:
    """Every setting of both systems has a row."""
    settings = rows("settings")
    assert settings["workos.dynamic_client_registration"][:2] == ["`true`", "`true` or `false`"]
    assert settings["service.challenge.scope"][0] == "`null`"
    assert len(settings) == len(tables()["settings"].splitlines()) - 2


def test_every_placeholder_has_a_meaning() -> None:
    """The meanings are those of the placeholders that there are."""
    assert set(PLACEHOLDER_MEANING) == set(PLACEHOLDERS)


def test_every_action_has_an_example_or_a_sentence() -> None:
    """Each action is shown or described outside the tables as well."""
    prose = re.sub(r"<!-- table.*?end of table -->", "", PAGE, flags=re.DOTALL)
    assert [action for action in ACTIONS if f"`{action}" not in prose and f" {action}:" not in prose] == []


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda snippet: snippet.splitlines()[1].strip())
def test_every_snippet_works(snippet: str) -> None:
    """Whole scenarios are read as they stand; faults alone are read as part of one."""
    text = HEAD + snippet if snippet.startswith("faults:") else snippet
    assert read_text(text).title


def test_the_refusal_on_the_page_is_the_real_one() -> None:
    """The message that the page shows is the message that a person gets."""
    shown = re.search(r"^```\nmy\.yaml:\d+:\d+: (.*?) `challenge`, …\n```$", PAGE, re.MULTILINE)
    assert shown is not None
    with pytest.raises(ScenarioError) as caught:
        read_text(HEAD + "faults: [{at: tokens, hang: true}]", file="my.yaml")
    assert shown[1] in str(caught.value)
