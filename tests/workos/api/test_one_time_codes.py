"""Codes and links that WorkOS would email, over the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.workos.api.app import CLEM_EMAIL, authenticate, session
from tests.workos.api.calls import BEN, Api
from tests.workos.driver import ADA

USERS = "/user_management/users"
CODE = "424242"
FOO = "foo@foo.example"
ADAS = "ada@nearby-notebooks.example"
VERIFY = f"{USERS}/{ADA}/email_verification"
CHANGE = f"{USERS}/{ADA}/email_change"
RESET = "/user_management/password_reset"
NEW = "a new password"


def ada(api: Api) -> Any:
    """Give Ada."""
    return api.get(f"{USERS}/{ADA}").json


@pytest.fixture
def unverified(api: Api) -> Api:
    """Give an API whose Ada has not verified her email address."""
    api.put(f"{USERS}/{ADA}", {"email_verified": False})
    return api


# --- Magic Auth ------------------------------------------------------------------------------------------------------


def test_a_magic_code_is_that_of_the_settings(api: Api) -> None:
    """The code is the one that the settings name, is good for ten minutes, and is found by its id."""
    made = api.post("/user_management/magic_auth", {"email": ADAS})
    assert (made.status, made.json["code"], made.json["user_id"]) == (201, CODE, ADA)
    assert (made.json["created_at"], made.json["expires_at"]) == (
        "2027-01-15T08:00:00.000Z",
        "2027-01-15T08:10:00.000Z",
    )
    assert api.get(f"/user_management/magic_auth/{made.json['id']}").json == made.json
    api.workos.set(one_time_code="000000")
    assert api.post("/user_management/magic_auth", {"email": ADAS}).json["code"] == "000000"


def test_a_magic_code_for_somebody_new_signs_them_up(api: Api) -> None:
    """An unknown email address gets a user, unverified, once."""
    first, second = (api.post("/user_management/magic_auth", {"email": FOO}).json["user_id"] for _ in range(2))
    assert first == second
    assert api.get(f"{USERS}/{first}").json["email_verified"] is False


def test_a_magic_code_may_come_with_an_invitation(api: Api) -> None:
    """The invitation must be pending, and for the same email address."""
    token = api.post("/user_management/invitations", {"email": FOO}).json["token"]
    assert api.post("/user_management/magic_auth", {"email": FOO, "invitation_token": token}).status == 201
    for body in ({"email": ADAS, "invitation_token": token}, {"email": FOO, "invitation_token": "none"}):
        answer = api.post("/user_management/magic_auth", body)
        assert (answer.status, answer.json["error"]) == (400, "invitation_invalid")


@pytest.mark.parametrize("body", [{}, {"email": "no address"}, {"email": 1}])
def test_a_magic_code_needs_an_email_address(api: Api, body: Any) -> None:
    """Without one there is no code, and nobody is signed up."""
    assert api.post("/user_management/magic_auth", body).status == 422
    assert len(api.get(USERS).json["data"]) == 3


def test_where_nobody_signs_up_a_magic_code_is_for_users_and_the_invited(api: Api) -> None:
    """With sign-up off somebody unknown gets no code, unless they were invited; with Magic Auth off nobody does."""
    api.workos.set(authentication={"sign_up": False})
    assert api.post("/user_management/magic_auth", {"email": FOO}).json["error"] == "sign_up_not_allowed"
    assert api.post("/user_management/magic_auth", {"email": ADAS}).status == 201
    token = api.post("/user_management/invitations", {"email": FOO}).json["token"]
    assert api.post("/user_management/magic_auth", {"email": FOO, "invitation_token": token}).status == 201
    api.workos.set(authentication={"magic_auth": False})
    off = api.post("/user_management/magic_auth", {"email": ADAS})
    assert off.json["error"] == "authentication_method_not_allowed"


# --- verifying the email address -------------------------------------------------------------------------------------


def test_the_code_verifies_the_email_address(unverified: Api) -> None:
    """Sending changes nothing yet; the code does."""
    assert unverified.post(f"{VERIFY}/send", {}).json["user"]["email_verified"] is False
    assert unverified.post(f"{VERIFY}/confirm", {"code": CODE}).json["user"]["email_verified"] is True
    assert ada(unverified)["email_verified"] is True
    assert unverified.post(f"{VERIFY}/send").json["code"] == "email_already_verified"
    assert unverified.post(f"{VERIFY}/confirm", {"code": CODE}).json["code"] == "email_previously_verified"


def test_a_code_that_is_not_the_one_verifies_nothing(unverified: Api) -> None:
    """Before a code was sent none is right; afterwards only the one that was sent."""
    confirm = f"{VERIFY}/confirm"
    assert unverified.post(confirm, {"code": CODE}).json["code"] == "email_verification_code_incorrect"
    unverified.post(f"{VERIFY}/send")
    for code in ("424243", "", "é"):
        assert unverified.post(confirm, {"code": code}).json["code"] == "email_verification_code_incorrect"
    assert unverified.post(confirm, {}).status == 422
    assert ada(unverified)["email_verified"] is False


def test_a_code_verifies_once_and_in_time(unverified: Api) -> None:
    """A code is good for ten minutes, and for the address that it was sent to; then another one has to be sent."""
    unverified.post(f"{VERIFY}/send")
    unverified.workos.clock.advance(600)
    assert unverified.post(f"{VERIFY}/confirm", {"code": CODE}).json["code"] == "email_verification_code_expired"
    unverified.post(f"{VERIFY}/send")
    unverified.put(f"{USERS}/{ADA}", {"email": FOO})
    assert unverified.post(f"{VERIFY}/confirm", {"code": CODE}).json["code"] == "email_verification_code_incorrect"
    unverified.post(f"{VERIFY}/send")
    assert unverified.post(f"{VERIFY}/confirm", {"code": CODE}).status == 200
    unverified.put(f"{USERS}/{ADA}", {"email_verified": False})
    used = unverified.post(f"{VERIFY}/confirm", {"code": CODE})
    assert used.json["code"] == "email_verification_code_previously_used"


def test_a_verification_is_found_by_its_id(unverified: Api) -> None:
    """An app that sends its own emails reads the code by the id that WorkOS told it."""
    from sandbox.workos.directory.one_time import EmailVerification

    unverified.post(f"{VERIFY}/send")
    (kept,) = unverified.workos.authkit.directory.all(EmailVerification)
    found = unverified.get(f"/user_management/email_verification/{kept.id}").json
    assert (found["code"], found["email"]) == (CODE, ADAS)


# --- changing the email address --------------------------------------------------------------------------------------


def test_the_code_changes_the_email_address(api: Api) -> None:
    """Sending changes nothing yet; the code does, and the new address is verified by it."""
    sent = api.post(f"{CHANGE}/send", {"new_email": FOO}).json
    assert (sent["new_email"], sent["user"]["email"]) == (FOO, ADAS)
    changed = api.post(f"{CHANGE}/confirm", {"code": CODE}).json["user"]
    assert (changed["email"], changed["email_verified"]) == (FOO, True)
    assert ada(api) == changed
    again = api.post(f"{CHANGE}/confirm", {"code": CODE})
    assert (again.status, again.json["code"]) == (409, "email_change_code_previously_used")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "invalid_request_parameters"),
        ({"new_email": "no address"}, 422, "invalid_email"),
        ({"new_email": ADAS.upper()}, 409, "email_change_not_needed"),
        ({"new_email": "ben@nearby-notebooks.example"}, 409, "email_not_available"),
    ],
)
def test_a_bad_email_address_gets_no_code(api: Api, body: Any, status: int, code: str) -> None:
    """What is no address, the user's own, or somebody's is refused."""
    answer = api.post(f"{CHANGE}/send", body)
    assert (answer.status, answer.json["code"]) == (status, code)
    assert api.post(f"{CHANGE}/confirm", {"code": CODE}).json["code"] == "no_pending_email_change"


def test_a_code_that_is_wrong_or_late_changes_nothing(api: Api) -> None:
    """The address stays; so it does when somebody else has taken the new one meanwhile."""
    api.post(f"{CHANGE}/send", {"new_email": FOO})
    assert api.post(f"{CHANGE}/confirm", {"code": "000000"}).json["code"] == "email_change_code_incorrect"
    api.put(f"{USERS}/{BEN}", {"email": FOO})
    assert api.post(f"{CHANGE}/confirm", {"code": CODE}).json["code"] == "email_not_available"
    api.workos.clock.advance(600)
    assert api.post(f"{CHANGE}/confirm", {"code": CODE}).json["code"] == "email_change_code_expired"
    assert ada(api)["email"] == ADAS


# --- a new password --------------------------------------------------------------------------------------------------


def test_the_token_sets_a_new_password(unverified: Api) -> None:
    """The token of the link sets the password, and verifies the email address that the link was sent to."""
    made = unverified.post(RESET, {"email": ADAS.upper()})
    assert (made.status, made.json["user_id"], made.json["email"]) == (201, ADA, ADAS)
    assert unverified.get(f"{RESET}/{made.json['id']}").json == made.json
    token = made.json["password_reset_token"]
    assert made.json["password_reset_url"] == f"http://localhost:4100/reset-password?token={token}"
    answer = unverified.post(f"{RESET}/confirm", {"token": token, "new_password": NEW})
    assert (answer.status, answer.json["user"]["email_verified"]) == (200, True)
    user = unverified.workos.authkit.user(ADA)
    assert user is not None
    assert user.password == NEW


def test_a_reset_for_nobody_is_not_made(api: Api) -> None:
    """There is no user of that email address, or it is none."""
    assert api.post(RESET, {"email": FOO}).status == 404
    assert api.post(RESET, {"email": "no address"}).status == 422
    assert api.post(f"{RESET}/confirm", {"token": "none", "new_password": NEW}).status == 404
    assert api.get(f"{RESET}/password_reset_none").status == 404


def test_a_token_is_good_once_and_for_an_hour(api: Api) -> None:
    """A weak password, a used token and a late one set nothing, and say why."""
    first = api.post(RESET, {"email": ADAS}).json["password_reset_token"]

    def refusal(token: str, password: str) -> str:
        answer = api.post(f"{RESET}/confirm", {"token": token, "new_password": password})
        assert (answer.status, answer.json["code"]) == (400, "password_reset_error")
        return str(answer.json["errors"][0]["code"])

    assert refusal(first, "short") == "password_too_short"
    assert api.post(f"{RESET}/confirm", {"token": first, "new_password": NEW}).status == 200
    assert refusal(first, "another password") == "password_reset_token_used"
    second = api.post(RESET, {"email": ADAS}).json["password_reset_token"]
    api.workos.clock.advance(3599)
    assert refusal(second, "short") == "password_too_short"
    api.workos.clock.advance(1)
    assert refusal(second, "another password") == "password_reset_token_expired"
    user = api.workos.authkit.user(ADA)
    assert user is not None
    assert user.password == NEW


def confirmed(api: Api, token: str) -> None:
    """Set a new password over the API."""
    assert api.post(f"{RESET}/confirm", {"token": token, "new_password": NEW}).status == 200


def on_the_page(api: Api, token: str) -> None:
    """Set a new password as a person does."""
    answer = api.workos.post("/reset-password", {"token": token, "new_password": NEW})
    assert "Your password is set" in answer.text


@pytest.mark.parametrize("reset", [confirmed, on_the_page])
def test_a_new_password_signs_out_everywhere(api: Api, reset: Callable[[Api, str], None]) -> None:
    """All active sessions of the user end, and what applications were granted; those of others go on."""
    client = api.workos.register()
    granted, first, others = api.workos.tokens(client, user=ADA), session(api, ADAS), session(api, CLEM_EMAIL)
    reset(api, api.post(RESET, {"email": ADAS}).json["password_reset_token"])

    refreshed = authenticate(api, "refresh_token", refresh_token=first["refresh_token"])
    assert (refreshed.status, refreshed.json["error"]) == (400, "invalid_grant")
    assert api.workos.refresh(client, granted["refresh_token"]).get_json()["error"] == "invalid_grant"
    assert authenticate(api, "refresh_token", refresh_token=others["refresh_token"]).status == 200


def test_a_new_password_ends_the_other_links(api: Api) -> None:
    """Of several tokens that are out for a user only the first one used sets a password; somebody else's stays."""
    first, second = (api.post(RESET, {"email": ADAS}).json["password_reset_token"] for _ in range(2))
    others = api.post(RESET, {"email": CLEM_EMAIL}).json["password_reset_token"]
    confirmed(api, second)

    answer = api.post(f"{RESET}/confirm", {"token": first, "new_password": NEW})
    assert answer.json["errors"][0]["code"] == "password_reset_token_expired"
    confirmed(api, others)


def test_without_passwords_none_is_reset(api: Api) -> None:
    """Where the environment has no passwords, there is nothing to reset."""
    token = api.post(RESET, {"email": ADAS}).json["password_reset_token"]
    api.workos.set(authentication={"password": False})
    for answer in (
        api.post(RESET, {"email": ADAS}),
        api.post(f"{RESET}/confirm", {"token": token, "new_password": NEW}),
    ):
        assert (answer.status, answer.json["code"]) == (403, "email_password_auth_disabled")
