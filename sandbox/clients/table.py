"""The observations as tables: which client survives which failure, and what its user sees."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from sandbox.clients.connect import HOW_IT_ENDED
from sandbox.clients.observed import Observed, Row
from sandbox.flow import STEP_MEANING, STEPS, Step
from sandbox.scenario import Scenario
from sandbox.scenario.model import Must

NOTE: Final = "<!-- Made from scenarios/observed/ by `python -m sandbox.clients.reference`. -->\n\n"

LEGEND: Final = (
    ("✓", "it connects"),
    ("✓ 2", "it connects after so many sign-ins"),
    ("(✓)", "it connects, and did not meet the failure"),
    ("✗", "it does not connect"),
    ("?", "it asks for a sign-in, and cannot begin one without a person at its screen"),
    ("…", "it waits for ever, and was ended"),
    ("!", "it breaks a MUST of the MCP version that it speaks"),
    ("", "not measured"),
)
"""The signs of a cell, and what each means."""


class Breach(NamedTuple):
    """A client that does otherwise than its specification demands."""

    observed: Observed
    scenario: Scenario
    row: Row
    must: Must


def breaches(observed: Iterable[Observed], scenarios: Sequence[Scenario]) -> list[Breach]:
    """Give every breach of a MUST: of a version of MCP that the client speaks, by one that met the failure."""
    return [
        Breach(one, scenario, row, must)
        for one in observed
        for scenario in scenarios
        if (row := one.scenarios.get(scenario.name)) and (must := scenario.expect.must) and breaks(row, must)
    ]


def breaks(row: Row, must: Must) -> bool:
    """Say whether a client did otherwise than it must; of one that waits for its person nobody knows."""
    return (
        row.met
        and not row.asks
        and row.speaks is not None
        and must.since <= row.speaks
        and row.connected != must.connects
    )


def cell(row: Row | None, must: Must | None = None) -> str:
    """Give the sign for a row; see LEGEND."""
    if row is None:
        return ""
    if row.asks:
        return "?"
    if row.connected:
        sign = f"✓ {row.sign_ins}" if row.sign_ins > 1 else "✓"
        sign = sign if row.met else f"({sign})"
    else:
        sign = "…" if row.ended in {"silent", "waiting for input", "too long"} else "✗"
    return f"{sign} !" if must is not None and breaks(row, must) else sign


# --- Markdown ----------------------------------------------------------------------------------------------------

_INTRODUCTION: Final = """\
# Which client survives what

Real clients, installed by name, each driven through every scenario without a person by `sandbox matrix`: it adds the
server, signs in where it is asked to, uses a tool where it can, and, where a scenario is about refreshing, comes back
when its token has run out. Whether it connected is what the client itself says; how far it came is read from the wire.
[The same as a page](client-matrix.html), with every client's words in its cell.
"""


def markdown(observed: Sequence[Observed], scenarios: Sequence[Scenario]) -> str:
    """Give the table as a page of Markdown."""
    parts = [NOTE + _INTRODUCTION, _clients(observed, scenarios), _signs()]
    for step in (None, *STEPS):
        here = [scenario for scenario in scenarios if scenario.step == step]
        if here:
            parts.append(f"## {_heading(step)}\n\n{_grid(observed, here)}")
    parts += ["## Against the specification", _breached(observed, scenarios), "## What their users see"]
    parts += [f"### {_name(one)}\n\n{_words(one, scenarios)}" for one in observed]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _heading(step: Step | None) -> str:
    return f"`{step}`: {STEP_MEANING[step]}" if step else "Nothing is broken"


def _name(observed: Observed) -> str:
    return f"{observed.title} {observed.version}".strip()


def _lines(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    told = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_escaped(text) for text in row)} |" for row in told)


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


def _code(text: str) -> str:
    """Write a text of somebody else's so that it is no markup, whatever it holds."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {text} {fence}" if longest else f"`{text}`"


def _clients(observed: Sequence[Observed], scenarios: Sequence[Scenario]) -> str:
    rows = []
    for one in observed:
        known = [one.scenarios[scenario.name] for scenario in scenarios if scenario.name in one.scenarios]
        days = sorted({row.date for row in known})
        speaks = max((row.speaks for row in known if row.speaks), default="")
        connected = f"{sum(row.connected for row in known)} of {len(known)}"
        rows.append((f"`{one.client}`", _name(one), speaks, connected, days[-1] if days else ""))
    return _lines(("client", "what", "MCP", "connects in", "measured"), rows)


def _signs() -> str:
    return _lines(("sign", "meaning"), [(sign, meaning) for sign, meaning in LEGEND])


def _grid(observed: Sequence[Observed], scenarios: Iterable[Scenario]) -> str:
    rows = [
        [f"[`{one.name}`](scenarios/{one.name}.md)"]
        + [cell(each.scenarios.get(one.name), one.expect.must) for each in observed]
        for one in scenarios
    ]
    return _lines(["scenario", *(_name(each) for each in observed)], rows)


def _breached(observed: Sequence[Observed], scenarios: Sequence[Scenario]) -> str:
    found = breaches(observed, scenarios)
    if not found:
        return "No client was seen to break a MUST of the MCP version that it speaks."
    rows = [
        (
            f"[`{breach.scenario.name}`](scenarios/{breach.scenario.name}.md)",
            _name(breach.observed),
            "goes on" if breach.row.connected else "stops",
            breach.must.says,
            breach.must.section,
        )
        for breach in sorted(found, key=lambda breach: (breach.scenario.name, breach.observed.client))
    ]
    return _lines(("scenario", "client", "it", "a client must", "where that is written"), rows)


def _words(observed: Observed, scenarios: Sequence[Scenario]) -> str:
    """Give what a client prints when it does not connect, the same words once."""
    places: dict[str, list[str]] = {}
    for scenario in scenarios:
        row = observed.scenarios.get(scenario.name)
        if row is not None and not row.connected and not row.asks:
            places.setdefault(words_of(row), []).append(f"[`{scenario.name}`](scenarios/{scenario.name}.md)")
    rows = [(words, ", ".join(names)) for words, names in sorted(places.items(), key=lambda each: -len(each[1]))]
    return _lines(("words", "scenarios"), rows) if rows else "It connects everywhere."


def words_of(row: Row) -> str:
    """Give what a client's user reads, as code; and how it ended, where it did not by itself."""
    said = " · ".join(_code(line) for line in row.said)
    return ", ".join(filter(None, (said, HOW_IT_ENDED[row.ended]))) or "nothing"


# --- HTML --------------------------------------------------------------------------------------------------------


def html(observed: Sequence[Observed], scenarios: Sequence[Scenario]) -> str:
    """Give the table as one page that needs nothing else; what clients print is never markup."""
    import jinja2

    templates = jinja2.Environment(loader=jinja2.PackageLoader("sandbox.clients"), autoescape=True, trim_blocks=True)
    steps = [(_heading_text(step), [one for one in scenarios if one.step == step]) for step in (None, *STEPS)]
    return templates.get_template("matrix.html").render(
        observed=observed,
        steps=[(heading, here) for heading, here in steps if here],
        legend=LEGEND,
        cell=cell,
        breaks=breaks,
        how=HOW_IT_ENDED,
        breaches=breaches(observed, scenarios),
    )


def _heading_text(step: Step | None) -> str:
    return f"{step}: {STEP_MEANING[step]}" if step else "Nothing is broken"
