"""Machines: the client_credentials grant of an M2M application."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from sandbox.world import World
from tests.workos.driver import MACHINE, ORIGIN, RESOURCE, Workos, basic, error

ENVIRONMENT = "client_01SANDB0XENV1R0NMENT0000000"


@pytest.fixture
def machine(workos: Workos) -> dict[str, Any]:
    """Give the pre-registered M2M application."""
    return workos.client(MACHINE)


def ask(workos: Workos, machine: dict[str, Any], **more: str) -> TestResponse:
    """Ask for a machine's token with HTTP Basic."""
    headers = basic(machine["client_id"], machine["client_secret"])
    return workos.post("/oauth2/token", {"grant_type": "client_credentials"} | more, headers=headers)


def test_a_machine_gets_a_token(workos: Workos, machine: dict[str, Any]) -> None:
    """A machine's token is for an hour, without refresh token or id token."""
    response = ask(workos, machine)
    body = response.get_json()

    assert list(body) == ["access_token", "token_type", "expires_in", "scope"]
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 3600, "logs:read")
    assert response.headers["Cache-Control"] == "no-store"


def test_a_machines_token_is_that_of_workos(workos: Workos, machine: dict[str, Any]) -> None:
    """`sub` is the machine and `aud` the environment; there is no client_id and no sid."""
    header, claims = workos.jwt(ask(workos, machine).get_json()["access_token"])

    assert set(header) == {"alg", "kid"}
    assert claims == {
        "iss": ORIGIN,
        "aud": ENVIRONMENT,
        "sub": MACHINE,
        "jti": claims["jti"],
        "iat": 1_800_000_000,
        "exp": 1_800_003_600,
        "org_id": "org_01SANDB0XNEARBYN0TEB00KS00",
        "scope": "logs:read",
    }


def test_a_machine_may_name_a_resource(workos: Workos, machine: dict[str, Any]) -> None:
    """A machine's resource is the audience, and must be on the dashboard's list."""
    workos.set(resources=[RESOURCE])

    assert workos.claims(ask(workos, machine, resource=RESOURCE).get_json()["access_token"])["aud"] == RESOURCE
    assert error(ask(workos, machine, resource=RESOURCE + "/")) == "invalid_target"
    assert error(ask(workos, machine, resource="/mcp")) == "invalid_target"


def test_a_machine_has_only_its_scopes(workos: Workos, machine: dict[str, Any]) -> None:
    """A scope that the dashboard does not give the machine is refused."""
    assert ask(workos, machine, scope="logs:read").get_json()["scope"] == "logs:read"
    assert error(ask(workos, machine, scope="logs:delete")) == "invalid_scope"
    assert error(ask(workos, machine, scope="openid")) == "invalid_scope"


def test_the_secret_is_needed(workos: Workos, machine: dict[str, Any]) -> None:
    """A machine without its secret is refused."""
    form = {"grant_type": "client_credentials", "client_id": machine["client_id"]}

    assert error(workos.post("/oauth2/token", form), 401) == "invalid_client"
    assert workos.post("/oauth2/token", form | {"client_secret": machine["client_secret"]}).status_code == 200


def test_the_secret_is_made_once(workos: Workos, machine: dict[str, Any]) -> None:
    """A secret that the dashboard does not give is made at first, and stays the same, also after a reset."""
    assert len(machine["client_secret"]) >= 32
    workos.authkit.store.clear()

    assert workos.client(MACHINE)["client_secret"] == machine["client_secret"]


def test_a_configured_secret_is_the_secret(workos: Workos) -> None:
    """A secret that the dashboard gives is the one."""
    application = {
        "client_id": MACHINE,
        "name": "Nightly report",
        "type": "m2m",
        "grant_types": ["client_credentials"],
        "token_endpoint_auth_method": "client_secret_basic",
        "client_secret": "configured",
    }
    workos.set(applications=[application])

    assert workos.client(MACHINE)["client_secret"] == "configured"
    assert ask(workos, workos.client(MACHINE)).status_code == 200


def test_a_client_that_registered_itself_is_no_machine(workos: Workos) -> None:
    """A registered client, with a secret or without, may not use client_credentials."""
    for method in ("none", "client_secret_basic"):
        client = workos.register(token_endpoint_auth_method=method)
        form = {
            "grant_type": "client_credentials",
            "client_id": client["client_id"],
            "client_secret": client.get("client_secret", ""),
        }
        assert error(workos.post("/oauth2/token", form)) == "unauthorized_client"


def test_a_public_application_is_no_machine(workos: Workos) -> None:
    """An application without a secret gets no machine's token, though its grant types list it."""
    application = {"client_id": "client_public", "name": "Public", "grant_types": ["client_credentials"]}
    workos.set(applications=[application])
    form = {"grant_type": "client_credentials", "client_id": "client_public"}

    assert error(workos.post("/oauth2/token", form)) == "unauthorized_client"


def test_a_machine_signs_nobody_in(workos: Workos, machine: dict[str, Any]) -> None:
    """A machine may use no other grant, and its token has no user."""
    form = {"grant_type": "authorization_code", "code": "x"}
    headers = basic(machine["client_id"], machine["client_secret"])

    assert error(workos.post("/oauth2/token", form, headers=headers)) == "unauthorized_client"
    assert workos.userinfo(ask(workos, machine).get_json()["access_token"]).status_code == 401


def test_a_machine_may_introspect_its_token(workos: Workos, machine: dict[str, Any]) -> None:
    """Introspection knows a machine's token, in either format."""
    jwt = ask(workos, machine).get_json()["access_token"]
    workos.set(access_token={"format": "opaque"})
    opaque = ask(workos, machine).get_json()["access_token"]

    assert workos.introspect(machine, jwt)["sub"] == MACHINE
    assert workos.introspect(machine, opaque)["sub"] == MACHINE
    workos.clock.advance(3600)
    assert workos.introspect(machine, jwt) == workos.introspect(machine, opaque) == {"active": False}


def test_the_healthy_world_has_a_machine() -> None:
    """The M2M application of these tests is the one of the healthy world."""
    assert [application.client_id for application in World().workos.applications if application.type == "m2m"] == [
        MACHINE
    ]
