"""Users, over the API."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from sandbox.workos import sessions
from tests.workos.api.calls import BEN, KEY, NOTEBOOKS, PRESS, Api
from tests.workos.driver import ADA, CLEM, RESOURCE, fields

USERS = "/user_management/users"
CLIENT = "client_01SANDB0XENV1R0NMENT0000000"
FOO = {"email": "foo@foo.example"}


def ids(listed: Any) -> set[str]:
    """Give the ids of a list."""
    return {one["id"] for one in listed.json["data"]}


def test_those_of_the_settings_are_there(api: Api) -> None:
    """The invented people are users; nobody's password is shown."""
    assert ids(api.get(USERS)) == {ADA, BEN, CLEM}
    ada = api.get(f"{USERS}/{ADA}").json
    assert (ada["email"], ada["name"], ada["email_verified"]) == ("ada@nearby-notebooks.example", "Ada Park", True)
    assert "password" not in ada


def test_one_that_is_made_is_there(api: Api) -> None:
    """What the API made, it gives back, by either id."""
    body = FOO | {"first_name": "Foo", "last_name": "Bar", "external_id": "f-1", "metadata": {"tier": "gold"}}
    made = api.post(USERS, body | {"password": "correct horse battery"})
    assert (made.status, made.json["name"], made.json["email_verified"]) == (201, "Foo Bar", False)
    assert api.get(f"{USERS}/{made.json['id']}").json == made.json
    assert api.get(f"{USERS}/external_id/f-1").json == made.json
    assert "correct horse battery" not in str(made.json)


@pytest.mark.parametrize("external_id", ["a/b", "a/b/c/", "a%2Fb", "a b?c#d", "é/é"])
@pytest.mark.parametrize(("things", "made_of"), [(USERS, {"email": "x@x.example"}), ("/organizations", {"name": "x"})])
def test_an_external_id_of_any_letters_is_found(
    api: Api, things: str, made_of: dict[str, str], external_id: str
) -> None:
    """Encoded in the path, a slash or any other character is part of the app's own id."""
    made = api.post(things, made_of | {"external_id": external_id})
    assert made.status == 201
    assert api.get(f"{things}/external_id/{quote(external_id, safe='')}").json == made.json


def test_null_is_as_good_as_nothing(api: Api) -> None:
    """The SDKs send null for what one did not give."""
    names = ("password", "first_name", "last_name", "email_verified", "external_id", "metadata")
    made = api.post(USERS, FOO | dict.fromkeys(names))
    assert (made.status, made.json["name"], made.json["metadata"]) == (201, None, {})


def test_a_change_changes_what_it_names(api: Api) -> None:
    """What a change does not name stays; a new first name is in the whole name too."""
    made = api.post(USERS, FOO | {"first_name": "Foo", "last_name": "Bar", "metadata": {"a": "1", "b": "2"}}).json
    changes = {"first_name": "Fu", "locale": "pt-BR", "metadata": {"a": None, "c": "3"}, "external_id": "f-1"}
    changed = api.put(f"{USERS}/{made['id']}", changes).json
    assert changed == made | changes | {"name": "Fu Bar", "metadata": {"b": "2", "c": "3"}}


def test_another_email_address_is_not_verified(api: Api) -> None:
    """A changed address is unverified, unless the change says that it is."""
    assert api.put(f"{USERS}/{ADA}", {"email": "ADA@nearby-notebooks.example"}).json["email_verified"] is True
    assert api.put(f"{USERS}/{ADA}", {"email": "ada@park.example"}).json["email_verified"] is False
    both = {"email": "ada@pond.example", "email_verified": True}
    assert api.put(f"{USERS}/{ADA}", both).json["email_verified"] is True
    assert api.put(f"{USERS}/{ADA}", {"email": "ada@pond.example"}).json["email_verified"] is True


