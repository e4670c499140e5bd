"""What the sandbox has to know of a client: how it is called, what is installed, and what it does without a person."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sandbox.clients.packages import Package, own_version
from sandbox.clients.run import Run


class Verdict(NamedTuple):
    """How it went, by the client's own words."""

    connected: bool
    said: tuple[str, ...]
    """The lines that tell its user so."""
    asks: bool = False
    """Whether it stopped to ask for a sign-in, because it has no way to begin one without a person at its screen."""


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """One client, which comes from a registry (`package`), with the sandbox (`own`), or from elsewhere (neither).

    `drive` connects as a person would: it signs in where it is asked to, uses a tool where the client can, and, where
    `run.refreshes`, comes back when the token has run out.
    """

    name: str
    title: str
    drive: Callable[[Run], Awaitable[Verdict]]
    package: Package | None = None
    own: str = ""
    """The package beside which the sandbox is installed."""
    command: str = ""
    """The command line, where it is any command; another one is another client."""

    @property
    def version(self) -> str:
        """The version that is driven; of a command, which has none that is known, a short hash of its words."""
        if self.package is not None:
            return self.package.version
        return own_version(self.own) if self.own else hashlib.sha256(self.command.encode()).hexdigest()[:8]

    def folder(self, state_dir: Path) -> Path:
        """Give where it is installed."""
        return state_dir.absolute() / "clients" / self.name

    def is_installed(self, state_dir: Path) -> bool:
        """Say whether it can be driven."""
        return self.package is None or self.package.is_installed(self.folder(state_dir))
