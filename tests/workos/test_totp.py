"""The codes of an authenticator app."""

from __future__ import annotations

import base64
from typing import Final

import pytest

from sandbox.workos import totp

SECRET: Final = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("at", "code"), [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")]
)
def test_the_codes_are_those_of_the_rfc(at: int, code: str) -> None:
    """RFC 6238, appendix B, the last six digits."""
    assert totp.code(SECRET, at) == code


def test_a_clock_may_be_off_by_one_period() -> None:
    """The code before and the one after are taken, and no other (RFC 6238, section 5.2)."""
    at = 1_800_000_000.0

    assert [totp.fits(totp.code(SECRET, at + 30 * n), SECRET, at) for n in (-2, -1, 0, 1, 2)] == [
        False,
        True,
        True,
        True,
        False,
    ]


def test_a_secret_without_padding_is_read() -> None:
    """A secret of any length of base32 has codes."""
    assert totp.code("JBSWY3DPEHPK3PXPAA", 0).isdigit()
