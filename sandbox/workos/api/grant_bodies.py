"""What each grant of /user_management/authenticate asks for."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Asked(Struct, kw_only=True):
    """What every grant may say of the person's browser."""

    ip_address: str | None = None
    user_agent: str | None = None
    invitation_token: str | None = None

    @property
    def browser(self) -> dict[str, Any]:
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
