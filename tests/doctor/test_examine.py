"""The doctor without a sign-in, against the sandbox."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from sandbox.doctor import examine, register
from sandbox.doctor.junit import junit
from sandbox.doctor.report import as_json
from sandbox.doctor.telling import told
from sandbox.errors import SandboxError
from sandbox.scenario import find, read_value
from tests.conftest import Start

BROKEN_BEFORE_A_SIGN_IN = (
    "authorize-url-as-issuer",
    "asmeta-issuer-other-host",
    "asmeta-issuer-trailing-slash",
    "missing-registration",
    "no-pkce",
    "prm-requires-auth",
    "prm-without-authorization-servers",
    "resource-metadata-missing",
    "resource-metadata-500",
    "resource-mismatch",
    "server-metadata-down",
    "server-metadata-html",
    "transport-403-before-401",
)


async def test_a_healthy_server_is_sound(start: Start) -> None:
    """Every check passes or has nothing to look at, and there is no finding."""
    report = await examine((await start()).mcp_url)

    assert report.is_sound
    assert report.findings == ()
    assert {one.result for one in report.checks} == {"passed", "not applicable"}
    assert report.signed_in is None


async def test_nothing_has_side_effects(start: Start) -> None:
    """Without being asked to, it registers nobody, signs nobody in, and begins no session."""
    sandbox = await start()

    await examine(sandbox.mcp_url)

    assert not [one for one in sandbox.trace if one.step in {"registration", "token"} and one.method == "POST"]
    assert not [one for one in sandbox.trace if one.step in {"session", "messages"}]


async def test_a_session_of_a_public_server_is_ended(start: Start) -> None:
    """A server without a guard begins a session at `initialize`; the doctor ends it."""
    sandbox = await start("healthy", world={"service": {"visibility": "public"}})

    report = await examine(sandbox.mcp_url)

    assert report.is_sound
    assert [one.method for one in sandbox.trace][2] == "DELETE"


@pytest.mark.parametrize("name", BROKEN_BEFORE_A_SIGN_IN)
async def test_what_is_broken_before_a_sign_in_is_found(start: Start, name: str) -> None:
    """The first finding is the scenario's, and the doctor says where a client stops."""
    sandbox = await start(name)

    report = await examine(sandbox.mcp_url)

    assert not report.is_sound
    assert report.stopped
    assert report.findings[0].id == find(name).expect.finding


async def test_the_diagnosis_sees_only_what_a_client_does(start: Start) -> None:
    """What the doctor asks besides, such as a preflight, is no part of the client's trace."""
    report = await examine((await start()).mcp_url)

    assert {one.method for one in report.path} == {"POST", "GET"}
    assert {one.method for one in report.exchanges} == {"POST", "GET", "OPTIONS"}


async def test_another_document_at_another_place_is_said(start: Start) -> None:
    """Clients that look elsewhere than this one would find something else."""
    fault = {"at": "resource-metadata", "when": {"path": "*-resource"}, "set": {"resource": "{mcp}"}}
    scenario = {"title": "x", "story": "x", "expect": {"connects": True}, "faults": [fault]}
    report = await examine((await start(read_value(scenario))).mcp_url)

    said = next(one for one in report.checks if one.id == "other-resource-root")
    assert (said.result, said.evidence) == ("warned", "another document: resource differ")
    assert report.is_sound


async def test_register_registers(start: Start) -> None:
    """`--register` does that, and nothing more."""
    sandbox = await start()

    report = await register(sandbox.mcp_url)

    assert next(one for one in report.checks if one.id == "registered").result == "passed"
    assert [one.status for one in sandbox.trace if one.step == "registration" and one.method == "POST"] == [201]
    assert report.is_sound


async def test_register_says_why_it_was_refused(start: Start) -> None:
    """The error and its description are the evidence."""
    report = await register((await start("registration-rejected")).mcp_url)

    assert not report.is_sound
    assert "registration failed" in report.stopped


async def test_a_clock_that_is_off_is_said(start: Start) -> None:
    """The Date header tells, whatever the tokens say later."""
    ahead = format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True)
    scenario = {
        "title": "x",
        "story": "x",
        "expect": {"connects": True},
        "faults": [{"at": "challenge", "headers": {"date": ahead}}],
    }
    report = await examine((await start(read_value(scenario))).mcp_url)

    assert "ahead" in next(one.evidence for one in report.checks if one.id == "clock" and one.step == "challenge")


@pytest.mark.parametrize("tls", ["on", "untrusted"])
async def test_a_certificate_that_is_not_trusted_is_broken(start: Start, tls: str) -> None:
    """The machine does not know the CA; that is a failed check, and no reason not to look."""
    report = await examine((await start("healthy", world={"tls": {"mcp": tls}})).mcp_url)

    assert not report.is_sound
    assert "not trusted" in report.stopped


async def test_pages_are_told_apart(start: Start) -> None:
    """Without CORS a client in a browser cannot; that is a warning only."""
    report = await examine((await start("healthy", world={"service": {"cors": False}})).mcp_url)

    assert next(one for one in report.checks if one.id == "mcp-cors").result == "warned"
    assert report.is_sound


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("localhost:4101/mcp", "http://localhost:4101/mcp"),
        ("mcp.lmapp.run", "https://mcp.lmapp.run"),
        ("ftp://mcp.lmapp.run", "only http and https"),
        ("http://", "names no host"),
        ("http://me:secret@mcp.lmapp.run/", "'http://…@mcp.lmapp.run/': the URL holds credentials"),
        ("http://127.0.0.1:1/mcp", "could not look"),
        ("http://nowhere.invalid/mcp", "no address found"),
    ],
)
async def test_what_cannot_be_looked_at_is_explained(url: str, said: str) -> None:
    """Nothing is guessed; the message says what is missing."""
    with pytest.raises(SandboxError, match=said.replace(".", r"\.")):
        await examine(url)


async def test_https_is_checked_at_the_name_and_not_at_the_address(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connecting to an address that was judged leaves the certificate's name in force."""
    sandbox = await start("healthy", world={"tls": {"mcp": "on", "workos": "on"}})
    authority = tmp_path / "ca.pem"
    authority.write_bytes(sandbox.certificates.pem())
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))

    report = await examine(sandbox.mcp_url)

    assert report.is_sound, report.stopped
    assert all("TLSv1.3" in one.evidence for one in report.checks if one.id == "tls")


async def test_half_of_a_character_can_be_written(start: Start) -> None:
    """What JSON can spell and UTF-8 cannot stops neither the JSON, nor the XML, nor the text."""
    fault = {"at": "resource-metadata", "body": '{"resource": "\\ud800", "authorization_servers": ["\\udfff"]}'}
    scenario = {"title": "x", "story": "x", "expect": {"connects": True}, "faults": [fault]}

    report = await examine((await start(read_value(scenario))).mcp_url)

    assert "Broken" in "\n".join(told(report)).encode().decode()
    assert b"testsuite" in junit(report)
    assert json.dumps(as_json(report)).encode()
