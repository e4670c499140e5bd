"""What the tests of WorkOS share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.workos.driver import Workos


@pytest.fixture
def workos() -> Iterator[Workos]:
    """Give a WorkOS in the healthy world, its clock standing still."""
    made = Workos()
    yield made
    made.authkit.store.close()


@pytest.fixture
def client(workos: Workos) -> dict[str, Any]:
    """Give a public client that registered itself."""
    return workos.register()
