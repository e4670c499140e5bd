"""Texts of strangers, made fit for a terminal and a log."""

from __future__ import annotations


def one_line(text: str, longest: int = 200) -> str:
    """Give a text on one line, at most so long, with what a terminal would obey instead of show written out."""
    short = text if len(text) <= longest else text[: longest - 1] + "…"
    if short.isprintable():
        return short
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in short)
