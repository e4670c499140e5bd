"""What a world saw, as a text without colours, and what it lacks when a test demands something of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import click

from sandbox.diagnosis import Finding, report
from sandbox.diagnosis.failing import UNNAMED
from sandbox.diagnosis.finding import RULES
from sandbox.scenario.wording import meant
from sandbox.timeline import line
from sandbox.wire.exchange import Exchange

_MOST: Final = 60
"""The most exchanges of a report; of a longer trace the last are told."""
_SUCCESS: Final = range(200, 300)


class Saw(NamedTuple):
    """What a world saw up to one moment."""

    scenario: str
    elsewhere: str | None
    """The URL of the resource, where that is not the sandbox's."""
    exchanges: Sequence[Exchange]
    findings: Sequence[Finding]
    unfired: Sequence[str]

    def __str__(self) -> str:
        """Tell of it: the timeline, the findings, and which faults never fired."""
        by_number = {exchange.number: exchange for exchange in self.exchanges}
        findings = [report.finding_text(finding, by_number) for finding in self.findings]
        skipped = max(len(self.exchanges) - _MOST, 0)
        before = [f"… {skipped} exchanges before these"] if skipped else []
        lines = [f"  {line(exchange)}" for exchange in self.exchanges[skipped:]] or ["  nothing: no request came"]
        parts = [
            "\n".join([f"What the sandbox saw (scenario: {self.scenario or 'unnamed'}):", *before, *lines]),
            *(findings or ["The diagnosis finds nothing."]),
            *(["\n".join(["Never fired:", *(f"  {fault}" for fault in self.unfired)])] if self.unfired else []),
        ]
        return click.unstyle("\n\n".join(parts))


def check(saw: Saw, lacks: Callable[[Saw], str | None]) -> None:
    """Raise AssertionError, with all that was seen, when something lacks."""
    __tracebackhide__ = True
    lack = lacks(saw)
    if lack is not None:
        raise AssertionError(f"{lack}\n\n{saw}")


def no_connection(saw: Saw) -> str | None:
    """Say that no client connected; None when one did."""
    if saw.elsewhere is not None:
        if any(exchange.step == "token" and _succeeded(exchange) for exchange in saw.exchanges):
            return None
        return f"Expected a connected client, and none got a token for {saw.elsewhere}."
    if any(exchange.mcp_methods and _with_token(exchange) and _succeeded(exchange) for exchange in saw.exchanges):
        return None
    return "Expected a connected client, and none got an MCP answer with a token."


def no_finding(saw: Saw, expected: str) -> str | None:
    """Say that a finding is missing, and what there is in its place; None when it is there."""
    found = list(dict.fromkeys(finding.id for finding in saw.findings))
    if expected in found:
        return None
    known = [rule.id for rule in (*RULES, UNNAMED)]
    typo = "" if expected in known else f" There is no such finding.{meant(expected, known)}"
    instead = f"found {', '.join(f'`{each}`' for each in found)}" if found else "found nothing"
    return f"Expected the finding `{expected}`, and the diagnosis {instead}.{typo}"


def not_sound(saw: Saw) -> str | None:
    """Say what is broken or risky; None when nothing is."""
    wrong = [finding for finding in saw.findings if finding.severity != "harmless"]
    if not wrong:
        return None
    return f"Expected a sound connection, and found {', '.join(f'`{each.id}` ({each.severity})' for each in wrong)}."


def unfired(saw: Saw) -> str | None:
    """Say which faults never fired, so that the test did not meet what its scenario is about; None when all did."""
    if not saw.unfired:
        return None
    faults = "a fault of the scenario" if len(saw.unfired) == 1 else f"{len(saw.unfired)} faults of the scenario"
    return f"Expected the scenario `{saw.scenario}` to happen, and {faults} never fired."


def _with_token(exchange: Exchange) -> bool:
    return exchange.asker == "client" and exchange.step in {"session", "messages"}


def _succeeded(exchange: Exchange) -> bool:
    return exchange.status in _SUCCESS and exchange.ended in {"answered", "open"}
