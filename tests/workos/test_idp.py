"""The page that plays an identity provider."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import get_args

import pytest
from werkzeug.test import TestResponse

from sandbox.settings.kinds import ConnectionType
from sandbox.workos.idp import Kind, kind_of
from tests.workos.api.app import authorize as authorize_session
from tests.workos.api.calls import BEN, KEY, NOTEBOOKS, Api
from tests.workos.api.conftest import api
from tests.workos.driver import ADA, CLEM, error_page, fields, page_kind
from tests.workos.sso.walk import APP, CLIENT, ENTRA, IDP, OKTA, answer, authorize, code, deactivate

__all__ = ["api"]

FIRST = re.compile(r'name="user_id" value="([^"]+)"')
DECISIONS = re.compile(r'name="decision" value="([^"]+)"')


def page(api: Api, **asked: str) -> str:
    """Open the page of a sign-in."""
    return api.workos.http.get(authorize(api, **asked).headers["Location"]).text


@pytest.mark.parametrize(
    ("connection_type", "kind"),
    [
        ("OktaSAML", Kind("Okta", "SAML 2.0")),
        ("EntraIdOIDC", Kind("Microsoft Entra ID", "OpenID Connect")),
        ("GoogleOAuth", Kind("Google", "OAuth 2.0")),
        ("LoginGovOidc", Kind("Login.gov", "OpenID Connect")),
        ("TestIdp", Kind("the test identity provider", "OpenID Connect")),
    ],
)
def test_a_type_says_whose_page_it_is(connection_type: str, kind: Kind) -> None:
    """The type of a connection names the provider and the protocol."""
    assert kind_of(connection_type) == kind


@pytest.mark.parametrize("connection_type", get_args(ConnectionType))
def test_every_type_has_a_page(api: Api, connection_type: str) -> None:
    """There is no type of connection that a person cannot sign in with."""
    api.workos.set(connections=[{"id": "conn_1", "organization": "org_1", "type": connection_type, "name": "x"}])
    assert kind_of(connection_type).provider in page(api, connection="conn_1")


@pytest.mark.parametrize(
    ("asked", "errors"),
    [
        ({"connection": OKTA}, ["access_denied", "signin_consent_denied", "server_error"]),
        ({"connection": ENTRA}, ["access_denied", "signin_consent_denied", "oauth_failed", "server_error"]),
        ({"provider": "GoogleOAuth"}, ["access_denied", "signin_consent_denied", "oauth_failed", "server_error"]),
    ],
)
def test_it_refuses_and_fails(api: Api, asked: dict[str, str], errors: list[str]) -> None:
    """Every way to end without a person is a button, and the app gets its error; a SAML provider grants nothing."""
    buttons = [button for button in DECISIONS.findall(page(api, **asked)) if button != "approve"]
    assert ["access_denied" if button == "deny" else button for button in buttons] == errors
    for button, error in zip(buttons, errors, strict=True):
        sent = answer(api, authorize(api, **asked), decision=button)
        assert sent.headers["Location"].startswith(f"{APP}?")
        assert (fields(sent)["error"], fields(sent)["state"]) == (error, "a state")


def test_an_outsider_is_vouched_for_and_not_let_in(api: Api) -> None:
    """Who has an address of another domain is refused, unless the organization allows it."""
    assert "Outside" in page(api, connection=OKTA)
    sent = fields(answer(api, authorize(api), user=CLEM))
    assert sent["error"] == "profile_not_allowed_outside_organization"
    api.put(f"/organizations/{NOTEBOOKS}", {"allow_profiles_outside_organization": True})
    assert code(api, user=CLEM)


@pytest.mark.parametrize(("domains", "lets_in"), [("pending", False), ("verified", True), (None, False)])
def test_a_domain_counts_once_it_is_verified(api: Api, domains: str | None, lets_in: bool) -> None:  # noqa: FBT001
    """A domain that waits to be verified lets nobody in; where none is verified, nobody is of the organization's."""
    given = [] if domains is None else [{"domain": "freelance.example", "state": domains}]
    api.put(f"/organizations/{NOTEBOOKS}", {"domain_data": given})
    sent = fields(answer(api, authorize(api), user=CLEM))
    assert sent.get("error") == (None if lets_in else "profile_not_allowed_outside_organization")


