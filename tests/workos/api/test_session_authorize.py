"""GET /user_management/authorize, and the way back to the app."""

from __future__ import annotations

import pytest

from tests.workos.api.app import authenticate, authorize, code
from tests.workos.api.calls import BEN, NOTEBOOKS, PRESS, Api
from tests.workos.driver import ADA, CHALLENGE, CLEM, error_page, fields, page_kind
from tests.workos.sso.walk import APP, ENTRA, IDP, OKTA, deactivate


def test_a_person_signs_in_on_the_page(api: Api) -> None:
    """The page says which app waits; one click sends the browser back with a code and the state."""
    begun = authorize(api)
    page = api.workos.http.get(begun.headers["Location"])
    assert page_kind(page) == "sign-in"
    assert "localhost:3000" in page.text

    back = api.workos.signed_in(begun, user=ADA)
    assert back.headers["Location"].startswith(f"{APP}?code=")
    assert set(fields(back)) == {"code", "state"}
    assert fields(back)["state"] == "a state"


def test_who_belongs_to_several_chooses(api: Api) -> None:
    """Ben chooses, and the session is for the organization that he chose."""
    answer = authenticate(api, "authorization_code", code=code(api, BEN, organization=PRESS))

    assert answer.json["organization_id"] == PRESS


def test_an_organization_can_be_asked_for(api: Api) -> None:
    """With provider authkit and an organization nobody chooses; who is no member of it is refused."""
    one = code(api, BEN, provider="authkit", organization_id=PRESS)
    assert authenticate(api, "authorization_code", code=one).json["organization_id"] == PRESS

    refused = api.workos.signed_in(authorize(api, provider="authkit", organization_id=PRESS), user=CLEM)
    assert fields(refused)["error"] == "access_denied"


@pytest.mark.parametrize(
    ("selector", "method", "organization"),
    [
        ({"connection_id": OKTA}, "SSO", NOTEBOOKS),
        ({"organization_id": PRESS}, "SSO", PRESS),
        ({"provider": "GoogleOAuth"}, "GoogleOAuth", None),
    ],
)
def test_an_identity_provider_can_be_asked_for(
    api: Api, selector: dict[str, str], method: str, organization: str | None
) -> None:
    """A connection, an organization with one, or a provider leads to its page, and the session says so."""
    begun = authorize(api, **selector)
    assert begun.headers["Location"].startswith(f"{IDP}?")
    at_idp = {"authorization_session_id": fields(begun)["authorization_session_id"], "user_id": CLEM}
    back = api.workos.post(IDP, at_idp | {"decision": "approve"})

    answer = authenticate(api, "authorization_code", code=fields(back)["code"]).json
    assert answer["authentication_method"] == method
    assert answer.get("organization_id") == organization


def test_who_comes_by_a_connection_becomes_a_member(api: Api) -> None:
    """Single sign-on makes Clem a member of the connection's organization (just-in-time provisioning)."""
    begun = authorize(api, connection_id=ENTRA)
    at_idp = {"authorization_session_id": fields(begun)["authorization_session_id"], "user_id": CLEM}
    back = api.workos.post(IDP, at_idp | {"decision": "approve"})
    authenticate(api, "authorization_code", code=fields(back)["code"])

    listed = api.get(f"/user_management/organization_memberships?user_id={CLEM}").json["data"]
    assert [one["organization_id"] for one in listed] == [PRESS]


def came_by_entra(api: Api, user: str = CLEM) -> str:
    """Sign in at Harbour Press's identity provider; give the code that the app gets."""
    begun = authorize(api, connection_id=ENTRA)
    at_idp = {"authorization_session_id": fields(begun)["authorization_session_id"], "user_id": user}
    return fields(api.workos.post(IDP, at_idp | {"decision": "approve"}))["code"]


@pytest.mark.parametrize("gone", [f"/connections/{ENTRA}", f"/organizations/{PRESS}"])
def test_a_connection_that_is_gone_meanwhile_lets_nobody_in(api: Api, gone: str) -> None:
    """Between the identity provider and the exchange the connection goes: no session, and nobody joined."""
    one = came_by_entra(api)
    api.delete(gone)

    assert authenticate(api, "authorization_code", code=one).json["error"] == "invalid_grant"
    assert api.get(f"/user_management/organization_memberships?user_id={CLEM}").json["data"] == []


def test_a_connection_that_becomes_inactive_meanwhile_lets_nobody_in(api: Api) -> None:
    """Inactive is as good as gone: no session, and nobody joined."""
    at_idp = {"authorization_session_id": fields(authorize(api, connection_id=OKTA))["authorization_session_id"]}
    one = fields(api.workos.post(IDP, at_idp | {"user_id": CLEM, "decision": "approve"}))["code"]
    deactivate(api)

    answer = authenticate(api, "authorization_code", code=one)
    assert (answer.status, answer.json["error"]) == (400, "invalid_grant")
    assert api.get(f"/user_management/organization_memberships?user_id={CLEM}").json["data"] == []


def test_who_is_invited_and_comes_by_the_connection_is_a_member(api: Api) -> None:
    """A pending membership becomes active by single sign-on."""
    api.post("/user_management/invitations", {"email": "clem@freelance.example", "organization_id": PRESS})

    answer = authenticate(api, "authorization_code", code=came_by_entra(api))
    assert answer.json["organization_id"] == PRESS
    (joined,) = api.get(f"/user_management/organization_memberships?user_id={CLEM}").json["data"]
    assert joined["status"] == "active"


