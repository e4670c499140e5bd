"""Single sign-on in Debian's Chromium: by mouse, by keyboard alone, and refused."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from werkzeug.serving import make_server

from sandbox.browser import visit
from sandbox.sandbox import Sandbox
from tests.workos.sso.walk import APP, CLIENT, OKTA

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.chromium


@pytest.fixture(scope="module")
def world() -> Iterator[Sandbox]:
    """Give the healthy world, on a thread of its own."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def app() -> Iterator[str]:
    """Give the redirect URI of an app that takes whoever comes back."""

    def back(_environ: object, start_response: Callable[..., object]) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/html")])
        return [b"<link rel=icon href=data:,>back"]

    server = make_server("127.0.0.1", 0, back)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.server_port}/callback"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """Give a page on which nothing is refused, and an app that takes the browser back."""
    context = chromium.new_context()
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert said == []


def url(world: Sandbox, app: str, **selector: str) -> str:
    """Give where the app sends the browser."""
    asked = {"response_type": "code", "client_id": CLIENT, "redirect_uri": app, "state": "s"} | selector
    return f"{world.addresses.workos}/sso/authorize?{urlencode(asked)}"


def sent_back(page: Page) -> dict[str, str]:
    """Wait until the app has the browser back; give what it got."""
    page.wait_for_url("**/callback?**")
    return {name: value for name, (value,) in parse_qs(urlsplit(page.url).query).items()}


def test_by_mouse(world: Sandbox, page: Page, app: str) -> None:
    """A person picks somebody, presses the button, and is back with a code."""
    page.goto(url(world, app, connection=OKTA))
    page.get_by_text("Ben Okoro").click()
    page.get_by_role("button", name="Sign in", exact=True).click()
    assert set(sent_back(page)) == {"code", "state"}


def test_by_keyboard(world: Sandbox, page: Page, app: str) -> None:
    """A person without a mouse does the same with Tab, an arrow and Enter."""
    page.goto(url(world, app, provider="GoogleOAuth"))
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert set(sent_back(page)) == {"code", "state"}


@pytest.mark.parametrize(
    ("button", "error"),
    [
        ("Refuse", "access_denied"),
        ("Refuse WorkOS's question whether to sign in signin_consent_denied", "signin_consent_denied"),
        ("Answer with what WorkOS cannot read server_error", "server_error"),
    ],
)
def test_the_provider_refuses(world: Sandbox, page: Page, app: str, button: str, error: str) -> None:
    """Each refusal is a button, and the app gets its error."""
    page.goto(url(world, app, connection=OKTA))
    page.get_by_role("button", name=button, exact=True).click()
    assert sent_back(page)["error"] == error


def test_without_a_person(world: Sandbox) -> None:
    """The product's own stand-in for a person signs in there too, and can refuse."""
    vouched = visit(url(world, APP, connection=OKTA), user="ada@nearby-notebooks.example", callback=APP)
    assert "code=" in vouched.url
    refused = visit(url(world, APP, connection=OKTA), decision="deny", callback=APP)
    assert "error=access_denied" in refused.url
