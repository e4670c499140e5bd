"""The documentation is held against the code."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from sandbox.cli import cli
from sandbox.console.api import ROUTES
from sandbox.scenario import names, read_text
from tests.commands import commands, named

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "examples/README.md", *(ROOT / "docs").glob("*.md")])
SNIPPET = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def snippets(language: str) -> list[tuple[str, str]]:
    """Give every fenced snippet of a language, with its page."""
    return [
        (str(page.relative_to(ROOT)), text)
        for page in PAGES
        for found, text in SNIPPET.findall(page.read_text())
        if found == language
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link and picture of a page is there."""
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize(("page", "text"), [each for each in snippets("yaml") if "title:" in each[1]])
def test_scenarios_in_the_docs_are_valid(page: str, text: str) -> None:
    """A whole scenario in the docs can be run as it stands."""
    assert read_text(text, file=page).title


@pytest.mark.parametrize(("page", "text"), snippets("sh"))
def test_commands_in_the_docs_exist(page: str, text: str) -> None:
    """Every sandbox command, option and scenario that a snippet names is there."""
    known = commands()
    for said in named(text):
        assert said.command in known, f"{page}: {said}"
        assert said.options <= known[said.command] | {"--help"}, f"{page}: {said}"
    for line in text.splitlines():
        for word in line.partition("#")[0].split():
            if word.startswith("SCENARIO="):
                assert word.removeprefix("SCENARIO=") in names(), f"{page}: {line}"


def test_readme_names_every_command() -> None:
    """The README has every command."""
    readme = (ROOT / "README.md").read_text()
    for command in cli.list_commands(click.Context(cli)):
        assert re.search(rf"`(sandbox )?{command}\b", readme), command


def test_every_page_is_linked_from_the_readme() -> None:
    """No page of docs/ is lost."""
    readme = (ROOT / "README.md").read_text()
    for page in (ROOT / "docs").glob("*.md"):
        assert f"docs/{page.name}" in readme


def test_places_of_the_architecture_are_there() -> None:
    """Every file and folder that the architecture page points to exists."""
    text = (ROOT / "docs/architecture.md").read_text()
    for place in re.findall(r"`(sandbox/[\w./]+)`", text):
        assert (ROOT / place).exists(), place


def test_routes_are_described() -> None:
    """Every route of the control API says what it does in a sentence."""
    assert all(route.summary.endswith(".") for route in ROUTES)


def test_the_page_on_tests_shows_the_examples() -> None:
    """Every snippet of the page on tests is one of the examples, word for word, and every example is shown."""
    page = (ROOT / "docs/testing.md").read_text()
    shown = re.findall(r"^`(tests/examples/[\w.]+)`:\n\n```\w+\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert [name for name, text in shown if (ROOT / name).read_text() != text] == []
    assert len(re.findall(r"^```(?:python|yaml)$", page, re.MULTILINE)) == len(shown)
    examples = {f"tests/examples/{file.name}" for file in (ROOT / "tests/examples").glob("*.*")}
    assert {name for name, _ in shown} == examples - {f"tests/examples/{name}.py" for name in ("__init__", "conftest")}
