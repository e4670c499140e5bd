"""Where the real clients are."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sandbox.clients.adapter import Adapter
from sandbox.clients.process import Limits
from tests.conftest import missing

STATE_DIR: Final = Path(__file__).parents[2] / ".cache"
"""Where `make test` installs the clients."""
PATIENT: Final = Limits(seconds=240, silence=30)
"""For clients that are to get on: on a busy machine some are silent for long before their first request."""


def here(adapter: Adapter) -> Adapter:
    """Give a client that is installed; skip the test where it is not."""
    if not adapter.is_installed(STATE_DIR):
        missing(f"{adapter.title} {adapter.version}")
    return adapter
