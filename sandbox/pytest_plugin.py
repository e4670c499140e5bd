"""The sandbox in other people's tests: the fixture `sandbox`, and the marker that says what is broken.

pytest loads this module wherever the package is installed, so it imports the sandbox only where a test asks for it.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest

if TYPE_CHECKING:
    from sandbox.sandbox import Sandbox
    from sandbox.scenario import Scenario

_MARKER: Final = "sandbox"
_SIGNATURE: Final = "sandbox(scenario='healthy', *, world=None, may_not_fire=False)"


class _Use(NamedTuple):
    """How one test uses the world."""

    sandbox: Sandbox
    may_not_fire: bool


_USE: Final = pytest.StashKey[_Use]()


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    meaning = (
        "what the world of the fixture `sandbox` is: a scenario's name, its path from the test file, or a Scenario;"
        " `world` lays settings over it; `may_not_fire` allows faults that the test does not meet"
    )
    config.addinivalue_line("markers", f"{_SIGNATURE}: {meaning}")


@pytest.fixture(scope="session")
def _sandbox() -> Iterator[Sandbox]:
    """Run the one world of this process."""
    from sandbox.sandbox import Sandbox

    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(request: pytest.FixtureRequest, _sandbox: Sandbox) -> Sandbox:
    """Give a running world, as new, in the scenario of `@pytest.mark.sandbox`; without the marker all is healthy.

    It runs on a thread of its own, for tests of any kind, asynchronous ones included. A fault that the test did not
    meet fails it.
    """
    import msgspec

    from sandbox.errors import SandboxError

    marker = request.node.get_closest_marker(_MARKER)
    refused = ""
    try:
        wanted = _wanted(*marker.args, **marker.kwargs) if marker else _wanted()
        _sandbox.use(_found(wanted.scenario, request), world=wanted.world)
    except TypeError:
        refused = f"cannot be read. Write it as {_SIGNATURE}."
    except (SandboxError, msgspec.ValidationError) as error:
        refused = str(error)
    if refused:  # out here, so that it is told alone
        pytest.fail(f"@pytest.mark.sandbox: {refused}", pytrace=False)
    _sandbox.reset()
    request.node.stash[_USE] = _Use(_sandbox, wanted.may_not_fire)
    return _sandbox


class _Wanted(NamedTuple):
    """What a marker says."""

    scenario: Scenario | str | os.PathLike[str]
    world: Mapping[str, Any]
    may_not_fire: bool


def _wanted(
    scenario: Scenario | str | os.PathLike[str] = "healthy",
    *,
    world: Mapping[str, Any] | None = None,
    may_not_fire: bool = False,
) -> _Wanted:
    return _Wanted(scenario, world or {}, may_not_fire)


def _found(scenario: Scenario | str | os.PathLike[str], request: pytest.FixtureRequest) -> Scenario:
    """Give the scenario; a path is taken from the folder of the test's file."""
    from sandbox.scenario import Scenario, find
    from sandbox.scenario.library import is_path

    if isinstance(scenario, Scenario):
        return scenario
    return find(request.path.parent / scenario) if is_path(scenario) else find(scenario)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse a marker without the fixture, which would say something that nobody reads."""
    marked = item.get_closest_marker(_MARKER) is not None
    if marked and "sandbox" not in getattr(item, "fixturenames", ()):
        pytest.fail("@pytest.mark.sandbox is on a test that does not take the fixture `sandbox`.", pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test that passed and did not meet what its scenario is about."""
    outcome = yield
    use = item.stash.get(_USE, None)
    if use is not None and not use.may_not_fire:
        from sandbox import reports

        saw = use.sandbox.saw()
        lack = reports.unfired(saw)
        if lack is not None:
            hint = "If that is meant, mark the test with may_not_fire=True."
            pytest.fail(f"{lack} {hint}\n\n{saw}", pytrace=False)
    return outcome


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to the report of a test that failed what the sandbox saw, unless it says so itself."""
    report = yield
    use = item.stash.get(_USE, None)
    if use is not None and report.failed:
        saw = str(use.sandbox.saw())
        if saw.partition("\n")[0] not in report.longreprtext:
            report.sections.append(("sandbox", saw))
    return report
