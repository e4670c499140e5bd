"""The shelf of scenarios, as a person uses it: what to paste, and buttons that can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox.console.pages import commands
from sandbox.sandbox import Sandbox
from tests.console.test_pages import page, world

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["page", "world"]

pytestmark = pytest.mark.chromium


@pytest.mark.parametrize("width", [360, 1280])
def test_no_button_is_broken_in_the_middle_of_a_word(world: Sandbox, page: Page, width: int) -> None:
    """However long a title is, the button beside it stays on one line."""
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{world.addresses.console}/scenarios")
    heights = page.locator(".shelf button").evaluate_all("all => [...new Set(all.map((each) => each.offsetHeight))]")
    assert len(heights) == 1


def test_a_scenario_says_what_to_paste(world: Sandbox, page: Page) -> None:
    """The commands for clients of one's own name the server that runs, and a button copies each."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{world.addresses.console}/scenarios/missing-registration")
    for who, command in commands(world.mcp_url):
        entry = page.locator("dt", has_text=who).first.locator("+ dd")
        assert entry.locator("code").inner_text() == command
    page.locator(".commands .copy").first.click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == commands(world.mcp_url)[0][1]
