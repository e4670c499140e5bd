"""The beginning of single sign-on: the selectors, and every error that goes back to the app."""

from __future__ import annotations

from typing import Any

import pytest

from tests.workos.api.calls import NOTEBOOKS, PRESS, Api
from tests.workos.driver import CHALLENGE, error_page, fields, page_kind
from tests.workos.sso.walk import APP, ENTRA, IDP, OKTA, answer, authorize, code


def connection(name: str, **change: Any) -> dict[str, Any]:
    """Give the settings of a connection of Harbour Press."""
    return {"id": f"conn_{name}", "organization": PRESS, "type": "OktaSAML", "name": name} | change


@pytest.mark.parametrize(
    ("selector", "says"),
    [
        ({"connection": OKTA}, "Sign in with <bdi>Okta</bdi>"),
        ({"connection": ENTRA}, "Sign in with <bdi>Microsoft Entra ID</bdi>"),
        ({"organization": PRESS}, "Harbour Press Entra ID"),
        ({"provider": "GoogleOAuth"}, "Sign in with <bdi>Google</bdi>"),
        ({"provider": "MicrosoftOAuth"}, "Sign in with <bdi>Microsoft</bdi>"),
        ({"provider": "GitHubOAuth"}, "Sign in with <bdi>GitHub</bdi>"),
        ({"provider": "AppleOAuth"}, "Sign in with <bdi>Apple</bdi>"),
    ],
)
def test_each_selector_leads_to_its_identity_provider(api: Api, selector: dict[str, str], says: str) -> None:
    """A connection, an organization with one, and a provider lead to the page that plays the provider."""
    begun = authorize(api, **selector)
    assert (begun.status_code, begun.headers["Location"].partition("?")[0]) == (302, IDP)
    page = api.workos.http.get(begun.headers["Location"])
    assert page_kind(page) == "identity-provider"
    assert says in page.text
    assert "the sandbox plays it" in page.text


def test_the_app_gets_a_code_and_its_state(api: Api) -> None:
    """Who is vouched for is sent back to the app, with a code and the state as it was."""
    sent = answer(api, authorize(api, state="with & and é"))
    assert sent.headers["Location"].startswith(f"{APP}?code=")
    assert fields(sent)["state"] == "with & and é"


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"connection": None}, "invalid_connection_selector"),
        ({"connection": OKTA, "organization": PRESS}, "invalid_connection_selector"),
        ({"connection": OKTA, "provider": "GoogleOAuth"}, "invalid_connection_selector"),
        ({"provider": "TelepathyOAuth"}, "invalid_connection_selector"),
        ({"connection": "conn_none"}, "connection_invalid"),
        ({"organization": "org_none"}, "organization_invalid"),
        ({"domain": "harbour-press.example"}, "domain_connection_selector_not_allowed"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"code_challenge": CHALLENGE}, "invalid_request"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request"),
    ],
)
def test_a_mistake_goes_back_to_the_app(api: Api, asked: dict[str, str | None], error: str) -> None:
    """What is wrong with a request is told to the app, with the state, and a person sees no page."""
    response = authorize(api, **asked)
    sent = fields(response)
    assert response.headers["Location"].startswith(f"{APP}?")
    assert (sent["error"], sent["state"]) == (error, "a state")
    assert sent["error_description"]
    assert "code" not in sent


@pytest.mark.parametrize(
    ("connections", "asked", "error"),
    [
        ([connection("a"), connection("b")], {"organization": PRESS}, "ambiguous_connection_selector"),
        ([connection("a", state="inactive")], {"organization": PRESS}, "connection_unlinked"),
        ([connection("a", state="inactive")], {"connection": "conn_a"}, "connection_unlinked"),
        ([], {"organization": PRESS}, "connection_invalid"),
        (
            [connection("a", type="GoogleOAuth"), connection("b", type="GoogleOAuth")],
            {"provider": "GoogleOAuth"},
            "connection_strategy_invalid",
        ),
    ],
)
def test_what_the_environment_has_decides(
    api: Api, connections: list[dict[str, Any]], asked: dict[str, str | None], error: str
) -> None:
    """The same selector fails where the connections of the environment do not fit it."""
    api.workos.set(connections=connections)
    assert fields(authorize(api, **asked))["error"] == error


