"""The connection log's story, for a talk: a client fails, the sandbox says why, one line is mended, it connects.

The client is the MCP Python SDK's, with a browser without a person.
"""

from __future__ import annotations

import os
import subprocess
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
    client = subprocess.run(  # noqa: S603 - our own program
        [*COMMAND, sandbox.mcp_url],
        env={**os.environ, **sandbox.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    mark = click.style("✓", fg="green") if client.returncode == 0 else click.style("✗", fg="red")
    click.echo(f"\n{mark} {client.stdout.decode(errors='replace').strip().rpartition(chr(10))[2]}\n")
    return client.returncode == 0


def _tell(trace: list[Exchange], since: int, pause: Callable[[float], None]) -> int:
    """Print the exchanges after a number; give the last number."""
    for exchange in trace:
        if exchange.number > since:
            click.echo(line(exchange))
            pause(_BREATH)
    return trace[-1].number if trace else since
