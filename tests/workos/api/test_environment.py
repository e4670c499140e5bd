"""What the dashboard holds for the environment, over the API, and what each does to the next request."""

from __future__ import annotations

from typing import Any

import pytest

from tests.workos.api.calls import KEY, NOTEBOOKS, Api
from tests.workos.driver import CALLBACK, RESOURCE, error, error_page, fields

ENVIRONMENT = "client_01SANDB0XENV1R0NMENT0000000"
RESOURCES = "/user_management/authkit_oauth_resources"
REDIRECTS = "/user_management/redirect_uris"
ORIGINS = "/user_management/cors_origins"
TEMPLATE = "/user_management/jwt_template"


def test_there_are_tokens_for_a_resource_that_was_added(api: Api) -> None:
    """A resource is refused until it was added, and is the audience then; taken away, it is refused again."""
    api.workos.set(resources=["https://other.example/mcp"])
    client = api.workos.register()
    wanted = {"resource": RESOURCE}
    assert error(api.workos.token(client, api.workos.code(client, **wanted), **wanted)) == "invalid_target"
    made = api.post(RESOURCES, {"uri": RESOURCE})
    assert made.status == 201
    assert (made.json["object"], made.json["default"]) == ("authkit_oauth_resource", False)
    token = api.workos.tokens(client, **wanted)["access_token"]
    assert api.workos.claims(token)["aud"] == RESOURCE
    assert api.delete(f"{RESOURCES}/{made.json['id']}").status == 204
    assert error(api.workos.token(client, api.workos.code(client, **wanted), **wanted)) == "invalid_target"


def test_resources_of_the_settings_are_listed(api: Api) -> None:
    """The list holds those of the settings and those that were added, newest first."""
    api.workos.set(resources=["https://a.example/mcp"])
    api.post(RESOURCES, {"uri": "https://b.example/mcp"})
    listed = api.get(RESOURCES).json
    assert listed["object"] == "list"
    assert [one["uri"] for one in listed["data"]] == ["https://b.example/mcp", "https://a.example/mcp"]


def test_a_browser_may_be_sent_to_a_redirect_uri_that_was_added(api: Api) -> None:
    """Where the dashboard lists redirect URIs, one has to be on the list."""
    api.workos.set(redirect_uris=["https://other.example/callback"])
    client = api.workos.register()
    assert error_page(api.workos.authorize(client)) == "invalid_redirect_uri"
    made = api.post(REDIRECTS, {"uri": CALLBACK})
    assert (made.status, made.json["default"]) == (201, False)
    assert "authorization_session_id" in fields(api.workos.authorize(client))
    assert len(api.get(REDIRECTS).json["data"]) == 2
    assert api.delete(f"{REDIRECTS}/{made.json['id']}").status == 204
    assert error_page(api.workos.authorize(client)) == "invalid_redirect_uri"


def test_a_redirect_uri_of_production_is_no_plain_http(api: Api) -> None:
    """A production environment takes neither http:// nor localhost."""
    api.workos.set(mode="production")
    assert api.post(REDIRECTS, {"uri": "http://localhost:3000/callback"}).status == 422
    assert api.post(REDIRECTS, {"uri": "https://app.example/callback"}).status == 201


def test_a_cors_origin_is_added_once(api: Api) -> None:
    """The same origin again is a conflict."""
    made = api.post(ORIGINS, {"origin": "http://localhost:3000"})
    assert (made.status, made.json["origin"]) == (201, "http://localhost:3000")
    again = api.post(ORIGINS, {"origin": "http://localhost:3000"})
    assert (again.status, again.json["code"]) == (409, "duplicate_cors_origin")
    assert [one["origin"] for one in api.get(ORIGINS).json["data"]] == ["http://localhost:3000"]


