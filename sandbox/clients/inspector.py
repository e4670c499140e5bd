"""MCP Inspector's command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from sandbox.clients.adapter import Adapter, Verdict
from sandbox.clients.packages import Package, node
from sandbox.clients.process import Printed
from sandbox.clients.run import Run, free_port
from sandbox.clients.words import last_words

_PROGRAM: Final = "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js"
_CALL: Final = (
    "--transport",
    "http",
    "--method",
    "tools/call",
    "--tool-name",
    "search_logs",
    "--tool-arg",
    "query=call-me-back",
    "--format",
    "json",
)


async def _drive(run: Run) -> Verdict:
    """Call a tool; it signs in where it has to, at a port that is given, since its usual one is the same for all."""
    callback = f"http://127.0.0.1:{free_port()}/oauth/callback"
    command: list[str | Path] = [
        node(run.folder),
        run.folder / _PROGRAM,
        "--cli",
        run.url,
        *_CALL,
        "--callback-url",
        callback,
    ]
    variables = {"MCP_AUTO_OPEN_ENABLED": "true", "MCP_INSPECTOR_SECRET_STORE": "file"}
    done = await run.visits(*command, variables=variables)
    return Verdict(done.exit_status == 0, _said(done))


def _said(printed: Printed) -> tuple[str, ...]:
    """Give the message of the error that it prints as JSON; its last line otherwise."""
    for line in reversed(printed.text.splitlines()):
        if line.startswith('{"error"'):
            error = json.loads(line)["error"]
            return (f"{error.get('code')}: {error.get('message')}",)
        if line.startswith('{"result"'):
            return ("It prints the tool's result.",)
    return last_words(printed)


ADAPTER: Final = Adapter(
    name="inspector",
    title="MCP Inspector CLI",
    package=Package(registry="npm", name="@modelcontextprotocol/inspector", version="2.12.0", lock="inspector"),
    drive=_drive,
)
