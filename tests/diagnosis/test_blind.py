"""Every scenario as a stranger's recording: a HAR with nothing of the sandbox in it, and the same answer."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any, Final

import msgspec

from sandbox.diagnosis import diagnose
from sandbox.diagnosis.reading import ReadError, read
from sandbox.export import FORMATS
from sandbox.scenario import Scenario
from sandbox.wire.exchange import Exchange
from tests.conftest import Start
from tests.plays import played
from tests.test_scenarios import SCENARIOS

UNSEEN: Final = {
    "net-private-ca-service": "a browser's or a proxy's recording of it holds no request at all",
    "net-private-ca": "no recording holds a connection given up before a request; the silence is named instead",
}
"""What a HAR cannot hold."""


@SCENARIOS
async def test_a_strangers_recording_says_the_same(scenario: Scenario, start: Start) -> None:
    """The first finding is the declared one, with all taken out that could name the scenario or the sandbox."""
    sandbox = await start(scenario, reveal=True)
    with suppress(Exception):
        await played(sandbox)
    text = strangers_har(list(sandbox.trace))
    assert scenario.name not in text
    try:
        found = diagnose(read(text.encode()).exchanges)
    except ReadError:
        found = []
    first = found[0].id if found else None
    assert (first == scenario.expect.finding) is (scenario.name not in UNSEEN), (first, [one.id for one in found])


def strangers_har(trace: list[Exchange]) -> str:
    """Write a trace as another program's HAR."""
    whole = json.loads(FORMATS["har"].text([msgspec.structs.replace(one, faults=[]) for one in trace]))
    for entry in whole["log"]["entries"]:
        if entry["_ended"] in {"dropped", "cut"}:
            entry["response"]["_error"] = "net::ERR_CONNECTION_RESET"  # as Chromium has it
    whole["log"]["creator"] = {"name": "WebInspector", "version": "537.36"}
    return re.sub("sandbox", "vendor", json.dumps(_plain(whole)), flags=re.IGNORECASE)


def _is_ours(name: str) -> bool:
    return name == "comment" or (name.startswith("_") and name != "_error")


def _plain(value: Any) -> Any:
    """Give what every HAR has: no fields of our own, no comments, no notes."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items() if not _is_ours(name)}
    if isinstance(value, list):
        return [_plain(item) for item in value if not (isinstance(item, dict) and item.get("name") == "sandbox-note")]
    return value
