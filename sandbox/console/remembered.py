"""What the sandbox remembers, for the dashboard: clients, sessions and tokens, the last by fingerprint."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sandbox.effects import FINGERPRINT
from sandbox.workos.records import Client, Code, Grant, RefreshToken
from sandbox.workos.tokens import expiry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox.sandbox import Sandbox

MOST: Final = 50
"""How many of each are shown; the newest."""

_ENDED: Final = "ended before its time"


class Session(NamedTuple):
    """What a person, or nobody for a machine, allowed a client."""

    sid: str
    who: str
    client: str
    scope: str
    resource: str
    ended: bool


class Token(NamedTuple):
    """A token or a code, by fingerprint."""

    fingerprint: str
    client: str
    state: str
    expires: str = ""
    """What to expire it by, where it alone can be."""


class Remembered(NamedTuple):
    """The state."""

    clients: tuple[Client, ...]
    sessions: tuple[Session, ...]
    tokens: tuple[Token, ...]
    signing_key: str
    counts: dict[str, int]


def remembered(sandbox: Sandbox) -> Remembered:
    """Give what is remembered now."""
    server, store = sandbox.authkit, sandbox.store
    clients = server.clients()
    grants = [grant for _, grant in store.all(Grant)]
    codes, refresh = list(store.all(Code)), list(store.all(RefreshToken))
    names = {client.client_id: client.name for client in clients}
    people = {user.id: user.name or user.email for user in server.users()}
    of = {grant.sid: grant.client_id for grant in grants}

    def name(client_id: str) -> str:
        return names.get(client_id, client_id)

    sessions = [
        Session(
            grant.sid,
            people.get(grant.user_id, grant.user_id),
            name(grant.client_id),
            " ".join(grant.scope),
            grant.resource or "",
            grant.revoked,
        )
        for grant in grants[-MOST:]
    ]
    tokens = [
        *_access_tokens(sandbox, name),
        *(
            Token(
                f"‹refresh_token {key[:FINGERPRINT]}›",
                name(of.get(kept.sid, "")),
                _used(kept.rotated_at is not None),
                key[:FINGERPRINT],
            )
            for key, kept in refresh[-MOST:]
        ),
        *(Token(f"‹code {key[:FINGERPRINT]}›", name(kept.client_id), _used(kept.used)) for key, kept in codes[-MOST:]),
    ]
    counts = {"clients": len(clients), "sessions": len(grants), "refresh tokens": len(refresh), "codes": len(codes)}
    return Remembered(tuple(clients[-MOST:]), tuple(sessions), tuple(tokens), server.keys.current.kid, counts)


def _used(used: bool) -> str:  # noqa: FBT001 - the one thing that it is about
    return "used" if used else "good"


def _access_tokens(sandbox: Sandbox, name: Callable[[str], str]) -> Iterator[Token]:
    """Give the access tokens that went over the wire last, and whether each is still good.

    WorkOS keeps none, as they are JWTs, so the trace is asked; an id token has no `jti`.
    """
    now, seen = sandbox.authkit.now(), dict[str, dict[str, Any]]()
    for exchange in sandbox.trace:
        told = [(mark, said.get("claims")) for mark, said in exchange.held.items()]
        seen |= {mark: claims for mark, claims in told if isinstance(claims, dict) and "jti" in claims}
    for mark, claims in islice(reversed(seen.items()), MOST):
        left = (expiry(claims) or 0) - now
        state = f"good for {left:.0f} s more" if left > 0 else "expired"
        ended = sandbox.authkit.withdrawn(claims)
        yield Token(f"‹access_token {mark}›", name(str(claims.get("client_id", ""))), _ENDED if ended else state)
