"""Texts of strangers, made fit to be shown."""

from __future__ import annotations

import pytest

from sandbox.plain import initial, one_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Claude Code", "Claude Code"),
        ("Zoë 🚀", "Zoë 🚀"),
        ("evil \u202egnp.live", "evil \\u202egnp.live"),
        ("a\u200bb\u2066c\nd", "a\\u200bb\\u2066c\\nd"),
        ("\u3164\u2800\U000e0041", "\\u3164\\u2800\\U000e0041"),
    ],
)
def test_what_is_obeyed_or_not_seen_is_written_out(text: str, shown: str) -> None:
    """Letters and signs stay; what turns writing round, breaks a line or draws nothing is named."""
    assert one_line(text) == shown


@pytest.mark.parametrize(
    ("name", "letter"),
    [("claude", "C"), ("\u202eevil", "E"), ("‹log›", "L"), ("🚀", "🚀"), ("\u3164\u200b", "?"), ("", "?")],
)
def test_a_letter_stands_for_a_name(name: str, letter: str) -> None:
    """It is the first letter that is seen, or else the first sign, and never nothing."""
    assert initial(name) == letter
