"""Authenticator apps of a user (WorkOS, reference of MFA: authentication factors; RFC 6238)."""

from __future__ import annotations

import re
from typing import Final, Literal
from urllib.parse import quote, urlencode

from flask import Response, jsonify
from msgspec import Struct

from sandbox.workos.api.errors import invalid
from sandbox.workos.api.finding import found
from sandbox.workos.api.keys import keyed
from sandbox.workos.api.listing import page
from sandbox.workos.api.reading import body
from sandbox.workos.authkit import authkit
from sandbox.workos.directory.entities import Factor, User
from sandbox.workos.directory.one_time import Challenge

blueprint = keyed("factors")

ISSUER: Final = "Sandbox"
"""What an authenticator app shows where the request names no issuer; at WorkOS it is the team's name."""

_SECRET: Final = re.compile(r"[A-Z2-7]{16,128}")
_SECRET_BYTES: Final = 20
"""As long as the hash of HMAC-SHA-1 (RFC 4226, section 4)."""
_LONGEST_NAME: Final = 128
"""Characters of an issuer or an account, so that the QR code holds both."""
_BASE32: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


class NewFactor(Struct, kw_only=True):
    """The body that enrols an authenticator app."""

    type: Literal["totp"]
    totp_issuer: str | None = None
    totp_user: str | None = None
    totp_secret: str | None = None


@blueprint.post("/user_management/users/<user_id>/auth_factors")
def enroll_factor(user_id: str) -> tuple[Response, int]:
    """Enrol an authenticator app: this answer alone has its secret; a challenge waits for its first code."""
    user, asked, server = found(User, user_id), body(NewFactor), authkit()
    secret = (asked.totp_secret or _new_secret()).replace(" ", "").rstrip("=")
    if not _SECRET.fullmatch(secret):
        raise invalid("totp_secret", "invalid", "A totp_secret is base32: 16 to 128 of A to Z and 2 to 7.")
    for name in ("totp_issuer", "totp_user"):
        if len(getattr(asked, name) or "") > _LONGEST_NAME:
            raise invalid(name, "invalid", f"A {name} has at most {_LONGEST_NAME} characters.")
    issuer, account = asked.totp_issuer or ISSUER, asked.totp_user or user.email
    factor = server.directory.make(Factor, user_id=user.id, secret=secret, issuer=issuer, user=account)
    challenge = server.directory.make(Challenge, authentication_factor_id=factor.id)
    link = uri(factor)
    enrolled = factor.shown()
    enrolled["totp"] |= {"secret": factor.secret, "uri": link, "qr_code": _qr_code(link)}
    return jsonify({"authentication_factor": enrolled, "authentication_challenge": challenge.shown()}), 201


@blueprint.get("/user_management/users/<user_id>/auth_factors")
def list_factors(user_id: str) -> Response:
    """List the authenticator apps of a user."""
    user = found(User, user_id)
    return page(authkit().directory.all(Factor, user_id=user.id))


def uri(factor: Factor) -> str:
    """Give what an authenticator app reads from the QR code (the key URI format; its defaults are RFC 6238's)."""
    label = quote(f"{factor.issuer}:{factor.user}", safe="")
    return f"otpauth://totp/{label}?{urlencode({'secret': factor.secret, 'issuer': factor.issuer})}"


def _new_secret() -> str:
    number = int.from_bytes(authkit().sources.bytes(_SECRET_BYTES))
    return "".join(_BASE32[(number >> shift) & 31] for shift in range(_SECRET_BYTES * 8 - 5, -1, -5))


def _qr_code(text: str) -> str:
    """Draw a QR code, as a data URL of a PNG."""
    import segno

    return segno.make_qr(text).png_data_uri(scale=4)
