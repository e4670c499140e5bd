"""The tables are what was observed, nothing that a client prints is markup, and the committed pages are current."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sandbox.clients import CLIENTS, reference, table
from sandbox.clients.observed import Observed, Row, hash_of
from sandbox.scenario import Scenario, find, library, read_text
from sandbox.scenario.model import Must, Symptom

DOCS = Path(__file__).parents[2] / "docs"
COMMITTED = reference.committed()
MUST_STOP = Must(since="2025-11-25", connects=False, says="refuse it", section="MCP 2025-11-25, somewhere")


def row(**said: Any) -> Row:
    """Make a row."""
    return msgspec.convert({"date": "2026-11-26", "of": "0", "connected": True, **said}, Row)


def observed(**rows: Row) -> Observed:
    """Make a client's file."""
    named = {name.replace("_", "-"): each for name, each in rows.items()}
    return Observed(client="small", title="Small", version="1.0", scenarios=named)


@pytest.mark.parametrize(
    ("said", "sign"),
    [
        ({}, "✓"),
        ({"sign_ins": 1}, "✓"),
        ({"sign_ins": 2}, "✓ 2"),
        ({"met": False}, "(✓)"),
        ({"connected": False}, "✗"),
        ({"connected": False, "ended": "silent"}, "…"),
        ({"connected": False, "ended": "waiting for input"}, "…"),
        ({"connected": False, "asks": True}, "?"),
    ],
)
def test_signs(said: dict[str, Any], sign: str) -> None:
    """Each outcome has its sign, and each sign is explained."""
    assert table.cell(row(**said)) == sign
    assert sign in {each for each, _ in table.LEGEND}
    assert table.cell(None) == ""


@pytest.mark.parametrize(
    ("said", "breaks"),
    [
        ({"speaks": "2025-11-25"}, True),
        ({"speaks": "2026-07-28"}, True),
        ({"speaks": "2025-06-18"}, False),
        ({"speaks": None}, False),
        ({"speaks": "2025-11-25", "connected": False}, False),
        ({"speaks": "2025-11-25", "met": False}, False),
        ({"speaks": "2025-11-25", "connected": False, "asks": True}, False),
    ],
)
def test_a_must_binds_who_speaks_its_version(said: dict[str, Any], breaks: bool) -> None:  # noqa: FBT001
    """Only a client that met the failure, and speaks a version that demands it, breaks a MUST."""
    assert table.breaks(row(**said), MUST_STOP) is breaks
    assert table.cell(row(**said), MUST_STOP).endswith(" !") is breaks


def test_breaches_name_the_section() -> None:
    """The page says which client goes on where it must stop, and where that is written."""
    one = observed(no_pkce=row(speaks="2025-11-25"), healthy=row(speaks="2025-11-25"))
    page = table.markdown([one], library())
    assert "| [`no-pkce`](scenarios/no-pkce.md) | Small 1.0 | goes on | refuse an authorization server whose" in page
    assert "MCP 2025-11-25 authorization, authorization code protection" in page
    none = observed(no_pkce=row(speaks="2025-11-25", connected=False))
    assert "No client was seen to break a MUST" in table.markdown([none], library())
    assert "No client was seen to break a MUST" in table.html([none], library())


HOSTILE = "<script>alert(1)</script> | `a` ``b`` [x](http://x) <!-- -->"


