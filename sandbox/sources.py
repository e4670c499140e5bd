"""Where time and chance come from, so that a seed can make both repeatable."""

from __future__ import annotations

import datetime as dt
import random
import secrets
import time
from collections.abc import Callable
from typing import Final

_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_URLSAFE: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_SEEDED_START: Final = dt.datetime(2026, 1, 5, 9, 0, tzinfo=dt.UTC).timestamp()
_SEEDED_TICK: Final = 0.001
_FURTHEST: Final = 99_999 * 86_400.0


class Sources:
    """The clock and the dice of one sandbox.

    Without a seed they are the machine's. With one, every id and secret comes from the seed, and the clock starts on
    5 January 2026 at 09:00 UTC and moves on by a millisecond each time it is read.
    """

    def __init__(self, seed: int | None = None) -> None:
        self.seed = seed
        self._dice: random.Random = secrets.SystemRandom() if seed is None else random.Random(seed)  # noqa: S311
        self._ticks = 0
        self._ahead = 0.0

    def now(self) -> float:
        """Give the sandbox's time, in seconds since the epoch."""
        if self.seed is None:
            return time.time() + self._ahead
        self._ticks += 1
        return _SEEDED_START + self._ticks * _SEEDED_TICK + self._ahead

    def advance(self, seconds: float) -> None:
        """Move the clock ahead by so many seconds, though never more than 99,999 days in all, as calendars end."""
        self._ahead = min(self._ahead + seconds, _FURTHEST)

    def elapsed(self) -> float:
        """Give seconds that only their differences mean anything of: what has really passed, and every advance."""
        return time.monotonic() + self._ahead

    def restore(self) -> None:
        """Take back every advance."""
        self._ahead = 0.0

    def shifted(self, by: Callable[[], float]) -> Sources:
        """Give the same dice with a clock that is off by so many seconds, asked anew each time."""
        return _Shifted(self, by)

    def ulid(self) -> str:
        """Make a ULID: 48 bits of milliseconds and 80 of chance, in 26 characters."""
        number = (int(self.now() * 1000) << 80) | self._dice.getrandbits(80)
        return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))

    def secret(self, length: int = 32) -> str:
        """Make an unguessable text of letters and digits."""
        return "".join(self._dice.choices(_URLSAFE, k=length))

    def letters(self, length: int) -> str:
        """Make capital letters that are hard to misread, for a code that a person types."""
        return "".join(self._dice.choices("BCDFGHJKLMNPQRSTVWXZ", k=length))

    def bytes(self, length: int) -> bytes:
        """Make random bytes."""
        return self._dice.randbytes(length)


class _Shifted(Sources):
    """Somebody else's sources, seen by a clock that is off."""

    def __init__(self, sources: Sources, by: Callable[[], float]) -> None:
        self.seed = sources.seed
        self._dice = sources._dice  # noqa: SLF001 - of its own class
        self._sources = sources
        self._by = by

    def now(self) -> float:
        """Give the time of the clock that is off."""
        return self._sources.now() + self._by()

    def advance(self, seconds: float) -> None:
        """Move the true clock ahead."""
        self._sources.advance(seconds)
