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
_REFRESHES: Final = (
    "Where a tool asks for one more scope it refreshes its token, which cannot bring it, and never asks the person. "
    "So nobody learns what the authorization server would have granted; the client's own fault comes first."
)
_STOPS: Final = "It stops at the 503 and does not touch the session again, so nothing shows that the session is gone."
_INSPECTOR_AND_SDK: Final = ("inspector", "typescript-sdk-1")

DIFFERENCES: Final = (
    *(
        Difference(client, "transient-auth-failure-cached", "refused-without-challenge", _ASKS_ONCE)
        for client in ("claude-code-2.0.44", *_INSPECTOR_AND_SDK, "typescript-sdk-2")
    ),
    *(Difference(client, "insufficient-scope", "scope-step-up", _REFRESHES) for client in _INSPECTOR_AND_SDK),
    *(Difference(client, "stepup-ignored-loop", "scope-step-up", _REFRESHES) for client in _INSPECTOR_AND_SDK),
    *(
        Difference(client, "session-lost-503", "service-unavailable", _STOPS)
        for client in (*_INSPECTOR_AND_SDK, "typescript-sdk-2")
    ),
)