def test_users_are_found_by_email_and_organization(api: Api) -> None:
    """The list takes an email address in any case, and an organization by its new name and its old."""
    assert ids(api.get(f"{USERS}?email=ADA@nearby-notebooks.example")) == {ADA}
    assert ids(api.get(f"{USERS}?organization_id={PRESS}")) == {BEN}
    assert ids(api.get(f"{USERS}?organization={NOTEBOOKS}")) == {ADA, BEN}
    assert ids(api.get(f"{USERS}?email=nobody@foo.example")) == set()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "invalid_request_parameters"),
        ({"email": None}, 422, "invalid_request_parameters"),
        ({"email": 1}, 422, "invalid_request_parameters"),
        ({"email": "\ud800@foo.example"}, 422, "invalid_request_parameters"),
        ({"email": "no address"}, 400, "user_creation_error"),
        ({"email": "Ada@nearby-notebooks.example"}, 400, "user_creation_error"),
        (FOO | {"external_id": ""}, 422, "invalid_request_parameters"),
        (FOO | {"external_id": "x" * 129}, 422, "invalid_request_parameters"),
        (FOO | {"password": "short"}, 400, "password_strength_error"),
        (FOO | {"password": ""}, 400, "password_strength_error"),
        (FOO | {"password": "long enough", "password_hash": "x"}, 400, "password_and_password_hash_provided"),
        (
            FOO | {"password": "long enough", "password_hash_type": "bcrypt"},
            400,
            "password_and_password_hash_type_provided",
        ),
        (FOO | {"password_hash": "x", "password_hash_type": "bcrypt"}, 400, "invalid_password_hash"),
        (FOO | {"password_hash": "x", "password_hash_type": "md5"}, 422, "invalid_request_parameters"),
        (FOO | {"password_hash": "x"}, 422, "invalid_request_parameters"),
        (FOO | {"metadata": {"k" * 41: "v"}}, 400, "invalid_metadata"),
    ],
)
def test_a_bad_body_makes_nobody(api: Api, body: Any, status: int, code: str) -> None:
    """The refusal has WorkOS's shape, and nobody was made."""
    answer = api.post(USERS, body)
    assert (answer.status, answer.json["code"]) == (status, code)
    assert ids(api.get(USERS)) == {ADA, BEN, CLEM}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"email": "no address"}, 400, "invalid_email"),
        ({"email": "ben@nearby-notebooks.example"}, 400, "email_not_available"),
        ({"external_id": "bens"}, 400, "external_id_already_used"),
        ({"locale": "?"}, 400, "invalid_locale"),
        ({"password": "short"}, 400, "password_strength_error"),
        ({"metadata": {"k": "v" * 601}}, 400, "invalid_metadata"),
        ({"first_name": 1}, 422, "invalid_request_parameters"),
        ({"email_verified": None}, 422, "invalid_request_parameters"),
    ],
)
def test_a_bad_change_changes_nothing(api: Api, body: Any, status: int, code: str) -> None:
    """The refusal has WorkOS's shape, and the user is as before."""
    api.put(f"{USERS}/{BEN}", {"external_id": "bens"})
    before = api.get(f"{USERS}/{ADA}").json
    answer = api.put(f"{USERS}/{ADA}", body)
    assert (answer.status, answer.json["code"]) == (status, code)
    assert api.get(f"{USERS}/{ADA}").json == before


@pytest.mark.parametrize("text", ["{", "[]", "1", '"text"', "null", "[" * 100_000])
def test_a_body_that_is_no_object_is_refused(api: Api, text: str) -> None:
    """Malformed JSON, and JSON of another kind, get a refusal that the document describes."""
    answer = api.call("POST", USERS, form=text, content_type="application/json")
    assert (answer.status, answer.json["code"]) == (422, "invalid_request_parameters")


def test_a_hash_of_a_password_is_taken(api: Api) -> None:
    """A hash that looks like one of its type is accepted; it is never shown."""
    hashed = "$2b$10$" + "x" * 53
    made = api.post(USERS, FOO | {"password_hash": hashed, "password_hash_type": "bcrypt"})
    assert made.status == 201
    assert hashed not in str(made.json)


def test_who_is_deleted_is_gone_with_all_that_is_theirs(api: Api) -> None:
    """Memberships go, and tokens that applications hold for them are dead; a reset brings back who was seeded."""
    token = api.workos.tokens(api.workos.register(), user=ADA)["access_token"]
    assert api.workos.userinfo(token).status_code == 200
    assert api.delete(f"{USERS}/{ADA}").status == 200
    assert api.get(f"{USERS}/{ADA}").status == 404
    members = api.get(f"/user_management/organization_memberships?organization_id={NOTEBOOKS}").json["data"]
    assert [one["user"]["id"] for one in members] == [BEN]
    assert api.workos.userinfo(token).status_code == 401
    api.workos.authkit.store.clear()
    assert api.get(f"{USERS}/{ADA}").status == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_nobody_is_at_an_unknown_id(api: Api, method: str) -> None:
    """There is nobody to give, change or delete; an id of something else is nobody's."""
    for unknown in ("user_none", NOTEBOOKS, "external_id/none" if method == "GET" else "none"):
        assert api.call(method, f"{USERS}/{unknown}", {} if method == "PUT" else None).status == 404


