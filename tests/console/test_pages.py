"""The console's pages, in a real browser: the flow as it happens, an exchange whole, and the shelf of scenarios."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx2
import msgspec
import pytest

from sandbox.console.pages import commands
from sandbox.sandbox import Sandbox
from sandbox.scenario import library, read_value
from sandbox.wire.exchange import Exchange
from tests.cli.process import PATIENCE
from tests.conftest import missing

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

AXE: Final = Path(__file__).parents[2] / ".cache/clients/axe-core/node_modules/axe-core/axe.min.js"
HOSTILE: Final = "<img src=x onerror=\"document.title='hit'\"><script>document.title='hit'</script>"

pytestmark = pytest.mark.chromium


@pytest.fixture
def world() -> Iterator[Sandbox]:
    """Give the healthy world, on a thread of its own."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """Give a page on which no script fails and nothing is refused."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    context.close()
    assert said == []


def connect(world: Sandbox, home: Path) -> None:
    """Let the MCP Python SDK connect, or try to."""
    command = [sys.executable, "-m", "sandbox.clients.journeys.python_sdk", world.mcp_url]
    environment = {**world.environment, "PATH": os.environ["PATH"], "HOME": str(home)}
    subprocess.run(command, env=environment, capture_output=True, timeout=PATIENCE, check=False)


def steps(page: Page) -> list[str]:
    """Give the steps of the rows."""
    return page.locator("#exchanges .step").all_text_contents()


def told(world: Sandbox) -> list[str]:
    """Give the steps of the trace."""
    return [exchange.step for exchange in world.trace]


def fill(world: Sandbox, count: int) -> None:
    """Let the trace hold so many exchanges that never were."""
    exchange = Exchange(
        number=1,
        at=1_800_000_000.0,
        step="challenge",
        system="log-aggregator",
        asker="client",
        method="GET",
        url="http://localhost:4101/mcp",
        request_headers=[],
        request_body="",
        status=401,
        ended="answered",
    )
    trace = world.trace

    def filled() -> None:
        for _ in range(count):
            trace.add(msgspec.structs.replace(exchange, number=trace.number()))

    world.home.do(filled)


