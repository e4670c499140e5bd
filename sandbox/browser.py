"""A stand-in for the person's browser: it opens a URL, signs in, decides, and stops at the client's own page.

Give it to a client as `$BROWSER`, and a sign-in ends without a person. It reads the forms that a person would see,
keeps cookies, and follows redirects on loopback hosts only: what it carries, an authorization code, is nobody else's
(RFC 8252, sections 7.3 and 8.3). It uses the standard library only, because a client waits while it starts.
"""

from __future__ import annotations

import argparse
import http.client
import http.cookiejar
import ipaddress
import math
import os
import re
import socket
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final, Literal, Self, TextIO
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit, urlunsplit

Decision = Literal["approve", "deny"]

MAX_HOPS: Final = 20
MAX_BODY: Final = 1024 * 1024
MAX_TIMEOUT: Final = 3600.0

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_CHARSETS: Final = frozenset({"utf-8", "us-ascii", "iso-8859-1", "windows-1252"})
_ASKED: Final = frozenset({"user_id", "decision", "user_code"})
_ASKING_PAGES: Final = frozenset({"sign-in", "consent", "device"})
_CHOICES: Final = frozenset({"radio", "option", "submit"})
_MUTE: Final = frozenset({"script", "style", "title"})
_INLINE: Final = frozenset({"a", "b", "bdi", "bdo", "code", "em", "i", "label", "small", "span", "strong"})
_SECRETS: Final = frozenset(
    {
        *("code", "state", "nonce", "session_state", "authorization_session_id", "session", "csrf_token"),
        *("user_code", "device_code", "code_challenge", "code_verifier", "client_secret", "client_assertion"),
        *("token", "access_token", "refresh_token", "id_token", "id_token_hint", "pending_authentication_token"),
    }
)


class BrowserError(Exception):
    """A visit that could not go on; the text is one line for a person, without secrets."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One request of a visit, and how it was answered; the URL is without its query, so that it can be shown."""

    method: str
    url: str
    status: int

    def __str__(self) -> str:
        return f"{self.method} {self.url} {self.status}"


@dataclass(frozen=True, slots=True)
class Visit:
    """Where a visit ended: `url` is whole, with whatever it carries; `text` is what a person reads on the page."""

    hops: tuple[Hop, ...]
    url: str = field(repr=False)
    status: int
    text: str = field(repr=False)


@dataclass(slots=True, eq=False)
class _Control:
    """Something in a form that can send a value."""

    kind: str
    name: str
    value: str
    on: bool
    words: list[str] = field(default_factory=list)

    @property
    def label(self) -> str:
        return " ".join(" ".join(self.words).split()) or self.value


@dataclass(slots=True)
class _Form:
    action: str
    method: str
    controls: list[_Control] = field(default_factory=list)

    def choices(self, name: str) -> list[_Control]:
        return [control for control in self.controls if control.name == name and control.kind in _CHOICES]

    @property
    def known(self) -> bool:
        return any(control.name in _ASKED for control in self.controls)


