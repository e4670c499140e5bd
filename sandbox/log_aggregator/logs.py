"""The logs that log-aggregator serves: kept in memory, searched with SQLite's FTS5."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import deque
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Final, Literal, get_args
from urllib.parse import urlsplit

from msgspec import Meta, Struct, field

from sandbox.log_aggregator.query import CHOSEN, END_OF_TIME, GROUPED, Grouping, iso, match_expression, plain
from sandbox.sources import Sources
from sandbox.wire.exchange import Exchange

Level = Literal["debug", "info", "warning", "error"]

LEVELS: Final[tuple[Level, ...]] = get_args(Level)
"""Every level, the least severe first."""

SANDBOX: Final = "sandbox"
"""The service under which the sandbox adds its own exchanges."""

KEPT: Final = {SANDBOX: 10_000, "": 50_000}
"""How many entries are kept of the sandbox's own, and of all the others together; the oldest go first."""

LIMIT: Final = 200
"""The most entries that a read gives."""


class Entry(Struct, frozen=True, kw_only=True):
    """One line of a log."""

    at: Annotated[float, Meta(ge=0, le=END_OF_TIME, description="seconds since the epoch")]
    service: str
    level: Level
    message: str
    fields: dict[str, Any] = field(default_factory=dict)
    id: Annotated[int, Meta(description="given by the logs when the entry is stored")] = 0


class Count(Struct, frozen=True):
    """How many entries a group has, and how many of them are warnings and errors."""

    key: str
    entries: int
    warnings: int
    errors: int


class ServiceSummary(Struct, frozen=True):
    """A service that has logged, how much, and the times of its first and last entries."""

    name: str
    entries: int
    first: float
    last: float


def as_json(entry: Entry) -> dict[str, Any]:
    """Give an entry as it is shown in JSON, its time written both ways."""
    return {
        "id": entry.id,
        "time": iso(entry.at),
        "at": entry.at,
        "service": entry.service,
        "level": entry.level,
        "message": entry.message,
        "fields": entry.fields,
    }


def _as_columns(entry: Entry) -> tuple[float, str, int, str, str]:
    fields = plain(json.dumps(entry.fields, ensure_ascii=False, default=str))
    return entry.at, plain(entry.service), LEVELS.index(entry.level), plain(entry.message), fields


def _as_entry(row: tuple[int, float, str, int, str, str]) -> Entry:
    number, at, service, severity, message, fields = row
    return Entry(id=number, at=at, service=service, level=LEVELS[severity], message=message, fields=json.loads(fields))


_SCHEMA: Final = """
CREATE TABLE entries (
    id INTEGER PRIMARY KEY, at REAL, service TEXT, severity INTEGER, message TEXT, fields TEXT
);
CREATE INDEX by_time ON entries (at, id);
CREATE INDEX by_service ON entries (service, id);
CREATE VIRTUAL TABLE words USING fts5 (service, message, fields, tokenize = 'unicode61 remove_diacritics 2');
"""

_TOO_MANY: Final = {
    SANDBOX: "SELECT id FROM entries WHERE service = 'sandbox' ORDER BY id DESC LIMIT -1 OFFSET :kept",
    "": "SELECT id FROM entries WHERE service <> 'sandbox' ORDER BY id DESC LIMIT -1 OFFSET :kept",
}


