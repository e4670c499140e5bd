"""Who judges every page of the console: a keyboard alone, axe, hostile words, and what was saved, read again."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx2
import pytest
from click.testing import CliRunner

from sandbox.cli import cli
from sandbox.sandbox import Sandbox
from sandbox.scenario import read_value
from tests.conftest import missing
from tests.console.test_pages import AXE, HOSTILE, connect, fill, page, until, world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

__all__ = ["page", "world"]

pytestmark = pytest.mark.chromium


# --- every page in every state -----------------------------------------------------------------------------------


@contextmanager
def standing(world: Sandbox) -> Iterator[None]:
    """Have somebody stand before the first step."""
    world.hold("challenge")
    with ThreadPoolExecutor() as beside:
        held = beside.submit(
            httpx2.post, world.mcp_url, json={"jsonrpc": "2.0", "id": 1, "method": HOSTILE}, timeout=60
        )
        yield
        world.hold()
        held.result(timeout=10)


def _open(page_: Page, world: Sandbox, path: str) -> None:
    page_.goto(world.addresses.console + path)


def _held(page_: Page, world: Sandbox) -> None:
    _open(page_, world, "/")
    page_.locator("#standing p").wait_for()
    page_.locator("#hold summary").click()


def _guess(page_: Page, world: Sandbox) -> None:
    _open(page_, world, "/")
    page_.get_by_role("button", name="Hide the verdict").click()
    page_.get_by_role("button", name="Where does it break?").click()


def _report(page_: Page, world: Sandbox) -> None:
    page_.goto("about:blank")  # where no policy holds but the report's own
    page_.set_content(httpx2.get(f"{world.addresses.console}/api/report.html").text)
    page_.locator("details").first.locator("summary").click()


def _at(path: str) -> Callable[[Page, Sandbox], None]:
    return lambda page_, world: _open(page_, world, path)


STATES: Final[dict[str, Callable[[Page, Sandbox], None]]] = {
    "flow": _at("/"),
    "held": _held,
    "guess": _guess,
    "shelf": _at("/scenarios"),
    "nothing found": _at("/scenarios?q=zzqqxx"),
    "scenario": _at("/scenarios/asmeta-issuer-other-host"),
    "dashboard": _at("/dashboard"),
    "learn": _at("/learn"),
    "lesson": _at("/learn/4-registration"),
    "report": _report,
}


def axe(page_: Page) -> list[Any]:
    """Give what axe holds for serious."""
    if not AXE.exists():
        missing("axe-core")
    page_.evaluate(AXE.read_text())
    found = page_.evaluate("axe.run()")
    assert len(found["passes"]) > 10
    serious = [each for each in found["violations"] if each["impact"] in {"serious", "critical"}]
    return [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in serious]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing_serious_in_any_state(
    state: str, scheme: Any, world: Sandbox, page: Page, tmp_path: Path
) -> None:
    """Held, guessed at, empty or full of hostile words, a page has names, contrast and structure."""
    world.use("missing-registration")
    connect(world, tmp_path)
    page.emulate_media(color_scheme=scheme)
    with standing(world):
        STATES[state](page, world)
        assert axe(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_that_is_not_there_is_sound(scheme: Any, world: Sandbox, chromium: Any) -> None:
    """A wrong address gets a page as sound as the others."""
    page_ = chromium.new_page(color_scheme=scheme)
    page_.goto(f"{world.addresses.console}/nonsense")
    assert axe(page_) == []
    page_.close()


def test_hostile_words_are_text_on_every_page(world: Sandbox, page: Page) -> None:
    """Names, scopes, headers, paths, methods, errors and a scenario's own words are text wherever they are shown."""
    said = {
        "title": HOSTILE,
        "story": HOSTILE,
        "step": "registration",
        "cause": HOSTILE,
        "fix": HOSTILE,
        "expect": {"connects": True},
        "world": {"workos": {"users": [{"id": "u", "email": HOSTILE, "first_name": HOSTILE, "last_name": HOSTILE}]}},
        "faults": [{"at": "server-metadata", "set": {"issuer": HOSTILE}}],
    }
    world.use(read_value(said, name=HOSTILE))
    console, workos = world.addresses.console, world.addresses.workos
    wants = {"client_name": HOSTILE, "redirect_uris": ["http://localhost:9/cb"], "scope": HOSTILE}
    client_id = httpx2.post(f"{workos}/oauth2/register", json=wants).json()["client_id"]
    httpx2.get(f"{workos}/.well-known/oauth-authorization-server")
    httpx2.get(f"{workos}/oauth2/authorize", params={"client_id": client_id, "scope": HOSTILE, "error": HOSTILE})
    refused = {"grant_type": HOSTILE, "client_id": HOSTILE, "code": HOSTILE, "refresh_token": HOSTILE}
    httpx2.post(f"{workos}/oauth2/token", data=refused, headers={"user-agent": HOSTILE, "x-hostile": HOSTILE})
    message = {"jsonrpc": "2.0", "id": 1, "method": HOSTILE, "params": {"clientInfo": {"name": HOSTILE}}}
    httpx2.post(world.mcp_url, json=message, headers={"authorization": f"Bearer {HOSTILE}"})
    httpx2.get(f"{world.addresses.mcp}/{HOSTILE}")
    with standing(world):
        for state, opens in STATES.items():
            opens(page, world)
            page.wait_for_timeout(400)  # findings are asked for a quarter of a second after a page is there
            assert page.locator("img, body script:not([src])").count() == 0, state
            assert page.title() != "hit", state
            assert page.evaluate("document.querySelectorAll('[onerror]').length") == 0
        _open(page, world, "/dashboard")
        assert HOSTILE in page.locator("#remembered").inner_text()
        page.goto("about:blank")
        page.set_content(httpx2.get(f"{console}/api/trace?format=svg").text)
        assert "onerror" in page.locator("svg").inner_html(), "the picture shows it"
        assert page.locator("svg script, svg img, svg image").count() == 0


