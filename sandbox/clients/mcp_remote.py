"""mcp-remote, by which clients that only start programs reach servers on the network."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from sandbox.clients.adapter import Adapter, Verdict
from sandbox.clients.packages import Package, node
from sandbox.clients.run import Run, free_port
from sandbox.clients.words import last_error

_NUMBER: Final = re.compile(r"^\[\d+\] ", re.MULTILINE)
_LINE: Final = re.compile(r"^\[\d+\] (.*\S)", re.MULTILINE)
"""What it says itself, each line beginning with the number of its process."""


async def _drive(run: Run) -> Verdict:
    """Run its own client, which connects, lists tools and resources, and leaves."""
    program = run.folder / "node_modules/mcp-remote/dist/client.js"
    command: list[str | Path] = [node(run.folder), program, run.url, str(free_port()), "--allow-http"]
    variables = {"MCP_REMOTE_CONFIG_DIR": str(run.home / "config")}
    done = await run.visits(*command, variables=variables)
    connected = "Exiting OK" in done.text
    error = "" if connected else last_error(_NUMBER.sub("", done.text))
    return Verdict(connected, (error,) if error else tuple(_LINE.findall(done.text)[-1:]))


ADAPTER: Final = Adapter(
    name="mcp-remote",
    title="mcp-remote",
    package=Package(registry="npm", name="mcp-remote", version="0.15.1", lock="mcp-remote"),
    drive=_drive,
)
