"""The grants that go on from something: a pending authentication, or a session."""

from __future__ import annotations

from typing import Any

from sandbox.workos import sessions, totp
from sandbox.workos.answers import OAuthError
from sandbox.workos.api.challenges import is_over
from sandbox.workos.api.errors import not_found, refused
from sandbox.workos.api.grant_bodies import ForEmailVerification, ForOrganization, ForRadar, ForRefreshToken, ForTotp
from sandbox.workos.api.one_time_codes import sent
from sandbox.workos.api.sign_in_grants import checked
from sandbox.workos.api.steps import check_membership, check_sso, passed, pending, verified
from sandbox.workos.authkit import AuthKit
from sandbox.workos.directory.entities import Factor, User
from sandbox.workos.directory.one_time import Challenge, EmailVerification
from sandbox.workos.records import Attempt


def by_email_verification(server: AuthKit, asked: ForEmailVerification) -> dict[str, Any]:
    """Go on once the email address is verified."""
    token = asked.pending_authentication_token
    attempt, user = _waiting(server, token)
    verification = checked(server, sent(server, EmailVerification, user), asked.code)
    server.directory.change(verification, used=True)
    verified(server, user)
    return passed(server, token, attempt)


def by_totp(server: AuthKit, asked: ForTotp) -> dict[str, Any]:
    """Check the code of an authenticator app against a challenge of one of the user's factors."""
    token = asked.pending_authentication_token
    attempt, user = _waiting(server, token)
    challenge = server.directory.get(Challenge, asked.authentication_challenge_id)
    factor = server.directory.get(Factor, challenge.authentication_factor_id) if challenge else None
    if challenge is None or factor is None or factor.user_id != user.id:
        raise not_found("Authentication Challenge", asked.authentication_challenge_id)
    if challenge.used:
        raise refused("one_time_code_previously_used", "The challenge was answered before.")
    if is_over(server, challenge):
        raise refused("one_time_code_expired", "The challenge is over. Challenge the factor again.")
    if not totp.fits(asked.code, factor.secret, server.now()):
        raise refused("invalid_one_time_code", "The code is not the one that the authenticator app shows.")
    server.directory.change(challenge, used=True)
    return passed(server, token, attempt, passed=attempt.passed | {"mfa_challenge"})


def by_organization(server: AuthKit, asked: ForOrganization) -> dict[str, Any]:
    """Go on with the organization that the user chose."""
    token = asked.pending_authentication_token
    attempt, user = _waiting(server, token)
    check_membership(server, user, asked.organization_id)
    return passed(server, token, attempt, organization_id=asked.organization_id)


def by_radar(_server: AuthKit, _asked: ForRadar) -> dict[str, Any]:
    """Refuse: nothing is challenged here."""
    raise OAuthError("invalid_request", "Radar is not emulated: the sandbox challenges nobody, and sent no such code.")


def _waiting(server: AuthKit, token: str) -> tuple[Attempt, User]:
    attempt = pending(server, token)
    user = server.user(attempt.user_id)
    if user is None:
        raise refused("invalid_pending_authentication_token", "The user was deleted in the meantime.")
    return attempt, user


def by_refresh_token(server: AuthKit, asked: ForRefreshToken) -> dict[str, Any]:
    """Give fresh tokens; `organization_id` switches the session to another organization of the user."""
    session, kept = sessions.refreshed(server, asked.refresh_token)
    user = server.user(session.user_id)
    if user is None:
        raise OAuthError("invalid_grant", "The user was deleted in the meantime.")
    wanted = asked.organization_id or session.organization_id
    if wanted is not None:
        check_membership(server, user, wanted)
    given = sessions.replayed(server, asked.refresh_token, kept, wanted)
    if given is not None:
        return given
    if wanted != session.organization_id:
        check_sso(server, user, wanted, session.connection_id)
        session = server.directory.change(session, organization_id=wanted)
    answered = sessions.answer(server, session, user)
    sessions.rotate(server, asked.refresh_token, kept, answered)
    return answered
