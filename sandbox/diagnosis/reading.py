"""Files that tell of a connection, read as exchanges: our own traces, and the HARs of browsers and proxies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, BinaryIO, Final, NamedTuple, NoReturn

import click
import msgspec

from sandbox.diagnosis.debug_log import is_debug_log, told_by
from sandbox.diagnosis.har import exchanges_of
from sandbox.errors import SandboxError
from sandbox.wire.exchange import Exchange
from sandbox.wire.json_text import whole

LIMIT: Final = 256 * 1024 * 1024
"""The largest file that is read, in bytes."""

_LARGEST_LINE: Final = 200
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_LAST: Final = 2**34
"""Seconds since the epoch, in the year 2514; what is later is no time."""


class ReadError(SandboxError):
    """A file holds nothing that can be explained; the text says why, in a line."""


class Reading(NamedTuple):
    """What a file holds."""

    exchanges: Sequence[Exchange]
    notes: Sequence[str] = ()
    """What a reader should know of the file: what was left out, and what it lacks."""


def read_file(name: str, limit: int = LIMIT) -> Reading:
    """Read a file, or standard input as `-`; raise ReadError for what is not understood, and OSError as usual."""
    with click.open_file(name, "rb") as file:
        data = _within(file, limit)
    if data is None:
        raise ReadError(f"{_shown(name)}: larger than {limit // 2**20} MiB. Save the requests of one sign-in alone.")
    try:
        return read(data)
    except ReadError as error:
        raise ReadError(f"{_shown(name)}: {error}") from None


def read(data: bytes) -> Reading:
    """Read the bytes of a file; raise ReadError for what is none of those that are understood."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ReadError(f"no text in UTF-8. {_WANTED}") from None
    if not text.strip():
        raise ReadError(f"empty. {_WANTED}")
    if is_debug_log(text):
        raise ReadError(f"{told_by(text)} {_RECORD}")
    try:
        document = _decoded(text)
    except (ValueError, RecursionError) as error:
        reading = _lines(text, error)
    else:
        reading = _document(document)
    if not reading.exchanges:
        raise ReadError("it holds no exchange, so there is nothing to explain.")
    return reading


def _decoded(text: str) -> Any:
    """Read JSON; half a surrogate pair, which browsers write of binary bodies, becomes U+FFFD."""
    if _SURROGATE.search(text) is not None:
        return msgspec.json.decode(whole(json.dumps(json.loads(text), ensure_ascii=False)))
    return msgspec.json.decode(text)


def _within(file: BinaryIO | Any, limit: int) -> bytes | None:
    data: bytes = file.read(limit + 1)
    return data if len(data) <= limit else None


def _document(document: Any) -> Reading:
    if isinstance(document, list):
        return Reading(_own(document))
    if isinstance(document, dict):
        if isinstance(document.get("exchanges"), list):
            return Reading(_own(document["exchanges"]))
        if "log" in document:
            return _har(document["log"])
        if {"exchange", "ready"} & document.keys():
            return Reading(_last_run([document]))
    raise ReadError(f"JSON, but no trace. {_WANTED}")


def _har(log: Any) -> Reading:
    entries = log.get("entries") if isinstance(log, dict) else None
    if not isinstance(entries, list):
        raise ReadError("a HAR without `entries`.")
    exchanges, notes = exchanges_of(log)
    if entries and not exchanges:
        raise ReadError(f"a HAR, but none of its {len(entries)} entries belongs to an MCP connection or its sign-in.")
    return Reading(exchanges, notes)


def _own(exchanges: Iterable[Any]) -> list[Exchange]:
    try:
        found = msgspec.convert(exchanges, list[Exchange])
    except msgspec.ValidationError as error:
        raise ReadError(f"looks like a trace, but an exchange is none of ours: {error}.") from None
    if not all(0 <= exchange.at < _LAST for exchange in found):
        raise ReadError("looks like a trace, but an exchange has no time that could be.")
    return found


def _lines(text: str, not_json: Exception) -> Reading:
    """Read what `sandbox up --json` prints; the last line may be cut, as the sandbox may have been."""
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    said: list[dict[str, Any]] = []
    for number, line in lines:
        try:
            value = _decoded(line)
        except (ValueError, RecursionError):
            if said and number == lines[-1][0]:
                break
            _refuse(text, number, said, not_json)
        if not isinstance(value, dict):
            _refuse(text, number, said, not_json)
        said.append(value)
    if not any({"exchange", "ready"} & value.keys() for value in said):
        raise ReadError(f"lines of JSON, but none of `sandbox up --json`. {_WANTED}")
    return Reading(_last_run(said))


def _refuse(text: str, number: int, said: Sequence[Any], not_json: Exception) -> NoReturn:
    if said:
        raise ReadError(f"line {number} is no JSON object.") from None
    if text.lstrip()[0] in "{[":
        raise ReadError(f"broken JSON: {str(not_json)[:_LARGEST_LINE]}.") from None
    raise ReadError(f"no JSON. {_WANTED}") from None


def _last_run(said: Iterable[dict[str, Any]]) -> list[Exchange]:
    """Give the exchanges since the last reset, each as it was told last; a stream is told when it opens and ends."""
    run: dict[int, Exchange] = {}
    for exchange in _own([value["exchange"] for value in said if "exchange" in value]):
        earlier = run.get(exchange.number)
        if earlier is not None and earlier.at != exchange.at:
            run.clear()
        run[exchange.number] = exchange
    return list(run.values())


def _shown(name: str) -> str:
    return "standard input" if name == "-" else name


_WANTED: Final = (
    "It takes a trace (GET /api/trace, or what `sandbox up --json` prints) or a HAR of a browser or of mitmproxy."
)
_RECORD: Final = (
    "That names no HTTP exchange, which is what is explained here. Record a HAR (`mitmdump --set hardump=FILE`),"
    " or connect to the sandbox."
)
