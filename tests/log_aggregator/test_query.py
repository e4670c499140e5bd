"""Words and times, as somebody writes them."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.log_aggregator.query import moment

from .samples import FRUIT, NOW, entry, holding, messages

SHARED = holding(*FRUIT)
NASTY = st.text(st.sampled_from("aA0 \"*()^:+-{}[],.'\\/|&!~@#%_\x00\ud800é日NEAROTD"), max_size=60)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("apple", ["apple juice timed out after 5000 ms", "Apple pie is ready"]),
        ("APPLE ready", ["Apple pie is ready"]),
        ("ready apple", ["Apple pie is ready"]),
        ('"is ready"', ["Apple pie is ready"]),
        ('"ready is"', []),
        ("app*", ["apple juice timed out after 5000 ms", "Apple pie is ready"]),
        ("app", []),
        ('"apple ju"*', ["apple juice timed out after 5000 ms"]),
        ("4fa2 juice", ["apple juice timed out after 5000 ms"]),
        ("trace=4fa2 pie", ["Apple pie is ready"]),
        ("cus_9", ["Apple pie is ready"]),
        ("gold", ["Apple pie is ready"]),
        ("/v1/pear-tree", ["pear: ready in 5 s"]),
        ('"last line"', ["pear: ready in 5 s"]),
        ("kitchen pear", ["pear: ready in 5 s"]),
        ("creme brulee", ["crème brûlée"]),
        ("apple - pie", ["Apple pie is ready"]),
        ("apple OR pear", []),
        ("NOT apple", []),
        ("message:apple", []),
        ("apple) OR (pear", []),
        ('pear"', ["pear: ready in 5 s"]),
        ("x'; DROP TABLE entries; --", []),
    ],
)
def test_search_finds_words_phrases_and_beginnings(query: str, expected: list[str]) -> None:
    """Words are all wanted, in any order; quotes make a phrase, an asterisk a beginning; nothing else is special."""
    assert messages(SHARED.search(query)) == expected


@pytest.mark.parametrize("query", ["", "   ", "***", '""', "-", "\x00"])
def test_search_without_words_gives_the_latest(query: str) -> None:
    """A query that holds no word matches everything, newest first."""
    assert messages(SHARED.search(query, limit=2)) == ["crème brûlée", "pear: ready in 5 s"]


@given(st.text() | NASTY)
def test_no_query_is_a_syntax_error(query: str) -> None:
    """Any text at all can be searched for."""
    assert len(SHARED.search(query)) <= 4
    assert SHARED.count(query) <= 4
    SHARED.search("", service=query)


def test_a_very_long_query_is_only_read_in_part() -> None:
    """A query of a million words neither fails nor takes long."""
    assert SHARED.search("ready " * 1_000_000) == SHARED.search("ready")


@given(st.text(st.characters(categories=["L", "Nd"], max_codepoint=0x24F), min_size=1, max_size=20))
def test_what_was_logged_is_found(word: str) -> None:
    """A word of letters and digits is found by itself."""
    assert holding(entry(f"before {word} after")).count(word) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("15m", NOW - 900),
        ("-15m", NOW - 900),
        ("2h", NOW - 7200),
        ("1d", NOW - 86400),
        ("1767603000", 1_767_603_000),
        ("1767603000.5", 1_767_603_000.5),
        ("2026-01-05T08:00:00Z", NOW - 3600),
        ("2026-01-05T10:00:00+02:00", NOW - 3600),
        ("2026-01-05T08:00", NOW - 3600),
        ("2026-01-05", NOW - 9 * 3600),
    ],
)
def test_moments(text: str, expected: float) -> None:
    """A time is a duration before now, ISO 8601 (UTC unless it says otherwise), or seconds since the epoch."""
    assert moment(text, NOW) == expected


@pytest.mark.parametrize(
    "text", ["", "yesterday", "15", "2026-13-01", "9" * 400, "1e400", "nan", "inf", "9" * 300 + "d"]
)
def test_bad_moments_say_what_to_write(text: str) -> None:
    """A text that is no time is refused with examples of times."""
    with pytest.raises(ValueError, match="15m"):
        moment(text, NOW)


@given(st.text())
def test_no_text_is_a_bad_moment_in_another_way(text: str) -> None:
    """Any text is a time or a ValueError."""
    with suppress(ValueError):
        assert 0 <= moment(text, NOW) < 1e12
