"""The trace in the forms that other programs read."""

from __future__ import annotations

import datetime as dt
import json
import re
import shlex
import subprocess
from typing import Any

import pytest

from sandbox.export import FORMATS
from sandbox.wire.exchange import Exchange
from tests.exchanges import exchange

HOSTILE = "';\n$(touch /tmp/x)`id`\"\\ %0a#end\x1b[31m"


@pytest.mark.parametrize("name", FORMATS)
def test_an_empty_trace(name: str) -> None:
    """Every form can hold nothing."""
    text = FORMATS[name].text([]).decode()
    assert text
    if FORMATS[name].content_type == "application/json":
        json.loads(text)


def test_json_is_what_is_remembered() -> None:
    """JSON holds every field of every exchange."""
    made = exchange(2, held={"abcd1234": {"S256": "x"}}, faults=["status 503"], client_id="client_1")
    (shown,) = json.loads(FORMATS["json"].text([made]))["exchanges"]
    assert set(shown) == set(Exchange.__struct_fields__)
    assert (shown["number"], shown["faults"], shown["client_id"]) == (2, ["status 503"], "client_1")


# --- HAR ---------------------------------------------------------------------------------------------------------

REQUIRED = {
    "log": {"version", "creator", "entries"},
    "log.creator": {"name", "version"},
    "entry": {"startedDateTime", "time", "request", "response", "cache", "timings"},
    "entry.request": {
        "method",
        "url",
        "httpVersion",
        "cookies",
        "headers",
        "queryString",
        "headersSize",
        "bodySize",
    },
    "entry.response": {
        "status",
        "statusText",
        "httpVersion",
        "cookies",
        "headers",
        "content",
        "redirectURL",
        "headersSize",
        "bodySize",
    },
    "entry.response.content": {"size", "mimeType"},
    "entry.timings": {"send", "wait", "receive"},
}
"""The fields that HAR 1.2 requires."""


def har(*exchanges: Exchange) -> dict[str, Any]:
    """Write a HAR; check its required fields, and that any other begins with an underscore or is optional."""
    log: dict[str, Any] = json.loads(FORMATS["har"].text(exchanges))["log"]
    optional = {"postData", "text", "mimeType", "comment"}
    for path, required in REQUIRED.items():
        first, *rest = path.split(".")
        for value in [log] if first == "log" else log["entries"]:
            for name in rest:
                value = value[name]  # noqa: PLW2901
            assert required <= set(value), path
            assert all(name.startswith("_") or name in optional for name in set(value) - required), path
    return log


def test_har_has_what_har_requires() -> None:
    """A HAR of exchanges that were answered, broken and empty has every field that HAR 1.2 requires."""
    log = har(
        exchange(1, request_body="code=x", request_headers=[("content-type", "a/b")]),
        exchange(2, status=None, ended="dropped", response_headers=[], response_body=""),
        exchange(3, url="http://[broken", method="GET"),
    )
    assert log["version"] == "1.2"
    first, second, third = log["entries"]
    assert first["request"]["postData"] == {"mimeType": "a/b", "text": "code=x"}
    assert "postData" not in second["request"]
    assert (second["response"]["status"], second["_ended"], third["request"]["url"]) == (0, "dropped", "http://[broken")


def test_har_tells_times_and_sizes() -> None:
    """Times are in milliseconds and ISO 8601, sizes in bytes, and unknown sizes are -1."""
    (entry,) = har(exchange(0, seconds=0.0125, request_body="é", response_body="éé"))["entries"]
    assert dt.datetime.fromisoformat(entry["startedDateTime"]).timestamp() == 1_767_603_600.0
    assert entry["time"] == entry["timings"]["wait"] == 12.5
    assert (entry["request"]["bodySize"], entry["response"]["content"]["size"]) == (2, 4)
    assert entry["request"]["headersSize"] == entry["response"]["headersSize"] == -1


def test_har_has_queries_and_redirects() -> None:
    """The query is split into its fields, empty ones too, and a redirect names its target."""
    location = [("location", "http://localhost:5/cb?code=‹code 1a›")]
    (entry,) = har(exchange(url="http://localhost/a?b=%20&c=&b=2", status=302, response_headers=location))["entries"]
    assert entry["request"]["queryString"] == [
        {"name": "b", "value": " "},
        {"name": "c", "value": ""},
        {"name": "b", "value": "2"},
    ]
    assert entry["response"]["redirectURL"] == location[0][1]


