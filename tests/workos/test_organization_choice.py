"""The choice of an organization at sign-in, for who belongs to several."""

from __future__ import annotations

from typing import Any, Final

from tests.workos.api.calls import BEN, NOTEBOOKS, PRESS
from tests.workos.driver import ADA, CLEM, Workos, fields, page_kind


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
