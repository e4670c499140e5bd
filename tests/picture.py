"""Draw the pictures of the docs, from real runs: the terminal, and every page of the console and of the sign-in.

`python -m tests.picture [NAME…]` writes docs/NAME.png, or all of them and docs/timeline.svg. The README's need Claude
Code 2.1.332 in .cache; all need Debian's Chromium, and the usual ports.
"""

from __future__ import annotations

import asyncio
import io
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import click
import httpx2
import msgspec
from rich.console import Console
from rich.text import Text

from sandbox.clients.claude_code import NEWEST, mcp
from sandbox.clients.driving import new_run
from sandbox.clients.run import Run
from sandbox.diagnosis.report import finding_text
from sandbox.sandbox import Ports, Sandbox
from sandbox.timeline import line
from tests.clients.conftest import STATE_DIR
from tests.console.test_pages import connect

if TYPE_CHECKING:
    from playwright.sync_api import Page

PICTURE: Final = Path(__file__).parent.parent / "docs" / "timeline.svg"
_WIDTH: Final = 148


async def told() -> list[str]:
    """Run Claude Code against the log's failure; give the timeline and what was printed."""
    with tempfile.TemporaryDirectory() as home:
        async with Sandbox("authorize-url-as-issuer", ports=Ports()) as sandbox:
            run = new_run(NEWEST, sandbox, Path(home), STATE_DIR)
            await mcp(run, "add", "--transport", "http", "log-aggregator", sandbox.mcp_url)
            printed = (await mcp(run, "list")).strip().splitlines()[-1]
            timeline = [line(exchange) for exchange in sandbox.trace][:6]
            finding = msgspec.structs.replace(sandbox.findings[0], exchanges=(), references=())
    prompt = click.style("$ ", fg="cyan")
    verdict = printed.partition(" — ")
    return [
        f"{prompt}make sandbox SCENARIO=authorize-url-as-issuer",
        "",
        *timeline,
        "",
        *finding_text(finding, {}, _WIDTH - 4).splitlines(),
        "",
        f"{prompt}claude mcp list",
        f"{verdict[0]} — {click.style(verdict[2], fg='red')}",
    ]


def draw(lines: list[str]) -> str:
    """Give a terminal window that shows the lines, as SVG."""
    console = Console(record=True, width=_WIDTH, file=io.StringIO(), force_terminal=True)
    for each in lines:
        console.print(Text.from_ansi(each), soft_wrap=True)
    svg = console.export_svg(title="authorize-url-as-issuer", unique_id="timeline")
    # The picture loads nothing: a reader without the font sees the system's own.
    return re.sub(r"@font-face \{.*?\}\n|<!--.*?-->\n?", "", svg, flags=re.DOTALL)


async def _listed(run: Run) -> None:
    await mcp(run, "add", "--transport", "http", "log-aggregator", run.url)
    await mcp(run, "list")


def claude_code(world: Sandbox) -> None:
    """Let Claude Code try to connect."""
    with tempfile.TemporaryDirectory() as home:
        run = new_run(NEWEST, world, Path(home), STATE_DIR)
        with ThreadPoolExecutor() as beside:  # a loop of the browser's runs here
            beside.submit(lambda: asyncio.run(_listed(run))).result()


# --- the console -------------------------------------------------------------------------------------------------


def flow(page: Page, world: Sandbox) -> None:
    """Open the README's picture: the connection log's failure, as Claude Code meets it."""
    world.use("authorize-url-as-issuer")
    page.goto(world.addresses.console)
    claude_code(world)
    page.locator(".finding").wait_for()


def fault(page: Page, world: Sandbox) -> None:
    """Open an exchange whose answer a fault has edited."""
    world.use("asmeta-issuer-other-host")
    page.goto(world.addresses.console)
    claude_code(world)
    page.locator(".finding").wait_for()
    page.locator(".exchange button", has_text="server-metadata").first.click()
    page.locator(".diff").wait_for()


def shelf(page: Page, world: Sandbox) -> None:
    """Find scenarios by the words of an error."""
    page.goto(f"{world.addresses.console}/scenarios?q=registration+failed+404")


def scenario(page: Page, world: Sandbox) -> None:
    """Read one."""
    page.goto(f"{world.addresses.console}/scenarios/asmeta-issuer-other-host")


def dashboard(page: Page, world: Sandbox) -> None:
    """Turn registration off."""
    page.goto(f"{world.addresses.console}/dashboard")
    page.get_by_role("switch", name="dynamic_client_registration").click()
    page.locator(".shows").wait_for()


def state(page: Page, world: Sandbox) -> None:
    """Look at what is remembered after a client connected."""
    connect(world, Path(tempfile.gettempdir()))
    page.goto(f"{world.addresses.console}/dashboard#state")
    page.locator("#remembered", has_text="MCP Python SDK").wait_for()


def learn(page: Page, world: Sandbox) -> None:
    """Open the course, with a lesson that is done."""
    page.goto(f"{world.addresses.console}/learn/1-challenge")
    page.get_by_role("button", name="Run this world").or_(page.get_by_role("button", name="Begin anew").last).click()
    connect(world, Path(tempfile.gettempdir()))
    page.locator("#checks:not(:has([data-met=false]))").wait_for()
    page.goto(f"{world.addresses.console}/learn")


def lesson(page: Page, world: Sandbox) -> None:
    """Run a lesson's world, and let a client connect."""
    page.goto(f"{world.addresses.console}/learn/4-registration")
    page.get_by_role("button", name="Run this world").click()
    page.locator("article [data-own]").click()
    page.locator("#own", has_text="printed").wait_for()
    page.locator("#checks [data-met=true]").wait_for()


