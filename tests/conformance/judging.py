"""How each of the three is put before the suite: the doctor, AuthKit, and log-aggregator behind its guard."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import socket
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from sandbox.browser import visit
from sandbox.clients.journeys.python_sdk import Storage
from sandbox.sandbox import Sandbox
from tests.conformance.bearer import carrying
from tests.conformance.suite import RUNS, Run, needed, suite
from tests.python_client import connected

SECRET: Final = "an-invented-secret"
_DOCTOR: Final = f"{sys.executable} {Path(__file__).with_name('doctor_client.py')}"
_MILLISECONDS: Final = "120000"
"""How long a scenario may take where the suite runs many at once."""


def judged(name: str, factory: pytest.TempPathFactory) -> Path:
    """Give the folder with the results of a run.

    The run is done once, by whichever of pytest's processes comes first; the others wait for it.
    """
    needed()
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = shared / f"conformance-{name}"
    with (shared / f"conformance-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            asyncio.run(_JUDGES[name.partition("-")[0]](RUNS[name], folder))
            (folder / "done").touch()
    return folder / "results"


async def _doctor(run: Run, folder: Path) -> None:
    """Have the suite start the doctor as its client."""
    client = ("client", "--command", _DOCTOR, "--timeout", _MILLISECONDS)
    await suite(folder, *client, *run.arguments, "--output-dir", "results")


async def _server(run: Run, folder: Path) -> None:
    """Have the suite talk to log-aggregator, with the token of a person who signed in."""
    storage = Storage()
    async with Sandbox(run.world) as sandbox:
        async with connected(sandbox, storage=storage):
            assert storage.tokens is not None
        async with carrying(storage.tokens.access_token, sandbox.mcp_url) as url:
            one_by_one: list[tuple[str, ...]] = [("--scenario", name) for name in run.scenarios]
            judge = partial(suite, folder, "server", "--url", url, "--output-dir", "results")
            await asyncio.gather(*(judge(*arguments) for arguments in one_by_one or [run.arguments]))


async def _authorization(run: Run, folder: Path) -> None:
    """Have the suite ask AuthKit for tokens, and be the browser that it waits for."""
    port = _free_port()
    callback = f"http://127.0.0.1:{port}/callback"
    async with Sandbox(run.world, world=_world(run.client, callback)) as sandbox:
        client_id = "client_conformance" if run.client != "itself" else await _registered(sandbox, callback)
        secret = ("--client-secret", SECRET) if run.client.startswith("client_secret") else ()
        visits: list[asyncio.Task[Any]] = []

        def heard(line: str) -> None:
            if line.startswith(sandbox.authkit.issuer):
                visits.append(asyncio.create_task(asyncio.to_thread(visit, line)))

        given = ("--url", sandbox.authkit.issuer, "--client-id", client_id, *secret, "--resource", sandbox.mcp_url)
        await suite(folder, "authorization", *given, "-p", str(port), "--output-dir", "results", heard=heard)
        await asyncio.gather(*visits)


_JUDGES: Final = {"doctor": _doctor, "server": _server, "healthy": _server, "authorization": _authorization}
"""By the first word of a run's name."""


def _world(client: str, callback: str) -> Mapping[str, Any]:
    """Give a dashboard with one application, which says who it is in one way; a client of its own needs none."""
    if client == "itself":
        return {}
    application = {
        "client_id": "client_conformance",
        "name": "Conformance",
        "redirect_uris": [callback],
        "token_endpoint_auth_method": client,
        "client_secret": None if client == "none" else SECRET,
    }
    # With `none` among the methods the suite sends no secret, though it has one: then there is one way only.
    return {"workos": {"applications": [application], "token_endpoint_auth_methods": [client]}}


async def _registered(sandbox: Sandbox, callback: str) -> str:
    metadata = {"redirect_uris": [callback], "token_endpoint_auth_method": "none"}
    async with httpx2.AsyncClient(trust_env=False) as http:
        answer = await http.post(f"{sandbox.addresses.workos}/oauth2/register", json=metadata)
    return str(answer.json()["client_id"])


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number: int = listener.getsockname()[1]
        return number
