"""Pages that are read, and forms that are filled in."""

from __future__ import annotations

import pytest

from sandbox.browser import BrowserError, visit
from sandbox.browser.forms import Page
from tests.browser.conftest import Flow
from tests.browser.site import Site


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


def test_says_when_a_decision_is_missing(site: Site) -> None:
    """A page that cannot be denied is an error that names what it offers."""
    site.html("/", "<form method=post><button name=decision value=approve>Yes</button></form>")

    with pytest.raises(BrowserError, match="offers no 'deny', only: approve"):
        visit(site.address, decision="deny")


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

    monkeypatch.setattr(Page, "handle_data", give_up)
    site.html("/", "<p>text</p>")

    with pytest.raises(BrowserError, match="HTML that cannot be read"):
        visit(site.address)