def hold(page: Page, world: Sandbox) -> None:
    """Hold a client before the token step."""
    world.hold("token")
    page.goto(world.addresses.console)
    page.locator("#hold summary").click()
    page.locator(".running [data-own]").click()
    page.locator("#standing p").wait_for()
    page.locator("#hold summary").click()


def guess(page: Page, world: Sandbox) -> None:
    """Let a class guess, with the first hint given."""
    world.use("authorize-url-as-issuer")
    connect(world, Path(tempfile.gettempdir()))
    page.goto(world.addresses.console)
    page.get_by_role("button", name="Hide the verdict").click()
    page.get_by_role("button", name="Where does it break?").click()
    page.locator(".finding").first.wait_for()


def report(page: Page, world: Sandbox) -> None:
    """Open the file to attach to an issue."""
    world.use("missing-registration")
    connect(world, Path(tempfile.gettempdir()))
    page.set_content(httpx2.get(f"{world.addresses.console}/api/report.html").text)


# --- the pages that people meet ----------------------------------------------------------------------------------


def _authorize(world: Sandbox, **others: str) -> str:
    wants = {
        "client_name": "Claude Code",
        "redirect_uris": ["http://localhost:51734/callback"],
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
    }
    client = httpx2.post(f"{world.addresses.workos}/oauth2/register", json=wants).json()
    asked = {
        "response_type": "code",
        "client_id": client["client_id"],
        "redirect_uri": "http://localhost:51734/callback",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
        "state": "picture",
        "scope": "openid email offline_access",
        "resource": world.mcp_url,
    }
    return f"{world.addresses.workos}/oauth2/authorize?{urlencode(asked | others)}"


def sign_in(page: Page, world: Sandbox) -> None:
    """Choose who one is."""
    page.goto(_authorize(world))


def organization(page: Page, world: Sandbox) -> None:
    """Choose for whom one signs in."""
    page.goto(_authorize(world))
    page.get_by_role("button", name="Ben Okoro").click()
    page.get_by_role("button", name="Harbour Press").wait_for()


def identity_provider(page: Page, world: Sandbox) -> None:
    """Be at the company's own identity provider, which WorkOS asked."""
    asked = {
        "response_type": "code",
        "client_id": world.world.workos.client_id,
        "redirect_uri": "http://localhost:51734/callback",
        "connection": world.world.workos.connections[0].id,
    }
    page.goto(f"{world.addresses.workos}/sso/authorize?{urlencode(asked)}")
    page.get_by_role("radio", name="Ada Park").wait_for()


def invitation(page: Page, world: Sandbox) -> None:
    """Follow the link of an invitation."""
    asked = {"email": "dora@elsewhere.example", "organization_id": world.world.workos.organizations[1].id}
    page.goto(str(_api(world, "invitations", asked)["accept_invitation_url"]))


def password_reset(page: Page, world: Sandbox) -> None:
    """Follow the link to a new password."""
    page.goto(str(_api(world, "password_reset", {"email": world.world.workos.users[0].email})["password_reset_url"]))


def _api(world: Sandbox, path: str, body: dict[str, str]) -> dict[str, object]:
    key = {"Authorization": f"Bearer {world.world.workos.api_keys[0]}"}
    answer = httpx2.post(f"{world.addresses.workos}/user_management/{path}", json=body, headers=key)
    made: dict[str, object] = answer.json()
    return made


def consent(page: Page, world: Sandbox) -> None:
    """Decide what the app may do."""
    page.goto(_authorize(world))
    page.get_by_role("button", name="Ada Park").click()
    page.get_by_role("button", name="Approve").wait_for()


def device(page: Page, world: Sandbox) -> None:
    """Confirm a device by its code."""
    client_id = dict(parse_qsl(urlsplit(_authorize(world)).query))["client_id"]
    asked = {"client_id": client_id, "scope": "openid email offline_access", "resource": world.mcp_url}
    begun = httpx2.post(f"{world.addresses.workos}/oauth2/device_authorization", data=asked).json()
    page.goto(begun["verification_uri_complete"])
    page.get_by_role("button", name="Approve").wait_for()


def error(page: Page, world: Sandbox) -> None:
    """Be sent where the app is not registered to send anybody."""
    page.goto(_authorize(world, redirect_uri="http://localhost:51734/elsewhere"))


PICTURES: Final[dict[str, Callable[[Page, Sandbox], None]]] = {
    "console": flow,
    "console-fault": fault,
    "shelf": shelf,
    "scenario": scenario,
    "dashboard": dashboard,
    "state": state,
    "learn": learn,
    "lesson": lesson,
    "hold": hold,
    "guess": guess,
    "report": report,
    "sign-in": sign_in,
    "organization": organization,
    "identity-provider": identity_provider,
    "invitation": invitation,
    "password-reset": password_reset,
    "consent": consent,
    "device": device,
    "error": error,
}
"""What is in docs/NAME.png, each of a world of its own."""
_MOST: Final = 250_000
"""Bytes that a picture may have."""


def photograph(name: str) -> bytes:
    """Give a page as a picture (PNG)."""
    from playwright.sync_api import sync_playwright

    with Sandbox(ports=Ports(other=0)) as world, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 860}, reduced_motion="reduce")
        PICTURES[name](page, world)
        page.mouse.move(0, 0)
        page.evaluate("document.activeElement?.blur()")
        picture = page.screenshot()
        browser.close()
    assert len(picture) < _MOST
    return picture


def main(names: list[str]) -> None:
    """Draw the pictures of these names, or all."""
    if not names:
        PICTURE.write_text(draw(asyncio.run(told())), encoding="utf-8")
    for name in names or PICTURES:
        PICTURE.with_name(f"{name}.png").write_bytes(photograph(name))


if __name__ == "__main__":
    main(sys.argv[1:])
