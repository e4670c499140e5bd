"""The report for people: a table of checks, then the findings."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Final

import click

from sandbox.diagnosis.report import finding_text
from sandbox.doctor.checks import Result
from sandbox.doctor.report import Report, counts
from sandbox.plain import one_line

_SIGNS: Final[dict[Result, tuple[str, str]]] = {
    "passed": ("✓", "green"),
    "failed": ("✗", "red"),
    "warned": ("!", "yellow"),
    "not applicable": ("–", "bright_black"),
}


def told(report: Report, width: int = 100) -> Iterator[str]:
    """Give the report line by line."""
    step = ""
    for one in report.checks:
        if one.step != step:
            yield from [""] if step else []
            step = one.step
            yield click.style(step, bold=True)
        sign, colour = _SIGNS[one.result]
        first, *more = _wrapped(f"{one.checked}: {one.evidence}", width - 4)
        yield f"  {click.style(sign, fg=colour)} {first}"
        yield from (f"      {line}" for line in more)
    yield ""
    exchanges = {exchange.number: exchange for exchange in report.exchanges}
    for finding in report.findings:
        yield f"{finding_text(finding, exchanges, width)}\n"
    tally = ", ".join(f"{number} {result}" for result, number in counts(report).items() if number)
    broken = sum(finding.severity == "broken" for finding in report.findings)
    said = f"{broken} finding{'' if broken == 1 else 's'}" if broken else "a careful client cannot go on"
    verdict = "Sound as far as it was looked at" if report.is_sound else f"Broken: {said}"
    yield click.style(f"{verdict}. Checks: {tally}.", bold=True)
    if report.stopped:
        yield f"A careful client stops here: {one_line(report.stopped, 300)}."
    elif report.signed_in is None:
        yield "Nobody signed in; `--sign-in` goes on from here."


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
