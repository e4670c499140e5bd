"""Users, organizations and applications, where the settings say one thing and the API made another of it."""

from __future__ import annotations

from typing import Any, Final

import pytest

from sandbox.workos.directory import Changed
from sandbox.workos.directory.applications import Application
from sandbox.workos.directory.entities import Domain, Membership, User
from tests.workos.api.app import ADA_EMAIL, GRANT, PASSWORD, authenticate, by_password, session
from tests.workos.api.calls import NOTEBOOKS, PRESS, Api
from tests.workos.driver import ADA, Workos

OTHER: Final = "another-password"


def world(**change: Any) -> dict[str, Any]:
    """Give the settings of a world with Ada alone, who is another person than she was."""
    ada = {"id": ADA, "email": "new@corp.example", "first_name": "New", "last_name": "Person", "password": OTHER}
    return {"users": [ada | change]}


def ada(workos: Workos) -> User:
    """Give Ada, as WorkOS has her now."""
    user = workos.authkit.user(ADA)
    assert user is not None
    return user


@pytest.mark.parametrize("way", ["password", "magic auth"])
def test_who_has_signed_in_still_follows_the_world(api: Api, way: str) -> None:
    """A sign-in keeps its time, and nothing else of the user: another world changes the rest."""
    if way == "password":
        session(api)
    else:
        api.post("/user_management/magic_auth", {"email": ADA_EMAIL})
        assert authenticate(api, f"{GRANT}magic-auth:code", email=ADA_EMAIL, code="424242").status == 200
    api.workos.set(**world(email_verified=False))

    shown = api.get(f"/user_management/users/{ADA}").json
    assert (shown["email"], shown["name"], shown["email_verified"]) == ("new@corp.example", "New Person", False)
    assert shown["last_sign_in_at"] is not None
    assert by_password(api, ADA_EMAIL).json["code"] == "invalid_credentials"
    assert by_password(api, "new@corp.example", PASSWORD).json["code"] == "invalid_credentials"


def test_what_the_api_changed_stays_above_the_world(api: Api) -> None:
    """The fields that an app changed are the app's, one change after the other; all others follow the world."""
    api.put(f"/user_management/users/{ADA}", {"first_name": "Augusta"})
    api.put(f"/user_management/users/{ADA}", {"metadata": {"plan": "gold"}})
    api.workos.set(**world())

    user = ada(api.workos)
    assert (user.first_name, user.metadata) == ("Augusta", {"plan": "gold"})
    assert (user.email, user.last_name) == ("new@corp.example", "Person")
    assert api.workos.authkit.users() == [user]


def test_who_signed_in_goes_with_the_world(api: Api) -> None:
    """A world without them has them no more, and one that names them again has them as they were."""
    session(api)
    people = api.workos.authkit.users()
    api.workos.set(users=[])
    assert api.workos.authkit.users() == []
    assert by_password(api).json["code"] == "invalid_credentials"
    api.workos.authkit.settings = type(api.workos.authkit.settings)()

    assert api.workos.authkit.users() == people


def test_an_application_follows_the_world_too(workos: Workos) -> None:
    """What the API changed of it, its redirect URIs, stays in its own shape; its name is the world's."""
    directory = workos.authkit.directory
    application = directory.first(Application, application_type="oauth")
    assert application is not None
    changed = directory.change(application, redirect_uris=application.redirect_uris[:1], description="Ours")
    workos.set(
        applications=[
            {
                "client_id": application.client_id,
                "name": "Renamed",
                "redirect_uris": ["http://localhost:1/", "http://localhost:2/"],
            }
        ]
    )

    known = directory.get(Application, application.id)
    assert known is not None
    assert (known.name, known.description, known.redirect_uris) == ("Renamed", "Ours", changed.redirect_uris)


def test_a_change_of_a_membership_is_of_no_other(workos: Workos) -> None:
    """When a world puts a user into another organization, what the API did with the first one stays behind."""
    directory = workos.authkit.directory
    first = directory.first(Membership, user_id=ADA)
    assert first is not None
    directory.change(first, status="inactive")
    workos.set(**world(memberships=[{"organization": PRESS}, {"organization": NOTEBOOKS}]))

    joined = {one.organization_id: one.status for one in directory.all(Membership, user_id=ADA)}
    assert joined == {PRESS: "active", NOTEBOOKS: "inactive"}


def test_what_was_removed_is_no_other_thing(workos: Workos) -> None:
    """A domain that a world puts in the place of a removed one is there."""
    directory = workos.authkit.directory
    removed = directory.first(Domain, organization_id=NOTEBOOKS)
    assert removed is not None
    directory.remove(removed)
    workos.set(
        organizations=[{"id": NOTEBOOKS, "name": "Nearby Notebooks", "domains": ["corp.example", removed.domain]}]
    )

    assert [one.domain for one in directory.all(Domain, organization_id=NOTEBOOKS)] == ["corp.example"]


def test_a_change_that_cannot_be_read_is_forgotten(workos: Workos) -> None:
    """What another version kept leaves the user as the settings have them."""
    workos.authkit.store.put(ADA, Changed(fields={"metadata": 7, "email": "old@corp.example"}))

    assert ada(workos).email == ADA_EMAIL
