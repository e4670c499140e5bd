"""Invitations, over the API."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.workos.api.calls import BEN, NOTEBOOKS, PRESS, Api
from tests.workos.driver import ADA, CLEM

INVITATIONS = "/user_management/invitations"
MEMBERSHIPS = "/user_management/organization_memberships"
EMAIL = "foo@foo.example"
CLEMS = "clem@freelance.example"
DAY = 86_400


def invited(api: Api, email: str = EMAIL, **more: Any) -> Any:
    """Invite somebody."""
    answer = api.post(INVITATIONS, {"email": email} | more)
    assert answer.status == 201, answer
    return answer.json


def statuses(api: Api, user: str) -> list[tuple[str, str]]:
    """Give the user's memberships, as status and role."""
    listed = api.get(f"{MEMBERSHIPS}?user_id={user}&statuses=active,pending,inactive").json["data"]
    return [(one["status"], one["role"]["slug"]) for one in listed]


def test_one_that_is_sent_is_there(api: Api) -> None:
    """An invitation is found by its id, by the token of its link, and in the lists."""
    made = invited(api, organization_id=PRESS, inviter_user_id=BEN, role_slug="admin")
    assert (made["state"], made["role_slug"], made["inviter_user_id"]) == ("pending", "admin", BEN)
    assert api.get(f"{INVITATIONS}/{made['id']}").json == made
    assert api.get(f"{INVITATIONS}/by_token/{made['token']}").json == made
    for query in ("", f"?email={EMAIL.upper()}", f"?organization_id={PRESS}"):
        assert api.get(INVITATIONS + query).json["data"] == [made]
    assert api.get(f"{INVITATIONS}?organization_id={NOTEBOOKS}").json["data"] == []
    link = urlsplit(made["accept_invitation_url"])
    assert (link.netloc, link.query) == ("localhost:4100", f"invitation_token={made['token']}")


def test_a_user_who_accepts_joins(api: Api) -> None:
    """A user who is invited is a pending member; accepting makes them an active one, with the role promised."""
    made = invited(api, CLEMS, organization_id=PRESS, role_slug="admin")
    assert statuses(api, CLEM) == [("pending", "admin")]
    accepted = api.post(f"{INVITATIONS}/{made['id']}/accept").json
    assert (accepted["state"], accepted["accepted_user_id"]) == ("accepted", CLEM)
    assert accepted["accepted_at"] == accepted["updated_at"]
    assert statuses(api, CLEM) == [("active", "admin")]


def test_somebody_new_signs_up_before_they_accept(api: Api) -> None:
    """Accepting needs a user of that email address; once there is one, they join."""
    made = invited(api, organization_id=PRESS)
    assert api.post(f"{INVITATIONS}/{made['id']}/accept").status == 404
    user = api.post("/user_management/users", {"email": EMAIL}).json["id"]
    assert api.post(f"{INVITATIONS}/{made['id']}/accept").json["accepted_user_id"] == user
    assert statuses(api, user) == [("active", "member")]


def test_an_invitation_without_an_organization_is_to_sign_up(api: Api) -> None:
    """It has no role, and makes nobody a member."""
    made = invited(api)
    assert (made["organization_id"], made["role_slug"]) == (None, None)
    user = api.post("/user_management/users", {"email": EMAIL}).json["id"]
    assert api.post(f"{INVITATIONS}/{made['id']}/accept").json["state"] == "accepted"
    assert statuses(api, user) == []


def test_one_that_is_revoked_is_worth_nothing(api: Api) -> None:
    """It can be neither accepted, nor sent, nor revoked again; the pending membership is gone."""
    made = invited(api, CLEMS, organization_id=PRESS)
    revoked = api.post(f"{INVITATIONS}/{made['id']}/revoke").json
    assert revoked["state"] == "revoked"
    assert revoked["revoked_at"] is not None
    assert statuses(api, CLEM) == []
    assert api.post(f"{INVITATIONS}/{made['id']}/accept").json["code"] == "invite_not_pending"
    assert api.post(f"{INVITATIONS}/{made['id']}/revoke").json["code"] == "invite_not_pending"
    assert api.post(f"{INVITATIONS}/{made['id']}/resend", {}).json["code"] == "invite_revoked"


