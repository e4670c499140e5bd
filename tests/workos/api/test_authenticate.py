"""POST /user_management/authenticate: the grants that say who somebody is, and the client that asks."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.workos.api.app import (
    ADA_EMAIL,
    BEN_EMAIL,
    CLEM_EMAIL,
    CREDENTIALS,
    DEVICE,
    GRANT,
    PASSWORD,
    authenticate,
    authorize,
    by_password,
    code,
    decide,
)
from tests.workos.api.calls import BEN, KEY, NOTEBOOKS, PRESS, Api
from tests.workos.driver import ADA, CHALLENGE, CLEM, VERIFIER, basic, fields
from tests.workos.sso.walk import CLIENT
from tests.workos.sso.walk import code as sso_code

PATH: Final = "/user_management/authenticate"
PKCE: Final = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}


# --- a code of the pages ---------------------------------------------------------------------------------------------


def test_a_code_gets_a_session(api: Api) -> None:
    """The answer has the user, the organization, tokens, and how the user signed in."""
    answer = authenticate(api, "authorization_code", code=code(api, ADA))

    assert answer.status == 200
    assert answer.json["user"]["email"] == ADA_EMAIL
    assert answer.json["user"]["last_sign_in_at"] == "2027-01-15T08:00:00.000Z"
    assert (answer.json["organization_id"], answer.json["authentication_method"]) == (NOTEBOOKS, "Password")
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_form_is_as_good_as_json(api: Api) -> None:
    """The body may be a form."""
    form = CREDENTIALS | {"grant_type": "authorization_code", "code": code(api, CLEM)}
    answer = api.call("POST", PATH, form=form, key=None)

    assert answer.json["user"]["email"] == CLEM_EMAIL
    assert "organization_id" not in answer.json


def test_a_code_is_good_once(api: Api) -> None:
    """A second exchange is refused."""
    one = code(api, ADA)
    assert authenticate(api, "authorization_code", code=one).status == 200

    answer = authenticate(api, "authorization_code", code=one)
    assert (answer.status, answer.json["error"]) == (400, "invalid_grant")


def test_a_code_ends(api: Api) -> None:
    """After ten minutes a code is worth nothing."""
    one = code(api, ADA)
    api.workos.clock.advance(601)

    assert authenticate(api, "authorization_code", code=one).json["error"] == "invalid_grant"


def test_a_code_is_for_one_purpose(api: Api) -> None:
    """A code of classic single sign-on or of AuthKit gets no session, and the session's no token there."""
    client = api.workos.register()
    for other in (sso_code(api), api.workos.code(client)):
        assert authenticate(api, "authorization_code", code=other).json["error"] == "invalid_grant"
    form = CREDENTIALS | {"grant_type": "authorization_code", "code": code(api, ADA)}
    assert api.call("POST", "/sso/token", form=form, key=None).json["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        ({"client_secret": None}, None),
        ({}, None),
        ({"code_verifier": VERIFIER[::-1]}, "invalid_grant"),
        ({"code_verifier": "short"}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_grant"),
        ({"code_verifier": None, "client_secret": None}, "invalid_request"),
    ],
)
def test_pkce(api: Api, sent: dict[str, str | None], error: str | None) -> None:
    """A code that was asked for with a challenge wants its verifier, and then needs no secret (RFC 7636)."""
    answer = authenticate(
        api, "authorization_code", **{"code": code(api, ADA, **PKCE), "code_verifier": VERIFIER} | sent
    )

    assert answer.json.get("error") == error


def test_a_verifier_without_a_challenge_is_told_so(api: Api) -> None:
    """WorkOS has a code of its own for it."""
    answer = authenticate(api, "authorization_code", code=code(api, ADA), code_verifier=VERIFIER)

    assert (answer.status, answer.json["code"]) == (400, "code_challenge_not_found")


# --- the client ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"client_id": None}, 400, "invalid_request"),
        ({"client_id": "client_01OTHER"}, 400, "invalid_client"),
        ({"client_secret": "sk_test_wrong"}, 400, "invalid_client"),
        ({"client_secret": None}, 400, "invalid_request"),
        ({"grant_type": None}, 422, "invalid_request_parameters"),
        ({"grant_type": "client_credentials"}, 400, "invalid_request"),
        ({"password": None}, 422, "invalid_request_parameters"),
        ({"email": 1}, 422, "invalid_request_parameters"),
        ({"client_id": ["x"]}, 422, "invalid_request_parameters"),
    ],
)
def test_a_bad_request_is_refused(api: Api, body: dict[str, Any], status: int, error: str) -> None:
    """Credentials, the grant and its fields are checked, each with WorkOS's shape, and nobody is signed in."""
    usual = {"grant_type": "password", "email": ADA_EMAIL, "password": PASSWORD}
    answer = authenticate(api, **usual | body)

    assert (answer.status, answer.json.get("error") or answer.json["code"]) == (status, error)
    assert api.get(f"/user_management/users/{ADA}").json["last_sign_in_at"] is None


