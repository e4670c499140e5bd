"""The scenarios that come with the sandbox: where they live, and how they are found."""

from __future__ import annotations

import os
import re
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
_TYPO: Final = 0.75


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
    return sorted(path.stem for path in folder().glob("*.yaml"))


def library() -> list[Scenario]:
    """Read the library: `healthy` first, then in the order of the steps at which they break, then by name."""
    return sorted((_read(name) for name in names()), key=_place)


def find(name_or_path: str | os.PathLike[str]) -> Scenario:
    """Give the scenario of a name, of another name that it is known by, or of a path.

    A path holds a slash, or ends in .yaml or .yml. Raise ScenarioError for what is not there, or cannot be read.
    """
    name = os.fspath(name_or_path)
    if name is not name_or_path or "/" in name or os.sep in name or name.endswith(_ENDINGS):
        return read(name)
    known = names()
    if name in known:
        return _read(name)
    scenarios = library()
    for scenario in scenarios:
        if name in scenario.also_known_as:
            return scenario
    others = [other for scenario in scenarios for other in scenario.also_known_as]
    file = next((f" Did you mean {quoted(f'./{name}{end}')}?" for end in _ENDINGS if Path(name + end).is_file()), "")
    hint = file or meant(name, [*known, *others])
    raise ScenarioError(
        f"{quoted(name)} is no scenario.{hint} `sandbox scenarios` lists them; a file is named by a path."
    )


def search(word: str) -> list[Scenario]:
    """Give the scenarios that speak of every one of these words, best first; all of them when there is no word.

    Case does not matter, and a word that occurs nowhere finds what is spelled nearly like it.
    """
    wanted = word.casefold().split()
    scenarios = library()
    texts = [_texts(scenario) for scenario in scenarios]
    vocabulary = {part for fields in texts for text, _ in fields for part in re.findall(r"[\w-]+", text)}
    spelled = [_as_spelled(part, vocabulary) for part in wanted]
    scores = [[max((w for text, w in fields if part in text), default=0) for part in spelled] for fields in texts]
    found = [(sum(score), scenario) for score, scenario in zip(scores, scenarios, strict=True) if all(score)]
    return [scenario for _, scenario in sorted(found, key=lambda one: -one[0])]


def _read(name: str) -> Scenario:
    return read(folder() / f"{name}.yaml")


def _place(scenario: Scenario) -> tuple[bool, int, str]:
    step = STEPS.index(scenario.step) if scenario.step is not None else len(STEPS)
    return scenario.name != HEALTHY, step, scenario.name


def _texts(scenario: Scenario) -> list[tuple[str, int]]:
    """Give the texts that are searched, folded, each with its weight."""
    weighed = (
        ((scenario.name, *scenario.also_known_as), 16),
        ((scenario.title,), 8),
        (tuple(symptom.prints for symptom in scenario.symptoms), 8),
        (scenario.references, 4),
        ((scenario.cause or "",), 2),
        ((scenario.story,), 1),
    )
    return [(" ".join(text.casefold().split()), weight) for texts, weight in weighed for text in texts]


def _as_spelled(word: str, vocabulary: set[str]) -> str:
    from difflib import get_close_matches  # only a typo needs it

    if any(word in known for known in vocabulary):
        return word
    return next(iter(get_close_matches(word, sorted(vocabulary), n=1, cutoff=_TYPO)), word)
