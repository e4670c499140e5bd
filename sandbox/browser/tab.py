"""The HTTP side of a visit: one window, its cookies and its deadlines, and no way off this machine."""

from __future__ import annotations

import http.client
import http.cookiejar
import ipaddress
import re
import socket
import ssl
import threading
import urllib.request
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import SplitResult, parse_qsl, quote, urljoin, urlsplit, urlunsplit

from sandbox.browser.errors import BrowserError

MAX_HOPS: Final = 20
MAX_BODY: Final = 1024 * 1024

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_CHARSETS: Final = frozenset({"utf-8", "us-ascii", "iso-8859-1", "windows-1252"})
_SECRETS: Final = frozenset(
    {
        *("code", "state", "nonce", "session_state", "authorization_session_id", "session", "csrf_token"),
        *("user_code", "device_code", "code_challenge", "code_verifier", "client_secret", "client_assertion"),
        *("token", "access_token", "refresh_token", "id_token", "id_token_hint", "pending_authentication_token"),
    }
)


@dataclass(frozen=True, slots=True)
class Hop:
    """One request of a visit, and how it was answered; the URL is without its query, so that it can be shown."""

    method: str
    url: str
    status: int

    def __str__(self) -> str:
        return f"{self.method} {self.url} {self.status}"


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked, without the headers that every request has."""

    method: str
    url: str
    body: bytes | None = None
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `location` is that of a redirect, and of nothing else."""

    url: str
    status: int
    location: str | None
    content_type: str
    text: str


class Tab:
    """One window: its cookies, the hops it made, and the secrets it saw."""

    def __init__(
        self, timeout: float, seen: Callable[[Hop], None] | None, trusted: ssl.SSLContext | None = None
    ) -> None:
        self.hops: list[Hop] = []
        self.user_code: str | None = None
        self._timeout = timeout
        self._trusted = trusted
        self._seen = seen
        self._secrets: set[str] = set()
        # Browsers send Secure cookies to loopback hosts without TLS, as nobody listens in between.
        policy = http.cookiejar.DefaultCookiePolicy(secure_protocols=("http", "https"))
        self._jar = http.cookiejar.CookieJar(policy)

    def ask(self, request: Request) -> Answer:
        """Send one request. Raise BrowserError when it is one too many, or has no proper answer."""
        if len(self.hops) >= MAX_HOPS:
            raise BrowserError(f"gave up after {MAX_HOPS} requests, the last to {self.hops[-1].url}: a circle?")
        answer = self._exchange(request)
        hop = Hop(request.method, shown(request.url), answer.status)
        self.hops.append(hop)
        if self._seen:
            self._seen(hop)
        return answer

    def resolved(self, base: str, url: str) -> str:
        """Give the address that `url` means on the page `base`. Raise BrowserError when it is not on this machine."""
        try:
            parts = urlsplit(urljoin(base, url.strip()))
            host, port = parts.hostname, parts.port
        except ValueError:
            raise BrowserError("what should be opened next is no URL") from None
        if parts.scheme not in {"http", "https"} or not host:
            raise BrowserError(f"a URL must start with http:// or https://, not {parts.scheme or 'nothing'!r}")
        self.remember(parse_qsl(parts.query))
        if not _is_loopback(host):
            raise BrowserError(f"refused to leave this machine: {host} is no loopback host")
        safe = "%/:=&?~#+!$,;'@()*[]"
        authority = (f"[{host}]" if ":" in host else host) + (f":{port}" if port is not None else "")
        return urlunsplit((parts.scheme, authority, quote(parts.path, safe) or "/", quote(parts.query, safe), ""))

    def remember(self, fields: Iterable[tuple[str, str]]) -> None:
        """Note the values that must not be shown, and the device's code."""
        for name, value in fields:
            if name in _SECRETS and value:
                self._secrets |= {value, quote(value, ""), quote(value)}
            if name == "user_code" and value:
                self.user_code = value

    def redacted(self, text: str) -> str:
        """Give the text on one line, without the secrets of this visit and without what could steer a terminal."""
        if self._secrets:
            longest_first = sorted(self._secrets, key=len, reverse=True)
            text = re.sub(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", "…", text)
        return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)

    def _exchange(self, request: Request) -> Answer:
        parts = urlsplit(request.url)
        connection = self._connection(parts)
        late = BrowserError(f"{shown(request.url)} did not answer within {self._timeout:g} s")
        try:
            connection.connect()
            with _Deadline(connection.sock, self._timeout) as deadline:
                try:
                    return self._answered(connection, request)
                finally:
                    if deadline.passed:
                        raise late
        except TimeoutError:
            raise late from None
        except (OSError, http.client.HTTPException) as error:
            raise BrowserError(f"{shown(request.url)} gave no answer: {str(error) or type(error).__name__}") from None
        finally:
            connection.close()

    def _connection(self, parts: SplitResult) -> http.client.HTTPConnection:
        host = parts.hostname or ""
        if parts.scheme == "https":
            return http.client.HTTPSConnection(host, parts.port, timeout=self._timeout, context=self._trusted)
        return http.client.HTTPConnection(host, parts.port, timeout=self._timeout)

    def _answered(self, connection: http.client.HTTPConnection, request: Request) -> Answer:
        peer = connection.sock.getpeername()[0]
        if not _is_loopback(peer):
            raise BrowserError(f"refused to leave this machine: localhost leads to {peer}")
        carrier = urllib.request.Request(request.url)  # noqa: S310 - nothing is opened, it carries cookies
        self._jar.add_cookie_header(carrier)
        headers = {"User-Agent": "sandbox-browser", "Accept": "text/html, */*;q=0.5", **dict(carrier.header_items())}
        if request.body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        if request.origin is not None:
            headers["Origin"] = request.origin
        parts = urlsplit(request.url)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request(request.method, target, request.body, headers)
        response = connection.getresponse()
        self._jar.extract_cookies(response, carrier)
        body = response.read(MAX_BODY + 1)
        if len(body) > MAX_BODY:
            raise BrowserError(f"{shown(request.url)} answered with more than 1 MiB")
        return _answer(request, response, body)


def _answer(request: Request, response: http.client.HTTPResponse, body: bytes) -> Answer:
    charset = response.headers.get_content_charset("utf-8")
    text = body.decode(charset if charset in _CHARSETS else "utf-8", "replace")
    location = response.headers["Location"] if response.status in _REDIRECTS else None
    if location is not None:  # http.client reads headers as Latin-1; servers write UTF-8
        location = location.encode("latin-1").decode("utf-8", "replace")
    return Answer(request.url, response.status, location, response.headers.get_content_type(), text)


class _Deadline:
    """Hang up a connection when its time is over: a socket's own timeout starts anew with every byte."""

    def __init__(self, connected: socket.socket, timeout: float) -> None:
        self.passed = False
        self._socket = connected
        self._timer = threading.Timer(timeout, self._hang_up)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _hang_up(self) -> None:
        self.passed = True
        with suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


def _is_loopback(host: str) -> bool:
    """Tell whether a host is this machine: localhost, 127.0.0.0/8 or ::1 (RFC 8252, section 7.3)."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def shown(url: str) -> str:
    """Give a URL without its query, which may carry codes and states."""
    return urlunsplit(urlsplit(url)._replace(query="", fragment=""))
