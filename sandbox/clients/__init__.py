"""Real clients, driven without a person; `docs/clients.md` says how another one is added."""

from __future__ import annotations

from typing import Final

from sandbox.clients import claude_code, fastmcp, inspector, mcp_remote, python_sdk, typescript_sdk
from sandbox.clients.adapter import Adapter
from sandbox.errors import SandboxError

CLIENTS: Final[dict[str, Adapter]] = {
    adapter.name: adapter
    for adapter in (
        claude_code.NEWEST,
        claude_code.OLD,
        python_sdk.ADAPTER,
        typescript_sdk.GENERATION_1,
        typescript_sdk.GENERATION_2,
        fastmcp.ADAPTER,
        mcp_remote.ADAPTER,
        inspector.ADAPTER,
    )
}
"""Every client that is known here, by its name."""


def named(name: str) -> Adapter:
    """Give the client of that name; raise SandboxError, which names those that there are."""
    if name not in CLIENTS:
        raise SandboxError(f"There is no client {name!r}; there are: {', '.join(CLIENTS)}.")
    return CLIENTS[name]
