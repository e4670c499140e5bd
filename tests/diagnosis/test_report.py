"""Findings are told in full to people and to machines, and obey no terminal code of strangers."""

from __future__ import annotations

import json
from typing import Any

import click

from sandbox.diagnosis.finding import Finding
from sandbox.diagnosis.report import as_json, as_text, finding_json, finding_text, is_broken, summary
from sandbox.timeline import line
from tests.exchanges import exchange


def finding(**fields: Any) -> Finding:
    """Make a finding."""
    given: dict[str, Any] = {
        "id": "dcr-absent",
        "step": "registration",
        "severity": "broken",
        "side": "configuration",
        "title": "There is no way to register",
        "happened": "The metadata has no registration_endpoint.",
        "why": "A client needs an id.",
        "change": "Turn it on.",
        "references": ("RFC 7591 section 3", "MCP 2025-11-25"),
        "exchanges": (2,),
        "client": "Claude Code (logs)",
    }
    return Finding(**(given | fields))


def plain(text: str) -> list[str]:
    """Give the lines without colours."""
    return click.unstyle(text).splitlines()


def test_a_finding_is_told_in_full() -> None:
    """Severity, step, side, client, id, title, the four texts, and the exchanges as the timeline shows them."""
    trace = {number: exchange(number) for number in (1, 2)}
    assert plain(finding_text(finding(), trace)) == [
        "broken  at registration · configuration · Claude Code (logs) · dcr-absent",
        "There is no way to register",
        "  Happened  The metadata has no registration_endpoint.",
        "  Why       A client needs an id.",
        "  Change    Turn it on.",
        "  See       RFC 7591 section 3; MCP 2025-11-25",
        f"  {click.unstyle(line(trace[2]))}",
    ]


def test_what_is_unknown_is_left_out() -> None:
    """Without a client, references or remembered exchanges there is no empty row."""
    told = plain(finding_text(finding(client="", references=(), exchanges=(7,)), {}))
    assert told[0] == "broken  at registration · configuration · dcr-absent"
    assert told[-1] == "  Change    Turn it on."


def test_many_exchanges_are_counted() -> None:
    """Of many exchanges the first ten are shown."""
    trace = {number: exchange(number) for number in range(1, 14)}
    told = plain(finding_text(finding(exchanges=tuple(trace)), trace))
    assert told[-1] == "  … and 3 more"
    assert len(told) == 6 + 10 + 1


def test_long_texts_are_broken_between_words() -> None:
    """No line of text is wider than asked for, and a URL stays whole."""
    url = "https://auth.example.com/" + "a-b/" * 30
    told = plain(finding_text(finding(happened="word " * 60, why=f"see {url}", exchanges=()), {}, 60))
    assert url in [text.strip() for text in told]
    assert max(len(text) for text in told[1:] if url not in text) <= 60


def test_strangers_write_no_terminal_codes() -> None:
    """What a client or a server sent is shown, not obeyed, and stays in its line."""
    hostile = "a\x1b[2Jb\nc\u202e"
    told = finding_text(finding(client=hostile, happened=hostile, title=hostile), {})
    assert "\x1b[2J" not in told
    assert "\u202e" not in told
    assert len(plain(told)) == 6


def test_summary() -> None:
    """The last line counts what was found, or says that nothing is broken, and what was seen."""
    trace = [exchange(1, step="challenge"), exchange(2, step="token"), exchange(3, step="challenge")]
    risky, harmless = finding(severity="risky"), finding(severity="harmless")
    assert plain(summary([], trace[:1])) == ["Nothing is broken. Seen: 1 exchange, at challenge."]
    assert plain(summary([risky], trace)) == ["Nothing is broken; 1 risky. Seen: 3 exchanges, at challenge, token."]
    assert plain(summary([finding(), finding(), harmless], trace)) == [
        "2 broken, 1 harmless. Seen: 3 exchanges, at challenge, token."
    ]
    assert plain(summary([], [])) == ["Nothing is broken. Seen: 0 exchanges."]


def test_only_what_is_broken_is_broken() -> None:
    """Risky and harmless findings break nothing."""
    assert is_broken([finding(severity="risky"), finding()])
    assert not is_broken([finding(severity="risky"), finding(severity="harmless")])


def test_text_has_findings_notes_and_summary() -> None:
    """The parts stand apart, the summary last."""
    parts = click.unstyle(as_text([finding(), finding(id="x")], [exchange(2)], ["Two bodies are missing."])).split(
        "\n\n"
    )
    assert [part.partition(" ")[0] for part in parts] == ["broken", "broken", "Note:", "2"]


def test_json_holds_all_of_it() -> None:
    """A machine gets the findings, the exchanges that prove them, what else was seen, and the notes."""
    said = json.loads(as_json([finding()], [exchange(1), exchange(2)], ["n"]))
    assert (said["broken"], said["seen"], said["notes"]) == (True, 2, ["n"])
    assert [one["id"] for one in said["findings"]] == ["dcr-absent"]
    assert [one["number"] for one in said["exchanges"]] == [2]


def test_one_finding_is_a_line_of_json() -> None:
    """Beside the lines of exchanges a finding is one line, with every field."""
    text = finding_json(finding(happened="a\nb"))
    assert "\n" not in text
    assert set(json.loads(text)["finding"]) == set(Finding.__struct_fields__)