@pytest.mark.parametrize(("days", "seconds"), [(None, 7 * DAY), (1, DAY), (30, 30 * DAY)])
def test_one_expires_by_the_sandboxs_clock(api: Api, days: int | None, seconds: int) -> None:
    """It is pending for its days, seven unless it says, and expired from then on."""
    made = invited(api, expires_in_days=days)
    path = f"{INVITATIONS}/{made['id']}"
    api.workos.clock.advance(seconds - 1)
    assert api.get(path).json["state"] == "pending"
    assert api.post(f"{path}/resend", {"locale": "de"}).json["state"] == "pending"
    api.workos.clock.advance(1)
    assert api.get(path).json["state"] == "expired"
    assert api.post(f"{path}/accept").json["code"] == "invite_not_pending"
    assert api.post(f"{path}/resend", {}).json["code"] == "invite_expired"
    assert invited(api)["state"] == "pending"


def test_one_that_was_accepted_is_done(api: Api) -> None:
    """It cannot be sent again or revoked."""
    made = invited(api, CLEMS, organization_id=PRESS)
    api.post(f"{INVITATIONS}/{made['id']}/accept")
    assert api.post(f"{INVITATIONS}/{made['id']}/resend", {}).json["code"] == "invite_accepted"
    assert api.post(f"{INVITATIONS}/{made['id']}/revoke").json["code"] == "invite_not_pending"
    assert statuses(api, CLEM) == [("active", "member")]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "invalid_request_parameters"),
        ({"email": "no address"}, 422, "invalid_request_parameters"),
        ({"email": EMAIL, "expires_in_days": "1"}, 422, "invalid_request_parameters"),
        ({"email": EMAIL, "expires_in_days": 0}, 400, "expires_in_days_too_short"),
        ({"email": EMAIL, "expires_in_days": 31}, 400, "expires_in_days_too_long"),
        ({"email": EMAIL, "expires_in_days": 10**30}, 400, "expires_in_days_too_long"),
        ({"email": EMAIL, "organization_id": PRESS, "role_slug": "king"}, 400, "invalid_role"),
        ({"email": EMAIL, "organization_id": "org_none"}, 404, "entity_not_found"),
        ({"email": EMAIL, "inviter_user_id": "user_none"}, 404, "entity_not_found"),
        ({"email": EMAIL, "locale": "?"}, 422, "invalid_request_parameters"),
        ({"email": "ada@nearby-notebooks.example"}, 400, "user_already_exists"),
        ({"email": CLEMS.upper(), "organization_id": PRESS}, 400, "email_already_invited_to_organization"),
        (
            {"email": "ben@nearby-notebooks.example", "organization_id": PRESS},
            400,
            "user_already_organization_member",
        ),
        ({"email": "bar@foo.example"}, 400, "email_already_invited"),
    ],
)
def test_a_bad_body_invites_nobody(api: Api, body: Any, status: int, code: str) -> None:
    """The refusal has WorkOS's shape, and no invitation was sent."""
    invited(api, CLEMS, organization_id=PRESS)
    invited(api, "bar@foo.example")
    answer = api.post(INVITATIONS, body)
    assert (answer.status, answer.json["code"]) == (status, code)
    assert len(api.get(INVITATIONS).json["data"]) == 2
    assert statuses(api, ADA) == [("active", "admin")]


def test_an_unknown_invitation_is_not_found(api: Api) -> None:
    """There is nothing at an unknown id or token."""
    assert api.get(f"{INVITATIONS}/invitation_none").status == 404
    assert api.get(f"{INVITATIONS}/by_token/none").status == 404
    for action in ("accept", "revoke", "resend"):
        assert api.post(f"{INVITATIONS}/invitation_none/{action}", {}).status == 404