def test_who_left_meanwhile_gets_no_session_of_the_organization(api: Api) -> None:
    """Between the page and the exchange Ben leaves the organization that he chose: the exchange is refused."""
    one = code(api, BEN, organization=PRESS)
    joined = api.get(f"/user_management/organization_memberships?user_id={BEN}&organization_id={PRESS}").json["data"]
    api.delete(f"/user_management/organization_memberships/{joined[0]['id']}")

    answer = authenticate(api, "authorization_code", code=one)
    assert (answer.status, answer.json["error"]) == (400, "organization_membership_not_found")


def test_an_identity_provider_can_refuse(api: Api) -> None:
    """A refusal there goes back to the app."""
    begun = authorize(api, connection_id=OKTA)
    at_idp = {"authorization_session_id": fields(begun)["authorization_session_id"], "decision": "deny"}
    sent = fields(api.workos.post(IDP, at_idp))

    assert "code" not in sent
    assert sent["state"] == "a state"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"client_id": "client_01OTHER"}, "client-id-invalid"),
        ({"client_id": "client_01SANDB0XCLA1DEWEB000000000"}, "client-id-invalid"),
        ({"client_id": None}, "client-id-invalid"),
        ({"redirect_uri": None}, "redirect-uri-invalid"),
        ({"redirect_uri": "http://evil.example/"}, "redirect-uri-invalid"),
        ({"redirect_uri": "javascript:alert(1)"}, "redirect-uri-invalid"),
        ({"provider": None}, "invalid-connection-selector"),
        ({"provider": ""}, "invalid-connection-selector"),
    ],
)
def test_what_the_app_is_never_told(api: Api, change: dict[str, str | None], error: str) -> None:
    """An unknown client, also one of Connect, an untrusted redirect URI, and no selector end at the error page."""
    begun = authorize(api, **change)

    assert error_page(begun) == error
    assert page_kind(api.workos.http.get(begun.headers["Location"])) == "error"


def test_two_redirect_uris_are_not_trusted(api: Api) -> None:
    """With two redirect URIs the browser is sent to neither."""
    assert error_page(authorize(api, ("redirect_uri", "https://evil.example/"))) == "redirect-uri-invalid"


def test_the_dashboard_may_list_the_redirect_uris(api: Api) -> None:
    """Where the dashboard lists some, only those are trusted."""
    api.workos.set(redirect_uris=["https://app.example/callback"])

    assert error_page(authorize(api)) == "redirect-uri-invalid"
    assert (
        authorize(api, redirect_uri="https://app.example/callback")
        .headers["Location"]
        .startswith("http://localhost:4100/oauth2/sign-in")
    )


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"provider": "NoSuchOAuth"}, "invalid_connection_selector"),
        ({"provider": "authkit", "connection_id": OKTA}, "ambiguous_connection_selector"),
        ({"provider": "authkit", "organization_id": "org_01NOBODYS"}, "organization_invalid"),
        ({"organization_id": "org_01NOBODYS"}, "organization_invalid"),
        ({"connection_id": "conn_01NOBODYS"}, "connection_invalid"),
        ({"connection_id": OKTA, "organization_id": NOTEBOOKS}, "invalid_connection_selector"),
        ({"code_challenge": CHALLENGE}, "invalid_request"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request"),
    ],
)
def test_what_goes_back_to_the_app(api: Api, change: dict[str, str | None], error: str) -> None:
    """Whatever else is wrong is told to the app, with its state."""
    sent = fields(authorize(api, **change))

    assert (sent["error"], sent["state"]) == (error, "a state")


def test_single_sign_on_can_be_off(api: Api) -> None:
    """Where the dashboard has it off, no connection leads anywhere; the providers do."""
    api.workos.set(authentication={"sso": "off"})

    assert fields(authorize(api, connection_id=OKTA))["error"] == "connection_strategy_invalid"
    assert authorize(api, provider="GoogleOAuth").headers["Location"].startswith(IDP)


@pytest.mark.parametrize(("selector", "organization"), [({}, NOTEBOOKS), ({"organization_id": PRESS}, PRESS)])
def test_a_world_without_pages_signs_in_by_itself(api: Api, selector: dict[str, str], organization: str) -> None:
    """With `sign_in: automatic` the suggested user is back at once, and the session is complete."""
    api.workos.set(sign_in="automatic")
    sent = fields(authorize(api, login_hint="ben@nearby-notebooks.example", **selector))

    answer = authenticate(api, "authorization_code", code=sent["code"])
    assert (answer.json["user"]["id"], answer.json["organization_id"]) == (BEN, organization)


def test_a_world_that_denies_and_a_prompt_of_none(api: Api) -> None:
    """With `sign_in: deny` the app gets a refusal; with `prompt=none` it learns that a person must sign in."""
    assert fields(authorize(api, prompt="none"))["error"] == "login_required"
    api.workos.set(sign_in="deny")
    assert fields(authorize(api))["error"] == "access_denied"


def test_a_code_is_of_the_environment_that_gave_it(api: Api) -> None:
    """The environment has another client id by the time of the exchange: the old one's code gets nothing."""
    one = code(api, ADA)
    api.workos.set(client_id="client_01AN0THERENVIR0NMENT000000")
    answer = authenticate(api, "authorization_code", code=one, client_id="client_01AN0THERENVIR0NMENT000000")
    assert answer.json["error"] == "invalid_grant"


def test_a_world_that_signs_in_by_itself_lets_no_stranger_in(api: Api) -> None:
    """An organization that nobody belongs to is asked for: refused, as on the page."""
    made = api.post("/organizations", {"name": "Nobody's"}).json
    api.workos.set(sign_in="automatic")
    back = authorize(api, provider="authkit", organization_id=made["id"])
    assert fields(back)["error"] == "access_denied"
