"""The real Claude Code, driven without a person: its own HOME, a cleared environment, loopback only."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pexpect

CLIENTS: Final = Path(__file__).parent.parent / ".cache" / "clients"
NEWEST, OLD = "2.1.330", "2.0.44"


def _native(version: str) -> Path:
    """Give the program for this platform, of which alone the package is installed."""
    packages = CLIENTS / f"claude-code-{version}" / "node_modules" / "@anthropic-ai"
    return next(packages.glob("claude-code-*/claude"), packages / "claude")


_PROGRAM: Final[dict[str, list[str | Path]]] = {
    NEWEST: [_native(NEWEST)],
    OLD: ["node", CLIENTS / f"claude-code-{OLD}/node_modules/@anthropic-ai/claude-code/cli.js"],
}
_CODES: Final = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|\][^\x07]*\x07)")


def installed(version: str) -> bool:
    """Say whether this machine has that Claude Code, and what runs it."""
    program = _PROGRAM[version]
    return Path(program[-1]).exists() and shutil.which(str(program[0])) is not None


@dataclass(frozen=True)
class ClaudeCode:
    """One Claude Code of one invented person."""

    version: str
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        """All that it sees of the machine's environment."""
        return {
            "HOME": str(self.home),
            "CLAUDE_CONFIG_DIR": str(self.home / "config"),
            "PATH": os.environ["PATH"],
            "BROWSER": str(Path(sys.executable).parent / "sandbox-browser"),
            "TERM": "xterm-256color",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
            "DISABLE_ERROR_REPORTING": "1",
            "DISABLE_TELEMETRY": "1",
        }

    async def mcp(self, *arguments: str, before: tuple[str, ...] = ()) -> str:
        """Run `claude mcp …` and give what it printed; `before` are options of `claude` itself."""
        command = [*(str(word) for word in _PROGRAM[self.version]), *before, "mcp", *arguments]
        process = await asyncio.create_subprocess_exec(
            *command,
            env=self.environment,
            cwd=self.home,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await asyncio.wait_for(process.communicate(), 60)
        return _CODES.sub("", output.decode())

    async def login(self, name: str) -> tuple[str, int | None]:
        """Run `claude mcp login` on a terminal, its browser being the stand-in; give what it printed, and its exit."""
        return await asyncio.to_thread(self._login, name)

    def _login(self, name: str) -> tuple[str, int | None]:
        program, *rest = [str(word) for word in _PROGRAM[self.version]]
        child: pexpect.spawn[str] = pexpect.spawn(
            program,
            [*rest, "mcp", "login", name],
            env=self.environment,
            cwd=str(self.home),
            encoding="utf-8",
            timeout=60,
            dimensions=(40, 200),
        )
        output = child.read()
        child.close()
        return _CODES.sub("", output), child.exitstatus
