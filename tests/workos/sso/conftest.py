"""What the tests of single sign-on share."""

from __future__ import annotations

from tests.workos.api.conftest import api

__all__ = ["api"]
