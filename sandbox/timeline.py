"""Exchanges as lines for people: the live timeline, and the story of one client's connection."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import click

from sandbox.flow import SERVICE_USER_AGENT, STEP_MEANING
from sandbox.plain import one_line
from sandbox.wire.exchange import Exchange
from sandbox.wire.json_text import as_json

_FIRST_ERROR: Final = 400
_UNAUTHORIZED: Final = 401
_PATH: Final = 80
_METHOD: Final = 16
_JSON_STEPS: Final = frozenset({"resource-metadata", "server-metadata", "registration", "token", "refresh", "jwks"})
_ENDED: Final = {
    "dropped": "connection dropped, no answer",
    "cut": "connection cut within the answer",
    "unanswered": "never answered",
    "unasked": "hung up before a request, as one who does not trust the certificate does",
    "open": "stream open",
}


def odd(exchange: Exchange) -> str:
    """Say what is odd about an exchange, in a few words on one line; nothing when nothing is.

    It reads the exchange alone: an error's code and text, an answer that is no JSON where JSON belongs, a redirect
    that carries an error, a connection that broke.
    """
    return one_line(_odd(exchange))


def _odd(exchange: Exchange) -> str:
    if exchange.ended in {"dropped", "cut", "unanswered", "unasked"}:
        return _ENDED[exchange.ended]
    document = as_json(exchange.response_body)
    said = [_error_text(document)] if isinstance(document, dict) else []
    location = exchange.response_header("location")
    if location is not None:
        said.append(_redirect_text(location))
    asked_for_json = exchange.step in _JSON_STEPS and exchange.method in {"GET", "POST"}
    if exchange.status is not None and exchange.status < _FIRST_ERROR and asked_for_json:
        content_type = exchange.response_header("content-type") or "no content type"
        if document is None and location is None:
            said.append(f"{content_type.partition(';')[0]} where JSON belongs")
    if exchange.step == "challenge" and exchange.status in {401, 403}:
        challenge = exchange.response_header("www-authenticate")
        said = [] if challenge and "resource_metadata=" in challenge else [_challenge_text(challenge)]
    return ", ".join(text for text in said if text)


def path_of(url: str) -> str:
    """Give the path of a URL; the whole text when it is no URL."""
    try:
        return urlsplit(url).path
    except ValueError:
        return url


def _challenge_text(challenge: str | None) -> str:
    return "the challenge names no resource_metadata" if challenge else "no WWW-Authenticate header"


def _error_text(document: dict[str, Any]) -> str:
    error = document.get("error")
    if isinstance(error, dict):
        return str(error.get("message", ""))
    if isinstance(error, str):
        description = document.get("error_description")
        return f"{error}: {description}" if description else error
    return str(document.get("message", "")) if set(document) <= {"message", "code", "errors"} else ""


def _redirect_text(location: str) -> str:
    try:
        parts = urlsplit(location)
    except ValueError:
        return f"redirect to {location}, which is no URL"
    fields = dict(parse_qsl(parts.query))
    if "error" in fields:
        return f"redirect with error={fields['error']}"
    return f"→ {parts.netloc}{parts.path}" if parts.netloc else ""


def line(exchange: Exchange) -> str:
    """Give the exchange as a line of the timeline, with terminal colours."""
    at = dt.datetime.fromtimestamp(exchange.at, tz=dt.UTC).astimezone().strftime("%H:%M:%S")
    what = one_line(",".join(exchange.mcp_methods) or path_of(exchange.url), _PATH)
    status = str(exchange.status) if exchange.status is not None else "–––"
    colour = _colour(exchange)
    words = [
        click.style(at, dim=True),
        click.style(f"{exchange.step:<17}", bold=True),
        click.style(f"{exchange.asker:>14} → {exchange.system:<14}", dim=True),
        click.style(status, fg=colour, bold=True),
        click.style(f"{exchange.seconds * 1000:>5.0f} ms", dim=True),
        f"{one_line(exchange.method, _METHOD):<4} {what}",
        click.style(odd(exchange), fg=colour),
        *(click.style(f"✗ {one_line(fault)}", fg="magenta") for fault in exchange.faults),
    ]
    return "  ".join(word for word in words if click.unstyle(word))


def _colour(exchange: Exchange) -> str:
    """Green for what went well, yellow for the 401 that begins every flow, red for the rest."""
    if exchange.ended in {"dropped", "cut", "unanswered", "unasked"}:
        return "red"
    if (exchange.status or 0) < _FIRST_ERROR:
        return "green"
    return "yellow" if exchange.step == "challenge" and exchange.status == _UNAUTHORIZED else "red"


def connection_of(trace: Iterable[Exchange], client_id: str | None) -> list[Exchange]:
    """Give the exchanges by which one client got here, in order.

    Those that show its client id, and, before them, what the same program asked since its last challenge, when it had
    no client id yet.
    """
    exchanges = list(trace)
    own = [exchange for exchange in exchanges if client_id is not None and exchange.client_id == client_id]
    if not own:
        return [exchange for exchange in exchanges if not (exchange.client_id or _is_service(exchange))]
    own_programs = {_program(exchange) for exchange in own if exchange.asker == "client"}
    others = {
        _program(exchange) for exchange in exchanges if exchange.client_id not in {None, client_id}
    } - own_programs
    first = own[0].number
    before = [
        exchange
        for exchange in exchanges
        if exchange.number < first
        and exchange.client_id is None
        and exchange.asker == "client"
        and _program(exchange) not in others
    ]
    # Some clients name themselves in some requests only, so the program decides only where a challenge was for it.
    challenges = [exchange for exchange in before if exchange.step == "challenge"]
    named = [challenge for challenge in challenges if _program(challenge) in own_programs]
    begin = (named or challenges)[-1].number if challenges else first
    last = exchanges[-1].number
    browser = [
        exchange
        for exchange in exchanges
        if exchange.asker == "browser" and exchange.client_id is None and first < exchange.number < last
    ]
    chosen = own + [exchange for exchange in before if exchange.number >= begin] + browser
    return sorted(chosen, key=lambda exchange: exchange.number)


def _program(exchange: Exchange) -> str:
    return exchange.request_header("user-agent") or ""


def _is_service(exchange: Exchange) -> bool:
    return _program(exchange).startswith(SERVICE_USER_AGENT)


def story(trace: Iterable[Exchange], client_id: str | None) -> str:
    """Tell how a client got here, step by step."""
    exchanges = connection_of(trace, client_id)
    if not exchanges:
        return "The trace holds no exchange of this client; it may have been cleared since."
    begin = exchanges[0].at
    lines = [f"How {one_line(client_id or 'this client')} connected, in {len(exchanges)} exchanges:"]
    step = None
    for exchange in exchanges:
        if exchange.step != step:
            step = exchange.step
            lines.append(f"\n{step}: {STEP_MEANING[step]}")
        note = odd(exchange) if exchange.status is not None else ""
        path = path_of(exchange.url)
        what = one_line(f"{path} ({', '.join(exchange.mcp_methods)})" if exchange.mcp_methods else path)
        answer = exchange.status if exchange.status is not None else _ENDED[exchange.ended]
        who = f"{exchange.asker} asked {exchange.system}: {one_line(exchange.method, _METHOD)}"
        lines.append(f"  {exchange.at - begin:+.2f} s  {who} {what} → {answer}" + (f" ({note})" if note else ""))
    return "\n".join(lines)
