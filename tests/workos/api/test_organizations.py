"""Organizations and their domains, over the API."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.workos.directory.applications import ClientSecret
from tests.workos.api.calls import NOTEBOOKS, PRESS, Api
from tests.workos.driver import ADA


def test_those_of_the_settings_are_there(api: Api) -> None:
    """The invented company is listed, newest first, its verified domain with it."""
    listed = api.get("/organizations").json
    assert {one["id"] for one in listed["data"]} == {NOTEBOOKS, PRESS}
    assert api.get(f"/organizations/{NOTEBOOKS}").json["domains"][0]["domain"] == "nearby-notebooks.example"


def test_one_that_is_made_is_there(api: Api) -> None:
    """What the API made, it gives back, by either id, with its time and its domains."""
    body = {"name": "Foo", "external_id": "f-1", "metadata": {"tier": "gold"}, "domains": ["foo.example"]}
    made = api.post("/organizations", body)
    assert made.status == 201
    assert made.json["created_at"] == "2027-01-15T08:00:00.000Z"
    assert api.get(f"/organizations/{made.json['id']}").json == made.json
    assert api.get("/organizations/external_id/f-1").json == made.json
    assert [domain["state"] for domain in made.json["domains"]] == ["verified"]


def test_a_change_changes_what_it_names(api: Api) -> None:
    """What a change does not name stays; null takes a key of the metadata away."""
    made = api.post("/organizations", {"name": "Foo", "metadata": {"a": "1", "b": "2"}}).json
    changed = api.put(f"/organizations/{made['id']}", {"metadata": {"a": None, "c": "3"}}).json
    assert changed == made | {"metadata": {"b": "2", "c": "3"}}


def test_one_of_the_settings_can_be_changed_and_deleted(api: Api) -> None:
    """What the settings name is an organization like any other; a reset brings it back."""
    assert api.put(f"/organizations/{PRESS}", {"name": "Harbour"}).json["name"] == "Harbour"
    assert api.delete(f"/organizations/{PRESS}").status == 202
    assert api.get(f"/organizations/{PRESS}").status == 404
    assert [one["id"] for one in api.get("/organizations").json["data"]] == [NOTEBOOKS]
    api.workos.authkit.store.clear()
    assert api.get(f"/organizations/{PRESS}").json["name"] == "Harbour Press"


def test_pages(api: Api) -> None:
    """A list is read whole by its cursors, forwards and backwards."""
    for number in range(5):
        api.workos.clock.advance(1)
        api.post("/organizations", {"name": f"Number {number}"})
    names, after = [], ""
    while True:
        answer = api.get(f"/organizations?limit=3{after}").json
        names += [one["name"] for one in answer["data"]]
        if answer["list_metadata"]["after"] is None:
            break
        after = f"&after={answer['list_metadata']['after']}"
    assert names == [f"Number {number}" for number in (4, 3, 2, 1, 0)] + ["Harbour Press", "Nearby Notebooks"]
    first_of_last = answer["data"][0]["id"]
    assert [one["name"] for one in api.get(f"/organizations?limit=3&before={first_of_last}").json["data"]] == names[3:6]
    assert api.get("/organizations?order=asc&limit=1").json["data"][0]["id"] in {NOTEBOOKS, PRESS}


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_what_is_deleted_while_it_is_listed(api: Api, order: str) -> None:
    """Who deletes each thing that is listed, page by page, gets to the end: what was deleted keeps its place."""
    for number in range(11):
        api.workos.clock.advance(number % 2)
        api.post("/organizations", {"name": f"Number {number}"})
    every = [one["id"] for one in api.get(f"/organizations?limit=100&order={order}").json["data"]]
    deleted, after = list[str](), ""
    while True:
        answer = api.get(f"/organizations?limit=3&order={order}{after}").json
        for one in answer["data"]:
            assert api.delete(f"/organizations/{one['id']}").status == 202
            deleted.append(one["id"])
        if answer["list_metadata"]["after"] is None:
            break
        after = f"&after={answer['list_metadata']['after']}"
    assert deleted == every
    assert api.get(f"/organizations?after={deleted[0]}").json["data"] == []


def test_the_pages_around_what_was_deleted(api: Api) -> None:
    """A cursor of what was deleted lies between its neighbours; one of another kind, and one long gone, is refused."""
    for number in range(5):
        api.workos.clock.advance(1)
        api.post("/organizations", {"name": f"Number {number}"})
    four, three, two, one, *_ = [one["id"] for one in api.get("/organizations").json["data"]]
    api.delete(f"/organizations/{two}")
    assert api.get(f"/organizations?after={two}&limit=1").json["data"][0]["id"] == one
    assert [each["id"] for each in api.get(f"/organizations?before={two}").json["data"]] == [four, three]
    assert api.get(f"/organizations?before={two}&limit=1").json["data"][0]["id"] == three
    assert api.get(f"/organizations?order=asc&after={two}&limit=1").json["data"][0]["id"] == three
    assert api.get(f"/user_management/users?after={two}").status == 422
    api.workos.clock.advance(3601)
    assert api.get(f"/organizations?after={two}").status == 422


def test_those_of_a_domain_or_a_name_are_found(api: Api) -> None:
    """The list takes a domain, and a part of a name."""
    assert [one["id"] for one in api.get("/organizations?domains=harbour-press.example").json["data"]] == [PRESS]
    assert [one["id"] for one in api.get("/organizations?search=nearby").json["data"]] == [NOTEBOOKS]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "invalid_request_parameters"),
        ({"name": ""}, 422, "invalid_request_parameters"),
        ({"name": 1}, 422, "invalid_request_parameters"),
        ({"name": "Foo", "domain_data": [{"domain": "x.example", "state": "odd"}]}, 422, "invalid_request_parameters"),
        ({"name": "Foo", "domains": ["not a domain"]}, 422, "invalid_request_parameters"),
        ({"name": "Foo", "domains": ["a b\0.example"]}, 422, "invalid_request_parameters"),
        ({"name": "Foo", "domains": ["-a.example"]}, 422, "invalid_request_parameters"),
        ({"name": "Foo", "domains": ["a..example"]}, 422, "invalid_request_parameters"),
        ({"name": "Foo", "domains": ["harbour-press.example"]}, 409, "domain_already_exists"),
        ({"name": "Foo", "metadata": {"k" * 41: "v"}}, 400, "invalid_metadata"),
    ],
)
def test_a_bad_body_is_refused_and_changes_nothing(api: Api, body: Any, status: int, code: str) -> None:
    """The refusal has WorkOS's shape, and nothing was made."""
    before = api.get("/organizations").json
    answer = api.post("/organizations", body)
    assert (answer.status, answer.json["code"]) == (status, code)
    assert api.get("/organizations").json == before


