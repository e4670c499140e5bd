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
from sandbox.workos.directory.one_time import KEPT, Challenge

blueprint = keyed("factors")

ISSUER: Final = "Sandbox"
"""What an authenticator app shows where the request names no issuer; at WorkOS it is the team's name."""

_SECRET: Final = re.compile(r"(?=.{16,128}\Z)([A-Z2-7]{8})*([A-Z2-7]{2}|[A-Z2-7]{4,5}|[A-Z2-7]{7})?")
_SECRET_BYTES: Final = 20
"""As long as the hash of HMAC-SHA-1 (RFC 4226, section 4)."""
_LONGEST_URI: Final = 1000
"""Characters; a QR code of more is hard to read, and of 3,000 impossible."""
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
    asked, user, server = body(NewFactor), found(User, user_id), authkit()
    secret = (asked.totp_secret or _new_secret()).replace(" ", "").rstrip("=").upper()
    if not _SECRET.fullmatch(secret):
        raise invalid("totp_secret", "invalid", "A totp_secret is base32: 16 to 128 of A to Z and 2 to 7.")
    issuer, account = asked.totp_issuer or ISSUER, asked.totp_user or user.email
    link = uri(issuer, account, secret)
    if len(link) > _LONGEST_URI:
        raise invalid("totp_issuer", "invalid", "The totp_issuer and the totp_user are too long for a QR code.")
    factor = server.directory.make(Factor, user_id=user.id, secret=secret, issuer=issuer, user=account)
    challenge = server.directory.make(Challenge, authentication_factor_id=factor.id, expires=server.now() + KEPT)
    enrolled = factor.shown()
    enrolled["totp"] |= {"secret": factor.secret, "uri": link, "qr_code": _qr_code(link)}
    return jsonify({"authentication_factor": enrolled, "authentication_challenge": challenge.shown()}), 201


@blueprint.get("/user_management/users/<user_id>/auth_factors")
def list_factors(user_id: str) -> Response:
    """List the authenticator apps of a user."""
    user = found(User, user_id)
    return page(authkit().directory.all(Factor, user_id=user.id))


def uri(issuer: str, account: str, secret: str) -> str:
    """Give what an authenticator app reads from the QR code (the key URI format; its defaults are RFC 6238's)."""
    label = quote(f"{issuer}:{account}", safe="")
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': issuer}, quote_via=quote)}"


def _new_secret() -> str:
    number = int.from_bytes(authkit().sources.bytes(_SECRET_BYTES))
    return "".join(_BASE32[(number >> shift) & 31] for shift in range(_SECRET_BYTES * 8 - 5, -1, -5))


def _qr_code(text: str) -> str:
    """Draw a QR code, as a data URL of a PNG."""
    import segno

    return segno.make_qr(text).png_data_uri(scale=4)
