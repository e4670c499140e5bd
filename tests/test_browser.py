"""The browser stand-in, on real sockets: a small server plays the pages of WorkOS and of a client."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import jinja2
import pytest

import sandbox
from sandbox import browser
from sandbox.browser import BrowserError, Hop, Visit, visit

TEMPLATES: Final = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(sandbox.__file__).parent / "workos" / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
)
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
CONSENT: Final = {
    "client_id": "client_1",
    "redirect_host": "localhost",
    "redirect_uri": "http://localhost/callback",
    "scopes": [{"name": "openid", "meaning": "Know you"}],
    "resource": None,
    "organization_name": None,
    "action": "/consent",
    "unverified": True,
    "loopback": True,
}


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


@pytest.fixture
def site() -> Iterator[Site]:
    """Start a server on a free port of 127.0.0.1."""

    class Handler(_Handler):
        pass

    server = _Server(("127.0.0.1", 0), Handler)
    Handler.site = site = Site(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield site
    site.closing.set()
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass
class Flow:
    """A sign-in with the product's own pages: where it begins, and what came of it."""

    site: Site
    url: str

    @property
    def ends(self) -> dict[str, str]:
        """What the client's callback was given."""
        return self.site.asked[-1].query


def rendered(name: str, **context: Any) -> Reply:
    """Render one of the product's pages."""
    return Reply(TEMPLATES.get_template(name).render({"client_name": "A <client>", "users": USERS} | context))


@pytest.fixture
def flow(site: Site) -> Flow:
    """Play authorize, sign-in, consent and the client's callback."""

    def authorize(_: Asked) -> Reply:
        return Reply(
            status=302, headers={"Location": "/sign-in?session=s1", "Set-Cookie": "sid=kept; Path=/; HttpOnly; Secure"}
        )

    def sign_in(asked: Asked) -> Reply:
        if asked.method == "GET":
            context = {"redirect_host": "localhost", "action": "/sign-in", "session": "session-one", "login_hint": None}
            return rendered("sign_in.html", **context)
        return Reply(status=303, headers={"Location": "/consent?" + urlencode(asked.form)})

    def consent(asked: Asked) -> Reply:
        if asked.method == "GET":
            user = next(user for user in USERS if user.id == asked.query["user_id"])
            return rendered("consent.html", **CONSENT, user=user, session=user.id)
        approved = asked.form["decision"] == "approve"
        result = {"code": "the-code"} if approved else {"error": "access_denied"}
        back = urlencode(result | {"state": "the-state", "for": asked.form["authorization_session_id"]})
        return Reply(
            status=302, headers={"Location": f"{site.address.replace('127.0.0.1', 'localhost')}/callback?{back}"}
        )

    site.pages |= {"/oauth2/authorize": authorize, "/sign-in": sign_in, "/consent": consent}
    site.html("/callback", "<title>Client</title><p>You can close <b>this</b> window.</p>")
    return Flow(site, f"{site.address}/oauth2/authorize?state=the-state")


def test_approves(flow: Flow) -> None:
    """A visit signs in as the first user, approves, and ends at the client's own page."""
    visited = visit(flow.url)

    assert flow.ends == {"code": "the-code", "state": "the-state", "for": "user_01ADA"}
    assert visited.status == 200
    assert visited.text == "You can close this window."
    assert parse_qs(urlsplit(visited.url).query)["code"] == ["the-code"]


def test_tells_every_hop(flow: Flow) -> None:
    """The hops of a visit are its requests in order, each told as it happens, without queries."""
    seen: list[Hop] = []

    visited = visit(flow.url, seen=seen.append)

    address = flow.site.address
    assert tuple(seen) == visited.hops
    assert [str(hop) for hop in seen] == [
        f"GET {address}/oauth2/authorize 302",
        f"GET {address}/sign-in 200",
        f"POST {address}/sign-in 303",
        f"GET {address}/consent 200",
        f"POST {address}/consent 302",
        f"GET {address.replace('127.0.0.1', 'localhost')}/callback 200",
    ]


def test_denies(flow: Flow) -> None:
    """A visit that denies still signs in, and the client is told access_denied (RFC 6749, section 4.1.2.1)."""
    visit(flow.url, decision="deny")

    assert flow.ends["error"] == "access_denied"


