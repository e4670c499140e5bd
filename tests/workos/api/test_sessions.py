"""Sessions of the app: what their tokens say, how they are refreshed, and how they end."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.workos.api.app import ADA_EMAIL, BEN_EMAIL, CLEM_EMAIL, GRANT, authenticate, by_password, code, session
from tests.workos.api.calls import BEN, NOTEBOOKS, PRESS, Answer, Api
from tests.workos.driver import ADA, CLEM, ORIGIN, error_page
from tests.workos.sso.walk import APP, CLIENT, ENTRA

LOGOUT: Final = "/user_management/sessions/logout"
REVOKE: Final = "/user_management/sessions/revoke"


def refresh(api: Api, token: str, **body: Any) -> Answer:
    """Exchange a refresh token."""
    return authenticate(api, "refresh_token", refresh_token=token, **body)


def claims(api: Api, answer: dict[str, Any]) -> dict[str, Any]:
    """Give what an access token says, verified with the environment's keys."""
    return api.workos.jwt(answer["access_token"])[1]


# --- the access token ------------------------------------------------------------------------------------------------


def test_an_access_token_says_who_and_where(api: Api) -> None:
    """The claims are those of real tokens: iss with the client id, aud as text, role and permissions (OBSERVED)."""
    told = claims(api, session(api))
    assert told.pop("sid").startswith("session_01")
    assert len(told.pop("jti")) == 26

    assert told == {
        "iss": f"{ORIGIN}/user_management/{CLIENT}",
        "aud": CLIENT,
        "sub": ADA,
        "client_id": CLIENT,
        "auth_time": 1_800_000_000,
        "iat": 1_800_000_000,
        "exp": 1_800_000_300,
        "org_id": NOTEBOOKS,
        "role": "admin",
        "roles": ["admin"],
        "permissions": ["logs:read", "logs:delete"],
    }


def test_without_an_organization_there_are_no_claims_of_one(api: Api) -> None:
    """Clem belongs to none: org_id, role, roles and permissions are absent, not null."""
    assert {"org_id", "role", "roles", "permissions"}.isdisjoint(claims(api, session(api, CLEM_EMAIL)))


def test_the_keys_of_the_environment_verify_it(api: Api) -> None:
    """The JWKS that the SDKs read is the one of the client."""
    kid = api.workos.jwt(session(api)["access_token"])[0]["kid"]

    assert [key["kid"] for key in api.get(f"/sso/jwks/{CLIENT}").json["keys"]] == [kid]


def test_a_session_is_no_grant_of_authkit(api: Api) -> None:
    """AuthKit's own endpoints know nothing of a session's tokens."""
    client, tokens = api.workos.register(), session(api)

    assert api.workos.introspect(client, tokens["access_token"]) == {"active": False}
    assert api.workos.introspect(client, tokens["refresh_token"]) == {"active": False}
    assert api.workos.userinfo(tokens["access_token"]).status_code == 401
    assert api.workos.refresh(client, tokens["refresh_token"]).get_json()["error"] == "invalid_grant"


# --- refreshing ------------------------------------------------------------------------------------------------------


def test_a_session_is_refreshed(api: Api) -> None:
    """The new pair is of the same session, signed in at the same time; the old token was good once."""
    first = session(api)
    api.workos.clock.advance(400)
    second = refresh(api, first["refresh_token"]).json

    before, after = claims(api, first), claims(api, second)
    assert (after["sid"], after["auth_time"]) == (before["sid"], before["auth_time"])
    assert after["exp"] == before["exp"] + 400
    assert second["refresh_token"] != first["refresh_token"]


def test_a_used_token_answers_the_same_while_the_grace_lasts(api: Api) -> None:
    """Two tabs that refresh at once get the same pair; after the grace the token is refused, the session goes on."""
    first = session(api)
    second = refresh(api, first["refresh_token"]).json
    api.workos.clock.advance(29)
    assert refresh(api, first["refresh_token"]).json == second

    api.workos.clock.advance(2)
    late = refresh(api, first["refresh_token"])
    assert (late.status, late.json["error"]) == (400, "invalid_grant")
    assert refresh(api, second["refresh_token"]).status == 200


