"""Challenges of an authenticator app: what an app makes when a sign-in wants a second factor (WorkOS, MFA)."""

from __future__ import annotations

from flask import Response, jsonify
from msgspec import Struct

from sandbox.workos import totp
from sandbox.workos.api.errors import ApiError
from sandbox.workos.api.finding import found
from sandbox.workos.api.keys import keyed
from sandbox.workos.api.reading import body, fields
from sandbox.workos.authkit import AuthKit, authkit
from sandbox.workos.directory.entities import Factor
from sandbox.workos.directory.one_time import CODE_LIFETIME, Challenge

blueprint = keyed("challenges")


class Answered(Struct):
    """The body that answers a challenge."""

    code: str


def is_over(server: AuthKit, challenge: Challenge) -> bool:
    """Say whether the time of a challenge is over: ten minutes (WorkOS, reference of MFA)."""
    return challenge.created_at <= server.directory.time(-CODE_LIFETIME)


@blueprint.post("/auth/factors/<factor_id>/challenge")
def challenge_factor(factor_id: str) -> tuple[Response, int]:
    """Challenge a factor; what the body says is for text messages, which the sandbox does not send."""
    fields()
    factor = found(Factor, factor_id)
    return jsonify(authkit().directory.make(Challenge, authentication_factor_id=factor.id).shown()), 201


@blueprint.post("/auth/challenges/<challenge_id>/verify")
def verify_challenge(challenge_id: str) -> tuple[Response, int]:
    """Say whether a code answers a challenge; a good one uses it up. Raise ApiError 422 for one used or over."""
    server, asked, challenge = authkit(), body(Answered), found(Challenge, challenge_id)
    factor = found(Factor, challenge.authentication_factor_id)
    if challenge.used:
        raise ApiError(422, "The challenge was answered before.", "authentication_challenge_previously_verified")
    if is_over(server, challenge):
        raise ApiError(422, "The challenge is over. Challenge the factor again.", "authentication_challenge_expired")
    valid = totp.fits(asked.code, factor.secret, server.now())
    if valid:
        challenge = server.directory.change(challenge, used=True)
    return jsonify({"challenge": challenge.shown(), "valid": valid}), 201
