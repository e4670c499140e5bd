"""What is asked of somebody after the first proof of who they are: 403 with a pending_authentication_token each.

The bodies beyond `code` and `message` are UNCERTAIN; they hold what the SDKs read (`workos` 10.8.0, its errors).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from sandbox.workos import sessions
from sandbox.workos.answers import OAuthError
from sandbox.workos.api.errors import ApiError, refused
from sandbox.workos.api.one_time_codes import emailed
from sandbox.workos.authkit import AuthKit
from sandbox.workos.connections import join, may_join, usable
from sandbox.workos.directory.entities import Connection, Factor, Organization, User
from sandbox.workos.directory.identities import link
from sandbox.workos.directory.invitations import Invitation, accept
from sandbox.workos.directory.one_time import EmailVerification
from sandbox.workos.records import Attempt
from sandbox.workos.store import hashed

PENDING_LIFETIME: Final = 600
"""Seconds that a pending_authentication_token is good for (UNCERTAIN)."""

ON_THE_PAGES: Final = frozenset({"mfa_challenge"})
"""What is not asked of who signed in with an identity provider, or on WorkOS's own page."""


def finished(server: AuthKit, attempt: Attempt) -> dict[str, Any]:
    """Give the answer with a new session, or raise what the next step is, or why there is none.

    Nobody has joined an organization, and no invitation is accepted, until there is a session.
    """
    user = server.user(attempt.user_id)
    if user is None:
        raise OAuthError("invalid_grant", "The user was deleted in the meantime.")
    for step in _STEPS:
        attempt = step(server, attempt, user)
    user = _entered(server, attempt, user)
    user = server.directory.change(user, last_sign_in_at=server.directory.time())
    session = sessions.make(
        server,
        user,
        attempt.method,
        attempt.organization_id,
        connection_id=attempt.connection,
        ip_address=attempt.ip_address,
        user_agent=attempt.user_agent,
    )
    return sessions.answer(server, session, user)


def pending(server: AuthKit, token: str) -> Attempt:
    """Give the attempt that waits behind a token; raise ApiError invalid_pending_authentication_token without one."""
    attempt = server.store.get(Attempt, hashed(token))
    if attempt is None:
        raise refused(
            "invalid_pending_authentication_token",
            "The pending_authentication_token is unknown, used, or older than ten minutes. Authenticate anew.",
        )
    return attempt


def passed(server: AuthKit, token: str, attempt: Attempt, **changed: Any) -> dict[str, Any]:
    """Go on with an attempt one step further, or to its end; its token is used up."""
    server.store.drop(Attempt, hashed(token))
    return finished(server, msgspec.structs.replace(attempt, **changed))


def _due(server: AuthKit, attempt: Attempt, code: str, message: str, **more: Any) -> ApiError:
    """Say that a step is due, and keep the attempt until it is done."""
    token = server.sources.secret(25)
    waiting = msgspec.structs.replace(attempt, expires=server.now() + PENDING_LIFETIME)
    server.store.put(hashed(token), waiting)
    return ApiError(403, message, code, pending_authentication_token=token, **more)


def _usable_connection(server: AuthKit, attempt: Attempt, _user: User) -> Attempt:
    if attempt.connection is not None and usable(server, attempt) is None:
        raise OAuthError("invalid_grant", "The connection was deleted or deactivated in the meantime.")
    return attempt


def _verified_email(server: AuthKit, attempt: Attempt, user: User) -> Attempt:
    wanted = server.settings.authentication.email_verification
    if wanted and not user.email_verified and not _shows(attempt, user):
        verification = emailed(server, EmailVerification, user)
        raise _due(
            server,
            attempt,
            "email_verification_required",
            "Email ownership must be verified before authentication.",
            email=user.email,
            email_verification_id=verification.id,
        )
    return attempt


def _second_factor(server: AuthKit, attempt: Attempt, user: User) -> Attempt:
    policy = server.settings.authentication.mfa
    if policy == "off" or "mfa_challenge" in attempt.passed:
        return attempt
    factors = server.directory.all(Factor, user_id=user.id)
    if factors:
        shown = [{"id": factor.id, "type": "totp"} for factor in factors]
        message = "The user must complete an MFA challenge to finish authenticating."
        raise _due(server, attempt, "mfa_challenge", message, user=user.shown(), authentication_factors=shown)
    if policy == "required":
        message = "The user must enroll an MFA factor to finish authenticating."
        raise _due(server, attempt, "mfa_enrollment", message, user=user.shown())
    return attempt


