"""Which sign-ins show that an email address is the user's own."""

from __future__ import annotations

import pytest

from tests.workos.api.app import GRANT, authenticate, authorize, by_device
from tests.workos.api.calls import NOTEBOOKS, Answer, Api
from tests.workos.driver import fields
from tests.workos.sso.walk import OKTA, answer

OURS = "eve@nearby-notebooks.example"
THEIRS = "eve@freelance.example"


def unverified(api: Api, email: str) -> str:
    """Make a user whose address nobody has verified; give the id."""
    return str(api.post("/user_management/users", {"email": email}).json["id"])


def exchanged(api: Api, user: str, **selector: str) -> Answer:
    """Sign in on the page that the selector leads to, and exchange the code."""
    begun = authorize(api, **selector)
    at_idp = "/sso/idp" in begun.headers["Location"]
    back = answer(api, begun, user=user) if at_idp else api.workos.signed_in(begun, user=user)
    return authenticate(api, "authorization_code", code=fields(back)["code"])


def is_verified(api: Api, user: str) -> bool:
    """Say whether the address of a user is verified."""
    return bool(api.get(f"/user_management/users/{user}").json["email_verified"])


@pytest.mark.parametrize(
    ("email", "selector"),
    [
        (THEIRS, {"provider": "authkit"}),
        (THEIRS, {"provider": "GoogleOAuth"}),
        (THEIRS, {"provider": "AppleOAuth"}),
        (OURS, {"connection_id": OKTA}),
    ],
)
def test_a_sign_in_verifies_the_address(api: Api, email: str, selector: dict[str, str]) -> None:
    """WorkOS's page, Google, Apple, and single sign-on for a verified domain: the answer says so, and it stays."""
    user = unverified(api, email)
    answered = exchanged(api, user, **selector)

    assert (answered.status, answered.json["user"]["email_verified"]) == (200, True)
    assert is_verified(api, user)


@pytest.mark.parametrize("selector", [{"provider": "GitHubOAuth"}, {"connection_id": OKTA}])
def test_what_shows_no_address_leaves_it_to_a_code(api: Api, selector: dict[str, str]) -> None:
    """Other providers, and single sign-on for a domain that is not the organization's: a code by email is wanted."""
    user = unverified(api, THEIRS)
    asked = exchanged(api, user, **selector)
    assert (asked.status, asked.json["code"]) == (403, "email_verification_required")
    assert not is_verified(api, user)

    verify = {"code": "424242", "pending_authentication_token": asked.json["pending_authentication_token"]}
    answered = authenticate(api, GRANT + "email-verification:code", **verify)
    method = selector.get("provider", "SSO")
    assert (answered.json["authentication_method"], answered.json["user"]["email_verified"]) == (method, True)


def test_a_pending_domain_is_not_the_organizations(api: Api) -> None:
    """Only a verified domain speaks for its addresses."""
    waiting = {"domain_data": [{"domain": "freelance.example", "state": "pending"}]}
    api.put(f"/organizations/{NOTEBOOKS}", waiting)

    asked = exchanged(api, unverified(api, THEIRS), connection_id=OKTA)
    assert asked.json["code"] == "email_verification_required"


def test_an_approved_device_verifies_the_address(api: Api) -> None:
    """The click on WorkOS's page is a whole sign-in there, too."""
    user = unverified(api, THEIRS)
    answered = by_device(api, user)
    assert answered.json["user"]["email_verified"] is True


def test_the_address_that_signed_in_is_the_one_that_is_verified(api: Api) -> None:
    """Between the page and the exchange the user gets another address: that one has yet to be verified."""
    user = unverified(api, THEIRS)
    one = fields(answer(api, authorize(api, provider="GoogleOAuth"), user=user))["code"]
    api.put(f"/user_management/users/{user}", {"email": "eve@new.example"})

    asked = authenticate(api, "authorization_code", code=one)
    assert (asked.status, asked.json["code"]) == (403, "email_verification_required")
    assert not is_verified(api, user)


def test_a_refused_sign_in_verifies_nothing(api: Api) -> None:
    """Who must come by another connection is not let in, and nothing has changed."""
    user = unverified(api, OURS)
    api.post("/user_management/organization_memberships", {"user_id": user, "organization_id": NOTEBOOKS})
    api.workos.set(authentication={"sso": "required"})

    assert exchanged(api, user, provider="GoogleOAuth").json["error"] == "sso_required"
    assert not is_verified(api, user)
