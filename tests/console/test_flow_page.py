"""The flow's page: the keyboard in an open exchange, what is counted, and a trace that does not come."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import msgspec
import pytest

from sandbox.sandbox import Sandbox
from tests.console.test_open_page import hide
from tests.console.test_pages import connect, fill, page, rows, until, world

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["page", "world"]

pytestmark = pytest.mark.chromium


def opened(page_: Page) -> str | None:
    """Give the number of the exchange that is open."""
    return page_.locator(".exchange:has([aria-expanded=true])").get_attribute("data-number")


def keyboard(page_: Page) -> str:
    """Say where the keyboard is."""
    return str(page_.evaluate("document.activeElement.id || document.activeElement.localName"))


# --- the keyboard ------------------------------------------------------------------------------------------------


def test_arrows_go_on_from_the_open_exchange(world: Sandbox, page: Page, tmp_path: Path) -> None:
    """In an open exchange the arrows lead to the one before and the one after, from its top, and stay in it."""
    connect(world, tmp_path)
    page.goto(world.addresses.console)
    page.locator("#exchange-5 button").focus()
    page.keyboard.press("Enter")
    page.locator("#detail").evaluate("each => { each.scrollTop = 50; }")
    page.keyboard.press("ArrowDown")
    assert "number 6" in page.locator("#detail").inner_text()
    assert (opened(page), keyboard(page)) == ("6", "detail")
    assert page.locator("#detail").evaluate("each => each.scrollTop") == 0
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "close"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert (opened(page), keyboard(page)) == ("4", "detail")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.closest('.exchange').dataset.number") == "4"


def test_arrows_scroll_a_body_that_is_read(world: Sandbox, page: Page, tmp_path: Path) -> None:
    """Where the keyboard is in a body, arrows are the browser's; so are arrows with another key held."""
    connect(world, tmp_path)
    page.set_viewport_size({"width": 1280, "height": 400})
    page.goto(world.addresses.console)
    page.locator("#exchange-3 button").click()
    page.keyboard.press("Shift+ArrowDown")
    page.locator("#detail pre").first.focus()
    before = page.locator("#detail").evaluate("each => each.scrollTop")
    page.keyboard.press("ArrowDown")
    until(page, lambda: page.locator("#detail").evaluate("each => each.scrollTop") != before)
    assert (opened(page), keyboard(page)) == ("3", "pre")


def test_who_reads_is_not_disturbed(world: Sandbox, page: Page, tmp_path: Path) -> None:
    """While other exchanges come, the keyboard stays in the body that is read."""
    connect(world, tmp_path)
    page.goto(world.addresses.console)
    page.locator("#exchange-3 button").click()
    page.locator("#detail pre").first.focus()
    before = len(world.trace)
    httpx2.get(f"{world.addresses.workos}/oauth2/jwks")
    rows(page, before + 1)
    assert (opened(page), keyboard(page)) == ("3", "pre")


# --- what is counted, and what comes -----------------------------------------------------------------------------


def test_the_count_is_of_what_is_shown(world: Sandbox, page: Page, tmp_path: Path) -> None:
    """With a client chosen it says how many of how many, and what others ask meanwhile is counted, and not shown."""
    connect(world, tmp_path)
    message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"clientInfo": {"name": "another"}}}
    httpx2.post(world.mcp_url, json=message, headers={"user-agent": "another"})
    page.goto(world.addresses.console)
    page.locator("#client").select_option(label="another")
    count, every = page.locator("#count"), len(world.trace)
    assert count.text_content() == f"1 of {every} exchanges"
    httpx2.get(f"{world.addresses.workos}/oauth2/jwks")
    until(page, lambda: count.text_content() == f"1 of {every + 1} exchanges")
    assert page.locator(".exchange:visible").count() == 1
    page.locator("#client").select_option(label="all")
    assert count.text_content() == f"{every + 1} exchanges"
    assert page.locator(".exchange:visible").count() == every + 1


def test_a_trace_that_does_not_come_is_asked_for_again(world: Sandbox, chromium: Browser) -> None:
    """Where the trace cannot be had after a switch, the count is of the rows that are there, and it is tried again."""
    page = chromium.new_page()
    fill(world, 4)
    page.goto(world.addresses.console)
    rows(page, 4)
    page.locator("#exchange-1 button").wait_for()
    refused = 0

    def refuse(route: object) -> None:
        nonlocal refused
        refused += 1
        route.abort()  # type: ignore[attr-defined]

    page.route("**/api/trace?*", refuse)
    world.use("expired-token")
    fill(world, 2)
    until(page, lambda: refused > 1)
    assert page.locator(".exchange").count() == 0
    assert page.locator("#count").text_content() == "0 exchanges"
    page.unroute("**/api/trace?*")
    rows(page, 2)
    assert page.locator("#count").text_content() == "2 exchanges"
    page.close()


def test_what_ended_while_the_page_was_away_is_known(world: Sandbox, page: Page) -> None:
    """An exchange that began before a stream was lost and ended meanwhile is there, and a stream that ended is so."""
    fill(world, 3)
    first = next(iter(world.trace))

    def end(number: int, **how: object) -> None:
        world.home.do(lambda: world.trace.add(msgspec.structs.replace(first, number=number, **how)))

    page.goto(world.addresses.console)
    page.locator("#exchange-3 button").wait_for()
    end(5, ended="open", status=200)
    rows(page, 4)
    hide(page, hidden=True)
    end(4)
    next(each for each in world.trace if each.number == 5).ended = "answered"
    hide(page, hidden=False)
    until(page, lambda: page.locator("#exchange-5").get_attribute("data-state") == "good")
    assert page.locator(".exchange").evaluate_all("all => all.map((each) => each.dataset.number)") == list("12345")


def test_what_was_opened_before_the_scripts_came_stays_open(world: Sandbox, page: Page, tmp_path: Path) -> None:
    """Who reads why at once, in the page as it was written, reads on when the findings are asked for."""
    world.use("missing-registration")
    connect(world, tmp_path)
    page.goto(world.addresses.console)
    with page.expect_response("**/api/findings?*"):
        page.locator(".finding details").first.evaluate("each => { each.open = true; each.dataset.written = ''; }")
    until(page, lambda: page.locator("[data-written]").count() == 0)
    assert page.locator(".finding details").first.evaluate("each => each.open")
