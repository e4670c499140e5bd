"""The control API: what the running sandbox knows, and how it is steered."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx2
import pytest

from sandbox.console.api import ROUTES
from sandbox.export import FORMATS
from sandbox.sandbox import Sandbox
from tests.console.conftest import Ask
from tests.exchanges import exchange
from tests.python_client import connected
from tests.wire.raw import Raw

CONTRACT = {
    "GET /health",
    "GET /api/scenarios",
    "GET /api/scenario",
    "PUT /api/scenario",
    "POST /api/fix",
    "POST /api/reset",
    "GET /api/trace",
    "GET /api/events",
    "GET /api/world",
    "PATCH /api/world",
    "GET /api/state",
    "POST /api/effects",
    "GET /api/openapi.json",
}


async def test_health(sandbox: Sandbox, ask: Ask) -> None:
    """The console says that all is up, which scenario runs, and where the two systems are."""
    assert (await ask("GET", "/health")).json() | {"version": ""} == {
        "status": "ok",
        "version": "",
        "scenario": "healthy",
        "workos": sandbox.addresses.workos,
        "mcp": sandbox.mcp_url,
        "console": sandbox.addresses.console,
    }


async def test_openapi_lists_every_route(ask: Ask) -> None:
    """The description names every route of the contract, and each says what it does."""
    described = (await ask("GET", "/api/openapi.json")).json()
    assert described["openapi"].startswith("3.1")
    listed = {f"{method.upper()} {path}" for path, item in described["paths"].items() for method in item}
    assert listed >= CONTRACT
    assert listed == {f"{route.method} {route.path}" for route in ROUTES} | {"GET /api/events"}
    operations = [operation for item in described["paths"].values() for operation in item.values()]
    assert all(operation["summary"].endswith(".") and operation["responses"] for operation in operations)
    assert described["paths"]["/api/trace"]["get"]["parameters"][0]["schema"]["enum"] == list(FORMATS)


async def test_what_can_be_read_can_be_read(ask: Ask) -> None:
    """Every GET of the API answers with JSON, unless its name says that it is something else."""
    for route in ROUTES:
        if route.method == "GET" and not route.path.endswith((".pem", ".html")):
            answer = await ask("GET", route.path)
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "application/json"
            assert answer.json()


async def test_what_is_not_served_is_told(ask: Ask) -> None:
    """A wrong path or method is answered in JSON, with what is served."""
    statuses = {}
    for method, path in (("GET", "/api/nothing"), ("DELETE", "/api/world"), ("POST", "/api/events")):
        answer = await ask(method, path)
        statuses[f"{method} {path}"] = answer.status_code
        assert set(answer.json()["served"]) >= CONTRACT
        assert answer.json()["error"]
    assert statuses == {"GET /api/nothing": 404, "DELETE /api/world": 405, "POST /api/events": 404}
    assert set((await ask("DELETE", "/api/world")).headers["allow"].split(", ")) >= {"GET", "PATCH"}


async def test_the_console_takes_no_endless_body(sandbox: Sandbox, ask: Ask) -> None:
    """A body over 4 MiB is refused, and one that breaks off is forgotten."""
    answer = await ask("PUT", "/api/scenario", {"name": "x" * 5_000_000})
    assert (answer.status_code, answer.json()) == (413, {"error": "The body is over 4 MiB."})
    async with await Raw.to(int(sandbox.addresses.console.rpartition(":")[2])) as client:
        client.send("/api/scenario", method="PUT", content_length="100")


# --- the trace ---------------------------------------------------------------------------------------------------


async def test_the_trace_in_each_form(sandbox: Sandbox, http: httpx2.AsyncClient, ask: Ask) -> None:
    """The trace comes in the form that is asked for, with its type; the console's own requests are no part of it."""
    await http.get(sandbox.addresses.workos + "/oauth2/jwks")
    for name, form in FORMATS.items():
        answer = await ask("GET", f"/api/trace?format={name}")
        assert answer.headers["content-type"] == form.content_type
        assert answer.content == form.text(sandbox.trace)
        assert answer.text.count("/oauth2/jwks") == 1


async def test_a_long_trace_lets_others_have_their_turn(sandbox: Sandbox, http: httpx2.AsyncClient, ask: Ask) -> None:
    """While a trace of thousands of exchanges is written out, both systems answer in between."""
    for number in range(1, 3001):
        sandbox.trace.add(exchange(number, response_body="x" * 500))
    written = asyncio.create_task(ask("GET", "/api/trace?format=har"))
    answered = 0
    while not written.done():
        await http.get(sandbox.addresses.workos + "/oauth2/jwks")
        answered += 1
    assert len((await written).json()["log"]["entries"]) >= 3000
    assert answered > 3


async def test_the_trace_since_a_number(sandbox: Sandbox, ask: Ask) -> None:
    """Who has read so far asks for what came after, in any form; a number that is none is refused."""
    for number in range(1, 5):
        sandbox.trace.add(exchange(number))
    told = (await ask("GET", "/api/trace?since=2")).json()["exchanges"]
    assert [each["number"] for each in told] == [3, 4]
    assert re.findall(r"^# (\d+)\.", (await ask("GET", "/api/trace?since=3&format=curl")).text, re.MULTILINE) == ["4"]
    assert (await ask("GET", "/api/trace?since=4")).json() == {"exchanges": []}
    for wrong in ("-1", "x", "", "²", "9" * 5000):
        answer = await ask("GET", "/api/trace", params={"since": wrong})
        assert (answer.status_code, answer.json()["error"]) == (
            400,
            f"since is the number of an exchange, such as 12, and not {wrong!r}.",
        )


async def test_an_unknown_form(ask: Ask) -> None:
    """A form that there is not is refused, with those that there are."""
    answer = await ask("GET", "/api/trace?format=xml")
    assert (answer.status_code, answer.json()["error"]) == (
        400,
        "There is no format 'xml'; there are: json, har, mermaid, curl, svg.",
    )


async def test_what_is_nested_too_deeply_is_refused(ask: Ask) -> None:
    """No depth of nesting makes the API fail."""
    deep: dict[str, Any] = {}
    for _ in range(600):
        deep = {"a": deep}
    for method, path, body in (
        ("POST", "/api/effects", {"change": {"workos": {"not_found_body": deep}}}),
        ("PATCH", "/api/world", {"workos": {"not_found_body": deep}}),
    ):
        answer = await ask(method, path, body)
        assert answer.status_code == 400
        assert "nested deeper" in answer.json()["error"]
    assert (await ask("POST", "/api/effects", {"change": {}})).status_code == 400


async def test_the_findings_say_whether_something_is_broken(sandbox: Sandbox, ask: Ask) -> None:
    """A program need not know the severities: `broken` says whether a client did not get where it wanted."""
    assert (await ask("GET", "/api/findings")).json() == {"broken": False, "findings": []}
    sandbox.use("missing-registration")
    with pytest.raises(ExceptionGroup):
        async with connected(sandbox):
            pass
    told = (await ask("GET", "/api/findings")).json()
    assert (told["broken"], told["findings"][0]["id"]) == (True, "dcr-absent")
