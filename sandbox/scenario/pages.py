"""The library as pages: one for each scenario, and an index by step and by the words that clients print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import yaml

from sandbox.flow import STEP_MEANING, STEPS
from sandbox.scenario.model import Scenario, Symptom

NOTE: Final = "<!-- Made from scenarios/ by `python -m sandbox.scenario.reference`. -->\n\n"
INDEX: Final = "README.md"

_GITHUB: Final = "https://github.com/"


def pages(library: Sequence[Scenario]) -> dict[str, str]:
    """Give every page in Markdown, by its file's name."""
    return {INDEX: _index(library)} | {f"{scenario.name}.md": _page(scenario) for scenario in library}


def _page(scenario: Scenario) -> str:
    broken = f"It breaks at [`{scenario.step}`](README.md): {STEP_MEANING[scenario.step]}." if scenario.step else ""
    parts = [
        f"# {scenario.title}",
        f"```sh\nmake sandbox SCENARIO={scenario.name}\n```",
        scenario.story.strip(),
        broken,
    ]
    if scenario.symptoms:
        rows = (f"| {_who(each)} | `{each.prints}` | {_linked(each.seen)} |" for each in scenario.symptoms)
        parts.append("\n".join(["## What clients print", "", "| client | words | seen |", "|---|---|---|", *rows]))
    if scenario.world or scenario.faults:
        parts.append(f"## What is broken\n\n```yaml\n{_broken(scenario)}```")
    must = scenario.expect.must
    demand = f"A client must {must.says} ({must.section}; MCP {must.since} and later)." if must else None
    for heading, text in (
        ("What the specification demands", demand),
        ("Why", scenario.cause),
        ("What to change", scenario.fix),
    ):
        if text:
            parts.append(f"## {heading}\n\n{text.strip()}")
    if scenario.references:
        listed = "\n".join(f"- {_linked(reference)}" for reference in scenario.references)
        parts.append(f"## References\n\n{listed}")
    if scenario.also_known_as:
        parts.append("Also known as " + ", ".join(f"`{name}`" for name in scenario.also_known_as) + ".")
    return NOTE + "\n\n".join(part for part in parts if part) + "\n"


def _who(symptom: Symptom) -> str:
    return f"{symptom.client} {symptom.version}" if symptom.version else symptom.client


def _broken(scenario: Scenario) -> str:
    """Write what differs from the healthy world as the file has it."""
    written = msgspec.to_builtins(scenario)
    told = {name: written[name] for name in ("world", "faults") if name in written}
    return yaml.safe_dump(told, sort_keys=False, allow_unicode=True, width=100)


def _linked(reference: str) -> str:
    """Make a link of a reference to an issue, `owner/repository#number`."""
    name, hash_sign, number = reference.partition("#")
    if hash_sign and name.count("/") == 1 and number.isdigit() and " " not in name:
        return f"[{reference}]({_GITHUB}{name}/issues/{number})"
    return reference


def _index(library: Sequence[Scenario]) -> str:
    parts = ["# The library", "Every scenario, by the step at which it breaks and by the words that clients print."]
    for step in (None, *STEPS):
        found = [scenario for scenario in library if scenario.step == step]
        if found:
            heading = f"`{step}`: {STEP_MEANING[step]}" if step else "Nothing is broken"
            parts.append(f"## {heading}\n\n" + "\n".join(map(_entry, found)))
    words = sorted(
        ((symptom, scenario) for scenario in library for symptom in scenario.symptoms),
        key=lambda each: (each[0].client.casefold(), each[0].prints.casefold(), each[1].name),
    )
    if words:
        rows = (f"| {_who(symptom)} | `{symptom.prints}` | {_link(scenario)} |" for symptom, scenario in words)
        table = "\n".join(["| client | words | scenario |", "|---|---|---|", *rows])
        parts.append(f"## By the words on the screen\n\n{table}")
    return NOTE + "\n\n".join(parts) + "\n"


def _link(scenario: Scenario) -> str:
    return f"[`{scenario.name}`]({scenario.name}.md)"


def _entry(scenario: Scenario) -> str:
    quirk = " (clients connect all the same)" if scenario.expect.connects and scenario.step else ""
    return f"- {_link(scenario)}: {scenario.title}{quirk}"
