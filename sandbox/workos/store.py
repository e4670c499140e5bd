"""Where WorkOS's records live: SQLite, in memory or in a file that the next start finds again."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from sandbox.errors import SandboxError
from sandbox.workos.records import Record, Secret

R = TypeVar("R", bound=Record)

_SWEEP_EVERY: Final = 1000
"""Records kept between two sweeps."""


def hashed(secret: str) -> str:
    """Give the key under which a code or token is kept; the secret itself is not."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _unusable(path: Path | None, error: Exception) -> SandboxError:
    return SandboxError(f"{path}: cannot keep state there: {error}. Start with --fresh to begin anew.")


def _read(data: bytes, kind: type[R]) -> R | None:
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.DecodeError:
        return None


class Store:
    """Records by type and key; what the present version cannot read is as good as forgotten.

    Raise sqlite3.Error where the disk is full or gone; whoever answers a request turns that into a server error.
    """

    def __init__(self, now: Callable[[], float], path: Path | None = None) -> None:
        self._now = now
        self._kept = 0
        try:
            if path is not None:
                path.touch(mode=0o600)
                path.chmod(0o600)
            self._db = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            raise _unusable(path, error) from error
        try:
            self._db.executescript(
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
                "CREATE TABLE IF NOT EXISTS records"
                " (kind TEXT, key TEXT, data BLOB, expires REAL, PRIMARY KEY (kind, key))"
            )
        except sqlite3.Error as error:
            self._db.close()
            raise _unusable(path, error) from error

    def put(self, key: str, record: Record) -> None:
        """Keep a record, in the place of any of its type with that key."""
        row = (type(record).__name__, key, msgspec.json.encode(record), record.expires)
        self._db.execute(
            "INSERT INTO records VALUES (?, ?, ?, ?)"
            " ON CONFLICT (kind, key) DO UPDATE SET data = excluded.data, expires = excluded.expires",
            row,
        )
        self._kept += 1
        if self._kept % _SWEEP_EVERY == 0:
            self.sweep()

    def get(self, kind: type[R], key: str) -> R | None:
        """Give the record of that type and key, unless it expired."""
        row = self._db.execute(
            "SELECT data, expires FROM records WHERE kind = ? AND key = ?", (kind.__name__, key)
        ).fetchone()
        if row is None or (row[1] is not None and row[1] <= self._now()):
            return None
        return _read(row[0], kind)

    def drop(self, kind: type[Record], key: str) -> None:
        """Forget one record."""
        self._db.execute("DELETE FROM records WHERE kind = ? AND key = ?", (kind.__name__, key))

    def all(self, kind: type[R]) -> Iterator[tuple[str, R]]:
        """Give every record of a type that has not expired, with its key, oldest first."""
        rows = self._db.execute(
            "SELECT key, data FROM records WHERE kind = ? AND (expires IS NULL OR expires > ?) ORDER BY rowid",
            (kind.__name__, self._now()),
        ).fetchall()
        return ((key, record) for key, data in rows if (record := _read(data, kind)) is not None)

    def forget(self, *kinds: type[Record]) -> int:
        """Forget every record of these types; give how many there were."""
        return sum(self._db.execute("DELETE FROM records WHERE kind = ?", (kind.__name__,)).rowcount for kind in kinds)

    def sweep(self) -> int:
        """Forget what has expired, so that the store does not grow for ever; give how much."""
        return self._db.execute("DELETE FROM records WHERE expires <= ?", (self._now(),)).rowcount

    def clear(self) -> None:
        """Forget everything but the secrets of pre-registered applications, which are configuration."""
        self._db.execute("DELETE FROM records WHERE kind != ?", (Secret.__name__,))

    def close(self) -> None:
        """Close the file."""
        self._db.close()
