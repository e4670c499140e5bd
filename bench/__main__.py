"""Measure what the design promises: start-up, a sign-in, tokens, a switch, a reset, a long trace, a page, tests.

`python -m bench` prints each figure with the bar it is held against; it never fails, since machines differ.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import httpx2
import msgspec

from bench.console import page_figures
from bench.sign_in import sign_in, sign_in_seconds
from bench.suite import suite_seconds
from sandbox.diagnosis import diagnose
from sandbox.sandbox import Sandbox
from sandbox.sources import Sources
from sandbox.wire import wsgi
from sandbox.wire.exchange import Exchange
from sandbox.wire.message import Request
from sandbox.workos import AuthKit, create_app
from sandbox.workos.keys import Keys
from sandbox.workos.store import Store
from sandbox.world import Addresses, World, placed


def start_up() -> float:
    """Give the seconds from the process's start until both ports have answered."""
    with tempfile.TemporaryDirectory() as state:
        ports = ["--workos-port", "0", "--mcp-port", "0", "--console-port", "0", "--other-port", "0"]
        command = [str(Path(sys.executable).parent / "sandbox"), "up", "--json", "--state-dir", state, *ports]
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: S603 - our own program
        assert process.stdout is not None
        try:
            ready = json.loads(process.stdout.readline())
            mcp = ready["mcp"].removesuffix("/mcp")
            for url in (ready["workos"] + "/oauth2/jwks", mcp + "/.well-known/oauth-protected-resource"):
                with urllib.request.urlopen(url) as answer:  # noqa: S310 - loopback
                    answer.read()
            return time.perf_counter() - began
        finally:
            process.terminate()
            process.wait()


def tokens_a_second() -> float:
    """Give how many RS256 tokens one core issues in a second, through Flask and the bridge."""
    addresses = Addresses(
        "http://localhost:4100", "http://localhost:4101", "http://localhost:4102", "http://localhost:4103"
    )
    world = placed(World(), addresses)
    sources = Sources()
    server = AuthKit(world.workos, addresses.workos, addresses.workos, sources, Store(sources.now), Keys(sources))
    application = create_app(server)
    machine = next(each for each in world.workos.applications if each.type == "m2m")
    secret = server.directory.secret_of(machine)
    body = f"grant_type=client_credentials&client_id={machine.client_id}&client_secret={secret}"
    headers = (("content-type", "application/x-www-form-urlencoded"),)
    request = Request("POST", "/oauth2/token", "", headers, body.encode())
    count = 500
    began = time.perf_counter()
    for _ in range(count):
        answer = wsgi.call(application, request, addresses.workos)
    assert answer.status == 200, answer.body  # noqa: PLR2004
    return count / (time.perf_counter() - began)


async def switches() -> dict[str, float]:
    """Give the seconds that a world, a switch of scenario and a reset take."""
    figures: dict[str, list[float]] = {
        "a world, once imported": [],
        "a world on a thread of its own": [],
        "a switch": [],
        "a reset": [],
    }

    def timed(name: str, action: Callable[[], object]) -> None:
        began = time.perf_counter()
        action()
        figures[name].append(time.perf_counter() - began)

    async with Sandbox():
        pass
    for _ in range(10):
        began = time.perf_counter()
        async with Sandbox() as sandbox:
            figures["a world, once imported"].append(time.perf_counter() - began)
            timed("a switch", lambda: sandbox.use("missing-registration"))
            timed("a reset", sandbox.reset)
        began = time.perf_counter()
        with Sandbox():
            figures["a world on a thread of its own"].append(time.perf_counter() - began)
    return {name: statistics.median(values) for name, values in figures.items()}


async def explained() -> float:
    """Give the seconds that findings of 10,000 exchanges take: one connection after another, some of them broken."""
    traces: list[Exchange] = []
    for name in ("healthy", "wrong-audience", "server-metadata-missing"):
        async with Sandbox(name, world={"workos": {"sign_in": "automatic"}}) as sandbox:
            async with httpx2.AsyncClient(trust_env=False) as http:
                with contextlib.suppress(LookupError, ValueError, httpx2.HTTPError):
                    await sign_in(sandbox, http)
            traces += sandbox.trace
    many = [
        msgspec.structs.replace(exchange, number=number, at=number / 100)
        for number, exchange in zip(range(10_000), itertools.cycle(traces), strict=False)
    ]
    began = time.perf_counter()
    diagnose(many)
    return time.perf_counter() - began


def main() -> None:
    """Print the figures."""
    started = statistics.median(start_up() for _ in range(5))
    rows = [("start-up to both ports answering", f"{started * 1000:.0f} ms", "500 ms")]
    seconds, exchanges = asyncio.run(sign_in_seconds())
    rows.append((f"a whole sign-in, {exchanges} exchanges", f"{seconds * 1000:.0f} ms of server time", "60 ms"))
    rows.append(("RS256 tokens on one core", f"{tokens_a_second():.0f} a second", "1300 a second"))
    bars = {
        "a world, once imported": "20 ms",
        "a world on a thread of its own": "20 ms",
        "a switch": "5 ms",
        "a reset": "5 ms",
    }
    for name, value in asyncio.run(switches()).items():
        rows.append((name, f"{value * 1000:.1f} ms", bars[name]))
    rows.append(("10,000 exchanges explained", f"{asyncio.run(explained()) * 1000:.0f} ms", "1000 ms"))
    page = asyncio.run(page_figures())
    for name, value in page.first.items():
        rows.append((f"the console, {name}", f"{value * 1000:.0f} ms", "100 ms"))
    rows.append(("from an exchange's end to an open page", f"{page.reached * 1000:.1f} ms", "100 ms"))
    rows.append(("an open page, on top of a sign-in", f"{page.added * 100:.1f} %", "5 %"))
    rows.append(("what it asks once a client is silent", f"{page.asked * 1000:.1f} ms", "5 ms"))
    tests, seconds = suite_seconds()
    rows.append((f"{tests} tests, each with a scenario and a client", f"{seconds:.1f} s", "10 s"))
    for name, figure, bar in rows:
        print(f"{name:<45} {figure:>24}   bar {bar}")  # noqa: T201 - that is what it is for


if __name__ == "__main__":
    main()
