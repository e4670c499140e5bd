"""The course: each lesson is whole, and a real client meets every one of its checks, before or after the fix."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from sandbox.diagnosis.finding import RULES
from sandbox.errors import SandboxError
from sandbox.lessons import Lesson, lesson, lessons, read
from sandbox.scenario.library import find_named
from tests.conftest import Start
from tests.plays import played

GOOD = "{title: T, scenario: healthy, text: t, question: q, hints: [h], answer: a, checks: [%s]}"


@pytest.mark.parametrize("one", lessons(), ids=lambda one: one.name)
async def test_its_checks_are_met_by_a_real_client(one: Lesson, start: Start) -> None:
    """Nothing is met at first; after the failure and the fix, all of it is; and in another scenario nothing is."""
    sandbox = await start(one.scenario)
    assert one.met(sandbox.saw()) == [False] * len(one.checks)
    with suppress(Exception):
        await played(sandbox)
    broken = one.met(sandbox.saw())
    if any(check.connected for check in one.checks) and sandbox.scenario.faults + tuple(sandbox.scenario.fixed or ()):
        assert not all(broken)
    if not all(broken):
        sandbox.fix()
        await played(sandbox)
    assert one.met(sandbox.saw()) == [True] * len(one.checks)
    sandbox.use("expired-token")
    assert not any(one.met(sandbox.saw()))


@pytest.mark.parametrize("one", lessons(), ids=lambda one: one.name)
def test_it_is_whole(one: Lesson) -> None:
    """It has a scenario of the library, a question, two hints or more, and findings that there are."""
    assert find_named(one.scenario).name == one.scenario
    assert one.question.endswith("?")
    assert len(one.hints) >= 2
    assert {check.finding for check in one.checks if check.finding} <= {rule.id for rule in RULES}
    assert lesson(one.name) == one


@pytest.mark.parametrize("check", ["", "{}", "{reached: token, connected: true}", "{reached: tokn}", "{seen: token}"])
def test_a_lesson_that_is_none_is_refused(check: str, tmp_path: Path) -> None:
    """A check that asks for nothing, for two things, or for what there is not, is said in one line with the file."""
    file = tmp_path / "wrong.yaml"
    file.write_text(GOOD % (check or "1"))
    with pytest.raises(SandboxError, match=r"wrong\.yaml: .+"):
        read(file)
    file.write_text(GOOD % "{reached: token}")
    assert read(file).name == "wrong"


def test_an_unknown_lesson_is_said() -> None:
    """A name that is none gets the names that there are."""
    with pytest.raises(SandboxError, match="'9' is no lesson; there are: 1-challenge"):
        lesson("9")
