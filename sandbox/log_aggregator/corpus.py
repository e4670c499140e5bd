"""The logs of an invented app that calls people back: two days of it, made from a seed, with stories to be found."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sandbox.log_aggregator.logs import Entry, Level

_MINUTE: Final = 60.0
_HOUR: Final = 3600.0
_SPAN: Final = 48 * _HOUR

# The times of the stories, in seconds before now.
_DEPLOY: Final = 9.1 * _HOUR
_ROLLBACK: Final = 7.4 * _HOUR
_FAILOVER: Final = 26 * _HOUR
_OUT_OF_MEMORY: Final = 3.3 * _HOUR
_CERTIFICATE_ENDS: Final = 2.2 * _HOUR
_SKEW: Final = 15 * _HOUR
_CHARGED_TWICE: Final = 31 * _HOUR

_CUSTOMERS: Final = (
    "Nearby Notebooks",
    "Quillfeather Dental",
    "Kettle & Quark Teas",
    "Larkmoss Bicycles",
    "Sundial Opticians",
)
_HEAP_LIMIT: Final = 1024
_TRANSIENT_SHARE: Final = 0.2
_TRANSIENT: Final = ("line busy", "no answer after 30 s", "voicemail")
_PAGES: Final = ("/", "/pricing", "/callbacks/new", "/callbacks", "/account", "/help/time-zones")


class _Line(NamedTuple):
    """An entry whose time is still relative: so many seconds before now."""

    before: float
    service: str
    level: Level
    message: str
    fields: dict[str, Any]


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
def _lines(seed: int) -> tuple[_Line, ...]:
    lines = [line for story in _STORIES for line in story(random.Random(f"{seed} {story.__name__}"))]  # noqa: S311
    return tuple(sorted(lines, key=lambda line: -line.before))


def _trace(dice: random.Random) -> str:
    return f"{dice.getrandbits(64):016x}"


def _phone(dice: random.Random) -> str:
    return f"+1 202 555 01{dice.randrange(100):02}"


def _asked(dice: random.Random, before: float, trace: str) -> Iterator[_Line]:
    """Tell how somebody asks on the web to be called back."""
    customer = dice.choice(_CUSTOMERS)
    yield _Line(
        before, "web", "info", "POST /callbacks 202", {"trace": trace, "status": 202, "ms": dice.randrange(12, 60)}
    )
    yield _Line(
        before - 0.04,
        "call-me-back",
        "info",
        f"callback scheduled for {customer}",
        {"trace": trace, "customer": customer, "phone": _phone(dice)},
    )


def _calls(dice: random.Random) -> Iterator[_Line]:
    """Tell of calls that go as they should, or nearly."""
    for _ in range(112):
        before = dice.uniform(0.1 * _HOUR, _SPAN - _MINUTE)
        if _ROLLBACK - _HOUR / 2 < before < _DEPLOY + _HOUR / 2:
            continue
        trace = _trace(dice)
        yield from _asked(dice, before, trace)
        before -= dice.uniform(2, 40)
        attempt = 1
        if dice.random() < _TRANSIENT_SHARE:
            reason = dice.choice(_TRANSIENT)
            yield _Line(
                before,
                "call-me-back",
                "warning",
                f"attempt 1 failed: {reason}; the next is in 60 s",
                {"trace": trace, "attempt": 1, "reason": reason},
            )
            before -= 60
            attempt = 2
        length = dice.randrange(15, 190)
        yield _Line(
            before,
            "voice-gateway",
            "info",
            "call connected",
            {"trace": trace, "attempt": attempt, "carrier": "carrier-one", "setup_ms": dice.randrange(300, 1900)},
        )
        yield _Line(
            before - length,
            "voice-gateway",
            "info",
            f"call ended after {length} s",
            {"trace": trace, "seconds": length},
        )
        yield _Line(
            before - length - 1,
            "billing",
            "debug",
            f"usage recorded: {length} s",
            {"trace": trace, "seconds": length, "cents": length // 6},
        )


def _pages(dice: random.Random) -> Iterator[_Line]:
    """Tell of people who look at the web site, and of the odd link that leads nowhere."""
    for _ in range(170):
        page = dice.choice(_PAGES)
        yield _Line(
            dice.uniform(0, _SPAN), "web", "debug", f"GET {page} 200", {"status": 200, "ms": dice.randrange(2, 40)}
        )
    for _ in range(12):
        yield _Line(
            dice.uniform(0, _SPAN), "web", "warning", "GET /callback/new 404: no such page", {"status": 404, "ms": 1}
        )


def _housekeeping(dice: random.Random) -> Iterator[_Line]:
    """Tell what services write every hour."""
    for hour in range(48):
        before = hour * _HOUR + dice.uniform(_MINUTE / 4, _MINUTE)
        entries, ms = dice.randrange(20, 40), dice.randrange(3, 9)
        yield _Line(
            before,
            "log-aggregator",
            "debug",
            f"stored {entries} entries in {ms} ms",
            {"entries": entries, "ms": ms, "instance": dice.choice(("agg-1", "agg-2"))},
        )
        waiting = dice.randrange(6)
        yield _Line(before - 5, "call-me-back", "debug", f"queue: {waiting} callbacks waiting", {"waiting": waiting})
        if hour % 6 == 0:
            invoices = dice.randrange(3, 20)
            yield _Line(before - 9, "billing", "info", f"{invoices} invoices written", {"invoices": invoices})


def _deploy(dice: random.Random) -> Iterator[_Line]:
    """Tell how a deploy of voice-gateway shrinks its connection pool: calls time out until it is rolled back."""
    deploy = f"dep_{dice.getrandbits(32):08x}"
    release = {"deploy": deploy, "version": "2.14.0", "previous": "2.13.4"}
    yield _Line(_DEPLOY, "voice-gateway", "info", "deploy started: 2.14.0 replaces 2.13.4", release)
    yield _Line(
        _DEPLOY - 20,
        "voice-gateway",
        "debug",
        "configuration loaded",
        {"version": "2.14.0", "pool_size": 4, "previous_pool_size": 64, "request_timeout_ms": 5000},
    )
    yield _Line(_DEPLOY - 90, "voice-gateway", "info", "deploy finished: 2.14.0 on 6 of 6 instances", release)
    for _ in range(30):
        before = dice.uniform(_ROLLBACK + 2 * _MINUTE, _DEPLOY - 3 * _MINUTE)
        trace = _trace(dice)
        yield from _asked(dice, before, trace)
        yield _Line(
            before - 7,
            "voice-gateway",
            "error",
            "timeout after 5000 ms: no connection to speech.voices.example free in the pool",
            {"trace": trace, "pool_in_use": 4, "pool_size": 4, "version": "2.14.0"},
        )
        yield _Line(
            before - 7.1,
            "call-me-back",
            "warning",
            "attempt 1 failed: voice-gateway answered 504",
            {"trace": trace, "attempt": 1, "status": 504},
        )
    yield _Line(
        _ROLLBACK + 5 * _MINUTE,
        "call-me-back",
        "error",
        "alert: 31 % of callbacks succeed, 95 % are expected",
        {"rate": 0.31, "minutes": 10, "suspect": "voice-gateway"},
    )
    yield _Line(_ROLLBACK + _MINUTE, "voice-gateway", "warning", "rollback started: 2.13.4", release)
    yield _Line(_ROLLBACK, "voice-gateway", "info", "rollback finished: 2.13.4 on 6 of 6 instances", release)
    yield _Line(_ROLLBACK - 10 * _MINUTE, "call-me-back", "info", "97 % of callbacks succeed again", {"rate": 0.97})


def _retry_storm(dice: random.Random) -> Iterator[_Line]:
    """Tell how billing loses its database for minutes, and call-me-back, retrying without waiting, keeps it down."""
    yield _Line(
        _FAILOVER, "billing", "error", "database failover: primary billing-db-1 does not answer", {"after_ms": 3000}
    )
    for _ in range(16):
        before = _FAILOVER - dice.uniform(5, 6 * _MINUTE)
        trace = _trace(dice)
        yield _Line(
            before, "billing", "error", "503: no database to write to", {"trace": trace, "status": 503, "pool": 0}
        )
        for attempt in range(1, dice.randrange(5, 9)):
            yield _Line(
                before - attempt * 0.05,
                "call-me-back",
                "warning",
                f"retry {attempt} of 8 after 0 ms: billing answered 503",
                {"trace": trace, "attempt": attempt, "backoff_ms": 0},
            )
    for minutes, service, level, message, fields in _STORM_TURNS:
        yield _Line(_FAILOVER - minutes * _MINUTE, service, level, message, fields)


_STORM_TURNS: Final[tuple[tuple[float, str, Level, str, dict[str, Any]], ...]] = (
    (2, "billing", "warning", "429: call-me-back sends 412 requests a second, 20 are usual", {"rate": 412}),
    (4, "billing", "info", "primary is billing-db-2", {"took_s": 240}),
    (5, "billing", "error", "still overloaded: 98 % of the requests are retries", {"retries": 0.98}),
    (6.5, "call-me-back", "error", "circuit breaker for billing opened after 64 failures", {"failures": 64}),
    (9.5, "call-me-back", "info", "circuit breaker for billing half open: one request let through", {}),
    (9.6, "call-me-back", "info", "circuit breaker for billing closed", {}),
    (11, "billing", "info", "caught up: 1840 usage records written late", {"records": 1840}),
)


def _leak(dice: random.Random) -> Iterator[_Line]:
    """Tell how the web service loses memory hour by hour until it is killed."""
    heap = 0.0
    for hour in range(47, -1, -1):
        before = (hour + 0.5) * _HOUR
        if heap == 0 or before < _OUT_OF_MEMORY < before + _HOUR:
            heap = 180
        heap += dice.uniform(15, 19)
        high = heap > _HEAP_LIMIT * 0.7
        yield _Line(
            before,
            "web",
            "warning" if high else "debug",
            f"heap {heap:.0f} MB of {_HEAP_LIMIT} MB" + (", collected for 812 ms" if high else ""),
            {"heap_mb": round(heap), "sessions": dice.randrange(40, 49), "version": "1.42.0"},
        )
    yield _Line(
        _OUT_OF_MEMORY,
        "web",
        "error",
        f"killed: out of memory (limit {_HEAP_LIMIT} MB), exit code 137",
        {"exit_code": 137, "uptime_h": 45},
    )
    yield _Line(_OUT_OF_MEMORY - 8, "web", "info", "started 1.42.0", {"version": "1.42.0"})


def _malformed_number(dice: random.Random) -> Iterator[_Line]:
    """Tell how a number was imported with a letter O in it: every callback to that customer is lost."""
    customer = {"customer": "Umberline Framing", "phone": "+1 202 555 01O7"}
    yield _Line(46.5 * _HOUR, "web", "info", "contact changed by import: contacts.csv, row 212", dict(customer))
    for day_part in range(9):
        before = (45 - 5 * day_part) * _HOUR + dice.uniform(0, 20 * _MINUTE)
        fields = {"trace": _trace(dice), **customer}
        yield _Line(before, "call-me-back", "info", "callback scheduled for Umberline Framing", fields)
        yield _Line(
            before - 1,
            "voice-gateway",
            "error",
            'invalid phone number "+1 202 555 01O7": character 14 is the letter O, not a digit',
            fields | {"status": 400},
        )
        yield _Line(
            before - 1.1,
            "call-me-back",
            "error",
            "callback dropped: voice-gateway answered 400, which no retry mends",
            fields | {"status": 400},
        )
    yield _Line(
        0.6 * _HOUR, "web", "warning", "support: Umberline Framing asks why nobody ever calls", {"ticket": "SUP-311"}
    )


def _certificate(dice: random.Random) -> Iterator[_Line]:
    """Tell how the certificate of a carrier runs out after warnings that nobody read."""
    host = {"host": "sip.carrier-one.example", "issuer": "Sandbox Test CA 2"}
    for hours in (46, 34, 22, 10, 4):
        left = hours - _CERTIFICATE_ENDS / _HOUR
        yield _Line(
            hours * _HOUR,
            "voice-gateway",
            "warning",
            f"TLS certificate of sip.carrier-one.example ends in {left:.0f} hours",
            {**host, "hours_left": round(left)},
        )
    for _ in range(7):
        before = _CERTIFICATE_ENDS - dice.uniform(_MINUTE, 100 * _MINUTE)
        minutes = round((_CERTIFICATE_ENDS - before) / _MINUTE)
        yield _Line(
            before,
            "voice-gateway",
            "error",
            f"TLS handshake with sip.carrier-one.example failed: certificate expired {minutes} minutes ago",
            {**host, "trace": _trace(dice), "alert": "certificate_expired"},
        )
        yield _Line(before - 0.2, "voice-gateway", "info", "call moved to carrier-two", {"from": "carrier-one", **host})


def _clock_skew(dice: random.Random) -> Iterator[_Line]:
    """Tell how one of two instances of log-aggregator, its clock slow, refuses fresh tokens every other time."""
    instance = {"instance": "agg-2"}
    yield _Line(
        _SKEW + 3 * _HOUR, "log-aggregator", "warning", "no answer from ntp.time.example for 6 hours", dict(instance)
    )
    for _ in range(14):
        yield _Line(
            _SKEW - dice.uniform(0, 50 * _MINUTE),
            "log-aggregator",
            "warning",
            "401: bearer token refused, its nbf is 43 s in the future",
            {**instance, "trace": _trace(dice), "skew_s": 43, "tolerance_s": 30},
        )
    for _ in range(12):
        yield _Line(
            _SKEW - dice.uniform(0, 50 * _MINUTE),
            "log-aggregator",
            "debug",
            "bearer token accepted",
            {"instance": "agg-1", "trace": _trace(dice)},
        )
    yield _Line(
        _SKEW - _HOUR,
        "log-aggregator",
        "info",
        "clock of agg-2 stepped forward by 43.1 s",
        {**instance, "step_s": 43.1},
    )


def _charged_twice(dice: random.Random) -> Iterator[_Line]:
    """Tell how a retry without an idempotency key charges a customer twice."""
    trace = _trace(dice)
    charge = {"trace": trace, "customer": "Larkmoss Bicycles", "cents": 4900}
    turns: tuple[tuple[float, Level, str, dict[str, Any]], ...] = (
        (0, "info", "charged Larkmoss Bicycles 49.00", {"charge": "ch_1"}),
        (1, "warning", "timeout after 800 ms reading the answer; charging again, no idempotency key", {"attempt": 2}),
        (2, "info", "charged Larkmoss Bicycles 49.00", {"charge": "ch_2"}),
        (5 * _HOUR, "error", "Larkmoss Bicycles was charged twice; idempotency key missing", {"found_by": "audit"}),
        (6 * _HOUR, "info", "refunded Larkmoss Bicycles 49.00", {"charge": "ch_2"}),
    )
    for after, level, message, fields in turns:
        yield _Line(_CHARGED_TWICE - after, "billing", level, message, charge | fields)


_STORIES: Final[tuple[Callable[[random.Random], Iterator[_Line]], ...]] = (
    _calls,
    _pages,
    _housekeeping,
    _deploy,
    _retry_storm,
    _leak,
    _malformed_number,
    _certificate,
    _clock_skew,
    _charged_twice,
)
