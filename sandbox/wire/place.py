"""Where a fault acts, and what it may touch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sandbox.flow import Step
from sandbox.wire.message import Request


class TokenTools(Protocol):
    """What WorkOS lends to the wire, to make an access token anew."""

    def now(self) -> float:
        """Give the sandbox's time in seconds."""

    def resign(self, claims: Mapping[str, Any], sign: str | None) -> str:
        """Make an access token with these claims, signed as `sign` says."""

    def claims_of(self, token: str) -> dict[str, Any] | None:
        """Give the claims of a JWT, unverified; None when it is none."""

    def opaque(self, token: str) -> str:
        """Give an opaque token that stands for this one."""


@dataclass(frozen=True)
class Place:
    """Where a fault acts: what it may need to know besides the answer."""

    step: Step
    request: Request
    tokens: TokenTools
    resource_metadata: str
    """The URL that log-aggregator's challenge names."""
