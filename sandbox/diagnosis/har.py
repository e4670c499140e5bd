"""A HAR, of which what belongs to an MCP connection and its sign-in becomes exchanges, without the secrets.

Browsers record whatever they load, so a HAR of others is sifted. A HAR that the sandbox exported says itself what each
exchange is, and its secrets were taken out, or revealed, when it was recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

import msgspec

from sandbox.diagnosis.har_entry import Entry, read_entry
from sandbox.diagnosis.har_steps import Steps
from sandbox.export import CREATOR
from sandbox.flow import Asker, Step, System
from sandbox.wire.exchange import Ended, Exchange
from sandbox.wire.identity import Identities
from sandbox.wire.record import Recorder
from sandbox.wire.redaction import marked

MOST: Final = 10_000
"""How many exchanges are kept, the latest ones."""

_HEADERS: Final = frozenset(
    """
accept accept-encoding allow authorization cache-control cf-mitigated connection content-encoding content-length
content-security-policy content-type cookie date host last-event-id location mcp-method mcp-name mcp-protocol-version
origin pragma referrer-policy retry-after server set-cookie transfer-encoding user-agent vary www-authenticate
x-amzn-waf-action x-content-type-options
""".split()  # noqa: SIM905 - read at a glance
)
"""The headers that rules read, or that are known to hold no secret once the known ones are taken out."""
_PARAMETERS: Final = frozenset(
    """
authorization_session_id client_id code_challenge code_challenge_method decision prompt redirect_uri resource
response_type scope state
""".split()  # noqa: SIM905
)
"""Of a form of the sign-in, the parameters of OAuth; all else is a person's own."""
_GRANTED: Final = frozenset({"token", "refresh"})


class _Said(msgspec.Struct, rename=lambda name: f"_{name}", kw_only=True):
    """What the sandbox writes of an exchange beyond what HAR has fields for."""

    step: Step
    asker: Asker
    ended: Ended
    system: System
    client_id: str | None
    held: dict[str, dict[str, Any]]


def exchanges_of(log: dict[str, Any]) -> tuple[list[Exchange], list[str]]:
    """Give the exchanges of a HAR's log in the order of their times, and notes on what was left out or is missing."""
    creator = log.get("creator")
    raws = log["entries"]
    entries = [entry for raw in raws if (entry := read_entry(raw)) is not None]
    if isinstance(creator, dict) and creator.get("name") == CREATOR:
        kept = entries[-MOST:]
        exchanges = _own(kept)
    else:
        entries.sort(key=lambda entry: entry.at)
        kept, exchanges = _sifted(entries)
    return exchanges, _notes(len(raws), kept, exchanges)


def _own(entries: Iterable[Entry]) -> list[Exchange]:
    exchanges = []
    for number, entry in enumerate(entries, 1):
        try:
            said = msgspec.convert(entry.raw, _Said)
        except msgspec.ValidationError:
            continue
        exchange = _recorded(number, entry, said.system, said.step, reveal=True)
        exchange.asker, exchange.ended, exchange.client_id = said.asker, said.ended, said.client_id
        exchange.held = said.held
        exchanges.append(exchange)
    return exchanges


def _sifted(entries: Sequence[Entry]) -> tuple[list[Entry], list[Exchange]]:
    steps = Steps(entries)
    kept = [(entry, step) for entry in entries if (step := steps.step(entry)) is not None]
    exchanges: list[Exchange] = []
    for number, (entry, step) in enumerate(kept, 1):
        if number <= len(kept) - MOST:
            continue
        exchange = _strangers(_recorded(number, entry, steps.system(entry), step))
        if step == "authorization":
            exchange.asker = "browser"
        exchanges.append(exchange)
    return [entry for entry, _ in kept], exchanges


def _strangers(exchange: Exchange) -> Exchange:
    """Leave of a stranger's recording what rules read: who knows what other headers and forms hold."""
    exchange.request_headers = [_known(*header) for header in exchange.request_headers]
    exchange.response_headers = [_known(*header) for header in exchange.response_headers]
    if exchange.step == "authorization" and exchange.method == "POST":
        fields = parse_qsl(exchange.request_body, keep_blank_values=True)
        kept = [(name, value if name in _PARAMETERS else marked(name, value)) for name, value in fields]
        exchange.request_body = urlencode(kept, safe="‹› ")
    return exchange


def _known(name: str, value: str) -> tuple[str, str]:
    return (
        name,
        value if name in _HEADERS or name.startswith("access-control-") or "‹" in value else marked(name, value),
    )


def _recorded(number: int, entry: Entry, system: System, step: Step, *, reveal: bool = False) -> Exchange:
    recorder = Recorder(
        number=number,
        at=entry.at,
        base=entry.base,
        system=system,
        step=step,
        request=entry.request,
        reveal=reveal,
    )
    client_id = Identities().client_id(entry.request, entry.response)
    return recorder.exchange(entry.response, entry.ended, entry.seconds, (), client_id)


def _notes(found: int, kept: Sequence[Entry], exchanges: Sequence[Exchange]) -> list[str]:
    notes = []
    if len(kept) < found:
        notes.append(f"{found - len(kept)} of {found} entries belong to something else and were left out.")
    if len(exchanges) > MOST:
        notes.append(f"Only the last {MOST} of {len(exchanges)} exchanges are explained.")
    lacking = sum(entry.lacks_body for entry in kept)
    if lacking:
        notes.append(f"The bodies of {lacking} answers are not in the file; what is said of these may be wrong.")
    granted = any(one.step in _GRANTED and one.status == 200 for one in exchanges)  # noqa: PLR2004 - OK
    if granted and not any(one.request_header("authorization") for one in exchanges):
        notes.append("No request has an Authorization header: the browser may have left it out, as it is a secret.")
    return notes
