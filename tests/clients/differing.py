"""Where a client fails in another way than its scenario says, and why that is right."""

from __future__ import annotations

from typing import Final, NamedTuple


class Difference(NamedTuple):
    """A client that does not connect, and what is found first of it, where the scenario declares another finding."""

    client: str
    scenario: str
    finding: str | None
    """None where nothing of the failure is on the wire."""
    reason: str


_ASKS_ONCE: Final = "It asks once and stops at the 403, so nothing shows that the next request would be welcome."

DIFFERENCES: Final = (
    *(
        Difference(client, "transient-auth-failure-cached", "refused-without-challenge", _ASKS_ONCE)
        for client in ("claude-code-2.0.44", "inspector", "typescript-sdk-1", "typescript-sdk-2")
    ),
)
