"""A report as a scenario: what differs from the healthy world, measured by walking a sandbox in the same way."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from sandbox.diagnosis.challenges import challenges
from sandbox.diagnosis.evidence import Evidence
from sandbox.diagnosis.finding import Finding
from sandbox.doctor.client import Habits
from sandbox.doctor.differing import Fault, Place, faults, place_of, seen
from sandbox.doctor.hosts import Hosts
from sandbox.doctor.report import Report
from sandbox.flow import STEPS, Step
from sandbox.plain import one_line
from sandbox.scenario import Scenario
from sandbox.scenario.document import NO_TEXT
from sandbox.scenario.reading import read_text
from sandbox.wire.exchange import Exchange

_ROUNDS: Final = 4
"""How often the sandbox is walked: a fault on the way shows what comes after it."""
_LONGEST: Final = 120
_HEAD: Final = "# Saved by `sandbox doctor`; host names are replaced.\n"
_STORY: Final = "A live server, examined by `sandbox doctor`. What differs from the healthy world is below."
_CHALLENGE: Final = ("error", "error_description", "resource_metadata", "scope")


async def saved(report: Report, file: Path) -> str:
    """Write a scenario that shows the same findings offline, and say whether it does."""
    hosts = _hosts(report)
    parts: dict[Place, list[Fault]] = {}
    world = _world(report, hosts)
    for _ in range(_ROUNDS):
        text = _text(report, world, parts)
        again, own_hosts = await _walked(text, report)
        more = _more(report, hosts, again, own_hosts, parts)
        if not more:
            break
        parts |= more
    await asyncio.to_thread(file.write_text, text, encoding="utf-8")
    wanted, got = _ids(report.findings), _ids(again.findings)
    if wanted == got:
        return f"Saved {file}: `sandbox up {file}` shows the same, {', '.join(wanted) or 'nothing wrong'}."
    return (
        f"Saved {file}, but offline it shows {', '.join(got) or 'nothing'} instead of {', '.join(wanted) or 'nothing'}."
    )


def _ids(findings: tuple[Finding, ...]) -> list[str]:
    return sorted({finding.id for finding in findings if finding.severity == "broken"})


def _hosts(report: Report) -> Hosts:
    return Hosts(report.url, Evidence(report.path).issuers)


def _more(
    report: Report, hosts: Hosts, again: Report, own_hosts: Hosts, known: dict[Place, list[Fault]]
) -> dict[Place, list[Fault]]:
    """Give the faults for what differs and was not known to."""
    live, own = _by_place(report.path), _by_place(again.path)
    found: dict[Place, list[Fault]] = {}
    for place, exchange in live.items():
        if place in own and place not in known:
            made = faults(place, seen(exchange, hosts), seen(own[place], own_hosts))
            found |= {place: made} if made else {}
    return found


def _by_place(path: tuple[Exchange, ...]) -> dict[Place, Exchange]:
    """Give the first answer at each place, or what was never answered."""
    in_order = sorted(path, key=lambda exchange: (exchange.status is None, exchange.number))
    return {place_of(exchange): exchange for exchange in reversed(in_order)}


async def _walked(text: str, report: Report) -> tuple[Report, Hosts]:
    """Walk a sandbox that runs the scenario, as the live server was walked."""
    from sandbox.doctor import examine, sign_in
    from sandbox.sandbox import Sandbox

    scenario: Scenario = read_text(text, file="saved.yaml", name="saved")
    world = {"workos": {"sign_in": "automatic"}}
    async with Sandbox(scenario, world=world) as sandbox:
        url = sandbox.mcp_url
        habits = Habits(open_url=_visited)
        again = await (examine(url) if report.signed_in is None else sign_in(url, habits))
        return again, Hosts(url, [sandbox.addresses.workos, sandbox.addresses.other])


async def _visited(url: str) -> bool:
    from sandbox.browser import BrowserError, visit

    try:
        await asyncio.to_thread(visit, url)
    except BrowserError:
        return False
    return True


# --- the file -----------------------------------------------------------------------------------------------------


def _world(report: Report, hosts: Hosts) -> dict[str, Any]:
    """Give the settings: the path, and the challenge, whose URL of the metadata decides what is metadata."""
    path = urlsplit(report.url).path or "/"
    service: dict[str, Any] = {} if path == "/mcp" else {"path": path}
    asked = next((one for one in report.path if one.status == 401 and one.step == "challenge"), None)  # noqa: PLR2004
    said = challenges((asked.response_header("www-authenticate") or "") if asked else "")
    if len(said) == 1 and said[0].is_bearer and {one.name for one in said[0].parameters} <= set(_CHALLENGE):
        challenge = {name: _mapped(hosts, said[0].get(name)) for name in _CHALLENGE}
        changed = {name: value for name, value in challenge.items() if value != _healthy(name, path)}
        service |= {"challenge": changed} if changed else {}
    elif asked is not None and not said:
        service["challenge"] = {"scheme": None}
    return {"service": service} if service else {}


def _mapped(hosts: Hosts, text: str | None) -> str | None:
    return None if text is None else str(hosts(text))


def _healthy(name: str, path: str) -> str | None:
    return {
        "error": "unauthorized",
        "error_description": "Authorization needed",
        "resource_metadata": f"{{mcp}}/.well-known/oauth-protected-resource{path.rstrip('/')}",
    }.get(name)


def _text(report: Report, world: dict[str, Any], parts: dict[Place, list[Fault]]) -> str:
    """Write the scenario."""
    hosts = _hosts(report)
    first = next((one for one in report.findings if one.severity == "broken"), None)
    failed = next((one for one in report.checks if one.result == "failed"), None)
    document: dict[str, Any] = {"title": "A live server on which nothing is broken", "story": _STORY}
    step: Step | None = first.step if first else failed.step if failed else None
    document["title"] = first.title if first else hosts(failed.checked) + ": no" if failed else document["title"]
    if step is not None:
        document["step"] = step
    document |= {"world": world} if world else {}
    document |= {"faults": [fault for each in parts.values() for fault in each]} if parts else {}
    document["expect"] = _expected(report, step, first)
    if step is not None:
        document["cause"] = first.why if first else f"{hosts(failed.evidence) if failed else step}."
        document["fix"] = first.change if first else "See the check."
    if first is not None and first.references:
        document["references"] = list(first.references)
    return _HEAD + yaml.safe_dump(_clean(document), sort_keys=False, allow_unicode=True, width=_LONGEST)


def _expected(report: Report, step: Step | None, first: Finding | None) -> dict[str, Any]:
    if step is None:
        return {"connects": True}
    earlier = STEPS[: STEPS.index(step)]
    reached = [one.step for one in report.path if one.step in earlier and (one.status or 500) < 500]  # noqa: PLR2004
    last = max(reached, key=STEPS.index, default=earlier[-1] if earlier else None)
    said: dict[str, Any] = {"finding": first.id} if first else {}
    return said | ({"reaches": last} if last else {})


def _clean(value: Any) -> Any:
    """Give a value that YAML and HTTP take: no control characters."""
    if isinstance(value, str):
        return NO_TEXT.sub("\N{REPLACEMENT CHARACTER}", value) if "\n" in value else one_line(value, 2000)
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items()}
    return [_clean(item) for item in value] if isinstance(value, list) else value
