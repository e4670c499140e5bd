"""A page left open: the sandbox ends, starts again as another, and is steered from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx2
import pytest

from sandbox.console.pages import commands
from sandbox.sandbox import Ports, Sandbox
from sandbox.scenario import read_value
from tests.console.test_dashboard import REGISTRATION, row
from tests.console.test_pages import connect, fill, page, rows, steps, told, until, world

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

__all__ = ["page", "world"]

pytestmark = pytest.mark.chromium

GONE: Final = "The sandbox does not answer; this page is as it was."
LISTENING: Final = ("/", "/scenarios", "/scenarios/expired-token", "/dashboard", "/learn", "/learn/4-registration")


class Anew:
    """A sandbox that ends and is started again on the same ports."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self.world = self._open.enter_context(Sandbox())
        ports = self.world.addresses
        self._ports = Ports(*(int(getattr(ports, name).rpartition(":")[2]) for name in Ports._fields))

    def end(self) -> None:
        """End it."""
        self._open.close()

    def start(self, scenario: str) -> Sandbox:
        """Start it as another."""
        self.world = self._open.enter_context(Sandbox(scenario, ports=self._ports))
        return self.world


@pytest.fixture
def anew() -> Iterator[Anew]:
    """Give a sandbox that may end before the test does."""
    anew = Anew()
    yield anew
    anew.end()


