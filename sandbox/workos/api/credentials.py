"""What an email address and a password must be like to be taken (WorkOS, reference of User Management)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from sandbox.workos.api.errors import ApiError, invalid, refused
from sandbox.workos.directory import Directory
from sandbox.workos.directory.entities import User

_EMAIL: Final = re.compile(r"[^@\s\x00-\x1f]{1,64}@(?:[^@\s.\x00-\x1f]{1,63}\.)+[^@\s.\x00-\x1f]{1,63}")
_LONGEST_EMAIL: Final = 254
_SHORTEST_PASSWORD: Final = 10
"""Characters; WorkOS's default, whose other rules (a strength score, leaked passwords) are not kept (UNCERTAIN)."""

_HASHES: Final = {
    "bcrypt": re.compile(r"\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}"),
    "firebase-scrypt": re.compile(r"\$firebase-scrypt\$.+"),
    "ssha": re.compile(r"\{SSHA\}[A-Za-z0-9+/=]+"),
    "scrypt": re.compile(r"\$scrypt\$.+"),
    "pbkdf2": re.compile(r"\$?pbkdf2.+"),
    "argon2": re.compile(r"\$argon2(?:id|i|d)\$.+"),
}
"""How a hash of each type looks; all but bcrypt's and argon2's are UNCERTAIN in their rest, and looked at loosely."""


def is_email(text: str) -> bool:
    """Say whether a text looks like an email address."""
    return len(text) <= _LONGEST_EMAIL and _EMAIL.fullmatch(text) is not None


def check_email(name: str, email: str, code: str = "invalid_request_parameters") -> None:
    """Raise ApiError 422 for a parameter that is no email address."""
    if not is_email(email):
        error = {"field": name, "code": "invalid_email"}
        raise ApiError(422, f"'{email}' is no email address.", code, errors=[error])


def user_of(directory: Directory, email: str) -> User | None:
    """Give the user of an email address, in whatever case it is written; None where there is none."""
    wanted = email.lower()
    return next((user for user in directory.all(User) if user.email.lower() == wanted), None)


def weakness(password: str) -> list[dict[str, str]]:
    """Give what is wrong with a password, as the `errors` of an answer; nothing where it will do."""
    if len(password) >= _SHORTEST_PASSWORD:
        return []
    said = f"The password must have at least {_SHORTEST_PASSWORD} characters."
    return [{"code": "password_too_short", "message": said}]


def password(given: Mapping[str, Any]) -> dict[str, str | None]:
    """Read the password that a body sets: give the fields of the user to change, none where it sets none.

    A hash is looked at and accepted, and from then on no password fits: the sandbox verifies no hash. Raise ApiError
    with WorkOS's code for a weak password, a hash that is none, or a password and a hash together.
    """
    plain, hash_, kind = (given.get(name) for name in ("password", "password_hash", "password_hash_type"))
    if plain is not None and hash_ is not None:
        raise refused("password_and_password_hash_provided", "Give a password or its hash, not both.")
    if plain is not None and kind is not None:
        raise refused("password_and_password_hash_type_provided", "A password has no password_hash_type.")
    if (hash_ is None) != (kind is None):
        missing = "password_hash" if hash_ is None else "password_hash_type"
        raise invalid(missing, "required", f"The parameter '{missing}' is missing: a hash needs its type.")
    if hash_ is not None:
        if _HASHES[str(kind)].fullmatch(hash_) is None:
            raise refused("invalid_password_hash", f"The password_hash is none of type '{kind}'.")
        return {"password": None}
    if plain is None:
        return {}
    if errors := weakness(plain):
        raise ApiError(400, "The password is not strong enough.", "password_strength_error", errors=errors)
    return {"password": plain}
