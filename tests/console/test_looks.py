"""How the console stands: on narrow and wide screens, without scripts, and with what strangers call themselves."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx2
import pytest

from sandbox.sandbox import Sandbox
from tests.console.test_pages import PATHS, connect, page, until, world

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

__all__ = ["page", "world"]

pytestmark = pytest.mark.chromium

TURNED: Final = "evil \u202egnp.live"
TURNED_SHOWN: Final = r"evil \u202egnp.live"


WORDS: Final = """all => all.map((each) => {
  const range = document.createRange();
  range.selectNodeContents(each);
  const { left, right, top, height } = range.getBoundingClientRect();
  return { left, right, top, height };
})"""
"""Where the words of elements stand, whatever room the elements have."""


def boxes(of: Locator) -> list[Any]:
    """Give where each of them stands: x, y, width and height in pixels."""
    assert of.count()
    return [each.bounding_box() for each in of.all()]


# --- narrow and wide ---------------------------------------------------------------------------------------------


def test_words_stack_below_their_client(world: Sandbox, page: Page) -> None:
    """On a phone what a client prints has the whole width, below the client's name, and nothing scrolls sideways."""
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(f"{world.addresses.console}/scenarios/missing-registration")
    table = page.locator(".wide:has(.stacks)")
    assert table.evaluate("each => each.scrollWidth <= each.clientWidth")
    for client, words in zip(boxes(table.locator("tbody th")), boxes(table.locator("td")), strict=True):
        assert words["width"] > 300
        assert words["y"] >= client["y"] + client["height"] - 1


@pytest.mark.parametrize("width", [360, 800, 1000, 1280])
def test_a_short_exchange_stands_at_the_top(width: int, world: Sandbox, page: Page, tmp_path: Path) -> None:
    """It takes the height of its words however high the window is, and a label is level with its value."""
    connect(world, tmp_path)
    page.set_viewport_size({"width": width, "height": 3000})
    page.goto(world.addresses.console)
    page.locator(".exchange button", has_text="resource-metadata").first.click()
    first, last = boxes(page.locator("#detail > :first-child, #detail > :last-child"))
    assert last["y"] + last["height"] - first["y"] < 1000
    names, values = (page.locator(f"#detail {each}").evaluate_all(WORDS) for each in ("th", "td"))
    assert names
    assert all(abs(name["top"] - value["top"]) < 1 for name, value in zip(names, values, strict=True))


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("width", [800, 1280])
def test_names_and_labels_have_room(width: int, large: bool, world: Sandbox, page: Page, tmp_path: Path) -> None:  # noqa: FBT001
    """The names above the lifelines stand on one line and apart; beside an open exchange the labels are whole."""
    connect(world, tmp_path)
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(world.addresses.console)
    if large:
        page.locator("#size").click()
    if width == 1280:
        page.locator(".exchange button").first.click()
    heads = page.locator(".lifelines span")
    words = heads.evaluate_all(WORDS)
    assert len({each["height"] for each in words}) == 1
    assert all(after["left"] - each["right"] > 6 for each, after in pairwise(words))
    for what in ("GET /oauth2/authorize", "GET /oauth2/jwks", "POST /oauth2/token"):
        assert page.locator(".label", has_text=what).first.evaluate("each => each.scrollWidth <= each.clientWidth")


@pytest.mark.parametrize("width", [320, 360])
def test_the_header_is_two_lines_however_large_the_words_are(width: int, world: Sandbox, page: Page) -> None:
    """With large words the mark and the buttons stay on one line, and the pages on another."""
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(world.addresses.console)
    page.locator("#size").click()
    assert len({each["y"] for each in boxes(page.locator(".bar nav a"))}) == 1
    brand, look = boxes(page.locator(".brand, .look"))
    assert look["y"] < brand["y"] + brand["height"]
    assert look["x"] + look["width"] <= width


@pytest.mark.parametrize("width", [360, 1280, 1920, 2560])
def test_all_begins_at_one_edge(width: int, world: Sandbox, page: Page) -> None:
    """The mark, what runs and the content begin at one left edge on every screen."""
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{world.addresses.console}/scenarios")
    starts = [each["x"] for each in boxes(page.locator(".brand, .running > :first-child, main > :first-child"))]
    assert len(starts) == 3
    assert max(starts) - min(starts) < 1


