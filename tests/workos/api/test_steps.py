"""What is asked of somebody after the first proof: 403 and a pending_authentication_token, one step after the other."""

from __future__ import annotations

from typing import Any, Final

import pytest

from sandbox.workos import totp
from tests.workos.api.app import ADA_EMAIL, BEN_EMAIL, CLEM_EMAIL, GRANT, authenticate, by_password, code
from tests.workos.api.calls import BEN, NOTEBOOKS, PRESS, Answer, Api
from tests.workos.driver import ADA, CLEM
from tests.workos.sso.walk import ENTRA, OKTA

SECRET: Final = "JBSWY3DPEHPK3PXP"


def due(answer: Answer, code: str) -> dict[str, Any]:
    """Give the body of a refusal that asks for one step more."""
    assert (answer.status, answer.json["code"]) == (403, code), answer.json
    assert answer.json["message"]
    assert answer.json["pending_authentication_token"]
    return dict(answer.json)


def unverified(api: Api) -> dict[str, Any]:
    """Make a user whose email address nobody has verified."""
    body = {"email": "eve@freelance.example", "password": "a long password"}
    return dict(api.post("/user_management/users", body).json)


def enrol(api: Api, user: str = ADA) -> str:
    """Enrol an authenticator app; give the id of the factor."""
    body = {"type": "totp", "totp_secret": SECRET}
    return str(api.post(f"/user_management/users/{user}/auth_factors", body).json["authentication_factor"]["id"])


def challenge(api: Api, factor: str) -> str:
    """Challenge a factor; give the id of the challenge."""
    return str(api.post(f"/auth/factors/{factor}/challenge", {}).json["id"])


def shown(api: Api) -> str:
    """Give the code that the authenticator app shows."""
    return totp.code(SECRET, api.workos.clock.now())


# --- the email address -----------------------------------------------------------------------------------------------


def test_an_unverified_address_is_verified_first(api: Api) -> None:
    """The refusal names the address and the verification; its code signs in."""
    user = unverified(api)
    asked = due(by_password(api, user["email"], "a long password"), "email_verification_required")
    sent = api.get(f"/user_management/email_verification/{asked['email_verification_id']}").json
    assert (sent["email"], asked["email"]) == (user["email"], user["email"])

    token = asked["pending_authentication_token"]
    verify = {"pending_authentication_token": token}
    wrong = authenticate(api, GRANT + "email-verification:code", code="000000", **verify)
    assert wrong.json["code"] == "invalid_one_time_code"
    answer = authenticate(api, GRANT + "email-verification:code", code=sent["code"], **verify)
    assert (answer.status, answer.json["user"]["email_verified"]) == (200, True)
    again = authenticate(api, GRANT + "email-verification:code", code=sent["code"], **verify)
    assert again.json["code"] == "invalid_pending_authentication_token"


def test_a_code_sent_to_another_address_verifies_nothing(api: Api) -> None:
    """While the code is out the user gets another address: a code to that one is wanted, the pending token waits."""
    user = unverified(api)
    asked = due(by_password(api, user["email"], "a long password"), "email_verification_required")
    verify = {"code": "424242", "pending_authentication_token": asked["pending_authentication_token"]}
    api.put(f"/user_management/users/{user['id']}", {"email": "eve@new.example"})

    assert authenticate(api, GRANT + "email-verification:code", **verify).json["code"] == "invalid_one_time_code"
    assert api.get(f"/user_management/users/{user['id']}").json["email_verified"] is False
    api.post(f"/user_management/users/{user['id']}/email_verification/send")
    assert authenticate(api, GRANT + "email-verification:code", **verify).json["user"]["email_verified"] is True


def test_verification_can_be_off(api: Api) -> None:
    """Where the dashboard does not ask for it, an unverified address signs in."""
    user = unverified(api)
    api.workos.set(authentication={"email_verification": False})

    assert by_password(api, user["email"], "a long password").status == 200


# --- the second factor -----------------------------------------------------------------------------------------------


def test_who_has_an_authenticator_app_uses_it(api: Api) -> None:
    """The refusal names the factors; a challenge and the shown code sign in, once."""
    factor = enrol(api)
    asked = due(by_password(api), "mfa_challenge")
    assert asked["authentication_factors"] == [{"id": factor, "type": "totp"}]
    assert asked["user"]["email"] == ADA_EMAIL

    body = {
        "pending_authentication_token": asked["pending_authentication_token"],
        "authentication_challenge_id": challenge(api, factor),
    }
    wrong = authenticate(api, GRANT + "mfa-totp", code="000000", **body)
    assert wrong.json["code"] == "invalid_one_time_code"
    answer = authenticate(api, GRANT + "mfa-totp", code=shown(api), **body)
    assert (answer.status, answer.json["organization_id"]) == (200, NOTEBOOKS)

    other = due(by_password(api), "mfa_challenge")["pending_authentication_token"]
    used = authenticate(api, GRANT + "mfa-totp", code=shown(api), **body | {"pending_authentication_token": other})
    assert used.json["code"] == "one_time_code_previously_used"


