"""The pages that emailed links lead to."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.workos.api.calls import PRESS, Api
from tests.workos.api.conftest import api as api  # noqa: PLC0414 - a fixture, for pytest to find here
from tests.workos.driver import ADA, CLEM, page_kind

ADAS = "ada@nearby-notebooks.example"
MEMBERSHIPS = "/user_management/organization_memberships"
NEW = "A new password"


def invited(api: Api, email: str, **more: Any) -> str:
    """Invite somebody; give the path and query of the link."""
    made = api.post("/user_management/invitations", {"email": email} | more).json
    return str(made["accept_invitation_url"]).removeprefix("http://localhost:4100")


def reset(api: Api) -> str:
    """Ask for a new password of Ada's; give the path and query of the link."""
    made = api.post("/user_management/password_reset", {"email": ADAS}).json
    return str(made["password_reset_url"]).removeprefix("http://localhost:4100")


def test_who_is_invited_accepts_by_the_link(api: Api) -> None:
    """The link shows what one is invited to; accepting makes the user a member, and the link is over."""
    link = invited(api, "clem@freelance.example", organization_id=PRESS)
    page = api.workos.http.get(link)
    assert page_kind(page) == "invitation"
    assert "Harbour Press" in page.text
    token = link.rpartition("=")[2]
    answer = api.workos.post("/invite", {"invitation_token": token})
    assert "You have accepted" in answer.text
    (joined,) = api.get(f"{MEMBERSHIPS}?user_id={CLEM}").json["data"]
    assert (joined["organization_id"], joined["status"]) == (PRESS, "active")
    assert "This invitation is over" in api.workos.http.get(link).text
    assert "This invitation is over" in api.workos.post("/invite", {"invitation_token": token}).text


def test_somebody_new_signs_up_by_the_link(api: Api) -> None:
    """Accepting makes a user, whose email address the link has verified."""
    link = invited(api, "foo@foo.example", organization_id=PRESS)
    api.workos.post("/invite", {"invitation_token": link.rpartition("=")[2]})
    (user,) = api.get("/user_management/users?email=foo@foo.example").json["data"]
    assert user["email_verified"] is True
    assert api.get(f"{MEMBERSHIPS}?user_id={user['id']}").json["data"][0]["organization_id"] == PRESS


def test_a_link_that_expired_or_never_was_invites_nobody(api: Api) -> None:
    """The page says that the invitation is over, and nobody signs up."""
    link = invited(api, "foo@foo.example")
    api.workos.clock.advance(7 * 86_400)
    for path in (link, "/invite", "/invite?invitation_token=none"):
        assert "This invitation is over" in api.workos.http.get(path).text
        assert "over" in api.workos.post("/invite", {"invitation_token": path.rpartition("=")[2]}).text
    assert len(api.get("/user_management/users").json["data"]) == 3


def test_a_new_password_is_set_by_the_link(api: Api) -> None:
    """A weak password is refused with the reason, a good one is set, and then the link is over."""
    link = reset(api)
    assert page_kind(api.workos.http.get(link)) == "password-reset"
    token = link.rpartition("=")[2]
    weak = api.workos.post("/reset-password", {"token": token, "new_password": "short"})
    assert (page_kind(weak), "at least 10 characters" in weak.text) == ("password-reset", True)
    assert "Your password is set" in api.workos.post("/reset-password", {"token": token, "new_password": NEW}).text
    user = api.workos.authkit.user(ADA)
    assert user is not None
    assert user.password == NEW
    assert "This link is over" in api.workos.http.get(link).text
    again = api.workos.post("/reset-password", {"token": token, "new_password": "another one"})
    assert "This link is over" in again.text


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_without_its_token_sets_nothing(api: Api, method: str) -> None:
    """An unknown token, or none, and one whose hour is over, lead to a page that says so."""
    link = reset(api)
    api.workos.clock.advance(3600)
    for query in ("", "token=none", urlsplit(link).query):
        form = {"token": query.rpartition("=")[2], "new_password": NEW}
        answer = api.workos.http.open(
            "/reset-password", method=method, query_string=query, data=form if method == "POST" else None
        )
        assert (answer.status_code, "This link is over" in answer.text) == (200, True)
    user = api.workos.authkit.user(ADA)
    assert user is not None
    assert user.password != NEW


def test_where_there_are_no_passwords_the_page_sets_none(api: Api) -> None:
    """Passwords are turned off after the link was sent: the page says so, and the old password stays."""
    token = reset(api).rpartition("=")[2]
    api.workos.set(authentication={"password": False})
    page = api.workos.post("/reset-password", {"token": token, "new_password": NEW})
    assert "There are no passwords here" in page.text
    user = api.workos.authkit.user(ADA)
    assert user is not None
    assert user.password != NEW
