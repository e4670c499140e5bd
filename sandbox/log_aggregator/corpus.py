"""The logs of an invented app that calls people back: two days of it, made from a seed, with stories to be found."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from sandbox.log_aggregator.incidents import DEPLOY, HOUR, INCIDENTS, MINUTE, ROLLBACK, Line, Story, asked, new_trace
from sandbox.log_aggregator.logs import Entry

_SPAN: Final = 48 * HOUR
_TRANSIENT_SHARE: Final = 0.2
_TRANSIENT: Final = ("line busy", "no answer after 30 s", "voicemail")
_PAGES: Final = ("/", "/pricing", "/callbacks/new", "/callbacks", "/account", "/help/time-zones")


def entries(seed: int, now: float) -> list[Entry]:
    """Give about 1,200 entries of the 48 hours before `now` (seconds since the epoch), the oldest first.

    The same seed tells the same entries; only their times move with `now`.
    """
    return [
        Entry(
            id=number,
            at=round(now - line.before, 3),
            service=line.service,
            level=line.level,
            message=line.message,
            fields=dict(line.fields),
        )
        for number, line in enumerate(_lines(seed), 1)
    ]


@lru_cache(maxsize=4)
def _lines(seed: int) -> tuple[Line, ...]:
    lines = [line for story in _STORIES for line in story(random.Random(f"{seed} {story.__name__}"))]  # noqa: S311
    return tuple(sorted(lines, key=lambda line: -line.before))


def _calls(dice: random.Random) -> Iterator[Line]:
    """Tell of calls that go as they should, or nearly."""
    for _ in range(112):
        before = dice.uniform(0.1 * HOUR, _SPAN - MINUTE)
        if ROLLBACK - HOUR / 2 < before < DEPLOY + HOUR / 2:
            continue
        trace = new_trace(dice)
        yield from asked(dice, before, trace)
        before -= dice.uniform(2, 40)
        attempt = 1
        if dice.random() < _TRANSIENT_SHARE:
            reason = dice.choice(_TRANSIENT)
            yield Line(
                before,
                "call-me-back",
                "warning",
                f"attempt 1 failed: {reason}; the next is in 60 s",
                {"trace": trace, "attempt": 1, "reason": reason},
            )
            before -= 60
            attempt = 2
        length = dice.randrange(15, 190)
        yield Line(
            before,
            "voice-gateway",
            "info",
            "call connected",
            {"trace": trace, "attempt": attempt, "carrier": "carrier-one", "setup_ms": dice.randrange(300, 1900)},
        )
        yield Line(
            before - length,
            "voice-gateway",
            "info",
            f"call ended after {length} s",
            {"trace": trace, "seconds": length},
        )
        yield Line(
            before - length - 1,
            "billing",
            "debug",
            f"usage recorded: {length} s",
            {"trace": trace, "seconds": length, "cents": length // 6},
        )


def _pages(dice: random.Random) -> Iterator[Line]:
    """Tell of people who look at the web site, and of the odd link that leads nowhere."""
    for _ in range(170):
        page = dice.choice(_PAGES)
        yield Line(
            dice.uniform(0, _SPAN), "web", "debug", f"GET {page} 200", {"status": 200, "ms": dice.randrange(2, 40)}
        )
    for _ in range(12):
        yield Line(
            dice.uniform(0, _SPAN), "web", "warning", "GET /callback/new 404: no such page", {"status": 404, "ms": 1}
        )


def _housekeeping(dice: random.Random) -> Iterator[Line]:
    """Tell what services write every hour."""
    for hour in range(48):
        before = hour * HOUR + dice.uniform(MINUTE / 4, MINUTE)
        entries, ms = dice.randrange(20, 40), dice.randrange(3, 9)
        yield Line(
            before,
            "log-aggregator",
            "debug",
            f"stored {entries} entries in {ms} ms",
            {"entries": entries, "ms": ms, "instance": dice.choice(("agg-1", "agg-2"))},
        )
        waiting = dice.randrange(6)
        yield Line(before - 5, "call-me-back", "debug", f"queue: {waiting} callbacks waiting", {"waiting": waiting})
        if hour % 6 == 0:
            invoices = dice.randrange(3, 20)
            yield Line(before - 9, "billing", "info", f"{invoices} invoices written", {"invoices": invoices})


_STORIES: Final[tuple[Story, ...]] = (_calls, _pages, _housekeeping, *INCIDENTS)