def until(page: Page, holds: Callable[[], bool]) -> None:
    """Wait until something holds; the page's policy lets nobody evaluate in it."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it never came"
        page.wait_for_timeout(50)


def proofs(page: Page) -> list[int]:
    """Give the numbers of the exchanges that show what is broken."""
    numbers = page.locator("[data-finding=broken]").evaluate_all("all => all.map(e => e.dataset.number)")
    return [int(number) for number in numbers]


def rows(page: Page, count: int) -> None:
    """Wait until the page shows so many exchanges."""
    until(page, lambda: page.locator(".exchange").count() == count)


# --- the flow ----------------------------------------------------------------------------------------------------


def test_a_client_is_seen_as_it_connects(world: Sandbox, page: Page, tmp_path: Path) -> None:
    """An open page shows every exchange of a real client, in order, and nothing that is wrong."""
    page.goto(world.addresses.console)
    assert page.locator("#empty").is_visible()
    connect(world, tmp_path)
    rows(page, len(world.trace))
    assert steps(page) == told(world)
    assert len(told(world)) > 10
    assert not page.locator("#empty").is_visible()
    assert page.locator(".finding").count() == 0
    assert page.locator("#count").text_content() == f"{len(world.trace)} exchanges"


def test_a_page_that_is_opened_later_shows_the_same(world: Sandbox, page: Page, tmp_path: Path) -> None:
    """What happened before the page was opened is there, and without scripts as well."""
    connect(world, tmp_path)
    page.goto(world.addresses.console)
    page.wait_for_selector(".exchange button")
    assert steps(page) == told(world)
    written = httpx2.get(world.addresses.console).text
    assert written.count('<li class="exchange"') == len(world.trace)


def test_broken_read_fixed_connected(world: Sandbox, page: Page, tmp_path: Path) -> None:
    """A scenario is run from the shelf, its finding stands beside the exchanges that prove it, and its fix heals it."""
    page.goto(f"{world.addresses.console}/scenarios/missing-registration")
    page.get_by_role("button", name="Run it").click()
    page.wait_for_url(f"{world.addresses.console}/")
    connect(world, tmp_path)
    finding = page.locator(".finding")
    finding.wait_for()
    assert finding.locator("h2").text_content() == "The authorization server offers this client no way to register"
    until(page, lambda: proofs(page) == list(world.findings[0].exchanges))
    finding.get_by_role("link").first.click()
    assert page.locator("#detail").is_visible()
    page.get_by_role("button", name="Apply the fix").click()
    until(page, page.get_by_role("button", name="Apply the fix").is_disabled)
    connect(world, tmp_path)
    until(page, lambda: "messages" in steps(page))
    world.assert_connected()


def test_a_switch_elsewhere_reaches_the_page(world: Sandbox, page: Page, tmp_path: Path) -> None:
    """What another program switches or resets is seen within seconds: the name, the title, and an empty diagram."""
    page.goto(world.addresses.console)
    connect(world, tmp_path)
    page.wait_for_selector(".exchange button")
    world.use("expired-token")
    rows(page, 0)
    assert page.locator("#running").text_content() == "expired-token"
    assert page.locator("#running-title").text_content() == world.scenario.title
    assert page.get_by_role("button", name="Apply the fix").is_enabled()
    world.use("authorize-url-as-issuer")
    until(page, lambda: page.locator("#running").text_content() == "authorize-url-as-issuer")
    assert page.locator("#running").locator("..").get_attribute("href") == "/scenarios/authorize-url-as-issuer"
    assert page.locator("#mcp-url + .copy").get_attribute("data-copy") == world.mcp_url
    assert page.locator(".commands code").first.inner_text() == commands(world.mcp_url)[0][1]


def test_a_page_that_lost_the_stream_catches_up(world: Sandbox, page: Page, tmp_path: Path) -> None:
    """A stream that ends is opened anew, and what happened meanwhile is there, once each."""
    streams = 0

    def cut(route: Route) -> None:
        nonlocal streams
        streams += 1
        if streams == 1:  # a stream that says nothing and ends; the browser comes back after a while
            route.fulfill(status=200, content_type="text/event-stream", body="retry: 100\n\n")
        else:
            route.continue_()

    page.route("**/api/events", cut)
    page.goto(world.addresses.console)
    connect(world, tmp_path)
    until(page, lambda: streams == 2)
    rows(page, len(world.trace))
    assert steps(page) == told(world)


def test_what_ends_later_stands_where_it_began(world: Sandbox, page: Page) -> None:
    """Exchanges that end in another order than they began, at once or later, stand in the order of their numbers."""
    fill(world, 1)
    page.goto(world.addresses.console)
    rows(page, 1)
    first = next(iter(world.trace))

    def end(*numbers: int) -> None:
        for number in numbers:
            world.trace.add(msgspec.structs.replace(first, number=number))

    world.home.do(lambda: end(4, 3, 6))
    rows(page, 4)
    world.home.do(lambda: end(5, 2, 7))
    rows(page, 7)
    assert page.locator(".exchange").evaluate_all("all => all.map((each) => each.dataset.number)") == list("1234567")


def test_an_exchange_is_shown_whole(world: Sandbox, page: Page, tmp_path: Path) -> None:
    """Request, response, headers, JSON, and what its token says, checked against the documents of the flow."""
    connect(world, tmp_path)
    page.goto(world.addresses.console)
    page.locator(".exchange button", has_text="token").first.click()
    detail = page.locator("#detail")
    said = detail.inner_text()
    assert "POST" in said
    assert "/oauth2/token" in said
    assert "content-type" in said
    assert '"token_type": "Bearer"' in said
    assert "✓ iss: the issuer of the metadata" in said
    assert "✓ aud: the resource of the metadata" in said
    assert "✓ exp: good for" in said
    assert "What the access_token" in said
    assert "✓ aud: the client" in said.partition("What the id_token")[2]
    assert "✗" not in said
    assert "eyJ" not in page.content()


@pytest.mark.parametrize(
    ("scenario", "step", "before", "after"),
    [
        (
            "asmeta-issuer-other-host",
            "server-metadata",
            '"issuer": "http://localhost',
            '"issuer": "https://login.nearby',
        ),
        ("token-type-missing", "token", '"token_type": "Bearer"', ""),
        ("expired-token", "token", '"exp": 1', '"exp": 1'),
        ("token-form-encoded", "token", "content-type: application/json", "content-type: application/x-www-form"),
    ],
)
def test_a_fault_is_shown_as_a_difference(
    scenario: str, step: str, before: str, after: str, world: Sandbox, page: Page, tmp_path: Path
) -> None:
    """Where a fault edited an answer, the healthy one is held against it, line by line, tokens decoded."""
    world.use(scenario)
    connect(world, tmp_path)
    page.goto(world.addresses.console)
    page.locator(".exchange button", has_text=step).filter(has=page.locator(".fault")).first.click()
    gone = page.locator(".diff del").all_text_contents()
    come = page.locator(".diff ins").all_text_contents()
    assert any(before in line for line in gone)
    assert any(after in line for line in come) if after else come == []
    assert all(line.startswith("-") for line in gone)
    assert all(line.startswith("+") for line in come)


def test_an_answer_that_no_fault_edited_has_no_difference(world: Sandbox, page: Page, tmp_path: Path) -> None:
    """An exchange of the healthy world is shown without one."""
    connect(world, tmp_path)
    page.goto(world.addresses.console)
    page.locator(".exchange button").first.click()
    assert page.locator("#detail h3").count() >= 2
    assert page.locator(".diff").count() == 0


def test_clients_are_told_apart(world: Sandbox, page: Page, tmp_path: Path) -> None:
    """With two clients there is a choice, and the choice shows one of them."""
    connect(world, tmp_path)
    before = len(world.trace)
    page.goto(world.addresses.console)
    page.wait_for_selector(".exchange button")
    assert not page.locator("#client").is_visible()
    params = {"protocolVersion": "2025-11-25", "clientInfo": {"name": "another", "version": "1"}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
    httpx2.post(world.mcp_url, json=message, headers={"user-agent": "another"})
    page.locator("#client").wait_for()
    page.locator("#client").select_option(label="another")
    assert page.locator(".exchange:visible").count() == 1
    page.locator("#client").select_option(label="all")
    assert page.locator(".exchange").count() == before + 1


def test_by_keyboard_alone(world: Sandbox, page: Page, tmp_path: Path) -> None:
    """Tab reaches an exchange, Enter opens it, arrows go on, Escape comes back to it."""
    connect(world, tmp_path)
    page.goto(world.addresses.console)
    page.wait_for_selector(".exchange button")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('.exchange') !== null"):
            break
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "detail"
    assert "number 1" in page.locator("#detail").inner_text()
    page.keyboard.press("Escape")
    assert page.locator("#detail").is_hidden()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.closest('.exchange').dataset.number") == "2"


def test_hostile_words_are_text(world: Sandbox, page: Page) -> None:
    """Whatever a client sends, in names, headers, paths, bodies and tools, is text, and so is a scenario's own."""
    said = {
        "title": HOSTILE,
        "story": HOSTILE,
        "step": "token",
        "cause": HOSTILE,
        "fix": HOSTILE,
        "expect": {"connects": True},
        "faults": [{"at": "registration", "set": {"client_name": HOSTILE, HOSTILE: HOSTILE}}],
    }
    world.use(read_value(said, name="hostile"))
    registration = {"client_name": HOSTILE, "redirect_uris": ["http://localhost:9/cb"], "scope": HOSTILE}
    httpx2.post(f"{world.addresses.workos}/oauth2/register", json=registration)
    message = {"jsonrpc": "2.0", "id": 1, "method": HOSTILE, "params": {"clientInfo": {"name": HOSTILE}}}
    httpx2.post(world.mcp_url, json=message, headers={"user-agent": HOSTILE, "x-hostile": HOSTILE})
    httpx2.get(f"{world.addresses.mcp}/{HOSTILE}")
    page.goto(world.addresses.console)
    page.wait_for_selector(".exchange button")
    for button in page.locator(".exchange button").all():
        button.click()
        assert page.locator("#detail").is_visible()
        button.click()
    page.locator(".exchange button", has=page.locator(".fault")).click()
    assert page.locator(".diff ins", has_text="<script>").count() >= 1
    page.wait_for_timeout(500)  # findings are asked for a quarter of a second after the last exchange
    assert page.locator("main img, main script, header img").count() == 0
    assert page.title() == "Flow · Sandbox console"
    assert HOSTILE in page.locator("#running-title").inner_text()


