"""What each grant of /user_management/authenticate asks for, and what it proves."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from sandbox.workos import sessions, totp
from sandbox.workos.answers import OAuthError
from sandbox.workos.api import credentials
from sandbox.workos.api.errors import ApiError, not_found, refused
from sandbox.workos.api.one_time_codes import is_over, latest
from sandbox.workos.api.steps import (
    BY_A_PROVIDER,
    check_membership,
    check_sso,
    finished,
    passed,
    pending,
)
from sandbox.workos.authkit import AuthKit
from sandbox.workos.device import approved_session
from sandbox.workos.directory.entities import Connection, Factor, Membership, User
from sandbox.workos.directory.invitations import Invitation
from sandbox.workos.directory.one_time import CODE_LIFETIME, Challenge, EmailVerification, MagicAuth
from sandbox.workos.metadata import DEVICE_GRANT
from sandbox.workos.records import Attempt, SignInCode
from sandbox.workos.store import hashed
from sandbox.workos.token import verifier_fits

WORKOS_GRANT: Final = "urn:workos:oauth:grant-type:"


class Asked(Struct, kw_only=True):
    """What every grant may say of the person's browser."""

    ip_address: str | None = None
    user_agent: str | None = None
    invitation_token: str | None = None

    @property
    def browser(self) -> dict[str, str | None]:
        """The fields that a session keeps of it."""
        return {"ip_address": self.ip_address, "user_agent": self.user_agent}


class ForCode(Asked, kw_only=True):
    """`authorization_code`."""

    code: str
    code_verifier: str | None = None


class ForPassword(Asked, kw_only=True):
    """`password`."""

    email: str
    password: str


class ForRefreshToken(Asked, kw_only=True):
    """`refresh_token`."""

    refresh_token: str
    organization_id: str | None = None


class ForMagicAuth(Asked, kw_only=True):
    """`…magic-auth:code`."""

    code: str
    email: str


class ForEmailVerification(Asked, kw_only=True):
    """`…email-verification:code`."""

    code: str
    pending_authentication_token: str


class ForTotp(Asked, kw_only=True):
    """`…mfa-totp`."""

    code: str
    pending_authentication_token: str
    authentication_challenge_id: str


class ForOrganization(Asked, kw_only=True):
    """`…organization-selection`."""

    pending_authentication_token: str
    organization_id: str


class ForDevice(Asked, kw_only=True):
    """The device grant (RFC 8628, section 3.4)."""

    device_code: str


class ForRadar(Asked, kw_only=True):
    """`…radar-email-challenge:code` and `…radar-sms-challenge:code`."""

    code: str
    pending_authentication_token: str


# --- the first proof -------------------------------------------------------------------------------------------------


def _by_code(server: AuthKit, asked: ForCode) -> dict[str, Any]:
    """Exchange the code of a sign-in on the pages (the text of the refusal is OBSERVED)."""
    key = hashed(asked.code)
    kept = server.store.get(SignInCode, key)
    begun = kept.begun if kept else None
    if kept is None or begun is None or kept.used or begun.purpose != "session" or begun.user_id is None:
        raise OAuthError("invalid_grant", f"The code '{asked.code}' has expired or is invalid.")
    if asked.code_verifier is not None and begun.code_challenge is None:
        raise refused("code_challenge_not_found", "A code_verifier came, and the authorization had no code_challenge.")
    if not verifier_fits(begun.code_challenge, asked.code_verifier):
        raise OAuthError("invalid_grant", "The code_verifier is malformed or does not fit the code_challenge.")
    user = server.user(begun.user_id)
    if user is None:
        raise OAuthError("invalid_grant", "The user was deleted in the meantime.")
    invitation = _invitation(server, asked.invitation_token or begun.invitation_token, user.email)
    server.store.put(key, msgspec.structs.replace(kept, used=True))
    _join(server, user, begun.connection)
    attempt = Attempt(
        user_id=user.id,
        method=_method(user, begun.provider, begun.connection),
        organization_id=begun.organization,
        invitation_id=invitation,
        passed=BY_A_PROVIDER if begun.provider or begun.connection else BY_A_PROVIDER - {"sso_required"},
        **asked.browser,
    )
    return finished(server, attempt)