def test_the_jwt_template_adds_claims(api: Api) -> None:
    """The next token has the template's claims, filled in, and none that has no value; its own stay its own."""
    assert api.get(TEMPLATE).status == 404
    content = (
        '{"urn:app:name": "{{ user.first_name }} {{ user.last_name }}", "urn:app:tier":'
        " {{ organization.metadata.tier || 'bronze' }}, \"urn:app:role\": {{ organization_membership.role.slug }},"
        ' "urn:app:none": {{ user.metadata.nickname }}}'
    )
    made = api.put(TEMPLATE, {"content": content})
    assert (made.status, made.json["content"]) == (200, content)
    assert api.get(TEMPLATE).json == made.json
    client = api.workos.register()
    claims = api.workos.claims(api.workos.tokens(client)["access_token"])
    assert {name: value for name, value in claims.items() if name.startswith("urn:")} == {
        "urn:app:name": "Ada Park",
        "urn:app:tier": "bronze",
        "urn:app:role": "admin",
    }
    assert claims["org_id"] == NOTEBOOKS
    form = {"client_id": ENVIRONMENT, "client_secret": KEY, "grant_type": "password"}
    body = form | {"email": "clem@freelance.example", "password": "sandbox-password"}
    session = api.post("/user_management/authenticate", body, key=None).json["access_token"]
    assert api.workos.claims(session)["urn:app:name"] == "Clem Duarte"
    api.put(TEMPLATE, {"content": "{}"})
    assert not [name for name in api.workos.claims(api.workos.tokens(client)["access_token"]) if name[:4] == "urn:"]


@pytest.mark.parametrize("content", ["", "no", '{"sub": 1}', '{"a": {{ env.KEY }}}'])
def test_a_bad_template_is_refused_and_changes_nothing(api: Api, content: str) -> None:
    """What is no template is told so, and the one before stays."""
    api.put(TEMPLATE, {"content": '{"a": 1}'})
    refused = api.put(TEMPLATE, {"content": content})
    assert (refused.status, refused.json["code"]) == (422, "invalid_request_parameters")
    assert api.get(TEMPLATE).json["content"] == '{"a": 1}'


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (RESOURCES, {}),
        (RESOURCES, {"uri": "mcp"}),
        (RESOURCES, {"uri": "https://a.example/#x"}),
        (REDIRECTS, {}),
        (REDIRECTS, {"uri": "callback"}),
        (REDIRECTS, {"uri": "javascript:alert(1)"}),
        (REDIRECTS, {"uri": 1}),
        (ORIGINS, {}),
        (ORIGINS, {"origin": "*"}),
        (ORIGINS, {"origin": "https://a.example/"}),
    ],
)
def test_a_bad_body_is_refused_and_changes_nothing(api: Api, path: str, body: Any) -> None:
    """What is none is told so, and the list is as it was."""
    assert api.post(path, body).status == 422
    assert api.get(path).json["data"] == []


@pytest.mark.parametrize(("path", "body"), [(RESOURCES, {"uri": RESOURCE}), (REDIRECTS, {"uri": CALLBACK})])
def test_what_is_there_is_not_added_again(api: Api, path: str, body: Any) -> None:
    """The second of the same is refused, and what is not there cannot be taken away."""
    assert [api.post(path, body).status for _ in range(2)] == [201, 422]
    assert api.delete(f"{path}/none").status == 404


def test_a_production_application_is_not_sent_back_to_localhost(api: Api) -> None:
    """An application of the dashboard loses its http://localhost; a client that registered itself does not."""
    application = {"client_id": "client_1", "name": "One", "redirect_uris": [CALLBACK, "http://127.0.0.1/callback"]}
    api.workos.set(applications=[application], mode="production")
    one, registered = {"client_id": "client_1", "redirect_uris": [CALLBACK]}, api.workos.register()
    assert error_page(api.workos.authorize(one)) == "invalid_redirect_uri"
    assert fields(api.workos.authorize(one, redirect_uri="http://127.0.0.1:9/callback"))
    assert fields(api.workos.authorize(registered))["authorization_session_id"]
    api.workos.set(mode="test")
    assert fields(api.workos.authorize(one))["authorization_session_id"]
