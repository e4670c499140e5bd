"""For a class: the flow held in the browser, the verdict kept back, and the same over the API."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest

from sandbox.console.own_client import Said
from sandbox.lessons import Lesson, lessons
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


async def test_one_client_at_a_time(http: httpx2.AsyncClient) -> None:
    """A second one is refused while the first is at work, and the end of the world is the end of it."""
    before = asyncio.all_tasks()
    async with Sandbox() as sandbox:
        sandbox.hold("challenge")
        connects = sandbox.addresses.console + "/connect"
        assert (await http.post(connects)).status_code == 303
        refused = await http.post(connects)
        assert (refused.status_code, "at work already" in refused.json()["error"]) == (400, True)
        assert sandbox.own_client.said == Said(running=True, words="")
    assert not [task for task in asyncio.all_tasks() - before if "OwnClient" in repr(task)]


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
        assert "Held before token: client asks WorkOS, POST" in page.locator("#standing").inner_text()
        assert not client.done()
        page.get_by_role("button", name="Let one go on").click()
        client.result(timeout=60)
    until(page, lambda: page.locator("#standing p").count() == 0)
    world.assert_connected()
    page.get_by_role("button", name="Hold nothing").click()
    until(page, lambda: world.wire.hold.before == ())
    until(page, lambda: not page.get_by_label("token", exact=True).is_checked())


@pytest.mark.chromium
def test_who_is_held_is_not_silent(world: Sandbox, page: Page, tmp_path: Path) -> None:
    """While a client stands before a step, nobody says that it never came; a trace that is over is read as such."""
    page.goto(world.addresses.console)
    world.hold("token")
    with ThreadPoolExecutor() as beside:
        client = beside.submit(connect, world, tmp_path)
        page.locator("#standing p").wait_for(timeout=20_000)
        page.wait_for_timeout(600)  # findings are asked for a quarter of a second after the last exchange
        assert page.locator(".finding").count() == 0
        assert httpx2.get(f"{world.addresses.console}/api/findings").json()["broken"] is True
        world.hold()
        client.result(timeout=30)
    assert httpx2.get(f"{world.addresses.console}/api/findings").json()["broken"] is False


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
    told = page.locator(".finding").first

    def opened() -> bool:
        """Open it, anew where the finding was told anew under the click, as its client stays silent."""
        if told.locator("details[open]").count() == 0:
            told.locator("summary").click()
        return change.replace("`", "") in told.inner_text()

    until(page, opened)
    assert page.locator("#running").inner_text() == "missing-registration"


@pytest.mark.chromium
@pytest.mark.parametrize(
    ("scenario", "settings"), [("asmeta-issuer-other-host", 0), ("missing-registration", 1)], ids=["fault", "setting"]
)
def test_no_page_tells_while_the_verdict_is_hidden(
    scenario: str, settings: int, world: Sandbox, page: Page, tmp_path: Path
) -> None:
    """Neither a row's tint and notes nor a mark on the shelf nor a setting of the dashboard says what runs."""
    world.use(scenario)
    connect(world, tmp_path)
    page.goto(world.addresses.console)
    found = page.locator(".exchange[data-finding=broken]").first
    found.wait_for()
    plain = page.locator(".exchange:not([data-finding]) .row").first
    look = "(each) => getComputedStyle(each).backgroundColor + getComputedStyle(each).borderLeftColor"
    assert found.locator(".row").evaluate(look) != plain.evaluate(look)
    assert found.locator(".found").is_visible()
    page.get_by_role("button", name="Hide the verdict").click()
    assert found.locator(".row").evaluate(look) == plain.evaluate(look)
    assert page.locator(".note:visible").count() == 0
    for path in ("/scenarios", f"/scenarios/{scenario}", "/scenarios/healthy"):
        page.goto(world.addresses.console + path)
        assert page.get_by_text("Runs", exact=True).locator("visible=true").count() == 0
        assert page.get_by_text("Run it anew").locator("visible=true").count() == 0
    page.goto(f"{world.addresses.console}/scenarios")
    borders = page.locator(".cards li").evaluate_all(
        "all => [...new Set(all.map((li) => getComputedStyle(li).borderColor))]"
    )
    assert len(borders) == 1
    page.goto(f"{world.addresses.console}/dashboard")
    assert page.locator(".setting").count() > 50
    assert page.locator(".setting:visible").count() == 0
    assert "Show all of it on the flow" in page.locator("main").inner_text()
    assert page.locator(".setting.changed").count() == settings


