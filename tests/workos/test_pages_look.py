"""The pages a person meets: readable, reachable by keyboard, and unmoved by what a client writes into them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from flask import Flask, Response, render_template, request
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

import sandbox
from sandbox.plain import FILTERS
from tests.conftest import missing
from tests.console.test_pages import AXE

WORKOS: Final = Path(sandbox.__file__).parent / "workos"
POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none';"
    " form-action 'self' http://localhost:* http://127.0.0.1:*"
)
SCRIPT: Final = "<script>alert(1)</script>"
QUOTES: Final = "\"><img src=x onerror=alert(1)> ' {{ 7 * 7 }}"
LONG: Final = ("Interminable" * 17)[:200]
RIGHT_TO_LEFT: Final = "\u202eמחברת \u202dدفتر"
HOSTILE: Final = {"script": SCRIPT, "quotes": QUOTES, "long": LONG, "right-to-left": RIGHT_TO_LEFT}
SHOWN: Final = HOSTILE | {"right-to-left": r"\u202eמחברת \u202dدفتر"}
"""How the pages show them: what turns writing round is written out."""
ACCENTED: Final = "a\u0301"
HEAPED: Final = "a" + "\u0301" * 199
UNSEEN: Final = "\u3164\u200b\u202e"
CLAIMS: Final = HOSTILE | {"accented": ACCENTED, "heaped": HEAPED, "unseen": UNSEEN}

SESSION: Final = {"authorization_session_id": "authorization_session_01"}


V2: Final = {"value": "v2", "label": "Version 2"}


class Person(NamedTuple):
    """A user as the pages see one."""

    id: str
    email: str
    first_name: str | None
    last_name: str | None
    organization_name: str | None = None


class Scope(NamedTuple):
    """A scope as the pages see one."""

    name: str
    meaning: str


class Sample(NamedTuple):
    """A template, and what it is rendered with."""

    template: str
    context: dict[str, Any]


USERS: Final = (
    Person("user_01ADA", "ada@nearby-notebooks.example", "Ada", "Park", "Nearby Notebooks"),
    Person("user_01BEN", "ben@nearby-notebooks.example", "Ben", "Okoro", "Nearby Notebooks"),
    Person("user_01CLEM", "clem@freelance.example", "Clem", "Duarte"),
)

NAMELESS: Final = Person("user_01DORA", "dora@elsewhere.example", None, None)


def pages(claim: str | None = None) -> dict[str, Sample]:
    """Give every page in every state, with `claim` in place of all that a client can fill."""
    app = claim or "Claude Code"
    host = claim or "localhost:51734"
    users = USERS if claim is None else (*USERS, Person("user_01CLAIM", claim, claim, claim, claim))
    scopes = (
        [Scope(claim, claim)]
        if claim
        else [
            Scope("openid", "Know who you are"),
            Scope("email", "See your email address"),
            Scope("offline_access", "Stay connected while you are away"),
            Scope("logs:delete", "Delete logs"),
        ]
    )
    sign_in = {
        "client_name": app,
        "redirect_host": host,
        "users": users,
        "action": "/answer",
        "session": claim or SESSION["authorization_session_id"],
        "login_hint": None,
    }
    organization = {
        "client_name": app,
        "user": users[-1] if claim else users[0],
        "organizations": [
            {"id": "org_01NOTEBOOKS", "name": claim or "Nearby Notebooks"},
            {"id": "org_01PRESS", "name": claim or "Harbour Press"},
        ],
        "action": "/answer",
        "session": claim or SESSION["authorization_session_id"],
        "another": "/oauth2/sign-in",
    }
    consent = {
        "client_name": app,
        "client_id": claim or "client_01K3Z4Q8Y0V7W5B2M9N6R1T4XC",
        "redirect_host": host,
        "redirect_uri": claim or "http://localhost:51734/callback",
        "scopes": scopes,
        "resource": claim or "http://localhost:4101/mcp",
        "user": users[-1] if claim else users[0],
        "organization_name": claim or "Nearby Notebooks",
        "action": "/answer",
        "session": claim or SESSION["authorization_session_id"],
        "another": "/oauth2/sign-in",
        "unverified": True,
        "loopback": True,
    }
    known = {"client_name": "Claude (web and desktop)", "unverified": False, "loopback": False, "resource": None}
    option = {"label": claim or "Terms", "choices": ({"value": "v1", "label": claim or "Version 1"}, V2)}
    away = {"redirect_host": "claude.ai", "redirect_uri": "https://claude.ai/api/mcp/auth_callback"}
    device = {
        "action": "/answer",
        "user_code": claim or "WDJB-MJHT",
        "users": users,
        "client_name": app,
        "scopes": scopes,
        "resource": claim or "http://localhost:4101/mcp",
        "unverified": True,
        "error": None,
        "session": claim or SESSION["authorization_session_id"],
    }
    error = {
        "title": claim or "This app may not come back here",
        "message": claim or "The redirect URI in the request is none of those that the client registered.",
        "code": claim or "invalid_redirect_uri",
        "details": [
            (claim or "Asked for", claim or "http://localhost:51734/callback"),
            (claim or "Registered", claim or "https://claude.ai/api/mcp/auth_callback"),
        ],
        "hint": claim or "WorkOS dashboard, Applications, Redirects: add http://localhost/callback.",
    }
    idp = {
        "provider": claim or "Okta",
        "protocol": "SAML 2.0",
        "connection_name": claim or "Nearby Notebooks Okta",
        "organization_name": claim or "Nearby Notebooks",
        "redirect_host": host,
        "loopback": True,
        "users": [user._asdict() | {"chip": "Outside" if user is users[-1] else None} for user in users],
        "endings": [
            ("signin_consent_denied", claim or "Refuse WorkOS's question whether to sign in"),
            ("oauth_failed", "Answer the authorization request with an error"),
            ("server_error", "Answer with what WorkOS cannot read"),
        ],
        "action": "/answer",
        "session": claim or SESSION["authorization_session_id"],
    }
    google = {
        "provider": claim or "Google",
        "protocol": "OAuth 2.0",
        "connection_name": None,
        "organization_name": None,
    }
    invitation = {
        "email": claim or "dora@elsewhere.example",
        "organization_name": claim or "Harbour Press",
        "is_known": True,
        "token": claim or "invitation_token_01",
        "action": "/answer",
    }
    told = {"title": claim or "You are signed out", "message": claim or "You can close this window."}
    reset = {"email": invitation["email"], "token": claim or "reset_token_01", "error": None, "action": "/answer"}
    return {
        "sign-in": Sample("sign_in.html", sign_in),
        "sign-in-hinted": Sample("sign_in.html", sign_in | {"login_hint": claim or USERS[1].email}),
        "sign-in-unknown": Sample("sign_in.html", sign_in | {"login_hint": claim or "dora@elsewhere.example"}),
        "sign-in-nameless": Sample("sign_in.html", sign_in | {"users": (NAMELESS,) if claim is None else users}),
        "sign-in-nobody": Sample("sign_in.html", sign_in | {"users": ()}),
        "organization": Sample("organization.html", organization),
        "organization-none": Sample("organization.html", organization | {"organizations": ()}),
        "consent": Sample("consent.html", consent),
        "consent-options": Sample("consent.html", consent | {"options": (option,)}),
        "consent-known": Sample("consent.html", consent if claim else consent | known | away),
        "device": Sample("device.html", device | {"client_name": None, "user_code": claim or ""}),
        "device-wrong": Sample("device.html", device | {"client_name": None, "error": claim or "No such code."}),
        "device-confirm": Sample("device.html", device),
        "device-done": Sample("device_done.html", {"approved": True, "client_name": app}),
        "device-denied": Sample("device_done.html", {"approved": False, "client_name": app}),
        "identity-provider": Sample("idp.html", idp),
        "identity-provider-own": Sample("idp.html", idp | google),
        "identity-provider-nobody": Sample("idp.html", idp | {"users": []}),
        "invitation": Sample("invitation.html", invitation),
        "invitation-sign-up": Sample("invitation.html", invitation | {"organization_name": None, "is_known": False}),
        "password-reset": Sample("password_reset.html", reset),
        "password-reset-weak": Sample("password_reset.html", reset | {"error": claim or "It is too short."}),
        "error": Sample("error.html", error),
        "message": Sample("message.html", told),
    }


@dataclass
class Preview:
    """A running preview of the pages, and the forms that were sent to it."""

    address: str
    answers: list[dict[str, str]] = field(default_factory=list)


def preview_app(answers: list[dict[str, str]]) -> Flask:
    """Make an application that renders any page, under the policy that the product sends."""
    app = Flask(
        __name__, template_folder=WORKOS / "templates", static_folder=WORKOS / "static", static_url_path="/_sandbox"
    )
    app.jinja_env.filters |= FILTERS

    @app.get("/<hostile>/<name>")
    def show(hostile: str, name: str) -> str:
        sample = pages(CLAIMS.get(hostile))[name]
        return render_template(sample.template, **sample.context)

    @app.post("/answer")
    def answer() -> str:
        answers.append(request.form.to_dict())
        return "Thank you."

    @app.after_request
    def guard(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = POLICY
        return response

    return app


@pytest.fixture(scope="module")
def preview() -> Iterator[Preview]:
    """Serve the preview on a free port."""
    answers: list[dict[str, str]] = []
    server = make_server("127.0.0.1", 0, preview_app(answers), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Preview(f"http://127.0.0.1:{server.server_port}", answers)
    server.shutdown()
    thread.join()
    server.server_close()


Opener = Callable[..., Page]


@pytest.fixture(scope="module")
def window(chromium: Browser) -> Iterator[Page]:
    """Open one window for the whole module; a page of its own for each test would take a minute."""
    context = chromium.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture
def open_page(window: Page, preview: Preview) -> Opener:
    """Give a function that shows a page of the preview."""

    def opened(name: str, hostile: str = "sample", *, width: int = 900, scheme: Any = "light") -> Page:
        window.set_viewport_size({"width": width, "height": 900})
        window.emulate_media(color_scheme=scheme)
        window.goto(f"{preview.address}/{hostile}/{name}")
        return window

    return opened


FORMS: Final = (
    "sign-in",
    "organization",
    "consent",
    "device",
    "device-confirm",
    "identity-provider",
    "invitation",
    "password-reset",
)
WITH_CONTROLS: Final = {
    *FORMS,
    "organization-none",
    "sign-in-hinted",
    "sign-in-unknown",
    "sign-in-nameless",
    "consent-known",
    "consent-options",
    "device-wrong",
    "identity-provider-own",
    "identity-provider-nobody",
    "invitation-sign-up",
    "password-reset-weak",
}
every_page = pytest.mark.parametrize("name", pages())
every_claim = pytest.mark.parametrize("hostile", HOSTILE)

# For every element that holds text: its contrast with the nearest painted ground (WCAG 2.2, 1.4.3), and what it needs.
# For every control with a border: the contrast of the border, 3 to 1 (1.4.11).
_CONTRASTS: Final = """() => {
  const channels = (color) => color.match(/[\\d.]+/g).map(Number);
  const painted = (color) => { const parts = channels(color); return parts.length === 3 || parts[3] === 1; };
  const luminance = (color) => {
    const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = channels(color).map((c) => linear(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (painted(color)) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const seen = [];
  for (const element of document.body.querySelectorAll("*")) {
    const style = getComputedStyle(element);
    const own = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (own || element.matches("input.code")) {
      const size = parseFloat(style.fontSize);
      const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
      const what = `${element.tagName} ${element.textContent.trim().slice(0, 40)}`;
      seen.push({ what, ratio: ratio(style.color, ground(element)), needed: large ? 3 : 4.5 });
    }
    if (element.matches("button, input.code, label.person")) {
      const around = ground(element.parentElement);
      seen.push({ what: `border of ${element.tagName}`, ratio: ratio(style.borderTopColor, around), needed: 3 });
    }
  }
  return seen;
}"""


def names_of_controls(page: Page) -> list[tuple[str, str]]:
    """Give role and accessible name of each control, as the browser tells assistive technology."""
    session = page.context.new_cdp_session(page)
    tree = session.send("Accessibility.getFullAXTree")
    session.detach()
    controls = {"button", "textbox", "radio", "link", "combobox", "checkbox"}
    return [
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in tree["nodes"]
        if not node["ignored"] and node["role"]["value"] in controls
    ]


def focused(page: Page) -> str:
    """Give the value, or else the name, of the control that has the keyboard."""
    return str(page.evaluate("document.activeElement.value || document.activeElement.name || ''"))


def tab_to(page: Page, value: str) -> None:
    """Press Tab until the control with this value or name has the keyboard."""
    for _ in range(12):
        page.keyboard.press("Tab")
        if focused(page) == value:
            return
    pytest.fail(f"no control {value!r} within 12 presses of Tab")


@pytest.mark.chromium
@every_page
@every_claim
def test_what_a_client_writes_is_only_text(open_page: Opener, name: str, hostile: str) -> None:
    """Markup, quotes and long words in a client's values are shown, turned writing is written out; they do nothing."""
    page = open_page(name, hostile, width=390)

    shown = page.locator("body").inner_text()
    values = page.locator("input").evaluate_all("all => all.map((each) => each.value)")
    assert SHOWN[hostile] in shown or HOSTILE[hostile] in values
    assert not any(turning in shown for turning in "\u202d\u202e")
    assert page.locator("script, img, body *:is([onerror], [style])").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.chromium
@pytest.mark.parametrize("name", ["sign-in", "organization", "consent", "device-confirm", "device-done"])
def test_marks_stay_within_their_lines(open_page: Opener, name: str) -> None:
    """Two hundred accents on one letter of a name paint neither over the heading nor over the banner."""

    def above(hostile: str) -> list[bytes]:
        page = open_page(name, hostile, width=390)
        return [page.locator(each).screenshot() for each in ("h1", ".banner", ".mark")]

    assert above("heaped") == above("accented")


@pytest.mark.chromium
@pytest.mark.parametrize(("hostile", "letter"), [("right-to-left", "מ"), ("heaped", "A"), ("unseen", "?")])
def test_a_tile_is_never_blank(open_page: Opener, hostile: str, letter: str) -> None:
    """The letter that stands for a client is one that is seen."""
    assert open_page("consent", hostile).locator(".tile").inner_text() == letter


@pytest.mark.chromium
def test_who_has_no_name_is_called_by_the_address(open_page: Opener) -> None:
    """A user whom the API made without a name is offered by the email address, with its letter."""
    person = open_page("sign-in-nameless").locator(".person")

    assert person.locator(".avatar").inner_text() == "D"
    assert person.locator(".name").inner_text() == "dora@elsewhere.example"


@pytest.mark.chromium
@every_page
@pytest.mark.parametrize("width", [320, 390, 1024])
def test_no_page_scrolls_sideways(open_page: Opener, name: str, width: int) -> None:
    """A page is only as wide as the screen."""
    page = open_page(name, width=width)

    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.chromium
@every_page
def test_every_control_has_a_name(open_page: Opener, name: str) -> None:
    """Whoever hears the page instead of seeing it learns what every control does."""
    controls = names_of_controls(open_page(name))

    assert all(label.strip() for _, label in controls)
    assert bool(controls) == (name in WITH_CONTROLS)


@pytest.mark.chromium
@every_page
def test_a_page_has_one_heading_and_its_landmarks(open_page: Opener, name: str) -> None:
    """A page has a title, one main heading, one main part, and the banner that says what this place is."""
    page = open_page(name)

    assert page.title().endswith(" · Sandbox")
    assert page.get_by_role("heading", level=1).count() == 1
    assert page.get_by_role("main").count() == 1
    assert "Sandbox on this machine." in page.get_by_role("banner").inner_text()


@pytest.mark.chromium
@every_page
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out(open_page: Opener, name: str, scheme: str) -> None:
    """Text and the edges of controls have the contrast that WCAG 2.2 AA asks for, by day and by night."""
    seen = open_page(name, scheme=scheme).evaluate(_CONTRASTS)

    assert seen
    assert [item for item in seen if item["ratio"] < item["needed"]] == []


@pytest.mark.chromium
@every_page
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_page: Opener, name: str, scheme: str) -> None:
    """No page has what axe-core, the judge of WCAG, objects to."""
    if not AXE.exists():
        missing("axe-core")
    page = open_page(name, scheme=scheme, width=360)

    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")["violations"]

    assert [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in found] == []


@pytest.mark.chromium
@every_page
def test_a_page_needs_only_its_stylesheet(chromium: Browser, preview: Preview, name: str) -> None:
    """A page loads itself and one stylesheet, and breaks none of its own policy."""
    asked: list[str] = []
    complaints: list[str] = []
    context = chromium.new_context()
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url.removeprefix(preview.address)))
    page.on("console", lambda message: complaints.append(message.text))

    page.goto(f"{preview.address}/sample/{name}")
    context.close()

    assert [url for url in asked if not url.startswith("data:")] == [f"/sample/{name}", "/_sandbox/sandbox.css"]
    assert complaints == []