def _method(user: User, provider: str | None, connection: str | None) -> str:
    """Say how somebody signed in; on WorkOS's own page, where one click does it, with what the user has."""
    if connection is not None:
        return "SSO"
    return provider or ("Password" if user.password is not None else "MagicAuth")


def _join(server: AuthKit, user: User, connection_id: str | None) -> None:
    """Make who comes by an organization's connection a member of it (WorkOS: just-in-time provisioning)."""
    connection = server.directory.get(Connection, connection_id)
    if connection is None:
        return
    ids = {"user_id": user.id, "organization_id": connection.organization_id}
    if server.directory.first(Membership, **ids) is None:
        server.directory.make(Membership, **ids)


def _by_password(server: AuthKit, asked: ForPassword) -> dict[str, Any]:
    if not server.settings.authentication.password:
        raise ApiError(403, "Signing in with a password is off in this environment.", "email_password_auth_disabled")
    user = credentials.user_of(server.directory, asked.email)
    known = user.password if user else None
    if user is None or known is None or not hmac.compare_digest(known.encode(), asked.password.encode()):
        raise refused("invalid_credentials", "The email address or the password is wrong.")
    invitation = _invitation(server, asked.invitation_token, user.email)
    return finished(server, Attempt(user_id=user.id, method="Password", invitation_id=invitation, **asked.browser))


def _by_magic_auth(server: AuthKit, asked: ForMagicAuth) -> dict[str, Any]:
    """Sign in with an emailed code, which also verifies the address."""
    if not server.settings.authentication.magic_auth:
        said = "Magic Auth is off in this environment."
        raise ApiError(403, said, "authentication_method_not_allowed")
    user = credentials.user_of(server.directory, asked.email)
    if user is None:
        raise _wrong_code()
    magic = latest(server, MagicAuth, user)
    _check_code(server, magic, asked.code)
    invitation = _invitation(server, asked.invitation_token, user.email)
    server.directory.change(magic, used=True)
    server.directory.change(user, email_verified=True)
    return finished(server, Attempt(user_id=user.id, method="MagicAuth", invitation_id=invitation, **asked.browser))


def _by_device(server: AuthKit, asked: ForDevice) -> dict[str, Any]:
    """Sign in a device that a person has approved (RFC 8628, section 3.4)."""
    device = approved_session(server, asked.device_code)
    user = server.user(device.user_id or "")
    if user is None:
        raise OAuthError("invalid_grant", "The user was deleted in the meantime.")
    attempt = Attempt(
        user_id=user.id,
        method=_method(user, None, None),
        organization_id=device.organization,
        passed=BY_A_PROVIDER | {"organization_selection_required"},
        **asked.browser,
    )
    return finished(server, attempt)


def _by_refresh_token(server: AuthKit, asked: ForRefreshToken) -> dict[str, Any]:
    """Give fresh tokens; `organization_id` switches the session to another organization of the user."""
    session, kept = sessions.refreshed(server, asked.refresh_token)
    user = server.user(session.user_id)
    if user is None:
        raise OAuthError("invalid_grant", "The user was deleted in the meantime.")
    wanted = asked.organization_id or session.organization_id
    given = sessions.replayed(server, asked.refresh_token, kept, wanted)
    if given is not None:
        return given
    if wanted is not None:
        check_membership(server, user, wanted)
    if wanted != session.organization_id:
        if session.auth_method != "sso":
            check_sso(server, user, wanted)
        session = server.directory.change(session, organization_id=wanted)
    answered = sessions.answer(server, session, user)
    sessions.rotate(server, asked.refresh_token, kept, answered)
    return answered


# --- the steps after it ----------------------------------------------------------------------------------------------


def _by_email_verification(server: AuthKit, asked: ForEmailVerification) -> dict[str, Any]:
    token = asked.pending_authentication_token
    attempt, user = _waiting(server, token)
    verification = latest(server, EmailVerification, user)
    _check_code(server, verification, asked.code)
    server.directory.change(verification, used=True)
    server.directory.change(user, email_verified=True)
    return passed(server, token, attempt)