@pytest.mark.chromium
def test_no_check_tells_while_the_verdict_is_hidden(world: Sandbox, page: Page, tmp_path: Path) -> None:
    """What a token says is there to be read, and what is wrong with it is not said; nor is there a report to save."""
    world.use("wrong-audience")
    connect(world, tmp_path)
    page.goto(world.addresses.console)
    page.locator(".exchange button", has_text="token").first.click()
    detail = page.locator("#detail")
    assert "✗ aud" in detail.inner_text()
    page.get_by_role("button", name="Hide the verdict").click()
    assert '"aud"' in detail.inner_text()
    assert "✗" not in detail.inner_text()
    assert not page.get_by_role("link", name="report").is_visible()


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
    assert int.from_bytes(picture[16:20], "big") == 1000


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


@pytest.mark.chromium
def test_a_client_connects_at_a_click(world: Sandbox, page: Page) -> None:
    """Who has no client at hand lets the sandbox's own connect, sees it come up, and reads what it printed."""
    page.goto(world.addresses.console)
    page.locator("#empty").get_by_role("button", name="Let a client connect").click()
    page.locator("#own", has_text="Connected: ").wait_for(timeout=20_000)
    assert "search_logs answered" in page.locator("#own").inner_text()
    assert "messages" in page.locator("#exchanges .step").all_text_contents()
    world.assert_connected()
    world.use("missing-registration")
    until(page, lambda: page.locator("#own").is_hidden())
    page.locator(".running").get_by_role("button", name="Let a client connect").click()
    page.locator("#own", has_text="The client printed: ").wait_for(timeout=20_000)
    assert "Registration failed: 404" in page.locator("#own code").inner_text()


@pytest.mark.chromium
@pytest.mark.parametrize("one", lessons(), ids=lambda one: one.name)
def test_a_person_alone_can_do_every_lesson(one: Lesson, world: Sandbox, page: Page) -> None:
    """With the buttons of the lesson's page alone, its checks are all met."""
    world.use("expired-token")
    page.goto(f"{world.addresses.console}/learn/{one.name}")
    article = page.locator("article")
    article.get_by_role("button", name="Run this world").click()
    connects = article.get_by_role(
        "button", name="Let two windows race" if one.client == "race" else "Let a client connect"
    )
    marks = page.locator("#checks .mark")
    connects.click()
    page.locator("#own", has_text="The client printed").wait_for(timeout=30_000)
    breaks = one.scenario != "healthy" and any(check.connected for check in one.checks)
    until(
        page, lambda: marks.all_text_contents() == ["–" if check.connected and breaks else "✓" for check in one.checks]
    )
    if breaks:
        article.get_by_role("button", name="Apply the fix").click()
        page.wait_for_load_state()
        connects.click()
    until(page, lambda: set(marks.all_text_contents()) == {"✓"})


def test_the_course_without_scripts(world: Sandbox) -> None:
    """Every lesson has its page, and one that is not there is said."""
    page = httpx2.get(f"{world.addresses.console}/learn").text
    assert page.count('data-lesson="') == 8
    assert httpx2.get(f"{world.addresses.console}/learn/4-registration").status_code == 200
    missing = httpx2.get(f"{world.addresses.console}/learn/9-nothing")
    assert (missing.status_code, "is no lesson" in missing.text) == (404, True)