def test_of_several_connections_the_only_active_one_is_meant(api: Api) -> None:
    """An organization that keeps an old connection signs in by the new one."""
    api.workos.set(connections=[connection("old", state="inactive"), connection("new", type="PingOneSAML")])
    begun = authorize(api, organization=PRESS)
    assert "PingOne" in api.workos.http.get(begun.headers["Location"]).text


def test_a_domain_selects_where_that_is_still_allowed(api: Api) -> None:
    """The deprecated selector works by a setting, and then a domain without a connection is told so."""
    api.workos.set(domain_selector=True)
    assert authorize(api, domain="Harbour-Press.example").headers["Location"].startswith(IDP)
    assert fields(authorize(api, domain="elsewhere.example"))["error"] == "connection_domain_invalid"


def test_a_parameter_that_came_twice_is_refused(api: Api) -> None:
    """Nobody guesses which of two selectors of a name is meant (RFC 6749, section 3.1)."""
    assert fields(authorize(api, ("connection", ENTRA)))["error"] == "invalid_request"


@pytest.mark.parametrize("client_id", [None, "", "client_other", "client_01SANDB0XCLA1DEWEB000000000"])
def test_another_client_is_told_to_the_person(api: Api, client_id: str | None) -> None:
    """Only the environment's client id is good, no Connect application's (OBSERVED)."""
    assert error_page(authorize(api, client_id=client_id)) == "client-id-invalid"


@pytest.mark.parametrize(
    "redirect_uri",
    [
        None,
        "",
        "/callback",
        "http://evil.example/",
        "https://app.example/#fragment",
        "https://user:password@app.example/",
        "javascript:alert(1)",
        "https://app.example/\r\nx",
    ],
)
def test_an_untrusted_redirect_uri_is_told_to_the_person(api: Api, redirect_uri: str | None) -> None:
    """No browser is sent to a place that is none, or not safe."""
    assert error_page(authorize(api, redirect_uri=redirect_uri)) == "redirect-uri-invalid"


def test_the_dashboard_may_list_the_redirects(api: Api) -> None:
    """Where the dashboard lists redirect URIs, no other is good."""
    api.workos.set(redirect_uris=["https://app.example/callback"])
    assert error_page(authorize(api)) == "redirect-uri-invalid"
    assert authorize(api, redirect_uri="https://app.example/callback").headers["Location"].startswith(IDP)


@pytest.mark.parametrize(("sign_in", "sent"), [("automatic", "code"), ("deny", "error")])
def test_a_world_without_pages_answers_at_once(api: Api, sign_in: str, sent: str) -> None:
    """Where the world signs people in or refuses them by itself, so it does here; a member comes first."""
    api.workos.set(sign_in=sign_in)
    response = authorize(api, organization=NOTEBOOKS)
    assert sent in fields(response)
    assert response.headers["Location"].startswith(APP)


def test_automatic_sign_in_takes_a_member(api: Api) -> None:
    """By itself the world signs in a member of the organization, or whom the app suggests."""
    api.workos.set(sign_in="automatic")
    for organization in (NOTEBOOKS, PRESS):
        api.put(f"/organizations/{organization}", {"allow_profiles_outside_organization": True})
    for asked, email in (
        ({"organization": PRESS}, "ben@nearby-notebooks.example"),
        ({"organization": NOTEBOOKS}, "ada@nearby-notebooks.example"),
        ({"organization": NOTEBOOKS, "login_hint": "clem@freelance.example"}, "clem@freelance.example"),
    ):
        exchanged = {"client_id": api.workos.authkit.settings.client_id, "client_secret": "sk_test_sandbox"}
        exchanged |= {"grant_type": "authorization_code", "code": fields(authorize(api, **asked))["code"]}
        assert api.post("/sso/token", exchanged, key=None).json["profile"]["email"] == email


@pytest.mark.parametrize("asked", [{"connection": ENTRA}, {"connection": OKTA, "login_hint": "clem@freelance.example"}])
def test_automatic_sign_in_lets_no_outsider_in(api: Api, asked: dict[str, str]) -> None:
    """By itself the world refuses as the page does: who has an address of another domain, member or not."""
    api.workos.set(sign_in="automatic")
    assert fields(authorize(api, **asked))["error"] == "profile_not_allowed_outside_organization"


def test_a_code_of_one_kind_is_none_of_another(api: Api) -> None:
    """A code of single sign-on is refused at the token endpoint of AuthKit."""
    client = api.workos.register()
    assert api.workos.token(client, code(api)).get_json()["error"] == "invalid_grant"
