"""Where members must come by their organization's connection, nobody enters it another way."""

from __future__ import annotations

from typing import Any

import pytest

from tests.workos.api.app import (
    ADA_EMAIL,
    CLEM_EMAIL,
    GRANT,
    authenticate,
    authorize,
    by_device,
    by_password,
    session,
)
from tests.workos.api.calls import BEN, NOTEBOOKS, PRESS, Answer, Api
from tests.workos.driver import ADA, CLEM, fields
from tests.workos.sso.walk import ENTRA, OKTA, answer

MEMBERSHIPS = "/user_management/organization_memberships"
INVITATIONS = "/user_management/invitations"


@pytest.fixture(autouse=True)
def _required(api: Api) -> None:
    api.workos.set(authentication={"sso": "required"})


def came_by(api: Api, user: str, *, invitation_token: str | None = None, **selector: str) -> Answer:
    """Sign in at an identity provider, and exchange the code."""
    one = fields(answer(api, authorize(api, **selector), user=user))["code"]
    return authenticate(api, "authorization_code", code=one, invitation_token=invitation_token)


def refused(answer: Answer, connection: str) -> bool:
    """Say whether single sign-on by this connection is wanted."""
    assert (answer.status, answer.json.get("error")) == (400, "sso_required"), answer.json
    return bool(answer.json["connection_ids"] == [connection])


def invite(api: Api, email: str, organization: str) -> dict[str, Any]:
    """Invite somebody to an organization."""
    return dict(api.post(INVITATIONS, {"email": email, "organization_id": organization}).json)


def test_who_comes_by_the_connection_is_let_in(api: Api) -> None:
    """The rule is kept."""
    assert came_by(api, ADA, connection_id=OKTA).json["organization_id"] == NOTEBOOKS


def test_another_provider_is_not_the_organizations(api: Api) -> None:
    """With an account of her own at Google Ada does not enter; Clem, who belongs to none, signs in with it."""
    assert refused(came_by(api, ADA, provider="GoogleOAuth"), OKTA)
    assert came_by(api, CLEM, provider="GoogleOAuth").status == 200


def test_a_session_switches_to_where_its_connection_belongs(api: Api) -> None:
    """Who came by one organization's connection does not get into another that has its own, but stays signed in."""
    token = came_by(api, BEN, connection_id=OKTA).json["refresh_token"]

    assert refused(authenticate(api, "refresh_token", refresh_token=token, organization_id=PRESS), ENTRA)
    assert authenticate(api, "refresh_token", refresh_token=token).json["organization_id"] == NOTEBOOKS


def test_an_organization_without_a_connection_takes_any(api: Api) -> None:
    """Where there is no connection there is nothing to come by."""
    made = api.post("/organizations", {"name": "Elsewhere"}).json["id"]
    api.post(MEMBERSHIPS, {"user_id": BEN, "organization_id": made})
    token = came_by(api, BEN, connection_id=OKTA).json["refresh_token"]

    switched = authenticate(api, "refresh_token", refresh_token=token, organization_id=made)
    assert switched.json["organization_id"] == made


def test_an_approved_device_is_not_the_connection(api: Api) -> None:
    """A person who approves on AuthKit's page does not come by the connection."""
    assert refused(by_device(api, ADA), OKTA)


@pytest.mark.parametrize("way", ["password", "magic", "another connection"])
def test_a_refused_sign_in_accepts_no_invitation(api: Api, way: str) -> None:
    """The invitation is pending as before, the membership too, and nothing else was joined on the way."""
    sent = invite(api, CLEM_EMAIL, NOTEBOOKS)
    token = {"invitation_token": sent["token"]}
    if way == "password":
        answered = by_password(api, CLEM_EMAIL, **token)
    elif way == "magic":
        api.post("/user_management/magic_auth", {"email": CLEM_EMAIL})
        answered = authenticate(api, GRANT + "magic-auth:code", email=CLEM_EMAIL, code="424242", **token)
    else:
        answered = came_by(api, CLEM, connection_id=ENTRA, **token)

    assert refused(answered, OKTA)
    assert api.get(f"{INVITATIONS}/{sent['id']}").json["state"] == "pending"
    joined = api.get(f"{MEMBERSHIPS}?user_id={CLEM}&statuses=active,pending").json["data"]
    assert [(one["organization_id"], one["status"]) for one in joined] == [(NOTEBOOKS, "pending")]
    assert came_by(api, CLEM, connection_id=OKTA, **token).json["organization_id"] == NOTEBOOKS


def test_an_invitation_elsewhere_is_not_the_connection(api: Api) -> None:
    """Ada comes by her own organization's connection with an invitation to another, which has one of its own."""
    token = invite(api, ADA_EMAIL, PRESS)["token"]

    assert refused(came_by(api, ADA, connection_id=OKTA, invitation_token=token), ENTRA)


def test_a_session_from_before_goes_on(api: Api) -> None:
    """Who is signed in already enters nothing by refreshing (UNCERTAIN)."""
    api.workos.set(authentication={"sso": "allowed"})
    token = session(api)["refresh_token"]
    api.workos.set(authentication={"sso": "required"})

    assert authenticate(api, "refresh_token", refresh_token=token).status == 200
