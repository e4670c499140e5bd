"""What a fault or a person does to the state of the running world: forget, rotate, revoke, expire, advance, change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from sandbox.durations import seconds
from sandbox.errors import SandboxError
from sandbox.workos.records import Client, Code, Grant, RefreshToken

if TYPE_CHECKING:
    from sandbox.sandbox import Sandbox

FINGERPRINT: Final = 8
"""How many characters of a hash are a fingerprint, as everywhere in the trace."""


def act(sandbox: Sandbox, action: str, what: Any) -> None:
    """Do to a world what an effect says.

    Raise SandboxError for an effect that there is not, msgspec.ValidationError for settings that are none.
    """
    if action == "advance":
        sandbox.sources.advance(_forward(str(what)))
        return
    if action == "change" and isinstance(what, Mapping) and what:
        sandbox.change(what)
        return
    if isinstance(what, Mapping) and len(what) == 1:
        ((kind, name),) = what.items()
        _act_on_one(sandbox, action, str(kind), str(name))
        return
    effects = _effects(sandbox)
    effect = effects.get((action, str(what)))
    if effect is None:
        ones = (f"{verb} {{{thing}: …}}" for verb, thing in ONE)
        every = (*(f"{verb} {thing}" for verb, thing in effects), *ones, "advance 10m", "change {settings}")
        known = ", ".join(every)
        raise SandboxError(f"There is no effect {action!r} of {what!r}; there are: {known}.")
    effect()


def _effects(sandbox: Sandbox) -> dict[tuple[str, str], Callable[[], Any]]:
    authkit = sandbox.authkit
    return {
        ("forget", "clients"): authkit.forget_clients,
        ("forget", "sessions"): sandbox.mcp.forget_sessions,
        ("rotate", "signing-key"): authkit.keys.rotate,
        ("revoke", "refresh-tokens"): authkit.revoke_refresh_tokens,
        ("revoke", "access-tokens"): authkit.withdraw_access_tokens,
        ("expire", "access-tokens"): authkit.withdraw_access_tokens,
        ("expire", "refresh-tokens"): authkit.revoke_refresh_tokens,
        ("expire", "codes"): lambda: sandbox.store.forget(Code),
    }


ONE: Final[Mapping[tuple[str, str], type[Client | Grant | RefreshToken]]] = {
    ("forget", "client"): Client,
    ("revoke", "session"): Grant,
    ("expire", "refresh-token"): RefreshToken,
}
"""What can be done to one of those that are remembered: a client and a session by id, a token by its fingerprint."""


def _act_on_one(sandbox: Sandbox, action: str, kind: str, name: str) -> None:
    record = ONE.get((action, kind))
    if record is None:
        known = ", ".join(f"{verb} {thing}" for verb, thing in ONE)
        raise SandboxError(f"There is no effect {action!r} of one {kind!r}; there are: {known}.")
    shown = FINGERPRINT if record is RefreshToken else None
    keys = [key for key, _ in sandbox.store.all(record) if key[:shown] == name]
    if len(keys) != 1:
        raise SandboxError(f"There is no {kind} {name!r}, or more than one.")
    if record is Grant:
        sandbox.authkit.revoke(sid=keys[0])
    else:
        sandbox.store.drop(record, keys[0])


def undo(sandbox: Sandbox) -> None:
    """Take back what effects did to both systems, but for what they made it forget."""
    sandbox.sources.restore()
    sandbox.authkit.withdrawn_until = ""
    sandbox.authkit.keys.restore()
    sandbox.service.keys.clear()


def _forward(duration: str) -> float:
    """Read how far the clock moves ahead; raise SandboxError for what is no duration, or leads back."""
    try:
        ahead = seconds(duration)
    except ValueError as error:
        raise SandboxError(str(error)) from error
    if ahead < 0:
        raise SandboxError(f"{duration!r} leads back, and the clock only moves ahead.")
    return ahead
