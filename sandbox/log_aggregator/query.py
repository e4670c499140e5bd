"""What somebody asks of the logs, written as SQLite and its FTS5 read it: words, times and groups."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final, Literal

from sandbox.durations import seconds

Grouping = Literal["service", "level", "hour"]

END_OF_TIME: Final = 253_402_300_799.0
"""The last second of the year 9999, after which a time has no date."""

_QUERY_LENGTH: Final = 1000
_QUERY_WORDS: Final = 32

CHOSEN: Final = """
    FROM entries
    WHERE (:match IS NULL OR id IN (SELECT rowid FROM words WHERE words MATCH :match))
    AND (:service IS NULL OR service = :service)
    AND severity >= :severity
    AND at >= :since
"""
"""The entries that are asked for by `:match`, `:service`, `:severity` and `:since`."""

GROUPED: Final[dict[Grouping, tuple[str, str]]] = {
    "service": ("service", "total DESC, key"),
    "level": ("severity", "key DESC"),
    "hour": ("strftime('%Y-%m-%dT%H:00Z', at, 'unixepoch')", "key"),
}
"""Of each grouping, the key of a row's group and the order of the groups."""


def iso(at: float) -> str:
    """Write a time in UTC, to the millisecond."""
    return dt.datetime.fromtimestamp(at, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(text: str, now: float) -> float:
    """Read a time: a duration before now (`15m`), ISO 8601 (UTC unless it says otherwise), or seconds since the epoch.

    Return seconds since the epoch. Raise ValueError, with examples, when the text is no time.
    """
    written = text.strip()
    try:
        if re.fullmatch(r"\d{9,12}(\.\d+)?", written):
            at = float(written)
        elif re.match(r"\d{4}-", written):
            date = dt.datetime.fromisoformat(written)
            at = (date if date.tzinfo else date.replace(tzinfo=dt.UTC)).timestamp()
        else:
            at = now - abs(seconds(written))
        if 0 <= at <= END_OF_TIME:
            return at
    except (ValueError, OverflowError):
        pass
    raise ValueError(
        f"{text[:40]!r} is no time; write a duration before now such as 15m, 2h or 1d,"
        " a date such as 2026-01-05T09:00:00Z, or seconds since the epoch"
    )


def match_expression(query: str) -> str | None:
    """Write what a person typed as an FTS5 expression: words, "phrases" and beginnings*, all of them wanted.

    Every term is quoted, so that no operator of FTS5 is left and no text is a syntax error. None when the query holds
    no word. Only the first thousand characters and 32 terms count.
    """
    terms = []
    for phrase, phrase_star, word in re.findall(r'"([^"]*)"(\*?)|([^\s"]+)', plain(query[:_QUERY_LENGTH])):
        text = phrase or word
        star = "*" if phrase_star or word.endswith("*") else ""
        if any(char.isalnum() for char in text):
            terms.append(f'"{text}"{star}')
    return " AND ".join(terms[:_QUERY_WORDS]) or None


def plain(text: str) -> str:
    """Give the text without what SQLite cannot take: null characters and half surrogates."""
    return text.replace("\x00", " ").encode("utf-8", "replace").decode()
