"""What `sandbox up` says first: where everything is, to a person or to a program."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from sandbox.sandbox import Sandbox

UNSAFE: Final = (
    "Listening on {address}: whoever reaches this machine can sign in as an invented user, read the logs and steer the"
    " sandbox. Only do this on a network of your own; of a container, publish the ports at 127.0.0.1 only."
)

SHARED: Final = (
    "Another sandbox runs from {state_dir} as well, with its console at {console}. Both keep clients and sessions"
    " there, and `sandbox use`, `fix` and `reset` steer this one. --state-dir DIR keeps them apart."
)


def ready(sandbox: Sandbox, ca: Path | None) -> str:
    """Give the first line of --json; `ca` is the CA to trust, None where all is HTTP."""
    said = {
        "ready": True,
        "workos": sandbox.addresses.workos,
        "mcp": sandbox.mcp_url,
        "console": sandbox.addresses.console,
        "scenario": sandbox.scenario.name,
    }
    return json.dumps(said | ({"ca": str(ca.absolute())} if ca else {}))


def not_ready(error: Exception) -> str:
    """Give the only line of --json when the start has failed."""
    return json.dumps({"ready": False, "error": str(error)})


def greeting(sandbox: Sandbox, ca: Path | None) -> str:
    """Tell a person the addresses, and what to paste into another terminal."""
    scenario = sandbox.scenario
    trust = f"NODE_EXTRA_CA_CERTS={ca} " if ca else ""
    rows = (
        ("WorkOS", sandbox.addresses.workos, "AuthKit, emulated"),
        ("log-aggregator", sandbox.mcp_url, "the MCP server"),
        ("console", sandbox.addresses.console, "the flow, on a page"),
    )
    lines = [
        "",
        f"  {click.style(scenario.name, bold=True)}  {scenario.title}",
        dim("  Invented users, invented logs. Nothing leaves this machine.") if sandbox.is_loopback else "",
        "",
        *(f"  {name:<15} {click.style(url, fg='cyan'):<45} {dim(what)}" for name, url, what in rows),
        "",
        "  Paste into another terminal:",
        "",
        f"    claude mcp add --transport http log-aggregator {sandbox.mcp_url}",
        f"    {trust}claude mcp list",
        "",
        dim("  Sign in with /mcp in Claude Code, or `claude mcp login log-aggregator`."),
        dim("  Ctrl-C ends the sandbox."),
        "",
    ]
    return "\n".join(lines)


def dim(text: str) -> str:
    """Give a text that stands back."""
    return click.style(text, dim=True)
