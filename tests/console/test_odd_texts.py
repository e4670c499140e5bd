"""What strangers send breaks nothing that is shown: half a surrogate pair, which no UTF-8 can hold, and odd claims."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest

from sandbox.export import FORMATS
from sandbox.sandbox import Sandbox
from sandbox.timeline import line, story
from tests.console.conftest import Ask

HALF = "\\ud800"
JSON = {"content-type": "application/json"}
TOKEN = ".".join(
    base64.urlsafe_b64encode(part.encode()).decode().rstrip("=")
    for part in (f'{{"alg":"none","kid":"{HALF}"}}', f'{{"client_id":"{HALF}","iss":"{HALF}","aud":"{HALF}"}}', "x")
)
CLIENT = f'{{"client_name":"{HALF}","redirect_uris":["http://localhost:1/{HALF}"],"scope":"{HALF}","{HALF}":1}}'
INFO = f'{{"protocolVersion":"{HALF}","capabilities":{{}},"clientInfo":{{"name":"{HALF}","version":"{HALF}"}}}}'
SENT: dict[str, tuple[str, str]] = {
    "registration": ("/oauth2/register", CLIENT),
    "user": ("/user_management/users", f'{{"email":"{HALF}","password":"{HALF}{HALF}{HALF}"}}'),
    "grant": ("/oauth2/token", f'{{"client_id":"{HALF}","grant_type":"{HALF}","code":"{HALF}"}}'),
    "MCP method": ("mcp", f'{{"jsonrpc":"2.0","id":1,"method":"{HALF}"}}'),
    "MCP tool": ("mcp", f'{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{HALF}"}}}}'),
    "clientInfo": ("mcp", f'{{"jsonrpc":"2.0","id":1,"method":"initialize","params":{INFO}}}'),
    "raw": ("mcp", '{"jsonrpc":"2.0","id":1,"method":"\ud800"}'),
}
PAGES = ("/", "/dashboard", "/api/findings", "/api/findings?so_far", "/api/clients", "/api/report.html", "/api/state")


@pytest.mark.parametrize("name", SENT)
async def test_all_that_the_console_shows_can_still_be_read(
    sandbox: Sandbox, ask: Ask, http: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture, tmp_path: Path, name: str
) -> None:
    """Pages, findings, clients, each form of the trace, events, timeline, `explain`; and the log has no failure."""
    caplog.set_level(logging.WARNING)
    path, body = SENT[name]
    url = sandbox.mcp_url if path == "mcp" else sandbox.addresses.workos + path
    async with http.stream("GET", sandbox.addresses.console + "/api/events") as events:
        chunks = events.aiter_text()
        sent = body.encode("utf-8", "surrogatepass")
        for authorization in ({}, {"authorization": f"Bearer {TOKEN}"}):
            refused = await http.post(url, content=sent, headers=JSON | authorization)
            assert 400 <= refused.status_code < 500
        heard = ""
        async with asyncio.timeout(20):
            while heard.count("event: exchange") < 2:
                heard += await anext(chunks)
    shown: dict[str, Any] = {}
    for place in (*PAGES, *(f"/api/trace?format={each}" for each in FORMATS)):
        answer = await ask("GET", place)
        shown[place] = (answer.status_code, len(answer.text) > 1)
    assert {place: said for place, said in shown.items() if said != (200, True)} == {}
    for exchange in sandbox.trace:
        (line(exchange) + story([exchange], exchange.client_id)).encode()
    assert [record.getMessage() for record in caplog.records if record.levelno > logging.WARNING] == []
    for form in ("json", "har"):
        file = tmp_path / f"trace.{form}"
        file.write_bytes((await ask("GET", f"/api/trace?format={form}")).content)
        for option in ([], ["--json"], ["--html", str(tmp_path / "report.html")]):
            told = subprocess.run(  # noqa: ASYNC221 - nothing else is to go on meanwhile
                [sys.executable, "-m", "sandbox", "explain", *option, str(file)], capture_output=True, check=False
            )
            assert (told.returncode in {0, 1}, told.stderr) == (True, b""), (form, option)
    assert json.loads((await ask("GET", "/api/trace")).text)["exchanges"]


@pytest.mark.parametrize("claims", [b"no json", b'["jti"]', b'"jti"'])
async def test_the_dashboard_takes_any_claims(
    sandbox: Sandbox, ask: Ask, http: httpx2.AsyncClient, claims: bytes
) -> None:
    """A stranger's token may say anything where claims belong, and nothing."""
    token = f"eyJhbGciOiJub25lIn0.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.x"
    assert (await http.get(sandbox.mcp_url, headers={"authorization": f"Bearer {token}"})).status_code == 401
    assert (await ask("GET", "/dashboard")).status_code == 200