# --- without scripts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*PATHS, "/dashboard"])
def test_without_scripts_every_control_does_something(path: str, world: Sandbox, chromium: Browser) -> None:
    """What only scripts make work is not there without them: whatever is left sends a form, or is a link."""
    context = chromium.new_context(java_script_enabled=False)
    page_ = context.new_page()
    page_.goto(world.addresses.console + path)
    assert page_.locator(":is(button, input, select):visible").count() >= 3
    assert page_.locator(":is(button, input, select):not(form *):visible").count() == 0
    assert page_.locator("#png:visible").count() == 0
    context.close()


# --- what strangers call themselves ------------------------------------------------------------------------------


def test_a_clients_name_is_shown_as_it_is_written(world: Sandbox, page: Page) -> None:
    """What turns writing round is written out, in the state and beside a finding, by the page and by its script."""
    world.use("missing-registration")
    register(world, TURNED)
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": TURNED, "version": "1"}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}
    with httpx2.Client(headers={"user-agent": "one"}) as client:
        client.post(world.mcp_url, json=message)
        client.get(f"{world.addresses.workos}/.well-known/oauth-authorization-server")
    assert TURNED in world.findings[0].client
    assert f"<bdi>{TURNED_SHOWN}" in httpx2.get(world.addresses.console).text
    page.goto(world.addresses.console)
    page.locator(".exchange button").first.wait_for()
    until(page, lambda: page.locator(".finding a").evaluate_all("all => all.length > 0"))
    page.wait_for_timeout(500)  # findings are asked for a quarter of a second after a page is there
    assert page.locator(".finding bdi").inner_text() == TURNED_SHOWN


def register(world: Sandbox, name: str) -> None:
    """Register a client of this name."""
    wants = {"client_name": name, "redirect_uris": ["http://localhost:9/cb"]}
    httpx2.post(f"{world.addresses.workos}/oauth2/register", json=wants)


def test_a_long_name_breaks(world: Sandbox, page: Page) -> None:
    """A name of two hundred wide letters makes no table wider, and one that turns writing is written out in it."""
    register(world, "Plain")
    page.goto(f"{world.addresses.console}/dashboard")
    table = page.locator("#remembered table").last
    before = table.bounding_box()
    register(world, "W" * 200)
    register(world, TURNED)
    page.goto(f"{world.addresses.console}/dashboard")
    assert table.locator("th", has_text="W" * 200).count() == 1
    assert table.locator("th", has_text=TURNED_SHOWN).count() == 1
    after = table.bounding_box()
    assert before is not None
    assert after is not None
    assert after["width"] == before["width"]


def test_a_long_title_is_refused(world: Sandbox) -> None:
    """A scenario's title stands in every header, so it is at most 200 characters, and who sends more is told."""
    said = {"title": "T" * 201, "story": "s", "expect": {"connects": True}}
    answer = httpx2.put(f"{world.addresses.console}/api/scenario", json=said)
    assert answer.status_code == 400
    assert "a text of at most 200 characters" in answer.json()["error"]
    assert world.scenario.name == "healthy"


def test_a_long_search_is_echoed_in_short(world: Sandbox) -> None:
    """What was searched stays whole in its field; the count names its beginning."""
    text = httpx2.get(f"{world.addresses.console}/scenarios", params={"q": "z" * 3000}).text
    assert text.count("z" * 79) == 3000 // 79 + 1
    assert f"{'z' * 79}…" in text


def test_references_lead_somewhere(world: Sandbox, page: Page) -> None:
    """A report on GitHub is a link that tells nobody where it was followed; a section of a document is text."""
    page.goto(f"{world.addresses.console}/scenarios/missing-registration")
    references = page.locator("h2:text-is('References') + ul li")
    links = references.locator("a")
    assert links.count() > 0
    for link in links.all():
        repository, number = link.inner_text().split("#")
        assert link.get_attribute("href") == f"https://github.com/{repository}/issues/{number}"
        assert link.get_attribute("rel") == "noopener noreferrer"
    assert references.filter(has_text="RFC").locator("a").count() == 0
    assert references.filter(has_text="RFC").count() > 0
