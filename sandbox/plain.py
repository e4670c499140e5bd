"""Texts made fit for a terminal, a log and a page, those of strangers above all."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from typing import Final

_WIDEST: Final = 96
"""The columns of a text that is good to read."""
_BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""What draws nothing though it counts as a letter, a mark or a symbol: fillers, joiners, a pattern without a dot."""


def text_width() -> int:
    """Give the columns that a text has on this terminal."""
    return min(shutil.get_terminal_size().columns - 1, _WIDEST)


def one_line(text: str, longest: int = 200) -> str:
    """Give a text on one line, at most so long; what would be obeyed, or not be seen, is written out."""
    short = text if len(text) <= longest else text[: longest - 1] + "…"
    return "".join(char if _is_seen(char) else char.encode("unicode_escape").decode() for char in short)


def initial(text: str) -> str:
    """Give the letter that stands for a name: its first letter or digit, else the first sign that is seen, else `?`."""
    seen = [char for char in text if _is_seen(char) and not char.isspace()]
    return next((char for char in seen if char.isalnum()), seen[0] if seen else "?").upper()


def _is_seen(char: str) -> bool:
    return char.isprintable() and char not in _BLANK


FILTERS: Final[dict[str, Callable[..., str]]] = {
    "shown": one_line,  # a name
    "whole": partial(one_line, longest=2000),  # a URI, a message
    "initial": initial,
}
"""What the pages' templates call these."""
