"""The official conformance suite judges the doctor, AuthKit and log-aggregator, scenario by scenario."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from sandbox.clients import claude_code
from tests.conformance import page
from tests.conformance.judging import judged
from tests.conformance.suite import NODE, RUNS, SUITE, Check, needed, signed_in, verdicts

Results = Callable[[str], Path]

CONTENT: Final = [(name, scenario) for name, run in RUNS.items() for scenario in run.content.split()]
KNOWN: Final = [(name, entry) for name, run in RUNS.items() for entry in run.known]
REFUSED: Final = frozenset(
    f"auth/{name}"
    for name in (
        *("scope-retry-limit", "resource-mismatch", "metadata-issuer-mismatch"),
        *("iss-supported-missing", "iss-wrong-issuer", "iss-unexpected", "iss-normalized"),
    )
)
"""Where a careful client does not sign in, or gives up."""
SIGNED_IN: Final = [(name, scenario) for name, scenario in CONTENT if name.startswith("doctor-")]

pytestmark = pytest.mark.conformance


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Give a function that runs the suite once, and gives the folder with what it said."""
    return lambda name: judged(name, tmp_path_factory)


def checks(results: Results, name: str, scenario: str) -> list[Check]:
    """Give what the suite said in a scenario; it must have said something."""
    found = verdicts(results(name)).get(scenario, [])
    assert found, f"{scenario} was not judged in {name}"
    return found


@pytest.mark.parametrize(("name", "scenario"), CONTENT)
def test_the_suite_is_content(name: str, scenario: str, results: Results) -> None:
    """Every check of the scenario succeeds, but for those known to fail; none warns, none is skipped."""
    found = checks(results, name, scenario)
    known = {entry.partition(":")[2] for entry in RUNS[name].known if entry.startswith(f"{scenario}:")}
    wrong = [check for check in found if not check.is_good and check.id not in known]
    assert wrong == [], "\n".join(map(str, wrong))
    assert [check for check in found if check.status == "SUCCESS"], f"{scenario}: nothing was judged"


@pytest.mark.parametrize(("name", "entry"), KNOWN)
def test_what_is_known_to_fail_still_fails(name: str, entry: str, results: Results) -> None:
    """A list of what fails is never stale, and says why."""
    scenario, _, check_id = entry.partition(":")
    found = [check for check in checks(results, name, scenario) if check_id in {"", check.id}]
    assert [check for check in found if not check.is_good], f"{entry} passes: take it off the list of {name}."
    assert RUNS[name].known[entry].endswith(".")


@pytest.mark.parametrize("name", RUNS)
def test_a_run_judges_what_is_expected_of_it(name: str, results: Results) -> None:
    """What the suite judges is expected to pass or known to fail."""
    found = set(verdicts(results(name)))
    assert found >= RUNS[name].expected
    assert RUNS[name].in_part or found == RUNS[name].expected


@pytest.mark.parametrize(
    ("kind", "judges"), [("client", "doctor-"), ("server", "server-"), ("authorization", "authorization-")]
)
def test_every_scenario_of_the_suite_is_judged(kind: str, judges: str, tmp_path: Path) -> None:
    """The suite has no scenario that nobody put before it; of those for clients, none that is about signing in."""
    needed()
    command = [str(NODE), str(SUITE), "list", f"--{kind}"]
    listed = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, text=True).stdout
    every = {line.split()[1] for line in listed.splitlines() if line.startswith("  - ")}
    assert every
    wanted = {scenario for scenario in every if kind != "client" or scenario.startswith("auth/")}
    expected = {scenario for name, run in RUNS.items() if name.startswith(judges) for scenario in run.expected}
    assert wanted <= expected <= every


@pytest.mark.parametrize(("name", "scenario"), SIGNED_IN)
def test_the_doctor_signs_in_unless_it_must_not(name: str, scenario: str, results: Results) -> None:
    """What the suite is content with is a sign-in that went to its end, or one that was rightly not begun."""
    assert signed_in(results(name), scenario) == (scenario not in REFUSED)


def test_the_page_is_current() -> None:
    """docs/judges.md says what is judged here; `python -m tests.conformance.page` makes it anew."""
    assert page.PAGE.read_text(encoding="utf-8") == page.written()


def test_the_page_names_the_versions_that_judge() -> None:
    """The versions on the page are those that the tests get."""
    got = (page.PAGE.parents[1] / "tests" / "judges.txt").read_text(encoding="utf-8")
    (judge,) = re.findall(r"conformance@(\S+)", got)
    driven = [adapter.version for adapter in (claude_code.NEWEST, claude_code.OLD)]
    assert all(version in page.written() for version in (judge, *driven))