@pytest.mark.chromium
def test_signing_in_by_keyboard(open_page: Opener, preview: Preview) -> None:
    """A person without a mouse picks a user with Tab and Enter."""
    page = open_page("sign-in")

    tab_to(page, "user_01BEN")
    page.keyboard.press("Enter")
    page.wait_for_url("**/answer")

    assert preview.answers[-1] == SESSION | {"user_id": "user_01BEN"}


@pytest.mark.chromium
def test_choosing_an_organization_by_keyboard(open_page: Opener, preview: Preview) -> None:
    """A person without a mouse picks an organization with Tab and Enter."""
    page = open_page("organization")

    tab_to(page, "org_01PRESS")
    page.keyboard.press("Enter")
    page.wait_for_url("**/answer")

    assert preview.answers[-1] == SESSION | {"organization_id": "org_01PRESS"}


@pytest.mark.chromium
@pytest.mark.parametrize("decision", ["approve", "deny"])
def test_deciding_by_keyboard(open_page: Opener, preview: Preview, decision: str) -> None:
    """A person without a mouse approves or denies."""
    page = open_page("consent")

    tab_to(page, decision)
    page.keyboard.press("Enter")
    page.wait_for_url("**/answer")

    assert preview.answers[-1] == SESSION | {"decision": decision}


