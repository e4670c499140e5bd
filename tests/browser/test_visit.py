"""Where a visit goes, and how it ends."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from sandbox.browser import BrowserError, Decision, Hop, Visit, visit
from tests.browser.conftest import Flow
from tests.browser.site import USERS, Asked, Reply, Site, rendered


def test_approves(flow: Flow) -> None:
    """A visit signs in as the first user, approves, and ends at the client's own page."""
    visited = visit(flow.url)

    assert flow.ends == {"code": "the-code", "state": "the-state", "for": "user_01ADA"}
    assert visited.status == 200
    assert visited.text == "You can close this window."
    assert parse_qs(urlsplit(visited.url).query)["code"] == ["the-code"]


def test_stops_before_the_callback(flow: Flow) -> None:
    """A visit that is told the client's redirect URI ends at the redirect, with the code, and does not open it."""
    callback = f"{flow.site.address.replace('127.0.0.1', 'localhost')}/callback"

    visited = visit(flow.url, callback=callback)

    assert visited.status == 302
    assert visited.url.partition("?")[0] == callback
    assert parse_qs(urlsplit(visited.url).query)["code"] == ["the-code"]
    assert "/callback" not in flow.site.paths


def test_a_callback_may_be_elsewhere(site: Site) -> None:
    """The redirect URI of a client on another machine ends the visit too, as nothing is sent there."""
    site.redirect("/authorize", "https://app.example/callback?code=the-code")

    assert visit(f"{site.address}/authorize", callback="https://app.example/callback").url.endswith("code=the-code")
    with pytest.raises(BrowserError, match="no loopback host"):
        visit(f"{site.address}/authorize", callback="https://app.example/call")


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
def test_confirms_a_device(site: Site, decision: Decision) -> None:
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


@pytest.mark.parametrize(("status", "method"), [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")])
def test_repeats_a_form_only_where_asked(site: Site, status: int, method: str) -> None:
    """307 and 308 send the form on, the other redirects ask with GET (RFC 9110, section 15.4)."""
    site.html("/", '<form method=post action="/first"><button name=decision value=approve>Yes</button></form>')
    site.redirect("/first", "/second", status)
    site.html("/second", "done")

    visit(site.address)

    assert (site.asked[-1].method, bool(site.asked[-1].form)) == (method, method == "POST")


def test_leaves_unknown_forms_alone(site: Site) -> None:
    """A client's own page may hold a form; what it asks is not known here, so the visit ends well."""
    site.html("/", "<h1>Welcome</h1><form method=post><input name=newsletter><button>Go</button></form>")

    assert visit(site.address).text == "Welcome\nGo"
    assert site.paths == ["/"]


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


def test_a_visit_hides_its_url_and_text(flow: Flow) -> None:
    """A visit that is logged shows no code, state or page."""
    assert "the-code" not in repr(visit(flow.url))


def test_public_values_are_frozen() -> None:
    """A visit and its hops cannot be changed."""
    made = Visit((Hop("GET", "http://localhost/", 200),), "http://localhost/", 200, "")

    with pytest.raises(AttributeError):
        made.status = 500  # type: ignore[misc]


def test_chooses_an_organization(site: Site) -> None:
    """Where a person belongs to several organizations, the first one offered is chosen."""

    def organization(asked: Asked) -> Reply:
        if asked.method == "GET":
            offered = [{"id": "org_01ONE", "name": "One"}, {"id": "org_01TWO", "name": "Two"}]
            context = {"client_name": "Claude Code", "action": "/organization", "session": "s1", "another": "/sign-in"}
            return rendered("organization.html", **context, user=USERS[0], organizations=offered)
        return Reply(status=303, headers={"Location": f"/callback?for={asked.form['organization_id']}"})

    site.pages["/organization"] = organization
    site.html("/callback", "<title>Client</title><p>Done.</p>")

    assert visit(f"{site.address}/organization").text == "Done."
    assert site.asked[-1].query == {"for": "org_01ONE"}