def test_credentials_are_read_from_the_body_only(api: Api) -> None:
    """HTTP Basic is as good as none (OBSERVED)."""
    body = {"grant_type": "password", "email": ADA_EMAIL, "password": PASSWORD}
    response = api.workos.http.post(PATH, json=body, headers=basic(CLIENT, KEY))

    said = "Missing required parameter: client_id"
    assert response.get_json() == {"error": "invalid_request", "error_description": said}


# --- a password ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("email", "password"),
    [(ADA_EMAIL, "wrong"), (ADA_EMAIL, ""), ("dora@nowhere.example", PASSWORD), (ADA_EMAIL, PASSWORD + "\x00")],
)
def test_a_wrong_password_is_refused(api: Api, email: str, password: str) -> None:
    """A wrong password and an unknown person are refused alike."""
    answer = by_password(api, email, password)

    assert (answer.status, answer.json["code"]) == (400, "invalid_credentials")


def test_who_has_no_password_cannot_use_one(api: Api) -> None:
    """No text is the password of a user without one."""
    made = api.post("/user_management/users", {"email": "eve@freelance.example"}).json

    assert by_password(api, made["email"], "None").json["code"] == "invalid_credentials"


def test_passwords_can_be_off(api: Api) -> None:
    """Where the dashboard has them off, a good one is refused."""
    api.workos.set(authentication={"password": False})

    assert by_password(api).json["code"] == "email_password_auth_disabled"


# --- Magic Auth ------------------------------------------------------------------------------------------------------


def by_magic_auth(api: Api, email: str, code: str = "424242", **body: Any) -> Any:
    """Give an emailed code back."""
    return authenticate(api, GRANT + "magic-auth:code", email=email, code=code, **body)


def test_an_emailed_code_signs_in_once(api: Api) -> None:
    """The code that was sent signs in, and verifies the address; a second time it does not."""
    made = api.post("/user_management/magic_auth", {"email": "dora@elsewhere.example"}).json
    answer = by_magic_auth(api, made["email"], made["code"])

    assert (answer.status, answer.json["authentication_method"]) == (200, "MagicAuth")
    assert answer.json["user"]["email_verified"] is True
    assert by_magic_auth(api, made["email"], made["code"]).json["code"] == "one_time_code_previously_used"


def test_an_emailed_code_that_is_none_is_refused(api: Api) -> None:
    """A wrong code, one that was never sent, and one that is over are told apart."""
    assert by_magic_auth(api, ADA_EMAIL).json["code"] == "invalid_one_time_code"
    assert by_magic_auth(api, "nobody@nowhere.example").json["code"] == "invalid_one_time_code"
    api.post("/user_management/magic_auth", {"email": ADA_EMAIL})
    assert by_magic_auth(api, ADA_EMAIL, "000000").json["code"] == "invalid_one_time_code"
    api.workos.clock.advance(601)
    assert by_magic_auth(api, ADA_EMAIL).json["code"] == "one_time_code_expired"


def test_magic_auth_can_be_off(api: Api) -> None:
    """Where the dashboard has it off, a good code is refused."""
    api.post("/user_management/magic_auth", {"email": ADA_EMAIL})
    api.workos.set(authentication={"magic_auth": False})

    assert by_magic_auth(api, ADA_EMAIL).json["code"] == "authentication_method_not_allowed"


def test_a_code_sent_to_an_address_that_is_no_more_the_users_signs_nobody_in(api: Api) -> None:
    """Between sending and using the code the user gets another address: that one is not verified by it."""
    made = api.post("/user_management/users", {"email": "eve@old.example"}).json
    code = api.post("/user_management/magic_auth", {"email": made["email"]}).json["code"]
    api.put(f"/user_management/users/{made['id']}", {"email": "eve@new.example"})

    answer = by_magic_auth(api, "eve@new.example", code)
    assert (answer.status, answer.json["code"]) == (400, "invalid_one_time_code")
    assert api.get(f"/user_management/users/{made['id']}").json["email_verified"] is False


# --- an invitation ---------------------------------------------------------------------------------------------------


def invited(api: Api, email: str) -> str:
    """Invite somebody to Harbour Press; give the invitation's token."""
    body = {"email": email, "organization_id": PRESS}
    return str(api.post("/user_management/invitations", body).json["token"])


def test_an_invitation_is_accepted_on_the_way(api: Api) -> None:
    """Who signs in with an invitation joins its organization, and the session is for that one."""
    token = invited(api, CLEM_EMAIL)

    assert by_password(api, CLEM_EMAIL, invitation_token=token).json["organization_id"] == PRESS
    assert api.get(f"/user_management/invitations/by_token/{token}").json["state"] == "accepted"
    assert by_password(api, CLEM_EMAIL, invitation_token=token).json["error"] == "invitation_invalid"