class Logs:
    """The entries of one world.

    They start as an invented app's logs, or as what `fill` gives; either is made at the first read, so that a world
    costs nothing before. Not for use by several threads at once.
    """

    def __init__(self, sources: Sources | None = None, fill: Callable[[], Iterable[Entry]] | None = None) -> None:
        self._sources = sources or Sources()
        self._fill = fill or self._invented
        self._database: sqlite3.Connection | None = None
        self._last_id = 0
        self._added = {kind: deque[Entry](maxlen=kept) for kind, kept in KEPT.items()}

    def now(self) -> float:
        """Give the world's time, in seconds since the epoch."""
        return self._sources.now()

    def clear(self) -> None:
        """Return to what the logs held at the start; that is made anew at the next read."""
        if self._database is not None:
            self._database.close()
        self._database = None
        self._last_id = 0
        for added in self._added.values():
            added.clear()

    def add(self, entry: Entry) -> None:
        """Add an entry; its id is given later, when somebody reads."""
        self._added[SANDBOX if entry.service == SANDBOX else ""].append(entry)

    def note(self, level: Level, message: str) -> None:
        """Add what log-aggregator has to say itself."""
        self.add(Entry(at=self.now(), service="log-aggregator", level=level, message=message))

    def add_exchange(self, exchange: Exchange, level: Level, remark: str = "") -> None:
        """Add one of the sandbox's own exchanges: who asked whom for what, and the answer; no query, header or body."""
        path = urlsplit(exchange.url).path
        answer = exchange.ended if exchange.status is None else exchange.status
        fields: dict[str, Any] = {
            "number": exchange.number,
            "step": exchange.step,
            "asker": exchange.asker,
            "system": exchange.system,
            "status": exchange.status,
            "ended": exchange.ended,
            "ms": round(exchange.seconds * 1000, 1),
        }
        if exchange.mcp_methods:
            fields["mcp_methods"] = exchange.mcp_methods
        if exchange.client_id is not None:
            fields["client_id"] = exchange.client_id
        message = f"{exchange.step}: {exchange.asker} asked {exchange.system}: {exchange.method} {path} → {answer}"
        if remark:
            message = f"{message} ({remark})"
        self.add(Entry(at=exchange.at, service=SANDBOX, level=level, message=message, fields=fields))

    def search(
        self,
        query: str,
        service: str | None = None,
        level: Level | None = None,
        since: float | None = None,
        limit: int = 20,
    ) -> list[Entry]:
        """Find entries, newest first.

        The query is that of `match_expression`; one without words matches everything. `level` means that level and
        the more severe ones, `since` is in seconds since the epoch, and `limit` is clamped to 1…200.
        """
        return self._read(_chosen(query, service, level, since), limit)

    def count(
        self, query: str, service: str | None = None, level: Level | None = None, since: float | None = None
    ) -> int:
        """Count what `search` would find without a limit."""
        chosen = _chosen(query, service, level, since)
        number: int = self._opened().execute(f"SELECT count(*) {CHOSEN}", chosen).fetchone()[0]
        return number

    def tail(self, service: str | None = None, limit: int = 20) -> list[Entry]:
        """Give the latest entries, the newest last."""
        return self._read(_chosen("", service, None, None), limit)[::-1]

    def stats(self, by: Grouping, service: str | None = None, since: float | None = None) -> list[Count]:
        """Count entries by service (most first), by level (worst first), or by hour in UTC (oldest first)."""
        key, order = GROUPED[by]
        rows = self._opened().execute(
            f"SELECT {key} AS key, count(*) AS total, sum(severity = 2), sum(severity = 3) {CHOSEN}"
            f" GROUP BY key ORDER BY {order}",
            _chosen("", service, None, since),
        )
        return [Count(LEVELS[key] if by == "level" else key, *counts) for key, *counts in rows]

    def services(self) -> list[ServiceSummary]:
        """List the services that have logged, by name."""
        rows = self._opened().execute(
            "SELECT service, count(*), min(at), max(at) FROM entries GROUP BY service ORDER BY service"
        )
        return [ServiceSummary(*row) for row in rows]

    def delete(self, service: str, before: float | None = None) -> int:
        """Delete the entries of a service, or those of them that are older than `before`; say how many."""
        return self._remove(
            self._opened(),
            "SELECT id FROM entries WHERE service = :service AND at < :before",
            {"service": plain(service), "before": END_OF_TIME + 1 if before is None else before},
        )

    def _read(self, chosen: dict[str, Any], limit: int) -> list[Entry]:
        rows = self._opened().execute(
            f"SELECT id, at, service, severity, message, fields {CHOSEN} ORDER BY at DESC, id DESC LIMIT :limit",
            chosen | {"limit": max(1, min(limit, LIMIT))},
        )
        return [_as_entry(row) for row in rows]

    def _invented(self) -> Iterable[Entry]:
        from sandbox.log_aggregator import corpus  # made of entries itself

        return corpus.entries(self._sources.seed or 0, self.now())

    def _opened(self) -> sqlite3.Connection:
        """Give the database, holding everything that was added so far."""
        if self._database is None:
            # The server may be made in one thread and served in another, but never in both at once.
            self._database = sqlite3.connect(":memory:", check_same_thread=False)
            self._database.executescript(_SCHEMA)
            self._store(self._database, self._fill())
        for kind, added in self._added.items():
            if added:
                self._store(self._database, added)
                added.clear()
                self._remove(self._database, _TOO_MANY[kind], {"kept": KEPT[kind]})
        return self._database

    def _store(self, database: sqlite3.Connection, entries: Iterable[Entry]) -> None:
        rows = [(number, *_as_columns(entry)) for number, entry in enumerate(entries, self._last_id + 1)]
        self._last_id += len(rows)
        with database:
            database.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", rows)
            database.executemany(
                "INSERT INTO words (rowid, service, message, fields) VALUES (?, ?, ?, ?)",
                # The letter of an escaped line end would stick to the word after it.
                [(row[0], row[2], row[4], re.sub(r"\\[bfnrt]", " ", row[5])) for row in rows],
            )

    @staticmethod
    def _remove(database: sqlite3.Connection, which: str, values: dict[str, Any]) -> int:
        numbers = database.execute(which, values).fetchall()
        with database:
            database.executemany("DELETE FROM entries WHERE id = ?", numbers)
            database.executemany("DELETE FROM words WHERE rowid = ?", numbers)
        return len(numbers)


def _chosen(query: str, service: str | None, level: Level | None, since: float | None) -> dict[str, Any]:
    return {
        "match": match_expression(query),
        "service": None if service is None else plain(service),
        "severity": 0 if level is None else LEVELS.index(level),
        "since": 0.0 if since is None else since,
    }
