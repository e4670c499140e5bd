"""Connect applications and their secrets, over the API and at AuthKit's own endpoints."""

from __future__ import annotations

from typing import Any

import pytest

from tests.workos.api.calls import NOTEBOOKS, PRESS, Api
from tests.workos.driver import CALLBACK, MACHINE, basic, error_page, fields

FIRST = {"name": "Forum", "application_type": "oauth", "is_first_party": True, "redirect_uris": [{"uri": CALLBACK}]}
THIRD = FIRST | {"name": "Partner", "is_first_party": False, "organization_id": PRESS}
M2M = {"name": "Robot", "application_type": "m2m", "organization_id": NOTEBOOKS, "scopes": ["logs:read"]}


def made(api: Api, body: Any) -> dict[str, Any]:
    """Make an application; give it as an OAuth client, with a secret."""
    application = api.post("/connect/applications", body)
    assert application.status == 201, application.json
    secret = api.post(f"/connect/applications/{application.json['id']}/client_secrets", {})
    assert secret.status == 201
    uris = [one["uri"] for one in application.json.get("redirect_uris", ())]
    given = {"redirect_uris": uris, "client_secret": secret.json["secret"], "secret_id": secret.json["id"]}
    return {**application.json, **given}


def ask(api: Api, client_id: str, secret: str) -> int:
    """Ask for a machine's token; give the status."""
    headers = basic(client_id, secret)
    return api.workos.post("/oauth2/token", {"grant_type": "client_credentials"}, headers=headers).status_code


def test_those_of_the_settings_are_there(api: Api) -> None:
    """The applications of the settings are listed, found by either id, and each has the secrets that it has."""
    listed = api.get("/connect/applications?order=asc").json["data"]
    assert [(one["name"], one["application_type"]) for one in listed] == [
        ("Claude (web and desktop)", "oauth"),
        ("Nightly report", "m2m"),
    ]
    claude, machine = listed
    assert claude["uses_pkce"]
    assert [target["default"] for target in claude["redirect_uris"]] == [True, False]
    assert api.get(f"/connect/applications/{machine['client_id']}").json == machine
    assert api.get(f"/connect/applications/{machine['id']}").json == machine
    assert api.get(f"/connect/applications/{claude['id']}/client_secrets").json == []
    (secret,) = api.get(f"/connect/applications/{MACHINE}/client_secrets").json
    assert api.workos.client(MACHINE)["client_secret"].endswith(secret["secret_hint"])


def test_those_of_an_organization_are_found(api: Api) -> None:
    """The list takes an organization."""
    api.post("/connect/applications", THIRD)
    listed = api.get(f"/connect/applications?organization_id={PRESS}").json["data"]
    assert [one["name"] for one in listed] == ["Partner"]


def test_a_machine_that_is_made_gets_a_token(api: Api) -> None:
    """An M2M application asks AuthKit for a token with its secret; the token is for its organization and scopes."""
    machine = made(api, M2M)
    headers = basic(machine["client_id"], machine["client_secret"])
    answer = api.workos.post("/oauth2/token", {"grant_type": "client_credentials"}, headers=headers).get_json()
    claims = api.workos.claims(answer["access_token"])
    assert (claims["sub"], claims["org_id"], claims["scope"]) == (machine["client_id"], NOTEBOOKS, "logs:read")


def test_a_third_party_application_signs_people_in(api: Api) -> None:
    """An OAuth application sends a person through the pages, where its name is asked about, and gets tokens."""
    client = made(api, THIRD | {"uses_pkce": False})
    begun = api.workos.authorize(client)
    session = fields(begun)["authorization_session_id"]
    chosen = {"authorization_session_id": session, "user_id": "user_01SANDB0XADA0000000000000000"}
    page = api.workos.http.get(api.workos.post("/oauth2/sign-in", chosen).headers["Location"])
    assert "Partner" in page.text
    assert api.workos.tokens(client)["refresh_token"]


def test_nobody_is_asked_whether_a_first_party_application_may(api: Api) -> None:
    """The app's own applications get their code as soon as the person has signed in (WorkOS, OAuth applications)."""
    client = made(api, FIRST | {"uses_pkce": True})
    session = fields(api.workos.authorize(client))["authorization_session_id"]
    chosen = {"authorization_session_id": session, "user_id": "user_01SANDB0XADA0000000000000000"}
    back = api.workos.post("/oauth2/sign-in", chosen)
    assert back.headers["Location"].startswith(CALLBACK)
    assert api.workos.token(client, fields(back)["code"]).status_code == 200


