"""The MCP TypeScript SDK, in both of its generations."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import Final

from sandbox.clients.adapter import Adapter, Verdict
from sandbox.clients.packages import Package, node
from sandbox.clients.run import Run
from sandbox.clients.words import last_words

_JOURNEY: Final = Path(__file__).parent / "journeys" / "typescript_sdk.mjs"


async def _drive(run: Run, *, generation: str) -> Verdict:
    """Run the program from the client's own home, since a module finds its packages from where it lies."""
    journey = shutil.copy(_JOURNEY, run.home)
    (run.home / "node_modules").symlink_to(run.folder / "node_modules")
    command = [node(run.folder), journey, generation, run.url]
    done = await run.visits(*command)
    return Verdict(done.exit_status == 0, last_words(done))


GENERATION_1: Final = Adapter(
    name="typescript-sdk-1",
    title="MCP TypeScript SDK",
    package=Package(registry="npm", name="@modelcontextprotocol/sdk", version="1.32.2", lock="typescript-sdk-1"),
    drive=partial(_drive, generation="1"),
)
GENERATION_2: Final = Adapter(
    name="typescript-sdk-2",
    title="MCP TypeScript client",
    package=Package(registry="npm", name="@modelcontextprotocol/client", version="2.4.0", lock="typescript-sdk-2"),
    drive=partial(_drive, generation="2"),
)