@pytest.mark.parametrize("email", ["ben@nearby.example", "BEN@Nearby.Example"])
def test_signs_in_as_who_is_named(flow: Flow, email: str) -> None:
    """The user is chosen by email address, in whatever case it is written."""
    visit(flow.url, user=email)

    assert flow.ends["for"] == "user_01BEN"


def test_names_who_is_offered(flow: Flow) -> None:
    """An unknown user is an error that lists who could sign in."""
    message = "dora@nearby.example is not among the users offered: ada@nearby.example, ben@nearby.example"

    with pytest.raises(BrowserError, match=f"^{message}$"):
        visit(flow.url, user="dora@nearby.example")


def test_keeps_cookies_and_hidden_fields(flow: Flow) -> None:
    """A cookie of an earlier answer, Secure or not, comes back on every later request, as do hidden fields."""
    visit(flow.url)

    workos = [asked for asked in flow.site.asked[1:] if asked.path != "/callback"]
    assert {asked.headers.get("Cookie") for asked in workos} == {"sid=kept"}
    assert flow.site.asked[2].form == {"authorization_session_id": "session-one", "user_id": "user_01ADA"}


def test_names_the_origin_of_a_form(flow: Flow) -> None:
    """A posted form names the origin of its page, so that a server may refuse forms of others."""
    visit(flow.url)

    assert {asked.headers.get("Origin") for asked in flow.site.asked if asked.method == "POST"} == {flow.site.address}


def device_page(asked: Asked) -> Reply:
    """Play the device page: enter a code, confirm it, done."""
    context: dict[str, Any] = {"action": "/device", "error": None, "scopes": [], "session": "s"}
    if "decision" in asked.form:
        return rendered("device_done.html", approved=True)
    code = asked.form.get("user_code", "")
    return rendered("device.html", **context, user_code=code, client_name="TV" if code else None)


@pytest.mark.parametrize("decision", ["approve", "deny"])
def test_confirms_a_device(site: Site, decision: browser.Decision) -> None:
    """The code of verification_uri_complete is entered, a user chosen, and the device answered (RFC 8628, 3.3.1)."""
    site.pages["/device"] = device_page

    visited = visit(f"{site.address}/device?user_code=WDJB-MJHT", user="ben@nearby.example", decision=decision)

    assert [asked.form for asked in site.asked] == [
        {},
        {"authorization_session_id": "s", "user_code": "WDJB-MJHT"},
        {
            "authorization_session_id": "s",
            "user_code": "WDJB-MJHT",
            "user_id": "user_01BEN",
            "decision": decision,
        },
    ]
    assert "Your device is connected" in visited.text


def test_needs_the_code_of_a_device(site: Site) -> None:
    """Without a code in the URL there is none to enter, and the error says which URL has it."""
    site.pages["/device"] = device_page

    with pytest.raises(BrowserError, match="verification_uri_complete"):
        visit(f"{site.address}/device")


def test_a_code_refused_twice_ends(site: Site) -> None:
    """A page that asks the same again, with the same in it, is not answered again; the error says what it says."""
    site.html("/device", "<p role=alert>No such code.</p><form method=post><input name=user_code></form>")

    with pytest.raises(BrowserError, match=r"asks the same again: No such code\."):
        visit(f"{site.address}/device?user_code=WDJB-MJHT")


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("http://attacker.example/callback?code=the-code", "attacker.example"),
        ("https://claude.ai/api/mcp/auth_callback", "claude.ai"),
        ("//attacker.example/", "attacker.example"),
        ("http://localhost.attacker.example/", "localhost.attacker.example"),
        ("http://localhost@attacker.example/", "attacker.example"),
        ("http://localhost\\@attacker.example/", "attacker.example"),
        ("http://127.0.0.1.attacker.example/", "127.0.0.1.attacker.example"),
        ("http://192.168.0.1/", "192.168.0.1"),
        ("http://0.0.0.0/", "0.0.0.0"),
        ("http://[2001:db8::1]/", "2001:db8::1"),
    ],
)
def test_refuses_other_hosts(site: Site, location: str, host: str) -> None:
    """A redirect to a host that is not this machine is refused by the name of the host, and nothing is sent."""
    site.redirect("/", location)

    with pytest.raises(BrowserError) as caught:
        visit(site.address)

    assert str(caught.value) == f"refused to leave this machine: {host} is no loopback host"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "javascript:alert(1)", "data:text/html,x", "localhost:4100"])