def test_every_secret_of_several_is_good_until_it_is_deleted(api: Api) -> None:
    """Secrets are rotated without a gap: both are good, then the old one is refused and the new one is not."""
    old = api.workos.client(MACHINE)["client_secret"]
    new = api.post(f"/connect/applications/{MACHINE}/client_secrets", {}).json["secret"]
    assert (ask(api, MACHINE, old), ask(api, MACHINE, new)) == (200, 200)
    listed = api.get(f"/connect/applications/{MACHINE}/client_secrets").json
    (old_id,) = [one["id"] for one in listed if old.endswith(one["secret_hint"])]
    assert api.delete(f"/connect/client_secrets/{old_id}").status == 204
    assert (ask(api, MACHINE, old), ask(api, MACHINE, new)) == (401, 200)
    assert api.delete(f"/connect/client_secrets/{old_id}").status == 404


def test_an_application_whose_secrets_are_all_deleted_proves_nothing(api: Api) -> None:
    """A confidential application without any secret is not let in, with a secret or without."""
    (secret,) = api.get(f"/connect/applications/{MACHINE}/client_secrets").json
    api.delete(f"/connect/client_secrets/{secret['id']}")
    assert (ask(api, MACHINE, ""), ask(api, MACHINE, "x")) == (401, 401)
    assert api.workos.client(MACHINE)["client_secret"] is None


def test_a_secret_is_shown_once(api: Api) -> None:
    """After it was made only its hint is shown."""
    made_now = api.post(f"/connect/applications/{MACHINE}/client_secrets", {}).json
    listed = api.get(f"/connect/applications/{MACHINE}/client_secrets")
    assert made_now["secret"] not in str(listed.json)
    assert made_now["secret"][-6:] in [one["secret_hint"] for one in listed.json]


def test_it_is_known_when_a_secret_was_last_used(api: Api) -> None:
    """`last_used_at` is null until the secret proved something; a wrong one proves nothing."""
    machine = made(api, M2M)
    path = f"/connect/applications/{machine['id']}/client_secrets"
    ask(api, machine["client_id"], "wrong")
    assert [one["last_used_at"] for one in api.get(path).json] == [None]
    api.workos.clock.advance(60)
    ask(api, machine["client_id"], machine["client_secret"])
    assert [one["last_used_at"] for one in api.get(path).json] == ["2027-01-15T08:01:00.000Z"]


def test_a_change_is_seen_by_the_next_authorization(api: Api) -> None:
    """A redirect URI that was taken away is refused at once; what the change does not name stays."""
    client = made(api, FIRST | {"description": "for all"})
    other = "https://forum.example/callback"
    changed = api.put(f"/connect/applications/{client['id']}", {"redirect_uris": [{"uri": other}]}).json
    assert (changed["name"], changed["description"]) == ("Forum", "for all")
    assert changed["redirect_uris"] == [{"uri": other, "default": True}]
    assert error_page(api.workos.authorize(client)) == "invalid_redirect_uri"
    assert "authorization_session_id" in fields(api.workos.authorize(client, redirect_uri=other))


def test_a_deleted_application_is_unknown_and_its_tokens_dead(api: Api) -> None:
    """With an application go its secrets and what was granted to it."""
    client = made(api, THIRD)
    tokens = api.workos.tokens(client)
    assert api.workos.userinfo(tokens["access_token"]).status_code == 200
    assert api.delete(f"/connect/applications/{client['id']}").status == 204
    assert api.get(f"/connect/applications/{client['id']}").status == 404
    assert error_page(api.workos.authorize(client)) == "application_not_found"
    assert api.workos.refresh(client, tokens["refresh_token"]).status_code == 401
    assert api.workos.userinfo(tokens["access_token"]).status_code == 401
    assert api.delete(f"/connect/client_secrets/{client['secret_id']}").status == 404


def test_with_an_organization_go_its_applications(api: Api) -> None:
    """A deleted organization leaves no application behind."""
    client = made(api, THIRD)
    api.delete(f"/organizations/{PRESS}")
    assert api.get(f"/connect/applications/{client['id']}").status == 404