@pytest.mark.chromium
def test_choosing_what_the_app_asks_besides_by_keyboard(open_page: Opener, preview: Preview) -> None:
    """A consent option is named, reached and changed without a mouse."""
    page = open_page("consent-options")

    page.get_by_role("combobox", name="Terms").focus()
    page.keyboard.press("ArrowDown")
    tab_to(page, "approve")
    page.keyboard.press("Enter")
    page.wait_for_url("**/answer")

    assert preview.answers[-1] == SESSION | {"option_0": "v2", "decision": "approve"}


@pytest.mark.chromium
def test_entering_a_code_by_keyboard(open_page: Opener, preview: Preview) -> None:
    """A person without a mouse types the code and presses Enter."""
    page = open_page("device")

    tab_to(page, "user_code")
    page.keyboard.type("wdjb-mjht")
    page.keyboard.press("Enter")
    page.wait_for_url("**/answer")

    assert preview.answers[-1] == SESSION | {"user_code": "wdjb-mjht"}


@pytest.mark.chromium
def test_setting_a_password_by_keyboard(open_page: Opener, preview: Preview) -> None:
    """A person without a mouse types the password, as it is written, and presses Enter."""
    page = open_page("password-reset")

    tab_to(page, "new_password")
    page.keyboard.type("A new Password")
    page.keyboard.press("Enter")
    page.wait_for_url("**/answer")

    assert preview.answers[-1] == {"token": "reset_token_01", "new_password": "A new Password"}


