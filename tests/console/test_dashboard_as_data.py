"""What a developer looks at in WorkOS's dashboard is data: changed while all runs, and seen by the next request."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from sandbox.real_keys import holds_one
from sandbox.sandbox import Sandbox
from tests.console.conftest import Ask

CALLBACK: Final = "http://localhost:9/callback"
CHALLENGE: Final = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
DOCUMENT: Final = "https://claude.ai/oauth/claude-code-client-metadata"
DEVICE: Final = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[httpx2.AsyncClient]:
    """Give an HTTP client of WorkOS."""
    async with httpx2.AsyncClient(trust_env=False, timeout=5, base_url=sandbox.addresses.workos) as client:
        yield client


async def authorize(http: httpx2.AsyncClient, **change: str) -> str:
    """Ask for authorization; say where the browser is sent, and with which error."""
    asked = {
        "response_type": "code",
        "client_id": "client_1",
        "redirect_uri": CALLBACK,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    answer = await http.get("/oauth2/authorize", params=asked | change)
    location = urlsplit(answer.headers["location"])
    return dict(parse_qsl(location.query)).get("error") or location.path or location.netloc


async def token(http: httpx2.AsyncClient, **form: str) -> str:
    """Ask the token endpoint; give its error, or that there is none."""
    answer = await http.post("/oauth2/token", data={"client_id": "client_1"} | form)
    return str(answer.json().get("error", "token"))


async def by_secret(http: httpx2.AsyncClient, **form: str) -> str:
    """Ask for a machine's token."""
    return await token(http, grant_type="client_credentials", client_secret="known", **form)


async def with_a_code(http: httpx2.AsyncClient) -> str:
    """Come with a code that is none; a client that is let in is told so."""
    return await token(http, grant_type="authorization_code", code="none", redirect_uri=CALLBACK)


async def device(http: httpx2.AsyncClient) -> str:
    """Ask for a device's codes."""
    answer = await http.post("/oauth2/device_authorization", data={"client_id": "client_1"})
    return str(answer.json().get("error", "codes"))


async def register(http: httpx2.AsyncClient) -> tuple[int, bool]:
    """Register; say whether the metadata offers it, too."""
    metadata = (await http.get("/.well-known/oauth-authorization-server")).json()
    answer = await http.post("/oauth2/register", json={"redirect_uris": [CALLBACK]})
    return answer.status_code, "registration_endpoint" in metadata


async def by_document(http: httpx2.AsyncClient) -> tuple[str, bool]:
    """Come with the URL of a metadata document; say whether the metadata offers it, too."""
    metadata = (await http.get("/.well-known/oauth-authorization-server")).json()
    offered = bool(metadata["client_id_metadata_document_supported"])
    return await authorize(http, client_id=DOCUMENT, redirect_uri="http://localhost:9/callback"), offered


async def methods(http: httpx2.AsyncClient) -> tuple[list[str], str]:
    """Say how a client may say who it is, and whether one that sends its secret in the form is let in."""
    metadata = (await http.get("/.well-known/oauth-authorization-server")).json()
    return metadata["token_endpoint_auth_methods_supported"], await by_secret(http)


async def organizations(http: httpx2.AsyncClient) -> tuple[int, int]:
    """Call the API with the key of the healthy world, and with another."""
    keys = ("sk_test_sandbox", "sk_test_another")
    asked = [await http.get("/organizations", headers={"authorization": f"Bearer {key}"}) for key in keys]
    return asked[0].status_code, asked[1].status_code


async def grace(http: httpx2.AsyncClient) -> bool:
    """Say whether somebody of that name can sign in."""
    client = (await http.post("/oauth2/register", json={"redirect_uris": [CALLBACK]})).json()["client_id"]
    asked = {"response_type": "code", "client_id": client, "redirect_uri": CALLBACK}
    page = await http.get("/oauth2/authorize", params=asked, follow_redirects=True)
    return "grace@example.com" in page.text


async def resource(http: httpx2.AsyncClient) -> str:
    """Ask for a machine's token for a resource."""
    return await by_secret(http, resource="https://mcp.example/mcp")


def application(**change: Any) -> dict[str, Any]:
    """Give the settings that hold one application."""
    one = {"client_id": "client_1", "name": "One", "redirect_uris": [CALLBACK], "scopes": ["logs:read"]}
    return {"applications": [one | change]}


MACHINE: Final = {
    "type": "m2m",
    "grant_types": ["client_credentials"],
    "token_endpoint_auth_method": "client_secret_post",
    "client_secret": "known",
}
GRACE: Final = {"id": "user_1", "email": "grace@example.com", "first_name": "Grace", "last_name": "Ng"}


class Switch(NamedTuple):
    """Something of the dashboard: how it stands, its change, and what the same request meets before and after."""

    stands: dict[str, Any]
    change: dict[str, Any]
    ask: Callable[[httpx2.AsyncClient], Awaitable[Any]]
    before: Any
    after: Any