@pytest.fixture
def left(chromium: Browser) -> Iterator[Page]:
    """Give a page on which no script fails; that nobody answers is no mistake of its own."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page = context.new_page()
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    context.close()
    assert said == []


def hide(page: Page, *, hidden: bool) -> None:
    """Let the page believe that nobody sees it, or that somebody does again."""
    script = "(is) => { Object.defineProperty(document, 'hidden', { value: is, configurable: true }); "
    page.evaluate(script + "document.dispatchEvent(new Event('visibilitychange')); }", hidden)


def says(page: Page, text: str) -> Callable[[], bool]:
    """Ask whether the header names a scenario."""
    return lambda: page.locator("#running").text_content() == text


# --- another process ---------------------------------------------------------------------------------------------


def test_another_process_is_another_world(anew: Anew, left: Page, tmp_path: Path) -> None:
    """A page shows the rows, findings, header and commands of one world, though a client was there before the page."""
    left.goto(anew.world.addresses.console)
    connect(anew.world, tmp_path)
    rows(left, len(anew.world.trace))
    assert len(anew.world.trace) > 10
    left.locator("#exchange-2 button").click()
    anew.end()
    world = anew.start("authorize-url-as-issuer")
    connect(world, tmp_path)
    until(left, says(left, "authorize-url-as-issuer"))
    rows(left, len(world.trace))
    assert steps(left) == told(world)
    assert left.locator("#detail").is_hidden()
    assert left.locator("#running-title").text_content() == world.scenario.title
    assert left.locator("#mcp-url + .copy").get_attribute("data-copy") == world.mcp_url
    assert left.locator(".commands code").first.text_content() == commands(world.mcp_url)[0][1]
    assert left.locator("#fix").is_enabled()
    until(left, lambda: left.locator(".finding h2").all_text_contents() == [each.title for each in world.findings])
    shown = left.locator("[data-finding]").evaluate_all("all => all.map((each) => Number(each.dataset.number))")
    assert shown == sorted({number for finding in world.findings for number in finding.exchanges})


def test_another_process_that_nobody_asked_is_empty(anew: Anew, left: Page, tmp_path: Path) -> None:
    """When nobody has connected to the new process, the page has no rows, no words of a client, and no findings."""
    anew.world.use("missing-registration")
    left.goto(anew.world.addresses.console)
    left.locator(".running [data-own]").click()
    left.locator("#own", has_text="The client printed").wait_for(timeout=20_000)
    left.locator(".finding").wait_for()
    connect(anew.world, tmp_path)
    anew.end()
    anew.start("healthy")
    until(left, says(left, "healthy"))
    rows(left, 0)
    assert left.locator("#empty").is_visible()
    assert left.locator("#count").text_content() == "0 exchanges"
    assert left.locator("#own").is_hidden()
    assert left.locator(".finding").count() == 0
    assert left.locator("#fix").is_disabled()


def test_a_lost_stream_of_the_same_run_keeps_what_is_open(world: Sandbox, page: Page) -> None:
    """A page that comes back to the run it knows keeps its rows, and the exchange that somebody reads."""
    fill(world, 3)
    streams = 0

    def cut(route: Route) -> None:
        nonlocal streams
        streams += 1
        if streams == 1:  # a stream that tells the run, and ends; the browser comes back after a while
            said = '{"run": "%s", "name": "healthy", "title": "", "mcp": "%s", "can_fix": false, "of_library": true}'
            data = said % (world.trace.run, world.mcp_url)
            body = f"retry: 1500\nevent: scenario\ndata: {data}\n\n"
            route.fulfill(status=200, content_type="text/event-stream", body=body)
        else:
            route.continue_()

    page.route("**/api/events", cut)
    page.goto(world.addresses.console)
    page.locator("#exchange-2 button").click()
    fill(world, 1)
    until(page, lambda: streams == 2)
    rows(page, 4)
    assert "number 2" in page.locator("#detail").inner_text()


# --- nobody answers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", LISTENING)
def test_a_page_says_that_nobody_answers(path: str, anew: Anew, left: Page) -> None:
    """A page whose sandbox has ended says so without a jump, its buttons wait, and all comes back with the sandbox."""
    left.add_init_script(
        "window.moved = 0; new PerformanceObserver((list) => { for (const each of list.getEntries()) "
        "window.moved += each.value; }).observe({ type: 'layout-shift', buffered: true });"
    )
    with left.expect_response("**/api/events"):
        left.goto(anew.world.addresses.console + path)
    line = left.get_by_text(GONE)
    begins = left.locator(".running").get_by_role("button", name="Begin anew")
    assert (line.count(), begins.is_enabled()) == (0, True)
    begins.focus()
    left.wait_for_timeout(800)  # what scripts take over has taken its place
    before = left.evaluate("[window.moved, document.documentElement.scrollHeight]")
    anew.end()
    line.wait_for()
    assert left.get_by_role("status").filter(has=line).or_(line).count() == 1
    acts = left.locator('form[method="post"] button, .setting select, .setting input[type=checkbox]').all()
    assert [each for each in acts if each.is_enabled()] == []
    assert left.evaluate("[window.moved, document.documentElement.scrollHeight]") == before
    anew.start("expired-token")
    line.wait_for(state="detached")
    until(left, begins.is_enabled)
    assert begins.evaluate("each => each === document.activeElement"), "the keyboard is where it was"
    until(left, says(left, "expired-token"))
    assert left.locator("#fix").is_enabled()


def test_a_stream_that_is_refused_is_asked_for_anew(world: Sandbox, left: Page) -> None:
    """Where something else answers for a moment, which ends a stream for good, the page asks for another."""
    left.route("**/api/events", lambda route: route.fulfill(status=503), times=1)
    left.goto(world.addresses.console)
    left.get_by_text(GONE).wait_for()
    left.get_by_text(GONE).wait_for(state="detached")
    fill(world, 1)
    rows(left, 1)


def test_what_is_typed_outlives_the_sandbox(anew: Anew, left: Page) -> None:
    """A text that is being typed on the dashboard stays, is still typed, and is saved once the sandbox is back."""
    left.goto(f"{anew.world.addresses.console}/dashboard")
    field = left.get_by_label("access_token.lifetime", exact=True)
    field.fill("1")
    anew.end()
    left.get_by_text(GONE).wait_for()
    left.keyboard.type("h")
    left.keyboard.press("Enter")
    world = anew.start("healthy")
    left.get_by_text(GONE).wait_for(state="detached")
    assert (left.url, field.input_value()) == (f"{world.addresses.console}/dashboard", "1h")
    field.press("Enter")
    until(left, lambda: world.world.workos.access_token.lifetime == "1h")


# --- steered from elsewhere --------------------------------------------------------------------------------------


def test_a_scenario_page_follows_a_switch(world: Sandbox, page: Page) -> None:
    """The header names what runs, and the page's own button says whether it is that."""
    page.goto(f"{world.addresses.console}/scenarios/expired-token")
    run = page.locator("article").get_by_role("button")
    assert run.inner_text() == "Run it"
    run.focus()
    world.use("expired-token")
    until(page, lambda: run.inner_text() == "Run it anew")
    assert says(page, "expired-token")()
    assert run.evaluate("each => each === document.activeElement")
    world.use("healthy")
    until(page, lambda: run.inner_text() == "Run it")


