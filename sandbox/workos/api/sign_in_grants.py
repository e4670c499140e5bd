"""The grants that say who somebody is: a code of the pages, a password, an emailed code, an approved device."""

from __future__ import annotations

import hmac
from typing import Any, TypeVar

import msgspec

from sandbox.workos.answers import OAuthError
from sandbox.workos.api import credentials
from sandbox.workos.api.errors import ApiError, refused
from sandbox.workos.api.grant_bodies import ForCode, ForDevice, ForMagicAuth, ForPassword
from sandbox.workos.api.one_time_codes import is_over, sent
from sandbox.workos.api.steps import ON_THE_PAGES, finished
from sandbox.workos.authkit import AuthKit
from sandbox.workos.connections import connection_of, vouches_for
from sandbox.workos.device import approved_session
from sandbox.workos.directory.entities import User
from sandbox.workos.directory.invitations import Invitation
from sandbox.workos.directory.one_time import EmailVerification, MagicAuth
from sandbox.workos.records import Attempt, SignInCode
from sandbox.workos.store import hashed
from sandbox.workos.token import verifier_fits

C = TypeVar("C", EmailVerification, MagicAuth)


def by_code(server: AuthKit, asked: ForCode) -> dict[str, Any]:
    """Exchange the code of a sign-in on the pages (the text of the refusal is OBSERVED)."""
    key = hashed(asked.code)
    kept = server.store.get(SignInCode, key)
    begun = kept.begun if kept else None
    ours = begun is not None and (begun.purpose, begun.client_id) == ("session", server.settings.client_id)
    if kept is None or begun is None or kept.used or not ours or begun.user_id is None:
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
    attempt = Attempt(
        user_id=user.id,
        method=_method(user, begun.provider, begun.connection),
        email=kept.email if vouches_for(server, connection_of(server, begun), kept.email or "") else None,
        provider=begun.provider,
        connection=begun.connection,
        organization_id=begun.organization,
        invitation_id=invitation,
        passed=ON_THE_PAGES,
        **asked.browser,
    )
    return finished(server, attempt)


def _method(user: User, provider: str | None, connection: str | None) -> str:
    """Say how somebody signed in; on WorkOS's own page, where one click does it, with what the user has."""
    if provider is not None:
        return provider
    if connection is not None:
        return "SSO"
    return "Password" if user.password is not None else "MagicAuth"


def by_password(server: AuthKit, asked: ForPassword) -> dict[str, Any]:
    """Sign in with a password; an unknown email address and a wrong password are told apart for nobody."""
    if not server.settings.authentication.password:
        raise ApiError(403, "Signing in with a password is off in this environment.", "email_password_auth_disabled")
    user = credentials.user_of(server.directory, asked.email)
    known = user.password if user else None
    if user is None or known is None or not hmac.compare_digest(known.encode(), asked.password.encode()):
        raise refused("invalid_credentials", "The email address or the password is wrong.")
    invitation = _invitation(server, asked.invitation_token, user.email)
    return finished(server, Attempt(user_id=user.id, method="Password", invitation_id=invitation, **asked.browser))


def by_magic_auth(server: AuthKit, asked: ForMagicAuth) -> dict[str, Any]:
    """Sign in with an emailed code, which also verifies the address."""
    if not server.settings.authentication.magic_auth:
        said = "Magic Auth is off in this environment."
        raise ApiError(403, said, "authentication_method_not_allowed")
    user = credentials.user_of(server.directory, asked.email)
    if user is None:
        raise wrong_code()
    magic = checked(server, sent(server, MagicAuth, user), asked.code)
    invitation = _invitation(server, asked.invitation_token, user.email)
    server.directory.change(magic, used=True)
    attempt = Attempt(user_id=user.id, method="MagicAuth", email=magic.email, invitation_id=invitation, **asked.browser)
    return finished(server, attempt)


def by_device(server: AuthKit, asked: ForDevice) -> dict[str, Any]:
    """Sign in a device that a person has approved (RFC 8628, section 3.4)."""
    device = approved_session(server, asked.device_code)
    user = server.user(device.user_id or "")
    if user is None:
        raise OAuthError("invalid_grant", "The user was deleted in the meantime.")
    attempt = Attempt(
        user_id=user.id,
        method=_method(user, None, None),
        email=user.email,
        organization_id=device.organization,
        passed=ON_THE_PAGES | {"organization_selection_required"},
        **asked.browser,
    )
    return finished(server, attempt)


def wrong_code() -> ApiError:
    """Refuse an emailed code that is not the one."""
    return refused("invalid_one_time_code", "The code is not the one that was sent last.")


def checked(server: AuthKit, kept: C | None, given: str) -> C:
    """Give an emailed code that was given back; raise ApiError for one that is wrong, used, or over."""
    if kept is None or not hmac.compare_digest(kept.code.encode(), given.encode()):
        raise wrong_code()
    if kept.used:
        raise refused("one_time_code_previously_used", "The code was used before. Send another one.")
    if is_over(server, kept):
        raise refused("one_time_code_expired", "The code has expired. Send another one.")
    return kept


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
