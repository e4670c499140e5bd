"""JSON Web Tokens (RFC 7519) as AuthKit signs them: made, read, checked, and made wrong on purpose."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from sandbox.workos.keys import Keys, SigningKey

Claims = dict[str, Any]

_UNREADABLE: Final = (JoseError, ValueError, TypeError, RecursionError)
"""What joserfc raises for texts that are no JWT: TypeError for a `crit` of numbers, RecursionError for deep claims."""


def signed(claims: Mapping[str, Any], key: SigningKey) -> str:
    """Sign claims; the header is `alg` and `kid`, without `typ` (CONFIRMED: the sample in WorkOS's reference)."""
    return jws.serialize_compact({"alg": "RS256", "kid": key.kid}, msgspec.json.encode(claims), key.jose)


def resigned(claims: Mapping[str, Any], keys: Keys, sign: str | None) -> str:
    """Sign claims as a fault wants it.

    `sign` None signs as always; `unpublished-key` with a key that the JWKS does not hold; `none` not at all; HS256
    with the public key's modulus as the secret (the classic confusion); others with the RSA key.
    """
    if sign is None:
        return signed(claims, keys.current)
    if sign == "unpublished-key":
        return signed(claims, keys.unpublished)
    key = keys.current
    payload = msgspec.json.encode(claims)
    header = {"alg": sign, "kid": key.kid}
    if sign == "none":
        parts = (msgspec.json.encode(header), payload)
        return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."
    secret = OctKey.import_key(key.public_jwk["n"]) if sign == "HS256" else key.jose
    return jws.serialize_compact(header, payload, secret, [sign])


def claims_of(token: str) -> Claims | None:
    """Give the claims of a JWT, unverified; None when it is none."""
    try:
        return msgspec.json.decode(jws.extract_compact(token.encode()).payload, type=Claims)
    except _UNREADABLE:
        return None


def verified(token: str, key: SigningKey, now: float) -> Claims | None:
    """Give the claims of a JWT that this key signed and that has not expired; None for any other text."""
    try:
        claims = msgspec.json.decode(jws.deserialize_compact(token, key.jose, ["RS256"]).payload, type=Claims)
    except _UNREADABLE:
        return None
    expires = expiry(claims)
    return claims if expires is not None and expires > now else None


def expiry(claims: Mapping[str, Any]) -> float | None:
    """Give when a token expires, in seconds since the epoch; None when it does not say."""
    value = claims.get("exp")
    return value if isinstance(value, int | float) else None
