"""What the tests of the API share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import missing
from tests.workos.api.calls import Api
from tests.workos.api.document import FILE


@pytest.fixture
def api() -> Iterator[Api]:
    """Give the API of a healthy WorkOS, whose answers are all held against the document."""
    if not FILE.exists():
        missing("Node with WorkOS's OpenAPI document")
    made = Api()
    yield made
    made.workos.authkit.store.close()
