"""The choice of an organization at sign-in, for who belongs to several."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import pytest

from sandbox.workos.directory.entities import Membership
from tests.workos.api.calls import BEN, KEY, NOTEBOOKS, PRESS
from tests.workos.driver import ADA, CLEM, MACHINE, Workos, error, fields, page_kind


def test_who_belongs_to_several_chooses(workos: Workos, client: dict[str, Any]) -> None:
    """Ben is asked for his organization, and the token is for the one that he chose."""
    begun = workos.authorize(client)
    chosen = workos.signed_in(begun, user=BEN)
    page = workos.http.get(chosen.headers["Location"])
    assert page_kind(page) == "organization"
    assert all(name in page.text for name in ("Nearby Notebooks", "Harbour Press", "ben@nearby-notebooks.example"))

    code = fields(workos.decide(begun, user=BEN, organization=PRESS))["code"]
    assert workos.claims(workos.token(client, code).get_json()["access_token"])["org_id"] == PRESS


def test_the_consent_page_names_the_chosen_one(workos: Workos, client: dict[str, Any]) -> None:
    """What the person chose is what the consent page shows."""
    consent = workos.http.get(
        workos.signed_in(workos.authorize(client), user=BEN, organization=PRESS).headers["Location"]
    )

    assert "Harbour Press" in consent.text
    assert "Nearby Notebooks" not in consent.text


def test_who_belongs_to_one_or_none_is_not_asked(workos: Workos, client: dict[str, Any]) -> None:
    """Ada and Clem go straight on to the consent page."""
    for user in (ADA, CLEM):
        assert workos.signed_in(workos.authorize(client), user=user).headers["Location"].startswith("/oauth2/consent?")


UNKNOWN: Final = ("", "org_01NOBODYS", "é\x00")


def test_only_an_organization_of_ones_own_can_be_chosen(workos: Workos, client: dict[str, Any]) -> None:
    """Any other leads back to the choice, and nothing is chosen."""
    begun = workos.authorize(client)
    for organization in UNKNOWN:
        answer = workos.signed_in(begun, user=BEN, organization=organization)
        assert answer.headers["Location"].startswith("/oauth2/organization?")


def test_another_person_chooses_anew(workos: Workos, client: dict[str, Any]) -> None:
    """Who goes back and signs in as somebody else keeps nothing of the first choice."""
    begun = workos.authorize(client)
    workos.signed_in(begun, user=BEN, organization=PRESS)
    code = fields(workos.decide(begun, user=ADA))["code"]

    assert workos.claims(workos.token(client, code).get_json()["access_token"])["org_id"] == NOTEBOOKS


def test_the_choice_comes_after_the_sign_in(workos: Workos, client: dict[str, Any]) -> None:
    """Who did not say who they are is sent there first; without a sign-in there is no choice."""
    session = {"authorization_session_id": fields(workos.authorize(client))["authorization_session_id"]}
    for answer in (
        workos.http.get("/oauth2/organization", query_string=session),
        workos.post("/oauth2/organization", session | {"organization_id": PRESS}),
    ):
        assert answer.headers["Location"].startswith("/oauth2/sign-in?")
    assert "sign_in_ended" in workos.http.get("/oauth2/organization").headers["Location"]


# --- organizations that go in the middle of it ------------------------------------------------------------------------


def membership(workos: Workos, user: str, organization: str) -> str:
    """Give the path of the API for a membership."""
    found = workos.authkit.directory.first(Membership, user_id=user, organization_id=organization)
    assert found is not None
    return f"/user_management/organization_memberships/{found.id}"


def call(workos: Workos, method: str, path: str) -> None:
    """Call the API as the app does."""
    answer = workos.http.open(path, method=method, headers={"Authorization": f"Bearer {KEY}"})
    assert answer.status_code in {200, 202, 204}, answer.text


def lose(workos: Workos, user: str, organization: str, how: str) -> None:
    """Take an organization away from a person, in one of the ways of the API."""
    if how == "the organization is deleted":
        call(workos, "DELETE", f"/organizations/{organization}")
    elif how == "the membership is deleted":
        call(workos, "DELETE", membership(workos, user, organization))
    else:
        call(workos, "PUT", membership(workos, user, organization) + "/deactivate")


WAYS: Final = ("the membership rests", "the membership is deleted", "the organization is deleted")


@pytest.mark.parametrize("how", WAYS)
def test_nobody_approves_for_an_organization_that_went(workos: Workos, client: dict[str, Any], how: str) -> None:
    """Ben chose Harbour Press; when it goes before he approves, he chooses anew and gets no other unasked."""
    begun = workos.authorize(client)
    session = {"authorization_session_id": fields(begun)["authorization_session_id"]}
    consent = workos.signed_in(begun, user=BEN, organization=PRESS).headers["Location"]
    lose(workos, BEN, PRESS, how)

    assert workos.http.get(consent).headers["Location"].startswith("/oauth2/organization?")
    anew = workos.post("/oauth2/consent", session | {"decision": "approve"}).headers["Location"]
    assert anew.startswith("/oauth2/organization?")
    page = workos.http.get(anew)
    assert "Nearby Notebooks" in page.text
    assert "Harbour Press" not in page.text
    workos.post("/oauth2/organization", session | {"organization_id": NOTEBOOKS})
    code = fields(workos.post("/oauth2/consent", session | {"decision": "approve"}))["code"]
    assert workos.claims(workos.token(client, code).get_json()["access_token"])["org_id"] == NOTEBOOKS


def test_who_never_chose_is_asked_before_consent(workos: Workos, client: dict[str, Any]) -> None:
    """A consent that skips the organization page leads to it, and gives no code."""
    begun = workos.authorize(client)
    workos.signed_in(begun, user=BEN)
    session = {"authorization_session_id": fields(begun)["authorization_session_id"]}

    for answer in (
        workos.http.get("/oauth2/consent", query_string=session),
        workos.post("/oauth2/consent", session | {"decision": "approve"}),
    ):
        assert answer.headers["Location"].startswith("/oauth2/organization?")


def test_who_never_chose_can_still_deny(workos: Workos, client: dict[str, Any]) -> None:
    """A refusal needs no organization."""
    begun = workos.authorize(client)
    workos.signed_in(begun, user=BEN)
    session = {"authorization_session_id": fields(begun)["authorization_session_id"]}

    assert fields(workos.post("/oauth2/consent", session | {"decision": "deny"}))["error"] == "access_denied"


def test_the_only_organization_is_not_changed_for_another(workos: Workos, client: dict[str, Any]) -> None:
    """Ada was shown her one organization; when she is moved to another meanwhile, she is asked."""
    begun = workos.authorize(client)
    session = {"authorization_session_id": fields(begun)["authorization_session_id"]}
    workos.signed_in(begun, user=ADA)
    lose(workos, ADA, NOTEBOOKS, WAYS[1])
    workos.authkit.directory.make(Membership, user_id=ADA, organization_id=PRESS)

    anew = workos.post("/oauth2/consent", session | {"decision": "approve"}).headers["Location"]
    assert anew.startswith("/oauth2/organization?")
    assert "You belong to this one" in workos.http.get(anew).text


@pytest.mark.parametrize("how", WAYS)
def test_a_code_for_an_organization_that_went_is_worthless(workos: Workos, client: dict[str, Any], how: str) -> None:
    """Between consent and exchange it goes: invalid_grant, and no token for another one."""
    code = fields(workos.decide(workos.authorize(client), user=BEN, organization=PRESS))["code"]
    lose(workos, BEN, PRESS, how)

    assert error(workos.token(client, code)) == "invalid_grant"


def without_press(workos: Workos) -> list[dict[str, Any]]:
    """Give the users of the world, none of them of Harbour Press."""
    users = msgspec.to_builtins(workos.authkit.settings.users)
    kept = [[one for one in user["memberships"] if one["organization"] != PRESS] for user in users]
    return [user | {"memberships": memberships} for user, memberships in zip(users, kept, strict=True)]


@pytest.mark.parametrize("gone", ["user", "organization", "membership"])
def test_a_grant_of_what_a_changed_world_lacks_is_over(workos: Workos, client: dict[str, Any], gone: str) -> None:
    """Without its user, its organization or the membership in it, neither code nor tokens are worth anything."""
    code = fields(workos.decide(workos.authorize(client), user=BEN, organization=PRESS))["code"]
    second = fields(workos.decide(workos.authorize(client), user=BEN, organization=PRESS))["code"]
    tokens = workos.token(client, second).get_json()
    assert workos.userinfo(tokens["access_token"]).status_code == 200
    changes: dict[str, dict[str, Any]] = {
        "user": {"users": []},
        "organization": {"organizations": [{"id": NOTEBOOKS, "name": "Nearby Notebooks"}]},
        "membership": {"users": without_press(workos)},
    }
    before = workos.authkit.settings
    workos.set(**changes[gone])

    assert error(workos.token(client, code)) == "invalid_grant"
    assert error(workos.refresh(client, tokens["refresh_token"])) == "invalid_grant"
    assert workos.userinfo(tokens["access_token"]).status_code == 401
    assert workos.introspect(workos.client(MACHINE), tokens["access_token"]) == {"active": False}
    workos.authkit.settings = before
    assert workos.refresh(client, tokens["refresh_token"]).status_code == 200


def test_who_lost_every_organization_comes_out(workos: Workos, client: dict[str, Any]) -> None:
    """On the organization page nothing is left to choose: the client is told, and the sign-in is over."""
    page = workos.signed_in(workos.authorize(client), user=BEN).headers["Location"]
    for organization in (NOTEBOOKS, PRESS):
        lose(workos, BEN, organization, WAYS[0])

    back = fields(workos.http.get(page))
    assert (back["error"], back["state"]) == ("access_denied", "a state")
    assert "no organization any more" in back["error_description"]
    assert fields(workos.http.get(page))["error"] == "sign_in_ended"
