"""Draw the README's pictures: the connection log's failure with Claude Code, on the terminal and in the console.

`python -m tests.picture` writes docs/timeline.svg, docs/console.png and docs/console-fault.png from real runs. It needs
Claude Code 2.1.332 in .cache, and Debian's Chromium.
"""

from __future__ import annotations

import asyncio
import io
import re
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import click
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


def photograph(scenario: str, opened: str | None = None) -> bytes:
    """Give the console's page as a picture (PNG), after Claude Code has tried to connect, with an exchange opened."""
    from playwright.sync_api import sync_playwright

    with Sandbox(scenario, ports=Ports()) as sandbox, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(sandbox.addresses.console)
        with tempfile.TemporaryDirectory() as home:
            run = new_run(NEWEST, sandbox, Path(home), STATE_DIR)
            with ThreadPoolExecutor() as beside:  # a loop of the browser's runs here
                beside.submit(lambda: asyncio.run(_listed(run))).result()
        page.locator(".finding").wait_for()
        if opened is not None:
            page.locator(".exchange button", has_text=opened).first.click()
            page.locator(".diff").wait_for()
        picture = page.screenshot()
        browser.close()
    return picture


async def _listed(run: Run) -> None:
    await mcp(run, "add", "--transport", "http", "log-aggregator", run.url)
    await mcp(run, "list")


if __name__ == "__main__":
    PICTURE.write_text(draw(asyncio.run(told())), encoding="utf-8")
    PICTURE.with_name("console.png").write_bytes(photograph("authorize-url-as-issuer"))
    PICTURE.with_name("console-fault.png").write_bytes(photograph("asmeta-issuer-other-host", "server-metadata"))