@pytest.mark.parametrize("begun", [authorize, partial(authorize_session, connection_id=OKTA)])
def test_who_is_sent_to_the_identity_provider_signs_in_there(api: Api, begun: Callable[[Api], TestResponse]) -> None:
    """AuthKit's own page neither shows such a sign-in nor takes an answer to it; nothing is lost by the attempt."""
    sent = begun(api)
    session = {"authorization_session_id": fields(sent)["authorization_session_id"], "user_id": CLEM}
    shown = api.workos.http.get("/oauth2/sign-in", query_string=session)
    assert (error_page(shown), error_page(api.workos.post("/oauth2/sign-in", session))) == ("sign_in_ended",) * 2
    assert fields(answer(api, sent, user=ADA))["code"]


def test_who_is_sent_to_authkits_page_signs_in_there(api: Api) -> None:
    """The identity provider's page takes no answer to a sign-in that is not for it."""
    session = {"authorization_session_id": fields(authorize_session(api))["authorization_session_id"], "user_id": ADA}
    assert error_page(api.workos.post(IDP, session | {"decision": "approve"})) == "sign_in_ended"
    assert fields(api.workos.post("/oauth2/sign-in", session))["code"]


def test_who_chooses_an_organization_goes_back_to_where_they_came_from(api: Api) -> None:
    """Ben came by Google; on the page of his organizations, somebody else is chosen at Google again."""
    chosen = answer(api, authorize_session(api, provider="GoogleOAuth"), user=BEN)
    page = api.workos.http.get(chosen.headers["Location"])
    assert page_kind(page) == "organization"
    assert '<a href="/sso/idp?' in page.text


@pytest.mark.parametrize("decision", ["", "approve", "deny"])
def test_a_connection_that_becomes_inactive_on_the_way_is_told_to_the_app(api: Api, decision: str) -> None:
    """Neither the page nor an answer to it goes on; the sign-in is over."""
    begun = authorize(api)
    deactivate(api)
    sent = answer(api, begun, decision=decision) if decision else api.workos.http.get(begun.headers["Location"])
    assert (fields(sent)["error"], fields(sent)["state"]) == ("connection_unlinked", "a state")
    assert error_page(api.workos.http.get(begun.headers["Location"])) == "sign_in_ended"


def test_a_provider_of_no_organization_takes_anybody(api: Api) -> None:
    """With an account of one's own there is no outside, and the profile names no organization."""
    given = code(api, user=CLEM, provider="GoogleOAuth")
    asked = {"client_id": CLIENT, "client_secret": KEY, "grant_type": "authorization_code", "code": given}
    profile = api.post("/sso/token", asked, key=None).json["profile"]
    assert (profile["connection_type"], profile["organization_id"]) == ("GoogleOAuth", None)
    assert profile["role"] is None
    assert profile["connection_id"].startswith("conn_")


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ({"connection": OKTA}, ADA),
        ({"connection": ENTRA}, BEN),
        ({"connection": OKTA, "login_hint": "ben@nearby-notebooks.example"}, BEN),
    ],
)
def test_the_likeliest_comes_first(api: Api, asked: dict[str, str], first: str) -> None:
    """Whom the app suggests is offered first, then the members of the organization."""
    assert FIRST.findall(page(api, **asked))[0] == first


@pytest.mark.parametrize(
    "form", [{"user_id": "user_none", "decision": "approve"}, {"user_id": BEN}, {"user_id": BEN, "decision": "odd"}]
)
def test_an_answer_that_is_none_shows_the_page_again(api: Api, form: dict[str, str]) -> None:
    """A form that no button of the page sends changes nothing."""
    session = {"authorization_session_id": fields(authorize(api))["authorization_session_id"]}
    again = api.workos.post(IDP, session | form)
    assert page_kind(api.workos.http.get(again.headers["Location"])) == "identity-provider"


def test_the_sign_in_belongs_to_its_browser(api: Api) -> None:
    """Another browser cannot go on with it, and once answered it is over."""
    begun = authorize(api)
    assert error_page(api.workos.browser().get(begun.headers["Location"])) == "sign_in_ended"
    assert "code" in fields(answer(api, begun))
    assert error_page(answer(api, begun)) == "sign_in_ended"


def test_a_connection_that_is_deleted_meanwhile_ends_the_sign_in(api: Api) -> None:
    """Who deletes the connection ends the sign-ins that wait at it."""
    begun = authorize(api)
    api.delete(f"/connections/{OKTA}")
    assert error_page(answer(api, begun)) == "sign_in_ended"


def test_a_world_without_users_can_still_refuse(api: Api) -> None:
    """Where nobody can be vouched for, the page says so and still ends the sign-in."""
    api.workos.set(users=[])
    assert "It can vouch for nobody" in page(api)
    assert fields(answer(api, authorize(api), decision="deny"))["error"] == "access_denied"