@pytest.mark.chromium
def test_confirming_a_device_by_keyboard(open_page: Opener, preview: Preview) -> None:
    """A person without a mouse chooses another user with an arrow, then approves."""
    page = open_page("device-confirm")

    tab_to(page, "user_01ADA")
    page.keyboard.press("ArrowDown")
    tab_to(page, "approve")
    page.keyboard.press("Enter")
    page.wait_for_url("**/answer")

    assert preview.answers[-1] == SESSION | {"user_code": "WDJB-MJHT", "user_id": "user_01BEN", "decision": "approve"}


@pytest.mark.chromium
def test_choosing_at_an_identity_provider_by_keyboard(open_page: Opener, preview: Preview) -> None:
    """A person without a mouse chooses another user with an arrow, then signs in."""
    page = open_page("identity-provider")

    tab_to(page, "user_01ADA")
    page.keyboard.press("ArrowDown")
    tab_to(page, "approve")
    page.keyboard.press("Enter")
    page.wait_for_url("**/answer")

    assert preview.answers[-1] == SESSION | {"user_id": "user_01BEN", "decision": "approve"}


@pytest.mark.chromium
@pytest.mark.parametrize("decision", ["deny", "signin_consent_denied", "oauth_failed", "server_error"])
def test_an_identity_provider_fails_by_keyboard(open_page: Opener, preview: Preview, decision: str) -> None:
    """A person without a mouse refuses, or lets the identity provider fail in one of its ways."""
    page = open_page("identity-provider")

    tab_to(page, decision)
    page.keyboard.press("Space")
    page.wait_for_url("**/answer")

    assert preview.answers[-1]["decision"] == decision


