"""The state directory: what one run leaves for the next, and how it is forgotten."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

from sandbox.errors import SandboxError
from sandbox.workos.store import Store

RECORDS: Final = "state.sqlite"
SIGNING_KEY: Final = "signing-key.pem"


def open_store(state_dir: Path | None, now: Callable[[], float], *, fresh: bool) -> Store:
    """Open the records, in memory without a directory; raise SandboxError when they cannot be kept there."""
    if state_dir is None:
        return Store(now)
    if fresh:
        _forget(state_dir)
    store = Store(now, state_dir / RECORDS)
    try:
        store.sweep()
    except sqlite3.Error as error:
        store.close()
        raise SandboxError(
            f"{state_dir}: cannot keep state there: {error}. Start with --fresh to begin anew."
        ) from error
    return store


def _forget(state_dir: Path) -> None:
    try:
        for file in (*state_dir.glob(f"{RECORDS}*"), state_dir / SIGNING_KEY):
            file.unlink(missing_ok=True)
    except OSError as error:
        raise SandboxError(f"{error.filename}: cannot be forgotten: {error.strerror}.") from error
