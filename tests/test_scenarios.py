"""Every scenario proves itself: it breaks where it says and nowhere else, is diagnosed, and its fix heals it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import pytest

from sandbox.diagnosis import diagnose
from sandbox.diagnosis.progress import reached, works
from sandbox.flow import STEPS, Step
from sandbox.scenario import Scenario, library
from sandbox.scenario.model import Seen
from sandbox.wire.exchange import Trace
from sandbox.world import merged
from tests.conftest import Start
from tests.plays import played, shown, slow, used

LIBRARY = library()


def later(step: Step) -> set[Step]:
    """Give the steps that a connection takes after this one."""
    return set(STEPS[STEPS.index(step) + 1 : STEPS.index("refresh")])


def broken(trace: Trace, step: Step) -> bool:
    """Say whether something is wrong at a step, or the client left off there.

    An exchange of the step carries a fault, or did not do what the step is for; or nothing came after, as when a client
    refuses what it got.
    """
    if any(exchange.faults or not works(exchange) for exchange in trace if exchange.step == step):
        return True
    return not any(exchange.step in later(step) for exchange in trace)


def saw(trace: Trace, seen: Seen) -> bool:
    """Say whether the trace holds such an exchange."""
    return any(
        exchange.step == seen.step
        and exchange.status == seen.status
        and not any(f'"{name}"' in exchange.response_body for name in seen.lacks)
        for exchange in trace
    )


def diagnosed(trace: Trace) -> str | None:
    """Give what the diagnosis says first of a trace that does not name its faults; nothing when all is well."""
    found = diagnose(msgspec.structs.replace(exchange, faults=[]) for exchange in trace)
    return found[0].id if found else None


SCENARIOS = pytest.mark.parametrize("scenario", LIBRARY, ids=lambda scenario: scenario.name)


@SCENARIOS
async def test_scenario(scenario: Scenario, start: Start) -> None:
    """A scenario breaks at its step and nowhere before, the wire tells why, and its fix heals it while it runs."""
    sandbox = await start(scenario)
    if scenario.expect.connects:
        await played(sandbox)
    else:
        with pytest.raises(Exception) as failure:  # noqa: PT011 - clients fail in many ways; the trace decides
            await played(sandbox)
        assert ExceptionGroup("", [failure.value]).subgroup(AssertionError) is None
    assert sandbox.unfired() == []
    assert diagnosed(sandbox.trace) == scenario.expect.finding
    for seen in scenario.expect.sees:
        assert saw(sandbox.trace, seen), f"no {seen} in the trace"
    if scenario.step is not None and scenario.expect.reaches is not None:
        assert scenario.expect.reaches in reached(sandbox.trace)
        if not scenario.expect.connects:
            assert broken(sandbox.trace, scenario.step)
            assert not reached(sandbox.trace) & later(scenario.step)
    sandbox.fix()
    sandbox.trace.clear()
    async with used(sandbox):
        pass
    assert [exchange for exchange in sandbox.trace if exchange.faults] == []


@SCENARIOS
async def test_every_line_matters(scenario: Scenario, start: Start) -> None:
    """Without any one of its faults or settings, a client fares otherwise, or the wire shows something else.

    Two runs of the scenario as it is show the same, so that a difference means something.
    """
    late = slow(scenario)
    whole = await shown(scenario, start, late)
    assert await shown(scenario, start, late) == whole
    for line, without in mutants(scenario):
        assert await shown(without, start, late) != whole, f"{line} changes nothing"


@SCENARIOS
def test_every_setting_of_a_fix_matters(scenario: Scenario) -> None:
    """Each setting that a fix names is another one before the fix."""
    for path in leaves(scenario.fixed):
        partly = merged(scenario.built(), without_leaf(scenario.fixed, path))
        assert partly != scenario.healed().built(), f"fixed.{'.'.join(path)} changes nothing"


def mutants(scenario: Scenario) -> Iterator[tuple[str, Scenario]]:
    """Give the scenario without one of its faults or settings, for each, and what is gone."""
    for index, fault in enumerate(scenario.faults):
        faults = scenario.faults[:index] + scenario.faults[index + 1 :]
        yield f"at {', '.join(fault.steps)}: {fault}", msgspec.structs.replace(scenario, faults=faults)
    for path in leaves(scenario.world):
        world = without_leaf(scenario.world, path)
        yield f"world.{'.'.join(path)}", msgspec.structs.replace(scenario, world=world)


def leaves(settings: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Give the path of every setting that is no mapping itself."""
    for name, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from ((name, *path) for path in leaves(value))
        else:
            yield (name,)


def without_leaf(settings: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """Give the settings but for the one at a path."""
    name, *rest = path
    inner = without_leaf(settings[name], tuple(rest)) if rest else {}
    kept = {key: value for key, value in settings.items() if key != name}
    return {**kept, name: inner} if inner else kept
