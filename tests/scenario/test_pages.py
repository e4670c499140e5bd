"""The pages of the library are made from the scenario files, and are current."""

from __future__ import annotations

from pathlib import Path

from sandbox.scenario import library, read_text
from sandbox.scenario.pages import INDEX, pages

FOLDER = Path(__file__).parents[2] / "docs" / "scenarios"


def test_pages_are_current() -> None:
    """docs/scenarios/ holds exactly what the library gives; `python -m sandbox.scenario.reference` makes it anew."""
    made = pages(library())

    assert {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")} == made


def test_index_names_every_scenario_and_every_word() -> None:
    """Whoever looks a scenario up by its step, or by what a client printed, finds it in the index."""
    index = pages(library())[INDEX]

    for scenario in library():
        assert f"({scenario.name}.md): {scenario.title}" in index
        assert all(symptom.prints in index for symptom in scenario.symptoms)


def test_page_tells_what_is_broken_as_the_file_does() -> None:
    """What a page shows under the heading of what is broken can be put into a scenario again."""
    for scenario in library():
        page = pages([scenario])[f"{scenario.name}.md"]
        if scenario.world or scenario.faults:
            shown = page.split("```yaml\n")[1].split("```")[0]
            again = read_text(f"title: t\nstory: s\nexpect: {{connects: true}}\n{shown}")
            assert (again.world, again.faults) == (scenario.world, scenario.faults)
