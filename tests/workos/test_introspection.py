"""Token introspection (RFC 7662)."""

from __future__ import annotations

import base64
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workos.driver import ADA, ORIGIN, RESOURCE, SCOPE, Workos, basic, error

PATH: Final = "/oauth2/introspection"
INACTIVE: Final = {"active": False}


@pytest.fixture
def tokens(workos: Workos, client: dict[str, Any]) -> dict[str, Any]:
    """Give the tokens of a sign-in."""
    return workos.tokens(client, resource=RESOURCE)


@pytest.fixture
def service(workos: Workos) -> dict[str, Any]:
    """Give a confidential client: a resource server that was shown the token."""
    return workos.register(client_name="log-aggregator", token_endpoint_auth_method="client_secret_basic")


def test_a_good_access_token_is_told(workos: Workos, client: dict[str, Any], tokens: dict[str, Any]) -> None:
    """A good access token is active, with its claims and its kind."""
    claims = workos.claims(tokens["access_token"])

    assert workos.introspect(client, tokens["access_token"]) == {
        "active": True,
        "client_id": client["client_id"],
        "iss": ORIGIN,
        "aud": RESOURCE,
        "sub": ADA,
        "org_id": claims["org_id"],
        "sid": claims["sid"],
        "jti": claims["jti"],
        "exp": claims["exp"],
        "iat": claims["iat"],
        "scope": SCOPE,
        "token_type": "access_token",
    }


def test_an_opaque_token_is_told_as_the_jwt_it_stands_for(workos: Workos, client: dict[str, Any]) -> None:
    """An opaque token is as good as a JWT, and over at the same time."""
    workos.set(access_token={"format": "opaque"})
    token = workos.tokens(client, resource=RESOURCE)["access_token"]
    told = workos.introspect(client, token)

    assert (told["active"], told["sub"], told["aud"], told["exp"] - told["iat"]) == (True, ADA, RESOURCE, 300)
    workos.clock.advance(300)
    assert workos.introspect(client, token) == INACTIVE


def test_a_refresh_token_is_told(workos: Workos, client: dict[str, Any], tokens: dict[str, Any]) -> None:
    """A good refresh token is active, and says when it ends."""
    assert workos.introspect(client, tokens["refresh_token"]) == {
        "active": True,
        "client_id": client["client_id"],
        "iss": ORIGIN,
        "sub": ADA,
        "sid": workos.claims(tokens["access_token"])["sid"],
        "exp": 1_800_000_000 + 30 * 86400,
        "token_type": "refresh_token",
    }


def test_a_rotated_refresh_token_is_inactive(workos: Workos, client: dict[str, Any], tokens: dict[str, Any]) -> None:
    """A refresh token that was used is inactive, and its successor is active."""
    new = workos.refresh(client, tokens["refresh_token"]).get_json()

    assert workos.introspect(client, tokens["refresh_token"]) == INACTIVE
    assert workos.introspect(client, new["refresh_token"])["active"] is True


def test_an_expired_token_is_inactive(workos: Workos, client: dict[str, Any], tokens: dict[str, Any]) -> None:
    """A token is active until the second at which it expires."""
    workos.clock.advance(299)
    assert workos.introspect(client, tokens["access_token"])["active"] is True
    workos.clock.advance(1)

    assert workos.introspect(client, tokens["access_token"]) == INACTIVE


def test_a_token_of_a_former_key_is_inactive(workos: Workos, client: dict[str, Any], tokens: dict[str, Any]) -> None:
    """After a rotation of the signing key, tokens of the old key are worth nothing here."""
    workos.authkit.keys.rotate()

    assert workos.introspect(client, tokens["access_token"]) == INACTIVE


def test_an_id_token_is_no_access_token(workos: Workos, client: dict[str, Any], tokens: dict[str, Any]) -> None:
    """An id token, though signed with the same key, is nobody's permission."""
    assert workos.introspect(client, tokens["id_token"]) == INACTIVE


