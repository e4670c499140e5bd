"""The stories worth finding in the invented logs: what went wrong, told by the services that saw it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from sandbox.log_aggregator.logs import Level

MINUTE: Final = 60.0
HOUR: Final = 3600.0

# The times of the stories, in seconds before now.
DEPLOY: Final = 9.1 * HOUR
ROLLBACK: Final = 7.4 * HOUR
_FAILOVER: Final = 26 * HOUR
_OUT_OF_MEMORY: Final = 3.3 * HOUR
_CERTIFICATE_ENDS: Final = 2.2 * HOUR
_SKEW: Final = 15 * HOUR
_CHARGED_TWICE: Final = 31 * HOUR

_CUSTOMERS: Final = (
    "Nearby Notebooks",
    "Quillfeather Dental",
    "Kettle & Quark Teas",
    "Larkmoss Bicycles",
    "Sundial Opticians",
)
_HEAP_LIMIT: Final = 1024


class Line(NamedTuple):
    """An entry whose time is still relative: so many seconds before now."""

    before: float
    service: str
    level: Level
    message: str
    fields: dict[str, Any]


Story = Callable[[random.Random], Iterator[Line]]
"""Tells its lines with dice that depend on the seed and on its own name: renaming a story changes what it tells."""


def new_trace(dice: random.Random) -> str:
    """Give the id that links what several services log about one call."""
    return f"{dice.getrandbits(64):016x}"


def _phone(dice: random.Random) -> str:
    return f"+1 202 555 01{dice.randrange(100):02}"


def asked(dice: random.Random, before: float, trace: str) -> Iterator[Line]:
    """Tell how somebody asks on the web to be called back."""
    customer = dice.choice(_CUSTOMERS)
    yield Line(
        before, "web", "info", "POST /callbacks 202", {"trace": trace, "status": 202, "ms": dice.randrange(12, 60)}
    )
    yield Line(
        before - 0.04,
        "call-me-back",
        "info",
        f"callback scheduled for {customer}",
        {"trace": trace, "customer": customer, "phone": _phone(dice)},
    )


def _deploy(dice: random.Random) -> Iterator[Line]:
    """Tell how a deploy of voice-gateway shrinks its connection pool: calls time out until it is rolled back."""
    deploy = f"dep_{dice.getrandbits(32):08x}"
    release = {"deploy": deploy, "version": "2.14.0", "previous": "2.13.4"}
    yield Line(DEPLOY, "voice-gateway", "info", "deploy started: 2.14.0 replaces 2.13.4", release)
    yield Line(
        DEPLOY - 20,
        "voice-gateway",
        "debug",
        "configuration loaded",
        {"version": "2.14.0", "pool_size": 4, "previous_pool_size": 64, "request_timeout_ms": 5000},
    )
    yield Line(DEPLOY - 90, "voice-gateway", "info", "deploy finished: 2.14.0 on 6 of 6 instances", release)
    for _ in range(30):
        before = dice.uniform(ROLLBACK + 2 * MINUTE, DEPLOY - 3 * MINUTE)
        trace = new_trace(dice)
        yield from asked(dice, before, trace)
        yield Line(
            before - 7,
            "voice-gateway",
            "error",
            "timeout after 5000 ms: no connection to speech.voices.example free in the pool",
            {"trace": trace, "pool_in_use": 4, "pool_size": 4, "version": "2.14.0"},
        )
        yield Line(
            before - 7.1,
            "call-me-back",
            "warning",
            "attempt 1 failed: voice-gateway answered 504",
            {"trace": trace, "attempt": 1, "status": 504},
        )
    yield Line(
        ROLLBACK + 5 * MINUTE,
        "call-me-back",
        "error",
        "alert: 31 % of callbacks succeed, 95 % are expected",
        {"rate": 0.31, "minutes": 10, "suspect": "voice-gateway"},
    )
    yield Line(ROLLBACK + MINUTE, "voice-gateway", "warning", "rollback started: 2.13.4", release)
    yield Line(ROLLBACK, "voice-gateway", "info", "rollback finished: 2.13.4 on 6 of 6 instances", release)
    yield Line(ROLLBACK - 10 * MINUTE, "call-me-back", "info", "97 % of callbacks succeed again", {"rate": 0.97})


def _retry_storm(dice: random.Random) -> Iterator[Line]:
    """Tell how billing loses its database for minutes, and call-me-back, retrying without waiting, keeps it down."""
    yield Line(
        _FAILOVER, "billing", "error", "database failover: primary billing-db-1 does not answer", {"after_ms": 3000}
    )
    for _ in range(16):
        before = _FAILOVER - dice.uniform(5, 6 * MINUTE)
        trace = new_trace(dice)
        yield Line(
            before, "billing", "error", "503: no database to write to", {"trace": trace, "status": 503, "pool": 0}
        )
        for attempt in range(1, dice.randrange(5, 9)):
            yield Line(
                before - attempt * 0.05,
                "call-me-back",
                "warning",
                f"retry {attempt} of 8 after 0 ms: billing answered 503",
                {"trace": trace, "attempt": attempt, "backoff_ms": 0},
            )
    for minutes, service, level, message, fields in _STORM_TURNS:
        yield Line(_FAILOVER - minutes * MINUTE, service, level, message, fields)


_STORM_TURNS: Final[tuple[tuple[float, str, Level, str, dict[str, Any]], ...]] = (
    (2, "billing", "warning", "429: call-me-back sends 412 requests a second, 20 are usual", {"rate": 412}),
    (4, "billing", "info", "primary is billing-db-2", {"took_s": 240}),
    (5, "billing", "error", "still overloaded: 98 % of the requests are retries", {"retries": 0.98}),
    (6.5, "call-me-back", "error", "circuit breaker for billing opened after 64 failures", {"failures": 64}),
    (9.5, "call-me-back", "info", "circuit breaker for billing half open: one request let through", {}),
    (9.6, "call-me-back", "info", "circuit breaker for billing closed", {}),
    (11, "billing", "info", "caught up: 1840 usage records written late", {"records": 1840}),
)


def _leak(dice: random.Random) -> Iterator[Line]:
    """Tell how the web service loses memory hour by hour until it is killed."""
    heap = 0.0
    for hour in range(47, -1, -1):
        before = (hour + 0.5) * HOUR
        if heap == 0 or before < _OUT_OF_MEMORY < before + HOUR:
            heap = 180
        heap += dice.uniform(15, 19)
        high = heap > _HEAP_LIMIT * 0.7
        yield Line(
            before,
            "web",
            "warning" if high else "debug",
            f"heap {heap:.0f} MB of {_HEAP_LIMIT} MB" + (", collected for 812 ms" if high else ""),
            {"heap_mb": round(heap), "sessions": dice.randrange(40, 49), "version": "1.42.0"},
        )
    yield Line(
        _OUT_OF_MEMORY,
        "web",
        "error",
        f"killed: out of memory (limit {_HEAP_LIMIT} MB), exit code 137",
        {"exit_code": 137, "uptime_h": 45},
    )
    yield Line(_OUT_OF_MEMORY - 8, "web", "info", "started 1.42.0", {"version": "1.42.0"})


def _malformed_number(dice: random.Random) -> Iterator[Line]:
    """Tell how a number was imported with a letter O in it: every callback to that customer is lost."""
    customer = {"customer": "Umberline Framing", "phone": "+1 202 555 01O7"}
    yield Line(46.5 * HOUR, "web", "info", "contact changed by import: contacts.csv, row 212", dict(customer))
    for day_part in range(9):
        before = (45 - 5 * day_part) * HOUR + dice.uniform(0, 20 * MINUTE)
        fields = {"trace": new_trace(dice), **customer}
        yield Line(before, "call-me-back", "info", "callback scheduled for Umberline Framing", fields)
        yield Line(
            before - 1,
            "voice-gateway",
            "error",
            'invalid phone number "+1 202 555 01O7": character 14 is the letter O, not a digit',
            fields | {"status": 400},
        )
        yield Line(
            before - 1.1,
            "call-me-back",
            "error",
            "callback dropped: voice-gateway answered 400, which no retry mends",
            fields | {"status": 400},
        )
    yield Line(
        0.6 * HOUR, "web", "warning", "support: Umberline Framing asks why nobody ever calls", {"ticket": "SUP-311"}
    )


def _certificate(dice: random.Random) -> Iterator[Line]:
    """Tell how the certificate of a carrier runs out after warnings that nobody read."""
    host = {"host": "sip.carrier-one.example", "issuer": "Sandbox Test CA 2"}
    for hours in (46, 34, 22, 10, 4):
        left = hours - _CERTIFICATE_ENDS / HOUR
        yield Line(
            hours * HOUR,
            "voice-gateway",
            "warning",
            f"TLS certificate of sip.carrier-one.example ends in {left:.0f} hours",
            {**host, "hours_left": round(left)},
        )
    for _ in range(7):
        before = _CERTIFICATE_ENDS - dice.uniform(MINUTE, 100 * MINUTE)
        minutes = round((_CERTIFICATE_ENDS - before) / MINUTE)
        yield Line(
            before,
            "voice-gateway",
            "error",
            f"TLS handshake with sip.carrier-one.example failed: certificate expired {minutes} minutes ago",
            {**host, "trace": new_trace(dice), "alert": "certificate_expired"},
        )
        yield Line(before - 0.2, "voice-gateway", "info", "call moved to carrier-two", {"from": "carrier-one", **host})


def _clock_skew(dice: random.Random) -> Iterator[Line]:
    """Tell how one of two instances of log-aggregator, its clock slow, refuses fresh tokens every other time."""
    instance = {"instance": "agg-2"}
    yield Line(
        _SKEW + 3 * HOUR, "log-aggregator", "warning", "no answer from ntp.time.example for 6 hours", dict(instance)
    )
    for _ in range(14):
        yield Line(
            _SKEW - dice.uniform(0, 50 * MINUTE),
            "log-aggregator",
            "warning",
            "401: bearer token refused, its nbf is 43 s in the future",
            {**instance, "trace": new_trace(dice), "skew_s": 43, "tolerance_s": 30},
        )
    for _ in range(12):
        yield Line(
            _SKEW - dice.uniform(0, 50 * MINUTE),
            "log-aggregator",
            "debug",
            "bearer token accepted",
            {"instance": "agg-1", "trace": new_trace(dice)},
        )
    yield Line(
        _SKEW - HOUR,
        "log-aggregator",
        "info",
        "clock of agg-2 stepped forward by 43.1 s",
        {**instance, "step_s": 43.1},
    )


def _charged_twice(dice: random.Random) -> Iterator[Line]:
    """Tell how a retry without an idempotency key charges a customer twice."""
    trace = new_trace(dice)
    charge = {"trace": trace, "customer": "Larkmoss Bicycles", "cents": 4900}
    turns: tuple[tuple[float, Level, str, dict[str, Any]], ...] = (
        (0, "info", "charged Larkmoss Bicycles 49.00", {"charge": "ch_1"}),
        (1, "warning", "timeout after 800 ms reading the answer; charging again, no idempotency key", {"attempt": 2}),
        (2, "info", "charged Larkmoss Bicycles 49.00", {"charge": "ch_2"}),
        (5 * HOUR, "error", "Larkmoss Bicycles was charged twice; idempotency key missing", {"found_by": "audit"}),
        (6 * HOUR, "info", "refunded Larkmoss Bicycles 49.00", {"charge": "ch_2"}),
    )
    for after, level, message, fields in turns:
        yield Line(_CHARGED_TWICE - after, "billing", level, message, charge | fields)


INCIDENTS: Final[tuple[Story, ...]] = (
    _deploy,
    _retry_storm,
    _leak,
    _malformed_number,
    _certificate,
    _clock_skew,
    _charged_twice,
)