# --- Mermaid -----------------------------------------------------------------------------------------------------


def test_mermaid_draws_who_asked_whom() -> None:
    """Each exchange is an arrow there and one back, crossed out where the connection broke."""
    lines = FORMATS["mermaid"].text(
        [
            exchange(step="challenge", system="log-aggregator", mcp_methods=["initialize"], status=401),
            exchange(step="authorization", asker="browser", method="GET", url="http://localhost:4100/oauth2/sign-in"),
            exchange(step="jwks", asker="log-aggregator", method="GET", ended="dropped", status=None),
            exchange(step="messages", system="log-aggregator", ended="open"),
        ]
    )
    assert lines.decode().splitlines()[5:] == [
        "  Client->>MCP: POST initialize",
        "  MCP-->>Client: 401 (challenge)",
        "  Browser->>WorkOS: GET /oauth2/sign-in",
        "  WorkOS-->>Browser: 200 (authorization)",
        "  MCP->>WorkOS: GET /oauth2/token",
        "  WorkOS--xMCP: dropped (jwks)",
        "  Client->>MCP: POST /oauth2/token",
        "  MCP-->>Client: 200 (messages)",
    ]


@pytest.mark.parametrize("field", ["method", "url", "mcp_methods"])
def test_mermaid_holds_no_syntax_of_strangers(field: str) -> None:
    """Nothing that a client sends becomes a line, a comment, an entity or markup of the diagram."""
    text = "<b>x</b>\n  Client->>MCP: forged\r;#lt;{}%%{init}%%" + HOSTILE + "y" * 500
    fields: dict[str, Any] = {field: [text] if field == "mcp_methods" else f"http://x/{text}"}
    hostile = exchange(**fields)
    lines = FORMATS["mermaid"].text([hostile]).decode().splitlines()
    assert len(lines) == 7
    assert re.fullmatch(r"  Client->>WorkOS: [\w ,./()-]{1,120}", lines[5])


# --- curl --------------------------------------------------------------------------------------------------------


def commands(*exchanges: Exchange) -> list[list[str]]:
    """Read the words of each command of the script, as a shell would."""
    script = "\n".join(
        line for line in FORMATS["curl"].text(exchanges).decode().split("\n") if not line.startswith("#")
    )
    words = shlex.split(script)
    starts = [number for number, word in enumerate(words) if word == "curl"]
    return [words[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]


def test_curl_asks_the_same() -> None:
    """Method, URL, headers and body are those of the request; what curl sets itself is left to it."""
    headers = [("host", "x"), ("accept", "a/b"), ("content-length", "6"), ("x-empty", ""), ("connection", "close")]
    (command,) = commands(exchange(request_headers=headers, request_body="code=x"))
    url = "http://localhost:4100/oauth2/token"
    assert command[:6] == ["curl", "-i", "--globoff", "-X", "POST", url]
    assert command[6:] == ["-H", "accept: a/b", "-H", "x-empty;", "--data-raw", "code=x"]


def test_curl_asks_for_the_head_alone() -> None:
    """For HEAD curl must not wait for a body."""
    (command,) = commands(exchange(method="HEAD"))
    assert "--head" in command
    assert "-X" not in command


@pytest.mark.parametrize("field", ["method", "url", "request_body", "name", "value"])
def test_curl_quotes_what_strangers_sent(field: str) -> None:
    """However hostile a request, the shell reads each of its parts as one word."""
    fields: dict[str, Any] = {field: HOSTILE}
    if field in {"name", "value"}:
        fields = {"request_headers": [(HOSTILE, "x") if field == "name" else ("x-a", HOSTILE)]}
    (command,) = commands(exchange(**fields))
    assert [word for word in command if HOSTILE in word] == [
        {"name": f"{HOSTILE}: x", "value": f"x-a: {HOSTILE}"}.get(field, HOSTILE)
    ]


def test_the_script_is_one_for_a_real_shell() -> None:
    """A shell finds the script well formed, whatever it holds."""
    made = exchange(url=HOSTILE, request_body=HOSTILE, request_headers=[("x", HOSTILE)], mcp_methods=["\n"])
    script = FORMATS["curl"].text([made])
    done = subprocess.run(["/bin/sh", "-n"], input=script, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
