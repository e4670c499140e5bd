"""Opening the browser: the program that $BROWSER names, or the machine's own."""

from __future__ import annotations

import asyncio
import os
import shlex
import subprocess
import webbrowser
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

_PAUSE: Final = 0.02
_GRACE: Final = 2.0
"""Seconds in which a browser that does not stay may come to its end."""

Open = Callable[[str], Awaitable[bool]]
"""Opens a URL, and says whether somebody took it."""


async def opened(url: str) -> bool:
    """Open a URL. What $BROWSER prints goes nowhere, so that the report stays clean."""
    command = os.environ.get("BROWSER", "").partition(os.pathsep)[0]
    if not command:
        return await asyncio.to_thread(webbrowser.open, url)
    words = shlex.split(command)
    arguments = [word.replace("%s", url) for word in words] if "%s" in command else [*words, url]
    quiet = subprocess.DEVNULL
    try:
        process = subprocess.Popen(arguments, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)  # noqa: S603, ASYNC220
    except OSError:
        return False
    # A process of asyncio's would be killed with the loop, and a browser may stay.
    while process.poll() is None:  # noqa: ASYNC110
        await asyncio.sleep(_PAUSE)
    return process.returncode == 0


@asynccontextmanager
async def opening(open_url: Open, url: str) -> AsyncIterator[asyncio.Task[bool]]:
    """Open a URL while the block waits for what comes back; a browser that stays open is left alone."""
    task = asyncio.ensure_future(open_url(url))
    try:
        yield task
    finally:
        await asyncio.wait({task}, timeout=_GRACE)
        task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await task
