"""The table of checks: what was looked at, and what came of it, in a few words each."""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

from msgspec import Struct

from sandbox.flow import Step
from sandbox.plain import one_line

Result = Literal["passed", "failed", "warned", "not applicable"]
"""`failed`: a careful client stops there; `warned`: some clients stop, or it is unsafe; it decides no exit code."""

_LONGEST = 160

_USERINFO: Final = re.compile(r"//[^/@\s]+@")
"""A user and a password in a URL, which nobody is to read."""


class Check(Struct, frozen=True, kw_only=True):
    """One thing that was looked at."""

    id: str
    step: Step
    checked: str
    """What was checked, as a statement that holds when it passed."""
    result: Result
    evidence: str
    """What was seen, in a few words."""


class Verdict(NamedTuple):
    """What came of a check."""

    result: Result
    evidence: str


def passed(evidence: str) -> Verdict:
    """Say that it is as it should be."""
    return Verdict("passed", evidence)


def failed(evidence: str) -> Verdict:
    """Say that a careful client stops there."""
    return Verdict("failed", evidence)


def warned(evidence: str) -> Verdict:
    """Say that some clients stop there, or that it is unsafe."""
    return Verdict("warned", evidence)


def skipped(evidence: str) -> Verdict:
    """Say why there was nothing to check."""
    return Verdict("not applicable", evidence)


def check(id: str, step: Step, checked: str, verdict: Verdict) -> Check:  # noqa: A002
    """Make a check; what strangers wrote becomes one line that no terminal obeys."""
    result, evidence = verdict
    return Check(
        id=id,
        step=step,
        checked=one_line(checked, _LONGEST),
        result=result,
        evidence=one_line(_USERINFO.sub("//", evidence), _LONGEST),
    )
