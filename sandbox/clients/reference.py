"""What is made of the observations: the client matrix, and the words among each scenario's symptoms.

`python -m sandbox.clients.reference` brings docs/client-matrix.md, docs/client-matrix.html, the measured symptoms in
scenarios/ and what is made of those up to date.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import yaml

import sandbox
from sandbox.clients import CLIENTS, table
from sandbox.clients.observed import FOLDER, Observed, read_all
from sandbox.scenario import Scenario, library
from sandbox.scenario.library import folder
from sandbox.scenario.model import Symptom
from sandbox.scenario.reference import main as refresh_scenarios

NOTE: Final = "<!-- Made from scenarios/observed/ by `python -m sandbox.clients.reference`. -->\n\n"
PAGE: Final = "\n[The same as a page](client-matrix.html), with every client's words in its cell.\n"
MEASURED: Final = "measured"
"""What a symptom says of where it was seen, when it was seen here."""

_BLOCK: Final = re.compile(r"^symptoms:\n(?:[ -].*\n)+", re.MULTILINE)
_BEFORE: Final = ("references:", "also_known_as:")
"""What comes after the symptoms in a file."""


def pages(observed: Sequence[Observed], scenarios: Sequence[Scenario]) -> dict[str, str]:
    """Give the pages that are made of the observations, by their files' names in docs/."""
    return {
        "client-matrix.md": NOTE + table.markdown(observed, scenarios) + PAGE,
        "client-matrix.html": table.html(observed, scenarios),
    }


def committed() -> list[Observed]:
    """Give the observations of the library, in the order of the clients."""
    places = list(CLIENTS)
    found = read_all(folder() / FOLDER)
    return sorted(
        found, key=lambda one: (one.client not in CLIENTS, places.index(one.client) if one.client in CLIENTS else 0)
    )


def symptoms(scenario: Scenario, observed: Iterable[Observed]) -> list[Symptom]:
    """Give a scenario's symptoms: what reports quote, and what every client was seen to print when it failed."""
    reported = [symptom for symptom in scenario.symptoms if symptom.seen != MEASURED]
    return [*reported, *_measured(scenario, observed)]


def _measured(scenario: Scenario, observed: Iterable[Observed]) -> Iterator[Symptom]:
    for one in observed:
        row = one.scenarios.get(scenario.name)
        for line in row.said if row is not None and not row.connected and not row.asks else ():
            yield Symptom(client=one.title, version=one.version or None, prints=line, seen=MEASURED)


def taught(text: str, learned: Sequence[Symptom]) -> str:
    """Give a scenario file's text with these symptoms instead of those that it has."""
    block = "".join(["symptoms:\n", *(f"  - {_flow(symptom)}\n" for symptom in learned)]) if learned else ""
    if _BLOCK.search(text):
        return _BLOCK.sub(lambda _: block, text)
    places = [text.find(f"\n{name}") + 1 for name in _BEFORE if f"\n{name}" in text]
    at = min(places, default=len(text))
    return text[:at] + block + text[at:]


def _flow(symptom: Symptom) -> str:
    """Write a symptom on a line, its words quoted."""
    fields = [("client", _scalar(symptom.client)), ("version", _scalar(symptom.version or ""))]
    fields += [("prints", json.dumps(symptom.prints, ensure_ascii=False)), ("seen", _scalar(symptom.seen))]
    return f"{{{', '.join(f'{name}: {text}' for name, text in fields if text)}}}"


def _scalar(text: str) -> str:
    """Write a text for YAML, quoted where it would be read as something else."""
    try:
        plain = "#" not in text and yaml.safe_load(f"{{a: {text}}}") == {"a": text}
    except yaml.YAMLError:
        plain = False
    return text if plain or not text else json.dumps(text, ensure_ascii=False)


def main() -> None:
    """Bring a checkout up to date."""
    observed = committed()
    for scenario in library():
        file = folder() / f"{scenario.name}.yaml"
        text = file.read_text(encoding="utf-8")
        new = taught(text, symptoms(scenario, observed))
        if new != text:
            file.write_text(new, encoding="utf-8")
    refresh_scenarios()
    docs = Path(sandbox.__file__).parents[1] / "docs"
    for name, page in pages(observed, library()).items():
        (docs / name).write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
