"""The sequence diagram as SVG, and the report that holds it: whole, sound, and nothing a stranger sent is markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import httpx2
import pytest
from click.testing import CliRunner

from sandbox import report_page
from sandbox.cli import cli
from sandbox.diagnosis import diagnose
from sandbox.diagram import MOST, Picture
from sandbox.export import FORMATS
from sandbox.sandbox import Sandbox
from tests.exchanges import exchange

HOSTILE = "</text></svg><script>alert(1)</script>\x00\x1b\ud800 \"'&]]>"
SVG = "{http://www.w3.org/2000/svg}"


def texts(picture: bytes) -> list[str]:
    """Give the texts of a picture; raise ParseError when it is no XML."""
    return ["".join(each.itertext()) for each in ET.fromstring(picture).iter(f"{SVG}text")]  # noqa: S314 - our own


def test_every_exchange_is_an_arrow() -> None:
    """Each exchange has its arrow from who asks to who answers, its step, what was asked, and the status."""
    made = [exchange(number) for number in range(1, 4)]
    picture = Picture().text(made)
    assert len(ET.fromstring(picture).findall(f"{SVG}path")) == 3  # noqa: S314
    said = texts(picture)
    assert said.count(made[0].step) == 3
    assert {"client", "browser", "log-aggregator", "WorkOS", "3 exchanges", str(made[0].status)} <= set(said)


def test_the_time_stands_beside_the_status() -> None:
    """Whoever reads a row to its end does not cross an empty place: status and time are neighbours at the edge."""
    root = ET.fromstring(Picture().text([exchange(1)]))  # noqa: S314
    ends = [float(each.get("x", "")) for each in root.iter(f"{SVG}text") if each.get("text-anchor") == "end"]
    assert ends == [float(root.get("width", "")) - 80, float(root.get("width", "")) - 20]


def test_only_the_last_are_drawn() -> None:
    """A long trace is drawn from its end, and the picture says so."""
    picture = Picture().text([exchange(number) for number in range(1, MOST + 11)])
    assert f"{MOST + 10} exchanges, the last {MOST} of them" in texts(picture)
    assert len(ET.fromstring(picture).findall(f"{SVG}path")) == MOST  # noqa: S314


@pytest.mark.parametrize("field", ["method", "url", "mcp_methods", "faults", "response_body"])
def test_hostile_words_are_text_in_the_picture(field: str) -> None:
    """What a stranger sent is neither markup, nor does it spoil the file."""
    said: Any = [HOSTILE] if field in {"mcp_methods", "faults"} else f"http://localhost/{HOSTILE}"
    picture = Picture().text([exchange(1, **{field: said})])
    root = ET.fromstring(picture)  # noqa: S314
    assert {each.tag.removeprefix(SVG) for each in root.iter()} <= {"svg", "title", "rect", "line", "path", "text"}


def test_it_is_a_form_of_the_trace() -> None:
    """The control API gives it by name, and an empty trace is a picture too."""
    assert FORMATS["svg"].content_type == "image/svg+xml"
    assert "0 exchanges" in texts(FORMATS["svg"].text([]))


# --- the report --------------------------------------------------------------------------------------------------


class Tags(HTMLParser):
    """The tags of a page, and what its attributes would load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.add(tag)
        self.loads += [value or "" for name, value in attrs if name in {"src", "href", "style"} or name[:2] == "on"]


def test_a_report_is_one_file_that_loads_nothing() -> None:
    """Findings, diagram and exchanges are in it; it has no script, and its links stay within it."""
    with Sandbox("missing-registration") as sandbox:
        httpx2.post(sandbox.mcp_url, json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
        answer = httpx2.get(f"{sandbox.addresses.console}/api/report.html")
        assert sandbox.scenario.title in answer.text
    assert answer.headers["content-disposition"] == 'attachment; filename="report.html"'
    assert answer.headers["content-security-policy"] == report_page.POLICY
    page = Tags(answer.text)
    assert {"svg", "details", "h1"} <= page.tags
    assert "script" not in page.tags
    assert all(each.startswith("#") for each in page.loads)


def test_hostile_words_are_text_in_the_report() -> None:
    """What a stranger sent, in any field, makes no tag."""
    plain = Tags(report_page.page([exchange(1)], [], "plain"))
    said = HOSTILE.replace("\ud800", "")
    made = exchange(
        1,
        method=said,
        url=said,
        mcp_methods=[said],
        faults=[said],
        request_headers=[(said, said)],
        response_body=said,
        held={said: {said: said}},
    )
    page = Tags(report_page.page([made], diagnose([made]), said, [said]))
    assert page.tags - plain.tags <= {"p", "pre", "h3", "tr", "th", "td", "article", "strong", "code", "a", "span"}


def test_explain_writes_a_report(tmp_path: Path) -> None:
    """`sandbox explain FILE --html OUT` says what it says, and writes the file."""
    trace, out = tmp_path / "trace.json", tmp_path / "report.html"
    trace.write_bytes(FORMATS["json"].text([exchange(1)]))
    CliRunner().invoke(cli, ["explain", str(trace), "--html", str(out)])
    assert re.search("<summary>.*challenge|<summary>.*token|<summary>", out.read_text())
    assert "trace.json" in out.read_text()