def test_a_lesson_follows_a_switch(world: Sandbox, page: Page) -> None:
    """A lesson whose world is run elsewhere offers what is to be done in it, and its open hints stay open."""
    page.goto(f"{world.addresses.console}/learn/4-registration")
    article = page.locator("article")
    page.get_by_text("Hint 1").click()
    assert article.get_by_role("button").all_inner_texts() == ["Run this world"]
    world.use("missing-registration")
    until(page, lambda: article.get_by_role("button", name="Apply the fix").is_visible())
    assert article.locator("#begin").inner_text() == "Begin anew"
    assert article.get_by_role("button", name="Let a client connect").is_enabled()
    assert page.locator(".hint p").first.is_visible()
    world.fix()
    until(page, lambda: article.get_by_role("button", name="Apply the fix").count() == 0)
    world.use("healthy")
    until(page, lambda: article.get_by_role("button").all_inner_texts() == ["Run this world"])


def test_the_shelf_follows_a_switch(world: Sandbox, page: Page) -> None:
    """The mark is at what runs now, among those that the words found."""
    page.goto(f"{world.addresses.console}/scenarios?q=registration")
    before = page.locator(".cards li").count()
    assert page.locator(".runs").count() == 0
    world.use("missing-registration")
    until(page, lambda: page.locator(".runs code").all_inner_texts() == ["missing-registration"])
    assert page.locator(".cards li").count() == before


def test_a_scenario_of_ones_own_has_no_page_to_lead_to(world: Sandbox, page: Page) -> None:
    """The name in the header leads to a page where the library has one, also after a switch."""
    own = {"title": "Mine", "story": "Mine.", "step": "token", "faults": [{"at": "token", "status": 503}]}
    page.goto(f"{world.addresses.console}/learn")
    world.use(read_value({**own, "cause": "It is.", "fix": "None.", "expect": {"connects": True}}, name="mine"))
    until(page, says(page, "mine"))
    assert page.locator(".what > a").get_attribute("href") is None
    world.use("expired-token")
    until(page, says(page, "expired-token"))
    assert page.locator(".what > a").get_attribute("href") == "/scenarios/expired-token"


def test_a_change_reaches_another_window(world: Sandbox, page: Page) -> None:
    """A setting changed in one window, or by a program, is changed in every other; what somebody typed there stays."""
    page.goto(f"{world.addresses.console}/dashboard")
    other = page.context.new_page()
    other.goto(f"{world.addresses.console}/dashboard")
    typed = other.get_by_label("access_token.lifetime", exact=True)
    typed.fill("1h")
    elsewhere = other.get_by_label("issuer_path", exact=True)
    elsewhere.focus()
    page.get_by_role("switch", name="dynamic_client_registration").click()
    until(page, lambda: not other.get_by_role("switch", name="dynamic_client_registration").is_checked())
    assert "registration_endpoint" in row(other, REGISTRATION).locator(".shows").inner_text()
    settings = {"workos": {"access_token": {"lifetime": "2h"}, "mode": "production"}}
    httpx2.patch(f"{world.addresses.console}/api/world", json=settings)
    until(page, lambda: other.locator('[id="control-workos.mode"]').input_value() == "production")
    assert typed.input_value() == "1h"
    assert elsewhere.evaluate("each => each === document.activeElement")
    until(page, lambda: page.get_by_label("access_token.lifetime", exact=True).input_value() == "2h")


# --- more pages than connections ---------------------------------------------------------------------------------


def test_a_page_that_nobody_sees_holds_no_stream(world: Sandbox, page: Page) -> None:
    """A hidden page lets go of its stream, and when it is seen again it shows what happened meanwhile."""
    alone = len(world.trace._listeners)
    page.goto(world.addresses.console)
    until(page, lambda: len(world.trace._listeners) == alone + 1)
    hide(page, hidden=True)
    until(page, lambda: len(world.trace._listeners) == alone)
    fill(world, 3)
    world.use("expired-token")
    fill(world, 2)
    hide(page, hidden=False)
    until(page, says(page, "expired-token"))
    rows(page, 2)
