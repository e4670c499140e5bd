"""Claude Code: the newest, which signs in from the command line, and the one of the month of the connection log."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from sandbox.clients.adapter import Adapter, Verdict
from sandbox.clients.packages import Package, node
from sandbox.clients.run import SERVER, Run

_PACKAGES: Final = "node_modules/@anthropic-ai"
_VARIABLES: Final = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "DISABLE_TELEMETRY": "1",
}
_ASKS: Final = "Needs authentication"
_CONNECTED: Final = re.compile("[✔✓] Connected")
_REFUSED: Final = re.compile(r"^(Couldn't complete authentication|.*\bSDK auth failed\b).*", re.MULTILINE)


async def _drive(run: Run, *, signs_in: bool) -> Verdict:
    """Add the server, ask how it is, sign in where that can be done from a command line, and ask again."""
    claude = partial(mcp, run)
    await claude("add", "--transport", "http", SERVER, run.url)
    listed = await claude("list")
    said: list[str] = []
    if signs_in and not _CONNECTED.search(listed):
        said += _refusal(await claude("login", SERVER, terminal=True))
        listed = await claude("list")
    if run.refreshes and _CONNECTED.search(listed):
        run.expire_tokens()
        listed = await claude("list")
        if signs_in and not _CONNECTED.search(listed):
            said += _refusal(await claude("login", SERVER, terminal=True))
            listed = await claude("list")
    asks = not signs_in and _ASKS in listed
    return Verdict(bool(_CONNECTED.search(listed)), (*_status(listed), *said), asks)


async def mcp(run: Run, *arguments: str, before: Sequence[str] = (), terminal: bool = False) -> str:
    """Run `claude mcp …` and give what it printed; `before` are options of `claude` itself.

    Signing in needs a terminal.
    """
    variables = {**_VARIABLES, "CLAUDE_CONFIG_DIR": str(run.home / "config")}
    command = [*_program(run.folder), *before, "mcp", *arguments]
    printed = await run.program(*command, terminal=terminal, variables=variables)
    return printed.text


def _program(folder: Path) -> list[str]:
    """Give what starts it: a program for this platform, or a script for Node.js in older versions."""
    native = next(folder.glob(f"{_PACKAGES}/claude-code-*/claude"), None)
    return [str(native)] if native else [node(folder), str(folder / _PACKAGES / "claude-code" / "cli.js")]


def _status(listed: str) -> Iterator[str]:
    """Give what `mcp list` says of the server."""
    for line in listed.splitlines():
        if line.startswith(f"{SERVER}:"):
            yield line.rpartition(" - ")[2].strip()


def _refusal(printed: str) -> list[str]:
    """Give why a sign-in failed, as it was said last."""
    return [match.group().strip() for match in _REFUSED.finditer(printed)][-1:]


NEWEST: Final = Adapter(
    name="claude-code",
    title="Claude Code",
    package=Package(registry="npm", name="@anthropic-ai/claude-code", version="2.1.332", lock="claude-code"),
    drive=partial(_drive, signs_in=True),
)
OLD: Final = Adapter(
    name="claude-code-2.0.44",
    title="Claude Code",
    package=Package(registry="npm", name="@anthropic-ai/claude-code", version="2.0.44", lock="claude-code-2.0.44"),
    drive=partial(_drive, signs_in=False),
)