def test_an_invitation_of_the_authorization_is_accepted_too(api: Api) -> None:
    """The app may give the token when it leads the browser to sign in."""
    one = code(api, CLEM, invitation_token=invited(api, CLEM_EMAIL))

    assert authenticate(api, "authorization_code", code=one).json["organization_id"] == PRESS


def test_an_invitation_is_for_one_address(api: Api) -> None:
    """Somebody else cannot use it, and neither is signed in nor joins."""
    answer = by_password(api, ADA_EMAIL, invitation_token=invited(api, CLEM_EMAIL))

    assert answer.json["error"] == "invitation_cannot_be_used_for_email"
    assert by_password(api, ADA_EMAIL, invitation_token="x").json["error"] == "invitation_invalid"


# --- a device --------------------------------------------------------------------------------------------------------


def test_a_device_is_signed_in_by_a_person_elsewhere(api: Api) -> None:
    """The device waits, asks too often, and gets its session once a person approved it (RFC 8628)."""
    device = api.post("/user_management/authorize/device", {"client_id": CLIENT}, key=None).json
    poll = {"device_code": device["device_code"], "client_secret": None}
    assert authenticate(api, DEVICE, **poll).json["error"] == "authorization_pending"
    assert authenticate(api, DEVICE, **poll).json["error"] == "slow_down"
    decide(api, device["user_code"], "approve", ADA)

    answer = authenticate(api, DEVICE, **poll)
    assert (answer.status, answer.json["user"]["id"], answer.json["organization_id"]) == (200, ADA, NOTEBOOKS)
    assert authenticate(api, DEVICE, **poll).json["error"] == "invalid_grant"


def test_a_device_is_signed_in_to_the_chosen_organization(api: Api) -> None:
    """Ben belongs to two; the device waits until he has chosen one, and gets no other when that one went meanwhile."""
    first, second = (
        api.post("/user_management/authorize/device", {"client_id": CLIENT}, key=None).json for _ in range(2)
    )
    decide(api, first["user_code"], "approve", BEN)
    assert authenticate(api, DEVICE, device_code=first["device_code"]).json["error"] == "authorization_pending"
    for device in (first, second):
        decide(api, device["user_code"], "approve", BEN, organization_id=PRESS)
    assert authenticate(api, DEVICE, device_code=first["device_code"]).json["organization_id"] == PRESS
    assert api.delete(f"/organizations/{PRESS}").status == 202
    assert authenticate(api, DEVICE, device_code=second["device_code"]).json["error"] == "organization_not_found"


def test_a_device_is_refused(api: Api) -> None:
    """A person says no, or nobody says anything for five minutes."""
    denied, late = (
        api.post("/user_management/authorize/device", {"client_id": CLIENT}, key=None).json for _ in range(2)
    )
    decide(api, denied["user_code"], "deny", ADA)
    assert authenticate(api, DEVICE, device_code=denied["device_code"]).json["error"] == "access_denied"
    api.workos.clock.advance(301)
    assert authenticate(api, DEVICE, device_code=late["device_code"]).json["error"] == "expired_token"


def test_a_device_code_is_for_one_purpose(api: Api) -> None:
    """A device of AuthKit's OAuth server gets no session, and an app's device no token there."""
    client = api.workos.register()
    theirs = api.workos.post("/oauth2/device_authorization", {"client_id": client["client_id"]}).get_json()
    ours = api.post("/user_management/authorize/device", {"client_id": CLIENT}, key=None).json

    assert authenticate(api, DEVICE, device_code=theirs["device_code"]).json["error"] == "invalid_grant"
    form = {"grant_type": DEVICE, "client_id": client["client_id"], "device_code": ours["device_code"]}
    assert api.workos.post("/oauth2/token", form).get_json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("body", "status"), [({"client_id": "client_01OTHER"}, 400), ({}, 422), ({"client_id": 1}, 422)]
)
def test_a_device_names_its_environment(api: Api, body: Any, status: int) -> None:
    """Another client id is refused in OAuth's shape, none at all as a missing parameter."""
    assert api.post("/user_management/authorize/device", body, key=None).status == status


# --- what is not there -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("grant", ["radar-email-challenge:code", "radar-sms-challenge:code"])
def test_radar_is_refused_by_name(api: Api, grant: str) -> None:
    """Nothing is challenged here, and the answer says so."""
    answer = authenticate(api, GRANT + grant, code="1", pending_authentication_token="x", radar_challenge_id="x")

    assert answer.status == 400
    assert "Radar is not emulated" in answer.json["error_description"]


def test_ben_must_choose_his_organization(api: Api) -> None:
    """A sign-in over the API asks for the organization, too; on the page he has chosen already."""
    assert by_password(api, BEN_EMAIL).json["code"] == "organization_selection_required"
    assert fields(api.workos.signed_in(authorize(api), user=ADA))["code"]
