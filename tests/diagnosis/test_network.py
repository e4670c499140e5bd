"""What can befall a request at any step is found at the step that it befell."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.diagnosis import diagnose
from tests.exchanges import exchange

SILENT: dict[str, Any] = {"status": None, "ended": "unanswered", "response_body": ""}
PAGE: dict[str, Any] = {"response_headers": [("content-type", "text/html")], "status": 403}
WAITS = "<html><title>Just a moment...</title></html>"
EVENTS = [("content-type", "text/event-stream")]


@pytest.mark.parametrize(
    ("finding", "fields"),
    [
        pytest.param("bot-challenge", PAGE | {"response_body": WAITS}, id="page"),
        pytest.param(
            "bot-challenge", {"status": 403, "response_headers": [("cf-mitigated", "challenge")]}, id="Cloudflare"
        ),
        pytest.param(
            "bot-challenge", {"status": 202, "response_headers": [("x-amzn-waf-action", "challenge")]}, id="AWS"
        ),
        pytest.param("bot-challenge", {"status": 429, "response_headers": [("cf-mitigated", "challenge")]}, id="429"),
        pytest.param("rate-limited", {"status": 429}, id="limit"),
        pytest.param("no-answer", SILENT | {"seconds": 30.0}, id="silence"),
        pytest.param("connection-dropped", SILENT | {"ended": "dropped"}, id="dropped"),
        pytest.param("connection-dropped", {"ended": "cut"}, id="cut"),
        pytest.param("slow-token", {"seconds": 6.0}, id="slow"),
    ],
)
@pytest.mark.parametrize("step", ["token", "refresh"])
def test_it_is_found_at_its_step(finding: str, fields: dict[str, Any], step: str) -> None:
    """The finding is placed on the step of the exchange that shows it."""
    named = {one.id: one.step for one in diagnose([exchange(1, step=step, **fields)])}
    assert named[finding] == step


@pytest.mark.parametrize(
    ("finding", "fields"),
    [
        pytest.param("bot-challenge", PAGE | {"response_body": "<html>Forbidden</html>"}, id="any 403"),
        pytest.param("bot-challenge", PAGE | {"response_body": WAITS, "asker": "browser"}, id="a browser may solve it"),
        pytest.param("bot-challenge", {"status": 403, "response_body": '{"m": "just a moment..."}'}, id="no page"),
        pytest.param(
            "rate-limited", {"status": 429, "response_headers": [("cf-mitigated", "challenge")]}, id="bot check"
        ),
        pytest.param("rate-limited", {"status": 503}, id="outage"),
        pytest.param("no-answer", SILENT | {"seconds": 0.3}, id="changed its mind"),
        pytest.param("no-answer", SILENT | {"seconds": 60.0, "step": "messages", "method": "GET"}, id="a quiet stream"),
        pytest.param("no-answer", SILENT | {"seconds": 60.0, "asker": "browser"}, id="a person's tab"),
        pytest.param("connection-dropped", {"ended": "cut", "response_headers": EVENTS}, id="a stream ends"),
        pytest.param("connection-dropped", SILENT, id="the client hung up"),
        pytest.param("slow-token", {"seconds": 4.0}, id="not so slow"),
        pytest.param("slow-token", {"seconds": 60.0, "step": "messages"}, id="a slow tool"),
    ],
)
def test_what_only_looks_like_it_is_not_found(finding: str, fields: dict[str, Any]) -> None:
    """A refusal of another kind, a stream, and a person's browser are left alone."""
    assert finding not in [one.id for one in diagnose([exchange(1, **fields)])]


def test_a_request_that_goes_well_the_second_time_did_no_harm() -> None:
    """What failed after it has another cause."""
    assert [one.severity for one in diagnose([exchange(1, status=429)]) if one.id == "rate-limited"] == ["broken"]
    again = [exchange(1, status=429), exchange(2, status=200)]
    assert [one.severity for one in diagnose(again) if one.id == "rate-limited"] == ["harmless"]


def test_the_last_step_that_was_hit_counts() -> None:
    """A limit at registration that was overcome does not hide one at the token endpoint."""
    trace = [exchange(1, step="registration", status=429), exchange(2, step="token", status=429)]
    assert [one.step for one in diagnose(trace) if one.id == "rate-limited"] == ["token"]
