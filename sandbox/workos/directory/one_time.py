"""What is good once and for a while: the codes and links of emails, and challenges of an authenticator app."""

from __future__ import annotations

from typing import Final

from sandbox.workos.directory.entities import Entity

CODE_LIFETIME: Final = 600
"""Seconds that an emailed code is good for (CONFIRMED for Magic Auth: WorkOS's OpenAPI document)."""

RESET_LIFETIME: Final = 3600
"""Seconds that the link of a password reset is good for (UNCERTAIN)."""

KEPT: Final = 86_400
"""Seconds that a code or link is kept, so that one that is over is told from one that never was."""


class Emailed(Entity, frozen=True, kw_only=True):
    """Something that WorkOS would email to a person; the sandbox emails nothing, and its API tells it."""

    HIDDEN = frozenset({"used"})

    user_id: str
    email: str
    expires_at: str
    """RFC 3339 in UTC, with milliseconds: as texts, two such times compare as the moments do."""
    used: bool = False


class MagicAuth(Emailed, frozen=True, kw_only=True):
    """A code to sign in with (WorkOS, reference of Magic Auth)."""

    OBJECT = "magic_auth"
    PREFIX = "magic_auth"

    code: str


class EmailVerification(Emailed, frozen=True, kw_only=True):
    """A code that proves that an email address is the user's own."""

    OBJECT = "email_verification"
    PREFIX = "email_verification"

    code: str


class EmailChange(Emailed, frozen=True, kw_only=True):
    """A code, sent to the address that a user is changing to, which is `email`."""

    OBJECT = "email_change"
    PREFIX = "email_change"

    code: str


class PasswordReset(Emailed, frozen=True, kw_only=True):
    """A token that sets a new password."""

    OBJECT = "password_reset"
    PREFIX = "password_reset"

    token: str


class Challenge(Entity, frozen=True, kw_only=True):
    """That a user is to give a code of their authenticator app (WorkOS, reference of MFA).

    It is shown without `expires_at` and `code`, which are no part of a challenge of that kind.
    """

    OBJECT = "authentication_challenge"
    PREFIX = "auth_challenge"
    HIDDEN = frozenset({"used"})

    authentication_factor_id: str
    used: bool = False
