"""The faults of the running scenario, with their turns counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sandbox.flow import Step
from sandbox.scenario.model import Fault
from sandbox.wire.message import Request
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

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        self._faults = [ActiveFault(fault) for fault in faults]
        self._seen: Counter[Step] = Counter()

    def due(self, step: Step, request: Request, client_names: Iterable[str]) -> list[ActiveFault]:
        """Give the faults that take this request, and count their turns."""
        self._seen[step] += 1
        names = list(client_names)
        due = []
        for active in self._faults:
            if active.fault.at != step:
                continue
            answer = matches(active.fault.when, request, names)
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
            f"at {active.fault.at}: {active.fault} never fired: "
            + (active.missed or f"{self._seen[active.fault.at] or 'no'} exchanges at {active.fault.at}")
            for active in self._faults
            if not active.fired
        ]
