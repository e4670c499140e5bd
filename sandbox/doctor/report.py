"""What the doctor says: the checks, the findings, and the exchanges that both come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from sandbox.diagnosis import diagnose
from sandbox.diagnosis.finding import Finding
from sandbox.doctor.checks import Check
from sandbox.flow import STEPS
from sandbox.wire.exchange import Exchange

SOUND, BROKEN, NOT_LOOKED = 0, 1, 2
"""Exit codes: nothing is broken; something is; it could not be looked at."""


class Report(Struct, frozen=True, kw_only=True):
    """An examination."""

    url: str
    checks: tuple[Check, ...]
    findings: tuple[Finding, ...]
    exchanges: tuple[Exchange, ...]
    surveyed: tuple[int, ...]
    """The numbers of the exchanges that no client would have made, which the findings do not look at."""
    stopped: str = ""
    """Why a careful client cannot connect; empty when it can, as far as it was tried."""
    signed_in: bool | None = None
    """Whether the sign-in worked; None when nobody tried."""

    @property
    def is_sound(self) -> bool:
        """Whether nothing is broken: no finding, no check, and nothing that stopped the client."""
        broken = any(finding.severity == "broken" for finding in self.findings)
        return not (broken or self.stopped or any(one.result == "failed" for one in self.checks))

    @property
    def path(self) -> tuple[Exchange, ...]:
        """The exchanges that a client would have made as well."""
        return tuple(one for one in self.exchanges if one.number not in self.surveyed)


def findings_of(path: Sequence[Exchange], *, is_complete: bool) -> tuple[Finding, ...]:
    """Give what the diagnosis says of a client's exchanges.

    A client that stopped although it could have gone on says nothing by its silence: its trace counts as one that
    still grows, at the moment of its last exchange.
    """
    now = None if is_complete else max((one.at + one.seconds for one in path), default=0.0)
    return tuple(diagnose(path, now))


def ordered(checks: Sequence[Check]) -> tuple[Check, ...]:
    """Give the checks in the order of the flow."""
    return tuple(sorted(checks, key=lambda one: STEPS.index(one.step)))


def as_json(report: Report) -> dict[str, Any]:
    """Give the report as JSON-like values."""
    return {"sound": report.is_sound, **msgspec.to_builtins(report)}


RESULTS: Final = ("failed", "warned", "passed", "not applicable")
"""The results of checks, the worst first."""


def counts(report: Report) -> dict[str, int]:
    """Say how many checks had which result."""
    return {result: sum(one.result == result for one in report.checks) for result in RESULTS}