def test_five_thousand_exchanges(world: Sandbox, page: Page) -> None:
    """Five thousand rows are there, and what comes after pushes the oldest out, so that a page does not grow."""
    fill(world, 5000)
    page.goto(world.addresses.console)
    rows(page, 5000)
    fill(world, 300)
    until(page, lambda: page.locator(".exchange").last.get_attribute("data-number") == "5300")
    assert page.locator(".exchange").count() == 5000
    assert page.locator(".exchange").first.get_attribute("data-number") == "301"


# --- every page --------------------------------------------------------------------------------------------------

PATHS: Final = (
    "/",
    "/learn",
    "/learn/4-registration",
    "/scenarios",
    "/scenarios?q=registration",
    "/scenarios/missing-registration",
)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(path: str, scheme: Any, world: Sandbox, page: Page, tmp_path: Path) -> None:
    """Names, contrast and structure are sound, in light and in dark."""
    if not AXE.exists():
        missing("axe-core")
    if path == "/":
        world.use("asmeta-issuer-other-host")
        connect(world, tmp_path)
    page.emulate_media(color_scheme=scheme)
    response = page.goto(world.addresses.console + path)
    assert response is not None
    assert response.status == 200
    if path == "/":
        page.locator(".finding").wait_for()
        page.locator(".exchange button", has=page.locator(".fault")).first.click()
        page.locator(".diff").wait_for()
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run()")
    assert len(found["passes"]) > 10
    serious = [each for each in found["violations"] if each["impact"] in {"serious", "critical"}]
    assert [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in serious] == []


