"""A stand-in for the person's browser: it opens a URL, signs in, decides, and stops at the client's own page.

Give it to a client as `$BROWSER`, and a sign-in ends without a person. It reads the forms that a person would see,
keeps cookies, and follows redirects on loopback hosts only: what it carries, an authorization code, is nobody else's
(RFC 8252, sections 7.3 and 8.3). It uses the standard library only, because a client waits while it starts.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode, urlsplit, urlunsplit

from sandbox.browser.errors import BrowserError
from sandbox.browser.forms import Decision, Form, Page, filled
from sandbox.browser.tab import Answer, Hop, Request, Tab, shown

__all__ = ["BrowserError", "Decision", "Hop", "Visit", "visit"]

_ASKING_PAGES: Final = frozenset({"sign-in", "identity-provider", "organization", "consent", "device"})


@dataclass(frozen=True, slots=True)
class Visit:
    """Where a visit ended: `url` is whole, with whatever it carries; `text` is what a person reads on the page."""

    hops: tuple[Hop, ...]
    url: str = field(repr=False)
    status: int
    text: str = field(repr=False)


def visit(
    url: str,
    *,
    user: str | None = None,
    decision: Decision = "approve",
    timeout: float = 10.0,
    seen: Callable[[Hop], None] | None = None,
    trusted: ssl.SSLContext | None = None,
    callback: str | None = None,
) -> Visit:
    """Open a URL as a person would, and go on until a page asks for nothing that is known here.

    `user` is the email address to sign in with, by default the first one offered; `timeout` is in seconds, for each
    request; `seen` is called with every hop as it happens; `trusted` says which certificates are, by default what the
    machine and SSL_CERT_FILE say. A redirect to `callback`, the client's redirect URI, ends the visit there without
    opening it, for a client that does not listen. Raise BrowserError when a page is an error, a host is not
    this machine, the answer is late or too long, or the pages lead in a circle.
    """
    tab = Tab(timeout, seen, trusted)
    try:
        return _walk(tab, url, user, decision, callback)
    except BrowserError as error:
        raise BrowserError(tab.redacted(str(error))) from None


def _walk(tab: Tab, url: str, user: str | None, decision: Decision, callback: str | None) -> Visit:
    request = Request("GET", tab.resolved(url, url))
    sent: set[Request] = set()
    while True:
        answer = tab.ask(request)
        if answer.location is not None:
            if callback is not None and answer.location.partition("?")[0] == callback:
                return Visit(tuple(tab.hops), answer.location, answer.status, "")
            request = _redirected(tab, request, answer, answer.location)
            continue
        page = _read(answer)
        lines = page.lines if page else [answer.text]
        form = next((form for form in page.forms if form.known), None) if page else None
        _refuse_trouble(answer, page.kind if page else "", lines, asked=form is not None)
        if form is None:
            return Visit(tuple(tab.hops), answer.url, answer.status, "\n".join(lines))
        request = _submitted(tab, form, answer.url, filled(form, tab.user_code, user, decision))
        if request in sent:
            raise BrowserError(f"{shown(answer.url)} asks the same again: {_said(lines)}")
        sent.add(request)


def _refuse_trouble(answer: Answer, kind: str, lines: list[str], *, asked: bool) -> None:
    """Raise BrowserError when a page says that something went wrong, or wants what nobody can give."""
    if answer.status >= HTTPStatus.BAD_REQUEST:
        raise BrowserError(f"{shown(answer.url)} answered {answer.status}: {_said(lines)}")
    if kind == "error" or (kind in _ASKING_PAGES and not asked):
        raise BrowserError(f"{shown(answer.url)} says: {_said(lines)}")


def _read(answer: Answer) -> Page | None:
    """Parse a page of HTML. Not closing the parser keeps it fast on HTML that is broken off."""
    if answer.content_type not in {"text/html", "application/xhtml+xml"}:
        return None
    page = Page()
    try:
        page.feed(answer.text)
    except (AssertionError, ValueError):  # how html.parser and html.unescape give up
        raise BrowserError(f"{shown(answer.url)} answered with HTML that cannot be read") from None
    return page


def _submitted(tab: Tab, form: Form, page_url: str, fields: list[tuple[str, str]]) -> Request:
    """Send a form: a GET form replaces the query, a POST form names its origin (HTML, form submission)."""
    tab.remember(fields)
    action = tab.resolved(page_url, form.action or page_url)
    if form.method != "post":
        return Request("GET", urlunsplit(urlsplit(action)._replace(query=urlencode(fields))))
    return Request("POST", action, urlencode(fields).encode(), _origin(page_url))


def _redirected(tab: Tab, request: Request, answer: Answer, location: str) -> Request:
    """Follow a redirect: 307 and 308 repeat the request, the others ask with GET (RFC 9110, section 15.4)."""
    url = tab.resolved(answer.url, location)
    if answer.status not in {307, 308} or request.method == "GET":
        return Request("GET", url)
    same = _origin(url) == _origin(answer.url)
    return Request(request.method, url, request.body, request.origin if same else "null")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _said(lines: list[str]) -> str:
    """Give what a page says on one line of at most 600 characters."""
    text = " · ".join(" ".join(line.split()) for line in lines)
    return text if len(text) <= 600 else f"{text[:600]}…"  # noqa: PLR2004
