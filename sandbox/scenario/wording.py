"""The words of a refusal: what was written, what was meant, and what is allowed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

Path = tuple[str | int, ...]
"""Where a value is in a scenario: the keys and the indexes (from 0) that lead to it."""

_SHOWN: Final = 60
_CLOSE: Final = 0.6


def spelled(path: Path) -> str:
    """Write a path as one writes it: `faults[0].when.header`; the scenario itself is the empty text."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{_on_one_line(step)}" if text else _on_one_line(step)
    return text


def quoted(text: str) -> str:
    """Show a text of a scenario, in backticks, on one line and not too long."""
    return f"`{_on_one_line(text)}`"


def _on_one_line(text: str) -> str:
    short = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return "".join(char if char.isprintable() else _escaped(char) for char in short)


def _escaped(char: str) -> str:
    return json.dumps(char)[1:-1]


def written(value: Any) -> str:
    """Say what was written: a text, a number, a mapping."""
    match value:
        case None:
            return "empty"
        case bool():
            return f"`{str(value).lower()}`"
        case int() | float():
            return f"the number {quoted(str(value))}"
        case str():
            return f"the text {quoted(value)}" if value else "an empty text"
        case dict():
            return "a mapping" if value else "an empty mapping"
        case _:
            return "a list" if value else "an empty list"


def listed(words: Iterable[str]) -> str:
    """Write words in backticks, with commas."""
    return ", ".join(map(quoted, words))


def closest(word: str, allowed: Iterable[str], cutoff: float = _CLOSE) -> str | None:
    """Give the allowed word that was probably meant, if there is one; case does not matter."""
    from difflib import get_close_matches  # an error is the rare case

    names = {name.casefold(): name for name in allowed}
    near = get_close_matches(word.casefold()[:_SHOWN], names, n=1, cutoff=cutoff)
    return names[near[0]] if near else None


def meant(word: str, allowed: Iterable[str]) -> str:
    """Ask whether an allowed word was meant; the empty text when none is near."""
    near = closest(word, allowed)
    return f" Did you mean {quoted(near)}?" if near is not None else ""


def choice(word: str, allowed: Sequence[str], label: str = "Allowed") -> str:
    """Say what was probably meant, and everything that is allowed."""
    return f"{meant(word, allowed)} {label}: {listed(allowed)}."
