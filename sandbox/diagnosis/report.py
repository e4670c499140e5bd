"""Findings for people and for machines, as texts; whoever has them prints them."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import click
import msgspec

from sandbox.diagnosis.finding import Finding, Severity
from sandbox.flow import STEPS
from sandbox.plain import one_line
from sandbox.timeline import line
from sandbox.wire.exchange import Exchange

_WIDTH: Final = 96
_LONGEST: Final = 2000
"""The most characters of a text that quotes what strangers sent."""
_MOST_LINES: Final = 10
"""The most exchanges that are shown for one finding."""
_COLOUR: Final[Mapping[Severity, str]] = {"broken": "red", "risky": "yellow", "harmless": "blue"}
_LABEL: Final = 10
_INDENT: Final = "  "


def is_broken(findings: Iterable[Finding]) -> bool:
    """Say whether a client did not get where it wanted."""
    return any(finding.severity == "broken" for finding in findings)


def as_text(
    findings: Sequence[Finding], exchanges: Sequence[Exchange], notes: Iterable[str] = (), width: int = _WIDTH
) -> str:
    """Tell of all findings and what was looked at, with terminal colours; `width` is in columns."""
    by_number = {exchange.number: exchange for exchange in exchanges}
    parts = [finding_text(finding, by_number, width) for finding in findings]
    parts += [click.style(_filled(f"Note: {note}", width), dim=True) for note in notes]
    return "\n\n".join([*parts, summary(findings, exchanges, width)])


def finding_text(finding: Finding, exchanges: Mapping[int, Exchange], width: int = _WIDTH) -> str:
    """Tell of one finding, its exchanges looked up by their numbers."""
    colour = _COLOUR[finding.severity]
    severity = click.style(finding.severity, fg=colour, bold=True)
    whose = f" · {one_line(finding.client)}" if finding.client else ""
    about = click.style(f"at {finding.step} · {finding.side}{whose} · {finding.id}", dim=True)
    title = "\n".join(click.style(text, bold=True) for text in _wrapped(finding.title, width))
    rows = {"Happened": finding.happened, "Why": finding.why, "Change": finding.change}
    told = [_row(label, text, width) for label, text in rows.items() if text]
    told += [_row("See", "; ".join(finding.references), width)] if finding.references else []
    shown = [exchanges[number] for number in finding.exchanges if number in exchanges]
    lines = [f"{_INDENT}{line(exchange)}" for exchange in shown[:_MOST_LINES]]
    more = len(shown) - _MOST_LINES
    lines += [click.style(f"{_INDENT}… and {more} more", dim=True)] if more > 0 else []
    return "\n".join([f"{severity}  {about}", title, *told, *lines])


def summary(findings: Sequence[Finding], exchanges: Sequence[Exchange], width: int = _WIDTH) -> str:
    """Say in a sentence how many findings there are of each kind, or that there is none, and what was seen."""
    counts = [(severity, sum(finding.severity == severity for finding in findings)) for severity in _COLOUR]
    told = ", ".join(f"{count} {severity}" for severity, count in counts if count)
    found = f"{told}." if is_broken(findings) else f"Nothing is broken{f'; {told}' if told else ''}."
    steps = ", ".join(step for step in STEPS if any(exchange.step == step for exchange in exchanges))
    number = len(exchanges)
    seen = f"Seen: {number} exchange{'' if number == 1 else 's'}{f', at {steps}' if steps else ''}."
    first, *rest = _wrapped(f"{found} {seen}", width)
    colour = "red" if is_broken(findings) else "green"
    bold = click.style(first[: len(found)], fg=colour, bold=True)
    return "\n".join([bold + first[len(found) :], *rest])


def as_json(findings: Sequence[Finding], exchanges: Sequence[Exchange], notes: Iterable[str] = ()) -> str:
    """Give all of it as one JSON object: the findings, the exchanges that they name, and the notes."""
    named = {number for finding in findings for number in finding.exchanges}
    said = {
        "broken": is_broken(findings),
        "findings": findings,
        "exchanges": [exchange for exchange in exchanges if exchange.number in named],
        "seen": len(exchanges),
        "notes": list(notes),
    }
    return msgspec.json.format(msgspec.json.encode(said)).decode()


def finding_json(finding: Finding) -> str:
    """Give one finding as a line of JSON, beside the lines of exchanges that `sandbox up --json` prints."""
    said: dict[str, Any] = {"finding": msgspec.to_builtins(finding)}
    return json.dumps(said)


def _row(label: str, text: str, width: int) -> str:
    first, *rest = _wrapped(text, width - len(_INDENT) - _LABEL) or [""]
    head = f"{_INDENT}{click.style(f'{label:<{_LABEL}}', fg='cyan')}{first}"
    return "\n".join([head, *(f"{_INDENT}{'':<{_LABEL}}{more}" for more in rest)])


def _filled(text: str, width: int) -> str:
    return "\n".join(_wrapped(text, width))


def _wrapped(text: str, width: int) -> list[str]:
    """Break a text into lines; a URL or a name stays whole, to be copied."""
    return textwrap.wrap(
        one_line(" ".join(text.split()), _LONGEST), max(width, 40), break_on_hyphens=False, break_long_words=False
    )
