"""Signing out at the identity provider."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from tests.workos.api.calls import KEY, NOTEBOOKS, Api
from tests.workos.driver import ORIGIN
from tests.workos.sso.walk import CLIENT, code

GENERIC = {"id": "conn_generic", "organization": NOTEBOOKS, "type": "GenericOIDC", "name": "Generic"}
OKTA = {"id": "conn_okta", "organization": NOTEBOOKS, "type": "OktaSAML", "name": "Okta"}


def profile(api: Api, connection: str = "conn_generic") -> str:
    """Let Ben sign in by a connection; give the id of his profile."""
    api.workos.set(connections=[GENERIC, OKTA])
    asked = {"client_id": CLIENT, "client_secret": KEY, "grant_type": "authorization_code"}
    given = code(api, connection=connection, login_hint="ben@nearby-notebooks.example")
    return str(api.post("/sso/token", asked | {"code": given}, key=None).json["profile"]["id"])


def test_a_browser_signs_out_with_a_token_once(api: Api) -> None:
    """The app asks for a token, and the browser that brings it is signed out; the token is good once."""
    answer = api.post("/sso/logout/authorize", {"profile_id": profile(api)})
    assert answer.status == 200
    assert answer.json["logout_url"] == f"{ORIGIN}/sso/logout?token={answer.json['logout_token']}"
    path = f"/sso/logout?{urlsplit(answer.json['logout_url']).query}"
    assert "ben@nearby-notebooks.example is no longer signed in" in api.workos.http.get(path).text
    assert api.get(path, key=None).status == 404


@pytest.mark.parametrize("query", ["", "?token=", "?token=none"])
def test_nobody_signs_out_without_a_token(api: Api, query: str) -> None:
    """A token that is none is told so."""
    assert api.get(f"/sso/logout{query}", key=None).status == 404


def test_only_a_generic_connection_knows_how(api: Api) -> None:
    """Another type of connection is refused (WorkOS's text)."""
    answer = api.post("/sso/logout/authorize", {"profile_id": profile(api, "conn_okta")})
    assert answer.json == {
        "error": "connection_invalid",
        "error_description": "Single Logout is only supported for GenericOIDC connections.",
    }


def test_a_token_needs_a_key_and_a_profile(api: Api) -> None:
    """Without a key, with an unknown profile or with none, there is no token."""
    assert api.post("/sso/logout/authorize", {"profile_id": profile(api)}, key=None).status == 401
    assert api.post("/sso/logout/authorize", {"profile_id": "prof_none"}).status == 404
    assert api.post("/sso/logout/authorize", {}).status == 422
    assert api.post("/sso/logout/authorize", form=b"{", content_type="application/json").status == 422
