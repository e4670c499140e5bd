"""The console's pages: the flow as it happens, and the shelf of scenarios. A page is complete without scripts."""

from __future__ import annotations

import re
import shlex
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
from flask import Blueprint, Response, redirect, render_template, request, url_for

from sandbox.console.calls import running, why
from sandbox.errors import SandboxError
from sandbox.flow import STEP_MEANING, STEPS
from sandbox.scenario import Scenario, library, search
from sandbox.scenario.library import find_named, names
from sandbox.timeline import path_of

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as Answer

    from sandbox.diagnosis import Finding
    from sandbox.wire.exchange import Exchange

pages = Blueprint("pages", __name__)

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""What a page may load and do: its own files, and asking its own origin (Content Security Policy, level 3)."""
_LONGEST: Final = 300
"""The most exchanges that are written into the page itself."""
_REPORT: Final = re.compile(r"([\w.-]+/[\w.-]+)#([0-9]+)")
_MARKS: Final = {"broken": "✗", "risky": "!", "harmless": "·"}
_BROKEN: Final = frozenset({"cut", "dropped", "unanswered", "unasked"})


@pages.after_app_request
def _guarded(response: Response) -> Response:
    """Say on every page what it may do."""
    if response.mimetype == "text/html":
        response.headers.setdefault("Content-Security-Policy", _POLICY)
        response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"  # with none a browser hides whose form it sends
    return response


@pages.app_context_processor
def _everywhere() -> dict[str, Any]:
    """Give every page what its header shows."""
    sandbox = running()
    return {
        "running": sandbox.scenario,
        "of_library": sandbox.scenario.name in names(),
        "mcp_url": sandbox.mcp_url,
        "can_fix": bool(sandbox.scenario.faults or sandbox.scenario.fixed),
        "own_client": sandbox.own_client.said,
    }


def trouble(said: str, status: int) -> Response:
    """Say on a page what cannot be done, and where to go from here."""
    return Response(render_template("trouble.html", said=said, status=status), status)


# --- the flow ----------------------------------------------------------------------------------------------------


@pages.get("/")
def flow() -> str:
    """Show the exchanges as a sequence diagram; a script goes on from what is written here."""
    sandbox = running()
    exchanges = list(sandbox.trace)[-_LONGEST:]
    findings, shown = sandbox.watch.found(), {each.number for each in exchanges}
    return render_template(
        "flow.html",
        steps=[(step, STEP_MEANING[step]) for step in STEPS],
        exchanges=[
            (each, _state(each), _label(each), _status(each), _proves(each, findings, shown)) for each in exchanges
        ],
        findings=findings,
        marks=_MARKS,
        commands=commands(sandbox.mcp_url),
    )


# What flow.js makes of an exchange, for the rows that stand there before it runs.


class _Proves(NamedTuple):
    """What an exchange proves: the gravest finding that names it, and those whose title stands beside it."""

    severity: str
    notes: list[Finding]


def _proves(exchange: Exchange, findings: list[Finding], shown: set[int]) -> _Proves:
    proved = [finding for finding in findings if exchange.number in finding.exchanges]
    first = [finding for finding in proved if exchange.number == next(one for one in finding.exchanges if one in shown)]
    return _Proves(proved[0].severity if proved else "", first)


def _state(exchange: Exchange) -> str:
    if exchange.ended == "open":
        return "open"
    if exchange.ended in _BROKEN or exchange.status is None:
        return "bad"
    if exchange.status < HTTPStatus.BAD_REQUEST:
        return "good"
    return "asks" if exchange.step == "challenge" and exchange.status == HTTPStatus.UNAUTHORIZED else "bad"


def _label(exchange: Exchange) -> str:
    what = ", ".join(exchange.mcp_methods) or path_of(exchange.url)
    return f"{exchange.method} {what}".strip() or "gave up the connection"


def _status(exchange: Exchange) -> str:
    if exchange.ended == "open":
        return f"{exchange.status} open"
    return exchange.ended if exchange.ended in _BROKEN else str(exchange.status)


def commands(mcp_url: str) -> list[tuple[str, str]]:
    """Give what a person pastes to point a client at the sandbox, for each kind of client."""
    url = shlex.quote(mcp_url)
    return [
        ("Claude Code", f"claude mcp add --transport http log-aggregator {url}"),
        ("then", "claude mcp list"),
        ("mcp-remote", f"npx -p mcp-remote mcp-remote-client {url} --allow-http"),
        ("MCP Inspector", f"npx @modelcontextprotocol/inspector --cli {url} --transport http --method tools/list"),
    ]


# --- the shelf ---------------------------------------------------------------------------------------------------


@pages.get("/scenarios")
def shelf() -> str:
    """Show the scenarios by step, or those that the words of a query find."""
    asked = request.args.get("q", "").strip()
    step = request.args.get("step", "")
    found = search(asked) if asked else library()
    if step:
        found = [each for each in found if each.step == step]
    groups: dict[str, list[Scenario]] = {}
    for each in found:
        groups.setdefault("" if asked else each.step or "", []).append(each)
    return render_template(
        "shelf.html",
        asked=asked,
        step=step,
        groups=groups,
        count=len(found),
        steps=[one for one in STEPS if any(each.step == one for each in library())],
        meaning=STEP_MEANING,
    )


@pages.get("/scenarios/<name>")
def scenario(name: str) -> str | Response:
    """Tell one scenario: story, cause, fix, what clients print, and how to run it."""
    from sandbox.clients import CLIENTS  # not needed to start

    try:
        told = find_named(name)
    except SandboxError as error:
        return trouble(why(error), 404)
    printed = sorted(told.symptoms, key=lambda symptom: symptom.client)
    return render_template(
        "scenario.html",
        told=told,
        faults=_yaml(told.faults),
        world=_yaml(told.world),
        printed=printed,
        clients=[each for each in CLIENTS.values() if each.package],
        references=[(each, _address(each)) for each in told.references],
        commands=commands(running().mcp_url),
    )


def _address(reference: str) -> str | None:
    """Give where a reference leads: a URL by itself, a report on GitHub by its name and number; None for a section."""
    if reference.startswith(("https://", "http://")) and " " not in reference:
        return reference
    report = _REPORT.fullmatch(reference)
    return report and f"https://github.com/{report[1]}/issues/{report[2]}"


def _yaml(value: Any) -> str:
    """Write a part of a scenario as its file has it."""
    return msgspec.yaml.encode(msgspec.to_builtins(value)).decode()


@pages.post("/scenarios/<name>/run")
def run(name: str) -> Answer:
    """Switch to a scenario, and show the flow."""
    running().use(find_named(name))
    return redirect(url_for("pages.flow"), 303)


@pages.post("/connect")
def connect() -> Answer:
    """Let the sandbox's own client connect, and show the flow."""
    sandbox = running()
    sandbox.own_client.begin(sandbox)
    return redirect(url_for("pages.flow"), 303)


@pages.post("/fix")
def fix() -> Answer:
    """Apply the fix of the running scenario, and show the flow."""
    running().fix()
    return redirect(url_for("pages.flow"), 303)


@pages.post("/reset")
def reset() -> Answer:
    """Begin the running scenario anew, and show the flow."""
    running().reset()
    return redirect(url_for("pages.flow"), 303)
