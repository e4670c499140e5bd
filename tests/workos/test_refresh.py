"""Refresh tokens: rotation, grace, replay, and what they are good for."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.workos.records import RefreshToken
from sandbox.workos.successors import Successors
from tests.workos.driver import RESOURCE, SCOPE, Workos, basic, error


@pytest.fixture
def tokens(workos: Workos, client: dict[str, Any]) -> dict[str, Any]:
    """Give the tokens of a first sign-in."""
    return workos.tokens(client, resource=RESOURCE)


def refreshed(workos: Workos, client: dict[str, Any], refresh_token: str, **change: str | None) -> dict[str, Any]:
    """Refresh, successfully."""
    response = workos.refresh(client, refresh_token, **change)
    assert response.status_code == 200, response.text
    return dict(response.get_json())


def test_a_refresh_gives_a_new_pair(workos: Workos, client: dict[str, Any], tokens: dict[str, Any]) -> None:
    """A refresh gives another access token and another refresh token, of the same grant and for the same resource."""
    response = workos.refresh(client, tokens["refresh_token"])
    new = response.get_json()
    old, claims = workos.claims(tokens["access_token"]), workos.claims(new["access_token"])

    assert response.headers["Cache-Control"] == "no-store"
    assert new["refresh_token"] != tokens["refresh_token"]
    assert claims["jti"] != old["jti"]
    for name in ("sub", "sid", "aud", "org_id", "client_id", "scope"):
        assert claims[name] == old[name]


def test_refreshing_goes_on(workos: Workos, client: dict[str, Any], tokens: dict[str, Any]) -> None:
    """Each refresh token gives the next, long after the access token is over."""
    refresh_token = tokens["refresh_token"]
    for _ in range(5):
        workos.clock.advance(3600)
        refresh_token = refreshed(workos, client, refresh_token)["refresh_token"]

    assert refresh_token != tokens["refresh_token"]


def test_within_the_grace_a_replay_gets_the_same_pair(
    workos: Workos, client: dict[str, Any], tokens: dict[str, Any]
) -> None:
    """A client that lost the answer may ask again for 30 seconds, and gets the very same answer."""
    first = workos.refresh(client, tokens["refresh_token"])
    workos.clock.advance(29)
    second = workos.refresh(client, tokens["refresh_token"])

    assert second.get_json() == first.get_json()
    assert second.headers["Cache-Control"] == "no-store"


def test_the_successor_is_kept_in_memory_only(workos: Workos, client: dict[str, Any], tokens: dict[str, Any]) -> None:
    """No record holds a live token; who asks again after a restart is refused, and nothing is revoked in the grace."""
    new = refreshed(workos, client, tokens["refresh_token"])
    kept = repr(list(workos.authkit.store.all(RefreshToken)))
    assert new["refresh_token"] not in kept
    assert new["access_token"] not in kept

    workos.authkit.successors = Successors()  # as a restart leaves it
    assert error(workos.refresh(client, tokens["refresh_token"])) == "invalid_grant"
    newer = refreshed(workos, client, new["refresh_token"])
    assert len(workos.authkit.successors) == 1

    workos.clock.advance(30)
    refreshed(workos, client, newer["refresh_token"])
    assert len(workos.authkit.successors) == 1
    assert error(workos.refresh(client, tokens["refresh_token"])) == "invalid_grant"
    assert workos.introspect(client, newer["access_token"]) == {"active": False}


def test_after_the_grace_a_replay_ends_the_grant(
    workos: Workos, client: dict[str, Any], tokens: dict[str, Any]
) -> None:
    """A refresh token that is used again later is stolen: it is refused, and the whole family is worth nothing."""
    new = refreshed(workos, client, tokens["refresh_token"])
    workos.clock.advance(30)

    assert error(workos.refresh(client, tokens["refresh_token"])) == "invalid_grant"
    assert error(workos.refresh(client, new["refresh_token"])) == "invalid_grant"
    assert workos.introspect(client, new["access_token"]) == {"active": False}
    assert workos.introspect(client, new["refresh_token"]) == {"active": False}
    assert workos.userinfo(new["access_token"]).status_code == 401


def test_the_end_of_one_grant_is_not_that_of_another(
    workos: Workos, client: dict[str, Any], tokens: dict[str, Any]
) -> None:
    """Another sign-in of the same client goes on."""
    other = workos.tokens(client)
    refreshed(workos, client, tokens["refresh_token"])
    workos.clock.advance(60)
    workos.refresh(client, tokens["refresh_token"])

    assert refreshed(workos, client, other["refresh_token"])


def test_the_grace_is_a_setting(workos: Workos, client: dict[str, Any], tokens: dict[str, Any]) -> None:
    """Without grace the first replay ends the grant, be it at the same moment."""
    workos.set(refresh_token={"grace": "0s"})
    refreshed(workos, client, tokens["refresh_token"])

    assert error(workos.refresh(client, tokens["refresh_token"])) == "invalid_grant"


def test_without_rotation_a_refresh_token_stays_good(
    workos: Workos, client: dict[str, Any], tokens: dict[str, Any]
) -> None:
    """With `rotate: false` a refresh gives no new refresh token, and the old one works for ever again."""
    workos.set(refresh_token={"rotate": False})

    for _ in range(3):
        workos.clock.advance(3600)
        assert "refresh_token" not in refreshed(workos, client, tokens["refresh_token"])


@pytest.mark.parametrize("issue", ["never", "offline_access"])
def test_who_has_a_refresh_token_keeps_one(workos: Workos, client: dict[str, Any], issue: str) -> None:
    """Whether refresh tokens are issued is asked at the sign-in; a rotation always gives a successor."""
    workos.set(refresh_token={"issue": "always"})
    refresh_token = workos.tokens(client, scope="openid")["refresh_token"]
    workos.set(refresh_token={"issue": issue})

    assert refreshed(workos, client, refresh_token)["refresh_token"] != refresh_token


@pytest.mark.parametrize("scope", ["openid", "email profile", "offline_access", SCOPE])
def test_a_subset_of_the_scope_may_be_asked_for(
    workos: Workos, client: dict[str, Any], tokens: dict[str, Any], scope: str
) -> None:
    """A refresh may ask for less; the tokens are for that, and the next refresh has the whole scope again."""
    new = refreshed(workos, client, tokens["refresh_token"], scope=scope)

    assert new["scope"] == scope
    assert workos.claims(new["access_token"])["scope"] == scope
    assert ("id_token" in new) is ("openid" in scope)
    assert refreshed(workos, client, new["refresh_token"])["scope"] == SCOPE


@pytest.mark.parametrize("scope", ["openid logs:delete", "logs:delete", "nonsense", SCOPE + " logs:delete"])
def test_more_than_was_granted_is_refused(
    workos: Workos, client: dict[str, Any], tokens: dict[str, Any], scope: str
) -> None:
    """A scope beyond the granted one is invalid_scope, and the refresh token stays good."""
    assert error(workos.refresh(client, tokens["refresh_token"], scope=scope)) == "invalid_scope"
    workos.clock.advance(60)

    assert refreshed(workos, client, tokens["refresh_token"])


def test_another_clients_refresh_token_is_refused(
    workos: Workos, client: dict[str, Any], tokens: dict[str, Any]
) -> None:
    """A refresh token is the client's to which it was given; who tries another's does no harm."""
    thief = workos.register()

    assert error(workos.refresh(thief, tokens["refresh_token"])) == "invalid_grant"
    refreshed(workos, client, tokens["refresh_token"])
    assert error(workos.refresh(thief, tokens["refresh_token"])) == "invalid_grant"


@pytest.mark.parametrize("refresh_token", ["unknown", "é\x00", "x" * 10_000])
def test_an_unknown_refresh_token_is_refused(workos: Workos, client: dict[str, Any], refresh_token: str) -> None:
    """A text that is no refresh token is invalid_grant."""
    assert error(workos.refresh(client, refresh_token)) == "invalid_grant"


def test_an_access_token_is_no_refresh_token(workos: Workos, client: dict[str, Any], tokens: dict[str, Any]) -> None:
    """Tokens of another kind are not taken."""
    assert error(workos.refresh(client, tokens["access_token"])) == "invalid_grant"


@pytest.mark.parametrize("refresh_token", [None, ""])
def test_a_missing_refresh_token_is_an_invalid_request(
    workos: Workos, client: dict[str, Any], refresh_token: str | None
) -> None:
    """Without a refresh token the request lacks something."""
    assert error(workos.refresh(client, "", refresh_token=refresh_token)) == "invalid_request"


def test_a_confidential_client_shows_its_secret(workos: Workos) -> None:
    """A refresh token without the client's secret is worth nothing."""
    client = workos.register(token_endpoint_auth_method="client_secret_basic")
    refresh_token = workos.tokens(client)["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    assert error(workos.refresh(client, refresh_token, client_secret=None), 401) == "invalid_client"

    headers = basic(client["client_id"], client["client_secret"])
    assert workos.post("/oauth2/token", form, headers=headers).status_code == 200


def test_a_client_without_the_grant_may_not_refresh(workos: Workos) -> None:
    """A client that did not register refresh_token is unauthorized_client."""
    client = workos.register(grant_types=["authorization_code"])

    assert error(workos.refresh(client, "any")) == "unauthorized_client"


def test_the_resource_may_be_named_again(workos: Workos, client: dict[str, Any], tokens: dict[str, Any]) -> None:
    """A refresh may repeat the resource, and may not widen it."""
    refresh_token = tokens["refresh_token"]
    assert error(workos.refresh(client, refresh_token, resource="https://other.example")) == "invalid_target"

    assert refreshed(workos, client, refresh_token, resource=RESOURCE)


def test_the_dashboards_resources_are_asked_again(
    workos: Workos, client: dict[str, Any], tokens: dict[str, Any]
) -> None:
    """A resource that is taken off the dashboard's list is refused at the next refresh."""
    workos.set(resources=["https://other.example"])

    assert error(workos.refresh(client, tokens["refresh_token"])) == "invalid_target"


def test_a_refresh_token_expires(workos: Workos, client: dict[str, Any]) -> None:
    """A refresh token is good for the dashboard's lifetime since it was issued."""
    workos.set(refresh_token={"lifetime": "1h"})
    early, late = workos.tokens(client)["refresh_token"], workos.tokens(client)["refresh_token"]
    workos.clock.advance(3599)
    new = refreshed(workos, client, early)["refresh_token"]
    workos.clock.advance(1)

    assert error(workos.refresh(client, late)) == "invalid_grant"
    assert refreshed(workos, client, new)


def test_all_refresh_tokens_can_be_revoked(workos: Workos, client: dict[str, Any], tokens: dict[str, Any]) -> None:
    """After the effect every refresh token is invalid_grant, and a new sign-in works."""
    workos.authkit.revoke_refresh_tokens()

    assert error(workos.refresh(client, tokens["refresh_token"])) == "invalid_grant"
    assert refreshed(workos, client, workos.tokens(client)["refresh_token"])


def test_forgotten_clients_leave_no_refresh_tokens(
    workos: Workos, client: dict[str, Any], tokens: dict[str, Any]
) -> None:
    """Forgetting clients forgets their refresh tokens."""
    assert tokens["refresh_token"]
    assert client
    workos.authkit.forget_clients()

    assert list(workos.authkit.store.all(RefreshToken)) == []
