"""A small server on a real socket, which plays the pages of WorkOS and of a client."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import jinja2

import sandbox
from sandbox.plain import FILTERS

TEMPLATES: Final = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(sandbox.__file__).parent / "workos" / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
)
TEMPLATES.filters |= FILTERS
TEMPLATES.globals["url_for"] = lambda _endpoint, filename: f"/_sandbox/{filename}"


class User(NamedTuple):
    """A user as the pages see one."""

    id: str
    email: str
    first_name: str
    last_name: str
    organization_name: str | None


USERS: Final = (
    User("user_01ADA", "ada@nearby.example", "Ada", "Park", "Nearby Notebooks"),
    User("user_01BEN", "ben@nearby.example", "Ben", "Okoro", None),
)


@dataclass
class Asked:
    """A request that the server got."""

    method: str
    path: str
    query: dict[str, str]
    form: dict[str, str]
    headers: dict[str, str]


@dataclass
class Reply:
    """What the server answers."""

    body: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "text/html; charset=utf-8"
    drips: bool = False


Page = Callable[[Asked], Reply]


@dataclass
class Site:
    """A server whose pages a test writes."""

    address: str
    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def html(self, path: str, body: str, status: int = 200) -> None:
        """Answer a path with this HTML."""
        self.pages[path] = lambda _: Reply(body, status)

    def redirect(self, path: str, location: str, status: int = 302) -> None:
        """Answer a path with a redirect."""
        self.pages[path] = lambda _: Reply(status=status, headers={"Location": location})

    @property
    def paths(self) -> list[str]:
        """The paths that were asked for, in order."""
        return [asked.path for asked in self.asked]


class _Handler(BaseHTTPRequestHandler):
    site: Site

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length", 0))
        asked = Asked(
            self.command,
            parts.path,
            dict(parse_qsl(parts.query)),
            dict(parse_qsl(self.rfile.read(length).decode())),
            {name: str(value) for name, value in self.headers.items()},
        )
        self.site.asked.append(asked)
        page = self.site.pages.get(parts.path)
        reply = page(asked) if page else Reply("nothing here", 404)
        self.send_response(reply.status)
        for name, value in {"Content-Type": reply.content_type, **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body.encode())
        while reply.drips and not self.site.closing.wait(0.02):
            self.wfile.write(b"x")

    do_POST = do_GET  # noqa: N815 - http.server's names

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing when the browser hangs up, as a test may want it to."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


@contextmanager
def serving() -> Iterator[Site]:
    """Start a server on a free port of 127.0.0.1."""

    class Handler(_Handler):
        pass

    server = _Server(("127.0.0.1", 0), Handler)
    Handler.site = site = Site(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield site
    finally:
        site.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


EVERYWHERE: Final = {
    "client_name": "A <client>",
    "users": USERS,
    "console": "",
    "another": "/sign-in",
    "resource": None,
    "unverified": True,
}
"""What pages are given, unless a test gives something else."""


def rendered(name: str, **context: Any) -> Reply:
    """Render one of the product's pages."""
    return Reply(TEMPLATES.get_template(name).render(EVERYWHERE | context))