def test_a_client_that_registered_is_an_application(api: Api) -> None:
    """Who registered is listed as such, can be changed, gets more secrets, and can be deleted."""
    client = api.workos.register(token_endpoint_auth_method="client_secret_basic")
    path = f"/connect/applications/{client['client_id']}"
    assert api.get(path).json["was_dynamically_registered"] is True
    assert api.put(path, {"name": "Renamed"}).json["name"] == "Renamed"
    assert api.get(path).json["name"] == "Renamed"
    (own,) = api.get(f"{path}/client_secrets").json
    assert client["client_secret"].endswith(own["secret_hint"])
    more = api.post(f"{path}/client_secrets").json["secret"]
    assert api.workos.tokens(client | {"client_secret": more})["access_token"]
    assert api.delete(f"/connect/client_secrets/{own['id']}").status == 204
    refused = api.workos.token(client, api.workos.code(client))
    assert refused.get_json()["error"] == "invalid_client"
    assert api.delete(path).status == 204
    assert error_page(api.workos.authorize(client)) == "application_not_found"


def test_those_of_the_settings_follow_the_settings(api: Api) -> None:
    """An application that the settings add is there, and the one they take away is gone."""
    nine = {"client_id": "client_9", "name": "Nine", "redirect_uris": [CALLBACK], "organization": PRESS}
    api.workos.set(applications=[nine])
    assert [one["name"] for one in api.get("/connect/applications").json["data"]] == ["Nine"]
    assert fields(api.workos.authorize({"client_id": "client_9", "redirect_uris": [CALLBACK]}))
    assert error_page(api.workos.authorize({"client_id": MACHINE, "redirect_uris": [CALLBACK]}))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        (FIRST | {"name": " "}, 422),
        (FIRST | {"application_type": "spa"}, 422),
        ({"name": "x", "application_type": "oauth"}, 422),
        (FIRST | {"is_first_party": False}, 422),
        (FIRST | {"is_first_party": False, "organization_id": "org_none"}, 404),
        ({"name": "x", "application_type": "m2m"}, 422),
        (M2M | {"organization_id": "org_none"}, 404),
        (M2M | {"redirect_uris": [{"uri": CALLBACK}]}, 422),
        (FIRST | {"redirect_uris": [{"uri": "http://far.example/callback"}]}, 422),
        (FIRST | {"redirect_uris": ["https://a.example"]}, 422),
        (FIRST | {"scopes": ["two words"]}, 422),
        (FIRST | {"cors_origins": ["https://a.example/path"]}, 422),
    ],
)
def test_a_bad_body_is_refused_and_changes_nothing(api: Api, body: Any, status: int) -> None:
    """The refusal has WorkOS's shape, and nothing was made."""
    before = api.get("/connect/applications").json
    assert api.post("/connect/applications", body).status == status
    assert api.get("/connect/applications").json == before


def test_a_public_application_that_sends_a_secret_must_send_a_right_one(api: Api) -> None:
    """PKCE alone is enough for it, a secret besides may be there, and a wrong one is refused."""
    client = made(api, FIRST | {"uses_pkce": True})
    for secret, status in ((None, 200), (client["client_secret"], 200), ("wrong", 401)):
        back = api.workos.http.get("/oauth2/authorize", query_string=api.workos.request(client))
        session = fields(back)["authorization_session_id"]
        chosen = {"authorization_session_id": session, "user_id": "user_01SANDB0XADA0000000000000000"}
        code = fields(api.workos.post("/oauth2/sign-in", chosen))["code"]
        assert api.workos.token(client, code, client_secret=secret).status_code == status


@pytest.mark.parametrize("mode", ["test", "production"])
def test_production_takes_no_plain_http_and_no_localhost(api: Api, mode: str) -> None:
    """A redirect URI of a production application uses https, but for a native client's 127.0.0.1."""
    api.workos.set(mode=mode)
    taken = {
        uri: api.post("/connect/applications", FIRST | {"redirect_uris": [{"uri": uri}]}).status == 201
        for uri in ("http://localhost:3000/c", "https://localhost/c", "http://127.0.0.1/c", "https://a.example/c")
    }
    test = mode == "test"
    assert list(taken.values()) == [test, test, True, True]
