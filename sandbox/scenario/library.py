"""The scenarios that come with the sandbox: where they live, and how they are found."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import sandbox
from sandbox.flow import STEPS
from sandbox.scenario.errors import ScenarioError
from sandbox.scenario.model import Scenario
from sandbox.scenario.reading import read
from sandbox.scenario.wording import meant, quoted

HEALTHY: Final = "healthy"
"""The scenario in which nothing is broken."""

_ENDINGS: Final = (".yaml", ".yml")

_cache: dict[str, tuple[tuple[int, int], Scenario]] = {}
"""The scenarios read so far, by path, each with the time and the size of the file that it was read from."""


def folder() -> Path:
    """Give the directory of the library: inside an installed package, beside it in a checkout.

    Raise ScenarioError when there is none.
    """
    package = Path(sandbox.__file__).parent
    places = (package / "_scenarios", package.parent / "scenarios")
    for place in places:
        if (place / f"{HEALTHY}.yaml").is_file():
            return place
    raise ScenarioError(f"{places[0]}: the library of scenarios is missing. Install the sandbox again.")


def names() -> list[str]:
    """Give the names of the library's scenarios, in alphabetical order."""
    return sorted(file.removesuffix(".yaml") for file in os.listdir(folder()) if file.endswith(".yaml"))  # noqa: PTH208 - fast


def library() -> list[Scenario]:
    """Read the library: `healthy` first, then in the order of the steps at which they break, then by name."""
    place = folder()
    return sorted((_read(name, place) for name in names()), key=_place)


def find(name_or_path: str | os.PathLike[str]) -> Scenario:
    """Give the scenario of a name, of another name that it is known by, or of a path.

    A path holds a slash, or ends in .yaml or .yml. Raise ScenarioError for what is not there, or cannot be read.
    """
    name = os.fspath(name_or_path)
    if is_path(name_or_path):
        return read(name)
    scenario = _named(name)
    if scenario is not None:
        return scenario
    file = next((f" Did you mean {quoted(f'./{name}{end}')}?" for end in _ENDINGS if Path(name + end).is_file()), "")
    hint = file or _hint(name)
    raise ScenarioError(
        f"{quoted(name)} is no scenario.{hint} `sandbox scenarios` lists them; a file is named by a path."
    )


def find_named(name: str) -> Scenario:
    """Give the scenario of a name, or of another name that it is known by; no file outside the library is looked at.

    Raise ScenarioError for a path, and for what is not there.
    """
    if is_path(name):
        raise ScenarioError(f"{quoted(name)} is a path, and no file is read here. Send the whole scenario instead.")
    scenario = _named(name)
    if scenario is None:
        raise ScenarioError(f"{quoted(name)} is no scenario.{_hint(name)} `sandbox scenarios` lists them.")
    return scenario


def is_path(name: str | os.PathLike[str]) -> bool:
    """Say whether this is a path, and no name: it holds a slash, or ends in .yaml or .yml."""
    return not isinstance(name, str) or "/" in name or os.sep in name or name.endswith(_ENDINGS)


def _named(name: str) -> Scenario | None:
    if name in names():
        return _read(name, folder())
    return next((scenario for scenario in library() if name in scenario.also_known_as), None)


def _hint(name: str) -> str:
    return meant(name, [*names(), *(other for scenario in library() for other in scenario.also_known_as)])


def _read(name: str, place: Path) -> Scenario:
    """Read a file of the library, unless it is as it was when it was last read."""
    path = f"{place}{os.sep}{name}.yaml"
    try:
        status = os.stat(path)  # noqa: PTH116 - fast
    except OSError:
        return read(path)  # which says what is wrong
    stamp = status.st_mtime_ns, status.st_size
    known = _cache.get(path)
    if known is None or known[0] != stamp:
        known = _cache[path] = stamp, read(path)
    return known[1]


def _place(scenario: Scenario) -> tuple[bool, int, str]:
    step = STEPS.index(scenario.step) if scenario.step is not None else len(STEPS)
    return scenario.name != HEALTHY, step, scenario.name
