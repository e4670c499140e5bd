"""Organization memberships, over the API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.workos.api.calls import BEN, NOTEBOOKS, PRESS, Api
from tests.workos.driver import ADA, CLEM

MEMBERSHIPS = "/user_management/organization_memberships"


def of(api: Api, query: str) -> list[tuple[str, str, str, str]]:
    """List memberships as user, organization, status and role, oldest first."""
    listed = api.get(f"{MEMBERSHIPS}?order=asc&{query}").json["data"]
    return [(one["user_id"], one["organization_id"], one["status"], one["role"]["slug"]) for one in listed]


def joined(api: Api, user: str = CLEM, organization: str = PRESS, **more: Any) -> Any:
    """Make a membership."""
    answer = api.post(MEMBERSHIPS, {"user_id": user, "organization_id": organization} | more)
    assert answer.status == 201, answer
    return answer.json


def test_those_of_the_settings_are_there(api: Api) -> None:
    """Who works for whom is listed, by user and by organization, with the user and the organization's name."""
    assert of(api, f"user_id={BEN}") == [(BEN, NOTEBOOKS, "active", "member"), (BEN, PRESS, "active", "member")]
    assert of(api, f"organization_id={NOTEBOOKS}&user_id={ADA}") == [(ADA, NOTEBOOKS, "active", "admin")]
    (ada,) = api.get(f"{MEMBERSHIPS}?user_id={ADA}").json["data"]
    assert (ada["organization_name"], ada["user"]["email"]) == ("Nearby Notebooks", "ada@nearby-notebooks.example")
    assert api.get(f"{MEMBERSHIPS}/{ada['id']}").json == ada


def test_one_that_is_made_is_there(api: Api) -> None:
    """Who joins is a member from then on, with the role given, or as a member."""
    made = joined(api, role_slug="admin")
    assert (made["status"], made["role"], made["roles"]) == ("active", {"slug": "admin"}, [{"slug": "admin"}])
    assert api.get(f"{MEMBERSHIPS}/{made['id']}").json == made
    assert joined(api, organization=NOTEBOOKS)["role"]["slug"] == "member"
    assert [one.name for one in api.workos.authkit.directory.organizations_of(user(api, CLEM))] == [
        "Harbour Press",
        "Nearby Notebooks",
    ]


def user(api: Api, user_id: str) -> Any:
    """Give a user."""
    return api.workos.authkit.user(user_id)


def test_another_role(api: Api) -> None:
    """A member's role is changed by either name of the field; a body without one changes nothing."""
    made = joined(api)
    path = f"{MEMBERSHIPS}/{made['id']}"
    assert api.put(path, {"role_slug": "admin"}).json["role"]["slug"] == "admin"
    assert api.put(path, {"role_slugs": ["member"]}).json["role"]["slug"] == "member"
    assert api.put(path, {}).json["role"]["slug"] == "member"


def test_a_membership_rests_and_wakes(api: Api) -> None:
    """An inactive member is not listed unless asked for, belongs nowhere, and comes back with the same role."""
    made = joined(api, role_slug="admin")
    path = f"{MEMBERSHIPS}/{made['id']}"
    for _ in range(2):
        assert api.put(f"{path}/deactivate", {}).json["status"] == "inactive"
    assert of(api, f"user_id={CLEM}") == []
    assert of(api, f"user_id={CLEM}&statuses=active,inactive") == [(CLEM, PRESS, "inactive", "admin")]
    assert of(api, f"user_id={CLEM}&statuses=active&statuses=inactive") == [(CLEM, PRESS, "inactive", "admin")]
    assert api.workos.authkit.directory.organizations_of(user(api, CLEM)) == []
    for _ in range(2):
        assert api.put(f"{path}/reactivate", {}).json["status"] == "active"
    assert of(api, f"user_id={CLEM}") == [(CLEM, PRESS, "active", "admin")]


def test_joining_again_wakes_an_inactive_membership(api: Api) -> None:
    """The membership is the same, and has the role given; an active one cannot be made again."""
    made = joined(api)
    api.put(f"{MEMBERSHIPS}/{made['id']}/deactivate")
    again = joined(api, role_slug="admin")
    assert (again["id"], again["status"], again["role"]["slug"]) == (made["id"], "active", "admin")
    twice = api.post(MEMBERSHIPS, {"user_id": CLEM, "organization_id": PRESS})
    assert (twice.status, twice.json["code"]) == (422, "invalid_request_parameters")


def test_a_pending_membership_waits_for_the_invitation(api: Api) -> None:
    """It can be neither deactivated nor made active, but for by accepting."""
    api.post("/user_management/invitations", {"email": "clem@freelance.example", "organization_id": PRESS})
    (pending,) = api.get(f"{MEMBERSHIPS}?user_id={CLEM}&statuses=pending").json["data"]
    path = f"{MEMBERSHIPS}/{pending['id']}"
    assert api.put(f"{path}/deactivate").json["code"] == "cannot_deactivate_pending_organization_membership"
    assert api.put(f"{path}/reactivate").json["code"] == "cannot_reactivate_pending_organization_membership"
    again = api.post(MEMBERSHIPS, {"user_id": CLEM, "organization_id": PRESS})
    assert again.json["code"] == "cannot_reactivate_pending_organization_membership"
    assert api.get(path).json == pending


def test_who_leaves_is_no_member(api: Api) -> None:
    """A deleted membership is gone."""
    path = f"{MEMBERSHIPS}/{joined(api)['id']}"
    assert api.delete(path).status == 200
    assert api.get(path).status == 404
    assert of(api, f"user_id={CLEM}") == []


def test_nobody_is_in_a_group(api: Api) -> None:
    """A member's groups can be asked for, and there are none."""
    assert api.get(f"{MEMBERSHIPS}/{joined(api)['id']}/groups").json["data"] == []


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"user_id": None}, 422, "invalid_request_parameters"),
        ({"user_id": "user_none"}, 404, "entity_not_found"),
        ({"organization_id": "org_none"}, 404, "entity_not_found"),
        ({"role_slug": "king"}, 422, "invalid_role"),
        ({"role_slugs": ["member", "admin"]}, 422, "multiple_roles_not_enabled"),
        ({"role_slugs": ["member"], "role_slug": "member"}, 422, "invalid_request_parameters"),
        ({"role_slugs": "member"}, 422, "invalid_request_parameters"),
    ],
)
def test_a_bad_body_makes_no_member(api: Api, change: Any, status: int, code: str) -> None:
    """The refusal has WorkOS's shape, and nobody joined."""
    answer = api.post(MEMBERSHIPS, {"user_id": CLEM, "organization_id": PRESS} | change)
    assert (answer.status, answer.json["code"]) == (status, code)
    assert of(api, f"organization_id={PRESS}") == [(BEN, PRESS, "active", "member")]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        (f"user_id={ADA}&statuses=odd", 422),
        (f"user_id={ADA}&limit=0", 422),
        (f"user_id={ADA}&after=om_none", 422),
        ("user_id=user_none", 404),
        ("organization_id=org_none", 404),
    ],
)
def test_a_bad_question_is_refused(api: Api, query: str, status: int) -> None:
    """A list needs a user or an organization that there is, and statuses that there are."""
    assert api.get(f"{MEMBERSHIPS}?{query}").status == status


@pytest.mark.parametrize("ending", ["", "/deactivate", "/reactivate"])
def test_an_unknown_membership_is_not_found(api: Api, ending: str) -> None:
    """There is nothing to change at an unknown id."""
    assert api.put(f"{MEMBERSHIPS}/om_none{ending}", {}).status == 404