# --- what hangs on a user --------------------------------------------------------------------------------------------


def test_what_this_world_has_none_of_is_an_empty_list(api: Api) -> None:
    """Feature flags and providers are there to be asked for, and there are none."""
    assert api.get(f"{USERS}/{ADA}/feature-flags").json["data"] == []
    assert api.get(f"{USERS}/{ADA}/data_providers").json == {"object": "list", "data": []}


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_there_is_no_connected_account(api: Api, method: str) -> None:
    """No user has an account with a provider."""
    assert api.call(method, f"{USERS}/{ADA}/connected_accounts/github").status == 404


@pytest.mark.parametrize(
    "what",
    [
        "identities",
        "feature-flags",
        "data_providers",
        "api_keys",
        "auth_factors",
        "sessions",
        "authorized_applications",
    ],
)
def test_of_an_unknown_user_nothing_is_listed(api: Api, what: str) -> None:
    """A list of nobody is a 404, not an empty list."""
    assert api.get(f"{USERS}/user_none/{what}").status == 404


def test_the_sessions_of_a_user_are_listed_while_they_last(api: Api) -> None:
    """A session is listed until it is revoked or its time is over; who is deleted has none."""
    server = api.workos.authkit
    ada, ben = server.user(ADA), server.user(BEN)
    assert ada is not None
    assert ben is not None
    first, second = sessions.make(server, ada, "Password"), sessions.make(server, ada, "MagicAuth", NOTEBOOKS)
    sessions.make(server, ben, "Password")
    listed = api.get(f"{USERS}/{ADA}/sessions").json["data"]
    assert {(one["id"], one["auth_method"]) for one in listed} == {(first.id, "password"), (second.id, "magic_code")}
    sessions.end(server, first)
    assert ids(api.get(f"{USERS}/{ADA}/sessions")) == {second.id}
    api.workos.clock.advance(86_400 * 30)
    assert ids(api.get(f"{USERS}/{ADA}/sessions")) == set()


def test_who_no_longer_belongs_to_an_organization_is_signed_out_of_it(api: Api) -> None:
    """A member who rests or leaves has no session there any more, and keeps those elsewhere."""
    server = api.workos.authkit
    ben = server.user(BEN)
    assert ben is not None
    sessions.make(server, ben, "Password", NOTEBOOKS)
    sessions.make(server, ben, "Password", PRESS)
    elsewhere = sessions.make(server, ben, "Password")
    memberships = api.get(f"/user_management/organization_memberships?user_id={BEN}").json["data"]
    api.put(f"/user_management/organization_memberships/{memberships[0]['id']}/deactivate")
    api.delete(f"/user_management/organization_memberships/{memberships[1]['id']}")
    assert ids(api.get(f"{USERS}/{BEN}/sessions")) == {elsewhere.id}


def signed_in_by(api: Api, provider: str, user: str) -> None:
    """Sign in to the app as a user, with an account of a provider."""
    callback = "http://localhost:3000/callback"
    asked = {
        "client_id": CLIENT,
        "redirect_uri": callback,
        "response_type": "code",
        "provider": provider,
    }
    begun = fields(api.workos.http.get("/user_management/authorize", query_string=asked))
    answer = api.workos.post("/sso/idp", begun | {"user_id": user, "decision": "approve"})
    if answer.headers["Location"].startswith("/oauth2/organization"):
        answer = api.workos.post("/oauth2/organization", begun | {"organization_id": PRESS})
    body = {"grant_type": "authorization_code", "client_id": CLIENT, "client_secret": KEY}
    done = api.post("/user_management/authenticate", body | {"code": fields(answer)["code"]})
    assert done.status == 200, done


