"""The course: lessons, each a scenario, a question, checks that the sandbox makes itself, hints, and the answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec import Struct

from sandbox.diagnosis import Finding, diagnose
from sandbox.errors import SandboxError
from sandbox.flow import Step
from sandbox.reports import Saw, no_connection
from sandbox.scenario.library import folder

Journey = Literal["connect", "race"]
"""What a client of the sandbox does: connect and use a tool, or be two windows that refresh with the same token."""

_FOLDER: Final = "lessons"
_ATTEMPTS: Final = 20
"""How many of the last attempts to connect are looked at."""


def _ever_found(saw: Saw) -> Iterator[Finding]:
    """Give what is found now, then what was found before each client asked anew: a fix makes some findings go away."""
    yield from saw.findings
    anew = [at for at, exchange in enumerate(saw.exchanges) if exchange.step == "challenge" and at]
    for at in anew[-_ATTEMPTS:]:
        yield from diagnose(saw.exchanges[:at])


class Check(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One thing that has to have happened; one field of it is set."""

    reached: Step | None = None
    """A client came to this step."""
    finding: str | None = None
    """The diagnosis says this."""
    connected: bool = False
    """A client connected."""

    def __post_init__(self) -> None:
        """Refuse a check that asks for nothing, or for more than one thing."""
        if (self.reached is not None) + (self.finding is not None) + self.connected != 1:
            raise ValueError("a check is one of: reached, finding, connected: true")

    @property
    def says(self) -> str:
        """What has to happen, in a few words; a finding is not named, as that would be the answer."""
        if self.reached is not None:
            return f"A client reached the step {self.reached}"
        return "A client connected" if self.connected else "The failure was seen on the wire"

    def met(self, saw: Saw) -> bool:
        """Say whether it has happened."""
        if self.reached is not None:
            return any(exchange.step == self.reached for exchange in saw.exchanges)
        if self.finding is not None:
            return any(finding.id == self.finding for finding in _ever_found(saw))
        return no_connection(saw) is None


class Lesson(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One lesson."""

    title: str
    scenario: str
    text: str
    question: str
    hints: tuple[str, ...]
    checks: tuple[Check, ...]
    answer: str
    client: Journey = "connect"
    """What it takes of a client to see it."""
    name: str = ""
    """The name of its file, by which lessons are ordered."""

    def met(self, saw: Saw) -> list[bool]:
        """Say of each check whether it is met; none is while another scenario runs."""
        return [saw.scenario == self.scenario and check.met(saw) for check in self.checks]


@cache
def lessons() -> tuple[Lesson, ...]:
    """Give the course, in order; it is read once. Raise SandboxError for a file that is no lesson."""
    return tuple(read(file) for file in _files())


def lesson(name: str) -> Lesson:
    """Give one lesson; raise SandboxError where there is none of that name."""
    known = {each.name: each for each in lessons()}
    if name not in known:
        raise SandboxError(f"{name!r} is no lesson; there are: {', '.join(known)}.")
    return known[name]


def read(file: Path) -> Lesson:
    """Read a file. Raise SandboxError, which names the file and what is wrong, for one that is no lesson."""
    try:
        said = msgspec.yaml.decode(file.read_bytes(), type=Lesson)
    except (msgspec.MsgspecError, ValueError, OSError) as error:
        raise SandboxError(f"{file.name}: {' '.join(str(error).split())}.") from None
    return msgspec.structs.replace(said, name=file.stem)


def _files() -> Iterable[Path]:
    return sorted((folder() / _FOLDER).glob("*.yaml"))
