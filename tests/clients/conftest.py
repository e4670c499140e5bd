"""Where the real clients are."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sandbox.clients.adapter import Adapter
from tests.conftest import missing

STATE_DIR: Final = Path(__file__).parents[2] / ".cache"
"""Where `make test` installs the clients."""


def here(adapter: Adapter) -> Adapter:
    """Give a client that is installed; skip the test where it is not."""
    if not adapter.is_installed(STATE_DIR):
        missing(f"{adapter.title} {adapter.version}")
    return adapter
