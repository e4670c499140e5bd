"""The connection log's story, for a talk: a client fails, the sandbox says why, one line is mended, it connects.

`python -m sandbox.demo [--fast]` plays it with the MCP Python SDK and a browser without a person; `make demo` is the
same. It exits with 0 when the story went as told, and with 1 when not.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from typing import Final

import click

from sandbox.console.own_client import COMMAND
from sandbox.diagnosis.report import finding_text
from sandbox.sandbox import Sandbox
from sandbox.timeline import line
from sandbox.wire.exchange import Exchange

_PAUSE: Final = 2.5
"""Seconds that a talk takes between two parts of the story."""
_BREATH: Final = 0.4
"""Seconds between two lines, so that they can be read."""


def play(*, fast: bool) -> bool:
    """Play the story, and say whether it went as told."""
    pause = _hurry if fast else time.sleep
    with Sandbox("authorize-url-as-issuer") as sandbox:
        _say("A service stands behind WorkOS. Its manifest has one line that looks right:")
        click.echo('\n    authorization_server = "https://api.workos.com/sso/authorize"\n')
        click.echo(f"Watch it at {sandbox.addresses.console}")
        pause(_PAUSE)
        _say("A client connects.")
        failed = not _connect(sandbox)
        seen = _tell(list(sandbox.trace), 0, pause)
        pause(_PAUSE)
        _say("It speaks of registration. The wire says what came before:")
        found = [finding for finding in sandbox.findings if finding.id == "issuer-is-endpoint"]
        for finding in found:
            click.echo(f"\n{finding_text(finding, {})}\n")
        pause(_PAUSE)
        _say("Mend the line: name the issuer, not an endpoint. The client connects again.")
        sandbox.fix()
        connected = _connect(sandbox)
        _tell(list(sandbox.trace), seen, pause)
    return failed and bool(found) and connected


def _hurry(_seconds: float) -> None:
    """Take no pause."""


def _say(text: str) -> None:
    click.echo(f"\n{click.style(text, bold=True)}")


def _connect(sandbox: Sandbox) -> bool:
    """Let the client connect, and print its last words; say whether it did."""
    status, words = asyncio.run(_driven(sandbox))
    mark = click.style("✓", fg="green") if status == 0 else click.style("✗", fg="red")
    click.echo(f"\n{mark} {words}\n")
    return status == 0


async def _driven(sandbox: Sandbox) -> tuple[int, str]:
    environment = {**os.environ, **sandbox.environment}
    client = await asyncio.create_subprocess_exec(
        *COMMAND,
        sandbox.mcp_url,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await client.communicate()
    return client.returncode or 0, said.decode(errors="replace").strip().rpartition("\n")[2]


def _tell(trace: list[Exchange], since: int, pause: Callable[[float], None]) -> int:
    """Print the exchanges after a number; give the last number."""
    for exchange in trace:
        if exchange.number > since:
            click.echo(line(exchange))
            pause(_BREATH)
    return trace[-1].number if trace else since


def main() -> int:
    """Play; refuse what is no option."""
    options = sys.argv[1:]
    if options not in ([], ["--fast"]):
        click.echo(f"sandbox: the demo knows --fast, and not {' '.join(options)}.", err=True)
        return 2
    try:
        return 0 if play(fast=bool(options)) else 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