def test_refuses_other_schemes(site: Site, url: str) -> None:
    """Only http and https are opened, whether the person or a redirect names the URL."""
    site.redirect("/", url)

    for start in (url, site.address):
        with pytest.raises(BrowserError, match="must start with http"):
            visit(start)


@pytest.mark.parametrize("url", ["http://[::1", "http://localhost:99999/", "http://localhost:x/", "http:///path"])
def test_refuses_what_is_no_url(url: str) -> None:
    """A broken URL is one clear error."""
    with pytest.raises(BrowserError, match="URL"):
        visit(url)


def test_a_form_cannot_leave_either(site: Site) -> None:
    """A form that would send its fields elsewhere is refused before anything is sent."""
    site.html("/", '<form method=post action="http://attacker.example/"><button name=decision value=approve></form>')

    with pytest.raises(BrowserError, match=r"attacker\.example is no loopback host"):
        visit(site.address)


def test_a_circle_ends(site: Site) -> None:
    """Redirects in a circle end after 20 requests."""
    site.redirect("/a", "/b")
    site.redirect("/b", "/a")

    with pytest.raises(BrowserError, match=r"gave up after 20 requests, the last to http://127\.0\.0\.1:\d+/b"):
        visit(f"{site.address}/a")

    assert len(site.asked) == 20