# --- saved, and read again ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["har", "json"])
def test_what_is_saved_is_explained_elsewhere(form: str, world: Sandbox, page: Page, tmp_path: Path) -> None:
    """A recording saved from the page, by a click, gives `sandbox explain` the finding that the page shows."""
    world.use("missing-registration")
    connect(world, tmp_path)
    page.goto(world.addresses.console)
    shown = page.locator(".finding h2")
    shown.wait_for()
    with page.expect_download() as saved:
        page.locator(".export").get_by_role("link", name=form, exact=True).click()
    file = tmp_path / saved.value.suggested_filename
    saved.value.save_as(file)
    told = CliRunner().invoke(cli, ["explain", str(file)])
    assert (file.name, told.exit_code) == (f"trace.{form}", 1)
    assert shown.inner_text() in told.output


def test_a_link_of_the_report_opens_its_exchange(world: Sandbox, page: Page, tmp_path: Path) -> None:
    """A report saved from the page is whole without the sandbox: a finding leads to the exchange that proves it."""
    world.use("missing-registration")
    connect(world, tmp_path)
    page.goto(world.addresses.console)
    with page.expect_download() as saved:
        page.get_by_role("link", name="report").click()
    saved.value.save_as(tmp_path / "report.html")
    page.goto(f"file://{tmp_path}/report.html")
    number = world.findings[0].exchanges[0]
    proof = page.locator(f"#exchange-{number}")
    assert not proof.is_visible()
    page.get_by_role("link", name=f"Exchange {number}").click()
    until(page, proof.is_visible)
    assert "`" not in page.locator("article").first.inner_text()


# --- by keyboard alone -------------------------------------------------------------------------------------------


def tab_to(page_: Page, role: str, name: str) -> None:
    """Press Tab until the control of this name has the keyboard."""
    wanted = page_.get_by_role(role, name=name, exact=True).first  # type: ignore[arg-type]
    for _ in range(600):
        page_.keyboard.press("Tab")
        if wanted.evaluate("each => each === document.activeElement"):
            outline = wanted.evaluate("each => getComputedStyle(each).outlineStyle")
            assert outline != "none", "who has the keyboard is seen"
            return
    raise AssertionError(f"Tab never comes to {name}")


def test_a_scenario_is_found_run_and_mended_by_keyboard(world: Sandbox, page: Page) -> None:
    """From the flow to the shelf, by words to a scenario, run, watched, mended, and connected: no mouse."""
    _open(page, world, "/")
    tab_to(page, "link", "Scenarios")
    page.keyboard.press("Enter")
    page.wait_for_url("**/scenarios")
    tab_to(page, "searchbox", "The words on your screen, a name, or an error")
    page.keyboard.type("does not support dynamic client registration")
    page.keyboard.press("Enter")
    page.wait_for_url("**/scenarios?q=*")
    tab_to(page, "button", "Run missing-registration")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{world.addresses.console}/")
    assert world.scenario.name == "missing-registration"
    tab_to(page, "button", "Let a client connect")
    page.keyboard.press("Enter")
    page.locator(".finding").wait_for(timeout=20_000)
    until(page, lambda: page.locator("#own", has_text="printed").is_visible())
    tab_to(page, "link", "Exchange 3")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "detail"
    page.keyboard.press("Escape")
    _open(page, world, "/")
    tab_to(page, "button", "Apply the fix")
    page.keyboard.press("Enter")
    page.wait_for_load_state()
    tab_to(page, "button", "Let a client connect")
    page.keyboard.press("Enter")
    page.locator("#own", has_text="Connected: ").wait_for(timeout=20_000)
    world.assert_connected()


