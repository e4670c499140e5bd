"""Access tokens made anew: other claims, other signatures, no JWT at all."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from sandbox.wire.faults import changed_claims, edited
from sandbox.wire.message import Response
from sandbox.workos.authkit import AuthKit
from tests.wire.samples import NOW, document, fault, place

CLAIMS = {"iss": "http://localhost:4100", "aud": "http://localhost:4101/mcp", "iat": NOW, "exp": NOW + 300, "sid": "s"}


def made(tokens: AuthKit, **action: Any) -> str:
    """Put one fault on a token response; give the token that comes out."""
    response = document(access_token=tokens.resign(CLAIMS, None), token_type="Bearer", scope="openid")
    answer = edited(fault(**action), response, place("token", tokens))
    assert isinstance(answer, Response)
    assert {**answer.json, "access_token": ""} == {"access_token": "", "token_type": "Bearer", "scope": "openid"}
    assert answer.header("content-length") == str(len(answer.body))
    return str(answer.json["access_token"])


def header_of(token: str) -> dict[str, Any]:
    """Read the header of a JWT."""
    segment = token.partition(".")[0]
    header: dict[str, Any] = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    return header


def test_claims_are_changed_and_the_token_is_signed_anew(tokens: AuthKit) -> None:
    """Claims are added, replaced and, by null, removed; the signature is good."""
    token = made(tokens, claims={"aud": "someone else", "sid": None, "extra": [1]})
    signed = jws.deserialize_compact(token, tokens.keys.current.jose, ["RS256"])
    assert json.loads(signed.payload) == {
        "iss": CLAIMS["iss"],
        "aud": "someone else",
        "iat": NOW,
        "exp": NOW + 300,
        "extra": [1],
    }


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"exp": "-1h"}, {"exp": NOW - 3600}),
        ({"iat": "-65m", "exp": "-1h"}, {"iat": NOW - 3900, "exp": NOW - 3600}),
        ({"nbf": "90s"}, {"nbf": NOW + 90}),
        ({"auth_time": "-1d"}, {"auth_time": NOW - 86_400}),
        ({"exp": 7}, {"exp": 7}),
        ({"exp": None}, {"exp": None}),
        ({"aud": "-1h"}, {"aud": "-1h"}),
    ],
)
def test_times_are_durations_from_now(change: dict[str, Any], expected: dict[str, Any]) -> None:
    """A time claim takes a duration from now, a number as it is, and null as a removal; other claims take no time."""
    claims = changed_claims(CLAIMS, change, NOW + 0.9)
    assert {name: claims.get(name) for name in expected} == expected
    assert None not in claims.values()


@pytest.mark.parametrize("sign", ["RS384", "RS512", "PS256"])
def test_another_algorithm(sign: str, tokens: AuthKit) -> None:
    """The published key signs with an algorithm that the service does not take."""
    token = made(tokens, sign=sign)
    assert header_of(token) == {"alg": sign, "kid": tokens.keys.current.kid}
    assert json.loads(jws.deserialize_compact(token, tokens.keys.current.jose, [sign]).payload) == CLAIMS
    with pytest.raises(JoseError):
        jws.deserialize_compact(token, tokens.keys.current.jose, ["RS256"])


def test_a_key_that_is_not_published(tokens: AuthKit) -> None:
    """The token is well signed, by a key whose id the JWKS does not hold."""
    token = made(tokens, sign="unpublished-key")
    assert header_of(token) == {"alg": "RS256", "kid": tokens.keys.unpublished.kid}
    assert header_of(token)["kid"] != tokens.keys.current.public_jwk["kid"]
    assert json.loads(jws.deserialize_compact(token, tokens.keys.unpublished.jose, ["RS256"]).payload) == CLAIMS


def test_no_signature(tokens: AuthKit) -> None:
    """An unsigned token has an empty third part (RFC 7519, section 6)."""
    token = made(tokens, sign="none")
    assert header_of(token)["alg"] == "none"
    assert token.endswith(".")
    assert tokens.claims_of(token) == CLAIMS


def test_the_public_key_as_a_shared_secret(tokens: AuthKit) -> None:
    """HS256 is signed with what everyone knows, the public key, as in the classic confusion of algorithms."""
    token = made(tokens, sign="HS256")
    secret = OctKey.import_key(tokens.keys.current.public_jwk["n"])
    assert json.loads(jws.deserialize_compact(token, secret, ["HS256"]).payload) == CLAIMS


def test_an_opaque_token_stands_for_the_real_one(tokens: AuthKit) -> None:
    """An opaque token says nothing by itself."""
    token = made(tokens, token_format="opaque")
    assert "." not in token
    assert tokens.claims_of(token) is None


def test_claims_and_signature_go_together(tokens: AuthKit) -> None:
    """Changed claims stay changed when the token is signed anew after them."""
    response = document(access_token=tokens.resign(CLAIMS, None))
    here = place("refresh", tokens)
    changed = edited(fault(claims={"aud": "x"}), response, here)
    assert changed is not None
    signed = edited(fault(sign="none"), changed, here)
    assert signed is not None
    assert (tokens.claims_of(signed.json["access_token"]) or {})["aud"] == "x"
