"""How much the doctor asks, waits and reads at most, so that no server can hold it."""

from __future__ import annotations

from typing import Final, NamedTuple


class Limits(NamedTuple):
    """The bounds of one examination."""

    requests: int = 80
    """How many requests at most, redirects included."""
    seconds: float = 90.0
    """How long it all takes at most; the time in which a person signs in does not count."""
    request_seconds: float = 10.0
    """How long one request takes at most, from connecting to the end of the body."""
    connect_seconds: float = 4.0
    """How long connecting to one address takes at most."""
    body: int = 1024 * 1024
    """How many bytes of a body are read at most, packed and unpacked."""
    redirects: int = 5
    servers: int = 3
    """How many of the authorization servers that a document names are looked at."""
    person_seconds: float = 300.0
    """How long a person may take to sign in."""
    failed_browser_seconds: float = 15.0
    """How long they may take after the browser's program said that it failed."""
    step_ups: int = 2
    """How often more scopes are asked for (MCP authorization: a few retries)."""


USUAL_LIMITS: Final = Limits()
