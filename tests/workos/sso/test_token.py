"""The end of single sign-on: a code becomes a profile and a token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.workos.directory.entities import User
from tests.workos.api.calls import BEN, KEY, Answer, Api
from tests.workos.driver import ADA, CHALLENGE, VERIFIER
from tests.workos.sso.walk import CLIENT, OKTA, code, deactivate


def asked(given: str, **change: Any) -> dict[str, Any]:
    """Give the fields of a good request for a token; None takes one out."""
    usual = {"client_id": CLIENT, "client_secret": KEY, "grant_type": "authorization_code", "code": given}
    return {name: value for name, value in (usual | change).items() if value is not None}


def token(api: Api, given: str, **change: Any) -> Answer:
    """Exchange a code, as JSON."""
    return api.post("/sso/token", asked(given, **change), key=None)


def test_a_code_becomes_a_profile_and_a_token(api: Api) -> None:
    """The answer has the person as the identity provider knows them, and a token for ten minutes."""
    answer = token(api, code(api))
    assert answer.status == 200
    assert (answer.json["token_type"], answer.json["expires_in"]) == ("Bearer", 600)
    assert answer.headers["Cache-Control"] == "no-store"
    known = answer.json["profile"]
    assert (known["email"], known["connection_type"]) == ("ben@nearby-notebooks.example", "OktaSAML")
    assert known["role"] == {"slug": "member"}
    assert known["idp_id"] == known["raw_attributes"]["id"]
    assert "created_at" not in known


def test_a_form_is_as_good_as_json(api: Api) -> None:
    """The SDK for Node sends a form, the one for Python JSON."""
    assert api.post("/sso/token", form=asked(code(api)), key=None).json["profile"]["first_name"] == "Ben"


def test_the_token_gives_the_profile_again(api: Api) -> None:
    """With the token of /sso/token one reads the same profile, for ten minutes."""
    answer = token(api, code(api)).json
    assert api.get("/sso/profile", key=answer["access_token"]).json == answer["profile"]
    api.workos.clock.advance(601)
    assert api.get("/sso/profile", key=answer["access_token"]).json == {"error": "Unauthorized"}


@pytest.mark.parametrize("key", [None, "", KEY, "nonsense"])
def test_a_profile_needs_its_token(api: Api, key: str | None) -> None:
    """Without a token of /sso/token there is a 401, also with the API key."""
    assert api.get("/sso/profile", key=key).status == 401


def test_a_profile_is_gone_with_its_connection(api: Api) -> None:
    """Who deletes a connection deletes what came by it, and a token then leads nowhere."""
    access_token = token(api, code(api)).json["access_token"]
    api.delete(f"/connections/{OKTA}")
    assert api.get("/sso/profile", key=access_token).status == 404


def test_a_person_keeps_their_profile(api: Api) -> None:
    """Who signs in again has the same profile, with what is said of them now."""
    directory = api.workos.authkit.directory
    first = token(api, code(api)).json["profile"]
    ben = directory.get(User, BEN)
    assert ben
    directory.change(ben, first_name="Benjamin")
    again = token(api, code(api)).json["profile"]
    assert (again["id"], again["idp_id"], again["first_name"]) == (first["id"], first["idp_id"], "Benjamin")
    assert token(api, code(api, user=ADA)).json["profile"]["id"] != first["id"]


def test_a_code_is_good_once(api: Api) -> None:
    """A second use of a code is refused."""
    given = code(api)
    assert token(api, given).status == 200
    assert token(api, given).json["error"] == "invalid_grant"


@pytest.mark.parametrize("gone", [deactivate, lambda api: api.delete(f"/connections/{OKTA}")])
def test_a_code_is_worth_nothing_without_its_connection(api: Api, gone: Callable[[Api], None]) -> None:
    """Between the identity provider and the exchange the connection becomes inactive, or is deleted."""
    given = code(api)
    gone(api)
    answer = token(api, given)
    assert (answer.status, answer.json["error"]) == (400, "invalid_grant")


def test_a_code_is_good_for_ten_minutes(api: Api) -> None:
    """After ten minutes a code is refused."""
    given = code(api)
    api.workos.clock.advance(601)
    assert token(api, given).json == {
        "error": "invalid_grant",
        "error_description": f"The code '{given}' has expired or is invalid.",
    }


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"client_id": "client_other"}, 400, "invalid_client"),
        ({"client_secret": "sk_test_wrong"}, 400, "invalid_client"),
        ({"client_secret": None}, 400, "invalid_client"),
        ({"client_secret": ""}, 400, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        (
            {"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "code": None},
            400,
            "unsupported_grant_type",
        ),
        ({"code": "none"}, 400, "invalid_grant"),
        ({"code_verifier": VERIFIER}, 400, "invalid_grant"),
        ({"code": None}, 422, None),
        ({"client_id": None}, 422, None),
        ({"grant_type": None}, 422, None),
        ({"code": ["a"]}, 422, None),
        ({"client_secret": 7}, 422, None),
    ],
)
def test_a_bad_request_is_refused_and_uses_nothing_up(
    api: Api, change: dict[str, Any], status: int, error: str | None
) -> None:
    """Each mistake has WorkOS's error, and the code is still good afterwards."""
    given = code(api)
    answer = token(api, given, **change)
    assert (answer.status, answer.json.get("error")) == (status, error)
    assert token(api, given).status == 200


def test_the_verifier_stands_in_for_the_secret(api: Api) -> None:
    """A code that was asked for with PKCE needs its verifier, and then no secret."""
    given = code(api, code_challenge=CHALLENGE, code_challenge_method="S256")
    assert token(api, given, code_verifier=None).json["error"] == "invalid_grant"
    assert token(api, given, client_secret=None, code_verifier=VERIFIER[::-1]).json["error"] == "invalid_grant"
    assert token(api, given, client_secret="sk_test_wrong", code_verifier=VERIFIER).json["error"] == "invalid_client"
    assert token(api, given, client_secret=None, code_verifier=VERIFIER).status == 200


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"'])
def test_a_body_that_is_none_is_refused(api: Api, body: bytes) -> None:
    """What is no JSON object is told so."""
    answer = api.post("/sso/token", form=body, key=None, content_type="application/json")
    assert (answer.status, answer.json["code"]) == (422, "invalid_request_parameters")
