"""What is sent, to which hosts, and for how long an answer is awaited."""

from __future__ import annotations

import pytest

from sandbox.browser import BrowserError, visit
from sandbox.browser.tab import MAX_BODY
from tests.browser.conftest import Flow
from tests.browser.site import Asked, Reply, Site


def test_keeps_cookies_and_hidden_fields(flow: Flow) -> None:
    """A cookie of an earlier answer, Secure or not, comes back on every later request, as do hidden fields."""
    visit(flow.url)

    workos = [asked for asked in flow.site.asked[1:] if asked.path != "/callback"]
    assert {asked.headers.get("Cookie") for asked in workos} == {"sid=kept"}
    assert flow.site.asked[2].form == {"authorization_session_id": "session-one", "user_id": "user_01ADA"}


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


def test_writes_unusual_locations_as_a_browser_does(site: Site) -> None:
    """Blanks and letters beyond ASCII in a redirect are encoded, and a fragment is not sent."""
    site.redirect("/", "/näxt page?q=ä b#fragment".encode().decode("latin-1"))
    site.html("/n%C3%A4xt%20page", "done")

    assert visit(site.address).text == "done"
    assert site.asked[-1].query == {"q": "ä b"}


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
    site.html("/", "x" * (MAX_BODY + 1))

    with pytest.raises(BrowserError, match="more than 1 MiB"):
        visit(site.address)


def test_secrets_are_not_said(site: Site) -> None:
    """An error that repeats codes, states or hidden sessions is told without them, and cannot steer a terminal."""
    site.html(
        "/", "<form method=post action=/e><input type=hidden name=session value=s3cr3t><input name=user_id></form>"
    )
    site.html("/e", "<p>Bad code=abc/123 and abc%2F123 of s3cr3t \x1b[31m\u202e</p>", 400)

    with pytest.raises(BrowserError) as caught:
        visit(f"{site.address}/?code=abc%2F123&state=xyz")

    assert str(caught.value).endswith("answered 400: Bad code=… and … of … \ufffd[31m\ufffd")