def test_an_id_of_the_apps_own_is_one_organizations(api: Api) -> None:
    """Two organizations cannot have the same external id."""
    api.post("/organizations", {"name": "One", "external_id": "same"})
    two = api.post("/organizations", {"name": "Two", "external_id": "same"})
    assert (two.status, two.json["code"]) == (400, "external_id_already_used")


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=000001999",
        "limit=000001" + "0" * 5000,
        "limit=x",
        "limit=",
        "order=up",
        "after=org_none",
        "before=x",
    ],
)
def test_a_bad_query_is_refused(api: Api, query: str) -> None:
    """A limit, an order or a cursor that is none is told so."""
    assert api.get(f"/organizations?{query}").status == 422


@pytest.mark.parametrize("key", [None, "", "sk_test_wrong", "sk_live_abc", "sk_test_a2V5XzAx"])
def test_a_missing_or_wrong_key_is_refused(api: Api, key: str | None) -> None:
    """Without a key of the environment there is a 401."""
    assert api.get("/organizations", key=key).status == 401


def test_a_domain_waits_to_be_verified(api: Api) -> None:
    """A domain made by itself is pending, and can be verified once."""
    made = api.post("/organization_domains", {"domain": "Notes.example", "organization_id": NOTEBOOKS}).json
    assert (made["domain"], made["state"]) == ("notes.example", "pending")
    path = f"/organization_domains/{made['id']}"
    assert api.post(f"{path}/verify").json["state"] == "verified"
    assert api.post(f"{path}/verify").json["code"] == "domain_already_verified"
    assert api.post("/organization_domains", {"domain": "notes.example", "organization_id": PRESS}).status == 409
    assert api.delete(path).status == 204
    assert api.get(path).status == 404


def test_a_domain_is_one_in_any_case(api: Api) -> None:
    """The same name in two cases is one domain, and so it is in another script."""
    made = api.post("/organizations", {"name": "Foo", "domains": ["Foo.example", "foo.example", "b\u00fccher.example"]})
    assert [one["domain"] for one in made.json["domains"]] == ["foo.example", "b\u00fccher.example"]


def test_an_applications_secrets_go_with_the_organization(api: Api) -> None:
    """An organization that is deleted leaves no secret of its applications behind."""
    body = {"name": "Job", "application_type": "m2m", "organization_id": PRESS}
    application = api.post("/connect/applications", body).json
    api.post(f"/connect/applications/{application['id']}/client_secrets", {})
    api.delete(f"/organizations/{PRESS}")
    assert api.workos.authkit.directory.all(ClientSecret, application_id=application["id"]) == []


@pytest.mark.parametrize(
    "gone", [f"/organizations/{NOTEBOOKS}", f"/user_management/users/{ADA}"], ids=["organization", "user"]
)
def test_who_is_gone_gets_no_tokens(api: Api, gone: str) -> None:
    """Between the consent and the exchange the organization or the user is deleted: the code is worth nothing."""
    client = api.workos.register()
    code = api.workos.code(client)
    api.delete(gone)
    refused = api.workos.token(client, code)
    assert (refused.status_code, refused.get_json()["error"]) == (400, "invalid_grant")


def test_who_left_the_organization_refreshes_no_more(api: Api) -> None:
    """Ada is no member any more: what a client has for the organization is not refreshed."""
    client = api.workos.register()
    tokens = api.workos.tokens(client)
    (joined,) = api.get(f"/user_management/organization_memberships?user_id={ADA}").json["data"]
    api.delete(f"/user_management/organization_memberships/{joined['id']}")
    assert api.workos.refresh(client, tokens["refresh_token"]).get_json()["error"] == "invalid_grant"
