"""What was observed of each client, as files: one for each client, a row for each scenario, all of it measured."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import yaml
from msgspec import Meta, Struct

from sandbox import __version__
from sandbox.clients.adapter import Adapter
from sandbox.clients.driving import Outcome
from sandbox.clients.process import Ended
from sandbox.errors import SandboxError
from sandbox.flow import Step
from sandbox.scenario import Scenario

FOLDER: Final = "observed"
"""The directory of observations, in the library of scenarios."""

_NOTE: Final = "# Measured by `sandbox matrix`; nothing in it is written by hand.\n"


class Row(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How a client fared in a scenario, once."""

    date: str
    """The day, as 2026-11-26."""
    of: str
    """What the scenario was then, as a short hash of all that a client can notice."""
    connected: bool
    asks: bool = False
    """Whether it stopped to ask for a sign-in that it cannot begin without a person."""
    met: bool = True
    """Whether it met the failure: all faults acted on it."""
    sign_ins: int = 0
    """How often it had to send its person to the browser, with success."""
    reached: Step | None = None
    finding: str | None = None
    said: tuple[str, ...] = ()
    ended: Ended = "exited"
    left: int = 0
    speaks: str | None = None


class Observed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One client's file."""

    client: Annotated[str, Meta(pattern=r"^\w[\w.-]*$")]
    """Its name, which is the file's too."""
    title: str
    version: str
    sandbox: str = __version__
    scenarios: dict[str, Row] = {}

    def is_of(self, adapter: Adapter) -> bool:
        """Say whether this is about the very client, and the very version, that an adapter drives."""
        return (self.client, self.version) == (adapter.name, adapter.version)

    def is_current(self, scenario: Scenario) -> bool:
        """Say whether it holds a row of the scenario as it is now."""
        row = self.scenarios.get(scenario.name)
        return row is not None and row.of == hash_of(scenario)

    def with_row(self, scenario: Scenario, outcome: Outcome) -> Observed:
        """Give it with one more row, of today."""
        row = row_of(scenario, outcome)
        return msgspec.structs.replace(self, scenarios={**self.scenarios, scenario.name: row})


def begun(adapter: Adapter) -> Observed:
    """Give the file of a client of which nothing was observed yet."""
    return Observed(client=adapter.name, title=adapter.title, version=adapter.version)


def row_of(scenario: Scenario, outcome: Outcome) -> Row:
    """Give what is kept of an outcome."""
    return Row(
        date=dt.datetime.now(dt.UTC).date().isoformat(),
        of=hash_of(scenario),
        connected=outcome.connected,
        asks=outcome.asks,
        met=not outcome.unfired,
        sign_ins=outcome.sign_ins,
        reached=outcome.reached,
        finding=outcome.finding,
        said=outcome.said,
        ended=outcome.ended,
        left=outcome.left,
        speaks=outcome.speaks,
    )


def hash_of(scenario: Scenario) -> str:
    """Give a short hash of what a client can notice of a scenario, so that an old observation is told from a new."""
    noticed = (scenario.step == "refresh", scenario.world, scenario.faults)
    return hashlib.sha256(msgspec.json.encode(noticed, order="sorted")).hexdigest()[:8]


# --- files -------------------------------------------------------------------------------------------------------


def read(file: Path) -> Observed:
    """Read a client's file; raise SandboxError when it is none."""
    try:
        said: Any = yaml.load(file.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - safe
        return msgspec.convert(said, Observed)
    except OSError as error:
        raise SandboxError(f"{file}: {error.strerror}.") from error
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        why = " ".join(str(error).split())
        raise SandboxError(f"{file}: These are no observations of `sandbox matrix`: {why}") from error


def read_all(folder: Path) -> list[Observed]:
    """Read every client's file in a directory and below; one that is not there holds none."""
    return [read(file) for file in sorted(folder.rglob("*.yaml"))]


def write(folder: Path, observed: Observed) -> None:
    """Write a client's file, all of it or nothing. Raise SandboxError when that cannot be done."""
    file = folder / f"{observed.client}.yaml"
    part = file.with_suffix(f".{os.getpid()}.part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part.write_text(written(observed), encoding="utf-8")
        part.replace(file)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise SandboxError(f"{error.filename or file}: {error.strerror}.") from error


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let no other run write into a directory meanwhile, which is made when it is not there."""
    import fcntl

    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise SandboxError(f"{error.filename or folder}: {error.strerror}.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def written(observed: Observed) -> str:
    """Give the file's text: a line for each scenario."""
    said: dict[str, Any] = msgspec.to_builtins(observed)
    rows: Mapping[str, Any] = said.pop("scenarios")
    head = yaml.safe_dump(said, sort_keys=False, allow_unicode=True)
    lines = [f"  {name}: {_flow(rows[name])}" for name in sorted(rows)]
    return "\n".join([_NOTE + head + "scenarios:", *lines]) + "\n"


def _flow(row: Mapping[str, Any]) -> str:
    """Write a row on one line."""
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text: str = yaml.dump(row, Dumper=dumper, default_flow_style=True, sort_keys=False, allow_unicode=True, width=2**30)
    return text.strip()


def merged(parts: Iterable[Observed]) -> list[Observed]:
    """Make one file of the files of each client; of two rows of a scenario the later one counts.

    Raise SandboxError when they are about different versions of a client.
    """
    whole: dict[str, Observed] = {}
    for part in parts:
        known = whole.setdefault(part.client, part)
        if known.version != part.version:
            raise SandboxError(f"{part.client}: {known.version} and {part.version} were observed; merge one version.")
        rows = sorted([*known.scenarios.items(), *part.scenarios.items()], key=lambda each: each[1].date)
        whole[part.client] = msgspec.structs.replace(known, scenarios=dict(rows))
    return list(whole.values())
