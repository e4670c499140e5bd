"""Codes that WorkOS would email: for Magic Auth, to verify an email address, and to change it.

Every code is `world.workos.one_time_code`. What was emailed last is what counts.
"""

from __future__ import annotations

import hmac
from typing import Any, TypeVar

from flask import Response, jsonify
from msgspec import Struct

from sandbox.workos.answers import OAuthError
from sandbox.workos.api import credentials
from sandbox.workos.api.errors import ApiError, refused
from sandbox.workos.api.finding import found
from sandbox.workos.api.keys import keyed
from sandbox.workos.api.reading import body
from sandbox.workos.authkit import AuthKit, authkit
from sandbox.workos.directory.entities import User
from sandbox.workos.directory.invitations import Invitation
from sandbox.workos.directory.one_time import CODE_LIFETIME, KEPT, EmailChange, Emailed, EmailVerification, MagicAuth

blueprint = keyed("one_time_codes")

C = TypeVar("C", EmailChange, EmailVerification, MagicAuth)


class NewMagicAuth(Struct, kw_only=True):
    """The body that asks for a code to sign in with."""

    email: str
    invitation_token: str | None = None


class NewEmail(Struct):
    """The body that asks for another email address."""

    new_email: str


class GivenCode(Struct):
    """The body that gives a code back."""

    code: str


# --- Magic Auth ------------------------------------------------------------------------------------------------------


@blueprint.post("/user_management/magic_auth")
def create_magic_auth() -> tuple[Response, int]:
    """Make a code to sign in with; an unknown email address gets a user, which is its sign-up."""
    asked, server = body(NewMagicAuth), authkit()
    credentials.check_email("email", asked.email)
    if asked.invitation_token:
        _check_invitation(server, asked.invitation_token, asked.email)
    if not server.settings.authentication.magic_auth:
        raise OAuthError("authentication_method_not_allowed", "This environment has no Magic Auth.")
    user = credentials.user_of(server.directory, asked.email)
    if user is None and not (server.settings.authentication.sign_up or asked.invitation_token):
        raise OAuthError(
            "sign_up_not_allowed", "Nobody has this email address, and this environment lets none sign up."
        )
    user = user or server.directory.make(User, email=asked.email)
    return jsonify(emailed(server, MagicAuth, user).shown()), 201


@blueprint.get("/user_management/magic_auth/<magic_auth_id>")
def get_magic_auth(magic_auth_id: str) -> Response:
    """Give a code to sign in with."""
    return jsonify(found(MagicAuth, magic_auth_id).shown())


def _check_invitation(server: AuthKit, token: str, email: str) -> None:
    """Raise OAuthError invitation_invalid for an invitation that is not there, not pending, or somebody else's."""
    invitation = server.directory.first(Invitation, token=token)
    if invitation is None or invitation.as_of(server.directory.time()) != "pending":
        raise OAuthError("invitation_invalid", "There is no pending invitation of this invitation_token.")
    if invitation.email.lower() != email.lower():
        raise OAuthError("invitation_invalid", f"The invitation is not for '{email}'.")


# --- the email address -----------------------------------------------------------------------------------------------


@blueprint.get("/user_management/email_verification/<verification_id>")
def get_email_verification(verification_id: str) -> Response:
    """Give a code that verifies an email address."""
    return jsonify(found(EmailVerification, verification_id).shown())


@blueprint.post("/user_management/users/<user_id>/email_verification/send")
def send_email_verification(user_id: str) -> Response:
    """Make a code that verifies the user's email address."""
    user = found(User, user_id)
    if user.email_verified:
        raise refused("email_already_verified", f"The email address '{user.email}' is verified already.")
    emailed(authkit(), EmailVerification, user)
    return jsonify({"user": user.shown()})


@blueprint.post("/user_management/users/<user_id>/email_verification/confirm")
def confirm_email_verification(user_id: str) -> Response:
    """Verify the user's email address by the code."""
    asked, user, server = body(GivenCode), found(User, user_id), authkit()
    if user.email_verified:
        raise refused("email_previously_verified", f"The email address '{user.email}' is verified already.")
    kept = sent(server, EmailVerification, user)
    if kept is None or not _fits(kept, asked.code):
        raise refused("email_verification_code_incorrect", "The code is not the one that was sent.")
    if kept.used:
        raise refused("email_verification_code_previously_used", "The code was used before.")
    if is_over(server, kept):
        raise refused("email_verification_code_expired", "The code has expired. Send another one.")
    server.directory.change(kept, used=True)
    return jsonify({"user": server.directory.change(user, email_verified=True).shown()})


@blueprint.post("/user_management/users/<user_id>/email_change/send")
def send_email_change(user_id: str) -> Response:
    """Make a code that gives the user another email address, to which it would be sent."""
    asked, user, server = body(NewEmail), found(User, user_id), authkit()
    credentials.check_email("new_email", asked.new_email, "invalid_email")
    if asked.new_email.lower() == user.email.lower():
        raise ApiError(409, f"'{asked.new_email}' is the user's email address already.", "email_change_not_needed")
    _check_free(server, asked.new_email)
    kept = emailed(server, EmailChange, user, asked.new_email)
    return jsonify(
        {
            "object": EmailChange.OBJECT,
            "user": user.shown(),
            "new_email": kept.email,
            "expires_at": kept.expires_at,
            "created_at": kept.created_at,
        }
    )


@blueprint.post("/user_management/users/<user_id>/email_change/confirm")
def confirm_email_change(user_id: str) -> Response:
    """Give the user the other email address, which the code has also verified."""
    asked, user, server = body(GivenCode), found(User, user_id), authkit()
    kept = _latest(server, EmailChange, user)
    if kept is None:
        raise ApiError(409, "No change of the email address was asked for.", "no_pending_email_change")
    if not _fits(kept, asked.code):
        raise refused("email_change_code_incorrect", "The code is not the one that was sent.")
    if kept.used:
        raise ApiError(409, "The code was used before.", "email_change_code_previously_used")
    if is_over(server, kept):
        raise refused("email_change_code_expired", "The code has expired. Send another one.")
    _check_free(server, kept.email)
    server.directory.change(kept, used=True)
    changed = server.directory.change(user, email=kept.email, email_verified=True)
    return jsonify({"object": "email_change_confirmation", "user": changed.shown()})


# --- rules -----------------------------------------------------------------------------------------------------------


def emailed(server: AuthKit, kind: type[C], user: User, email: str | None = None) -> C:
    """Make a code for a user, sent to their email address or to another."""
    directory = server.directory
    fields: dict[str, Any] = {"user_id": user.id, "email": email or user.email, "code": server.settings.one_time_code}
    return directory.make(kind, expires_at=directory.time(CODE_LIFETIME), expires=server.now() + KEPT, **fields)


def sent(server: AuthKit, kind: type[C], user: User) -> C | None:
    """Give the code of a kind that a user was sent last; None where it went to an address that they have no more."""
    kept = _latest(server, kind, user)
    return kept if kept is not None and kept.email.lower() == user.email.lower() else None


def _latest(server: AuthKit, kind: type[C], user: User) -> C | None:
    return next(reversed(server.directory.all(kind, user_id=user.id)), None)


def is_over(server: AuthKit, kept: Emailed) -> bool:
    """Say whether the time of an emailed code or link is over."""
    return kept.expires_at <= server.directory.time()


def _fits(kept: C, code: str) -> bool:
    return hmac.compare_digest(kept.code.encode(), code.encode())


def _check_free(server: AuthKit, email: str) -> None:
    if credentials.user_of(server.directory, email):
        raise ApiError(409, f"Another user has the email address '{email}'.", "email_not_available")