class Page(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_what_a_client_prints_is_never_markup() -> None:
    """Hostile words appear as they are, in both pages; neither loads anything."""
    said = row(connected=False, said=[HOSTILE])
    one = msgspec.structs.replace(observed(missing_registration=said), title="<b>Small</b>")
    page = table.html([one], library())
    parsed = Page(page)
    assert HOSTILE in parsed.text
    assert not parsed.tags & {"script", "b", "link", "img", "iframe"}
    assert not re.search(r"(src|href)=|url\(|@import", page)
    (line,) = [line for line in table.markdown([one], library()).splitlines() if "alert" in line]
    assert line.startswith("| ``` <script>alert(1)</script> \\| `a` ``b`` [x](http://x) <!-- --> ``` | ")


def test_every_scenario_has_its_row() -> None:
    """Whatever was measured of it."""
    page = table.markdown([observed()], library())
    assert all(f"[`{scenario.name}`](scenarios/{scenario.name}.md)" in page for scenario in library())


# --- symptoms ----------------------------------------------------------------------------------------------------

FILE = """\
title: A title
story: A story
step: token
faults:
  - {at: token, status: 503}
expect: {reaches: authorization}
cause: A cause
fix: A fix
symptoms:
  - client: Claude Code
    prints: "from a report"
    seen: "owner/repository#1"
  - {client: Old, version: "0.9", prints: "measured before", seen: measured}
references: [RFC 6749]
"""


@pytest.mark.parametrize("text", [FILE, FILE.replace("references: [RFC 6749]\n", "")])
def test_a_scenario_learns_what_clients_print(text: str) -> None:
    """What was measured before makes way for what is measured now; what a report quotes stays, and the rest as well."""
    scenario = msgspec.structs.replace(read_text(text, file="x.yaml"), name="slow-token")
    seen = observed(slow_token=row(connected=False, said=[HOSTILE, "second: line"]))
    learned = reference.symptoms(scenario, [seen])
    assert [symptom.prints for symptom in learned] == ["from a report", HOSTILE, "second: line"]
    new = reference.taught(text, learned)
    assert list(read_text(new, file="x.yaml").symptoms) == learned
    assert reference.taught(new, learned) == new
    assert (
        reference.taught(text, []) == text[: text.index("symptoms:")] + text[text.index('"0.9"') :].partition("\n")[2]
    )


def test_a_scenario_without_symptoms_gets_them_before_its_references() -> None:
    """They come where they stand in every other file."""
    bare = FILE[: FILE.index("symptoms:")] + "references: [RFC 6749]\n"
    learned = [Symptom(client="Small", version="1.0", prints="no", seen="measured")]
    new = reference.taught(bare, learned)
    assert new.index("fix:") < new.index("symptoms:") < new.index("references:")
    assert list(read_text(new, file="x.yaml").symptoms) == learned


def test_who_connects_or_asks_leaves_no_symptom() -> None:
    """Only the words of a failure are symptoms."""
    seen = observed(healthy=row(said=["✓ Connected"]))
    assert reference.symptoms(find("healthy"), [seen]) == []
    seen = observed(healthy=row(connected=False, asks=True, said=["⚠ Needs authentication"]))
    assert reference.symptoms(find("healthy"), [seen]) == []


# --- what is committed -------------------------------------------------------------------------------------------


def test_every_client_was_observed() -> None:
    """There is a file for each client, of the version that is driven now."""
    assert {(one.client, one.title, one.version) for one in COMMITTED} == {
        (adapter.name, adapter.title, adapter.version) for adapter in CLIENTS.values()
    }


@pytest.mark.parametrize("one", COMMITTED, ids=lambda one: one.client)
def test_observations_are_of_the_scenarios_as_they_are(one: Observed) -> None:
    """No row is stale, missing, or of a scenario that is gone; `sandbox matrix` brings them up to date."""
    now = {scenario.name: hash_of(scenario) for scenario in library()}
    assert {name: each.of for name, each in one.scenarios.items()} == now


@pytest.mark.parametrize("name", ["client-matrix.md", "client-matrix.html"])
def test_pages_are_current(name: str) -> None:
    """The pages are made of the observations; `python -m sandbox.clients.reference` brings them up to date."""
    assert (DOCS / name).read_text() == reference.pages(COMMITTED, library())[name]


@pytest.mark.parametrize("scenario", library(), ids=lambda scenario: scenario.name)
def test_symptoms_are_what_was_measured(scenario: Scenario) -> None:
    """Every measured symptom is a row's, and every failing row's words are among the symptoms."""
    assert list(scenario.symptoms) == reference.symptoms(scenario, COMMITTED)