def _shows(attempt: Attempt, user: User) -> bool:
    """Say whether the sign-in has shown that the address that the user has now is theirs."""
    return attempt.email is not None and attempt.email.lower() == user.email.lower()


def _invited(server: AuthKit, attempt: Attempt, _user: User) -> Attempt:
    """Sign in to the organization that the app's invitation is for."""
    if attempt.invitation_id is None:
        return attempt
    invitation = server.directory.get(Invitation, attempt.invitation_id)
    if invitation is None or invitation.as_of(server.directory.time()) != "pending":
        raise OAuthError("invitation_invalid", "The invitation is pending no more.")
    return msgspec.structs.replace(attempt, organization_id=invitation.organization_id or attempt.organization_id)


def _chosen_organization(server: AuthKit, attempt: Attempt, user: User) -> Attempt:
    """Sign in to the one organization, or ask which of several; the chosen one must still be the user's."""
    if attempt.organization_id is not None:
        if not _joins(server, attempt, user):
            check_membership(server, user, attempt.organization_id)
        return attempt
    if "organization_selection_required" in attempt.passed:
        return attempt
    theirs = server.directory.organizations_of(user)
    if len(theirs) > 1:
        shown = [{"id": one.id, "name": one.name} for one in theirs]
        message = "The user must choose an organization to finish their authentication."
        raise _due(server, attempt, "organization_selection_required", message, user=user.shown(), organizations=shown)
    return msgspec.structs.replace(attempt, organization_id=theirs[0].id if theirs else None)


def _joins(server: AuthKit, attempt: Attempt, user: User) -> bool:
    """Say whether this sign-in makes the user a member of its organization: by the invitation, or the connection."""
    if server.directory.get(Organization, attempt.organization_id) is None:
        return False
    invitation = server.directory.get(Invitation, attempt.invitation_id)
    if invitation is not None and invitation.organization_id == attempt.organization_id:
        return True
    connection = usable(server, attempt)
    if connection is None or connection.organization_id != attempt.organization_id:
        return False
    return may_join(server, user, connection)


def _single_sign_on(server: AuthKit, attempt: Attempt, user: User) -> Attempt:
    check_sso(server, user, attempt.organization_id, attempt.connection)
    return attempt


_STEPS: Final[tuple[Callable[[AuthKit, Attempt, User], Attempt], ...]] = (
    _usable_connection,
    _verified_email,
    _second_factor,
    _invited,
    _chosen_organization,
    _single_sign_on,
)


def _entered(server: AuthKit, attempt: Attempt, user: User) -> User:
    """Let the user in: a member of the organization, with the account that they came by; give the user."""
    connection = usable(server, attempt)
    if connection is not None:
        if may_join(server, user, connection):
            join(server, user, connection)
        link(server.directory, user, connection)
    invitation = server.directory.get(Invitation, attempt.invitation_id)
    if invitation is not None:
        accept(server.directory, invitation, user)
    return verified(server, user) if _shows(attempt, user) else user


def verified(server: AuthKit, user: User) -> User:
    """Keep that a user's email address is theirs."""
    return user if user.email_verified else server.directory.change(user, email_verified=True)


def check_sso(server: AuthKit, user: User, organization_id: str | None, connection_id: str | None) -> None:
    """Raise OAuthError sso_required where an organization's members must come by its connection, and this is another.

    Whoever enters an organization is asked, with the connection by which they signed in; None: by none.
    """
    if server.settings.authentication.sso != "required" or organization_id is None:
        return
    connections = server.directory.all(Connection, organization_id=organization_id, state="active")
    if connections and connection_id not in {connection.id for connection in connections}:
        raise OAuthError(
            "sso_required",
            "The organization's members must sign in with its single sign-on connection.",
            connection_ids=[connection.id for connection in connections],
            email=user.email,
        )


def check_membership(server: AuthKit, user: User, organization_id: str) -> None:
    """Raise OAuthError for an organization that is not there, or not the user's."""
    if server.directory.get(Organization, organization_id) is None:
        raise OAuthError("organization_not_found", f"There is no organization '{organization_id}'.")
    if organization_id not in {one.id for one in server.directory.organizations_of(user)}:
        said = f"The user '{user.id}' is no active member of the organization '{organization_id}'."
        raise OAuthError("organization_membership_not_found", said)