def base64url(data: bytes) -> str:
    """Encode a part of a JWT."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


HEADERS: Final = (
    b"",
    b"{}",
    b"[]",
    b"null",
    b"\xff",
    b'{"alg":"none"}',
    b'{"alg":1}',
    b'{"alg":["RS256"]}',
    b'{"alg":"RS256","kid":1}',
    b'{"alg":"RS256","crit":[1]}',
    b'{"alg":"RS256","crit":["b64"],"b64":false}',
    b'{"alg":"RS256","jwk":{"kty":"RSA"}}',
    b'{"alg":' + b"[" * 300,
)


@pytest.mark.parametrize("header", HEADERS)
def test_a_header_of_ones_own_makes_no_token(
    workos: Workos, client: dict[str, Any], tokens: dict[str, Any], header: bytes
) -> None:
    """A token whose header was exchanged is inactive, whatever stands there."""
    _, payload, signature = tokens["access_token"].split(".")

    assert workos.introspect(client, f"{base64url(header)}.{payload}.{signature}") == INACTIVE


def test_changed_claims_make_no_token(workos: Workos, client: dict[str, Any], tokens: dict[str, Any]) -> None:
    """A token whose claims were exchanged is inactive."""
    header, _, signature = tokens["access_token"].split(".")

    assert workos.introspect(client, f"{header}.{base64url(b'{}')}.{signature}") == INACTIVE


@pytest.mark.parametrize(
    "claims", [{"exp": "never"}, {"exp": None}, {"exp": [1]}, {"sid": 1}, {"sid": ["a"]}, {"sid": {}}]
)
def test_odd_claims_of_a_fault_break_nothing(
    workos: Workos, client: dict[str, Any], tokens: dict[str, Any], claims: dict[str, Any]
) -> None:
    """A token that a fault signed with claims of the wrong type is inactive, as a JWT and opaque."""
    token = workos.authkit.resign(workos.claims(tokens["access_token"]) | claims, None)

    assert workos.introspect(client, token) == INACTIVE
    assert workos.introspect(client, workos.authkit.opaque(token)) == INACTIVE


@pytest.mark.parametrize("token", ["garbage", "a.b.c", "..", "é.é.é", "\x00", "x" * 200_000, "a." * 50])
def test_garbage_is_inactive(workos: Workos, client: dict[str, Any], token: str) -> None:
    """A text that is no token is inactive, and nothing more is said (RFC 7662, section 2.2)."""
    assert workos.introspect(client, token) == INACTIVE


def test_a_resource_server_may_ask(workos: Workos, service: dict[str, Any], tokens: dict[str, Any]) -> None:
    """A client with a secret learns of a token that another was given, since it may be the one who is shown it."""
    assert workos.introspect(service, tokens["access_token"])["sub"] == ADA
    assert workos.introspect(service, tokens["refresh_token"])["active"] is True


def test_a_stranger_learns_nothing(workos: Workos, tokens: dict[str, Any]) -> None:
    """A client without a secret, which anybody can name, learns of its own tokens only."""
    stranger = workos.register()

    assert workos.introspect(stranger, tokens["access_token"]) == INACTIVE
    assert workos.introspect(stranger, tokens["refresh_token"]) == INACTIVE


def test_the_asker_must_be_known(workos: Workos, service: dict[str, Any], tokens: dict[str, Any]) -> None:
    """Without a client, with an unknown one, or with a wrong secret nothing is said."""
    form = {"token": tokens["access_token"]}

    assert error(workos.post(PATH, form), 401) == "invalid_client"
    assert error(workos.post(PATH, form | {"client_id": "client_01UNKNOWN"}), 401) == "invalid_client"
    assert error(workos.post(PATH, form | {"client_id": service["client_id"]}), 401) == "invalid_client"
    wrong = workos.post(PATH, form, headers=basic(service["client_id"], "wrong"))
    assert wrong.headers["WWW-Authenticate"] == 'Basic realm="AuthKit"'


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "nonsense"])
def test_the_hint_is_only_a_hint(workos: Workos, client: dict[str, Any], tokens: dict[str, Any], hint: str) -> None:
    """A token is found whatever the token_type_hint says (RFC 7662, section 2.1)."""
    form = {"client_id": client["client_id"], "token": tokens["refresh_token"], "token_type_hint": hint}

    assert workos.post(PATH, form).get_json()["active"] is True


@pytest.mark.parametrize("form", [{}, {"token": ""}])
def test_a_token_is_needed(workos: Workos, client: dict[str, Any], form: dict[str, str]) -> None:
    """Without a token the request lacks something."""
    assert error(workos.post(PATH, form | {"client_id": client["client_id"]})) == "invalid_request"


def test_the_answer_is_not_cached(workos: Workos, client: dict[str, Any]) -> None:
    """An answer that may change any moment is not stored."""
    response = workos.post(PATH, {"client_id": client["client_id"], "token": "x"})

    assert response.headers["Cache-Control"] == "no-store"


_part = st.binary(max_size=60).map(base64url)


@given(token=st.text(min_size=1, max_size=60) | st.tuples(_part, _part, _part).map(".".join).filter(bool))
def test_no_text_is_a_token_by_chance(workos: Workos, client: dict[str, Any], token: str) -> None:
    """Any text is answered, and none is active; the same text is none to userinfo either."""
    assert workos.introspect(client, token) == INACTIVE
    if token.isascii() and token.isprintable():
        assert workos.userinfo(token).status_code == 401
