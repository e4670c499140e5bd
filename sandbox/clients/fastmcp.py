"""FastMCP's client, in an environment of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sandbox.clients.adapter import Adapter, Verdict
from sandbox.clients.packages import Package, python
from sandbox.clients.run import Run
from sandbox.clients.words import last_words

_JOURNEY: Final = Path(__file__).parent / "journeys" / "fastmcp_client.py"


async def _drive(run: Run) -> Verdict:
    again = ["--again"] if run.refreshes else []
    done = await run.program(python(run.folder), _JOURNEY, run.url, *again)
    return Verdict(done.exit_status == 0, last_words(done))


ADAPTER: Final = Adapter(
    name="fastmcp",
    title="FastMCP client",
    package=Package(registry="PyPI", name="fastmcp", version="4.2.3", lock="fastmcp"),
    drive=_drive,
)
