"""For a class: the flow held in the browser, the verdict kept back, and the same over the API."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest

from sandbox.sandbox import Sandbox
from tests.console.conftest import Ask
from tests.console.test_pages import HOSTILE, connect, page, until, world

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["page", "world"]


async def test_holding_over_the_api(sandbox: Sandbox, http: httpx2.AsyncClient, ask: Ask) -> None:
    """What is held is answered by the API, a step lets it go, and with nothing there the step says null."""
    assert (await ask("POST", "/api/hold", {"before": ["jwks", "token"]})).json() == {
        "before": ["token", "jwks"],
        "held": [],
    }
    assert (await ask("GET", "/api/hold")).json()["before"] == ["token", "jwks"]
    assert (await ask("POST", "/api/step")).json() == {"went_on": None}
    assert (await ask("POST", "/api/hold", {"before": []})).json()["before"] == []
    assert (await http.get(sandbox.addresses.workos + "/oauth2/jwks")).status_code == 200


@pytest.mark.parametrize("body", [{}, {"before": "token"}, {"before": [1]}, {"before": ["tokn"]}])
async def test_what_cannot_be_held_is_refused(body: dict[str, object], ask: Ask) -> None:
    """A body that names no steps gets one line that says what to send."""
    answer = await ask("POST", "/api/hold", body)
    assert answer.status_code == 400
    assert "step" in answer.json()["error"]


@pytest.mark.parametrize("number", ["1", True, 99])
async def test_a_number_that_is_none_is_refused(number: object, ask: Ask) -> None:
    """Only the number of an exchange that stands is let go."""
    assert (await ask("POST", "/api/step", {"number": number})).status_code == 400


@pytest.mark.chromium
def test_hold_and_step_on_the_page(world: Sandbox, page: Page, tmp_path: Path) -> None:
    """A teacher holds the token step, a real client stands there, and connects once it is let go."""
    page.goto(world.addresses.console)
    page.locator("#hold summary").click()
    page.get_by_label("token", exact=True).check()
    until(page, lambda: world.wire.hold.before == ("token",))
    with ThreadPoolExecutor() as beside:
        client = beside.submit(connect, world, tmp_path)
        page.locator("#standing p").wait_for(timeout=60_000)
        assert "Held before token: client asks workos, POST" in page.locator("#standing").inner_text()
        assert not client.done()
        page.get_by_role("button", name="Let one go on").click()
        client.result(timeout=60)
    until(page, lambda: page.locator("#standing p").count() == 0)
    world.assert_connected()
    page.get_by_role("button", name="Hold nothing").click()
    until(page, lambda: world.wire.hold.before == ())
    until(page, lambda: not page.get_by_label("token", exact=True).is_checked())


@pytest.mark.chromium
def test_what_stands_is_text(world: Sandbox, page: Page) -> None:
    """The path and the method of who is held are text, whatever a client wrote there."""
    world.hold("challenge")
    page.goto(world.addresses.console)
    message = {"jsonrpc": "2.0", "id": 1, "method": HOSTILE, "params": {}}
    with ThreadPoolExecutor() as beside:
        held = beside.submit(httpx2.post, world.mcp_url, json=message)
        page.locator("#standing p").wait_for()
        assert "onerror" in page.locator("#standing").inner_text()
        assert page.locator("#standing img, #standing script").count() == 0
        world.hold()
        held.result(timeout=60)
    assert page.title() == "Flow · Sandbox console"


@pytest.mark.chromium
def test_the_verdict_is_kept_back_and_given_hint_by_hint(world: Sandbox, page: Page, tmp_path: Path) -> None:
    """Hidden, neither name nor finding is on the wall, on no page; hints tell where, then what, then all."""
    world.use("missing-registration")
    connect(world, tmp_path)
    page.goto(world.addresses.console)
    page.locator(".finding").wait_for()
    page.get_by_role("button", name="Hide the verdict").click()
    title, change = world.findings[0].title, world.findings[0].change
    page.goto(world.addresses.console)
    page.locator(".finding").wait_for(state="attached")
    assert "missing-registration" not in page.locator("body").inner_text()
    assert title not in page.locator("body").inner_text()
    assert not page.locator(".finding").first.is_visible()
    page.get_by_role("button", name="Where does it break?").click()
    assert "at registration" in page.locator(".finding").first.inner_text()
    assert title not in page.locator("body").inner_text()
    page.get_by_role("button", name="What is wrong?").click()
    assert title in page.locator(".finding").first.inner_text()
    assert not page.locator(".finding summary").first.is_visible()
    page.get_by_role("button", name="Show all of it").click()
    page.locator(".finding summary").first.click()
    assert change.replace("`", "") in page.locator(".finding").first.inner_text()
    assert page.locator("#running").inner_text() == "missing-registration"


@pytest.mark.chromium
def test_the_diagram_is_saved_as_png(world: Sandbox, page: Page) -> None:
    """The browser draws the diagram, as high as it is, and gives it as a file."""
    httpx2.get(world.mcp_url)
    page.goto(world.addresses.console)
    with page.expect_download() as saved:
        page.get_by_role("link", name="png").click()
    assert saved.value.suggested_filename == "trace.png"
    picture = Path(saved.value.path()).read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert int.from_bytes(picture[16:20], "big") == 1120


@pytest.mark.chromium
def test_a_lesson_from_question_to_done(world: Sandbox, page: Page, tmp_path: Path) -> None:
    """A learner runs the world, fails, mends it, connects; the checks are met as it happens, and that is kept."""
    page.goto(f"{world.addresses.console}/learn")
    page.get_by_role("link", name="A client nobody knows").click()
    page.get_by_role("button", name="Run this world").click()
    until(page, lambda: world.scenario.name == "missing-registration")
    page.get_by_text("Hint 1").click()
    marks = page.locator("#checks .mark")
    assert marks.all_text_contents() == ["–", "–"]
    connect(world, tmp_path)
    until(page, lambda: marks.all_text_contents() == ["✓", "–"])
    page.locator("article").get_by_role("button", name="Apply the fix").click()
    until(page, lambda: not world.scenario.fixed)
    connect(world, tmp_path)
    until(page, lambda: marks.all_text_contents() == ["✓", "✓"])
    page.goto(f"{world.addresses.console}/learn")
    assert page.locator(".done:visible").count() == 1


def test_the_course_without_scripts(world: Sandbox) -> None:
    """Every lesson has its page, and one that is not there is said."""
    page = httpx2.get(f"{world.addresses.console}/learn").text
    assert page.count('data-lesson="') == 8
    assert httpx2.get(f"{world.addresses.console}/learn/4-registration").status_code == 200
    missing = httpx2.get(f"{world.addresses.console}/learn/9-nothing")
    assert (missing.status_code, "is no lesson" in missing.text) == (404, True)