@pytest.mark.parametrize("width", [360, 768, 1920])
@pytest.mark.parametrize("path", PATHS)
def test_no_page_is_wider_than_its_window(path: str, width: int, world: Sandbox, page: Page, tmp_path: Path) -> None:
    """From a phone to a projector nothing has to be scrolled sideways, whatever size the words have."""
    connect(world, tmp_path)
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(world.addresses.console + path)
    for large in (False, True):
        if large:
            page.locator("#size").click()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_pages_load_nothing_from_elsewhere(world: Sandbox, page: Page) -> None:
    """A strict policy is on every page, and nothing but the console is asked."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path in PATHS:
        response = page.goto(world.addresses.console + path)
        assert response is not None
        policy = response.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["x-content-type-options"] == "nosniff"
    assert asked
    assert all(url.startswith((world.addresses.console, "data:")) for url in asked)


def test_theme_and_size_are_kept(world: Sandbox, page: Page) -> None:
    """What was chosen holds on the next page."""
    page.goto(world.addresses.console)
    page.get_by_role("button", name="Dark").click()
    page.get_by_role("button", name="Large").click()
    page.goto(f"{world.addresses.console}/scenarios")
    assert page.evaluate("[document.documentElement.dataset.theme, document.documentElement.dataset.size]") == [
        "dark",
        "large",
    ]
    assert page.get_by_role("button", name="Large").get_attribute("aria-pressed") == "true"


# --- the shelf ---------------------------------------------------------------------------------------------------


def test_the_shelf_has_them_all_and_finds_words(world: Sandbox) -> None:
    """Every scenario is on the shelf; words of a screen, and a step, find theirs."""
    shelf = httpx2.get(f"{world.addresses.console}/scenarios").text
    assert all(f'href="/scenarios/{scenario.name}"' in shelf for scenario in library())
    words = "Incompatible auth server: does not support dynamic client registration"
    found = httpx2.get(f"{world.addresses.console}/scenarios", params={"q": words}).text
    assert found.index("/scenarios/missing-registration") < 6000
    at_token = httpx2.get(f"{world.addresses.console}/scenarios", params={"step": "token"}).text
    assert at_token.count('/run"') == sum(scenario.step == "token" for scenario in library())
    assert (
        "Nothing here speaks of that" in httpx2.get(f"{world.addresses.console}/scenarios", params={"q": "zzqqxx"}).text
    )


def test_forms_work_without_scripts_and_not_from_elsewhere(world: Sandbox) -> None:
    """A scenario is run by a plain form; another site's form is refused and changes nothing."""
    run = f"{world.addresses.console}/scenarios/expired-token/run"
    refused = httpx2.post(run, headers={"origin": "https://evil.example"})
    assert refused.status_code == 403
    assert world.scenario.name == "healthy"
    answer = httpx2.post(run, headers={"origin": world.addresses.console})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert world.scenario.name == "expired-token"
    assert httpx2.get(run).status_code == 405


@pytest.mark.parametrize(
    ("path", "status", "said"), [("/nonsense", 404, "There is no page"), ("/fix", 405, "not allowed")]
)
def test_a_wrong_address_gets_a_page(path: str, status: int, said: str, world: Sandbox) -> None:
    """A person gets a page that leads on; a program gets JSON with what is served."""
    page_ = httpx2.get(world.addresses.console + path, headers={"accept": "text/html,*/*;q=0.8"})
    assert (page_.status_code, page_.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert said in page_.text
    assert 'href="/scenarios"' in page_.text
    assert "GET /api/trace" in httpx2.get(world.addresses.console + path).json()["served"]
    api = httpx2.get(f"{world.addresses.console}/api/nonsense", headers={"accept": "text/html"})
    assert "GET /api/trace" in api.json()["served"]


def test_a_scenario_that_is_not_there_is_said(world: Sandbox) -> None:
    """A name with a typo gets a page that says what was probably meant, and running it changes nothing."""
    answer = httpx2.get(f"{world.addresses.console}/scenarios/expird-token")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "Did you mean <code>expired-token</code>?" in answer.text
    assert httpx2.post(f"{world.addresses.console}/scenarios/expird-token/run").status_code == 400
    assert world.scenario.name == "healthy"