ALL: Final = ["none", "client_secret_post", "client_secret_basic"]
SWITCHES: Final = {
    "application type, of a person's": Switch(
        application(), application(type="m2m"), authorize, "/oauth2/sign-in", "unauthorized_client"
    ),
    "application type, of a machine": Switch(
        application(**MACHINE), application(**MACHINE | {"type": "oauth"}), by_secret, "token", "unauthorized_client"
    ),
    "grant types: the code": Switch(
        application(), application(grant_types=["refresh_token"]), authorize, "/oauth2/sign-in", "unauthorized_client"
    ),
    "grant types: a device": Switch(
        application(), application(grant_types=[DEVICE]), device, "unauthorized_client", "codes"
    ),
    "token endpoint authentication, of an application": Switch(
        application(),
        application(token_endpoint_auth_method="client_secret_basic"),
        with_a_code,
        "invalid_grant",
        "invalid_client",
    ),
    "token endpoint authentication, of the environment": Switch(
        application(**MACHINE),
        {"token_endpoint_auth_methods": ["client_secret_basic"]},
        methods,
        (ALL, "token"),
        (["client_secret_basic"], "invalid_client"),
    ),
    "the secret": Switch(
        application(**MACHINE), application(**MACHINE | {"client_secret": "new"}), by_secret, "token", "invalid_client"
    ),
    "redirect URIs, of an application": Switch(
        application(),
        application(redirect_uris=["https://x.example/"]),
        authorize,
        "/oauth2/sign-in",
        "invalid_redirect_uri",
    ),
    "redirect URIs, of the environment": Switch(
        application(), {"redirect_uris": ["https://x.example/"]}, authorize, "/oauth2/sign-in", "invalid_redirect_uri"
    ),
    "dynamic client registration": Switch(
        {}, {"dynamic_client_registration": False}, register, (201, True), (403, False)
    ),
    "client-id metadata documents": Switch(
        {},
        {"client_id_metadata_document": True},
        by_document,
        ("application_not_found", False),
        ("/oauth2/sign-in", True),
    ),
    "test or production": Switch(
        application(), {"mode": "production"}, authorize, "/oauth2/sign-in", "invalid_redirect_uri"
    ),
    "the Login URI": Switch(
        application(), {"login_uri": "https://app.example"}, authorize, "/oauth2/sign-in", "app.example"
    ),
    "resource indicators": Switch(
        application(**MACHINE), {"resources": ["https://other.example/mcp"]}, resource, "token", "invalid_target"
    ),
    "API keys": Switch({}, {"api_keys": ["sk_test_another"]}, organizations, (200, 401), (401, 200)),
    "users": Switch({"require_pkce": False}, {"users": [GRACE]}, grace, False, True),
}


@pytest.mark.parametrize("switch", SWITCHES.values(), ids=SWITCHES)
async def test_the_next_request_sees_the_change(ask: Ask, http: httpx2.AsyncClient, switch: Switch) -> None:
    """The same request is answered differently after PATCH /api/world, and as before once that is taken back."""
    healthy = (await ask("GET", "/api/world")).json()["workos"]
    assert (await ask("PATCH", "/api/world", {"workos": switch.stands})).status_code == 200
    assert await switch.ask(http) == switch.before
    assert (await ask("PATCH", "/api/world", {"workos": switch.change})).status_code == 200
    assert await switch.ask(http) == switch.after
    back = {name: switch.stands.get(name, healthy[name]) for name in switch.change}
    assert (await ask("PATCH", "/api/world", {"workos": back})).status_code == 200
    assert await switch.ask(http) == switch.before


# --- what the state tells ---------------------------------------------------------------------------------------------


async def test_the_state_tells_what_to_sign_in_with(ask: Ask) -> None:
    """API keys, passwords, secrets of authenticator apps and codes are predictable, and there to read."""
    grace = GRACE | {"password": "correct-horse", "totp_secret": "JBSWY3DPEHPK3PXP"}
    await ask("PATCH", "/api/world", {"workos": {"users": [grace], "api_keys": ["sk_test_mine"]}})
    state = (await ask("GET", "/api/state")).json()
    assert state["api_keys"] == ["sk_test_mine"]
    assert state["one_time_code"] == "424242"
    (user,) = state["users"]
    assert (user["email"], user["password"], user["totp_secret"]) == (
        "grace@example.com",
        "correct-horse",
        "JBSWY3DPEHPK3PXP",
    )
    dashboard = (await ask("GET", "/dashboard")).text
    shown = dashboard.partition('id="remembered"')[2]
    for secret in ("sk_test_mine", "424242", "correct-horse", "JBSWY3DPEHPK3PXP"):
        assert f"<code>{secret}</code>" in shown
    assert not holds_one(dashboard)


async def test_the_state_tells_no_password_that_an_app_has_set(sandbox: Sandbox, ask: Ask) -> None:
    """A password that the API changed is the app's own."""
    directory = sandbox.authkit.directory
    user = sandbox.authkit.users()[0]
    directory.change(user, password="of-the-app")
    (told,) = [one for one in (await ask("GET", "/api/state")).json()["users"] if one["id"] == user.id]
    assert told["password"] is None


async def test_applications_of_the_api_are_among_the_clients(
    sandbox: Sandbox, ask: Ask, http: httpx2.AsyncClient
) -> None:
    """What an app made over the API is told like what the settings name."""
    body = {"name": "Forum", "application_type": "oauth", "is_first_party": True}
    key = {"authorization": "Bearer sk_test_sandbox"}
    made = (await http.post("/connect/applications", json=body, headers=key)).json()
    secret = await http.post(f"/connect/applications/{made['id']}/client_secrets", json={}, headers=key)
    state = await ask("GET", "/api/state")
    assert made["client_id"] in [client["client_id"] for client in state.json()["clients"]]
    assert made["client_id"] in (await ask("GET", "/dashboard")).text
    trace = (await ask("GET", "/api/trace")).text
    assert secret.json()["secret"] not in state.text + trace
    assert len(sandbox.trace) == 2
