"""The browser stand-in, as the doctor opens it."""

from __future__ import annotations

import asyncio
from functools import partial

from sandbox.browser import BrowserError, Decision, visit
from sandbox.doctor import Habits


async def _visited(url: str, decision: Decision = "approve") -> bool:
    try:
        await asyncio.to_thread(visit, url, decision=decision)
    except BrowserError:
        return False
    return True


APPROVING = Habits(open_url=_visited)
DENYING = Habits(open_url=partial(_visited, decision="deny"))
