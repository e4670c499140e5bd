"""The control API: what the running sandbox knows, and how it is steered."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx2
import pytest

from sandbox.console.api import ROUTES
from sandbox.export import FORMATS
from sandbox.sandbox import Sandbox
from sandbox.workos.records import Client
from tests.wire.raw import Raw

Ask = Callable[..., Awaitable[httpx2.Response]]

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
CALLBACK = "http://localhost:5/callback"
BROKEN = {
    "title": "Broken",
    "story": "For a test.",
    "expect": {"connects": True},
    "faults": [
        {"at": "token", "on": "first 1", "status": 503},
        {"at": "jwks", "when": {"method": "PUT"}, "hang": True},
    ],
}


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    """Give an HTTP client."""
    async with httpx2.AsyncClient(trust_env=False, timeout=5) as client:
        yield client


@pytest.fixture
def ask(sandbox: Sandbox, http: httpx2.AsyncClient) -> Ask:
    """Give a function that asks the console."""

    async def asked(method: str, path: str, body: Any = None, **options: Any) -> httpx2.Response:
        return await http.request(method, sandbox.addresses.console + path, json=body, **options)

    return asked


async def register(sandbox: Sandbox, http: httpx2.AsyncClient) -> str:
    """Register a client; give its id."""
    answer = await http.post(sandbox.addresses.workos + "/oauth2/register", json={"redirect_uris": [CALLBACK]})
    return str(answer.json().get("client_id", answer.status_code))


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


@pytest.mark.parametrize("route", [route for route in ROUTES if route.method == "GET"], ids=lambda route: route.path)
async def test_what_can_be_read_can_be_read(ask: Ask, route: Any) -> None:
    """Every GET of the API answers, with the type that it says."""
    answer = await ask("GET", route.path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/api/nothing", 404), ("GET", "/", 404), ("DELETE", "/api/world", 405), ("POST", "/api/events", 404)],
)
async def test_what_is_not_served_is_told(ask: Ask, method: str, path: str, status: int) -> None:
    """A wrong path or method is answered in JSON, with what is served."""
    answer = await ask(method, path)
    assert answer.status_code == status
    assert set(answer.json()["served"]) >= CONTRACT
    assert answer.json()["error"]
    if status == 405:
        assert set(answer.headers["allow"].split(", ")) >= {"GET", "PATCH"}


async def test_the_console_takes_no_endless_body(sandbox: Sandbox, ask: Ask) -> None:
    """A body over 4 MiB is refused, and one that breaks off is forgotten."""
    answer = await ask("PUT", "/api/scenario", {"name": "x" * 5_000_000})
    assert (answer.status_code, answer.json()) == (413, {"error": "The body is over 4 MiB."})
    async with await Raw.to(int(sandbox.addresses.console.rpartition(":")[2])) as client:
        client.send("/api/scenario", method="PUT", content_length="100")


# --- scenarios ---------------------------------------------------------------------------------------------------


async def test_the_library(ask: Ask) -> None:
    """The scenarios are listed with what a person needs to choose one."""
    listed = (await ask("GET", "/api/scenarios")).json()
    assert listed[0]["name"] == "healthy"
    assert {"missing-registration", "refresh-fails"} <= {scenario["name"] for scenario in listed}
    assert all(set(scenario) == {"name", "title", "step", "story"} for scenario in listed)


async def test_switching_by_name(sandbox: Sandbox, http: httpx2.AsyncClient, ask: Ask) -> None:
    """A name switches the running sandbox; the fix heals it."""
    switched = (await ask("PUT", "/api/scenario", {"name": "missing-registration"})).json()
    assert (switched["name"], sandbox.scenario.name) == ("missing-registration", "missing-registration")
    assert await register(sandbox, http) == "403"
    healed = (await ask("POST", "/api/fix")).json()
    assert healed["name"] == "missing-registration"
    assert (await register(sandbox, http)).startswith("client_")


async def test_an_unknown_name(sandbox: Sandbox, ask: Ask) -> None:
    """A name that is nearly right is answered with the right one, and nothing changes."""
    answer = await ask("PUT", "/api/scenario", {"name": "missing-registratoin"})
    assert answer.status_code == 400
    assert "Did you mean `missing-registration`?" in answer.json()["error"]
    assert sandbox.scenario.name == "healthy"


async def test_switching_to_a_whole_scenario(ask: Ask) -> None:
    """A scenario can be sent whole, and is shown as it was written, with what has not fired."""
    shown = (await ask("PUT", "/api/scenario", {"name": "mine", **BROKEN})).json()
    assert shown["name"] == "mine"
    assert shown["faults"] == BROKEN["faults"]
    assert [text.partition(" never")[0] for text in shown["unfired"]] == [
        "at token: status 503 (first 1)",
        "at jwks: hang",
    ]
    assert (await ask("PUT", "/api/scenario", BROKEN)).json()["name"] == "unnamed"


async def test_a_scenario_can_be_sent_back(sandbox: Sandbox, ask: Ask) -> None:
    """What the API gives for a scenario, it takes; every scenario of the library makes the round trip."""
    for scenario in (await ask("GET", "/api/scenarios")).json():
        given = (await ask("PUT", "/api/scenario", {"name": scenario["name"]})).json()
        running = sandbox.scenario
        answer = await ask("PUT", "/api/scenario", given)
        assert answer.json() == given
        assert sandbox.scenario == running


async def test_a_bad_scenario_changes_nothing(sandbox: Sandbox, ask: Ask) -> None:
    """A scenario with a mistake is refused with its place and what was meant, and the running one goes on."""
    before = sandbox.scenario
    answer = await ask("PUT", "/api/scenario", BROKEN | {"faults": [{"at": "tokne", "status": 503}]})
    assert answer.status_code == 400
    assert "faults[0].at" in answer.json()["error"]
    assert "token" in answer.json()["error"]
    assert sandbox.scenario is before


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/api/scenario"), ("PATCH", "/api/world"), ("POST", "/api/effects")]
)
@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"", "application/json"),
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b'"x"', "application/json"),
        (b"null", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b'{"a": ' * 50_000, "application/json"),
        (b"\xff", "application/json"),
        (b"{}", "text/plain"),
        (b'{"\\ud800": "\\udfff"}', "application/json"),
    ],
)
async def test_a_body_that_is_no_object(ask: Ask, method: str, path: str, content: bytes, content_type: str) -> None:
    """Whoever sends something else than a JSON object is told so."""
    answer = await ask(method, path, content=content, headers={"content-type": content_type})
    assert answer.status_code == 400
    assert answer.json()["error"]


# --- the world ---------------------------------------------------------------------------------------------------


async def test_changing_settings(sandbox: Sandbox, http: httpx2.AsyncClient, ask: Ask) -> None:
    """A switch of the dashboard takes effect at the next request, and the others stay."""
    await ask("PUT", "/api/scenario", BROKEN)
    off = {"workos": {"dynamic_client_registration": False}}
    world = (await ask("PATCH", "/api/world", off)).json()
    assert world["workos"]["dynamic_client_registration"] is False
    assert world == (await ask("GET", "/api/world")).json()
    assert await register(sandbox, http) == "403"
    assert (await http.post(sandbox.addresses.workos + "/oauth2/token")).status_code == 503
    await ask("PATCH", "/api/world", {"workos": {"mode": "production"}})
    assert await register(sandbox, http) == "403"
    assert (await http.post(sandbox.addresses.workos + "/oauth2/token")).status_code == 401


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"workos": {"sign_in": "perhaps"}}, "$.workos.sign_in"),
        ({"workos": {"access_token": {"lifetime": "soon"}}}, "$.workos.access_token.lifetime"),
        ({"workos": {"nonsense": 1}}, "nonsense"),
        ({"workos": 3}, "$.workos"),
        ({"mode": "test"}, "mode"),
    ],
)
async def test_a_bad_setting_changes_nothing(sandbox: Sandbox, ask: Ask, change: dict[str, Any], told: str) -> None:
    """A setting that there is not is refused with its path, and nothing else of the change is done."""
    before = (await ask("GET", "/api/world")).text
    good = {"service": {"visibility": "public"}}
    answer = await ask("PATCH", "/api/world", {**good, **change})
    assert answer.status_code == 400
    assert told in answer.json()["error"]
    assert (await ask("GET", "/api/world")).text == before
    assert sandbox.world.service.visibility == "protected"


# --- state and effects -------------------------------------------------------------------------------------------


async def test_the_state(sandbox: Sandbox, http: httpx2.AsyncClient, ask: Ask) -> None:
    """Clients, pre-registered and self-registered, users and keys are shown, secrets as fingerprints."""
    client_id = await register(sandbox, http)
    state = (await ask("GET", "/api/state")).json()
    secrets = {client["client_id"]: client["client_secret"] for client in state["clients"]}
    assert set(secrets) == {client_id, *(one.client_id for one in sandbox.world.workos.applications)}
    assert secrets[client_id].startswith("‹client_secret ")
    assert [user["first_name"] for user in state["users"]] == ["Ada", "Ben", "Clem"]
    assert state["signing_key"] == sandbox.authkit.keys.current.kid
    assert (state["grants"], state["refresh_tokens"]) == ([], 0)


@pytest.mark.parametrize(
    "effect",
    [
        {"forget": "clients"},
        {"forget": "sessions"},
        {"rotate": "signing-key"},
        {"revoke": "refresh-tokens"},
        {"revoke": "access-tokens"},
        {"expire": "access-tokens"},
        {"expire": "refresh-tokens"},
        {"expire": "codes"},
    ],
)
async def test_every_effect_can_be_asked_for(ask: Ask, effect: dict[str, str]) -> None:
    """Each effect of the scenario language can be had at once."""
    answer = await ask("POST", "/api/effects", effect)
    assert (answer.status_code, answer.json()) == (200, {"done": effect})


async def test_effects_act(sandbox: Sandbox, http: httpx2.AsyncClient, ask: Ask) -> None:
    """Forgotten clients are gone, and a rotated key is another."""
    client_id, kid = await register(sandbox, http), sandbox.authkit.keys.current.kid
    assert sandbox.store.get(Client, client_id) is not None
    await ask("POST", "/api/effects", {"forget": "clients"})
    await ask("POST", "/api/effects", {"rotate": "signing-key"})
    assert sandbox.store.get(Client, client_id) is None
    assert (await ask("GET", "/api/state")).json()["signing_key"] != kid


@pytest.mark.parametrize(
    "effect",
    [{}, {"forget": "clients", "rotate": "signing-key"}, {"forget": "everything"}, {"x": "y"}, {"forget": [1]}],
)
async def test_an_unknown_effect(ask: Ask, effect: dict[str, Any]) -> None:
    """An effect that there is not is refused, with those that there are."""
    answer = await ask("POST", "/api/effects", effect)
    assert answer.status_code == 400
    assert "expire" in answer.json()["error"]


async def test_reset_restores_everything(sandbox: Sandbox, http: httpx2.AsyncClient, ask: Ask) -> None:
    """After a reset there are no clients, no trace and no changed settings, and every fault takes its turns anew."""
    token = sandbox.addresses.workos + "/oauth2/token"
    await ask("PUT", "/api/scenario", BROKEN)
    start = (await ask("GET", "/api/world")).text
    await register(sandbox, http)
    assert [(await http.post(token)).status_code for _ in range(2)] == [503, 401]
    await ask("PATCH", "/api/world", {"workos": {"mode": "production"}})
    shown = (await ask("POST", "/api/reset")).json()
    assert [text.partition(" never")[0] for text in shown["unfired"]] == [
        "at token: status 503 (first 1)",
        "at jwks: hang",
    ]
    assert (await ask("GET", "/api/world")).text == start
    assert len((await ask("GET", "/api/state")).json()["clients"]) == len(sandbox.world.workos.applications)
    assert (await ask("GET", "/api/trace")).json() == {"exchanges": []}
    assert [(await http.post(token)).status_code for _ in range(2)] == [503, 401]
    assert [one["number"] for one in (await ask("GET", "/api/trace")).json()["exchanges"]] == [1, 2]
    await ask("POST", "/api/fix")
    await ask("POST", "/api/reset")
    assert (await http.post(token)).status_code == 503


# --- the trace ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMATS)
async def test_the_trace_in_each_form(sandbox: Sandbox, http: httpx2.AsyncClient, ask: Ask, name: str) -> None:
    """The trace comes in the form that is asked for, with its type; the console's own requests are no part of it."""
    await http.get(sandbox.addresses.workos + "/oauth2/jwks")
    answer = await ask("GET", f"/api/trace?format={name}")
    assert answer.headers["content-type"] == FORMATS[name].content_type
    assert answer.content == FORMATS[name].text(sandbox.trace)
    assert answer.text.count("/oauth2/jwks") == 1
    if "json" in FORMATS[name].content_type:
        json.loads(answer.text)


async def test_an_unknown_form(ask: Ask) -> None:
    """A form that there is not is refused, with those that there are."""
    answer = await ask("GET", "/api/trace?format=xml")
    assert (answer.status_code, answer.json()["error"]) == (
        400,
        "There is no format 'xml'; there are: json, har, mermaid, curl.",
    )
