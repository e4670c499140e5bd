"""The smallest program around FastMCP's client: connect, list the tools, call one; with --again, once more later.

It runs in FastMCP's own environment, so it knows nothing of the sandbox.
"""

import asyncio
import sys
import time

from fastmcp import Client
from fastmcp.client.auth import OAuth

TOOL, ARGUMENTS = "search_logs", {"query": "call-me-back"}


async def journey(url: str, *, again: bool) -> str:
    """Connect to an MCP server and use it; say how it went, and raise what FastMCP raises."""
    oauth = OAuth()
    async with Client(url, auth=oauth) as client:
        tools = await client.list_tools()
        await client.call_tool(TOOL, ARGUMENTS)
        if again:
            # It refreshes by its own clock, so that is what has to move.
            oauth.context.token_expiry_time = time.time() - 1
            await client.call_tool(TOOL, ARGUMENTS)
        return f"Connected: {len(tools)} tools, {TOOL} answered{' twice' if again else ''}."


def leaves(error: BaseException) -> list[BaseException]:
    """Give the errors that a group of errors holds."""
    if isinstance(error, BaseExceptionGroup):
        return [leaf for inner in error.exceptions for leaf in leaves(inner)]
    return [error]


def main() -> int:
    """Go, and print how it went."""
    url, *options = sys.argv[1:]
    try:
        print(asyncio.run(journey(url, again="--again" in options)))  # noqa: T201 - that is what it is for
    except Exception as failed:  # noqa: BLE001 - whatever FastMCP raises is what is asked for
        for error in leaves(failed):
            print(f"{type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
