"""Single sign-on connections, over the API."""

from __future__ import annotations

import pytest

from tests.workos.api.calls import NOTEBOOKS, PRESS, Api

OKTA = "conn_01SANDB0XNEARBY0KTA0000000"
ENTRA = "conn_01SANDB0XHARB0VRENTRA00000"


def test_a_connection_is_shown_with_its_domains(api: Api) -> None:
    """A connection of the settings is there, linked, with the domains of its organization."""
    okta = api.get(f"/connections/{OKTA}").json
    assert (okta["connection_type"], okta["state"], okta["status"]) == ("OktaSAML", "active", "linked")
    assert okta["organization_id"] == NOTEBOOKS
    assert [(one["object"], one["domain"]) for one in okta["domains"]] == [
        ("connection_domain", "nearby-notebooks.example")
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {OKTA, ENTRA}),
        ("connection_type=OktaSAML", {OKTA}),
        ("connection_type=entraidoidc", {ENTRA}),
        ("connection_type=GithubOAuth", set()),
        (f"organization_id={PRESS}", {ENTRA}),
        ("organization_id=org_none", set()),
        ("domain=Harbour-Press.example", {ENTRA}),
        ("domain=elsewhere.example", set()),
        ("search=okta", {OKTA}),
    ],
)
def test_connections_are_found(api: Api, query: str, found: set[str]) -> None:
    """The list takes a type, an organization, a domain, and a part of a name."""
    assert {one["id"] for one in api.get(f"/connections?{query}").json["data"]} == found


def test_a_type_that_is_none_is_refused(api: Api) -> None:
    """A type that WorkOS does not have is a mistake, and no empty list."""
    assert api.get("/connections?connection_type=Telepathy").json["code"] == "invalid_request_parameters"


def test_one_that_is_deleted_is_gone(api: Api) -> None:
    """A deleted connection is found no more, also not a second time."""
    assert api.delete(f"/connections/{OKTA}").status == 204
    assert api.delete(f"/connections/{OKTA}").status == 404
    assert api.get(f"/connections/{OKTA}").json["code"] == "entity_not_found"
    assert [one["id"] for one in api.get("/connections").json["data"]] == [ENTRA]


def test_an_inactive_one_is_unlinked(api: Api) -> None:
    """The state that the settings give is shown, and so is what it means."""
    connection = {"id": "conn_1", "organization": PRESS, "type": "GenericSAML", "name": "Old", "state": "inactive"}
    api.workos.set(connections=[connection])
    assert api.get("/connections/conn_1").json["status"] == "unlinked"


def test_connections_need_a_key(api: Api) -> None:
    """Nobody lists connections without a key."""
    assert api.get("/connections", key=None).status == 401