def test_holding_stepping_and_guessing_by_keyboard(world: Sandbox, page: Page) -> None:
    """A teacher holds a step, lets it go on, and hides the verdict and gives a hint: no mouse."""
    _open(page, world, "/")
    page.locator("#hold summary").focus()
    page.keyboard.press("Enter")
    tab_to(page, "checkbox", "challenge")
    page.keyboard.press("Space")
    until(page, lambda: world.wire.hold.before == ("challenge",))
    with ThreadPoolExecutor() as beside:
        held = beside.submit(httpx2.post, world.mcp_url, json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
        page.locator("#standing p").wait_for()
        tab_to(page, "button", "Let one go on")
        page.keyboard.press("Enter")
        assert held.result(timeout=10).status_code == 401
    tab_to(page, "button", "Hide the verdict")
    page.keyboard.press("Space")
    tab_to(page, "button", "Where does it break?")
    page.keyboard.press("Space")
    assert page.evaluate("document.documentElement.dataset.verdict") == "1"


def test_a_lesson_by_keyboard(world: Sandbox, page: Page) -> None:
    """A learner opens a lesson, runs it, takes a hint, lets a client connect, and reads the answer: no mouse."""
    _open(page, world, "/learn")
    tab_to(page, "link", "A client nobody knows")
    page.keyboard.press("Enter")
    page.wait_for_url("**/learn/4-registration")
    tab_to(page, "button", "Run this world")
    page.keyboard.press("Enter")
    page.locator("article").get_by_role("button", name="Begin anew").wait_for()
    page.locator(".hint summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator(".hint p").first.is_visible()
    page.locator("article [data-own]").focus()
    page.keyboard.press("Enter")
    page.locator("#checks [data-met=true]").first.wait_for(timeout=20_000)


def test_the_state_is_acted_on_by_keyboard(world: Sandbox, page: Page, tmp_path: Path) -> None:
    """A client is forgotten by its own button, and the keyboard stays where the button was: no mouse."""
    connect(world, tmp_path)
    _open(page, world, "/dashboard")
    button = page.locator("#remembered").get_by_role("button", name="Forget")
    button.focus()
    page.keyboard.press("Enter")
    until(page, lambda: button.count() == 0)
    assert page.evaluate("document.activeElement.id") == "remembered"


# --- no growth, no jump ------------------------------------------------------------------------------------------


def test_a_page_left_open_does_not_grow(world: Sandbox, page: Page) -> None:
    """Once its rows are full, thousands of exchanges more add no node, no listener, no array, no function.

    Each exchange has arrays, so one that is kept is counted. The bytes of the heap go up and down by a fifth as the
    engine compiles and collects; they only have to stay in sight of what they were.
    """
    fill(world, 5500)
    page.goto(world.addresses.console)
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable")

    def alive(kind: str) -> float:
        """Tell how many objects of a kind the page holds."""
        prototype = devtools.send("Runtime.evaluate", {"expression": f"{kind}.prototype"})["result"]["objectId"]
        found = devtools.send("Runtime.queryObjects", {"prototypeObjectId": prototype})["objects"]["objectId"]
        told = devtools.send(
            "Runtime.callFunctionOn",
            {"objectId": found, "functionDeclaration": "function () { return this.length; }", "returnByValue": True},
        )
        devtools.send("Runtime.releaseObject", {"objectId": found})
        return float(told["result"]["value"])

    def held(last: int) -> dict[str, float]:
        """Tell what the page holds when it has seen the exchange of a number."""
        until(page, lambda: page.locator(f"#exchange-{last}").count() == 1)
        page.wait_for_timeout(600)  # findings are asked for a quarter of a second after the last exchange
        devtools.send("HeapProfiler.collectGarbage")
        metrics = {each["name"]: each["value"] for each in devtools.send("Performance.getMetrics")["metrics"]}
        counted = {name: metrics[name] for name in ("Nodes", "JSEventListeners", "JSHeapUsedSize")}
        return counted | {kind: alive(kind) for kind in ("Array", "Function")}

    full = held(5500)
    for last in range(6000, 9000, 500):
        fill(world, 500)  # no more than wait for a slow reader
        later = held(last)
    assert page.locator(".exchange").count() == 5000
    assert later.pop("JSHeapUsedSize") < 1.5 * full.pop("JSHeapUsedSize")
    assert all(later[name] <= full[name] + 100 for name in full), (full, later)


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("state", ["flow", "shelf", "scenario", "dashboard", "learn", "lesson"])
def test_a_page_does_not_jump(state: str, width: int, world: Sandbox, page: Page, tmp_path: Path) -> None:
    """While a page comes up nothing moves: what scripts take over stands where it stood."""
    world.use("asmeta-issuer-other-host")
    connect(world, tmp_path)
    page.set_viewport_size({"width": width, "height": 800})
    page.add_init_script(
        "window.moved = 0; new PerformanceObserver((list) => { for (const each of list.getEntries()) "
        "window.moved += each.value; }).observe({ type: 'layout-shift', buffered: true });"
    )
    STATES[state](page, world)
    page.wait_for_timeout(800)
    assert page.evaluate("scrollY") == 0
    assert page.evaluate("window.moved") < 0.01