def test_a_replay_is_of_a_member(api: Api) -> None:
    """While the grace lasts the world takes the membership away: the used token answers nobody any more."""
    first = session(api)
    assert refresh(api, first["refresh_token"]).status == 200
    api.workos.set(users=[{"id": ADA, "email": ADA_EMAIL, "first_name": "Ada", "last_name": "P"}])

    assert refresh(api, first["refresh_token"]).json["error"] == "organization_membership_not_found"


def test_tokens_need_not_rotate(api: Api) -> None:
    """Where the dashboard does not rotate, the same token comes back."""
    api.workos.set(refresh_token={"rotate": False})
    first = session(api)

    assert refresh(api, first["refresh_token"]).json["refresh_token"] == first["refresh_token"]


def test_a_refresh_switches_the_organization(api: Api) -> None:
    """With an organization_id the session is for that one from then on."""
    first = authenticate(api, "authorization_code", code=code(api, BEN, organization=NOTEBOOKS)).json
    second = refresh(api, first["refresh_token"], organization_id=PRESS).json
    assert (second["organization_id"], claims(api, second)["org_id"]) == (PRESS, PRESS)

    assert refresh(api, second["refresh_token"]).json["organization_id"] == PRESS


@pytest.mark.parametrize(
    ("organization", "error"),
    [("org_01NOBODYS", "organization_not_found"), (PRESS, "organization_membership_not_found")],
)
def test_nobody_switches_to_where_they_do_not_belong(api: Api, organization: str, error: str) -> None:
    """The switch is refused, and the token is still good."""
    first = session(api)

    assert refresh(api, first["refresh_token"], organization_id=organization).json["error"] == error
    assert refresh(api, first["refresh_token"]).json["organization_id"] == NOTEBOOKS


def test_a_switch_may_want_single_sign_on(api: Api) -> None:
    """Where members must use their connection, no refresh goes round it."""
    first = authenticate(api, "authorization_code", code=code(api, BEN, organization=NOTEBOOKS)).json
    api.workos.set(authentication={"sso": "required"})

    answer = refresh(api, first["refresh_token"], organization_id=PRESS)
    assert (answer.json["error"], answer.json["connection_ids"]) == ("sso_required", [ENTRA])


def test_a_member_who_left_is_refused(api: Api) -> None:
    """A membership that is gone ends the sessions in its organization."""
    first = session(api)
    (membership,) = api.get(f"/user_management/organization_memberships?user_id={ADA}").json["data"]
    api.delete(f"/user_management/organization_memberships/{membership['id']}")

    assert refresh(api, first["refresh_token"]).json["error"] == "invalid_grant"


def test_a_refresh_token_that_is_none_is_refused(api: Api) -> None:
    """An unknown one, one of AuthKit's OAuth server, and one whose user is gone."""
    client, first = api.workos.register(), session(api, CLEM_EMAIL)
    theirs = api.workos.tokens(client)["refresh_token"]
    api.delete(f"/user_management/users/{CLEM}")

    for token in ("none", theirs, first["refresh_token"]):
        assert refresh(api, token).json["error"] == "invalid_grant"


def test_a_session_ends_by_itself(api: Api) -> None:
    """After the lifetime of refresh tokens it is over."""
    first = session(api)
    api.workos.clock.advance(31 * 24 * 3600)

    assert refresh(api, first["refresh_token"]).json["error"] == "invalid_grant"


def test_the_effects_reach_the_sessions(api: Api) -> None:
    """A world whose refresh tokens are revoked refreshes nobody."""
    first = session(api)
    api.workos.authkit.revoke_refresh_tokens()

    assert refresh(api, first["refresh_token"]).json["error"] == "invalid_grant"


