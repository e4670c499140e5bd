"""The rules as a whole: said in full, named once at a step, documented, and safe against whatever a trace holds."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.diagnosis import diagnose
from sandbox.diagnosis.failing import UNNAMED
from sandbox.diagnosis.finding import RULES, Rule
from sandbox.diagnosis.reference import page
from sandbox.flow import STEPS
from sandbox.scenario import library
from sandbox.wire.exchange import Exchange

PAGE = Path(__file__).parents[2] / "docs" / "findings.md"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.step}-{rule.id}")
def test_a_rule_says_everything(rule: Rule) -> None:
    """Each has an id of the field's words, whole sentences, and says what to change and where that is written."""
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.id)
    assert rule.step in STEPS
    assert not rule.title.endswith(".")
    assert rule.why.endswith(".")
    assert rule.change.endswith(".")
    assert rule.references


def test_a_finding_is_named_once_at_a_step() -> None:
    """The id and the step together mean one rule."""
    named = [(rule.id, rule.step) for rule in RULES]
    assert sorted(named) == sorted(set(named))


def test_every_expected_finding_is_there() -> None:
    """Each finding that a scenario expects is one of a rule."""
    expected = {scenario.expect.finding for scenario in library() if scenario.expect.finding}
    assert expected <= {rule.id for rule in RULES}


def test_the_page_is_current() -> None:
    """docs/findings.md is what the rules make of it."""
    assert PAGE.read_text(encoding="utf-8") == page([*RULES, UNNAMED], library())


_TEXTS = st.sampled_from(
    [
        "",
        "x",
        "{}",
        "[]",
        "null",
        "1",
        '{"issuer": 1}',
        '{"authorization_servers": "x"}',
        '{"authorization_servers": [1, null]}',
        '{"error": {"code": []}}',
        '{"keys": [1]}',
        '{"client_id": null}',
        "<html>",
        "http://[",
        "Bearer =,=",
        'Bearer a="',
        "é\u202e",
        '{"access_token": 5, "expires_in": "x"}',
        '{"jsonrpc": "2.0", "result": []}',
        "code=&state=",
        "http://localhost:x/",
    ]
)
_NAMES = [
    "issuer",
    "authorization_endpoint",
    "token_endpoint",
    "registration_endpoint",
    "jwks_uri",
    "scopes_supported",
    "resource",
    "authorization_servers",
    "response_types_supported",
    "grant_types_supported",
    "code_challenge_methods_supported",
    "token_endpoint_auth_methods_supported",
    "client_id_metadata_document_supported",
    "client_id",
    "client_secret",
    "redirect_uris",
    "grant_types",
    "token_endpoint_auth_method",
    "client_secret_expires_at",
    "access_token",
    "refresh_token",
    "token_type",
    "expires_in",
    "scope",
    "error",
    "error_description",
    "keys",
    "kid",
    "result",
    "jsonrpc",
    "method",
    "params",
    "authorization_response_iss_parameter_supported",
]
_ODD: st.SearchStrategy[Any] = st.sampled_from(
    ["", "x", "https://auth.example", None, True, -1, 1.5, [], [1, None, {}], ["x"], {}, {"code": []}]
)
_DOCUMENTS = st.dictionaries(st.sampled_from(_NAMES), _ODD, max_size=8).map(json.dumps)
_HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            ["www-authenticate", "location", "content-type", "user-agent", "origin", "date", "authorization"]
        ),
        _TEXTS,
    ),
    max_size=4,
)
_HELD = st.sampled_from(
    [{}, {"a": {}}, {"a": {"claims": {"exp": "x", "aud": [1], "iat": None}, "header": {"kid": []}}}]
)


@st.composite
def _exchanges(draw: Any) -> list[Exchange]:
    made = []
    for number in range(draw(st.integers(0, 6))):
        fields = {
            "number": number,
            "at": float(number),
            "step": draw(st.sampled_from(STEPS)),
            "system": draw(st.sampled_from(["workos", "log-aggregator"])),
            "asker": draw(st.sampled_from(["client", "browser", "log-aggregator"])),
            "method": draw(st.sampled_from(["GET", "POST", "OPTIONS", ""])),
            "url": draw(
                _TEXTS | st.sampled_from(["http://localhost:1/mcp", "https://auth.example/oauth2/authorize?state=s"])
            ),
            "request_headers": draw(_HEADERS),
            "request_body": draw(_TEXTS | _DOCUMENTS),
            "status": draw(st.sampled_from([None, 200, 201, 204, 302, 400, 401, 403, 404, 429, 500])),
            "response_headers": draw(_HEADERS),
            "response_body": draw(_TEXTS | _DOCUMENTS),
            "ended": draw(st.sampled_from(["answered", "open", "cut", "dropped", "unanswered", "unasked"])),
            "held": draw(_HELD),
            "client_id": draw(st.sampled_from([None, "a", "b"])),
        }
        made.append(msgspec.convert(fields, Exchange))
    return made


@given(_exchanges(), st.none() | st.floats(0, 100))
@settings(max_examples=1000, suppress_health_check=list(HealthCheck))
def test_no_trace_makes_a_rule_fail(exchanges: list[Exchange], now: float | None) -> None:
    """Whatever strangers have sent, the diagnosis answers; it says the same whatever the order it is given."""
    found = diagnose(exchanges, now)
    assert diagnose(reversed(exchanges), now) == found
