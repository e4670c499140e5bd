"""The console's pages: how soon each is there, how soon an exchange is on one, and what that costs."""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from typing import Final, NamedTuple

import httpx2
import msgspec

from bench.sign_in import sign_in
from sandbox.sandbox import Sandbox

_ROWS: Final = 300
_ROUNDS: Final = 20
_READER: Final = (
    "import sys, urllib.request as u\ns = u.urlopen(sys.argv[1])\nprint(s.readline(), flush=True)\ns.read()"
)
"""A program that reads the stream, as a browser does, and says when it listens."""


PAGES: Final = {
    "the flow": "/",
    "the shelf": "/scenarios",
    "a search": "/scenarios?q=does+not+support+dynamic+client+registration",
    "a scenario": "/scenarios/missing-registration",
    "the dashboard": "/dashboard",
    "the course": "/learn",
    "a lesson": "/learn/4-registration",
    "the report": "/api/report.html",
}


class PageFigures(NamedTuple):
    """What the pages take."""

    first: dict[str, float]
    """Seconds of processor time until each is there, with who asks for it."""
    reached: float
    """Seconds from the end of an exchange until an open page has it."""
    added: float
    """The share that the open page's stream adds to the processor time of a sign-in."""
    asked: float
    """Seconds of processor time for what the page asks once, when a client has fallen silent."""


async def page_figures() -> PageFigures:
    """Measure the page on a world of its own."""
    async with Sandbox(world={"workos": {"sign_in": "automatic"}}) as sandbox, httpx2.AsyncClient() as http:
        await sandbox.ready()
        first = await _first(sandbox, http)
        reached = await _reached(sandbox, http)
        return PageFigures(first, reached, await _added(sandbox, http), await _asked(sandbox, http))


async def _first(sandbox: Sandbox, http: httpx2.AsyncClient) -> dict[str, float]:
    """Give the seconds that each page takes, as many exchanges in the flow's as it ever has."""
    await sign_in(sandbox, http)
    exchange = next(iter(sandbox.trace))
    while len(sandbox.trace) < _ROWS:
        sandbox.trace.add(msgspec.structs.replace(exchange, number=sandbox.trace.number()))
    taken: dict[str, list[float]] = {name: [] for name in PAGES}
    for _ in range(10):
        for name, path in PAGES.items():
            began = time.process_time()
            page = await http.get(sandbox.addresses.console + path)
            taken[name].append(time.process_time() - began)
            page.raise_for_status()
            assert name != "the flow" or page.text.count('class="exchange"') == _ROWS
    return {name: statistics.median(values) for name, values in taken.items()}


async def _asked(sandbox: Sandbox, http: httpx2.AsyncClient) -> float:
    """Give the seconds of processor time that the page's questions take after a sign-in, with who asks them."""
    spent = []
    for _ in range(_ROUNDS):
        sandbox.reset()
        await sign_in(sandbox, http)
        began = time.process_time()
        for path in ("/api/findings?so_far=1", "/api/clients"):
            await http.get(sandbox.addresses.console + path)
        spent.append(time.process_time() - began)
    return statistics.median(spent)


async def _reached(sandbox: Sandbox, http: httpx2.AsyncClient) -> float:
    """Give the most seconds from the end of an exchange of a sign-in until a reader of the stream has it."""
    sandbox.reset()
    ended: list[float] = []
    came: list[float] = []
    forget = sandbox.trace.subscribe(lambda _: ended.append(time.perf_counter()))

    async def read() -> None:
        async with http.stream("GET", sandbox.addresses.console + "/api/events", timeout=None) as stream:
            async for line in stream.aiter_lines():
                if line.startswith(":"):
                    listens.set()
                if line == "event: exchange":
                    came.append(time.perf_counter())
                    if len(came) == len(ended) and signed_in.is_set():
                        return

    listens, signed_in = asyncio.Event(), asyncio.Event()
    reading = asyncio.create_task(read())
    await listens.wait()
    await sign_in(sandbox, http)
    signed_in.set()
    await http.get(sandbox.addresses.mcp)  # one more, at which the reader may stop
    await reading
    forget()
    return max(there - end for there, end in zip(came, ended, strict=True))


async def _added(sandbox: Sandbox, http: httpx2.AsyncClient) -> float:
    """Give the share of processor time that a page adds to a sign-in, whose client is counted too."""
    spent: dict[bool, list[float]] = {False: [], True: []}
    for turn in range(40):  # by turns and often, as the machine's pace changes
        is_open = bool(turn % 2)
        reader = await _reader(sandbox.addresses.console) if is_open else None
        for _ in range(_ROUNDS // 2):
            sandbox.reset()
            began = time.process_time()
            await sign_in(sandbox, http)
            spent[is_open].append(time.process_time() - began)
        if reader is not None:
            reader.terminate()
            await reader.wait()
    return statistics.median(spent[True]) / statistics.median(spent[False]) - 1


async def _reader(console: str) -> asyncio.subprocess.Process:
    """Start a reader of the stream, and give it when it listens."""
    command = [sys.executable, "-c", _READER, console + "/api/events"]
    reader = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert reader.stdout is not None
    await reader.stdout.readline()
    return reader