def _by_totp(server: AuthKit, asked: ForTotp) -> dict[str, Any]:
    """Check the code of an authenticator app against a challenge of one of the user's factors."""
    token = asked.pending_authentication_token
    attempt, user = _waiting(server, token)
    challenge = server.directory.get(Challenge, asked.authentication_challenge_id)
    factor = server.directory.get(Factor, challenge.authentication_factor_id) if challenge else None
    if challenge is None or factor is None or factor.user_id != user.id:
        raise not_found("Authentication Challenge", asked.authentication_challenge_id)
    if challenge.used:
        raise refused("one_time_code_previously_used", "The challenge was answered before.")
    if challenge.created_at <= server.directory.time(-CODE_LIFETIME):
        raise refused("one_time_code_expired", "The challenge is over. Challenge the factor again.")
    if not totp.fits(asked.code, factor.secret, server.now()):
        raise refused("invalid_one_time_code", "The code is not the one that the authenticator app shows.")
    server.directory.change(challenge, used=True)
    return passed(server, token, attempt, passed=attempt.passed | {"mfa_challenge"})


def _by_organization(server: AuthKit, asked: ForOrganization) -> dict[str, Any]:
    token = asked.pending_authentication_token
    attempt, user = _waiting(server, token)
    check_membership(server, user, asked.organization_id)
    return passed(server, token, attempt, organization_id=asked.organization_id)


def _by_radar(_server: AuthKit, _asked: ForRadar) -> dict[str, Any]:
    raise OAuthError("invalid_request", "Radar is not emulated: the sandbox challenges nobody, and sent no such code.")


# --- rules -----------------------------------------------------------------------------------------------------------


def _waiting(server: AuthKit, token: str) -> tuple[Attempt, User]:
    attempt = pending(server, token)
    user = server.user(attempt.user_id)
    if user is None:
        raise refused("invalid_pending_authentication_token", "The user was deleted in the meantime.")
    return attempt, user


def _wrong_code() -> ApiError:
    return refused("invalid_one_time_code", "The code is not the one that was sent last.")


def _check_code(server: AuthKit, kept: MagicAuth | EmailVerification | None, given: str) -> None:
    """Raise ApiError for an emailed code that is wrong, used, or over."""
    if kept is None or not hmac.compare_digest(kept.code.encode(), given.encode()):
        raise _wrong_code()
    if kept.used:
        raise refused("one_time_code_previously_used", "The code was used before. Send another one.")
    if is_over(server, kept):
        raise refused("one_time_code_expired", "The code has expired. Send another one.")


def _invitation(server: AuthKit, token: str | None, email: str) -> str | None:
    """Give the id of the invitation that the app names; raise OAuthError for one that this person cannot accept."""
    if not token:
        return None
    invitation = server.directory.first(Invitation, token=token)
    if invitation is None or invitation.as_of(server.directory.time()) != "pending":
        raise OAuthError("invitation_invalid", "There is no pending invitation of this invitation_token.")
    if invitation.email.lower() != email.lower():
        raise OAuthError("invitation_cannot_be_used_for_email", f"The invitation is not for '{email}'.")
    return invitation.id


class Grant(NamedTuple):
    """A grant: the body that it takes, what it does, and whether the app must send its secret."""

    body: type[Any]
    proves: Callable[[AuthKit, Any], dict[str, Any]]
    secret: bool = True


GRANTS: Final[dict[str, Grant]] = {
    "authorization_code": Grant(ForCode, _by_code, secret=False),
    "password": Grant(ForPassword, _by_password),
    "refresh_token": Grant(ForRefreshToken, _by_refresh_token, secret=False),
    WORKOS_GRANT + "magic-auth:code": Grant(ForMagicAuth, _by_magic_auth),
    WORKOS_GRANT + "email-verification:code": Grant(ForEmailVerification, _by_email_verification),
    WORKOS_GRANT + "mfa-totp": Grant(ForTotp, _by_totp),
    WORKOS_GRANT + "organization-selection": Grant(ForOrganization, _by_organization),
    WORKOS_GRANT + "radar-email-challenge:code": Grant(ForRadar, _by_radar),
    WORKOS_GRANT + "radar-sms-challenge:code": Grant(ForRadar, _by_radar),
    DEVICE_GRANT: Grant(ForDevice, _by_device, secret=False),
}
