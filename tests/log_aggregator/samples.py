"""Entries that the tests of log-aggregator share."""

from __future__ import annotations

from sandbox.log_aggregator.logs import Entry, Level, Logs

NOW = 1_767_603_600.0


def entry(message: str, service: str = "web", level: Level = "info", at: float = NOW, **fields: object) -> Entry:
    """Make an entry."""
    return Entry(at=at, service=service, level=level, message=message, fields=fields)


def holding(*entries: Entry) -> Logs:
    """Make logs that hold the entries."""
    logs = Logs(fill=tuple)
    for each in entries:
        logs.add(each)
    return logs


def messages(entries: list[Entry]) -> list[str]:
    """Give the messages only."""
    return [each.message for each in entries]


FRUIT = (
    entry("Apple pie is ready", at=NOW - 30, trace="4fa2", customer={"id": "cus_9", "tags": ["gold"]}),
    entry("apple juice timed out after 5000 ms", "kitchen", "error", at=NOW - 20, trace="4fa2"),
    entry("pear: ready in 5 s", "kitchen", "warning", at=NOW - 10, path="/v1/pear-tree", note="first line\nlast line"),
    entry("crème brûlée", "web", "debug", at=NOW),
)
