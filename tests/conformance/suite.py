"""The MCP conformance suite: where it is, what it is to judge, how it is run, and what it said."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from tests.conftest import missing

CLIENTS: Final = Path(__file__).parents[2] / ".cache" / "clients"
NODE: Final = CLIENTS / "node-22" / "node_modules" / ".bin" / "node"
PACKAGE: Final = CLIENTS / "conformance" / "node_modules" / "@modelcontextprotocol" / "conformance"
SUITE: Final = PACKAGE / "dist" / "index.js"
PATIENCE: Final = 180
"""Seconds that a run may take."""

_FOLDER: Final = re.compile(r"(?:authorization-server-|server-)?(?P<scenario>.+)-\d{4}-\d\d-\d\dT[\d-]+Z")
"""How the suite names the folder in which it leaves the checks of a scenario."""


class Run(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One run of the suite: what is judged, and what is expected of it."""

    judged: str
    content: str = ""
    """The scenarios that the suite is content with, with spaces between."""
    known: dict[str, str] = {}
    """What is known to fail, as a scenario or as scenario:check, and why."""
    in_part: bool = False
    """Whether the suite judges more than what is expected here."""
    arguments: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    """The scenarios to run one by one, where no argument names them together."""
    world: str = "healthy"
    client: str = ""
    """Which client an authorization server is asked for: one that registers itself, or a way to say who it is."""

    @property
    def expected(self) -> set[str]:
        """Every scenario that something is expected of."""
        return {*self.content.split(), *(entry.partition(":")[0] for entry in self.known)}


RUNS: Final = msgspec.convert(
    yaml.safe_load(Path(__file__).with_name("judged.yaml").read_text(encoding="utf-8")), dict[str, Run]
)


class Check(msgspec.Struct, frozen=True):
    """What the suite says of one requirement."""

    id: str
    status: str
    description: str = ""
    error_message: str = msgspec.field(name="errorMessage", default="")

    @property
    def is_good(self) -> bool:
        """Whether it passed, or only tells something; a warning and what was skipped are not good."""
        return self.status in {"SUCCESS", "INFO"}

    def __str__(self) -> str:
        return f"[{self.id}] {self.status} {self.description}: {self.error_message}"


def needed() -> None:
    """Skip, or fail where nothing may be skipped, without Node and the suite."""
    if not (NODE.exists() and SUITE.exists()):
        missing("Node with the MCP conformance suite")


async def suite(folder: Path, *arguments: str, heard: Callable[[str], Any] = lambda _: None) -> str:
    """Run the suite in a folder; call `heard` with each line that it prints as it does; give all that it printed.

    Raise TimeoutError when it does not end.
    """
    browser = str(Path(sys.executable).parent / "sandbox-browser")
    process = await asyncio.create_subprocess_exec(
        str(NODE),
        str(SUITE),
        *arguments,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "BROWSER": browser},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    lines: list[str] = []
    try:
        async with asyncio.timeout(PATIENCE):
            async for line in process.stdout:
                lines.append(line.decode())
                heard(lines[-1].rstrip())
            await process.wait()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    return "".join(lines)


def verdicts(results: Path) -> dict[str, list[Check]]:
    """Read what the suite has said, by scenario."""
    return {
        scenario: msgspec.json.decode((folder / "checks.json").read_bytes(), type=list[Check])
        for scenario, folder in _folders(results).items()
    }


def signed_in(results: Path, scenario: str) -> bool:
    """Say whether the doctor signed in in a scenario; it prints its report, and the suite keeps it."""
    report = json.loads((_folders(results)[scenario] / "stdout.txt").read_text(encoding="utf-8"))
    return bool(report["signed_in"])


def _folders(results: Path) -> dict[str, Path]:
    """Give the folder of every scenario that was run."""
    found: dict[str, Path] = {}
    for file in results.rglob("checks.json"):
        named = _FOLDER.fullmatch(file.parent.relative_to(results).as_posix())
        assert named is not None, file
        assert named["scenario"] not in found, file
        found[named["scenario"]] = file.parent
    return found