def test_a_challenge_is_of_ones_own_factor_and_ends(api: Api) -> None:
    """Another user's challenge, none, and one of ten minutes ago are refused."""
    factor, others = enrol(api), enrol(api, BEN)
    foreign, old = challenge(api, others), challenge(api, factor)
    api.workos.clock.advance(599)
    asked = {"pending_authentication_token": due(by_password(api), "mfa_challenge")["pending_authentication_token"]}
    api.workos.clock.advance(2)

    for one, expected in ((foreign, 404), ("auth_challenge_01NONE", 404), (old, 400)):
        answer = authenticate(api, GRANT + "mfa-totp", code=shown(api), **asked, authentication_challenge_id=one)
        assert answer.status == expected, answer.json


def test_who_signs_in_elsewhere_or_on_the_page_is_not_asked(api: Api) -> None:
    """The second factor is the identity provider's business; and the sandbox's page wants one click."""
    enrol(api)

    assert authenticate(api, "authorization_code", code=code(api, ADA)).status == 200


@pytest.mark.parametrize(("policy", "status"), [("off", 200), ("optional", 200), ("required", 403)])
def test_a_second_factor_can_be_required(api: Api, policy: str, status: int) -> None:
    """Who has none must enrol one where the dashboard says so."""
    api.workos.set(authentication={"mfa": policy})
    answer = by_password(api)

    assert answer.status == status
    if policy == "required":
        asked = due(answer, "mfa_enrollment")
        assert asked["user"]["id"] == ADA


def test_who_must_enrol_does_so_and_goes_on(api: Api) -> None:
    """With the pending token, the factor that was enrolled since signs in."""
    api.workos.set(authentication={"mfa": "required"})
    token = due(by_password(api), "mfa_enrollment")["pending_authentication_token"]
    body = {"pending_authentication_token": token, "authentication_challenge_id": challenge(api, enrol(api))}

    assert authenticate(api, GRANT + "mfa-totp", code=shown(api), **body).status == 200


def test_a_challenge_can_be_verified_by_itself(api: Api) -> None:
    """The API says whether a code is valid, as the SDKs' MFA part asks."""
    one = challenge(api, enrol(api))
    path = f"/auth/challenges/{one}/verify"

    assert api.post(path, {"code": "000000"}).json["valid"] is False
    assert api.post(path, {"code": shown(api)}).json["valid"] is True
    assert api.post(path, {"code": shown(api)}).status == 422
    assert api.post("/auth/factors/auth_factor_01NONE/challenge").status == 404


# --- the organization ------------------------------------------------------------------------------------------------


def test_who_belongs_to_several_chooses(api: Api) -> None:
    """The refusal lists the organizations; the chosen one is the session's."""
    asked = due(by_password(api, BEN_EMAIL), "organization_selection_required")
    assert {one["id"]: one["name"] for one in asked["organizations"]} == {
        NOTEBOOKS: "Nearby Notebooks",
        PRESS: "Harbour Press",
    }
    token = asked["pending_authentication_token"]

    choose = {"pending_authentication_token": token}
    answer = authenticate(api, GRANT + "organization-selection", organization_id=PRESS, **choose)
    assert (answer.status, answer.json["organization_id"]) == (200, PRESS)


@pytest.mark.parametrize("organization", ["org_01NOBODYS", ""])
def test_an_organization_that_is_not_there_cannot_be_chosen(api: Api, organization: str) -> None:
    """The choice is refused, and can be made again."""
    token = due(by_password(api, BEN_EMAIL), "organization_selection_required")["pending_authentication_token"]
    choose = {"pending_authentication_token": token}

    wrong = authenticate(api, GRANT + "organization-selection", organization_id=organization, **choose)
    assert wrong.json["error"] == "organization_not_found"
    assert authenticate(api, GRANT + "organization-selection", organization_id=PRESS, **choose).status == 200