def test_an_account_that_a_user_came_with_is_theirs(api: Api) -> None:
    """Each provider's account is listed once, however often the user signs in with it, and only as theirs."""
    assert api.get(f"{USERS}/{ADA}/identities").json == []
    for provider in ("GoogleOAuth", "GoogleOAuth", "GitHubOAuth"):
        signed_in_by(api, provider, ADA)
    listed = api.get(f"{USERS}/{ADA}/identities").json
    assert [(one["type"], one["provider"]) for one in listed] == [("OAuth", "GoogleOAuth"), ("OAuth", "GithubOAuth")]
    assert len({one["idp_id"] for one in listed}) == 2
    assert api.get(f"{USERS}/{BEN}/identities").json == []


def test_an_authorized_application_acts_until_that_is_taken_back(api: Api) -> None:
    """What a user consented to is listed, and once deleted the application's tokens are dead."""
    path = f"{USERS}/{ADA}/authorized_applications"
    client = api.workos.register()
    assert api.get(path).json["data"] == []
    tokens = [api.workos.tokens(client, user=ADA, resource=RESOURCE, scope=scope) for scope in ("openid", "email")]
    (listed,) = api.get(path).json["data"]
    assert (listed["granted_scopes"], listed["oauth_resource"]) == (["openid", "email"], RESOURCE)
    assert (listed["application"]["client_id"], listed["application"]["name"]) == (client["client_id"], "Claude Code")
    assert listed["application"]["was_dynamically_registered"] is True
    assert api.get(f"{USERS}/{BEN}/authorized_applications").json["data"] == []
    assert api.delete(f"{path}/client_none").status == 404
    assert api.delete(f"{path}/{client['client_id']}").status == 204
    assert api.delete(f"{path}/{client['client_id']}").status == 404
    assert api.get(path).json["data"] == []
    assert [api.workos.userinfo(each["access_token"]).status_code for each in tokens] == [401, 401]


@pytest.mark.parametrize("name", ["id", "client_id"])
def test_an_application_of_the_dashboard_is_listed_as_the_dashboard_has_it(api: Api, name: str) -> None:
    """Its authorization is taken back by its id as well as by its client id."""
    client = api.workos.client("client_01SANDB0XCLA1DEWEB000000000")
    api.workos.tokens(client, user=ADA)
    path = f"{USERS}/{ADA}/authorized_applications"
    (listed,) = api.get(path).json["data"]
    application = api.get(f"/connect/applications/{client['client_id']}").json
    assert listed["application"] == application
    assert api.delete(f"{path}/{application[name]}").status == 204
    assert api.get(path).json["data"] == []


def test_an_api_key_shows_its_value_once(api: Api) -> None:
    """The value is in the answer that made the key, and in no list."""
    body = {"name": "CI", "organization_id": NOTEBOOKS, "permissions": ["logs:read"]}
    made = api.post(f"{USERS}/{ADA}/api_keys", body)
    assert made.status == 201
    value = made.json.pop("value")
    assert made.json["obfuscated_value"] == f"sk_...{value[-4:]}"
    assert api.get(f"{USERS}/{ADA}/api_keys").json["data"] == [made.json]
    assert api.get(f"{USERS}/{ADA}/api_keys?organization_id={PRESS}").json["data"] == []


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"organization_id": PRESS}, 400),
        ({"organization_id": "org_none"}, 404),
        ({"permissions": ["everything"]}, 400),
        ({"permissions": "logs:read"}, 422),
        ({"name": " "}, 422),
    ],
)
def test_a_bad_api_key_is_not_made(api: Api, change: Any, status: int) -> None:
    """Who is no member, or asks for permissions that there are not, gets no key."""
    answer = api.post(f"{USERS}/{ADA}/api_keys", {"name": "CI", "organization_id": NOTEBOOKS} | change)
    assert answer.status == status
    assert api.get(f"{USERS}/{ADA}/api_keys").json["data"] == []


def test_keys_and_invitations_go_with_their_organization(api: Api) -> None:
    """What hangs on an organization does not outlive it."""
    api.post(f"{USERS}/{BEN}/api_keys", {"name": "CI", "organization_id": PRESS})
    api.post("/user_management/invitations", FOO | {"organization_id": PRESS})
    assert api.delete(f"/organizations/{PRESS}").status == 202
    assert api.get(f"{USERS}/{BEN}/api_keys").json["data"] == []
    assert api.get("/user_management/invitations").json["data"] == []
