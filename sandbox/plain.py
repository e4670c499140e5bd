"""Texts made fit for a terminal and a log, those of strangers above all."""

from __future__ import annotations

import shutil
from typing import Final

_WIDEST: Final = 96
"""The columns of a text that is good to read."""


def text_width() -> int:
    """Give the columns that a text has on this terminal."""
    return min(shutil.get_terminal_size().columns - 1, _WIDEST)


def one_line(text: str, longest: int = 200) -> str:
    """Give a text on one line, at most so long, with what a terminal would obey instead of show written out."""
    short = text if len(text) <= longest else text[: longest - 1] + "…"
    if short.isprintable():
        return short
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in short)
