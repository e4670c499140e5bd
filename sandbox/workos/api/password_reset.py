"""New passwords, by a link that WorkOS would email (WorkOS, reference of User Management: Password reset)."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from msgspec import Struct

from sandbox.workos import sessions
from sandbox.workos.api import credentials
from sandbox.workos.api.errors import ApiError, not_found
from sandbox.workos.api.finding import found
from sandbox.workos.api.keys import keyed
from sandbox.workos.api.one_time_codes import is_over
from sandbox.workos.api.reading import body
from sandbox.workos.authkit import AuthKit, authkit
from sandbox.workos.directory.entities import User
from sandbox.workos.directory.one_time import KEPT, RESET_LIFETIME, PasswordReset
from sandbox.workos.directory.sessions import Session

blueprint = keyed("password_reset")


class NewReset(Struct):
    """The body that asks for a new password."""

    email: str


class NewPassword(Struct):
    """The body that sets a new password."""

    token: str
    new_password: str


def shown(reset: PasswordReset) -> dict[str, Any]:
    """Give the JSON of a reset, its link with it, which leads to a page of this sandbox."""
    return {
        "object": reset.OBJECT,
        "id": reset.id,
        "user_id": reset.user_id,
        "email": reset.email,
        "password_reset_token": reset.token,
        "password_reset_url": f"{authkit().domain}/reset-password?token={reset.token}",
        "expires_at": reset.expires_at,
        "created_at": reset.created_at,
    }


@blueprint.post("/user_management/password_reset")
def create_password_reset() -> tuple[Response, int]:
    """Make a token that sets a new password, for the user of an email address."""
    asked, server = body(NewReset), authkit()
    _check_passwords(server)
    credentials.check_email("email", asked.email)
    user = credentials.user_of(server.directory, asked.email)
    if user is None:
        raise not_found("User", asked.email)
    reset = server.directory.make(
        PasswordReset,
        user_id=user.id,
        email=user.email,
        expires_at=server.directory.time(RESET_LIFETIME),
        expires=server.now() + KEPT,
        token=server.sources.secret(25),
    )
    return jsonify(shown(reset)), 201


@blueprint.get("/user_management/password_reset/<reset_id>")
def get_password_reset(reset_id: str) -> Response:
    """Give a reset."""
    return jsonify(shown(found(PasswordReset, reset_id)))


@blueprint.post("/user_management/password_reset/confirm")
def confirm_password_reset() -> Response:
    """Set a new password by the token, which also proves that the email address is the user's (CONFIRMED)."""
    asked = body(NewPassword)
    return jsonify({"user": reset_password(authkit(), asked.token, asked.new_password).shown()})


def reset_password(server: AuthKit, token: str, password: str) -> User:
    """Set a new password by a token of a reset, and sign the user out everywhere.

    All active sessions end (CONFIRMED: WorkOS, reference of password reset). So does what applications were granted,
    and every other token of a reset that is out for the user: both UNCERTAIN. Raise ApiError: 403 where there are no
    passwords, 404 for an unknown token, 400 with the reason for one that is used up, and for a weak password.
    """
    _check_passwords(server)
    reset = server.directory.first(PasswordReset, token=token)
    user = server.directory.get(User, reset.user_id) if reset else None
    if reset is None or user is None:
        raise ApiError(404, "There is no password reset of this token.", "entity_not_found")
    errors = credentials.weakness(password)
    if reset.used:
        errors = [{"code": "password_reset_token_used", "message": "The token was used before."}]
    elif is_over(server, reset):
        errors = [{"code": "password_reset_token_expired", "message": "The token has expired. Ask for another one."}]
    if errors:
        said = errors[0]["message"]
        raise ApiError(400, f"The password was not set: {said}", "password_reset_error", errors=errors)
    server.directory.change(reset, used=True)
    for other in server.directory.all(PasswordReset, user_id=user.id, used=False):
        if not is_over(server, other):
            server.directory.change(other, expires_at=server.directory.time())
    for session in server.directory.all(Session, user_id=user.id):
        sessions.end(server, session)
    server.revoke(user_id=user.id)
    verified = user.email_verified or user.email == reset.email
    return server.directory.change(user, password=password, email_verified=verified)


def _check_passwords(server: AuthKit) -> None:
    """Raise ApiError 403 where the environment has no passwords."""
    if not server.settings.authentication.password:
        raise ApiError(
            403, "This environment has no passwords: authentication.password.", "email_password_auth_disabled"
        )
