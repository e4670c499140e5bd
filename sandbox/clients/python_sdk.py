"""The MCP Python SDK, of the version that the sandbox itself uses."""

from __future__ import annotations

import sys
from typing import Final

from sandbox.clients.adapter import Adapter, Verdict
from sandbox.clients.run import Run
from sandbox.clients.words import last_words


async def _drive(run: Run) -> Verdict:
    again = ["--again"] if run.refreshes else []
    done = await run.program(sys.executable, "-m", "sandbox.clients.journeys.python_sdk", run.url, *again)
    return Verdict(done.exit_status == 0, last_words(done))


ADAPTER: Final = Adapter(name="python-sdk", title="MCP Python SDK", own="mcp", drive=_drive)