def test_an_organization_of_others_cannot_be_chosen(api: Api) -> None:
    """Ben's choice is among his own."""
    other = api.post("/organizations", {"name": "Elsewhere"}).json["id"]
    token = due(by_password(api, BEN_EMAIL), "organization_selection_required")["pending_authentication_token"]

    answer = authenticate(
        api, GRANT + "organization-selection", organization_id=other, pending_authentication_token=token
    )
    assert answer.json["error"] == "organization_membership_not_found"


def test_single_sign_on_can_be_required(api: Api) -> None:
    """Members of an organization with a connection must use it; others sign in as ever."""
    api.workos.set(authentication={"sso": "required"})
    answer = by_password(api)

    assert (answer.status, answer.json["error"]) == (400, "sso_required")
    assert (answer.json["connection_ids"], answer.json["email"]) == ([OKTA], ADA_EMAIL)
    assert by_password(api, CLEM_EMAIL).status == 200
    token = due(by_password(api, BEN_EMAIL), "organization_selection_required")["pending_authentication_token"]
    choose = {"pending_authentication_token": token, "organization_id": PRESS}
    assert authenticate(api, GRANT + "organization-selection", **choose).json["connection_ids"] == [ENTRA]


# --- the token -------------------------------------------------------------------------------------------------------


def test_one_step_follows_the_other(api: Api) -> None:
    """Ben verifies his address, uses his authenticator app, and chooses, each with the token of the step before."""
    body = {"email": "fay@freelance.example", "password": "a long password"}
    fay = api.post("/user_management/users", body).json
    for organization in (NOTEBOOKS, PRESS):
        joined = {"user_id": fay["id"], "organization_id": organization}
        api.post("/user_management/organization_memberships", joined)
    factor = enrol(api, fay["id"])

    one = due(by_password(api, fay["email"], "a long password"), "email_verification_required")
    pending = {"pending_authentication_token": one["pending_authentication_token"]}
    two = due(authenticate(api, GRANT + "email-verification:code", code="424242", **pending), "mfa_challenge")
    pending = {"pending_authentication_token": two["pending_authentication_token"]}
    challenged = {"authentication_challenge_id": challenge(api, factor)}
    answer = authenticate(api, GRANT + "mfa-totp", code=shown(api), **pending, **challenged)
    three = due(answer, "organization_selection_required")
    pending = {"pending_authentication_token": three["pending_authentication_token"]}
    last = authenticate(api, GRANT + "organization-selection", organization_id=NOTEBOOKS, **pending)
    assert (last.status, last.json["authentication_method"]) == (200, "Password")


@pytest.mark.parametrize("grant", ["email-verification:code", "mfa-totp", "organization-selection"])
def test_a_pending_token_that_is_none_is_refused(api: Api, grant: str) -> None:
    """An unknown token starts nothing."""
    body = {"code": "424242", "authentication_challenge_id": "x", "organization_id": PRESS}
    answer = authenticate(api, GRANT + grant, pending_authentication_token="none", **body)

    assert (answer.status, answer.json["code"]) == (400, "invalid_pending_authentication_token")


def test_a_pending_token_ends(api: Api) -> None:
    """After ten minutes one begins anew; and when the user is deleted in the meantime."""
    choose = {"organization_id": PRESS}
    late = due(by_password(api, BEN_EMAIL), "organization_selection_required")["pending_authentication_token"]
    api.workos.clock.advance(601)
    fresh = due(by_password(api, BEN_EMAIL), "organization_selection_required")["pending_authentication_token"]
    api.delete(f"/user_management/users/{BEN}")

    for token in (late, fresh):
        answer = authenticate(api, GRANT + "organization-selection", pending_authentication_token=token, **choose)
        assert answer.json["code"] == "invalid_pending_authentication_token"
    assert api.get(f"/user_management/users/{CLEM}").status == 200


def test_an_invitation_that_is_revoked_meanwhile_lets_nobody_in(api: Api) -> None:
    """While the second factor is due the invitation is revoked: nobody joins, and there is no session."""
    factor = enrol(api)
    invited = api.post("/user_management/invitations", {"email": ADA_EMAIL, "organization_id": PRESS}).json
    token = due(by_password(api, invitation_token=invited["token"]), "mfa_challenge")["pending_authentication_token"]
    api.post(f"/user_management/invitations/{invited['id']}/revoke")

    more = {"authentication_challenge_id": challenge(api, factor), "code": shown(api)}
    answer = authenticate(api, f"{GRANT}mfa-totp", pending_authentication_token=token, **more)
    assert answer.json["error"] == "invitation_invalid"
    joined = api.get(f"/user_management/organization_memberships?user_id={ADA}").json["data"]
    assert PRESS not in {one["organization_id"] for one in joined}
