"""Whether an access token is good for this service: signature, issuer, audience, times."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from sandbox.durations import seconds
from sandbox.settings import Service

ALGORITHMS: Final = ["RS256"]
UNREADABLE: Final = (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""What a token that is no token makes a JOSE library raise."""
_OK: Final = 200
KEYS_KEPT: Final = 300.0
"""Seconds that a fetched JWKS is used before it is fetched again."""
REFETCH_PAUSE: Final = 1.0
"""Least seconds between two fetches for a `kid` that the JWKS does not hold."""


class TokenRefusedError(Exception):
    """The token is not good here; the text says why, for the service's own log, never for the client."""


Fetch = Callable[[str], Awaitable[tuple[int, bytes]]]


class KeyCache:
    """The authorization server's keys, fetched over HTTP and kept for a while."""

    def __init__(self, fetch: Fetch, clock: Callable[[], float]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = asyncio.Lock()
        self._keys: dict[str, Any] = {}
        self._uri = ""
        self._asked_at = float("-inf")

    def clear(self) -> None:
        """Forget the keys."""
        self._keys, self._asked_at = {}, float("-inf")

    async def key(self, uri: str, kid: str, read: Literal["as needed", "once"] = "as needed") -> Any:
        """Give the key with that id; an unknown id is one reason, once a second, to fetch again, unless once is all.

        Raise TokenRefusedError when the JWKS cannot be had or does not hold the key.
        """
        async with self._lock:  # whoever comes while the keys are being fetched waits for them
            age = self._clock() - self._asked_at
            elsewhere = uri != self._uri
            due = age > KEYS_KEPT or (kid not in self._keys and age > REFETCH_PAUSE)
            if elsewhere or (due and (read == "as needed" or not self._keys)):
                await self._refetch(uri)
        if kid not in self._keys:
            raise TokenRefusedError(f"no key {kid!r} in {uri}")
        return self._keys[kid]

    async def _refetch(self, uri: str) -> None:
        # Counted from before the fetch, so that one that fails is not repeated for every request.
        self._keys, self._uri, self._asked_at = {}, uri, self._clock()
        try:
            status, body = await self._fetch(uri)
            keys = KeySet.import_key_set(json.loads(body)).keys if status == _OK else None
        except (OSError, *UNREADABLE) as error:
            raise TokenRefusedError(f"no JWKS at {uri}: {error}") from error
        if keys is None:
            raise TokenRefusedError(f"{uri} answered {status}")
        self._keys = {key.kid: key for key in keys if key.kid is not None}


async def verified_claims(token: str, service: Service, keys: KeyCache, now: float) -> dict[str, Any]:
    """Give the claims of a good token.

    Raise TokenRefusedError with the reason when the signature (RFC 7515), `iss`, `aud`, `exp`, `nbf` or `iat`
    (RFC 7519, section 4.1; RFC 9068, section 4) does not hold. That `iat` may not lie in the future is no RFC's
    demand, and many libraries' rule.
    """
    try:
        unverified = jws.extract_compact(token.encode())
        kid = str(unverified.headers().get("kid"))
    except UNREADABLE as error:
        raise TokenRefusedError(f"not a JWT: {error}") from error
    key = await keys.key(service.jwks_uri, kid, service.keys_read)
    try:
        claims = json.loads(jws.deserialize_compact(token, key, ALGORITHMS).payload)
    except UNREADABLE as error:
        raise TokenRefusedError(f"bad signature: {error}") from error
    if not isinstance(claims, dict):
        raise TokenRefusedError("the payload is no object")
    why = why_not(claims, service, now)
    if why is not None:
        raise TokenRefusedError(why)
    return claims


def why_not(claims: Mapping[str, Any], service: Service, now: float) -> str | None:
    """Say why claims with a good signature are not good here; None when they are."""
    skew = seconds(service.clock_skew)
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    expires, not_before, issued = claims.get("exp"), claims.get("nbf", 0), claims.get("iat", 0)
    wanted = service.audience
    objections = (
        (claims.get("iss") not in service.issuers, f"iss is {claims.get('iss')!r}, not {' or '.join(service.issuers)}"),
        (
            wanted is not None and not any(same_resource(each, wanted) for each in audiences),
            f"aud is {audience!r}, not {wanted}",
        ),
        (not isinstance(expires, (int, float)), "exp is missing"),
        (isinstance(expires, (int, float)) and expires + skew <= now, f"expired at {expires}"),
        (not isinstance(not_before, (int, float)) or not_before - skew > now, f"not good before {not_before}"),
        (not isinstance(issued, (int, float)) or issued - skew > now, f"issued in the future, at {issued}"),
    )
    return next((why for objected, why in objections if objected), None)


def same_resource(one: Any, other: str) -> bool:
    """Say whether two resource identifiers are one: equal, but for the slash of an empty path (RFC 3986, 6.2.3)."""
    return isinstance(one, str) and _without_empty_path(one) == _without_empty_path(other)


def _without_empty_path(uri: str) -> str:
    return uri.removesuffix("/") if urlsplit(uri).path == "/" else uri
