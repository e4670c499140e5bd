"""Which request is which step, and who asks."""

from __future__ import annotations

import pytest

from sandbox.flow import STEP_MEANING, STEPS, Asked, Asker, Step, System, asker_of, step_of

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
WORKOS = [
    ("GET", "/.well-known/oauth-authorization-server", None, "server-metadata"),
    ("GET", "/.well-known/oauth-authorization-server/user_management/client_1", None, "server-metadata"),
    ("GET", "/.well-known/openid-configuration", None, "server-metadata"),
    ("GET", "/sso/authorize/.well-known/openid-configuration", None, "server-metadata"),
    ("GET", "/.well-known/oauth-protected-resource", None, "resource-metadata"),
    ("GET", "/.well-known/oauth-authorization-server2", None, "api"),
    ("POST", "/oauth2/register", None, "registration"),
    ("POST", "/register", None, "registration"),
    ("GET", "/oauth2/registered", None, "api"),
    ("GET", "/oauth2/authorize", None, "authorization"),
    ("GET", "/authorize", None, "authorization"),
    ("GET", "/oauth2/sign-in", None, "authorization"),
    ("POST", "/oauth2/consent", None, "authorization"),
    ("GET", "/oauth2/error", None, "authorization"),
    ("POST", "/oauth2/token", "authorization_code", "token"),
    ("POST", "/oauth2/token", None, "token"),
    ("POST", "/oauth2/token", "client_credentials", "token"),
    ("POST", "/oauth2/token", "refresh_token", "refresh"),
    ("POST", "/oauth2/token", DEVICE, "device"),
    ("OPTIONS", "/oauth2/token", None, "token"),
    ("POST", "/oauth2/token\n", None, "api"),
    ("POST", "/oauth2/device_authorization", None, "device"),
    ("GET", "/oauth2/device", None, "device"),
    ("GET", "/oauth2/jwks", None, "jwks"),
    ("GET", "/sso/jwks/client_1", None, "jwks"),
    ("GET", "/.well-known/jwks.json", None, "jwks"),
    ("POST", "/oauth2/introspection", None, "introspection"),
    ("GET", "/oauth2/userinfo", None, "userinfo"),
    ("GET", "/sso/logout", None, "logout"),
    ("GET", "/user_management/sessions/logout", None, "logout"),
    ("GET", "/oauth2/logout", None, "logout"),
    ("POST", "/sso/logout/authorize", None, "api"),
    ("GET", "/sso/authorize", None, "api"),
    ("GET", "/sso/idp", None, "api"),
    ("POST", "/user_management/authenticate", None, "api"),
    ("GET", "/", None, "api"),
]


@pytest.mark.parametrize(("method", "path", "grant_type", "step"), WORKOS)
@pytest.mark.parametrize("authorized", [False, True])
def test_steps_of_workos(method: str, path: str, grant_type: str | None, step: Step, *, authorized: bool) -> None:
    """At WorkOS the path, and for a token request the grant type, name the step; a token does not matter."""
    assert step_of(Asked("workos", method, path, authorized, grant_type)) == step


SERVICE = [
    ("POST", "/mcp", False, [], "challenge"),
    ("POST", "/mcp", False, ["initialize"], "challenge"),
    ("GET", "/logs", False, [], "challenge"),
    ("POST", "/mcp", True, ["initialize"], "session"),
    ("POST", "/mcp", True, ["server/discover"], "session"),
    ("POST", "/mcp", True, ["initialize", "tools/list"], "session"),
    ("POST", "/mcp", True, ["tools/list"], "messages"),
    ("POST", "/mcp", True, ["notifications/initialized"], "messages"),
    ("GET", "/mcp", True, [], "messages"),
    ("DELETE", "/mcp", True, [], "messages"),
    ("GET", "/logs", True, [], "messages"),
    ("POST", "/", True, ["tools/call"], "messages"),
    ("GET", "/.well-known/oauth-protected-resource", False, [], "resource-metadata"),
    ("GET", "/.well-known/oauth-protected-resource/mcp", True, [], "resource-metadata"),
    ("GET", "/.well-known/oauth-protected-resources", False, [], "challenge"),
    ("GET", "/.well-known/oauth-authorization-server/mcp", False, [], "server-metadata"),
    ("GET", "/mcp/.well-known/openid-configuration", False, [], "server-metadata"),
    ("POST", "/register", False, [], "registration"),
    ("GET", "/authorize", False, [], "authorization"),
    ("POST", "/token", False, [], "token"),
]


@pytest.mark.parametrize(("method", "path", "authorized", "mcp_methods", "step"), SERVICE)
def test_steps_of_log_aggregator(
    method: str, path: str, *, authorized: bool, mcp_methods: list[str], step: str
) -> None:
    """At log-aggregator a token parts the challenge from the session and its messages; metadata needs none."""
    assert step_of(Asked("log-aggregator", method, path, authorized, None, frozenset(mcp_methods))) == step


def test_what_workos_asks_of_a_clients_host_is_the_clients_document() -> None:
    """Whatever its path, what WorkOS itself asks of another host is a client's document."""
    assert step_of(Asked("client", "GET", "/oauth2/token", False)) == "client-metadata"
    assert asker_of("client", "client-metadata", "log-aggregator") == "workos"


def test_every_step_is_told_apart_and_has_a_meaning() -> None:
    """The tables above reach every step that a request can be, and each step says in words what it is."""
    reached = {row[-1] for row in WORKOS} | {row[-1] for row in SERVICE} | {"client-metadata"}
    assert reached == set(STEPS)
    assert set(STEP_MEANING) == set(STEPS)


@pytest.mark.parametrize(
    ("system", "step", "user_agent", "path", "asker"),
    [
        ("log-aggregator", "challenge", "claude-code/2", "/mcp", "client"),
        ("log-aggregator", "messages", "Mozilla/5.0", "/mcp", "client"),
        ("log-aggregator", "authorization", "Mozilla/5.0", "/authorize", "client"),
        ("workos", "token", "", "/oauth2/token", "client"),
        ("workos", "device", "", "/oauth2/device_authorization", "client"),
        ("workos", "authorization", "Mozilla/5.0", "/oauth2/authorize", "browser"),
        ("workos", "logout", "", "/sso/logout", "browser"),
        ("workos", "device", "Mozilla/5.0", "/oauth2/device", "browser"),
        ("workos", "api", "Mozilla/5.0", "/sso/authorize", "browser"),
        ("workos", "api", "Mozilla/5.0", "/sso/idp", "browser"),
        ("workos", "api", "node", "/sso/token", "client"),
        ("workos", "api", "node", "/sso/logout/authorize", "client"),
        ("workos", "jwks", "log-aggregator", "/oauth2/jwks", "log-aggregator"),
        ("workos", "jwks", "log-aggregator/1.0", "/oauth2/jwks", "log-aggregator"),
    ],
)
def test_askers(system: System, step: Step, user_agent: str, path: str, asker: Asker) -> None:
    """Pages are asked for by a browser, keys by log-aggregator under its own name, all else by the client."""
    assert asker_of(system, step, user_agent, path) == asker
