"""What the diagnosis says, and the rules by which it says it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from msgspec import Struct

from sandbox.flow import Step
from sandbox.wire.exchange import Exchange

if TYPE_CHECKING:
    from sandbox.diagnosis.evidence import Evidence

Severity = Literal["broken", "risky", "harmless"]
"""`broken`: the client did not get past it; `risky`: it works, and should not; `harmless`: the client went on."""

Side = Literal["server", "authorization server", "client", "network", "configuration"]
"""Where the change has to be made."""


class Proof(NamedTuple):
    """What a rule found: what was asked and what came, in a sentence or two, and the exchanges that show it."""

    happened: str
    exchanges: tuple[Exchange, ...]
    step: Step | None = None
    """Where it broke, for a rule that holds at any step; None says at the rule's own."""
    went_on: bool = False
    """Whether the client is seen to have gone on all the same, so that a later failure has another cause."""
    risky: bool = False
    """Whether it is dangerous when the client goes on."""


class Rule(NamedTuple):
    """One thing that can be wrong, and how it is recognised."""

    id: str
    step: Step
    side: Side
    title: str
    """What is wrong, in one sentence that holds for every case."""
    why: str
    """Why the client cannot go on."""
    change: str
    """What to change and where."""
    references: tuple[str, ...]
    look: Callable[[Evidence], Proof | None]
    risky: bool = False
    """Whether it is dangerous although, or because, the client goes on."""


class Finding(Struct, frozen=True, kw_only=True):
    """One thing that the diagnosis says of a trace."""

    id: str
    step: Step
    severity: Severity
    side: Side
    title: str
    happened: str
    why: str
    change: str
    references: tuple[str, ...]
    exchanges: tuple[int, ...]
    """The numbers of the exchanges that prove it."""
    client: str = ""
    """The name of the client, where it gave one."""


RULES: Final[list[Rule]] = []
"""Every rule; the modules named after the steps add theirs."""


def rule(id: str, **said: Any) -> Callable[[Callable[[Evidence], Proof | None]], Callable[[Evidence], Proof | None]]:  # noqa: A002
    """Make a rule of a function that looks at the evidence."""

    def add(look: Callable[[Evidence], Proof | None]) -> Callable[[Evidence], Proof | None]:
        RULES.append(Rule(id=id, look=look, **said))
        return look

    return add
