"""What lies below HTTP, read from what was asked anyway: TLS, clocks, redirects, and what was refused."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

from sandbox.doctor.checks import Check, check, failed, passed, skipped, warned
from sandbox.doctor.documents import LOCAL
from sandbox.doctor.http import Http
from sandbox.outside.addresses import host_of
from sandbox.wire.exchange import Exchange

_SKEW: Final = 30
"""Seconds that clocks may differ: what resource servers usually tolerate."""
_SOON: Final = 14 * 86_400
_REDIRECTS: Final = range(300, 400)


def transported(http: Http) -> list[Check]:
    """Give the checks of everything below HTTP, of every host."""
    return [*_secure(http), *_clocks(http.exchanges), *_redirects(http.exchanges), *_refused(http)]


def _hosts(exchanges: list[Exchange]) -> dict[str, Exchange]:
    """Give the first exchange with each host."""
    return {urlsplit(one.url).netloc: one for one in reversed(exchanges)}


def _secure(http: Http) -> Iterator[Check]:
    for authority, exchange in sorted(_hosts(http.exchanges).items(), key=lambda item: item[1].number):
        host = host_of(exchange.url)
        what = f"{authority} speaks TLS"
        if not exchange.url.startswith("https:"):
            verdict = (
                skipped("plain http, on this machine") if _local(host) else warned("plain http: tokens travel openly")
            )
            yield check("tls", exchange.step, what, verdict)
            continue
        certificate = http.certificates.get(host)
        if certificate is None:
            yield check("tls", exchange.step, what, failed("no connection that can be trusted"))
            continue
        left = ssl.cert_time_to_seconds(str(certificate["notAfter"])) - time.time()
        text = f"{certificate['spoken']}, the certificate is good for {left / 86_400:.0f} days"
        yield check("tls", exchange.step, what, passed(text) if left > _SOON else warned(text))


def _local(host: str) -> bool:
    return host in LOCAL or host.startswith("127.")


def _clocks(exchanges: list[Exchange]) -> Iterator[Check]:
    for authority, exchange in sorted(_hosts([one for one in exchanges if one.response_header("date")]).items()):
        what = f"the clock of {authority} is right"
        try:
            theirs = parsedate_to_datetime(exchange.response_header("date") or "").timestamp()
        except (ValueError, OverflowError):
            yield check("clock", exchange.step, what, warned("its Date cannot be read"))
            continue
        off = theirs - exchange.at - exchange.seconds
        text = f"{abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} this machine"
        yield check("clock", exchange.step, what, passed("within a few seconds") if abs(off) <= _SKEW else warned(text))


def _redirects(exchanges: list[Exchange]) -> Iterator[Check]:
    for one in exchanges:
        if one.status in _REDIRECTS and one.step in {"challenge", "resource-metadata", "server-metadata", "jwks"}:
            to = one.response_header("location") or "nowhere"
            yield check("redirect", one.step, f"{one.url} answers itself", warned(f"{one.status} to {to}"))


def _refused(http: Http) -> Iterator[Check]:
    for url, reason in http.refused.items():
        yield check("refused", "challenge", f"{url} may be asked", warned(reason))