@pytest.mark.parametrize(("status", "method"), [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")])
def test_repeats_a_form_only_where_asked(site: Site, status: int, method: str) -> None:
    """307 and 308 send the form on, the other redirects ask with GET (RFC 9110, section 15.4)."""
    site.html("/", '<form method=post action="/first"><button name=decision value=approve>Yes</button></form>')
    site.redirect("/first", "/second", status)
    site.html("/second", "done")

    visit(site.address)

    assert (site.asked[-1].method, bool(site.asked[-1].form)) == (method, method == "POST")


def test_fills_forms_of_every_kind(site: Site) -> None:
    """Selects, checked boxes, text fields and GET forms send what a browser would send."""
    site.html(
        "/",
        """<form action="/next?old=1"><select name=user_id><option value=u1>ada@a.example<option value=u2>ben@b.example
        </select><select name=org><option value=o1>One<option value=o2 selected>Two</select>
        <input name=text value="a b&amp;c"><input type=checkbox name=yes checked><input type=checkbox name=no>
        <input type=hidden name=off value=1 disabled><input type=reset name=reset value=1>
        <button type=button name=script value=1>No</button>
        <input type=submit name=decision value=deny><input type=submit name=decision value=approve></form>""",
    )
    site.html("/next", "done")

    visit(site.address, user="ben@b.example")

    assert site.asked[-1].method == "GET"
    sent = {"user_id": "u2", "org": "o2", "text": "a b&c", "yes": "on", "decision": "approve"}
    assert site.asked[-1].query == sent


def test_leaves_unknown_forms_alone(site: Site) -> None:
    """A client's own page may hold a form; what it asks is not known here, so the visit ends well."""
    site.html("/", "<h1>Welcome</h1><form method=post><input name=newsletter><button>Go</button></form>")

    assert visit(site.address).text == "Welcome\nGo"
    assert site.paths == ["/"]


def test_says_when_a_decision_is_missing(site: Site) -> None:
    """A page that cannot be denied is an error that names what it offers."""
    site.html("/", "<form method=post><button name=decision value=approve>Yes</button></form>")

    with pytest.raises(BrowserError, match="offers no 'deny', only: approve"):
        visit(site.address, decision="deny")


def test_an_http_error_is_said(site: Site) -> None:
    """An error's status and words are told."""
    site.html("/", "<title>x</title><h1>Bad</h1><p>Wrong <i>redirect</i> URI.</p><script>hidden()</script>", 400)

    with pytest.raises(BrowserError, match=r"^http://127\.0\.0\.1:\d+/ answered 400: Bad · Wrong redirect URI\.$"):
        visit(site.address)


def test_an_error_of_another_shape_is_said(site: Site) -> None:
    """An error that is JSON is told as it is, on one line."""
    site.pages["/"] = lambda _: Reply('{\n "error": "invalid_client"\n}', 401, content_type="application/json")

    with pytest.raises(BrowserError, match=r'answered 401: \{ "error": "invalid_client" \}$'):
        visit(site.address)


def test_an_error_page_of_the_sandbox_is_an_error(site: Site) -> None:
    """The sandbox's own error page ends a visit badly whatever its status is."""
    context = {"title": "No", "message": "Not so.", "code": "invalid_scope", "details": [("Asked", "x")], "hint": None}
    site.pages["/"] = lambda _: rendered("error.html", **context)

    with pytest.raises(BrowserError, match=r"says: No · Not so\. · Error · invalid_scope · Asked · x$"):
        visit(site.address)


def test_a_sign_in_without_users_is_an_error(site: Site) -> None:
    """A sign-in page that offers nobody ends a visit badly."""
    context = {"redirect_host": "h", "action": "/", "session": "s", "login_hint": None}
    site.pages["/"] = lambda _: rendered("sign_in.html", users=(), **context)

    with pytest.raises(BrowserError, match="Nobody can sign in"):
        visit(site.address)


def test_nobody_there(site: Site) -> None:
    """A port where nobody listens is one clear error."""
    del site
    with pytest.raises(BrowserError, match=r"^http://127\.0\.0\.1:1/ gave no answer: .*refused"):
        visit("http://127.0.0.1:1/")


def test_a_silent_server_times_out(site: Site) -> None:
    """A server that does not answer ends the visit after the timeout."""

    def silent(_: Asked) -> Reply:
        site.closing.wait()
        return Reply()

    site.pages["/"] = silent

    with pytest.raises(BrowserError, match=r"did not answer within 0\.1 s$"):
        visit(site.address, timeout=0.1)


def test_a_dripping_server_times_out(site: Site) -> None:
    """A server that sends a byte now and then ends the visit after the timeout too."""
    site.pages["/"] = lambda _: Reply(drips=True)

    with pytest.raises(BrowserError, match=r"did not answer within 0\.3 s$"):
        visit(site.address, timeout=0.3)


def test_an_endless_page_is_refused(site: Site) -> None:
    """A body of more than 1 MiB ends the visit."""
    site.html("/", "x" * (browser.MAX_BODY + 1))

    with pytest.raises(BrowserError, match="more than 1 MiB"):
        visit(site.address)


@pytest.mark.parametrize(
    "html",
    [
        "<!--" * 200_000,
        "<a b='" * 150_000,
        "<div>" * 200_000,
        "<form><select><option>" * 40_000,
        "<script><form><input name=user_id></form>",
        "<!-- <form><input name=user_id></form> -->",
        "<meta name=sandbox-page content='<error>'><p>&lt;form&gt;&lt;input name=user_id&gt;",
        "\x00<p \x00>\ufffd</p",
    ],
    ids=["comments", "quotes", "deep", "open", "script", "comment", "escaped", "nul"],
)
def test_hostile_html_ends_quietly(site: Site, html: str) -> None:
    """Broken, huge and disguised HTML is read in no time, and holds no form."""
    site.html("/", html)

    assert visit(site.address).status == 200
    assert site.paths == ["/"]


@pytest.mark.parametrize("trouble", [AssertionError("marked section"), ValueError("4300 digits")])
def test_html_beyond_reading_is_an_error(site: Site, monkeypatch: pytest.MonkeyPatch, trouble: Exception) -> None:
    """HTML that Python's parser gives up on, as it may, is one clear error."""

    def give_up(*_: object) -> None:
        raise trouble

    monkeypatch.setattr(browser._Page, "handle_data", give_up)
    site.html("/", "<p>text</p>")

    with pytest.raises(BrowserError, match="HTML that cannot be read"):
        visit(site.address)


def test_a_name_cannot_disguise_a_user(site: Site) -> None:
    """Whoever has another's address as a part of a name is not taken for the other."""
    site.html(
        "/",
        "<form action=/next><button name=user_id value=u1>xben@b.example.attacker</button>"
        "<button name=user_id value=u2>Ben <bdi>ben@b.example</bdi></button></form>",
    )
    site.html("/next", "done")

    visit(site.address, user="ben@b.example")

    assert site.asked[-1].query == {"user_id": "u2"}


def test_secrets_are_not_said(site: Site) -> None:
    """An error that repeats codes, states or hidden sessions is told without them, and cannot steer a terminal."""
    site.html(
        "/", "<form method=post action=/e><input type=hidden name=session value=s3cr3t><input name=user_id></form>"
    )
    site.html("/e", "<p>Bad code=abc/123 and abc%2F123 of s3cr3t \x1b[31m\u202e</p>", 400)

    with pytest.raises(BrowserError) as caught:
        visit(f"{site.address}/?code=abc%2F123&state=xyz")

    assert str(caught.value).endswith("answered 400: Bad code=… and … of … \ufffd[31m\ufffd")


def test_a_visit_hides_its_url_and_text(flow: Flow) -> None:
    """A visit that is logged shows no code, state or page."""
    assert "the-code" not in repr(visit(flow.url))


def test_writes_unusual_locations_as_a_browser_does(site: Site) -> None:
    """Blanks and letters beyond ASCII in a redirect are encoded, and a fragment is not sent."""
    site.redirect("/", "/näxt page?q=ä b#fragment".encode().decode("latin-1"))
    site.html("/n%C3%A4xt%20page", "done")

    assert visit(site.address).text == "done"
    assert site.asked[-1].query == {"q": "ä b"}


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the program as a client would, with proxies that lead nowhere."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SANDBOX_")}
    proxies = {"http_proxy": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1", "no_proxy": ""}
    command = [sys.executable, "-m", "sandbox.browser", *arguments]
    return subprocess.run(
        command, env=clean | proxies | environment, capture_output=True, text=True, check=False, timeout=30
    )


def test_the_program_tells_the_hops_without_secrets(flow: Flow) -> None:
    """The program prints a line for each request, with neither codes nor states, and exits 0."""
    done = run(flow.url)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == f"GET {flow.site.address}/oauth2/authorize 302"
    assert len(done.stdout.splitlines()) == 6
    assert not {"the-code", "the-state", "kept", "session-one", "?"} & set(done.stdout.replace("/", " ").split())
    assert "?" not in done.stdout


def test_the_environment_steers_the_program(flow: Flow) -> None:
    """As $BROWSER the program gets only a URL, so the environment says who signs in and what is decided."""
    done = run(flow.url, "--quiet", SANDBOX_BROWSER_USER="ben@nearby.example", SANDBOX_BROWSER_DECISION="deny")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (flow.ends["error"], flow.ends["for"]) == ("access_denied", "user_01BEN")


def test_options_outweigh_the_environment(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is said on the command line counts more than the environment."""
    monkeypatch.setenv("SANDBOX_BROWSER_USER", "ben@nearby.example")
    monkeypatch.setenv("SANDBOX_BROWSER_DECISION", "approve")

    assert browser.main([flow.url, "--quiet", "--user", "ada@nearby.example", "--deny"]) == 0
    assert (flow.ends["error"], flow.ends["for"]) == ("access_denied", "user_01ADA")


def test_the_program_fails_in_one_line(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """A refused redirect is one line on standard error after the hops, and exit 1."""
    site.redirect("/", "http://attacker.example/?code=the-code")

    assert browser.main([site.address]) == 1
    told = capsys.readouterr()
    assert told.out == f"GET {site.address}/ 302\n"
    assert told.err == "sandbox-browser: refused to leave this machine: attacker.example is no loopback host\n"


@pytest.mark.parametrize(
    "arguments", [[], ["--timeout", "0", "http://localhost/"], ["--timeout", "nan", "x"], ["a", "b"]]
)
def test_wrong_usage_is_2(arguments: list[str]) -> None:
    """Wrong usage is told by argparse, exit 2."""
    with pytest.raises(SystemExit) as caught:
        browser.main(arguments)

    assert caught.value.code == 2


def test_an_odd_decision_is_wrong_usage(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A decision in the environment that is neither approve nor deny is refused before anything is opened."""
    monkeypatch.setenv("SANDBOX_BROWSER_DECISION", "perhaps")

    with pytest.raises(SystemExit):
        browser.main(["http://localhost:1/"])

    assert "SANDBOX_BROWSER_DECISION is 'perhaps'; it can be approve or deny" in capsys.readouterr().err


def test_goes_on_when_nobody_reads(flow: Flow) -> None:
    """A client may close the program's output; the sign-in ends all the same."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "sandbox.browser", flow.url]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False, timeout=30)
    os.close(writing)

    assert (done.returncode, done.stderr) == (0, b"")
    assert flow.ends["code"] == "the-code"


def test_starts_light() -> None:
    """The program imports nothing slow, because a client waits for it."""
    code = "import sys, sandbox.browser; print(sorted({'flask', 'click', 'mcp', 'asyncio', 'yaml'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


def test_public_values_are_frozen() -> None:
    """A visit and its hops cannot be changed."""
    made = Visit((Hop("GET", "http://localhost/", 200),), "http://localhost/", 200, "")

    with pytest.raises(AttributeError):
        made.status = 500  # type: ignore[misc]
