"""Steering the running sandbox: scenarios, settings, effects, and the way back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from sandbox.sandbox import Sandbox
from sandbox.scenario import library
from sandbox.workos.records import Client
from tests.console.conftest import Ask

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


async def register(sandbox: Sandbox, http: httpx2.AsyncClient) -> str:
    """Register a client; give its id."""
    answer = await http.post(sandbox.addresses.workos + "/oauth2/register", json={"redirect_uris": [CALLBACK]})
    return str(answer.json().get("client_id", answer.status_code))


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


@pytest.mark.parametrize("ending", ["", ".yaml", ".yml"])
async def test_no_file_is_read(ending: str, tmp_path: Path, sandbox: Sandbox, ask: Ask) -> None:
    """A path is refused, whether there is a file or not; another name of a scenario is a name."""
    file = tmp_path / f"mine{ending}"
    file.write_text("my own words: [", encoding="utf-8")
    for path in (str(file), str(tmp_path / "none"), f"mine{ending or '.yaml'}"):
        answer = await ask("PUT", "/api/scenario", {"name": path})
        assert answer.status_code == 400
        assert "Send the whole scenario" in answer.json()["error"]
        assert "my own words" not in answer.text
    assert sandbox.scenario.name == "healthy"
    known = next(scenario for scenario in library() if scenario.also_known_as)
    switched = await ask("PUT", "/api/scenario", {"name": known.also_known_as[0]})
    assert switched.json()["name"] == known.name


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
        if "‹client_secret" in json.dumps(given, ensure_ascii=False):
            continue  # its fault holds a secret, and a secret is not given
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


NO_OBJECTS = [
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
]


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/api/scenario"), ("PATCH", "/api/world"), ("POST", "/api/effects")]
)
async def test_a_body_that_is_no_object(ask: Ask, method: str, path: str) -> None:
    """Whoever sends something else than a JSON object is told so."""
    for content, content_type in NO_OBJECTS:
        answer = await ask(method, path, content=content, headers={"content-type": content_type})
        assert answer.status_code == 400
        assert answer.json()["error"].startswith("The body must be a JSON object")


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


BAD_SETTINGS: list[tuple[dict[str, Any], str]] = [
    ({"workos": {"sign_in": "perhaps"}}, "Allowed: `automatic`, `deny`, `page`"),
    (
        {"workos": {"access_token": {"lifetime": "soon"}}},
        "`world.workos.access_token.lifetime` cannot be the text `soon`. Allowed: a duration such as 30s or 5m",
    ),
    ({"workos": {"isuer": "client"}}, "mean `issuer`?"),
    ({"workos": 3}, "`world.workos` cannot be "),
    ({"mode": "test"}, "belongs under `workos`"),
]


async def test_a_bad_setting_changes_nothing(sandbox: Sandbox, ask: Ask) -> None:
    """A setting that there is not is refused with its path, and nothing else of the change is done."""
    before = (await ask("GET", "/api/world")).text
    for change, told in BAD_SETTINGS:
        answer = await ask("PATCH", "/api/world", {"service": {"visibility": "public"}, **change})
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


EFFECTS = {
    "forget": ["clients", "sessions"],
    "rotate": ["signing-key"],
    "revoke": ["refresh-tokens", "access-tokens"],
    "expire": ["access-tokens", "refresh-tokens", "codes"],
}


async def test_every_effect_can_be_asked_for(ask: Ask) -> None:
    """Each effect of the scenario language can be had at once."""
    for action, things in EFFECTS.items():
        for thing in things:
            answer = await ask("POST", "/api/effects", {action: thing})
            assert (answer.status_code, answer.json()) == (200, {"done": {action: thing}})


async def test_effects_act(sandbox: Sandbox, http: httpx2.AsyncClient, ask: Ask) -> None:
    """Forgotten clients are gone, and a rotated key is another."""
    client_id, kid = await register(sandbox, http), sandbox.authkit.keys.current.kid
    assert sandbox.store.get(Client, client_id) is not None
    await ask("POST", "/api/effects", {"forget": "clients"})
    await ask("POST", "/api/effects", {"rotate": "signing-key"})
    assert sandbox.store.get(Client, client_id) is None
    assert (await ask("GET", "/api/state")).json()["signing_key"] != kid


async def test_an_effect_on_one(sandbox: Sandbox, http: httpx2.AsyncClient, ask: Ask) -> None:
    """One client is forgotten and the other stays; one that there is not is refused."""
    gone, stays = [await register(sandbox, http) for _ in range(2)]
    assert (await ask("POST", "/api/effects", {"forget": {"client": gone}})).status_code == 200
    assert (sandbox.store.get(Client, gone), sandbox.store.get(Client, stays) is not None) == (None, True)
    for effect in ({"forget": {"client": gone}}, {"forget": {"session": stays}}, {"expire": {"refresh-token": ""}}):
        assert "There is no" in (await ask("POST", "/api/effects", effect)).json()["error"]


async def test_an_unknown_effect(ask: Ask) -> None:
    """An effect that there is not is refused, with those that there are."""
    two = {"forget": "clients", "rotate": "signing-key"}
    for effect in ({}, two, {"forget": "everything"}, {"x": "y"}, {"forget": [1]}):
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
