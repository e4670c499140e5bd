"""Holding the flow of a running world before a step, and letting it go on, from any thread."""

from __future__ import annotations

from sandbox.threads import Home, steers
from sandbox.wire.exchange import Exchange
from sandbox.wire.wire import Wire


class Holding:
    """What a Sandbox does to hold exchanges; how they are held is the wire's (`sandbox.wire.hold`)."""

    home: Home
    wire: Wire

    @steers
    def hold(self, *before: str) -> None:
        """Stop exchanges before these steps from now on, and before no others; raise SandboxError for what is no step.

        A client that hangs up while it is held is let go, and so is everything by another scenario, a reset, the end.
        """
        self.wire.hold.stop_before(before)

    @steers
    def step(self, number: int | None = None) -> Exchange | None:
        """Let the exchange of this number go on, or the one held longest, and give it; None where nothing stands."""
        return self.wire.hold.step(number)

    @property
    @steers
    def held(self) -> list[Exchange]:
        """The exchanges that stand before a step now, unanswered, longest first."""
        return self.wire.hold.standing