@pytest.mark.chromium
def test_the_first_enter_at_an_identity_provider_signs_in(open_page: Opener, preview: Preview) -> None:
    """Enter in the list of people signs in, and does not refuse."""
    page = open_page("identity-provider")

    tab_to(page, "user_01ADA")
    page.keyboard.press("Enter")
    page.wait_for_url("**/answer")

    assert preview.answers[-1] == SESSION | {"user_id": "user_01ADA", "decision": "approve"}


@pytest.mark.chromium
@pytest.mark.parametrize("name", FORMS)
def test_the_keyboard_is_seen(open_page: Opener, name: str) -> None:
    """The control that has the keyboard wears a ring, itself or by its label."""
    page = open_page(name)

    page.keyboard.press("Tab")
    ring = page.evaluate(
        "() => { const at = document.activeElement; const ringed = at.closest('label') || at;"
        " return getComputedStyle(ringed).outlineStyle; }"
    )

    assert ring == "solid"


@pytest.mark.chromium
def test_a_hinted_user_comes_first(open_page: Opener) -> None:
    """The user whom the app suggests by login_hint is offered first (OpenID Connect Core, section 3.1.2.1)."""
    first = open_page("sign-in-hinted").get_by_role("button").first

    assert first.get_attribute("value") == "user_01BEN"
    assert "Suggested" in first.inner_text()


@pytest.mark.chromium
def test_leaving_this_machine_is_said(open_page: Opener) -> None:
    """A consent that sends the browser elsewhere says so, and does not promise that nothing leaves localhost."""
    text = open_page("consent-known").locator("body").inner_text()

    assert "claude.ai" in text
    assert "Leaves this machine" in text
    assert "nothing leaves localhost" not in text


@pytest.mark.chromium
def test_an_unchecked_name_is_said_to_be_one(open_page: Opener) -> None:
    """A client that registered itself is said to have chosen its own name (RFC 7591, section 5)."""
    assert "Its name is its own claim" in open_page("consent").locator("main").inner_text()
    assert "Its name is its own claim" not in open_page("consent-known").locator("main").inner_text()
