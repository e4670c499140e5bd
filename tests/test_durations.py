"""Durations as people write them."""

from __future__ import annotations

import pytest

from sandbox.durations import seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("250ms", 0.25),
        ("30s", 30),
        ("1.5s", 1.5),
        ("5m", 300),
        ("2h", 7200),
        ("30d", 2_592_000),
        ("-1h", -3600),
        ("-250ms", -0.25),
        ("0s", 0),
        (" 5m ", 300),
        ("99999d", 8_639_913_600),
        ("9999999999s", 9_999_999_999),
    ],
)
def test_durations_are_read(text: str, expected: float) -> None:
    """A number and a unit make seconds, and a leading minus makes them negative."""
    assert seconds(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "m",
        "5 m",
        "5min",
        "+5m",
        "1e3s",
        ".5s",
        "5m30s",
        "--5m",
        "5m\n6m",
        "100000d",
        "-3000000d",
        "9" * 400 + "s",
    ],
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    """A text that is no duration is refused with an example of one."""
    with pytest.raises(ValueError, match="such as 30s or 5m"):
        seconds(text)
