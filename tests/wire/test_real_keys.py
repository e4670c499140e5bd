"""Keys of the real WorkOS: wherever one arrives it is refused, and it is found nowhere afterwards."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from sandbox.errors import SandboxError
from sandbox.export import FORMATS
from sandbox.real_keys import holds_one
from sandbox.sandbox import Sandbox
from sandbox.scenario import read, read_value
from tests.conftest import Start

LIVE = "sk_live_" + "0123456789abcdefABCDEF"
TEST = "sk_test_" + base64.b64encode(b"key_01ABCDEF,secret").decode()
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    """Give an HTTP client."""
    async with httpx2.AsyncClient(trust_env=False) as client:
        yield client


def _escaped(text: str) -> str:
    return "".join(f"\\u{ord(char):04x}" for char in text)


def ways(key: str) -> dict[str, dict[str, Any]]:
    """Give the requests in which a key can arrive: method, path and options."""
    basic = base64.b64encode(f"client_1:{key}".encode()).decode()
    percent = "".join(f"%{ord(char):02X}" for char in key)
    return {
        "bearer": {"url": "/organizations", "headers": {"authorization": f"Bearer {key}"}},
        "bare": {"url": "/organizations", "headers": {"authorization": key}},
        "other header": {"url": "/organizations", "headers": {"x-api-key": key}},
        "name of a header": {"url": "/organizations", "headers": {key.replace("=", ""): "1"}},
        "basic": {"method": "POST", "url": "/oauth2/token", "headers": {"authorization": f"Basic {basic}"}},
        "form": {"method": "POST", "url": "/oauth2/token", "data": {"client_id": "client_1", "client_secret": key}},
        "json": {"method": "POST", "url": "/sso/token", "json": {"client_secret": key}},
        "escaped": {"method": "POST", "url": "/sso/token", "content": f'{{"client_secret": "{_escaped(key)}"}}'},
        "UTF-16": {
            "method": "POST",
            "url": "/organizations",
            "content": f'{{"name": "x", "metadata": {{"key": "{key}"}}}}'.encode("utf-16-le"),
            "headers": {"content-type": "application/json"},
        },
        "percent": {
            "method": "POST",
            "url": "/oauth2/token",
            "content": f"client_secret={percent}",
            "headers": {"content-type": FORM},
        },
        "query": {"url": "/oauth2/authorize?" + f"client_secret={quote(key)}"},
        "query, twice encoded": {"url": "/oauth2/authorize?" + f"redirect_uri={quote(quote('x?k=' + key))}"},
        "query, many times encoded": {"url": "/oauth2/authorize?a=" + percent.replace("%", "%252525252525")},
        "path": {"url": f"/user_management/users/{quote(key, safe='')}"},
        "metadata": {"method": "POST", "url": "/organizations", "json": {"name": "x", "metadata": {"key": key}}},
    }


async def everything_shown(sandbox: Sandbox, http: httpx2.AsyncClient) -> str:
    """Read all that the sandbox tells of what happened."""
    paths = [f"/api/trace?format={name}" for name in FORMATS]
    paths += ["/api/state", "/api/world", "/api/scenario", "/api/findings", "/api/clients", "/api/report.html"]
    return "\n".join([(await http.get(sandbox.addresses.console + path)).text for path in paths])


@pytest.mark.parametrize("reveal", [False, True])
@pytest.mark.parametrize("key", [LIVE, TEST], ids=["live", "test"])
async def test_a_real_key_is_refused_and_kept_nowhere(
    start: Start, http: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture, key: str, tmp_path: Path, *, reveal: bool
) -> None:
    """It is a 401 that says why, in the shape of the endpoint; no trace, no log, no state holds it, revealed or not."""
    caplog.set_level(logging.DEBUG)
    sandbox = await start(reveal=reveal, state_dir=tmp_path)
    for name, way in ways(key).items():
        asked = {"method": "GET", **way, "url": sandbox.addresses.workos + way["url"]}
        answer = await http.request(**asked)
        assert answer.status_code == 401, name
        said = answer.json()
        assert "the real WorkOS" in said.get("message", said.get("error_description")), name
        assert key not in answer.text
    mcp = await http.post(sandbox.mcp_url, json={"jsonrpc": "2.0", "method": key}, headers={"authorization": key})
    assert mcp.status_code == 401
    assert len(sandbox.trace) == len(ways(key)) + 1
    logged = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("http"))
    kept = await everything_shown(sandbox, http) + logged + on_disk(tmp_path)
    readable = [key, key[8:], base64.b64encode(key.encode()).decode()[:-6], _escaped(key), quote(key, safe="")]
    assert [text for text in readable if text in kept or text in json.dumps(kept)] == []
    assert not holds_one(kept)
    assert logged.count("looks like a real WorkOS API key") == len(ways(key)) + 1


async def test_the_wrong_host_with_a_real_key_is_not_told_it(start: Start, http: httpx2.AsyncClient) -> None:
    """A foreign Origin or Host that holds a key is not repeated."""
    sandbox = await start(reveal=True)
    for header in ("origin", "host"):
        answer = await http.get(sandbox.addresses.workos, headers={header: f"http://{LIVE}"})
        assert LIVE not in answer.text
    assert not holds_one(await everything_shown(sandbox, http))


def on_disk(folder: Path) -> str:
    """Read every file of a folder, whatever it is."""
    return "".join(file.read_bytes().decode("latin-1") for file in folder.iterdir())


SCENARIO = "title: x\nstory: x\nexpect: {connects: true}\n"


@pytest.mark.parametrize("key", [LIVE, TEST], ids=["live", "test"])
@pytest.mark.parametrize(
    "more",
    [
        "world:\n  workos:\n    api_keys: [KEY]\n",
        "world:\n  workos:\n    applications: [{client_id: c, name: n, client_secret: KEY}]\n",
        "cause: KEY\n",
        "faults:\n- at: token\n  set: {x: KEY}\n",
        "KEY: 1\n",
        "# KEY\n",
        'cause: "ESCAPED"\n',
        "cause: [KEY\n",
    ],
)
def test_a_scenario_with_a_real_key_is_refused(tmp_path: Path, more: str, key: str) -> None:
    """The refusal says where and why, and does not repeat the key."""
    file = tmp_path / "mine.yaml"
    file.write_text(SCENARIO + more.replace("KEY", key).replace("ESCAPED", _escaped(key)))
    with pytest.raises(SandboxError, match=r"mine\.yaml:\d+:\d+: This looks like an API key of the real") as refused:
        read(file)
    assert not holds_one(str(refused.value))


def test_a_scenario_that_is_given_as_data_is_refused_too() -> None:
    """The same for JSON, which has paths instead of lines."""
    value = {"title": "x", "story": "x", "expect": {"connects": True}, "world": {"workos": {"api_keys": [LIVE]}}}
    with pytest.raises(SandboxError, match=r"^world\.workos\.api_keys\[0\]: This looks like") as refused:
        read_value(value)
    assert not holds_one(str(refused.value))


async def test_settings_with_a_real_key_are_refused(start: Start, http: httpx2.AsyncClient) -> None:
    """Over the control API, on the dashboard, and from code: refused, not repeated, and nothing changed."""
    sandbox = await start()
    change = {"workos": {"api_keys": [TEST]}}
    before = sandbox.world
    answers = [
        await http.patch(sandbox.addresses.console + "/api/world", json=change),
        await http.post(sandbox.addresses.console + "/api/effects", json={"change": change}),
        await http.post(
            sandbox.addresses.console + "/dashboard/settings", data={"setting": "workos.api_keys", "value": TEST}
        ),
    ]
    for answer in answers:
        assert answer.status_code == 400
        assert "the real WorkOS" in answer.text
        assert not holds_one(answer.text)
    with pytest.raises(SandboxError, match="the real WorkOS"):
        sandbox.change(change)
    assert sandbox.world == before


async def test_the_console_repeats_no_real_key(start: Start, http: httpx2.AsyncClient) -> None:
    """Where a name, a number or a query is refused, the refusal says why, and not what was given."""
    console = (await start()).addresses.console
    for answer in (
        await http.put(console + "/api/scenario", json={"name": LIVE}),
        await http.get(console + f"/api/trace?since={LIVE}"),
        await http.get(console + f"/api/trace?format={LIVE}"),
        await http.post(console + "/api/effects", json={"expire": LIVE}),
        await http.post(console + "/api/effects", json={LIVE: "clients"}),
        await http.post(console + "/api/hold", json={"before": [LIVE]}),
        await http.post(console + "/api/step", json={"number": LIVE}),
        await http.get(console + f"/{LIVE}"),
        await http.get(console + f"/scenarios/{LIVE}", headers={"accept": "text/html"}),
    ):
        assert 400 <= answer.status_code < 500
        assert not holds_one(answer.text)


def test_talk_about_keys_is_no_key() -> None:
    """A story may say how real keys begin."""
    assert not holds_one("keys begin with sk_live_ or sk_test_a2V5… and the sandbox's is sk_test_sandbox")
