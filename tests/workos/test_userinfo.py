"""OpenID Connect userinfo."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import pytest

from tests.workos.driver import ADA, CLEM, SCOPE, Workos

PATH: Final = "/oauth2/userinfo"
EMAIL: Final = {"email": "ada@nearby-notebooks.example", "email_verified": True}
PROFILE: Final = {"name": "Ada Park", "given_name": "Ada", "family_name": "Park"}


@pytest.mark.parametrize(
    ("scope", "told"),
    [
        (SCOPE, EMAIL | PROFILE),
        ("openid email", EMAIL),
        ("openid profile", PROFILE),
        ("openid", {}),
        (None, {}),
    ],
)
def test_userinfo_says_what_the_scope_allows(
    workos: Workos, client: dict[str, Any], scope: str | None, told: dict[str, Any]
) -> None:
    """`sub` is always told; email and name for their scopes only."""
    response = workos.userinfo(workos.tokens(client, scope=scope)["access_token"])

    assert response.status_code == 200
    assert response.get_json() == {"sub": ADA} | told
    assert response.headers["Cache-Control"] == "no-store"


def test_userinfo_tells_the_user_of_the_token(workos: Workos, client: dict[str, Any]) -> None:
    """Another user's token tells of that user."""
    assert workos.userinfo(workos.tokens(client, user=CLEM)["access_token"]).get_json()["sub"] == CLEM


def test_userinfo_takes_post(workos: Workos, client: dict[str, Any]) -> None:
    """POST is served as GET is (OpenID Connect Core, section 5.3.1)."""
    headers = {"Authorization": f"bearer {workos.tokens(client)['access_token']}"}

    assert workos.http.post(PATH, headers=headers).get_json()["sub"] == ADA


def test_userinfo_takes_opaque_tokens(workos: Workos, client: dict[str, Any]) -> None:
    """An opaque token is as good as a JWT."""
    workos.set(access_token={"format": "opaque"})

    assert workos.userinfo(workos.tokens(client)["access_token"]).get_json() == {"sub": ADA} | EMAIL | PROFILE


def test_a_refreshed_token_tells_what_its_own_scope_allows(workos: Workos, client: dict[str, Any]) -> None:
    """A token of a narrower scope tells less than the grant allows."""
    tokens = workos.refresh(client, workos.tokens(client)["refresh_token"], scope="openid").get_json()

    assert workos.userinfo(tokens["access_token"]).get_json() == {"sub": ADA}


def test_the_present_user_is_told(workos: Workos, client: dict[str, Any]) -> None:
    """A change in the dashboard shows at once; of a user who is gone nothing is told."""
    token = workos.tokens(client)["access_token"]
    ada = msgspec.to_builtins(workos.authkit.settings.users[0])
    workos.set(users=[ada | {"email": "new@corp.example"}])
    assert workos.userinfo(token).get_json()["email"] == "new@corp.example"

    workos.set(users=[])
    answer = workos.userinfo(token)
    assert (answer.status_code, answer.get_json()) == (401, {"error": "unauthorized"})


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer garbage",
        "Bearer a.b.c",
        "Bearer a=b, c=d",
        "Bearer é",
        "Basic YTpi",
        "Token x",
        "garbage",
    ],
)
def test_without_a_good_token_nothing_is_told(workos: Workos, value: str | None) -> None:
    """Any request without a good Bearer token is a 401 with WorkOS's body."""
    response = workos.http.get(PATH, headers={} if value is None else {"Authorization": value})

    assert response.status_code == 401
    assert response.get_json() == {"error": "unauthorized"}
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("kind", ["refresh_token", "id_token"])
def test_only_an_access_token_is_good(workos: Workos, client: dict[str, Any], kind: str) -> None:
    """A refresh token and an id token open nothing."""
    assert workos.userinfo(workos.tokens(client)[kind]).status_code == 401


def test_an_expired_token_is_not_good(workos: Workos, client: dict[str, Any]) -> None:
    """A token opens nothing from the second at which it expires."""
    token = workos.tokens(client)["access_token"]
    workos.clock.advance(300)

    assert workos.userinfo(token).status_code == 401
