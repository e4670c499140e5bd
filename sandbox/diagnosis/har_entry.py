"""An entry of a HAR as a request and a response, however its writer fills in the gaps of HAR 1.2."""

from __future__ import annotations

import base64
import datetime as dt
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode, urlsplit

from sandbox.wire.exchange import Ended
from sandbox.wire.message import Request, Response

_SWITCHING: Final = 101
_BODILESS: Final = frozenset({204, 205, 304})
_REDIRECTS: Final = range(300, 400)
_LONGEST: Final = 10**12
"""Milliseconds from which on a duration is none."""
_LAST: Final = 2**34
"""Seconds since the epoch, in the year 2514; what is later is no time."""


class Entry(NamedTuple):
    """An HTTP request of a HAR, and its response, where one came."""

    at: float
    """Seconds since the epoch."""
    seconds: float
    base: str
    """Scheme, host and port."""
    request: Request
    response: Response | None
    ended: Ended
    lacks_body: bool
    """Whether the answer had a body that the file does not hold."""
    raw: dict[str, Any]

    @property
    def url(self) -> str:
        """The URL without its query."""
        return self.base + self.request.path


def read_entry(raw: Any) -> Entry | None:
    """Read an entry; give None for what is no HTTP exchange: a websocket, a data URL, a broken entry."""
    raw = _mapping(raw)
    asked, answered = _member(raw, "request"), _member(raw, "response")
    split = _split(asked.get("url"))
    status = answered.get("status")
    if split is None or status == _SWITCHING or raw.get("_resourceType") == "websocket":
        return None
    base, path, query = split
    method = asked.get("method")
    request = Request(
        method if isinstance(method, str) else "GET", path, query, _headers(asked.get("headers")), _posted(asked)
    )
    is_answered = isinstance(status, int) and status > 0
    response = _response(answered, int(status)) if is_answered and isinstance(status, int) else None
    return Entry(
        at=_time(raw.get("startedDateTime")),
        seconds=_duration(raw.get("time")),
        base=base,
        request=request,
        response=response,
        ended="answered" if response is not None else _unanswered(raw, answered),
        lacks_body=response is not None and _lacks_body(request, response, _member(answered, "content")),
        raw=raw,
    )


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _member(value: dict[str, Any], name: str) -> dict[str, Any]:
    return _mapping(value.get(name))


def _split(url: Any) -> tuple[str, str, str] | None:
    """Give scheme and host, path, and query; without user and password, and without the fragment."""
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
        if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
            return None
    except ValueError:
        return None
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}", parts.path or "/", parts.query


def _headers(items: Any) -> tuple[tuple[str, str], ...]:
    """Give the headers, their names in small letters, without the pseudo-headers of HTTP/2 (RFC 9113, section 8.3)."""
    pairs = [_mapping(item) for item in items] if isinstance(items, list) else []
    named = [(str(pair.get("name", "")).lower(), str(pair.get("value", ""))) for pair in pairs]
    return tuple((name, value) for name, value in named if name and not name.startswith(":"))


def _posted(asked: dict[str, Any]) -> bytes:
    posted = _member(asked, "postData")
    text, params = posted.get("text"), posted.get("params")
    if isinstance(text, str) and text:
        return _bytes(text, posted.get("encoding") or posted.get("_encoding"))
    fields = [_mapping(param) for param in params] if isinstance(params, list) else []
    return urlencode([(str(field.get("name", "")), str(field.get("value", ""))) for field in fields]).encode()


def _response(answered: dict[str, Any], status: int) -> Response:
    content = _member(answered, "content")
    headers = _headers(answered.get("headers"))
    names = {name for name, _ in headers}
    target, kind = answered.get("redirectURL"), content.get("mimeType")
    if "location" not in names and isinstance(target, str) and target and status in _REDIRECTS:
        headers += (("location", target),)
    if "content-type" not in names and isinstance(kind, str) and kind and kind != "x-unknown":
        headers += (("content-type", kind),)
    text = content.get("text")
    return Response(status, headers, _bytes(text, content.get("encoding")) if isinstance(text, str) else b"")


def _bytes(text: str, encoding: Any) -> bytes:
    if encoding == "base64":
        try:
            return base64.b64decode(text)
        except ValueError:
            return b""
    return text.encode("utf-8", "replace")


def _lacks_body(request: Request, response: Response, content: dict[str, Any]) -> bool:
    bodiless = request.method == "HEAD" or response.status in _BODILESS or response.status in _REDIRECTS
    size = content.get("size")
    return not (bodiless or response.body) and isinstance(size, int) and size > 0


def _unanswered(raw: dict[str, Any], answered: dict[str, Any]) -> Ended:
    """Say how an entry without a status ended: the client gave up, or the connection failed."""
    sources = (answered.get("_error"), answered.get("_failureText"), raw.get("_error"))
    error = " ".join(text for text in sources if isinstance(text, str))
    return "dropped" if error and "ABORTED" not in error.upper() else "unanswered"


def _duration(milliseconds: Any) -> float:
    sound = isinstance(milliseconds, (int, float)) and not isinstance(milliseconds, bool)
    return milliseconds / 1000 if sound and 0 <= milliseconds < _LONGEST else 0.0


def _time(text: Any) -> float:
    try:
        at = dt.datetime.fromisoformat(text).timestamp() if isinstance(text, str) else 0.0
    except (ValueError, OverflowError, OSError):
        return 0.0
    return at if 0 <= at < _LAST else 0.0
