"""The faults of the running scenario, with their turns counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from sandbox.flow import Step
from sandbox.plain import one_line
from sandbox.scenario.model import Fault
from sandbox.wire.message import Request
from sandbox.wire.redaction import Redaction, marked
from sandbox.wire.secret_names import is_credential, is_secret_name
from sandbox.wire.selectors import its_turn, matches


@dataclass(eq=False)
class ActiveFault:
    """A fault at work: how often its conditions matched, how often it acted, and why it last did not."""

    fault: Fault
    matched: int = 0
    fired: int = 0
    missed: str = ""


class ActiveFaults:
    """The faults of a scenario while it runs."""

    def __init__(self, faults: Sequence[Fault] = (), *, reveal: bool = False) -> None:
        self._faults = [ActiveFault(fault) for fault in faults]
        self._seen: Counter[Step] = Counter()
        self._reveal = reveal

    def due(self, step: Step, request: Request, client_names: Iterable[str]) -> list[ActiveFault]:
        """Give the faults that take this request, and count their turns."""
        self._seen[step] += 1
        here = [active for active in self._faults if step in active.fault.steps]
        names = list(client_names) if here else []
        shown = _Shown(request, reveal=self._reveal)
        due = []
        for active in here:
            answer = matches(active.fault.when, request, names, shown)
            if not answer.ok:
                active.missed = answer.reason
                continue
            active.matched += 1
            if its_turn(active.fault.on, active.matched):
                due.append(active)
            else:
                active.missed = f"its turn is {active.fault.on}, and {active.matched} matched so far"
        return due

    def unfired(self) -> list[str]:
        """Say of each fault that never acted, why."""
        return [
            f"at {_listed(active.fault)}: {one_line(str(active.fault))} never fired: "
            + (active.missed or f"{self._met(active.fault) or 'no'} exchanges at {_listed(active.fault)}")
            for active in self._faults
            if not active.fired
        ]

    def _met(self, fault: Fault) -> int:
        return sum(self._seen[step] for step in fault.steps)


def _listed(fault: Fault) -> str:
    return " and ".join(fault.steps)


class _Shown:
    """Values of a request as a reason may tell them: without secrets, on one line."""

    def __init__(self, request: Request, *, reveal: bool) -> None:
        self._request = request
        self._reveal = reveal

    @cached_property
    def _redaction(self) -> Redaction:
        return Redaction.of(self._request, None)

    def __call__(self, name: str, value: str) -> str:
        if self._reveal:
            return one_line(value)
        if is_secret_name(name) or is_credential(name):
            return marked(name, value)
        return one_line(self._redaction(value))
