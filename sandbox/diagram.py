"""The sequence diagram of a trace as a picture (SVG 1.1): a lifeline for each, an arrow for each exchange."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape
from itertools import islice
from typing import Final, NamedTuple

from sandbox.flow import Asker
from sandbox.timeline import odd, path_of
from sandbox.wire.exchange import Exchange

MOST: Final = 400
"""How many exchanges are drawn, the last ones: a browser makes no PNG of a picture that is higher than some 32,000."""

_LANES: Final[dict[Asker, int]] = {"client": 250, "browser": 430, "log-aggregator": 610, "workos": 790}
"""Where each lifeline stands, in pixels from the left."""
NAMES: Final[dict[Asker, str]] = {"workos": "WorkOS"}
"""How people call a system, where that is not its id."""
_WIDTH, _TOP, _ROW, _NOTE = 1000, 84, 46, 16
_LONGEST: Final = 60
_NOT_XML: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_GOOD, _BAD, _ASKS, _FAULT = "#1b6b3a", "#a3201f", "#7a5300", "#7b2d8b"
_QUIET: Final = "#566160"
_FIRST_ERROR: Final = 400


class Picture(NamedTuple):
    """A form of the trace that is drawn, and has to know its height first."""

    content_type: str = "image/svg+xml"

    def pieces(self, exchanges: Iterable[Exchange]) -> Iterator[bytes]:
        """Give the picture piece by piece."""
        every = list(exchanges)
        yield from (piece.encode() for piece in _drawn(every[-MOST:], len(every)))

    def text(self, exchanges: Iterable[Exchange]) -> bytes:
        """Give the whole picture."""
        return b"".join(self.pieces(exchanges))


def _drawn(exchanges: list[Exchange], count: int) -> Iterator[str]:
    rows = [(exchange, _notes(exchange)) for exchange in exchanges]
    height = _TOP + sum(_ROW + _NOTE * len(notes) for _, notes in rows) + 24
    left_out = f", the last {len(exchanges)} of them" if count > len(exchanges) else ""
    title = f"{count} exchange{'' if count == 1 else 's'}{left_out}"
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}"'
        f' role="img" font-family="system-ui, sans-serif" font-size="13" fill="#1d2423"><title>{title}</title>'
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>'
    )
    yield _text(20, 36, title, size=12, colour=_QUIET)
    for who, x in _LANES.items():
        yield f'<line x1="{x}" y1="56" x2="{x}" y2="{height - 16}" stroke="#c9c4b8"/>'
        yield _text(x, 42, NAMES.get(who, who), anchor="middle", weight=600)
    y = _TOP
    for exchange, notes in rows:
        yield from _row(exchange, notes, y)
        y += _ROW + _NOTE * len(notes)
    yield "</svg>\n"


def _row(exchange: Exchange, notes: list[tuple[str, str]], y: int) -> Iterator[str]:
    colour = _colour(exchange)
    start, end = _LANES[exchange.asker], _LANES[exchange.system]
    line = y + 16
    if start == end:  # a system that asks itself
        start -= 90
    back = 7 if end > start else -7
    what = ", ".join(exchange.mcp_methods) or path_of(exchange.url)
    yield _text(20, line + 4, exchange.step, weight=600)
    yield _text((start + end) / 2, line - 6, f"{exchange.method} {what}", anchor="middle", size=11)
    yield f'<line x1="{start}" y1="{line}" x2="{end}" y2="{line}" stroke="{colour}" stroke-width="2"/>'
    yield f'<path d="M{end} {line}l{-back} -5v10z" fill="{colour}"/>'
    answer = exchange.ended if exchange.status is None else str(exchange.status)
    yield _text(_WIDTH - 80, line + 4, answer, anchor="end", colour=colour, weight=600)
    yield _text(_WIDTH - 20, line + 4, f"{exchange.seconds * 1000:.0f} ms", anchor="end", size=11, colour=_QUIET)
    for at, (note, shade) in enumerate(notes):
        yield _text(_LANES["client"], line + 18 + at * _NOTE, note, size=11, colour=shade, longest=120)


def _notes(exchange: Exchange) -> list[tuple[str, str]]:
    said = odd(exchange)
    return [(f"✗ {fault}", _FAULT) for fault in islice(exchange.faults, 5)] + (
        [(said, _BAD if _colour(exchange) == _BAD else _QUIET)] if said else []
    )


def _colour(exchange: Exchange) -> str:
    if exchange.status is None or exchange.ended in {"cut", "dropped", "unanswered", "unasked"}:
        return _BAD
    if exchange.status < _FIRST_ERROR:
        return _GOOD
    return _ASKS if exchange.step == "challenge" else _BAD


def _text(
    x: float,
    y: int,
    text: str,
    *,
    anchor: str = "start",
    size: int = 13,
    weight: int = 400,
    colour: str = "#1d2423",
    longest: int = _LONGEST,
) -> str:
    """Write a text; what a client or a server sent is never markup, and what XML cannot hold is left out."""
    plain = _NOT_XML.sub("", text)
    shown = escape(plain if len(plain) <= longest else f"{plain[: longest - 1]}…")
    look = f'text-anchor="{anchor}" font-size="{size}" font-weight="{weight}" fill="{colour}"'
    return f'<text x="{x:g}" y="{y}" {look}>{shown}</text>'