class _Page(HTMLParser):
    """The forms and the words of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[_Form] = []
        self.kind = ""
        self._words: list[str] = []
        self._main: list[str] | None = None
        self._in_main = False
        self._mute = False
        self._form: _Form | None = None
        self._select: str | None = None
        self._option: _Control | None = None
        self._label: list[str] | None = None

    @property
    def lines(self) -> list[str]:
        """What a person reads: the main part if the page has one, a line for each block."""
        words = self._words if self._main is None else self._main
        return [line for line in (" ".join(line.split()) for line in "".join(words).split("\n")) if line]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in reversed(attrs)}  # of two equal attributes the first counts
        self._break(tag)
        self._mute = self._mute or tag in _MUTE
        if tag == "main":
            self._in_main = True
            self._main = self._main or []
        elif tag == "meta" and given.get("name") == "sandbox-page":
            self.kind = given.get("content", "")
        elif tag == "label":
            self._label = []
        elif tag == "form" and self._form is None:
            self._form = _Form(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self._form)
        elif self._form is not None and "disabled" not in given:
            self._control(self._form, tag, given)

    def _control(self, form: _Form, tag: str, given: dict[str, str]) -> None:
        name, value, kind = given.get("name", ""), given.get("value", ""), given.get("type", "").lower()
        if tag == "select":
            self._select = name
        elif tag == "option" and self._select is not None:
            self._option = _Control("option", self._select, value, "selected" in given)
            form.controls.append(self._option)
        elif tag == "button" and kind in {"", "submit"}:
            self._option = _Control("submit", name, value, on=False)
            form.controls.append(self._option)
        elif tag == "input" and kind not in {"button", "reset", "image", "file"}:
            toggled = kind in {"radio", "checkbox"}
            on = "checked" in given if toggled else kind != "submit"
            sent = value or ("on" if toggled else "")
            words = self._label if self._label is not None and toggled else []
            form.controls.append(_Control(kind or "text", name, sent, on, words))

    def handle_endtag(self, tag: str) -> None:
        self._break(tag)
        if tag in _MUTE:
            self._mute = False
        elif tag == "main":
            self._in_main = False
        elif tag == "label":
            self._label = None
        elif tag in {"button", "option"}:
            self._option = None
        elif tag == "select":
            self._select = self._option = None
        elif tag == "form":
            self._form = self._select = self._option = None

    def handle_data(self, data: str) -> None:
        if self._mute:
            return
        self._add(data)
        if self._option is not None:
            self._option.words.append(data)
        if self._label is not None:
            self._label.append(data)

    def _break(self, tag: str) -> None:
        if tag not in _INLINE:
            self._add("\n")

    def _add(self, text: str) -> None:
        self._words.append(text)
        if self._in_main and self._main is not None:
            self._main.append(text)


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: str
    body: bytes | None = None
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class _Answer:
    url: str
    status: int
    location: str | None
    content_type: str
    text: str


def visit(
    url: str,
    *,
    user: str | None = None,
    decision: Decision = "approve",
    timeout: float = 10.0,
    seen: Callable[[Hop], None] | None = None,
) -> Visit:
    """Open a URL as a person would, and go on until a page asks for nothing that is known here.

    `user` is the email address to sign in with, by default the first one offered; `timeout` is in seconds, for each
    request; `seen` is called with every hop as it happens. Raise BrowserError when a page is an error, a host is not
    this machine, the answer is late or too long, or the pages lead in a circle.
    """
    tab = _Tab(timeout, seen)
    try:
        return _walk(tab, url, user, decision)
    except BrowserError as error:
        raise BrowserError(tab.redacted(str(error))) from None


def _walk(tab: _Tab, url: str, user: str | None, decision: Decision) -> Visit:
    request = _Request("GET", tab.resolved(url, url))
    sent: set[_Request] = set()
    while True:
        answer = tab.ask(request)
        if answer.location is not None:
            request = _redirected(tab, request, answer, answer.location)
            continue
        page = _read(answer)
        lines = page.lines if page else [answer.text]
        form = next((form for form in page.forms if form.known), None) if page else None
        _refuse_trouble(answer, page.kind if page else "", lines, asked=form is not None)
        if form is None:
            return Visit(tuple(tab.hops), answer.url, answer.status, "\n".join(lines))
        request = _submitted(tab, form, answer.url, _filled(form, tab.user_code, user, decision))
        if request in sent:
            raise BrowserError(f"{_shown(answer.url)} asks the same again: {_said(lines)}")
        sent.add(request)


def _refuse_trouble(answer: _Answer, kind: str, lines: list[str], *, asked: bool) -> None:
    """Raise BrowserError when a page says that something went wrong, or wants what nobody can give."""
    if answer.status >= http.client.BAD_REQUEST:
        raise BrowserError(f"{_shown(answer.url)} answered {answer.status}: {_said(lines)}")
    if kind == "error" or (kind in _ASKING_PAGES and not asked):
        raise BrowserError(f"{_shown(answer.url)} says: {_said(lines)}")


def _read(answer: _Answer) -> _Page | None:
    """Parse a page of HTML. Not closing the parser keeps it fast on HTML that is broken off."""
    if answer.content_type not in {"text/html", "application/xhtml+xml"}:
        return None
    page = _Page()
    try:
        page.feed(answer.text)
    except (AssertionError, ValueError):  # how html.parser and html.unescape give up
        raise BrowserError(f"{_shown(answer.url)} answered with HTML that cannot be read") from None
    return page


def _filled(form: _Form, user_code: str | None, user: str | None, decision: Decision) -> list[tuple[str, str]]:
    """Fill in a form as a person would, and press the button that says what the person wants."""
    chosen = [_person(people, user)] if (people := form.choices("user_id")) else []
    if decisions := form.choices("decision"):
        chosen.append(_decided(decisions, decision))
    chosen_names = {control.name for control in chosen}
    selects = {control.name for control in form.controls if control.kind == "option" and control.on}
    fields = []
    for control in form.controls:
        if control.kind == "option" and control.name not in selects:  # a select without a choice sends its first option
            selects.add(control.name)
            control.on = True
        if control.name in chosen_names and control.kind in _CHOICES:
            control.on = control in chosen
        if control.on and control.name:
            fields.append((control.name, _coded(control, user_code)))
    return fields


def _coded(control: _Control, user_code: str | None) -> str:
    """Give what a control sends: the code of the device where one is asked for (RFC 8628, section 3.3)."""
    if control.name != "user_code" or control.value:
        return control.value
    if user_code is None:
        raise BrowserError("the page asks for a device's code: open verification_uri_complete, which carries it")
    return user_code


def _person(people: list[_Control], user: str | None) -> _Control:
    if user is None:
        return people[0]
    for person in people:
        if user.casefold() in person.label.casefold().split():
            return person
    offered = [next((word for word in person.label.split() if "@" in word), person.label) for person in people]
    raise BrowserError(f"{user} is not among the users offered: {', '.join(offered)}")


def _decided(decisions: list[_Control], decision: Decision) -> _Control:
    for control in decisions:
        if control.value == decision:
            return control
    raise BrowserError(f"the page offers no {decision!r}, only: {', '.join(control.value for control in decisions)}")


def _submitted(tab: _Tab, form: _Form, page_url: str, fields: list[tuple[str, str]]) -> _Request:
    """Send a form: a GET form replaces the query, a POST form names its origin (HTML, form submission)."""
    tab.remember(fields)
    action = tab.resolved(page_url, form.action or page_url)
    if form.method != "post":
        return _Request("GET", urlunsplit(urlsplit(action)._replace(query=urlencode(fields))))
    return _Request("POST", action, urlencode(fields).encode(), _origin(page_url))


def _redirected(tab: _Tab, request: _Request, answer: _Answer, location: str) -> _Request:
    """Follow a redirect: 307 and 308 repeat the request, the others ask with GET (RFC 9110, section 15.4)."""
    url = tab.resolved(answer.url, location)
    if answer.status not in {307, 308} or request.method == "GET":
        return _Request("GET", url)
    same = _origin(url) == _origin(answer.url)
    return _Request(request.method, url, request.body, request.origin if same else "null")


class _Tab:
    """One window: its cookies, the hops it made, and the secrets it saw."""

    def __init__(self, timeout: float, seen: Callable[[Hop], None] | None) -> None:
        self.hops: list[Hop] = []
        self.user_code: str | None = None
        self._timeout = timeout
        self._seen = seen
        self._secrets: set[str] = set()
        # Browsers send Secure cookies to loopback hosts without TLS, as nobody listens in between.
        policy = http.cookiejar.DefaultCookiePolicy(secure_protocols=("http", "https"))
        self._jar = http.cookiejar.CookieJar(policy)

    def ask(self, request: _Request) -> _Answer:
        """Send one request. Raise BrowserError when it is one too many, or has no proper answer."""
        if len(self.hops) >= MAX_HOPS:
            raise BrowserError(f"gave up after {MAX_HOPS} requests, the last to {self.hops[-1].url}: a circle?")
        answer = self._exchange(request)
        hop = Hop(request.method, _shown(request.url), answer.status)
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

    def _exchange(self, request: _Request) -> _Answer:
        parts = urlsplit(request.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=self._timeout)
        late = BrowserError(f"{_shown(request.url)} did not answer within {self._timeout:g} s")
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
            raise BrowserError(f"{_shown(request.url)} gave no answer: {str(error) or type(error).__name__}") from None
        finally:
            connection.close()

    def _answered(self, connection: http.client.HTTPConnection, request: _Request) -> _Answer:
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
            raise BrowserError(f"{_shown(request.url)} answered with more than 1 MiB")
        return _answer(request, response, body)


def _answer(request: _Request, response: http.client.HTTPResponse, body: bytes) -> _Answer:
    charset = response.headers.get_content_charset("utf-8")
    text = body.decode(charset if charset in _CHARSETS else "utf-8", "replace")
    location = response.headers["Location"] if response.status in _REDIRECTS else None
    if location is not None:  # http.client reads headers as Latin-1; servers write UTF-8
        location = location.encode("latin-1").decode("utf-8", "replace")
    return _Answer(request.url, response.status, location, response.headers.get_content_type(), text)


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


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _shown(url: str) -> str:
    """Give a URL without its query, which may carry codes and states."""
    return urlunsplit(urlsplit(url)._replace(query="", fragment=""))


def _said(lines: list[str]) -> str:
    """Give what a page says on one line of at most 600 characters."""
    text = " · ".join(" ".join(line.split()) for line in lines)
    return text if len(text) <= 600 else f"{text[:600]}…"  # noqa: PLR2004


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="sandbox-browser",
        description="Open a URL of the sandbox as a person would: sign in, approve or deny, and stop.",
        epilog="A client gives $BROWSER nothing but a URL: set SANDBOX_BROWSER_USER and"
        " SANDBOX_BROWSER_DECISION=approve|deny instead of the options.",
    )
    parser.add_argument("url", metavar="URL")
    parser.add_argument("--user", metavar="EMAIL", help="who signs in; by default the first user offered")
    parser.add_argument("--deny", action="store_const", const="deny", dest="decision", help="deny what the client asks")
    parser.add_argument("--quiet", action="store_true", help="do not print the requests")
    parser.add_argument("--timeout", metavar="SECONDS", type=_seconds, default=10.0, help="for each request; 10")
    options = parser.parse_args(arguments)
    options.user = options.user or os.environ.get("SANDBOX_BROWSER_USER") or None
    options.decision = options.decision or os.environ.get("SANDBOX_BROWSER_DECISION") or "approve"
    if options.decision not in {"approve", "deny"}:
        parser.error(f"SANDBOX_BROWSER_DECISION is {options.decision!r}; it can be approve or deny")
    return options


def _seconds(text: str) -> float:
    number = float(text)
    if not math.isfinite(number) or not 0 < number <= MAX_TIMEOUT:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and {MAX_TIMEOUT:g} seconds")
    return number


def _say(stream: TextIO, text: str) -> None:
    """Print a line; when nobody reads any more, go on without printing, so that the sign-in still ends."""
    try:
        stream.write(f"{text}\n")
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; give its exit code: 0 the visit ended on a page, 1 it could not go on, 2 wrong usage."""
    options = _arguments(arguments)
    seen = None if options.quiet else lambda hop: _say(sys.stdout, str(hop))
    try:
        visit(options.url, user=options.user, decision=options.decision, timeout=options.timeout, seen=seen)
    except BrowserError as error:
        _say(sys.stderr, f"sandbox-browser: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