# --- the session and its end -----------------------------------------------------------------------------------------


def test_a_session_remembers_how_it_began(api: Api) -> None:
    """Where the user was, and how they signed in, is kept with it."""
    answer = by_password(api, CLEM_EMAIL, ip_address="192.0.2.7", user_agent="Test/1")
    (kept,) = listed(api, CLEM)

    assert kept["id"] == claims(api, answer.json)["sid"]
    assert (kept["auth_method"], kept["ip_address"], kept["user_agent"]) == ("password", "192.0.2.7", "Test/1")
    assert (kept["status"], kept["ended_at"]) == ("active", None)
    assert "organization_id" not in kept


def test_the_app_ends_a_session(api: Api) -> None:
    """Revoked, it is refreshed no more; a second time changes nothing."""
    first = session(api)
    sid = {"session_id": claims(api, first)["sid"]}

    assert api.post(REVOKE, sid).status == 200
    assert refresh(api, first["refresh_token"]).json["error"] == "invalid_grant"
    assert listed(api, ADA) == []
    assert api.post(REVOKE, sid).status == 200


@pytest.mark.parametrize(
    ("body", "key", "status"),
    [
        ({"session_id": "session_01NONE"}, "sk_test_sandbox", 400),
        ({}, "sk_test_sandbox", 422),
        ({"session_id": 1}, "sk_test_sandbox", 422),
        ({"session_id": "session_01NONE"}, None, 401),
    ],
)
def test_a_session_that_is_none_is_not_ended(api: Api, body: Any, key: str | None, status: int) -> None:
    """An unknown session, none, and no key are refused."""
    assert api.post(REVOKE, body, key=key).status == status


def leave(api: Api, **query: str) -> Any:
    """Let a browser sign out."""
    return api.workos.http.get(LOGOUT, query_string=query)


def test_a_browser_signs_out(api: Api) -> None:
    """The session ends, and the browser goes where the app says, or to the homepage."""
    first = session(api)
    sid = claims(api, first)["sid"]

    assert leave(api, session_id=sid, return_to=APP).headers["Location"] == APP
    assert refresh(api, first["refresh_token"]).json["error"] == "invalid_grant"
    api.workos.set(app_homepage_url="http://localhost:3000/")
    assert leave(api, session_id=sid).headers["Location"] == "http://localhost:3000/"


def test_without_a_homepage_a_person_is_told(api: Api) -> None:
    """The session has ended all the same (OBSERVED: app-homepage-url-not-found)."""
    first = session(api)

    assert error_page(leave(api, session_id=claims(api, first)["sid"])) == "app-homepage-url-not-found"
    assert refresh(api, first["refresh_token"]).json["error"] == "invalid_grant"


def test_nobody_is_sent_to_a_stranger(api: Api) -> None:
    """A return_to that is not trusted ends at the error page, and nothing has ended."""
    first = session(api)
    sid = claims(api, first)["sid"]

    assert error_page(leave(api, session_id=sid, return_to="http://evil.example/")) == "redirect-uri-invalid"
    assert leave(api, return_to=APP).status_code == 422
    assert refresh(api, first["refresh_token"]).status == 200


@pytest.mark.parametrize("email", [BEN_EMAIL])
def test_deleting_the_user_ends_the_sessions(api: Api, email: str) -> None:
    """Nothing of a user's sessions stays."""
    token = by_password(api, email).json["pending_authentication_token"]
    choose = {"pending_authentication_token": token, "organization_id": PRESS}
    first = authenticate(api, GRANT + "organization-selection", **choose).json
    api.delete(f"/user_management/users/{BEN}")

    assert api.post(REVOKE, {"session_id": claims(api, first)["sid"]}).status == 400


def listed(api: Api, user: str) -> list[dict[str, Any]]:
    """List the sessions of a user."""
    return list(api.get(f"/user_management/users/{user}/sessions").json["data"])
